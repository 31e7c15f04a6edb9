"""Of two runners on one task one changes nothing; none tries the same task for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kinetoscope.domain.errors import Overtaken
from kinetoscope.domain.task import Failure, Status
from kinetoscope.engines import Lost, Made, Refused, Ticket
from kinetoscope.service import video_key
from kinetoscope.service.advance import MOST_ATTEMPTS, abandon, advance
from tests.engines.scripted import Scripted
from tests.service.stage import claimed, ended, money, order, row, runner, set_stage, ticketed
from tests.world import World


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", engine) as world:
        yield world


async def test_of_two_runners_on_one_task_the_older_changes_nothing(
    stage: World, engine: Scripted
) -> None:
    """Fencing: a runner that was paused and replaced wakes up at every step."""
    task = await order(stage)
    old = await claimed(stage, task)
    new = await claimed(stage, task)
    gateway = stage.gateway

    with pytest.raises(Overtaken):
        await advance(gateway, engine, old)
    new = await advance(gateway, engine, new)
    stale = new._replace(attempt=old.attempt)
    for report in (Made(engine.reel), Refused("task_failed", "no"), Lost()):
        engine.will(report)
        with pytest.raises(Overtaken):
            await advance(gateway, engine, stale)
    done = await advance(gateway, engine, new)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}
    assert await money(stage) == ("9.70", "0.00")


async def test_a_runner_that_was_replaced_does_not_stop_the_engine_of_the_next(
    stage: World, engine: Scripted
) -> None:
    task = await order(stage)
    old = await ticketed(stage, task)
    new = await claimed(stage, task)

    await abandon(stage.gateway, engine, old)
    assert engine.stopped == []
    done = await advance(stage.gateway, engine, new)

    assert done.status is Status.COMPLETED
    await abandon(stage.gateway, engine, old)
    assert await stage.gateway.store.keys("videos") == [video_key(task.id)]


async def test_a_runner_that_is_overtaken_while_it_asks_stops_what_it_began(
    stage: World, engine: Scripted
) -> None:
    """The ticket could not be kept, so nobody would ever ask by it."""
    task = await order(stage)
    mine = await claimed(stage, task)

    class Slow(Scripted):
        async def start(self, task_id: str, *rest: object) -> Ticket | Refused:
            await claimed(stage, task)
            return await super().start(task_id, *rest)  # type: ignore[arg-type]

    slow = Slow(engine.reel)
    with pytest.raises(Overtaken):
        await advance(stage.gateway, slow, mine)

    assert slow.stopped == [f"ticket-{task.id}-1"]


async def test_a_task_that_brought_its_runner_down_ten_times_is_given_up(
    stage: World, engine: Scripted
) -> None:
    task = await order(stage)
    for _ in range(MOST_ATTEMPTS):
        await claimed(stage, task)
    assert (await row(stage, task.id)).attempt == MOST_ATTEMPTS

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert engine.started == {}
    assert await money(stage) == ("10.00", "0.00")
