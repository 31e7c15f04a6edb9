"""Our engine beside the xAI that it talks to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kinetoscope.domain.order import Input, Operation, Order, Tier
from kinetoscope.engines import Inputs, Report, Ticket, Working
from kinetoscope.engines.xai import Pace, Upstream, Xai
from tests.engines.xai_server import XaiServer
from tests.films import film, picture
from tests.patience import PATIENCE

KEY = "xai-test-1234"


@asynccontextmanager
async def engine_at(server: XaiServer, key: str = KEY, **chosen: Any) -> AsyncIterator[Xai]:
    """An engine that asks *server*, as fast as it likes."""
    upstream = Upstream(key=key, host=server.address, tls=False, **chosen)
    engine = Xai(name="xai", upstream=upstream, slots=100, submits=Pace(1000, 60_000))
    try:
        yield engine
    finally:
        await engine.close()


def text(**more: Any) -> Order:
    """A text of one second."""
    asked: dict[str, Any] = {"prompt": "a fox in the snow", "duration": 1, "tier": Tier.P480}
    return Order(model="grok-imagine", **{"operation": Operation.TEXT, **asked, **more})


def image(folder: Path, name: str = "0", url: str | None = None) -> tuple[Input, Path]:
    path = folder / name
    path.write_bytes(picture(width=64, height=48))
    return Input(name, "image/png", path.stat().st_size, 64, 48, url=url), path


def video(folder: Path, seconds: float = 2, url: str | None = None) -> tuple[Input, Path]:
    path = film(folder / "video.mp4", seconds, 128, 72)
    found = Input("video", "video/mp4", path.stat().st_size, 128, 72, seconds, url)
    return found, path


def with_images(*images: tuple[Input, Path]) -> Inputs:
    return Inputs(
        images=tuple(each for each, _ in images), image_paths=tuple(path for _, path in images)
    )


def with_video(found: tuple[Input, Path]) -> Inputs:
    return Inputs(video=found[0], video_path=found[1])


async def begun(engine: Xai, order: Order, inputs: Inputs | None = None) -> Ticket:
    """Ask for *order* and get its ticket."""
    await engine.admit()
    ticket = await engine.start("task_1", order, inputs or Inputs())
    assert isinstance(ticket, str), ticket
    return ticket


async def report_of(engine: Xai, ticket: Ticket) -> Report:
    """Poll until there is something to report."""
    async with asyncio.timeout(PATIENCE):
        while True:
            report = await engine.poll(ticket)
            if not isinstance(report, Working):
                return report
            await asyncio.sleep(0.02)
