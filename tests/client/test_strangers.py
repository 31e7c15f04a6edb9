"""What both clients do with servers that are ill, hostile, or somebody else's."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.client import (
    ClientError,
    Damaged,
    ServiceError,
    Unreachable,
    Unreadable,
    VideoFailed,
)
from kinetoscope.client.answers import Body
from kinetoscope.client.connection import FAULTS
from kinetoscope.client.orders import Request
from tests.client.hands import KINDS, hands
from tests.client.strangers import FILM, Stranger, answer, refused, said, silence, video

pytestmark = pytest.mark.parametrize("kind", KINDS)
Kind = Any
HTML = b"<html>It works!</html>"
AT_ONCE = "Retry-After: 0"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"


async def without_end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    while not writer.is_closing():
        writer.write(b" " * (1 << 20))
        await writer.drain()


async def test_an_order_is_sent_again_with_the_same_key(kind: Kind) -> None:
    says = (refused(503, AT_ONCE), CUT, answer(502, HTML, AT_ONCE), said(video()))
    async with Stranger(*says) as stranger, hands(kind, stranger.url) as client:
        made = await client("create", "a fox", duration=1)

    keys = stranger.told("idempotency-key")
    assert made.id == "task_1"
    assert len(keys) == 4
    assert len(set(keys)) == 1


async def test_an_upload_is_sent_again_whole(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"fox" * 1000)
    async with (
        Stranger(refused(503, AT_ONCE), said(video())) as stranger,
        hands(kind, stranger.url) as client,
    ):
        await client("create", "a fox", images=[path, b"bear" * 1000])

    first, second = stranger.told("content-length")
    assert first == second
    assert int(first) > 7000


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 410, 413])
async def test_what_is_final_is_asked_once(kind: Kind, status: int) -> None:
    async with Stranger(refused(status)) as stranger, hands(kind, stranger.url) as client:
        with pytest.raises(ServiceError, match=r"it went wrong \(so\)") as error:
            await client("get", "task_1")

    assert error.value.status == status
    assert len(stranger.heard) == 1


@pytest.mark.parametrize(
    "status, header",
    [(500, "X-Should-Retry: false"), (429, "Retry-After: 500"), (503, "Retry-After: 1e9")],
)
async def test_what_the_service_says_is_no_use_is_asked_once(
    kind: Kind, status: int, header: str
) -> None:
    async with Stranger(refused(status, header)) as stranger, hands(kind, stranger.url) as client:
        with pytest.raises(ServiceError):
            await client("create", "a fox", duration=1)

    assert len(stranger.heard) == 1


@pytest.mark.parametrize(
    "status, headers",
    [(429, ()), (500, ()), (409, ("X-Should-Retry: true",)), (503, ()), (408, ())],
)
async def test_what_passes_is_asked_again_but_not_for_ever(
    kind: Kind, status: int, headers: tuple[str, ...]
) -> None:
    ill = refused(status, AT_ONCE, *headers)
    async with Stranger(ill) as stranger, hands(kind, stranger.url, retries=3) as client:
        with pytest.raises(ServiceError):
            await client("balance")

    assert len(stranger.heard) == 4


@pytest.mark.parametrize(
    "says, error, words",
    [
        (answer(200, HTML), Unreadable, "not as Kinetoscope does; check the address"),
        (answer(200, b""), Unreadable, "check the address"),
        (said([]), Unreadable, "check the address"),
        (said({"id": "x"}), Unreadable, "check the address"),
        (said(video(metadata=3)), Unreadable, "check the address"),
        (answer(200, b"[" * 200_000), Unreadable, "check the address"),
        (answer(200, b"\xff\xfe"), Unreadable, "check the address"),
        (answer(404, HTML), ServiceError, r"no Kinetoscope at this address \(HTTP 404\)"),
        (answer(404, b'{"detail": "Not Found"}'), ServiceError, "no Kinetoscope"),
        (answer(404, b'{"error": "x"}'), ServiceError, "no Kinetoscope"),
        (answer(502, HTML, AT_ONCE), ServiceError, "what stands before the service"),
        (answer(302, b"", "Location: http://x.test/"), Unreadable, "sends on to http://x.test/"),
        (without_end, Unreadable, "longer than"),
    ],
)
async def test_whoever_is_no_kinetoscope_is_told_by_what_it_says(
    kind: Kind, says: Any, error: type[ClientError], words: str
) -> None:
    async with Stranger(says) as stranger, hands(kind, stranger.url, retries=1) as client:
        with pytest.raises(error, match=words):
            await client("get", "task_1")


@pytest.mark.parametrize("says", [silence, CUT, b"", b"SSH-2.0-OpenSSH\r\n"])
async def test_whoever_does_not_answer_is_not_waited_for(kind: Kind, says: Any) -> None:
    async with (
        Stranger(says) as stranger,
        hands(kind, stranger.url, timeout=0.2, retries=1) as client,
    ):
        with pytest.raises(Unreachable, match=f"the service at {stranger.url} does not answer"):
            await client("get", "task_1")


async def test_where_nobody_listens_an_order_is_given_up_soon(kind: Kind) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with hands(kind, f"http://127.0.0.1:{unused.getsockname()[1]}") as client:
            with pytest.raises(Unreachable, match="does not answer"):
                await client("create", "a fox", duration=1)


async def test_a_film_that_is_cut_off_is_fetched_again(kind: Kind, tmp_path: Path) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi"
    says = (said(video()), cut, answer(200, FILM))
    async with Stranger(*says) as stranger, hands(kind, stranger.url) as client:
        path = await client("download", "task_1", tmp_path / "fox.mp4")

    assert path.read_bytes() == FILM
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "says, error",
    [
        (answer(200, b"FILM"), Damaged),
        (answer(200, b"film and more"), Unreadable),
        (answer(200, b"fil"), Damaged),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi", Unreachable),
        (refused(410), ServiceError),
        (answer(206, FILM), Damaged),
    ],
)
async def test_of_a_damaged_film_nothing_is_kept(
    kind: Kind, says: bytes, error: type[ClientError], tmp_path: Path
) -> None:
    target = tmp_path / "fox.mp4"
    target.write_bytes(b"an older one")
    async with (
        Stranger(said(video()), says) as stranger,
        hands(kind, stranger.url, retries=1) as client,
    ):
        with pytest.raises(error):
            await client("download", "task_1", target)

    assert target.read_bytes() == b"an older one"
    assert list(tmp_path.iterdir()) == [target]


async def test_a_list_that_goes_round_in_a_circle_is_left(kind: Kind) -> None:
    page = {"data": [video()], "has_more": True, "last_id": "task_1"}
    async with Stranger(said(page)) as stranger, hands(kind, stranger.url) as client:
        with pytest.raises(Unreadable, match="in a circle"):
            await client.all()


async def test_it_looks_as_often_as_it_is_told(kind: Kind) -> None:
    running = video(status="in_progress", progress=5)
    ended = said(video())
    says = (said(running, 200, "openai-poll-after-ms: 60"), ended)
    async with Stranger(*says) as stranger, hands(kind, stranger.url) as client:
        made = await client("wait", "task_1")

    assert made.status == "completed"
    assert len(stranger.heard) == 2


async def test_a_failure_without_a_reason_is_one(kind: Kind) -> None:
    async with (
        Stranger(said(video(status="failed"))) as stranger,
        hands(kind, stranger.url) as client,
    ):
        with pytest.raises(VideoFailed, match="no reason was given"):
            await client("wait", "task_1")


async def test_an_answer_that_drips_is_not_waited_for(kind: Kind) -> None:
    body = Body(Request("GET", "/", seconds=0), None)

    with pytest.raises(FAULTS, match="too long"):
        body.add(b"x")


@pytest.mark.parametrize("told", ["-5", "nan", "inf", "soon", "1e400"])
async def test_an_absurd_time_to_look_again_is_not_believed(kind: Kind, told: str) -> None:
    says = said(video(), 200, f"openai-poll-after-ms: {told}")
    async with Stranger(says) as stranger, hands(kind, stranger.url) as client:
        seen = await client("get", "task_1")

    assert 0.05 <= seen.poll_after <= 60
