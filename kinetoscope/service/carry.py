"""Carries one claimed task to its end, step by step, at the pace of its engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from kinetoscope.assets import StoreUnavailable
from kinetoscope.db import tasks
from kinetoscope.domain.errors import EngineUnavailable, Overtaken
from kinetoscope.domain.task import Failure, Task
from kinetoscope.engines import Engine, Ticket
from kinetoscope.service import Gateway
from kinetoscope.service.advance import abandon, advance, fail

log = logging.getLogger(__name__)

STRIKES = 5  # unexpected errors in a row that end a task
_SLOWER = 1.3  # how the wait between two polls grows
_JITTER = 0.1
_BEATS = 2  # moments in a second at which long waits end
_LONGEST = 60.0  # seconds between two tries of what is out of order
_PASSING = (EngineUnavailable, StoreUnavailable, OperationalError)


class Carrier:
    """One task on its way; *breath* tells the least seconds between two polls of each task."""

    def __init__(
        self, gateway: Gateway, engine: Engine, task: Task, breath: Callable[[], float]
    ) -> None:
        self._gateway = gateway
        self.engine = engine
        self._task = task
        self._breath = breath
        self._wait = engine.pace[0]
        self._strikes = 0
        self._leaving = False
        self._dropped = False
        self._nap: asyncio.Future[None] | None = None

    def of(self, engine: Engine) -> bool:
        """Whether this task takes a slot of *engine*."""
        return self.engine is engine

    async def run(self) -> None:
        """Carry the task until it has ended, was taken over, or is handed back."""
        while not self._task.ended:
            if self._leaving:
                await self._hand_back()
                return
            try:
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

    async def _step(self) -> None:
        before = self._task
        try:
            self._task = await advance(self._gateway, self.engine, before)
        except Overtaken:
            raise
        except _PASSING as error:
            log.warning("%s waits: %s", before.id, error)
            await self._again()
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
            if self._strikes >= STRIKES and not self._task.ended:
                message = "the service could not make this video; its operator was told why"
                self._task = await fail(self._gateway, self._task, Failure.FAILED, message)

    def _slower(self) -> float:
        return min(self._wait * _SLOWER, self.engine.pace[1])

    async def _sleep(self) -> None:
        if self._leaving or self._dropped:  # said while a step was under way
            return
        spread = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - no secret hangs on it
        loop = asyncio.get_running_loop()
        self._nap = loop.create_future()
        pause = max(self._wait, self._breath()) * spread
        due = loop.time() + pause
        if pause > 1:  # waking many at the same moment costs less than each by itself
            due = math.ceil(due * _BEATS) / _BEATS
        alarm = loop.call_at(due, self.wake)
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
