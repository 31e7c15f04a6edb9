"""The thumbnail and the spritesheet of a video: made once, kept beside it, gone with it (C42)."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kinetoscope.assets.stills import Still
from kinetoscope.db import tasks
from kinetoscope.service import stills_key, video_key
from kinetoscope.service.stills import Stills, still_key
from kinetoscope.service.sweep import sweep
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import World, open_world

DAY = 24 * 3600
VARIANTS = [("thumbnail", "image/webp", (128, 72)), ("spritesheet", "image/jpeg", (1280, 360))]


@pytest.mark.parametrize("variant,media_type,size", VARIANTS)
async def test_a_still_is_sent_whole_in_parts_or_not_again(
    world: World, variant: str, media_type: str, size: tuple[int, int]
) -> None:
    task = (await world.make())["id"]
    path = f"/v1/videos/{task}/content?variant={variant}"

    head = await world.ask("HEAD", path)
    whole = await world.ask("GET", path)

    assert (whole.status, whole.headers["content-type"]) == (200, media_type)
    assert Image.open(io.BytesIO(whole.body)).size == size
    assert int(whole.headers["content-length"]) == len(whole.body)
    assert (head.body, head.headers["content-length"]) == (b"", str(len(whole.body)))
    assert f"{task}-{variant}." in whole.headers["content-disposition"]
    etag = whole.headers["etag"]
    assert etag != (await world.ask("HEAD", f"/v1/videos/{task}/content")).headers["etag"]
    same = await world.ask("GET", path, headers={"If-None-Match": etag})
    assert (same.status, same.body) == (304, b"")
    part = await world.ask("GET", path, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, whole.body[:4])
    assert await world.gateway.store.keys("stills") == [still_key(task, Still(variant))]


async def test_the_header_says_how_a_spritesheet_is_laid_out(world: World) -> None:
    task = (await world.make())["id"]

    sheet = await world.ask("HEAD", f"/v1/videos/{task}/content?variant=spritesheet")

    said = "frames=6; columns=4; rows=2; width=320; height=180; interval=1.000"
    assert sheet.headers["x-spritesheet"] == said
    assert "x-spritesheet" not in (await world.ask("HEAD", f"/v1/videos/{task}/content")).headers


async def test_a_link_to_a_video_shows_its_thumbnail_as_well(world: World) -> None:
    made = await world.make()
    link = made["metadata"]["thumbnail_url"]
    assert link == f"{made['url']}&variant=thumbnail"
    assert world.session is not None

    async with world.session.get(link) as answer:
        assert (answer.status, answer.content_type) == (200, "image/webp")
    async with world.session.get(link.replace("signature=", "signature=0")) as answer:
        assert answer.status == 401
    async with world.session.get(made["url"] + "&variant=poster") as answer:
        assert answer.status == 400


async def test_a_thumbnail_may_begin_another_video_and_is_none_itself(world: World) -> None:
    """C10: the link is an address like any other, though the video's own is known as ours."""
    link = (await world.make())["metadata"]["thumbnail_url"]

    task = await world.make(image=link)
    _, inputs = world.engine.orders[task["id"]]
    refused = await world.post(video=link)

    assert [each.media_type for each in inputs.images] == ["image/webp"]
    assert "image/webp" in is_error(refused, 400)


async def test_another_account_sees_no_still(world: World) -> None:
    """C5."""
    path = f"/v1/videos/{(await world.make())['id']}/content?variant=thumbnail"

    is_error(await world.ask("GET", path, world.charlie), 404, "not_found")

    assert await world.gateway.store.keys("stills") == []


async def test_many_at_once_make_it_once(world: World) -> None:
    task = (await world.make())["id"]
    saved: list[str] = []
    store = world.gateway.store
    save = store.save

    async def counted(key: str, source: Path, *, move: bool = False) -> Any:
        saved.append(key)
        return await save(key, source, move=move)

    store.save = counted  # type: ignore[method-assign]
    path = f"/v1/videos/{task}/content?variant=thumbnail"
    found = await asyncio.gather(*(world.ask("GET", path) for _ in range(8)))

    assert {each.status for each in found} == {200}
    assert len({each.body for each in found}) == 1
    assert saved == [still_key(task, Still.THUMBNAIL)]
    assert list(world.gateway.work.glob("still_*")) == []


async def test_what_is_not_ready_has_no_still(world: World) -> None:
    """C26: the same errors as the video's."""
    world.engine.wait()
    task = (await world.post()).json["id"]

    early = await world.ask("GET", f"/v1/videos/{task}/content?variant=thumbnail")

    is_error(early, 400, "video_not_ready")


@pytest.mark.parametrize("variant", ["thumbnail", "spritesheet"])
@pytest.mark.parametrize("damage", ["missing", "rubbish", "cut"])
async def test_a_lost_or_damaged_video_is_our_fault_in_the_one_shape(
    world: World, variant: str, damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """C28."""
    task = (await world.make())["id"]
    content = (await world.ask("GET", f"/v1/videos/{task}/content")).body
    await world.gateway.store.delete(video_key(task))
    if damage != "missing":
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(content[:700] if damage == "cut" else b"rubbish" * 100)
        await world.gateway.store.save(video_key(task), broken)

    answer = await world.ask("GET", f"/v1/videos/{task}/content?variant={variant}")

    message = is_error(answer, 500, "internal_error")
    assert str(world.home) not in message
    assert await world.gateway.store.keys("stills") == []


async def test_deleting_a_video_deletes_its_stills(world: World) -> None:
    """C42."""
    task = (await world.make())["id"]
    for variant, _, _ in VARIANTS:
        await world.ask("GET", f"/v1/videos/{task}/content?variant={variant}")
    assert len(await world.gateway.store.keys("stills")) == 2

    await world.ask("DELETE", f"/v1/videos/{task}")

    assert await world.gateway.store.keys("stills") == []
    assert await world.gateway.store.keys("videos") == []
    is_error(await world.ask("GET", f"/v1/videos/{task}/content?variant=thumbnail"), 404)


async def test_stills_go_with_a_video_past_its_retention(tmp_path: Path, engine: Scripted) -> None:
    async with open_world(tmp_path / "home", engine, retention_days=1) as world:
        await world.open("alice", "10")
        task = (await world.make())["id"]
        path = f"/v1/videos/{task}/content?variant=thumbnail"
        assert (await world.ask("GET", path)).status == 200

        world.clock.skip(DAY + 1)
        is_error(await world.ask("GET", path), 410, "video_expired")
        await sweep(world.gateway)

        assert await world.gateway.store.keys("stills") == []


async def test_a_deletion_that_was_interrupted_is_finished_by_the_sweep(world: World) -> None:
    """A process dies between the row and the files."""
    task = (await world.make())["id"]
    await world.ask("GET", f"/v1/videos/{task}/content?variant=thumbnail")
    now = int(world.clock())
    await world.gateway.db.write(lambda conn: tasks.delete_result(conn, task, now))
    assert await world.gateway.store.keys("videos") == [video_key(task)]

    await sweep(world.gateway)

    assert await world.gateway.store.keys("videos") == []
    assert await world.gateway.store.keys("stills") == []
    assert (await world.gateway.db.read(lambda conn: tasks.find(conn, task))).dropped


async def test_a_still_of_what_was_deleted_meanwhile_does_not_stay(world: World) -> None:
    task_id = (await world.make())["id"]
    task = await world.gateway.db.read(lambda conn: tasks.find(conn, task_id))
    now = int(world.clock())
    await world.gateway.db.write(lambda conn: tasks.delete_result(conn, task_id, now))

    await Stills(world.gateway).size(task, Still.THUMBNAIL)

    assert await world.gateway.store.keys(stills_key(task_id)) == []
