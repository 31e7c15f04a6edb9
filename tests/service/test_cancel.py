"""What may be cancelled costs nothing, and what may not goes on (C43)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from kinetoscope.db import Conn, Database, tasks
from kinetoscope.domain.errors import EngineUnavailable, NotCancellable
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.engines import Refused, Report, Ticket
from kinetoscope.service import video_key
from kinetoscope.service.advance import cancel
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE, eventually
from tests.service.stage import (
    claimed,
    ended,
    money,
    order,
    row,
    runner,
    set_stage,
    started,
    until,
)
from tests.world import Answer, World

T = TypeVar("T")


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", engine) as world:
        yield world


async def _cancel(stage: World, task_id: str) -> Answer:
    return await stage.ask("POST", f"/v1/videos/{task_id}/cancel")


@pytest.mark.parametrize("stoppable", [False, True])
async def test_a_task_in_the_queue_is_cancelled_and_costs_nothing(
    stage: World, engine: Scripted, *, stoppable: bool
) -> None:
    engine.stoppable = stoppable
    task = await order(stage)

    answer = await _cancel(stage, task.id)

    assert (answer.status, answer.json["status"]) == (200, "failed")
    assert answer.json["error"]["code"] == "cancelled"
    assert await money(stage) == ("10.00", "0.00")
    async with runner(stage):
        other = await order(stage)
        await ended(stage, other.id)
    assert engine.started == {other.id: 1}


async def test_cancelling_twice_is_the_same_as_once(stage: World) -> None:
    task = await order(stage)
    first, second = await _cancel(stage, task.id), await _cancel(stage, task.id)

    assert (first.status, first.json) == (second.status, second.json)
    assert await money(stage) == ("10.00", "0.00")


@pytest.mark.parametrize("stoppable", [False, True])
async def test_a_task_that_no_engine_took_yet_is_cancelled(
    stage: World, engine: Scripted, *, stoppable: bool
) -> None:
    engine.stoppable = stoppable
    engine.starting.extend([EngineUnavailable("busy")] * 1000)
    task = await order(stage)
    async with runner(stage):
        await until(stage, task.id, lambda task: task.attempt == 1 and task.started_at is None)
        async with asyncio.timeout(PATIENCE):  # it is being asked just now, every now and then
            while (await _cancel(stage, task.id)).status != 200:
                pass
        done = await ended(stage, task.id)

    assert done.error_code == Failure.CANCELLED
    assert engine.started == {}
    assert await money(stage) == ("10.00", "0.00")


async def test_an_engine_at_work_that_can_stop_is_stopped(stage: World, engine: Scripted) -> None:
    engine.wait()
    task = await order(stage)
    async with runner(stage):
        working = await until(stage, task.id, lambda task: task.ticket is not None)
        answer = await _cancel(stage, task.id)
        await eventually(lambda: engine.stopped)

    assert (answer.status, answer.json["error"]["code"]) == (200, "cancelled")
    assert set(engine.stopped) == {working.ticket}
    assert await money(stage) == ("10.00", "0.00")


async def test_an_engine_at_work_that_cannot_stop_goes_on_and_is_paid(
    stage: World, engine: Scripted
) -> None:
    engine.stoppable = False
    engine.wait()
    task = await order(stage)
    async with runner(stage):
        await until(stage, task.id, lambda task: task.ticket is not None)
        answer = await _cancel(stage, task.id)
        engine.go()
        done = await ended(stage, task.id)

    assert (answer.status, answer.json["error"]["code"]) == (409, "not_cancellable")
    assert done.status is Status.COMPLETED
    assert engine.stopped == []
    assert await money(stage) == ("9.70", "0.00")


async def test_an_engine_that_cannot_stop_and_is_being_asked_is_as_good_as_at_work(
    stage: World, engine: Scripted
) -> None:
    engine.stoppable = False
    task = await order(stage)
    await started(stage, task)

    assert (await _cancel(stage, task.id)).status == 409


class Between:
    """A database on which a runner starts its task right after the first look of another."""

    def __init__(self, db: Database, task: Task) -> None:
        self.dialect, self.write_now, self.close, self.lock = (
            db.dialect,
            db.write_now,
            db.close,
            db.lock,
        )
        self.glance, self.write = db.glance, db.write
        self.looked = 0
        self._db, self._task = db, task

    async def read(self, ask: Callable[[Conn], T]) -> T:
        seen = await self._db.read(ask)
        self.looked += 1
        if self.looked == 1:
            await self.write(lambda conn: tasks.start(conn, self._task, 1))
        return seen


async def test_a_cancel_that_looked_just_before_the_engine_was_asked_looks_again(
    stage: World, engine: Scripted
) -> None:
    """Else a task that an engine renders and bills would end for nothing."""
    engine.stoppable = False
    task = await order(stage)
    mine = await claimed(stage, task)
    between = Between(stage.gateway.db, mine)
    gateway = replace(stage.gateway, db=between)

    with pytest.raises(NotCancellable):
        await cancel(gateway, task.id, stage.alice.account.id)

    assert between.looked == 2
    assert not (await row(stage, task.id)).ended
    assert await money(stage) == ("10.00", "0.30")


@pytest.mark.parametrize("refused", [False, True])
async def test_what_has_ended_cannot_be_cancelled(
    stage: World, engine: Scripted, *, refused: bool
) -> None:
    if refused:
        engine.will(Refused("task_failed", "no"))
    task = await order(stage)
    async with runner(stage):
        done = await ended(stage, task.id)

    answer = await _cancel(stage, task.id)

    assert (answer.status, answer.json["error"]["code"]) == (409, "not_cancellable")
    assert await row(stage, task.id) == done


async def test_another_accounts_task_is_not_there_to_cancel(stage: World) -> None:
    """C5."""
    task = await order(stage)
    bob = await stage.open("bob", "1")

    answer = await stage.ask("POST", f"/v1/videos/{task.id}/cancel", bob)

    assert answer.status == 404
    assert not (await row(stage, task.id)).ended


async def test_a_cancel_that_races_with_the_end_loses_or_wins_as_a_whole(
    stage: World, engine: Scripted
) -> None:
    chance = random.Random(7)
    made = [await order(stage) for _ in range(12)]

    async def cancel_soon(task_id: str) -> int:
        await asyncio.sleep(chance.random() * 0.8)
        return (await _cancel(stage, task_id)).status

    async with runner(stage):
        statuses = await asyncio.gather(*(cancel_soon(task.id) for task in made))
        done = [await ended(stage, task.id) for task in made]

    cancelled = [task for task in done if task.error_code == Failure.CANCELLED]
    completed = [task for task in done if task.status is Status.COMPLETED]
    assert len(cancelled) + len(completed) == 12
    assert statuses.count(200) == len(cancelled)
    kept = await stage.gateway.store.keys("videos")
    assert kept == sorted(video_key(task.id) for task in completed)
    cents = 1000 - 30 * len(completed)
    assert await money(stage) == (f"{cents // 100}.{cents % 100:02}", "0.00")


async def test_a_video_that_was_made_for_a_cancelled_task_is_dropped(
    stage: World, engine: Scripted
) -> None:
    """Cancelled while the result was on its way into the store."""
    task = await order(stage)

    class Late(Scripted):
        async def poll(self, ticket: Ticket) -> Report:
            await cancel(stage.gateway, task.id, None)
            return await super().poll(ticket)

    late = Late(engine.reel)
    async with runner(stage, late):
        done = await ended(stage, task.id)

    assert done.error_code == Failure.CANCELLED
    assert await stage.gateway.store.keys("videos") == []
    assert await money(stage) == ("10.00", "0.00")
