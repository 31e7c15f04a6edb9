"""What every engine keeps to, whoever it is: the house knows no more of one than this."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from kinetoscope.domain.order import LIMITS, Operation, Order, Tier
from kinetoscope.engines import Engine, Inputs, Lost, Made, Refused, Ticket, Working
from kinetoscope.engines.sandbox import Sandbox
from kinetoscope.engines.studio import Studio
from tests.engines.scripted import Scripted
from tests.engines.xai.stand import engine_at, image, video, with_images, with_video
from tests.engines.xai_server import Story, xai_server
from tests.films import film
from tests.patience import PATIENCE

Opener = Callable[[Path], AbstractAsyncContextManager[Engine]]


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[Engine]:
    yield Scripted(film(folder / "reel.mp4", 1), repeatable=True)


@asynccontextmanager
async def studio(folder: Path) -> AsyncIterator[Engine]:
    yield Studio(folder=folder / "studio", slots=2)


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncIterator[Engine]:
    yield Sandbox(Studio(folder=folder / "studio", slots=2, draft=True))


@asynccontextmanager
async def xai(folder: Path) -> AsyncIterator[Engine]:
    story = Story(render_seconds=0.2)
    async with xai_server(folder / "xai", story=story) as server, engine_at(server) as engine:
        yield engine


@pytest.fixture(params=[scripted, studio, sandbox, xai], ids=lambda opener: opener.__name__)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    opener: Opener = request.param
    async with opener(tmp_path) as engine:
        yield engine
        await engine.close()


def ordered(operation: Operation, folder: Path) -> tuple[Order, Inputs]:
    """Order the least that an operation makes."""
    limits = LIMITS[operation]
    inputs = Inputs()
    if limits.video:
        inputs = with_video(video(folder, seconds=2))
    elif limits.images[0]:
        inputs = with_images(image(folder))
    order = Order(
        model="grok-imagine",
        operation=operation,
        prompt="a fox in the snow",
        duration=limits.duration and limits.duration[0],
        tier=None if limits.video else Tier.P480,
        ratio=None if limits.video else "1:1",
    )
    return order, inputs


async def begun(engine: Engine, operation: Operation, folder: Path) -> Ticket:
    await engine.admit()
    ticket = await engine.start("task_1", *ordered(operation, folder))
    assert not isinstance(ticket, Refused), ticket
    return ticket


async def test_it_says_what_it_is_and_can(engine: Engine) -> None:
    assert engine.name
    assert engine.makes <= frozenset(Operation)
    assert engine.slots > 0
    assert 0 < engine.pace[0] <= engine.pace[1]
    assert engine.well
    assert engine.room() > 0
    assert engine.turn() >= 0
    await engine.ready()


@pytest.mark.parametrize("operation", Operation)
async def test_it_makes_what_it_says_that_it_makes(
    engine: Engine, tmp_path: Path, operation: Operation
) -> None:
    assert operation in engine.makes
    ticket = await begun(engine, operation, tmp_path)

    seen: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while isinstance(report := await engine.poll(ticket), Working):
            seen.append(report.progress or 0)
            await asyncio.sleep(0.05)

    assert isinstance(report, Made), report
    assert all(0 <= progress < 100 for progress in seen)
    assert report.cost is None or report.cost >= 0
    await engine.forget(ticket)
    await engine.forget(ticket)


async def test_a_ticket_is_a_text_that_another_process_may_ask_by(
    engine: Engine, tmp_path: Path
) -> None:
    ticket = await begun(engine, Operation.TEXT, tmp_path)

    report = await engine.poll(Ticket("".join(ticket)))

    assert isinstance(report, Working | Made)
    await engine.stop(ticket)
    await engine.stop(ticket)
    await engine.forget(ticket)


async def test_a_ticket_that_it_does_not_know_raises_nothing(engine: Engine) -> None:
    report = await engine.poll(Ticket("5f0c6a52-0000-4000-8000-000000000000@1"))

    assert isinstance(report, Lost | Refused)
    if isinstance(report, Lost):
        assert engine.repeatable, "a video that may be billed must not simply be lost"


async def test_closing_it_twice_is_closing_it(engine: Engine, tmp_path: Path) -> None:
    await begun(engine, Operation.TEXT, tmp_path)

    await engine.close()
    await engine.close()
