"""How long a test waits for what must come.

It comes in a moment, or in a hundred of them where the machine is busy with other things. So no
test counts seconds or looks of its own: this ends only what would never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE = 240.0  # seconds; a little less than a test may take in all


async def eventually(so: Callable[[], object]) -> None:
    """Wait until it is *so*; what that depends on rings no bell."""
    async with asyncio.timeout(PATIENCE):
        while not so():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
