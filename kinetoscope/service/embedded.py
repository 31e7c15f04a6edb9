"""Runs tasks inside the serving process, and takes up again what a crash left.

Queued tasks wait in the database, not in memory: a slot of an engine that falls free takes the
oldest. One process alone does this for a database; the lock of the database says which.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from kinetoscope.db import due, tasks
from kinetoscope.db.tasks import Note
from kinetoscope.domain.errors import NotAccepting, Overtaken
from kinetoscope.domain.task import Task
from kinetoscope.engines import FIRST, SANDBOX, Engine, kind, label
from kinetoscope.service import Gateway
from kinetoscope.service.carry import Carrier
from kinetoscope.service.choice import able, choose
from kinetoscope.service.notify import Notifier
from kinetoscope.service.sweep import sweep

log = logging.getLogger(__name__)

SWEEP_SECONDS = 60
LOOK_SECONDS = 5  # between comparisons with the database, which others may change as well
NOTE_SECONDS = 1  # between looks at the queue when nobody rang, and between writes of progress
POLLS_A_SECOND = 500  # that all tasks together may cost
_GULP = 100  # tasks taken at a time


class Embedded:
    """The runner of a single process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = gateway.db.lock()
        self._notifier = Notifier(gateway)
        self._rung = asyncio.Event()
        self._carriers: dict[str, Carrier] = {}
        self._moved: dict[str, Note] = {}  # still to be written
        self._said: dict[str, int] = {}  # how far each task is, as far as we were told
        self._running: set[asyncio.Task[None]] = set()
        self._taken: Counter[str] = Counter()
        self._rehearses = True  # something may wait in the row of the sandbox
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, or stand by where others may take over; NotAccepting if another process runs.

        On Postgres several processes may serve: one runs the tasks, and another takes over from
        it. A second process on one SQLite file is a mistake that its starter should hear of.
        """
        owner = self._lock.take()
        if owner and self._gateway.db.dialect == "sqlite":
            message = f"{owner} already runs the tasks of this database; stop it first"
            raise NotAccepting(message)
        if owner:
            log.info("%s runs the tasks of this database; standing by", owner)
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
        await asyncio.gather(self._let_go_within(seconds), self._notifier.drain(seconds))
        self._lock.give()

    async def _let_go_within(self, seconds: float) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()

    def queued(self, task_id: str, engine: str) -> None:
        """A task was accepted: look at the queue."""
        del task_id
        self._rehearses |= engine == SANDBOX
        self._rung.set()

    def ended(self, task_id: str) -> None:
        """A task was cancelled: its carrier has nothing left to do but stop the engine."""
        carrier = self._carriers.get(task_id)
        if carrier is not None:
            carrier.drop()

    def moved(self, note: Note) -> None:
        """A task got on: write that with what the others did in this second."""
        if note.so_far > self._said.get(note.task_id, 0):
            self._said[note.task_id] = note.so_far
            self._moved[note.task_id] = note

    async def _run(self) -> None:
        while True:
            if await self._does(self._lead):
                self._notifier.start()
                self._gateway.watch.moves_here = True
                try:
                    await self._work()
                finally:
                    self._gateway.watch.moves_here = False
                    self._notifier.stop()
            await asyncio.sleep(LOOK_SECONDS)

    async def _lead(self) -> None:
        """Wait until this process is the one that runs the tasks."""
        while not await asyncio.to_thread(self._lock.held):
            self._lock.give()
            if await asyncio.to_thread(self._lock.take) is None:
                log.info("this process runs the tasks from now on")
                break
            await asyncio.sleep(LOOK_SECONDS)
        await self._adopt()

    async def _adopt(self) -> None:
        """Take over the tasks of engines that bear another name since: ``xai`` is ``xai:main``."""
        engines = self._gateway.engines()
        for old in await self._gateway.db.read(due.asked_engines):
            new = f"{old}:{FIRST}" if old == kind(old) else kind(old)
            if label(old) == FIRST and old not in engines and new in engines:
                count = await self._gateway.db.write(partial(tasks.adopt, old=old, new=new))
                log.info("%d tasks of %s are those of %s", count, old, new)

    async def _work(self) -> None:
        """Run tasks for as long as the lock is ours."""
        clock = asyncio.get_running_loop().time
        next_sweep = next_look = clock()
        while True:
            self._rung.clear()
            if clock() >= next_look:
                if not await asyncio.to_thread(self._lock.held):
                    self._drop_all()
                    return
                if await self._does(self._compare):
                    next_look = clock() + LOOK_SECONDS
            if clock() >= next_sweep:
                next_sweep = clock() + SWEEP_SECONDS
                await self._does(partial(sweep, self._gateway))
            await self._does(self._fill)
            await self._does(self._write_notes)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NOTE_SECONDS):
                    await self._rung.wait()

    def _drop_all(self) -> None:
        """Let go of every task: another process may have taken them up."""
        log.error("the lock on the database was lost; its tasks are let go of")
        for task_id in list(self._carriers):
            self.ended(task_id)

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
        engines = self._gateway.engines()
        self._rehearses = True
        carried = set(self._carriers)
        there = await self._gateway.db.read(partial(due.unfinished, engines=engines))
        left = [(engines[there[each]], each) for each in there if each not in self._carriers]
        if left:
            log.info("taking up %d tasks again", len(left))
            await self._take(left)
        for task_id in carried.difference(there):
            self.ended(task_id)

    async def _write_notes(self) -> None:
        moved, self._moved = self._moved, {}
        if moved:
            await self._gateway.db.write(partial(tasks.note, noted=moved.values()))
            self._gateway.watch.ring(*moved)

    async def _fill(self) -> None:
        """Give every free slot of every engine the oldest task that waits for it.

        The row of the sandbox is looked at only if something may wait there: mostly nothing does.
        """
        engines = self._gateway.engines()
        sandbox = engines.pop(SANDBOX, None)
        rows = [(name, list(engines.values())) for name in engines]
        if sandbox is not None and self._rehearses:
            rows.append((sandbox.name, [sandbox]))
        self._rehearses = False
        for row, makers in rows:
            while (free := min(_GULP, sum(map(self._free, makers)))) > 0:
                oldest = partial(due.next_queued, engine=row, limit=free)
                chosen = self._spread(await self._gateway.db.read(oldest))
                await self._take(chosen)
                if len(chosen) < free:
                    break

    def _free(self, engine: Engine) -> int:
        """Tell how many more tasks *engine* would begin now."""
        if not engine.well:
            return 0
        return max(0, min(engine.slots - self._taken[engine.name], engine.room()))

    def _spread(self, waiting: Iterable[Task]) -> list[tuple[Engine, str]]:
        """Choose an engine for each of *waiting*, up to the first that finds none free."""
        left = {name: self._free(engine) for name, engine in self._gateway.engines().items()}
        chosen = []
        for task in waiting:
            engine = choose(able(self._gateway, task), lambda each: left[each.name])
            if engine is None:
                break
            left[engine.name] -= 1
            chosen.append((engine, task.id))
        return chosen

    async def _take(self, chosen: Iterable[tuple[Engine, str]]) -> None:
        """Claim tasks side by side, so that they share a commit."""
        await asyncio.gather(*(self._take_one(engine, task_id) for engine, task_id in chosen))

    async def _take_one(self, engine: Engine, task_id: str) -> None:
        claim = partial(tasks.claim, task_id=task_id, engine=engine.name)
        try:
            task = await self._gateway.db.write(claim)
        except Overtaken:
            return
        self._gateway.watch.ring(task_id)
        carrier = Carrier(self._gateway, engine, task, self)
        running = asyncio.create_task(carrier.run(), name=task_id)
        self._carriers[task_id] = carrier
        self._taken[engine.name] += 1
        self._running.add(running)
        running.add_done_callback(self._let_go)

    def _let_go(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        carrier = self._carriers.pop(running.get_name())
        self._said.pop(running.get_name(), None)
        self._taken[carrier.engine.name] -= 1
        self._rehearses |= carrier.engine.name == SANDBOX
        self._rung.set()
        if not running.cancelled() and (error := running.exception()):
            log.error("%s was let go of", running.get_name(), exc_info=error)

    def choose(self, task: Task) -> Engine | None:
        """Pick the engine that a task which was taken up should be given to now."""
        return choose(able(self._gateway, task), self._free)

    def switched(self, old: Engine, new: Engine) -> None:
        """A task left the slot of one engine for that of another."""
        self._taken[old.name] -= 1
        self._taken[new.name] += 1

    def breath(self) -> float:
        """The more tasks there are, the less often each is polled."""
        return len(self._running) / POLLS_A_SECOND
