"""Carries one claimed task to its end, step by step, at the pace of its engine.

While no engine was asked for it, the task may be handed from one engine of its model to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from functools import partial
from typing import Protocol

from sqlalchemy.exc import OperationalError

from kinetoscope.assets import StoreUnavailable
from kinetoscope.db import tasks
from kinetoscope.domain.errors import EngineUnavailable, Overtaken, UnusableResult
from kinetoscope.domain.task import Failure, Task
from kinetoscope.engines import Engine, Ticket
from kinetoscope.service import Gateway
from kinetoscope.service.advance import abandon, advance, fail, give_up, is_late

log = logging.getLogger(__name__)

STRIKES = 5  # unexpected errors in a row that end a task
_SLOWER = 1.3  # how the wait between two polls grows
_JITTER = 0.1
_BEATS = 2  # moments in a second at which long waits end
_LONGEST = 60.0  # seconds between two tries of what is out of order
_PASSING = (EngineUnavailable, StoreUnavailable, OperationalError)


class Runner(Protocol):
    """Who looks after all tasks, as far as the carrier of one needs to know."""

    def choose(self, task: Task) -> Engine | None:
        """Pick the engine that *task* should be given to now, if there is one."""
        ...

    def switched(self, old: Engine, new: Engine) -> None:
        """A task left the slot of one engine for that of another."""
        ...

    def breath(self) -> float:
        """Tell the least seconds between two polls of each task."""
        ...


class Carrier:
    """One task on its way."""

    def __init__(self, gateway: Gateway, engine: Engine, task: Task, runner: Runner) -> None:
        self._gateway = gateway
        self.engine = engine
        self._task = task
        self._runner = runner
        self._wait = engine.pace[0]
        self._strikes = 0
        self._unusable = 0
        self._leaving = False
        self._dropped = False
        self._nap: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Carry the task until it has ended, was taken over, or is handed back."""
        while not self._task.ended:
            if self._leaving:
                await self._hand_back()
                return
            try:
                if await self._may_go_on():
                    await self._step()
            except Overtaken:
                self._dropped = True
            if not self._task.ended:
                await self._sleep()
            if self._dropped:
                await abandon(self._gateway, self.engine, self._task)
                return

    def leave(self) -> None:
        """Hand the task back at the next moment when nothing is half done."""
        self._leaving = True
        self.wake()

    def drop(self) -> None:
        """Stop the engine at the next moment: somebody else ended the task."""
        self._dropped = True
        self.wake()

    def wake(self) -> None:
        """Look again now; a step that is under way is never interrupted."""
        if self._nap is not None and not self._nap.done():
            self._nap.set_result(None)

    async def _may_go_on(self) -> bool:
        """Wait for its turn, if no engine was asked yet, at whichever engine is free first."""
        if self._task.started_at is not None:
            return True
        chosen = self._runner.choose(self._task)
        if chosen is not None and chosen is not self.engine:
            moved = partial(tasks.hand_over, task=self._task, engine=chosen.name)
            try:
                self._task = await self._gateway.db.write(moved)
            except OperationalError as error:
                log.warning("%s waits: %s", self._task.id, error)
                await self._again()
                return False
            self._runner.switched(self.engine, chosen)
            self.engine, self._wait = chosen, chosen.pace[0]
        # Whoever is out of order will say so at once: no place in its row is wasted on that.
        if turn := self.engine.turn() if self.engine.well else 0.0:
            await self._nap_for(turn)
        return not (self._leaving or self._dropped)

    async def _step(self) -> None:
        before = self._task
        try:
            self._task = await advance(self._gateway, self.engine, before)
        except Overtaken:
            raise
        except _PASSING as error:
            log.warning("%s waits: %s", before.id, error)
            await self._again()
        except UnusableResult as error:
            log.warning("%s: %s", before.id, error)
            self._unusable += 1
            await self._again()
            if self._unusable >= self._gateway.rules.fetches and not self._task.ended:
                said = str(error)
                self._task = await give_up(self._gateway, self.engine, self._task, said, error.cost)
        except Exception:
            log.exception("%s: a step went wrong", before.id)
            self._strikes += 1
            await self._again()
        else:
            if self._task.ticket:  # one that must start over has come no further
                self._strikes = 0
            moved = self._task is not before
            self._wait = self.engine.pace[0] if moved and not before.ticket else self._slower()

    async def _again(self) -> None:
        """Read the row anew, since it may have moved before the step failed, and slow down."""
        self._wait = min(_LONGEST, self._wait * 2)
        with contextlib.suppress(OperationalError):
            attempt = self._task.attempt
            task_id = self._task.id
            self._task = await self._gateway.db.read(lambda conn: tasks.find(conn, task_id))
            if self._task.attempt != attempt:
                raise Overtaken(task_id)
            if self._strikes >= STRIKES and not self._task.ended and not self._is_paid_for():
                message = "the service could not make this video; its operator was told why"
                self._task = await fail(self._gateway, self._task, Failure.FAILED, message)

    def _is_paid_for(self) -> bool:
        """Whether giving up now would lose a video that somebody bills us for."""
        asked = self._task.ticket is not None and not self.engine.repeatable
        return asked and not is_late(self._gateway, self._task)

    def _slower(self) -> float:
        return min(self._wait * _SLOWER, self.engine.pace[1])

    async def _sleep(self) -> None:
        if self._leaving or self._dropped:  # said while a step was under way
            return
        if self._task.started_at is None and self._is_wanted_elsewhere():
            return
        spread = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - no secret hangs on it
        pause = max(self._wait, self._runner.breath()) * spread
        if pause > 1:  # waking many at the same moment costs less than each by itself
            now = asyncio.get_running_loop().time()
            pause = math.ceil((now + pause) * _BEATS) / _BEATS - now
        await self._nap_for(pause)

    def _is_wanted_elsewhere(self) -> bool:
        """Whether an engine that it has not just been to is free for it."""
        chosen = self._runner.choose(self._task)
        return chosen is not None and chosen is not self.engine

    async def _nap_for(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._nap = loop.create_future()
        alarm = loop.call_later(seconds, self.wake)
        try:
            await self._nap
        finally:
            alarm.cancel()
            self._nap = None

    async def _hand_back(self) -> None:
        """Leave the task so that another runner can go on at once."""
        ticket = self._task.ticket
        if not self.engine.repeatable or self._task.started_at is None:
            return
        with contextlib.suppress(Overtaken):
            await self._gateway.db.write(lambda conn: tasks.unstart(conn, self._task))
        if ticket:
            await self.engine.stop(Ticket(ticket))
