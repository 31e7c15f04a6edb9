"""Who waits for a task hears of it, whoever moved it; and nobody looks while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy.exc import OperationalError

from kinetoscope.db import Conn, Database, tasks
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import watch
from kinetoscope.service.watch import Watch
from tests.db.books import a_task, accept, open_with, usd
from tests.patience import eventually

T = TypeVar("T")

LONG = 600.0


class Faltering:
    """A database that is away for so many *times*, in front of one that is there."""

    def __init__(self, db: Database, times: int) -> None:
        self._db = db
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def read(self, ask: Callable[[Conn], T]) -> T:
        if self.times:
            self.times -= 1
            raise OperationalError("look", None, Exception("away"))
        return await self._db.read(ask)


@pytest.fixture
async def task(db: Database) -> Task:
    """A task that waits in the queue."""

    def make(conn: Conn) -> Task:
        account = open_with(conn, "alice", "10")
        return accept(conn, a_task(account.id, usd("0.30")))

    return await db.write(make)


async def waiting(room: Watch, seen: Task, seconds: float = LONG) -> asyncio.Task[Task]:
    """Begin to wait, and be sure that it has begun."""
    held = asyncio.create_task(room.moved(seen, seconds))
    await eventually(lambda: seen.id in room._waiting)
    return held


async def test_what_another_process_does_is_found_by_looking(
    db: Database, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.01)
    room = Watch(db)

    held = await waiting(room, task)
    await db.write(partial(tasks.claim, task_id=task.id))

    assert (await held).status is Status.IN_PROGRESS
    assert room._looking is not None
    await eventually(room._looking.done)


async def test_what_moved_before_anybody_waited_is_told_at_once(db: Database, task: Task) -> None:
    room = Watch(db)
    await db.write(partial(tasks.claim, task_id=task.id))

    assert (await room.moved(task, LONG)).status is Status.IN_PROGRESS


async def test_each_hears_of_what_it_has_not_seen(db: Database, task: Task) -> None:
    room = Watch(db)
    claimed = await db.write(partial(tasks.claim, task_id=task.id))

    knows = await waiting(room, claimed)
    late = await room.moved(task, LONG)
    still_waits = not knows.done()
    await db.write(partial(tasks.note, noted=[tasks.Note(task.id, claimed.attempt, 40)]))
    room.ring(task.id)

    assert late.status is Status.IN_PROGRESS
    assert still_waits
    assert (await knows).progress == 40


async def test_whoever_waits_in_vain_gets_back_what_it_saw(db: Database, task: Task) -> None:
    room = Watch(db)

    assert await room.moved(task, 0.02) is task
    assert not room._waiting
    assert not room._counts


async def test_a_room_that_closes_lets_everybody_go(db: Database, task: Task) -> None:
    room = Watch(db)
    held = await waiting(room, task)

    room.close()

    assert await held is task
    assert await room.moved(task, LONG) is task


async def test_a_database_that_is_away_for_a_while_loses_nobody(
    db: Database, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.01)
    faltering = Faltering(db, times=3)
    room = Watch(cast(Database, faltering))
    held = await waiting(room, task)
    await db.write(partial(tasks.claim, task_id=task.id))

    assert (await held).status is Status.IN_PROGRESS
    assert faltering.times == 0


async def test_a_thousand_wait_for_what_one_look_finds(
    db: Database, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.05)
    room = Watch(db)
    held = [asyncio.create_task(room.moved(task, LONG)) for _ in range(1000)]
    await eventually(lambda: len(room._waiting.get(task.id, ())) == 1000)

    await db.write(partial(tasks.claim, task_id=task.id))

    assert {each.status for each in await asyncio.gather(*held)} == {Status.IN_PROGRESS}
    assert not room._waiting
