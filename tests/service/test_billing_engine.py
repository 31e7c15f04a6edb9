"""An engine that bills: never asked twice, never given up on while it works, its costs kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kinetoscope.db import tasks
from kinetoscope.domain.errors import EngineUnavailable, OutcomeUnknown
from kinetoscope.domain.task import Failure, Status
from kinetoscope.engines import Made, Refused, Working
from kinetoscope.service import Gateway
from tests.engines.scripted import Scripted
from tests.films import film
from tests.outbound.strangers import Server, ok, saying
from tests.service.stage import ended, money, order, row, runner, set_stage, until
from tests.world import World


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    engine.stoppable = False
    engine.trace = {"host": "api.example", "key": "…abcd"}
    async with set_stage(tmp_path / "home", engine, fetches=3) as world:
        yield world


def carded(gateway: Gateway) -> Gateway:
    """Let the engine's price list be that of its customers."""
    rates = gateway.models["grok-imagine"].rates
    return replace(gateway, cards={"scripted": rates})


async def test_an_unknown_outcome_is_lost_at_once_and_tells_the_operator_where_to_look(
    stage: World, engine: Scripted
) -> None:
    task = await order(stage)
    engine.starting.append(OutcomeUnknown("UNAVAILABLE: Socket closed"))

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.LOST)
    evidence = json.loads(done.evidence or "")
    assert evidence == {
        "host": "api.example",
        "key": "…abcd",
        "said": "UNAVAILABLE: Socket closed",
    }
    assert "Socket" not in (done.error_message or "")
    assert await money(stage) == ("10.00", "0.00")


async def test_an_order_that_is_turned_down_at_the_door_is_never_sent_again(
    stage: World, engine: Scripted
) -> None:
    task = await order(stage)
    engine.starting.append(Refused("input_unreachable", "no picture there", said="DATA_LOSS: 404"))

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.error_code, done.error_message) == ("input_unreachable", "no picture there")
    assert json.loads(done.evidence or "")["said"] == "DATA_LOSS: 404"
    assert engine.started == {}
    assert await money(stage) == ("10.00", "0.00")


async def test_who_may_not_be_asked_yet_leaves_no_trace_of_having_been_asked(
    stage: World, engine: Scripted
) -> None:
    """A process that is killed while an engine is away must not believe that it was asked."""
    engine.admitting.extend([EngineUnavailable("no connection")] * 3)
    task = await order(stage)

    async with runner(stage):
        await until(stage, task.id, lambda task: task.attempt == 1)
        waiting = await row(stage, task.id)
        done = await ended(stage, task.id)

    assert waiting.started_at is None
    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}


async def test_errors_that_nobody_foresaw_do_not_throw_away_what_is_paid_for(
    stage: World, engine: Scripted
) -> None:
    engine.will(*[RuntimeError("a bug in the engine")] * 6)
    task = await order(stage)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert await money(stage) == ("9.70", "0.00")


async def test_what_it_cost_is_kept_beside_what_the_card_says(
    stage: World, engine: Scripted
) -> None:
    engine.will(Made(engine.reel, cost=3_000_000_001))
    task = await order(stage)
    stage.gateway = carded(stage.gateway)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.cost, done.card) == (3_000_000_001, 3_000_000_000)
    assert str(done.charged) == "0.30"


@pytest.mark.parametrize("billed, balance", [(True, "9.70"), (False, "10.00")])
async def test_a_blocked_video_costs_its_customer_if_it_cost_us(
    stage: World, engine: Scripted, *, billed: bool, balance: str
) -> None:
    """C37."""
    engine.will(Refused("moderation_blocked", "blocked", billed=billed, cost=int(billed) * 10**9))
    task = await order(stage)
    stage.gateway = carded(stage.gateway)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.error_code == Failure.MODERATED
    assert done.cost == int(billed) * 10**9
    assert await money(stage) == (balance, "0.00")


async def test_a_result_is_fetched_from_its_address(
    stage: World, engine: Scripted, reel: Path
) -> None:
    async with Server(saying(ok(reel.read_bytes()))) as server:
        engine.will(Made(server.url("/made.mp4")))
        task = await order(stage)
        async with runner(stage):
            done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert len(server.heard) == 1
    assert await money(stage) == ("9.70", "0.00")


@pytest.mark.parametrize("what", ["html", "cut", "short"])
async def test_what_is_not_the_video_is_fetched_again_and_at_last_given_up(
    stage: World, engine: Scripted, reel: Path, tmp_path: Path, what: str
) -> None:
    whole = reel.read_bytes()
    body = {
        "html": b"<html>a page for people</html>",
        "cut": whole[: len(whole) // 2],
        "short": film(tmp_path / "short.mp4", 2).read_bytes(),
    }[what]
    async with Server(saying(ok(body))) as server:
        engine.will(*[Made(server.url("/made.mp4"), cost=3_000_000_000)] * 3)
        task = await order(stage)
        async with runner(stage):
            done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert len(server.heard) == 3
    assert server.url("/made.mp4") in json.loads(done.evidence or "")["said"]
    assert done.cost == 3_000_000_000  # paid all the same, for the operator to claim back
    assert "127.0.0.1" not in (done.error_message or "")
    assert await money(stage) == ("10.00", "0.00")


async def test_a_file_that_is_whole_again_is_kept(
    stage: World, engine: Scripted, reel: Path
) -> None:
    async with (
        Server(saying(ok(b"<html>"))) as wrong,
        Server(saying(ok(reel.read_bytes()))) as right,
    ):
        engine.will(Made(wrong.url()), Made(right.url()))
        task = await order(stage)
        async with runner(stage):
            done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert await money(stage) == ("9.70", "0.00")


async def test_a_video_that_was_made_is_fetched_though_the_deadline_is_past(
    tmp_path: Path, engine: Scripted
) -> None:
    """It is paid for: only work that is not done in time is given up."""
    async with set_stage(tmp_path / "home", engine, task_time=50) as stage:
        engine.will(*[Made("http://127.0.0.1:1/made.mp4")] * 1000)
        task = await order(stage)
        async with runner(stage):
            await until(stage, task.id, lambda task: task.ticket is not None)
            stage.clock.skip(60)
            engine.script.clear()  # from now on its link leads to the video
            done = await ended(stage, task.id)

        assert done.status is Status.COMPLETED
        assert (done.ended_at or 0) > (done.started_at or 0) + 50
        assert await money(stage) == ("9.70", "0.00")


async def test_work_that_is_not_done_by_the_deadline_has_timed_out(
    tmp_path: Path, engine: Scripted
) -> None:
    async with set_stage(tmp_path / "home", engine, task_time=50) as stage:
        engine.will(*[Working(10)] * 1000)
        task = await order(stage)
        async with runner(stage):
            await until(stage, task.id, lambda task: task.ticket is not None)
            stage.clock.skip(60)
            done = await ended(stage, task.id)

        assert done.error_code == Failure.TIMED_OUT
        assert await money(stage) == ("10.00", "0.00")


async def test_an_engine_that_stays_silent_is_unavailable_at_the_deadline_and_not_before(
    tmp_path: Path, engine: Scripted
) -> None:
    async with set_stage(tmp_path / "home", engine, task_time=50) as stage:
        engine.will(*[EngineUnavailable("the key is refused")] * 1000)
        task = await order(stage)
        async with runner(stage):
            waiting = await until(stage, task.id, lambda task: task.ticket is not None)
            stage.clock.skip(60)
            done = await ended(stage, task.id)

        assert not waiting.ended
        assert done.error_code == Failure.UNAVAILABLE
        assert json.loads(done.evidence or "")["said"] == "the key is refused"
        assert "key" not in (done.error_message or "")
        assert await money(stage) == ("10.00", "0.00")


async def test_a_video_that_nobody_can_fetch_for_a_day_is_given_up(
    tmp_path: Path, engine: Scripted
) -> None:
    async with set_stage(tmp_path / "home", engine, task_time=50) as stage:
        nowhere = "http://127.0.0.1:1/made.mp4"
        engine.will(*[Made(nowhere)] * 1000)
        task = await order(stage)
        async with runner(stage):
            await until(stage, task.id, lambda task: task.ticket is not None)
            stage.clock.skip(50 + 24 * 3600 + 10)
            done = await ended(stage, task.id)

        assert done.error_code == Failure.FAILED
        assert nowhere in json.loads(done.evidence or "")["said"]


async def test_lost_tasks_are_found_by_their_failure(stage: World, engine: Scripted) -> None:
    engine.starting.append(OutcomeUnknown("INTERNAL"))
    lost = await order(stage)
    async with runner(stage):
        await ended(stage, lost.id)
        await ended(stage, (await order(stage)).id)

    wanted = tasks.Filter(failures=(Failure.LOST,))
    found = await stage.gateway.db.read(lambda conn: tasks.list_tasks(conn, None, wanted))

    assert [task.id for task in found] == [lost.id]
