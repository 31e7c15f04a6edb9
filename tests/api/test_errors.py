"""C28: one shape of error and a request id on every route, whatever is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kinetoscope.api.door import STATUS, show_known_error
from kinetoscope.domain.errors import KinetoscopeError, NotAccepting, TooManyRequests
from tests.api.shapes import is_error
from tests.api.test_inputs import data_url
from tests.engines.scripted import Scripted
from tests.films import picture
from tests.patience import PATIENCE
from tests.world import World, open_world

JSON = {"Content-Type": "application/json"}


async def raw(world: World, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are and read the answer to its end."""
    address = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request)
    await writer.drain()
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1]), answer


async def test_routes_that_are_not_there_say_so(world: World) -> None:
    """C28: 404 and 405 included, without a key."""
    no_key = {"Authorization": ""}
    for path in ["/v2", "/v1", "/v1/videos/", "/v1/videos/a/b/c", "/%00", "/" + "x" * 3000, "//"]:
        is_error(await world.ask("GET", path, headers=no_key), 404, "unknown_route")
    for verb, path, allowed in [
        ("PUT", "/v1/videos", "GET, POST"),
        ("PATCH", "/v1/videos/task_x", "DELETE, GET"),
        ("DELETE", "/v1/balance", "GET"),
        ("GET", "/v1/videos/task_x/cancel", "POST"),
        ("OPTIONS", "/v1/video/generations", "POST"),
        ("POST", "/healthz", "GET"),
        ("TRACE", "/v1/pricing", "GET"),
    ]:
        refused = await world.ask(verb, path, headers=no_key)
        message = is_error(refused, 405, "method_not_allowed")
        assert verb in message
        assert set(refused.headers["allow"].split(", ")) >= set(allowed.split(", ")), path


@pytest.mark.parametrize("kind", list(STATUS))
def test_every_error_has_a_status_and_the_one_shape(kind: type[KinetoscopeError]) -> None:
    """C28: 402, 409 and 501 are final, 429 and 503 say when to come back."""
    answer = show_known_error(kind("what is wrong", "field"))
    error = json.loads(bytes(answer.body))["error"]

    assert error["message"] == "what is wrong"
    assert (error["code"], error["param"]) == (kind.code, "field")
    final = answer.headers.get("x-should-retry") == "false"
    assert final == (answer.status_code in (402, 409, 501))
    if kind in (TooManyRequests, NotAccepting):
        assert answer.status_code in (429, 503)
        assert int(answer.headers["retry-after"]) > 0


async def test_bodies_that_are_no_request_are_refused(world: World) -> None:
    """C28: never a 500."""
    for body in [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"a"',
        b"6",
        b"NaN",
        b'{"prompt": "a", "duration": NaN}',
        b'{"prompt": "a", "duration": Infinity}',
        b'{"prompt": "a", "duration": 1e999}',
        b'{"prompt": "a", "duration": ' + b"9" * 5000 + b"}",
        b'{"prompt": "\\ud800", "duration": 6}',
        b'{"prompt": "a\\u0000", "duration": 6}',
        b'{"prompt": "\xff\xfe", "duration": 6}',
        b'{"\\ud800": 1, "prompt": "", "duration": 6}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"prompt": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"prompt": "a", "model": "\\u0000", "duration": "x"}',
        "{}".encode("utf-16"),
        b"\x1f\x8b\x08\x00",
    ]:
        refused = await world.ask("POST", "/v1/videos", data=body, headers=JSON)
        is_error(refused, 400)
    unknown = b'{"prompt": "a", "duration": 6, "model": "\\u0000\xf0\x9f\xa6\x8a"}'
    is_error(await world.ask("POST", "/v1/videos", data=unknown, headers=JSON), 404)
    odd = b'{"prompt": "\xf0\x9f\xa6\x8a", "duration": 6, "\\u0000": 1}'
    accepted = await world.ask("POST", "/v1/videos", data=odd, headers=JSON)
    assert accepted.json["metadata"]["ignored"] == ["\0"]


@pytest.mark.parametrize("value", [5, True, 1.5, [], [[]], {}, {"a": {}}, "\0", "x" * 200_000])
async def test_a_field_of_any_other_kind_is_never_a_failure(world: World, value: object) -> None:
    """C28."""
    for field in [
        "model", "prompt", "size", "aspect_ratio", "operation", "duration", "seconds", "image",
        "images", "image_url", "image_urls", "input_reference", "reference_images", "video",
        "videos", "input_video_seconds", "seed", "generate_audio", "extra_body",
    ]:  # fmt: skip
        body = {"prompt": "a", "duration": 6, field: value}
        answer = await world.ask("POST", "/v1/videos/quote", json=body)
        assert answer.status in (200, 400, 404), (field, answer.body[:200])
        if answer.status != 200:
            is_error(answer, answer.status)


async def test_a_body_over_the_limit_is_refused_by_its_length(world: World) -> None:
    """C28: 413 before it is sent."""
    head = f"Authorization: Bearer {world.alice.secret}\r\nConnection: close\r\n"
    size = (150 << 20) + 1
    request = f"POST /v1/videos HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {size}\r\n\r\n"

    status, answer = await raw(world, request.encode())

    assert status == 413
    assert b'"code":"too_large"' in answer
    assert b"x-request-id: req_" in answer


async def test_chunked_bodies_are_read(world: World) -> None:
    """C7: Node's streams announce no length."""

    async def chunks() -> AsyncIterator[bytes]:
        for piece in (b'{"prompt": "a', b' fox", ', b'"duration": 6}'):
            yield piece

    answer = await world.ask("POST", "/v1/videos", data=chunks(), headers=JSON)

    assert answer.status == 200, answer.body


async def test_lengths_and_hosts_that_lie_break_nothing(world: World) -> None:
    """C28: the connection may end, the service goes on."""
    head = f"Authorization: Bearer {world.alice.secret}\r\nConnection: close\r\n"
    made = (await world.make(duration=1))["id"]
    for host in ("[", "a b", "x:99999999", "", "%00", "é"):
        for path in ("/nowhere", f"/v1/videos/{made}", "/v1/videos"):
            request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n"
            status, answer = await raw(world, request.encode())
            assert status in (200, 400, 404), (host, path, answer)
    for length in ("3", "99999999999999999999", "-1", "x"):
        request = f"POST /v1/videos HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {length}\r\n\r\n"
        status, _ = await raw(world, request.encode() + b'{"prompt": "a"}')
        assert status in (400, 413), length

    address = urlsplit(world.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"POST /v1/videos HTTP/1.1\r\nHost: x\r\n{head}".encode())
    writer.write(b'Content-Length: 500\r\n\r\n{"prompt":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await world.ask("GET", "/v1/balance")).json["held"] == "0.00"


async def test_a_store_that_is_away_is_said_to_be(tmp_path: Path, engine: Scripted) -> None:
    """C28, C35: 503 with Retry-After, and nothing is charged."""
    async with open_world(tmp_path / "home", engine) as world:
        await world.open("alice", "10")
        (world.home / "assets").rename(world.home / "away")

        refused = await world.post(image=data_url(picture()))

        is_error(refused, 503, "service_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        (world.home / "away").rename(world.home / "assets")
        assert (await world.ask("GET", "/v1/balance")).json["held"] == "0.00"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"BREW /pot HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"hello\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_the_one_shape_too(world: World, rubbish: bytes) -> None:
    """C28: with a request id, and no stack trace."""
    status, answer = await raw(world, rubbish)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert status == 400
    assert b"x-request-id: req_" in head
    assert json.loads(body)["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/videos",
        "/v1/files",
        "/v1/ledger",
        "/v1/webhook_endpoints",
        "/v1/webhook_endpoints/a/deliveries",
    ],
)
async def test_a_stranger_is_asked_for_a_key_before_anything_else(world: World, path: str) -> None:
    """C5: what is wrong with the query is for those who may ask."""
    unknown = {"Authorization": "Bearer sk-unknown"}

    answer = await world.ask("GET", f"{path}?limit=0&after=%20", headers=unknown)

    is_error(answer, 401)
