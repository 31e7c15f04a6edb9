"""Tells those who wait for a task when it has moved; idle while nobody waits.

Who moves a task in this process rings. What others do to the same database is found by looking,
at all tasks that are waited for at once: often where another process runs the tasks, seldom
where this one does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

from sqlalchemy.exc import OperationalError

from kinetoscope.db import Conn, Database, tasks
from kinetoscope.domain.errors import TooManyRequests
from kinetoscope.domain.task import Status, Task

log = logging.getLogger(__name__)

MOST_OF_AN_ACCOUNT, MOST = 2_000, 10_000  # who wait at the same time
LOOK_SECONDS = 1.0  # between looks at what other processes did
SELDOM_SECONDS = 5.0  # where this process moves the tasks, and others only cancel them

_Place = tuple[Status, int]  # where a task is: its status and its progress


class Watch:
    """The waiting room of one process; *moves_here* says whether it runs the tasks itself."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[str, dict[asyncio.Future[Task], Task]] = {}  # and as it was seen
        self._counts: Counter[str] = Counter()  # of accounts
        self._rung: set[str] = set()
        self._bell = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.closed = False
        self.moves_here = False

    async def moved(self, seen: Task, seconds: float) -> Task:
        """Wait until a task is no longer as it was *seen*, and tell how it stands.

        After *seconds*, or once this room closes, that is *seen* itself. TooManyRequests if too
        many wait.
        """
        if self.closed:
            return seen
        self.check_room(seen.account_id)
        self._counts[seen.account_id] += 1
        answer: asyncio.Future[Task] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.setdefault(seen.id, {})[answer] = seen
            self.ring(seen.id)  # it may have moved since it was seen
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return seen
        finally:
            self._leave(seen, answer)

    def ring(self, *task_ids: str) -> None:
        """Say that tasks may have moved."""
        rung = self._waiting.keys() & task_ids if self._waiting else None
        if not rung:
            return
        self._rung |= rung
        self._bell.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on(), name="watch")

    def close(self) -> None:
        """Let everybody go: the service is about to stop."""
        self.closed = True
        for waiting in self._waiting.values():
            for answer, seen in waiting.items():
                if not answer.done():
                    answer.set_result(seen)

    def check_room(self, account_id: str) -> None:
        """Raise TooManyRequests if as many wait, of an account or at all, as may."""
        if self._counts[account_id] >= MOST_OF_AN_ACCOUNT or self._counts.total() >= MOST:
            message = f"more than {MOST_OF_AN_ACCOUNT} requests of this account wait for videos"
            raise TooManyRequests(f"{message}; poll instead, or end some of them")

    def _leave(self, seen: Task, answer: asyncio.Future[Task]) -> None:
        self._counts[seen.account_id] -= 1
        if not self._counts[seen.account_id]:
            del self._counts[seen.account_id]
        here = self._waiting[seen.id]
        del here[answer]
        if not here:
            del self._waiting[seen.id]

    async def _look_on(self) -> None:
        """Look at what was rung for at once, and at all now and then, for as long as any wait."""
        told = False
        while self._waiting:
            wanted, self._rung = self._rung & self._waiting.keys(), set()
            self._bell.clear()
            try:
                await self._look(wanted or self._waiting.keys())
                told = False
            except OperationalError as error:
                if not told:
                    log.warning("whoever waits for a video waits on: %s", error.orig)
                told = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SELDOM_SECONDS if self.moves_here else LOOK_SECONDS):
                    await self._bell.wait()

    async def _look(self, task_ids: Iterable[str]) -> None:
        seen = {each: set(map(_place, self._waiting[each].values())) for each in task_ids}
        for task in await self._db.read(partial(_moved, seen=seen)):
            for answer, before in self._waiting.get(task.id, {}).items():
                if _place(before) != _place(task) and not answer.done():
                    answer.set_result(task)


def _place(task: Task) -> _Place:
    return task.status, task.progress


def _moved(conn: Conn, seen: Mapping[str, set[_Place]]) -> list[Task]:
    """List the tasks that are not where all who wait for them have *seen* them."""
    now = tasks.places(conn, seen)
    return tasks.find_all(conn, [each for each, place in now.items() if seen[each] != {place}])
