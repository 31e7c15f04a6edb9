"""The unmodified OpenAI SDK makes, watches, downloads and deletes videos."""

# OpenAI no longer runs the service that its SDK's videos are written for; others do, and so do we.
# mypy: disable-error-code="deprecated"

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import openai
import pytest

from kinetoscope.engines import Refused
from tests.films import picture
from tests.patience import PATIENCE
from tests.world import Actor, World

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
T = TypeVar("T")


async def using(world: World, work: Callable[[openai.OpenAI], T], who: Actor | None = None) -> T:
    """Do *work* in a thread with the SDK's own client."""

    def run() -> T:
        secret, url = (who or world.alice).secret, f"{world.url}/v1"
        with openai.OpenAI(api_key=secret, base_url=url, timeout=PATIENCE) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_a_video_is_made_listed_downloaded_and_deleted(world: World) -> None:
    """C1 to C4, C7, C20, C22, C26, C29, C41, C42."""

    def work(client: openai.OpenAI) -> dict[str, Any]:
        made: Any = client.videos.create_and_poll(
            prompt="a fox in the snow",
            model="grok-imagine",
            seconds="6",  # type: ignore[arg-type]
            size="720p",  # type: ignore[arg-type]
            poll_interval_ms=20,
        )
        others = [
            client.videos.create(prompt="an owl", extra_body={"duration": 1}) for _ in range(3)
        ]
        found = client.videos.retrieve(made.id)
        listed = [video.id for video in client.videos.list(limit=2)]
        film = client.videos.download_content(made.id).read()
        deleted = client.videos.delete(made.id)
        return {
            "made": made,
            "found": found,
            "listed": listed,
            "expected": [each.id for each in reversed(others)] + [made.id],
            "film": film,
            "deleted": deleted,
        }

    seen = await using(world, work)

    assert seen["made"].status == "completed"
    assert (seen["made"].seconds, seen["made"].size) == ("6", "720p")
    assert seen["made"].metadata["billing"]["charged"] == "0.42"
    assert seen["found"].id == seen["made"].task_id
    assert seen["listed"] == seen["expected"]
    assert seen["film"] == world.engine.reel.read_bytes()
    assert seen["deleted"].deleted is True


async def test_references_and_flattened_parameters_arrive(world: World) -> None:
    """C7, C10, C14."""
    png = picture()

    def work(client: openai.OpenAI) -> list[Any]:
        bare: Any = client.videos.create(
            prompt="it moves", input_reference=png, extra_body={"duration": 6}
        )
        asked = {"operation": "reference_to_video", "images": [URL, URL], "duration": 6}
        named: Any = client.videos.create(prompt="a", extra_body=asked)
        nested = {"duration": 6, "extra_body": {"operation": "text_to_video"}}
        deep: Any = client.videos.create(prompt="a", extra_body=nested)
        return [bare, named, deep]

    bare, named, deep = await using(world, work)

    await world.end_of(bare.id)
    _, inputs = world.engine.orders[bare.id]
    assert inputs.images[0].size == len(png)
    operations = [each.metadata["operation"] for each in (bare, named, deep)]
    assert operations == ["image_to_video", "reference_to_video", "text_to_video"]
    assert named.metadata["quote"]["total"] == "0.304"


URL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)


async def test_errors_become_its_own_classes_and_final_ones_are_not_repeated(world: World) -> None:
    """C28, C26: each of them costs one request."""
    world.engine.wait()
    running = (await world.post()).json["id"]

    def work(
        client: openai.OpenAI,
    ) -> list[tuple[type[openai.APIStatusError], str | None, str | None]]:
        sent: list[str] = []
        client._client.event_hooks["request"].append(lambda request: sent.append(request.url.path))
        key = {"Idempotency-Key": "one"}
        client.videos.create(prompt="a", seconds="4", extra_headers=key)
        found = []
        for attempt in (
            lambda: client.videos.create(prompt="a", seconds="12", extra_headers=key),
            lambda: client.videos.create(prompt="a", extra_body={"seconds": "99"}),
            lambda: client.videos.create(prompt="a", model="sora-9", seconds="4"),
            lambda: client.videos.retrieve("task_none"),
            lambda: client.videos.download_content(running),
            lambda: client.videos.delete(running),
            lambda: client.with_options(api_key="sk-no").videos.retrieve(running),
        ):
            sent.clear()
            with pytest.raises(openai.APIStatusError) as refused:
                attempt()
            assert len(sent) == 1
            assert refused.value.request_id
            found.append((type(refused.value), refused.value.code, refused.value.param))
        return found

    assert await using(world, work) == [
        (openai.ConflictError, "idempotency_conflict", "Idempotency-Key"),
        (openai.BadRequestError, "invalid_request", "duration"),
        (openai.NotFoundError, "model_not_found", "model"),
        (openai.NotFoundError, "not_found", "id"),
        (openai.BadRequestError, "video_not_ready", "id"),
        (openai.ConflictError, "video_in_progress", "id"),
        (openai.AuthenticationError, "invalid_api_key", None),
    ]


async def test_who_cannot_pay_is_told_once(world: World) -> None:
    """C28, C35."""

    def work(client: openai.OpenAI) -> tuple[int, str | None]:
        with pytest.raises(openai.APIStatusError) as refused:
            client.videos.create(prompt="a", seconds="4")
        return refused.value.status_code, refused.value.code

    assert await using(world, work, world.bob) == (402, "insufficient_balance")


async def test_a_failure_ends_the_polling(world: World) -> None:
    """C23."""
    world.engine.will(Refused("moderation_blocked", "no"))

    def work(client: openai.OpenAI) -> Any:
        return client.videos.create_and_poll(prompt="a", seconds="4", poll_interval_ms=20)

    video = await using(world, work)

    assert video.status == "failed"
    assert video.error.code == "moderation_blocked"


async def test_edit_extend_and_remix_name_an_earlier_video(world: World) -> None:
    """C10, C17: the SDK's own methods for them."""
    first = await world.make()

    def work(client: openai.OpenAI) -> list[Any]:
        named = {"video": {"id": first["id"]}}
        return [
            client.videos.edit(prompt="noir", video=openai.omit, extra_body=named),  # type: ignore[arg-type]
            client.videos.extend(
                prompt="on", seconds="4", video=openai.omit, extra_body=named  # type: ignore[arg-type]
            ),
            client.videos.remix(first["id"], prompt="in snow"),
            client.videos.edit(prompt="noir", video=world.engine.reel.read_bytes()),
        ]  # fmt: skip

    made = await using(world, work)

    operations = [video.metadata["operation"] for video in made]
    assert operations == ["edit_video", "video_extend", "edit_video", "edit_video"]
    for video in made:
        await world.end_of(video.id)
    await world.audit()


async def test_a_file_is_uploaded_once_and_named_in_orders(world: World) -> None:
    """C7, C10: ``files.create``, and its id wherever the SDK lets an input through."""
    png, film = picture(), world.engine.reel.read_bytes()

    def work(client: openai.OpenAI) -> dict[str, Any]:
        hour: Any = {"anchor": "created_at", "seconds": 3600}
        image = client.files.create(file=("fox.png", png), purpose="vision", expires_after=hour)
        video = client.files.create(file=film, purpose="video_input")  # type: ignore[arg-type]
        named = {"image": {"file_id": image.id}}
        made: list[Any] = [
            client.videos.create(prompt="it moves", seconds="4", extra_body=named),
            client.videos.create(
                prompt="it moves",
                seconds="4",
                extra_body={"input_reference": {"file_id": image.id}},
            ),
            client.videos.create(
                prompt="both",
                seconds="4",
                extra_body={"images": [{"file_id": image.id}, {"file_id": image.id}]},
            ),
            client.videos.edit(
                prompt="noir",
                video=openai.omit,  # type: ignore[arg-type]
                extra_body={"video": {"file_id": video.id}},
            ),
        ]
        return {
            "image": image,
            "found": client.files.retrieve(image.id),
            "listed": [each.id for each in client.files.list(limit=1)],
            "expected": [video.id, image.id],
            "content": client.files.content(image.id).read(),
            "made": made,
            "deleted": client.files.delete(image.id),
        }

    seen = await using(world, work)

    assert seen["image"].filename == "fox.png"
    assert seen["image"].expires_at == seen["image"].created_at + 3600
    assert seen["found"] == seen["image"]
    assert seen["listed"] == seen["expected"]
    assert seen["content"] == png
    assert seen["deleted"].deleted is True
    operations = [video.metadata["operation"] for video in seen["made"]]
    assert operations == ["image_to_video", "image_to_video", "reference_to_video", "edit_video"]
    for video in seen["made"]:
        assert (await world.end_of(video.id))["status"] == "completed"
    await world.audit()


async def test_refused_files_become_its_own_classes(world: World) -> None:
    """C28."""

    def work(client: openai.OpenAI) -> list[tuple[type[openai.APIStatusError], str | None]]:
        found = []
        for attempt in (
            lambda: client.files.create(file=b"no picture", purpose="vision"),
            lambda: client.files.create(file=picture(), purpose="batch"),
            lambda: client.files.retrieve("file_none"),
            lambda: client.files.delete("file_none"),
        ):
            with pytest.raises(openai.APIStatusError) as refused:
                attempt()
            found.append((type(refused.value), refused.value.param))
        return found

    assert await using(world, work) == [
        (openai.BadRequestError, "file"),
        (openai.BadRequestError, "purpose"),
        (openai.NotFoundError, "id"),
        (openai.NotFoundError, "id"),
    ]


async def test_the_pictures_of_a_video_are_downloaded(world: World) -> None:
    """C26: each variant that the SDK knows."""
    made = await world.make()

    def work(client: openai.OpenAI) -> list[str]:
        return [
            client.videos.download_content(made["id"], variant=variant).response.headers[
                "content-type"
            ]
            for variant in ("video", "thumbnail", "spritesheet")
        ]

    assert await using(world, work) == ["video/mp4", "image/webp", "image/jpeg"]
