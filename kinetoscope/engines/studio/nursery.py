"""The nursery: where children that draw come from, and one of them is kept awake for the next film.

Python and its libraries take most of a second to load. A child that has done so already begins at
once; after a while without a film it is let go, since it takes memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import kinetoscope

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_THREADS = "2"
_IDLE_SECONDS = 60.0


class Nursery:
    """Gives children in *room*, each of which may take *memory_mib*; *warm* keeps one awake.

    *program* is the module that they run.
    """

    def __init__(self, room: Path, *, program: str, memory_mib: int, warm: bool) -> None:
        self._room, self._memory_mib, self._warm = room, memory_mib, warm
        self._program = program
        self._spare: Process | None = None
        self._raising: asyncio.Task[None] | None = None
        self._bedtime: asyncio.TimerHandle | None = None

    async def take(self) -> Process:
        """Give a child that waits for its brief; OSError if the system has no process to give."""
        if self._raising is not None:
            await asyncio.wait([self._raising])
        child, self._spare = self._spare, None
        if child is None or child.returncode is not None:
            child = await self._bear()
        if self._warm and not self._has_next():
            self._raising = asyncio.create_task(self._raise())
        return child

    def _has_next(self) -> bool:
        """Whether somebody who took a child at the same time has seen to the next one."""
        rising = self._raising is not None and not self._raising.done()
        return rising or self._spare is not None

    async def close(self) -> None:
        """End the child that waits."""
        self._warm = False
        if self._bedtime is not None:
            self._bedtime.cancel()
        if self._raising is not None:
            await asyncio.wait([self._raising])
        await self._let_go()

    async def _raise(self) -> None:
        with contextlib.suppress(OSError):  # then the next film waits a little longer
            self._spare = await self._bear()
        if self._bedtime is not None:
            self._bedtime.cancel()
        loop = asyncio.get_running_loop()
        self._bedtime = loop.call_later(_IDLE_SECONDS, self._send_to_bed)

    def _send_to_bed(self) -> None:
        self._raising = asyncio.create_task(self._let_go())

    async def _let_go(self) -> None:
        child, self._spare = self._spare, None
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()

    async def _bear(self) -> Process:
        arguments = (sys.executable, "-P", "-m", self._program)
        return await asyncio.create_subprocess_exec(
            *arguments,
            str(self._memory_mib),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self._room,
            env=_environment(),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """Tell the child what it needs, and none of the secrets that may stand beside it."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    ours = str(Path(kinetoscope.__file__).parents[1])
    return kept | {
        "PYTHONPATH": os.pathsep.join([ours, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONFAULTHANDLER": "1",
        "OMP_NUM_THREADS": _THREADS,
        "OMP_WAIT_POLICY": "passive",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
