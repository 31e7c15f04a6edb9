"""Several engines for one model: in their order, by what they can and how they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kinetoscope.app import running
from kinetoscope.db import tasks
from kinetoscope.domain.errors import EngineUnavailable, OutcomeUnknown
from kinetoscope.domain.order import Operation, Order
from kinetoscope.domain.task import Failure, Status
from kinetoscope.engines import Inputs, Refused, Ticket
from kinetoscope.service import Gateway
from kinetoscope.service.choice import choose
from kinetoscope.service.terms import read_terms
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE
from tests.service.stage import ended, money, order, row, set_stage, started
from tests.world import World, settings_for


@pytest.fixture
def cast(reel: Path) -> list[Scripted]:
    """Two keys at one place, and one engine of another kind."""
    engines = []
    for name in ("xai:main", "xai:second", "studio"):
        engine = Scripted(reel)
        engine.name = name
        engines.append(engine)
    return engines


@pytest.fixture
async def stage(tmp_path: Path, cast: list[Scripted]) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", cast[0]) as world:
        seat(world, cast)
        yield world


def seat(world: World, engines: Iterable[Scripted]) -> None:
    models = world.gateway.models
    for name, model in list(models.items()):
        models[name] = replace(model, engines=tuple(engines))  # type: ignore[index]


@asynccontextmanager
async def runner(world: World) -> AsyncIterator[Gateway]:
    world.gateway.bell.accepting = True
    async with running(world.gateway, settings_for(world.home)):
        yield world.gateway


async def made_by(world: World) -> str:
    """Make one video and tell which engine stands in its metadata."""
    task = await order(world)
    await ended(world, task.id)
    answer = await world.ask("GET", f"/v1/videos/{task.id}")
    assert answer.json["status"] == "completed", answer.json
    return str(answer.json["metadata"]["engine"])


def test_the_first_that_is_well_and_free_is_chosen(cast: list[Scripted]) -> None:
    assert choose(cast, lambda _: 1) is cast[0]

    cast[0].plays = False
    assert choose(cast, lambda _: 1) is cast[1]


def test_a_busy_engine_hands_over_to_its_own_kind_only(cast: list[Scripted]) -> None:
    """Who has to wait a second for one that renders wants no sketch instead."""
    assert choose(cast, lambda engine: int(engine.name != "xai:main")) is cast[1]
    assert choose(cast, lambda engine: int(engine.name == "studio")) is None


def test_the_next_kind_is_asked_where_the_first_is_out_of_order(cast: list[Scripted]) -> None:
    cast[0].plays = cast[1].plays = False

    assert choose(cast, lambda _: 1) is cast[2]
    assert choose(cast[:2], lambda _: 1) is None


async def test_the_engine_that_made_it_stands_in_the_metadata(
    stage: World, cast: list[Scripted]
) -> None:
    async with runner(stage):
        assert await made_by(stage) == "xai:main"
        cast[0].plays = False
        assert await made_by(stage) == "xai:second"
        cast[1].plays = False
        assert await made_by(stage) == "studio"
        cast[0].plays = True
        assert await made_by(stage) == "xai:main"


async def test_an_order_goes_to_an_engine_that_can_make_it(
    stage: World, cast: list[Scripted]
) -> None:
    cast[0].makes = cast[1].makes = frozenset({Operation.EDIT})

    async with runner(stage):
        assert await made_by(stage) == "studio"


async def test_what_surely_was_not_heard_goes_to_the_next_engine(
    stage: World, cast: list[Scripted]
) -> None:
    class Sick(Scripted):
        """Finds out that it is out of order when it is asked."""

        async def admit(self) -> None:
            self.plays = False
            raise EngineUnavailable("connection refused")

    sick = Sick(cast[0].reel)
    sick.name = "xai:main"
    seat(stage, [sick, *cast[1:]])

    async with runner(stage):
        assert await made_by(stage) == "xai:second"
    assert await money(stage) == ("9.70", "0.00")


async def test_an_engine_that_turns_out_to_be_denied_hands_over_what_it_was_asked_for(
    stage: World, cast: list[Scripted]
) -> None:
    """Refused credentials: it was asked, and surely nothing began."""

    class Denied(Scripted):
        async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
            self.plays = False
            raise EngineUnavailable("the key is refused")

    denied = Denied(cast[0].reel)
    denied.name = "xai:main"
    seat(stage, [denied, *cast[1:]])

    async with runner(stage):
        assert await made_by(stage) == "xai:second"
    assert denied.started == {}
    assert await money(stage) == ("9.70", "0.00")


async def test_what_may_have_been_heard_goes_to_nobody_else(
    stage: World, cast: list[Scripted]
) -> None:
    cast[0].starting.append(OutcomeUnknown("Socket closed"))
    task = await order(stage)

    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.error_code == Failure.LOST
    assert cast[1].started == cast[2].started == {}


async def test_a_started_task_stays_with_its_engine(stage: World, cast: list[Scripted]) -> None:
    task = await order(stage)
    mine = await started(stage, task)
    terms = read_terms(task.order)
    ticket = await cast[0].start(task.id, terms.order, Inputs())
    await stage.gateway.db.write(lambda conn: tasks.keep_ticket(conn, mine, str(ticket)))
    cast[0].plays = False

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.engine) == (Status.COMPLETED, "xai:main")


async def test_tasks_wait_in_the_queue_while_nobody_may_be_asked(
    stage: World, cast: list[Scripted]
) -> None:
    """They are not in progress, and can be cancelled."""
    for engine in cast:
        engine.plays = False
    task = await order(stage)

    async with runner(stage):
        assert (await row(stage, task.id)).status is Status.QUEUED
        cast[1].plays = True
        done = await ended(stage, task.id)

    assert (done.status, done.engine) == (Status.COMPLETED, "xai:second")


async def test_no_more_are_taken_up_than_there_is_room_for(
    stage: World, cast: list[Scripted]
) -> None:
    """A task that waits for its turn is still queued, so that it may be cancelled."""
    looked = asyncio.Event()

    class Full(Scripted):
        looks = 0

        def room(self) -> int:
            self.looks += 1
            if self.looks > 3:
                looked.set()
            return super().room()

    full = Full(cast[0].reel)
    full.name, full.starts = "xai:main", 0
    seat(stage, [full, cast[2]])
    task = await order(stage)

    async with runner(stage):
        async with asyncio.timeout(PATIENCE):
            await looked.wait()
        assert (await row(stage, task.id)).status is Status.QUEUED
        full.starts = 1
        assert (await ended(stage, task.id)).engine == "xai:main"


async def test_an_engine_by_its_other_name_keeps_its_tasks(
    stage: World, cast: list[Scripted]
) -> None:
    """``xai`` is ``xai:main``: whoever writes a second key into the settings loses nothing."""
    cast[0].name = "xai"
    task = await order(stage)
    assert (await row(stage, task.id)).engine == "xai"
    cast[0].name = "xai:main"

    async with runner(stage):
        done = await ended(stage, task.id)

    assert (done.status, done.engine) == (Status.COMPLETED, "xai:main")
