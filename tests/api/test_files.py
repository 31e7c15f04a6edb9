"""Files are uploaded once, checked as inputs are, and seen by their own account alone."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.api import upload
from kinetoscope.domain.file import MOST_SECONDS, Shelf
from kinetoscope.service import Gateway, file_key
from kinetoscope.service.sweep import sweep
from tests.api.shapes import is_error
from tests.api.uploads import send
from tests.engines.scripted import Scripted
from tests.films import film, picture
from tests.patience import eventually
from tests.world import Answer, World, open_world

DAY = 24 * 3600


async def raw(world: World, body: bytes, kind: str = "multipart/form-data; boundary=b") -> Answer:
    return await world.ask("POST", "/v1/files", data=body, headers={"Content-Type": kind})


async def nothing_is_kept(world: World) -> None:
    """Check that there is no file, no row, and nothing on its way."""
    assert (await world.ask("GET", "/v1/files")).json["data"] == []
    assert await world.gateway.store.keys("files") == []
    assert list(world.gateway.work.glob("in_*")) == []


async def test_a_file_is_kept_shown_listed_sent_and_deleted(world: World) -> None:
    image, video = picture(), world.engine.reel.read_bytes()
    first = (await send(world, image, purpose="vision")).json
    second = (await send(world, video, name="/tmp/ä b.mp4", purpose="video_input")).json

    assert first["object"] == "file"
    assert (first["bytes"], first["filename"]) == (len(image), "fox.png")
    assert (first["purpose"], first["status"]) == ("vision", "processed")
    assert first["expires_at"] == first["created_at"] + MOST_SECONDS
    assert first["metadata"]["media_type"] == "image/png"
    assert second["filename"] == "ä b.mp4"
    assert (second["metadata"]["width"], second["metadata"]["seconds"]) == (128, 6.0)

    listed = (await world.ask("GET", "/v1/files")).json
    assert listed["data"] == [second, first]
    assert (listed["first_id"], listed["last_id"]) == (second["id"], first["id"])
    page = (await world.ask("GET", f"/v1/files?limit=1&after={second['id']}")).json
    assert (page["data"], page["has_more"]) == ([first], False)
    assert (await world.ask("GET", "/v1/files?purpose=vision")).json["data"] == [first]
    assert (await world.ask("GET", f"/v1/files/{first['id']}")).json == first

    path = f"/v1/files/{second['id']}/content"
    whole = await world.ask("GET", path)
    assert (whole.body, whole.headers["content-type"]) == (video, "video/mp4")
    assert whole.headers["content-disposition"] == "inline; filename*=utf-8''%C3%A4%20b.mp4"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = await world.ask("GET", path, headers={"Range": "bytes=5-8"})
    assert (part.status, part.body) == (206, video[5:9])
    known = await world.ask("GET", path, headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status, known.body) == (304, b"")
    assert (await world.ask("HEAD", path)).headers["content-length"] == str(len(video))

    gone = await world.ask("DELETE", f"/v1/files/{second['id']}")
    assert gone.json == {"id": second["id"], "object": "file", "deleted": True}
    for verb, tail in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        is_error(await world.ask(verb, f"/v1/files/{second['id']}{tail}"), 404, "not_found")
    assert await world.gateway.store.keys("files") == [file_key(first["id"])]


async def test_another_account_sees_nothing_of_it(world: World) -> None:
    """C5: 404, never 403."""
    file = (await send(world, picture())).json["id"]

    for verb, tail in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        answer = await world.ask(verb, f"/v1/files/{file}{tail}", world.charlie)
        is_error(answer, 404, "not_found")
    assert (await world.ask("GET", "/v1/files", world.charlie)).json["data"] == []
    wrong = {"Authorization": "Bearer sk-wrong"}
    is_error(await world.ask("GET", f"/v1/files/{file}", headers=wrong), 401)
    is_error(await world.ask("POST", "/v1/files", headers=wrong, data=b"x"), 401)
    assert (await world.ask("GET", f"/v1/files/{file}")).status == 200


@pytest.mark.parametrize("file", ["file_none", "file-abc", "..%2F..", "%00", "x" * 200, "task_1"])
async def test_what_is_no_id_is_not_found(world: World, file: str) -> None:
    is_error(await world.ask("GET", f"/v1/files/{file}"), 404)
    is_error(await world.ask("DELETE", f"/v1/files/{file}"), 404)


async def test_what_could_be_no_input_is_not_kept(world: World, tmp_path: Path) -> None:
    """C19."""
    cases = [
        (b"", "empty"),
        (b"no picture at all", "of no kind"),
        (picture("GIF"), "image/gif"),
        (picture()[:60], "damaged"),
        (b"PK\x03\x04" * 20, "application/zip"),
        (b"<html><script>" * 9, "text/html"),
        (world.engine.reel.read_bytes()[:900], "damaged"),
        (film(tmp_path / "16.mp4", 16, 64, 64).read_bytes(), "at most 15"),
        (picture("PNG") + bytes(10 * 2**20), "10 MiB"),
    ]
    for content, said in cases:
        refused = await send(world, content)
        assert said in is_error(refused, 400, "invalid_request")
        assert refused.json["error"]["param"] == "file"
    await nothing_is_kept(world)


async def test_fields_beside_the_file_are_read_strictly(world: World) -> None:
    image = picture()
    day = {"expires_after__anchor": "created_at", "expires_after__seconds": "3600"}
    kept = (await send(world, image, None, **day)).json
    assert kept["expires_at"] == kept["created_at"] + 3600
    await world.ask("DELETE", f"/v1/files/{kept['id']}")

    cases: list[tuple[dict[str, str], str]] = [
        ({"purpose": "fine-tune"}, "purpose"),
        ({"purpose": ""}, "purpose"),
        ({**day, "expires_after__anchor": "last_active_at"}, "expires_after[anchor]"),
        ({**day, "expires_after__seconds": "3599"}, "expires_after[seconds]"),
        ({**day, "expires_after__seconds": "2592001"}, "expires_after[seconds]"),
        ({**day, "expires_after__seconds": "-1"}, "expires_after[seconds]"),
        ({"expires_after__anchor": "created_at"}, "expires_after[seconds]"),
    ]
    for fields, param in cases:
        refused = await send(world, image, None, **fields)
        is_error(refused, 400, "invalid_request")
        assert refused.json["error"]["param"] == param
    for query in ("limit=0", "limit=10001", "limit=x", "order=up", "after=-", "purpose=x"):
        is_error(await world.ask("GET", f"/v1/files?{query}"), 400)
    await nothing_is_kept(world)


def part(name: str, content: bytes, filename: str | None = "a") -> bytes:
    also = "" if filename is None else f'; filename="{filename}"'
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{also}\r\n\r\n'
    return head.encode() + content + b"\r\n"


@pytest.mark.parametrize(
    "body,status",
    [
        (b"", 400),
        (b"--b--\r\n", 400),
        (b"rubbish", 400),
        (part("file", b"x"), 400),
        (part("picture", picture()) + b"--b--\r\n", 400),
        (part("file", picture()) + part("file", picture()) + b"--b--\r\n", 400),
        (part("purpose", b"p" * 5000, None) + part("file", b"x") + b"--b--\r\n", 400),
        (part("x", b"", None) * 21 + b"--b--\r\n", 400),
        (b'--b\r\nContent-Disposition: form-data; name="file"; ' + b"x" * 9000, 400),
    ],
)
async def test_a_form_that_is_none_is_refused(world: World, body: bytes, status: int) -> None:
    is_error(await raw(world, body), status)
    await nothing_is_kept(world)


async def test_only_a_form_will_do(world: World) -> None:
    is_error(await raw(world, b"{}", "application/json"), 415, "unsupported_media_type")
    is_error(await raw(world, b"{}", ""), 415)
    is_error(await raw(world, b"--b--", "multipart/form-data"), 400)
    is_error(await raw(world, b"--b--", f"multipart/form-data; boundary={'b' * 999}"), 400)


async def test_the_name_of_a_file_cannot_do_harm(world: World) -> None:
    names = {
        "../../etc/passwd": "passwd",
        "C:\\Users\\fox.png": "fox.png",
        "a\0b\x07.png": "ab.png",
        "": "upload",
        "n" * 300: "n" * 255,
    }
    for name, shown in names.items():
        body = part("file", picture(), name.replace("\\", "\\\\")) + b"--b--\r\n"
        kept = await raw(world, body)
        assert kept.status == 200, kept.body
        assert kept.json["filename"] == shown
        sent = await world.ask("GET", f"/v1/files/{kept.json['id']}/content")
        assert sent.body == picture()


async def test_more_than_100_mib_is_cut_off(world: World) -> None:
    large = 100 * 2**20 + 1

    async def body() -> AsyncIterator[bytes]:
        yield part("file", b"")[:-2]
        for _ in range(large // 2**20 + 1):
            yield bytes(2**20)

    refused = await world.ask(
        "POST",
        "/v1/files",
        data=body(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )

    assert "100 MiB" in is_error(refused, 413, "too_large")
    await nothing_is_kept(world)


async def test_an_upload_that_is_cut_off_leaves_nothing(world: World) -> None:
    host, port = world.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.alice.secret}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"
    )
    writer.write(head.encode() + part("file", b"")[:-2] + bytes(3 * 2**20))
    await writer.drain()
    work = world.gateway.work
    await eventually(lambda: any(each.stat().st_size for each in work.glob("in_*/file")))

    writer.transport.abort()

    await eventually(lambda: not list(work.glob("in_*")))
    await nothing_is_kept(world)


@contextmanager
def disk_that_is_full_after(size: int) -> Iterator[None]:
    """Let the kernel refuse to write past *size* bytes of a file, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


async def test_a_full_disk_is_said_and_leaves_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with disk_that_is_full_after(2 * upload._GULP):
        refused = await send(world, picture() + os.urandom(5 * 2**20))

    assert "no room" in is_error(refused, 503, "service_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    await nothing_is_kept(world)


async def test_an_account_keeps_so_many_files_and_no_more(tmp_path: Path, engine: Scripted) -> None:
    size = len(picture())

    def small(gateway: Gateway) -> Gateway:
        shelf = Shelf(files=3, size=2 * size + 10)
        return replace(gateway, rules=replace(gateway.rules, shelf=shelf))

    async with open_world(tmp_path / "home", engine, change=small) as world:
        await world.open("alice", "10")
        await world.open("charlie", "10")
        kept = [(await send(world, picture())).json["id"] for _ in range(2)]

        refused = await send(world, picture())
        assert f"{2 * size + 10} are allowed" in is_error(refused, 409, "files_full")
        assert refused.headers["x-should-retry"] == "false"
        assert await world.gateway.store.keys("files") == sorted(map(file_key, kept))
        assert (await send(world, picture(), world.charlie)).status == 200
        await world.ask("DELETE", f"/v1/files/{kept[0]}")
        assert (await send(world, picture())).status == 200


async def test_a_file_goes_when_its_time_is_up(world: World) -> None:
    hour = {"expires_after__anchor": "created_at", "expires_after__seconds": "3600"}
    short = (await send(world, picture(), None, **hour)).json["id"]
    long = (await send(world, picture())).json["id"]
    await sweep(world.gateway)
    assert (await world.ask("GET", f"/v1/files/{short}")).status == 200

    world.clock.skip(3601)
    is_error(await world.ask("GET", f"/v1/files/{short}"), 404)
    is_error(await world.ask("GET", f"/v1/files/{short}/content"), 404)
    await sweep(world.gateway)
    assert await world.gateway.store.keys("files") == [file_key(long)]

    world.clock.skip(MOST_SECONDS)
    await sweep(world.gateway)
    await nothing_is_kept(world)


async def test_a_lost_file_is_our_fault_in_the_one_shape(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    file = (await send(world, picture())).json["id"]
    await world.gateway.store.delete(file_key(file))

    is_error(await world.ask("GET", f"/v1/files/{file}/content"), 500, "internal_error")
    refused = await world.post(image={"file_id": file})
    assert "does not exist" in is_error(refused, 400)


async def test_what_a_killed_process_had_on_its_way_is_removed(world: World) -> None:
    folder = world.gateway.work / "in_00000000000000000000000000000000"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(b"x")
    fresh: Any = (await send(world, picture())).json["id"].replace("file", "in")
    (world.gateway.work / fresh).mkdir()

    await sweep(world.gateway)

    assert [each.name for each in world.gateway.work.glob("in_*")] == [fresh]
