"""How a command ends when it is told to: Ctrl-C, a closed terminal, or kill."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KILLED = 128  # what the shell adds to the number of a signal


def run_until_interrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run *work*; a signal cancels it, and once it has tidied up the program exits as killed.

    A second signal does not wait for that.
    """
    caught: list[signal.Signals] = []

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def interrupt(number: signal.Signals) -> None:
            caught.append(number)
            _let_go(loop)
            if task is not None:
                task.cancel()

        for number in _ENDINGS:
            loop.add_signal_handler(number, interrupt, number)
        return await work

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        sys.exit(_KILLED + caught[0] if caught else 1)


async def told_to_stop() -> None:
    """Wait for a signal that says stop; a second one is obeyed at once."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in _ENDINGS:
        loop.add_signal_handler(number, told.set)
    await told.wait()
    _let_go(loop)


def _let_go(loop: asyncio.AbstractEventLoop) -> None:
    for number in _ENDINGS:
        loop.remove_signal_handler(number)
