"""Children that are awake before they are needed, and never more of them than one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kinetoscope.engines import Inputs, Made
from kinetoscope.engines.studio import Studio
from tests.engines.studio.test_studio_process import began, children, ended, order
from tests.patience import PATIENCE


async def test_the_next_child_is_awake_before_it_is_needed_and_ends_with_the_studio(
    tmp_path: Path,
) -> None:
    studio = Studio(folder=tmp_path, slots=1)
    first = await studio.start("task_1", order(prompt="the sea"), Inputs())
    assert isinstance(await ended(studio, first), Made)
    async with asyncio.timeout(PATIENCE):
        while len(waiting := children()) != 1:  # noqa: ASYNC110 - a process appears when it does
            await asyncio.sleep(0.05)

    second = await studio.start("task_2", order(duration=15, prompt="the sea"), Inputs())
    await began(studio, second)

    assert waiting[0] in children()
    await studio.stop(second)
    assert waiting[0] not in children()
    await studio.close()
    assert children() == []


async def test_two_that_begin_at_once_leave_no_child_behind(tmp_path: Path) -> None:
    studio = Studio(folder=tmp_path, slots=2)
    tickets = await asyncio.gather(
        *(studio.start(f"task_{n}", order(prompt="the sea"), Inputs()) for n in range(2))
    )
    for ticket in tickets:
        assert isinstance(await ended(studio, ticket), Made)

    await studio.close()

    assert children() == []
