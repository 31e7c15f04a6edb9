"""The unmodified xAI SDK makes, edits, extends and watches videos, blocking or not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from xai_sdk.proto import deferred_pb2
from xai_sdk.video import VideoGenerationError

from kinetoscope.api.rpc import RpcDoor
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.domain.task import Failure
from kinetoscope.engines import Refused
from tests.clients.rpc import MODEL, PICTURES, SOON, client, data, refusal, threaded
from tests.films import film
from tests.world import World

FOX = {"prompt": "a fox in the snow", "model": MODEL}


def the_order(world: World) -> Order:
    """Get the one order that reached the engine."""
    ((order, _),) = world.engine.orders.values()
    return order


async def test_a_text_becomes_a_video_with_its_price(world: World, rpc: RpcDoor) -> None:
    """C22, C33: by the client that blocks; the link opens without a key."""
    made = await threaded(
        world.alice,
        rpc.address,
        lambda sdk: sdk.video.generate(
            **FOX, duration=6, resolution="720p", aspect_ratio="9:16", generate_audio=False, **SOON
        ),
    )

    assert (made.duration, made.model, made.respect_moderation) == (6, MODEL, True)
    assert made.cost_usd == pytest.approx(0.42)
    assert made.usage.cost_in_usd_ticks == 4_200_000_000
    order = the_order(world)
    assert (order.operation, order.tier, order.ratio) == (Operation.TEXT, Tier.P720, "9:16")
    assert order.sound is False
    assert world.session is not None
    async with world.session.get(made.url) as film_answer:
        assert film_answer.headers["content-type"] == "video/mp4"
        assert await film_answer.read() == world.engine.reel.read_bytes()
    await world.audit()


async def test_what_is_not_said_is_as_xai_has_it(world: World, sdk: Any) -> None:
    await sdk.video.generate(**FOX, **SOON)

    order = the_order(world)
    assert (order.duration, order.tier, order.ratio, order.sound) == (8, Tier.P480, "16:9", None)


@pytest.mark.parametrize(
    "asked, wanted",
    [
        ({"image_url": PICTURES[0]}, (Operation.IMAGE, 1, "a fox in the snow")),
        (
            {"reference_image_urls": PICTURES, "prompt": "<IMAGE_1> meets <IMAGE_2>"},
            (Operation.REFERENCE, 2, "@Image1 meets @Image2"),
        ),
        ({"reference_image_urls": PICTURES[:1]}, (Operation.REFERENCE, 1, "a fox in the snow")),
    ],
    ids=["image", "references", "one reference"],
)
async def test_images_become_a_video(
    world: World, sdk: Any, asked: Any, wanted: tuple[Operation, int, str]
) -> None:
    """C16, C17: whatever else, it comes out as over HTTP."""
    made = await sdk.video.generate(**{**FOX, **asked}, duration=1, **SOON)

    order = the_order(world)
    assert (order.operation, len(order.images), order.prompt) == wanted
    assert made.cost_usd == pytest.approx(0.05 + 0.002 * wanted[1])


async def test_a_video_made_here_is_edited_and_extended_by_its_link(world: World, sdk: Any) -> None:
    """C33: an edit keeps its source's length, whatever else was asked for, and says so."""
    first = await sdk.video.generate(**FOX, duration=6, **SOON)
    edited = await sdk.video.generate(**FOX, video_url=first.url, duration=3, **SOON)
    more = await sdk.video.extend(**FOX, video_url=first.url, **SOON)
    started = await sdk.video.extend_start(**FOX, video_url=first.url, duration=2)

    assert edited.cost_usd == pytest.approx(0.36)
    assert more.url != edited.url
    orders = [order for order, _ in world.engine.orders.values()]
    assert [order.operation for order in orders][:3] == [
        Operation.TEXT,
        Operation.EDIT,
        Operation.EXTEND,
    ]
    assert [order.duration for order in orders][:3] == [6, None, 6]
    listed = (await world.ask("GET", "/v1/videos?operation=edit_video")).json["data"]
    assert listed[0]["metadata"]["ignored"] == ["duration"]
    assert started.request_id


async def test_a_video_is_edited_from_its_bytes(world: World, rpc: RpcDoor, tmp_path: Path) -> None:
    source = data(film(tmp_path / "source.mp4", 2).read_bytes(), "video/mp4")

    made = await threaded(
        world.alice,
        rpc.address,
        lambda sdk: sdk.video.generate(**FOX, video_url=source, **SOON),
    )

    assert made.url
    assert the_order(world).operation is Operation.EDIT


async def test_a_video_is_watched_from_its_start_to_its_end(world: World, sdk: Any) -> None:
    """C21: PENDING with a progress, then DONE; the id is a UUID, or ours."""
    world.engine.wait()
    started = await sdk.video.start(**FOX, duration=1)
    (task,) = (await world.ask("GET", "/v1/videos")).json["data"]

    waiting = await sdk.video.get(started.request_id)
    assert (waiting.status, waiting.response.model) == (deferred_pb2.PENDING, MODEL)
    while (await sdk.video.get(started.request_id)).response.progress < 10:  # noqa: ASYNC110 - as its users do
        await asyncio.sleep(0.01)
    world.engine.go()
    await world.end_of(task["id"])
    done = await sdk.video.get(task["id"])

    assert (done.status, done.response.progress) == (deferred_pb2.DONE, 100)
    assert done == await sdk.video.get(started.request_id)
    assert started.request_id.replace("-", "") == task["id"].removeprefix("task_")


async def test_a_failed_video_says_why_and_costs_nothing(world: World, sdk: Any) -> None:
    """C23, C37."""
    world.engine.will(Refused(Failure.FAILED, "the engine could not make this video"))

    with pytest.raises(VideoGenerationError, match="could not make this video") as caught:
        await sdk.video.generate(**FOX, **SOON)

    assert caught.value.code == "internal_error"
    assert str((await world.account_of(world.alice)).balance) == "10.00"


@pytest.mark.parametrize("billed, cost", [(True, 0.05), (False, 0)])
async def test_what_moderation_blocked_has_no_link_and_says_its_cost(
    world: World, sdk: Any, *, billed: bool, cost: float
) -> None:
    """C37."""
    world.engine.will(Refused(Failure.MODERATED, "blocked", billed=billed))

    made = await sdk.video.generate(**FOX, duration=1, **SOON)

    assert not made.respect_moderation
    with pytest.raises(ValueError, match="did not respect moderation rules"):
        _ = made.url
    assert made.cost_usd == pytest.approx(cost)


async def test_a_video_that_is_gone_has_expired(world: World, sdk: Any) -> None:
    started = await sdk.video.start(**FOX, duration=1)
    (task,) = (await world.ask("GET", "/v1/videos")).json["data"]
    await world.end_of(task["id"])
    await world.ask("DELETE", f"/v1/videos/{task['id']}")

    assert (await sdk.video.get(started.request_id)).status == deferred_pb2.EXPIRED


async def test_a_cancelled_video_has_failed(world: World, sdk: Any) -> None:
    world.engine.wait()
    started = await sdk.video.start(**FOX, duration=1)
    (task,) = (await world.ask("GET", "/v1/videos")).json["data"]
    await world.ask("POST", f"/v1/videos/{task['id']}/cancel")

    ended = await sdk.video.get(started.request_id)

    assert (ended.status, ended.response.error.code) == (deferred_pb2.FAILED, "failed_precondition")
    world.engine.go()


async def test_a_key_tells_of_itself(world: World, sdk: Any) -> None:
    told = await sdk.auth.get_api_key_info()

    assert (told.name, told.api_key_id) == ("alice", world.alice.key.id)
    assert world.alice.secret not in str(told)
    assert not (told.api_key_blocked)
    assert not (told.team_blocked)
    assert not (told.disabled)


async def test_nobody_else_sees_a_video(world: World, sdk: Any, rpc: RpcDoor) -> None:
    """C5."""
    started = await sdk.video.start(**FOX, duration=1)

    async with client(world.charlie, rpc.address) as other:
        assert (await refusal(other.video.get(started.request_id)))[0] == "NOT_FOUND"


async def test_200_polls_at_once_are_all_answered(world: World, sdk: Any) -> None:
    started = await sdk.video.start(**FOX, duration=1)

    answers = await asyncio.gather(*(sdk.video.get(started.request_id) for _ in range(200)))

    assert {each.response.model for each in answers} == {MODEL}
