"""Whatever a crash left, the next runner ends it: once, and to the cent (C36, C37)."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.task import Failure, Status
from kinetoscope.engines import Lost, Made, Refused, Ticket, Working
from kinetoscope.service import inputs_key, video_key
from kinetoscope.service.advance import MOST_ATTEMPTS
from tests.engines.scripted import Scripted
from tests.films import film
from tests.service.stage import (
    claimed,
    ended,
    money,
    order,
    row,
    runner,
    set_stage,
    started,
    ticketed,
    until,
)
from tests.world import World


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", engine) as world:
        yield world


async def test_a_queued_task_is_started(stage: World, engine: Scripted) -> None:
    """The process died after transaction 1."""
    task = await order(stage)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}
    assert await money(stage) == ("9.70", "0.00")


async def test_a_claimed_task_is_started(stage: World, engine: Scripted) -> None:
    task = await order(stage)
    await claimed(stage, task)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}


async def test_a_started_task_without_a_ticket_is_lost_and_never_started_again(
    stage: World, engine: Scripted
) -> None:
    """The process died after transaction 2: the engine may have heard, and would bill twice."""
    task = await order(stage)
    await started(stage, task)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.LOST)
    assert engine.started == {}
    assert await money(stage) == ("10.00", "0.00")


async def test_a_repeatable_engine_is_started_again(stage: World, engine: Scripted) -> None:
    task = await order(stage)
    await started(stage, task)
    engine.repeatable = True

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}
    assert await money(stage) == ("9.70", "0.00")


async def test_a_task_with_a_ticket_is_asked_about(stage: World, engine: Scripted) -> None:
    """The process died after transaction 3."""
    task = await order(stage)
    await ticketed(stage, task)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}
    assert await money(stage) == ("9.70", "0.00")


async def test_a_saved_video_is_saved_over_and_settled_once(
    stage: World, engine: Scripted, tmp_path: Path
) -> None:
    """The process died after the save, before transaction 4."""
    task = await order(stage)
    await ticketed(stage, task)
    other = film(tmp_path / "other.mp4", 2)
    await stage.gateway.store.save(video_key(task.id), other)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    kept = await stage.gateway.store.local(video_key(task.id))
    assert kept.read_bytes() == engine.reel.read_bytes()
    assert await money(stage) == ("9.70", "0.00")


async def test_an_ended_task_is_left_alone(stage: World, engine: Scripted) -> None:
    """The process died after transaction 4."""
    task = await order(stage)
    async with runner(stage):
        done = await ended(stage, task.id)

    async with runner(stage):
        other = await order(stage)
        await ended(stage, other.id)

    assert await row(stage, task.id) == done
    assert engine.started == {task.id: 1, other.id: 1}
    assert await money(stage) == ("9.40", "0.00")


async def test_an_engine_that_is_away_is_waited_for(stage: World, engine: Scripted) -> None:
    task = await order(stage)
    engine.starting.extend([EngineUnavailable("busy")] * 3)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert (engine.started, done.attempt) == ({task.id: 1}, 1)


async def test_an_engine_that_is_away_while_it_is_asked_is_asked_again(
    stage: World, engine: Scripted
) -> None:
    task = await order(stage)
    engine.will(Working(10), EngineUnavailable("502"), EngineUnavailable("502"), Working(20))

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 1}


async def test_a_lost_ticket_ends_the_task(stage: World, engine: Scripted) -> None:
    task = await order(stage)
    engine.will(Working(10), Lost())

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.LOST)
    assert engine.started == {task.id: 1}
    assert await money(stage) == ("10.00", "0.00")


async def test_a_lost_ticket_of_a_repeatable_engine_starts_it_over(
    stage: World, engine: Scripted
) -> None:
    engine.repeatable = True
    task = await order(stage)
    engine.will(Working(10), Lost())

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 2}
    assert await money(stage) == ("9.70", "0.00")


async def test_a_task_that_brings_a_repeatable_engine_down_is_given_up(
    stage: World, engine: Scripted
) -> None:
    """What is lost again and again would hold its slot and its money for a day."""
    engine.repeatable = True
    task = await order(stage)
    engine.will(*[Lost()] * 50)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert engine.started[task.id] <= MOST_ATTEMPTS
    assert await money(stage) == ("10.00", "0.00")


@pytest.mark.parametrize("failure", list(Failure))
async def test_a_refusal_ends_the_task_with_its_code_and_costs_nothing(
    stage: World, engine: Scripted, failure: Failure
) -> None:
    """C23, C37."""
    task = await order(stage)
    engine.will(Refused(failure, "the engine said no"))

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, failure)
    assert done.error_message == "the engine said no"
    assert await money(stage) == ("10.00", "0.00")


@pytest.mark.parametrize(
    "failure, billed, charge_moderated, balance",
    [
        (Failure.MODERATED, True, True, "9.70"),
        (Failure.MODERATED, True, False, "10.00"),
        (Failure.MODERATED, False, True, "10.00"),
        (Failure.FAILED, True, True, "10.00"),
    ],
)
async def test_only_what_moderation_blocked_and_the_engine_billed_is_charged(
    tmp_path: Path,
    engine: Scripted,
    failure: Failure,
    balance: str,
    *,
    billed: bool,
    charge_moderated: bool,
) -> None:
    """C37."""
    home = tmp_path / "home"
    async with set_stage(home, engine, charge_moderated=charge_moderated) as stage:
        task = await order(stage)
        engine.will(Refused(failure, "no", billed=billed))

        async with runner(stage):
            done = await ended(stage, task.id)

        assert done.status is Status.FAILED
        assert await money(stage) == (balance, "0.00")
        bill = json.loads(done.billing or "")
        assert ("note" in bill) == (balance != "10.00")


async def test_errors_that_nobody_foresaw_end_the_task_at_the_fifth_in_a_row(
    stage: World, engine: Scripted
) -> None:
    engine.repeatable = True
    strange = [RuntimeError("a bug in the engine")] * 4
    engine.will(*strange, Working(10), *strange)
    forgiven = await order(stage)
    async with runner(stage):
        assert (await ended(stage, forgiven.id)).status is Status.COMPLETED

    engine.will(*strange, strange[0])
    given_up = await order(stage)
    async with runner(stage):
        done = await ended(stage, given_up.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert "bug" not in (done.error_message or "")
    assert await money(stage) == ("9.70", "0.00")


@pytest.mark.parametrize("repeatable", [False, True])
async def test_a_start_that_breaks_leads_to_an_end(
    stage: World, engine: Scripted, *, repeatable: bool
) -> None:
    """An engine that may have heard is not asked again; one that may be is, but not for ever."""
    engine.repeatable = repeatable
    engine.starting.extend([RuntimeError("a bug in the engine")] * 50)
    task = await order(stage)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.FAILED
    assert done.error_code == (Failure.FAILED if repeatable else Failure.LOST)
    assert 50 - len(engine.starting) == (5 if repeatable else 1)
    assert await money(stage) == ("10.00", "0.00")


async def test_a_result_that_is_no_video_costs_nothing(
    stage: World, engine: Scripted, tmp_path: Path
) -> None:
    text = tmp_path / "made.mp4"
    text.write_text("no video at all")
    task = await order(stage)
    engine.will(Made(text))

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert await money(stage) == ("10.00", "0.00")


async def test_a_result_that_is_not_there_costs_nothing(
    stage: World, engine: Scripted, tmp_path: Path
) -> None:
    engine.repeatable = True
    task = await order(stage)
    engine.will(*[Made(tmp_path / "nothing.mp4")] * 5)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert await money(stage) == ("10.00", "0.00")


async def test_a_result_that_cannot_be_fetched_now_is_fetched_later(
    stage: World, engine: Scripted
) -> None:
    """The engine has billed it: a network that is down for a minute must not throw it away."""
    task = await order(stage)
    with socket.socket() as deaf:  # kept, so that nobody else listens there meanwhile
        deaf.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{deaf.getsockname()[1]}/made.mp4"
        engine.will(Made(nowhere), Made(nowhere))
        async with runner(stage):
            done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert await money(stage) == ("9.70", "0.00")


async def test_inputs_that_are_gone_cost_nothing(stage: World, engine: Scripted) -> None:
    image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501 - one pixel
    task = await order(stage, image=image)
    await stage.gateway.store.delete(inputs_key(task.id))

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.error_code) == (Status.FAILED, Failure.FAILED)
    assert engine.started == {}
    assert await money(stage) == ("10.00", "0.00")


async def test_a_task_whose_engine_stays_away_ends_as_unavailable(
    tmp_path: Path, engine: Scripted
) -> None:
    """C37: released, though the engine never answers."""
    async with set_stage(tmp_path / "home", engine, queue_time=100) as stage:
        engine.starting.extend([EngineUnavailable("busy")] * 1000)
        task = await order(stage)
        async with runner(stage):
            await until(stage, task.id, lambda task: task.attempt == 1)
            stage.clock.skip(101)
            done = await ended(stage, task.id)

        assert (done.status, done.error_code) == (Status.FAILED, Failure.UNAVAILABLE)
        assert await money(stage) == ("10.00", "0.00")


@pytest.mark.parametrize("deaf", [False, True])
async def test_an_engine_that_is_not_done_in_time_is_stopped(
    tmp_path: Path, reel: Path, *, deaf: bool
) -> None:
    """C37: even if it cannot be told so."""

    class Deaf(Scripted):
        async def stop(self, ticket: Ticket) -> None:
            await super().stop(ticket)
            if deaf:
                raise EngineUnavailable("no answer")

    engine = Deaf(reel)
    async with set_stage(tmp_path / "home", engine, task_time=100) as stage:
        engine.wait()
        task = await order(stage)
        async with runner(stage):
            working = await until(stage, task.id, lambda task: task.ticket is not None)
            stage.clock.skip(101)
            done = await ended(stage, task.id)

        assert (done.status, done.error_code) == (Status.FAILED, Failure.TIMED_OUT)
        assert working.ticket in engine.stopped
        assert await money(stage) == ("10.00", "0.00")
