"""C3, C26, C27: the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetoscope.service import video_key
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import World, open_world


async def test_the_file_is_sent_whole_in_parts_or_not_again(world: World) -> None:
    """C3, C26."""
    path = f"/v1/videos/{(await world.make())['id']}/content"
    whole = await world.ask("GET", path)
    size, film = len(whole.body), whole.body

    assert whole.status == 200
    assert film == world.engine.reel.read_bytes()
    assert film.index(b"moov") < film.index(b"mdat")
    assert whole.headers["content-type"] == "video/mp4"
    assert int(whole.headers["content-length"]) == size
    assert whole.headers["accept-ranges"] == "bytes"
    assert ".mp4" in whole.headers["content-disposition"]
    etag = whole.headers["etag"]

    head = await world.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == size
    assert head.headers["etag"] == etag

    for asked, start, stop in [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, size),
        ("bytes=-10", size - 10, size),
        (f"bytes=0-{size * 9}", 0, size),
        (f"bytes=-{size * 9}", 0, size),
        (f"bytes={size - 1}-", size - 1, size),
    ]:
        part = await world.ask("GET", path, headers={"Range": asked})
        assert (part.status, part.body) == (206, film[start:stop]), asked
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"

    for asked in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0"):
        beyond = await world.ask("GET", path, headers={"Range": asked})
        is_error(beyond, 416)
        assert beyond.headers["content-range"] == f"bytes */{size}"

    for asked in ("bytes=", "bytes=-", "pages=1-2", "bytes=a-b", "bytes=0-1,4-5", "bytes=٣-"):
        unread = await world.ask("GET", path, headers={"Range": asked})
        assert unread.status == 200, asked

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = await world.ask("GET", path, headers={"If-None-Match": known})
        assert (same.status, same.body) == (304, b""), known
    assert (await world.ask("GET", path, headers={"If-None-Match": '"other"'})).status == 200
    changed = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert (await world.ask("GET", path, headers=changed)).status == 200
    for variant in ("poster", "", "Thumbnail"):
        is_error(await world.ask("GET", f"{path}?variant={variant}"), 400)


async def test_a_video_that_is_not_ready_says_when_to_ask_again(world: World) -> None:
    """C26: 400 and not 409, which the SDKs would repeat."""
    world.engine.wait()
    accepted = await world.post()

    early = await world.ask("GET", f"/v1/videos/{accepted.json['id']}/content")

    is_error(early, 400, "video_not_ready")
    assert int(early.headers["retry-after"]) > 0


async def test_a_video_is_gone_after_its_retention(tmp_path: Path, engine: Scripted) -> None:
    """C22, C26: 410, and it is no input any more."""
    async with open_world(tmp_path / "home", engine, retention_days=1) as world:
        await world.open("alice", "10")
        task = await world.make()
        assert task["expires_at"] == task["completed_at"] + 86400

        world.clock.skip(86401)

        path = f"/v1/videos/{task['id']}/content"
        is_error(await world.ask("GET", path), 410, "video_expired")
        refused = await world.post(duration=..., video={"id": task["id"]})
        assert "expired" in is_error(refused, 400)


async def test_a_lost_file_is_our_fault_in_the_one_shape(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """C28: no half answer, no stack trace."""
    task = await world.make()
    await world.gateway.store.delete(video_key(task["id"]))

    is_error(await world.ask("GET", f"/v1/videos/{task['id']}/content"), 500, "internal_error")
