"""Runs tasks inside the serving process, and takes up again what a crash left.

Queued tasks wait in the database, not in memory: a slot of an engine that falls free takes the
oldest. A lock on a file says that one process alone does this.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path

from kinetoscope.db import tasks
from kinetoscope.domain.errors import NotAccepting, Overtaken
from kinetoscope.domain.task import Task
from kinetoscope.engines import Engine
from kinetoscope.service import Gateway
from kinetoscope.service.carry import Carrier
from kinetoscope.service.sweep import sweep

log = logging.getLogger(__name__)

SWEEP_SECONDS = 60
LOOK_SECONDS = 5  # between comparisons with the database, which others may change as well
NOTE_SECONDS = 1  # between looks at the queue when nobody rang, and between writes of progress
POLLS_A_SECOND = 400  # that all tasks together may cost
_GULP = 100  # tasks taken at a time


class Lock:
    """A file that one process at a time holds; the system lets go when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock, or raise NotAccepting saying who has it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(file, 20).decode(errors="replace").strip() or "another process"
            os.close(file)
            message = f"process {owner} already runs the tasks of this home; stop it first"
            raise NotAccepting(message) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def give(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Embedded:
    """The runner of a single process."""

    def __init__(self, gateway: Gateway, lock: Lock) -> None:
        self._gateway = gateway
        self._lock = lock
        self._rung = asyncio.Event()
        self._carriers: dict[str, Carrier] = {}
        self._moved: dict[str, Task] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._taken: Counter[str] = Counter()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take the lock and begin; NotAccepting if another process has it."""
        self._lock.take()
        self._gateway.bell.listener = self
        self._loop = asyncio.create_task(self._run(), name="embedded-runner")

    async def drain(self, seconds: float) -> None:
        """Stop taking tasks, hand back those at work, and let go within *seconds*."""
        self._gateway.bell.accepting = False
        self._gateway.bell.listener = None
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        for carrier in list(self._carriers.values()):
            carrier.leave()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
        self._lock.give()

    def queued(self, task_id: str) -> None:
        """A task was accepted: look at the queue."""
        del task_id
        self._rung.set()

    def ended(self, task_id: str) -> None:
        """A task was cancelled: its carrier has nothing left to do but stop the engine."""
        carrier = self._carriers.get(task_id)
        if carrier is not None:
            carrier.drop()

    def moved(self, task: Task) -> None:
        """A task got on: write that with what the others did in this second."""
        self._moved[task.id] = task

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        next_sweep = next_look = clock()
        while True:
            self._rung.clear()
            if clock() >= next_look and await self._does(self._compare):
                next_look = clock() + LOOK_SECONDS
            if clock() >= next_sweep:
                next_sweep = clock() + SWEEP_SECONDS
                await self._does(partial(sweep, self._gateway))
            await self._does(self._fill)
            await self._does(self._write_notes)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NOTE_SECONDS):
                    await self._rung.wait()

    async def _does(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Tell whether *work* went well; what is away for a while must not end the runner."""
        try:
            await work()
        except Exception:
            log.exception("the runner cannot look after its tasks; it tries again")
            return False
        return True

    async def _compare(self) -> None:
        """Take up what nobody carries, and drop what somebody else has ended."""
        for engine in self._gateway.engines().values():
            carried = {task_id for task_id, each in self._carriers.items() if each.of(engine)}
            there = await self._gateway.db.read(partial(tasks.unfinished, engine=engine.name))
            left = [task_id for task_id in there if task_id not in self._carriers]
            if left:
                log.info("taking up %d tasks of %s again", len(left), engine.name)
                await self._take(engine, left)
            for task_id in carried.difference(there):
                self.ended(task_id)

    async def _write_notes(self) -> None:
        moved, self._moved = self._moved, {}
        if moved:
            await self._gateway.db.write(partial(tasks.note, noted=moved.values()))

    async def _fill(self) -> None:
        """Give every free slot of every engine the oldest queued task."""
        for engine in self._gateway.engines().values():
            while (free := min(_GULP, engine.slots - self._taken[engine.name])) > 0:
                oldest = partial(tasks.next_queued, engine=engine.name, limit=free)
                ids = await self._gateway.db.read(oldest)
                await self._take(engine, ids)
                if len(ids) < free:
                    break

    async def _take(self, engine: Engine, ids: Iterable[str]) -> None:
        """Claim tasks side by side, so that they share a commit."""
        await asyncio.gather(*(self._take_one(engine, task_id) for task_id in ids))

    async def _take_one(self, engine: Engine, task_id: str) -> None:
        try:
            task = await self._gateway.db.write(partial(tasks.claim, task_id=task_id))
        except Overtaken:
            return
        carrier = Carrier(self._gateway, engine, task, self._breath)
        running = asyncio.create_task(carrier.run(), name=task_id)
        self._carriers[task_id] = carrier
        self._taken[engine.name] += 1
        self._running.add(running)
        running.add_done_callback(self._let_go)

    def _let_go(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        carrier = self._carriers.pop(running.get_name())
        self._taken[carrier.engine.name] -= 1
        self._rung.set()
        if not running.cancelled() and (error := running.exception()):
            log.error("%s was let go of", running.get_name(), exc_info=error)

    def _breath(self) -> float:
        """The more tasks there are, the less often each is polled."""
        return len(self._running) / POLLS_A_SECOND
