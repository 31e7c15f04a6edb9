"""What both clients do with a service that is well."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.client import (
    AsyncClient,
    Client,
    NotDone,
    ServiceError,
    Video,
    VideoFailed,
)
from kinetoscope.engines import Refused
from tests.client.hands import KINDS, Hands, hands
from tests.engines.scripted import Scripted
from tests.films import picture
from tests.patience import PATIENCE
from tests.world import World, open_world


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def alice(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Hands]:
    """The client of alice, once of each kind."""
    async with hands(request.param, world.url, world.alice.secret) as client:
        yield client


async def made(client: Hands, prompt: str = "a fox", **options: Any) -> Video:
    """Make a video."""
    ordered = await client("create", prompt, **{"duration": 6, **options})
    video: Video = await client("wait", ordered, PATIENCE, poll=0.01)
    return video


async def test_a_video_is_made_saved_and_deleted(
    alice: Hands, world: World, tmp_path: Path
) -> None:
    ordered = await alice("create", "a fox", duration=6, size="720p")
    seen: list[Video] = []
    video = await alice("wait", ordered, PATIENCE, on_progress=seen.append, poll=0.01)
    path = await alice("download", video, tmp_path)
    again = await alice("download", video.id, str(tmp_path / "again.mp4"))
    await alice("delete", video)

    assert (ordered.status, ordered.price, ordered.charged) == ("queued", Decimal("0.42"), None)
    assert (video.status, video.charged, video.operation) == (
        "completed",
        Decimal("0.42"),
        "text_to_video",
    )
    assert seen[-1] == video
    assert video.raw["metadata"]["billing"]["released"] == "0.00"
    assert path == tmp_path / f"{video.id}.mp4"
    assert path.read_bytes() == again.read_bytes() == world.engine.reel.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == sorted(
        ["again.mp4", f"{video.id}.mp4"]
    )
    with pytest.raises(ServiceError) as error:
        await alice("get", video)
    assert (error.value.status, error.value.code) == (404, "not_found")


@pytest.mark.parametrize("form", ["bytes", "path", "file", "address"])
async def test_an_image_comes_from_anywhere(
    alice: Hands, world: World, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture())
    with path.open("rb") as file:
        source = {
            "bytes": picture(),
            "path": path,
            "file": file,
            "address": "data:image/png;base64," + base64.b64encode(picture()).decode(),
        }[form]
        video = await made(alice, "it moves", image=source, seed=7, generate_audio=False)

    order, inputs = world.engine.orders[video.id]
    assert video.operation == "image_to_video"
    assert (order.seed, order.sound, order.duration) == (7, False, 6)
    assert len(inputs.images) == 1


async def test_several_images_and_an_own_video_are_given(alice: Hands, world: World) -> None:
    both = await made(alice, "@Image1 and @Image2", images=[picture(), io.BytesIO(picture("WEBP"))])
    edited = await made(alice, "at night", video=both, duration=None)
    extended = await made(alice, "and on", video=both.id, duration=2)
    uploaded = await made(alice, "by day", video=world.engine.reel, duration=None)

    operations = [each.operation for each in (both, edited, extended, uploaded)]
    assert operations == ["reference_to_video", "edit_video", "video_extend", "edit_video"]


async def test_a_time_to_wait_ends_and_the_task_goes_on(alice: Hands, world: World) -> None:
    world.engine.wait()
    video = await alice("create", "a fox", duration=6)

    with pytest.raises(NotDone, match=rf"{video.id} is .*wait for it again") as error:
        await alice("wait", video, 0.05, poll=0.01)
    world.engine.go()

    assert isinstance(error.value, TimeoutError)
    assert error.value.video.id == video.id
    assert (await alice("wait", video, PATIENCE, poll=0.01)).status == "completed"


async def test_a_video_that_is_not_there_yet_is_not_downloaded(
    alice: Hands, world: World, tmp_path: Path
) -> None:
    world.engine.wait()
    video = await alice("create", "a fox", duration=6)

    with pytest.raises(NotDone):
        await alice("download", video, tmp_path / "fox.mp4")

    assert not (tmp_path / "fox.mp4").exists()


async def test_a_failed_video_says_why_and_what_to_do(alice: Hands, world: World) -> None:
    world.engine.will(Refused("moderation_blocked", "request rejected"))

    with pytest.raises(VideoFailed) as error:
        await made(alice)

    assert (error.value.code, error.value.message) == ("moderation_blocked", "request rejected")
    assert error.value.video.status == "failed"
    assert str(error.value) == (
        "no video was made: request rejected (moderation_blocked); charged $0.00."
        " Next: change the prompt or the images"
    )


async def test_a_video_is_cancelled(alice: Hands, world: World) -> None:
    world.engine.wait()
    video = await alice("create", "a fox", duration=6)

    cancelled = await alice("cancel", video)

    assert (cancelled.status, cancelled.charged) == ("failed", Decimal("0.00"))
    with pytest.raises(VideoFailed, match="cancelled"):
        await alice("wait", video)


async def test_the_account_is_shown(alice: Hands) -> None:
    quote = await alice("quote", "a fox", duration=6, size="720p")
    before = await alice("balance")
    await made(alice, size="720p")
    after, usage, (model, *_) = [await alice(each) for each in ("balance", "usage", "models")]

    assert (quote.total, quote.operation, quote.seconds) == (Decimal("0.42"), "text_to_video", "6")
    assert (before.available, after.available) == (Decimal("10.00"), Decimal("9.58"))
    assert usage.total == Decimal("0.42")
    assert usage.rows[0]["videos"] == 1
    assert model.id == "grok-imagine"
    assert "video_extend" in model.operations


@pytest.mark.parametrize("kind", KINDS)
async def test_a_list_goes_on_over_its_pages(
    tmp_path: Path, engine: Scripted, kind: type[Any]
) -> None:
    async with open_world(tmp_path / "home", engine, run=False) as world:
        await world.open("alice", "10")
        ordered = [(await world.post(duration=1)).json["id"] for _ in range(103)]
        async with hands(kind, world.url, world.alice.secret) as alice:
            everything = [each.id for each in await alice.all()]
            some = [each.id for each in await alice.all(limit=101, order="asc")]
            none = [*await alice.all(limit=0), *await alice.all(operation="edit_video")]

    assert everything == ordered[::-1]
    assert some == ordered[:101]
    assert none == []


async def test_the_same_key_is_the_same_video_and_another_order_is_refused(alice: Hands) -> None:
    first = await alice("create", "a fox", duration=1, idempotency_key="mine")
    again = await alice("create", "a fox", duration=1, idempotency_key="mine")

    with pytest.raises(ServiceError) as error:
        await alice("create", "a bear", duration=1, idempotency_key="mine")

    assert first.id == again.id
    assert (error.value.status, error.value.code) == (409, "idempotency_conflict")


async def test_a_refusal_says_all_that_the_service_said(alice: Hands, world: World) -> None:
    with pytest.raises(ServiceError) as error:
        await alice("create", "a fox", duration=99)

    assert error.value.status == 400
    assert error.value.param == "duration"
    assert error.value.request_id is not None
    assert error.value.request_id.startswith("req_")
    assert str(error.value) == f"{error.value.message} (invalid_request)"
    assert world.engine.orders == {}


@pytest.mark.parametrize("kind", KINDS)
async def test_who_has_no_money_is_told_what_it_costs(world: World, kind: type[Any]) -> None:
    async with hands(kind, world.url, world.bob.secret) as bob:
        with pytest.raises(ServiceError, match=r"insufficient_balance") as error:
            await bob("create", "a fox", duration=1)

    assert error.value.status == 402


async def test_one_client_asks_for_several_people(world: World) -> None:
    async with AsyncClient(world.url, world.alice.secret) as alice:
        bob = alice.with_key(world.bob.secret)
        has = await asyncio.gather(alice.balance(), bob.balance())

    assert [each.available for each in has] == [Decimal("10.00"), Decimal("0.00")]


async def test_progress_may_be_awaited(world: World) -> None:
    seen: list[str] = []

    async def note(video: Video) -> None:
        await asyncio.sleep(0)
        seen.append(video.status)

    async with AsyncClient(world.url, world.alice.secret) as client:
        await client.make("a fox", duration=1, on_progress=note)

    assert seen[-1] == "completed"


async def test_what_a_listener_raises_comes_through(world: World) -> None:
    def stop(video: Video) -> None:
        raise StopIteration(video.id)

    def work() -> bool:
        with Client(world.url, world.alice.secret) as client, pytest.raises(StopIteration):
            client.make("a fox", duration=1, on_progress=stop)
        return True

    assert await asyncio.to_thread(work)
