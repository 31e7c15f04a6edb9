"""One Kinetoscope makes its videos at another, which plays xAI: the engine never knows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.domain.task import Failure
from kinetoscope.engines import Refused
from tests.clients.rpc import rpc_of
from tests.films import film
from tests.journeys.doomed import xai_settings
from tests.journeys.test_grok_imagine import PICTURES, customer_of, data
from tests.world import World

ASKED: dict[str, dict[str, Any]] = {
    "text": {"duration": 6, "size": "720p"},
    "image": {"duration": 6, "image": PICTURES[0]},
    "references": {"duration": 6, "images": PICTURES, "prompt": "@Image1 and @Image2"},
    "edit": {"video": ...},
    "extend": {"video": ..., "duration": 2},
}


def at(world: World, address: str) -> dict[str, Any]:
    """Choose alice's key at *address* as the one engine of a second house."""
    return xai_settings(address, api_key=world.alice.secret)


@pytest.mark.parametrize("name", ASKED)
async def test_a_video_goes_through_two_houses_and_so_does_its_bill(
    world: World, tmp_path: Path, name: str
) -> None:
    asked = dict(ASKED[name])
    if "video" in asked:
        asked["video"] = data(film(tmp_path / "source.mp4", 4).read_bytes(), "video/mp4")

    async with (
        rpc_of(world) as rpc,
        customer_of(tmp_path / "outer", **at(world, rpc.address)) as customer,
    ):
        task = await customer.make(**asked)
        body = await customer.download(task)
        row = await customer.row(task)

    assert task["status"] == "completed", task
    assert hashlib.sha256(body).digest() == hashlib.sha256(world.engine.reel.read_bytes()).digest()
    (inner,) = (await world.ask("GET", "/v1/videos")).json["data"]
    assert inner["metadata"]["operation"] == task["metadata"]["operation"]
    charged = inner["metadata"]["billing"]["charged"]
    assert row.cost == round(float(charged) * 10**10)
    assert charged == task["metadata"]["billing"]["charged"]
    await world.audit()


async def test_what_the_inner_house_moderates_the_outer_one_does(
    world: World, tmp_path: Path
) -> None:
    """C37."""
    world.engine.will(Refused(Failure.MODERATED, "blocked", billed=True))

    async with (
        rpc_of(world) as rpc,
        customer_of(tmp_path / "outer", **at(world, rpc.address)) as customer,
    ):
        task = await customer.make(duration=1)

        assert task["error"]["code"] == Failure.MODERATED
        assert await customer.spent() == "0.05"
    await world.audit()
