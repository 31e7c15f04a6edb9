"""Reading addresses that strangers chose: real servers, and no way inside (C19)."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme
from yarl import URL

from kinetoscope.domain.errors import InputForbidden, InputUnreachable, InvalidOrder, NotAccepting
from kinetoscope.outbound import AT_ONCE, Outbound, anybody_reads
from tests.outbound.strangers import Names, Server, ok, saying, to

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
MOST = 1_000_000


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "fetched"


@pytest.fixture
async def inside() -> AsyncIterator[Outbound]:
    """A client whose operator allows the loopback network."""
    outbound = Outbound(allow=LOOPBACK, timeout_seconds=10)
    yield outbound
    await outbound.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outbound]:
    """A client as it is by default."""
    outbound = Outbound(timeout_seconds=10)
    yield outbound
    await outbound.close()


async def fails(
    outbound: Outbound, url: str, into: Path, kind: type[InvalidOrder] = InvalidOrder
) -> str:
    """Fetch *url*, see it fail as *kind* without leaving a file, and return what was said."""
    with pytest.raises(InvalidOrder) as caught:
        await outbound.fetch(url, into, most_bytes=MOST, param="image")
    assert type(caught.value) is kind
    assert caught.value.param == "image"
    assert not into.exists()
    return caught.value.message


async def test_a_file_is_fetched_whole(inside: Outbound, into: Path) -> None:
    body = bytes(range(256)) * 3000
    async with Server(saying(ok(body))) as server:
        fetched = await inside.fetch(server.url("/a#b"), into, most_bytes=MOST, param="image")

    assert into.read_bytes() == body
    assert (fetched.url, fetched.size) == (server.url("/a"), len(body))
    assert fetched.sha256 == hashlib.sha256(body).hexdigest()
    assert into.stat().st_mode & 0o777 == 0o600
    request = server.heard[0].lower()
    assert b"user-agent: kinetoscope/" in request
    assert b"accept-encoding: identity" in request
    assert b"cookie" not in request


async def test_redirects_are_followed_without_cookies(inside: Outbound, into: Path) -> None:
    async def say(request: bytes, writer: asyncio.StreamWriter) -> None:
        first = to("../b?c=d").replace(b"Content-Length", b"Set-Cookie: a=b\r\nContent-Length")
        writer.write(first if b"GET /a/" in request else ok(b"here"))

    async with Server(say) as server:
        fetched = await inside.fetch(server.url("/a/x"), into, most_bytes=MOST, param="image")

    assert fetched.url == server.url("/b?c=d")
    assert not any(b"cookie" in request.lower() for request in server.heard)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001"),
        *("0177.0.0.1", "127.0.0.1.", "0", "0.0.0.00", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
        *("[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]"),
        *("[fe80::1%25lo]", "169.254.169.254", "[fd00:ec2::254]", "①②⑦.0.0.1", "127。0。0。1"),
        *("localhost", "LOCALHOST", "10.0.0.1", "255.255.255.255"),
    ],
)
async def test_the_inside_is_closed_in_every_notation(
    outside: Outbound, into: Path, host: str
) -> None:
    async with Server(saying(ok(b"secret"))) as server:
        said = await fails(outside, server.url(host=host), into, InputForbidden)

    assert "private or reserved address" in said
    assert server.heard == []


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "127.2", "[::ffff:127.0.0.2]", "[::1]", "inside.example"]
)
async def test_a_redirect_does_not_lead_inside(into: Path, host: str) -> None:
    """Only 127.0.0.1 is allowed, and it sends us on to its neighbours."""
    names = Names(way=[["127.0.0.1"]], inside=[["127.0.0.2", "::1"]])
    outbound = Outbound(allow=[ip_network("127.0.0.1/32")], resolver=names)
    async with Server(saying(to(f"http://{host}/"))) as door:
        said = await fails(outbound, door.url(host="way.example"), into, InputForbidden)
    await outbound.close()

    assert len(door.heard) == 1
    assert "127.0.0.1" not in said


async def test_a_name_that_changes_its_mind_does_not_lead_inside(into: Path) -> None:
    """DNS rebinding: what was checked is what is connected to, and each hop is checked again."""
    names = Names(way=[["127.0.0.1"], ["127.0.0.2"]], back=[["127.0.0.1"], ["127.0.0.2"]])
    outbound = Outbound(allow=[ip_network("127.0.0.1/32")], resolver=names)
    async with Server(saying(ok(b"open"))) as server:
        url = server.url(host="way.example")
        await outbound.fetch(url, into, most_bytes=MOST, param="image")
        assert names.asked == 1
        await fails(outbound, url, into, InputForbidden)
    async with Server(saying(to("/again"))) as server:
        await fails(outbound, server.url(host="back.example"), into, InputForbidden)
    await outbound.close()

    assert len(server.heard) == 1


async def test_of_several_addresses_only_the_allowed_are_tried(into: Path) -> None:
    names = Names(way=[["10.0.0.1", "::1", "169.254.169.254", "127.0.0.1"]])
    outbound = Outbound(allow=[ip_network("127.0.0.1/32")], resolver=names)
    async with Server(saying(ok(b"here"))) as server:
        url = server.url(host="way.example")
        fetched = await outbound.fetch(url, into, most_bytes=MOST, param="image")
    await outbound.close()

    assert fetched.size == 4


async def test_a_name_with_only_forbidden_addresses_is_refused_without_telling_them(
    into: Path,
) -> None:
    outbound = Outbound(resolver=Names(way=[["10.1.2.3", "fd00::1"]]))

    said = await fails(outbound, "http://way.example/", into, InputForbidden)
    await outbound.close()

    assert "way.example" in said
    assert "10.1.2.3" not in said


async def test_a_name_without_an_address_is_unreachable(into: Path) -> None:
    outbound = Outbound(resolver=Names())

    assert "has no address" in await fails(outbound, "http://x.example/", into, InputUnreachable)
    await outbound.close()


@pytest.mark.parametrize(
    "url",
    [
        *("", "image.png", "//host/x", "ftp://host/x", "file:///etc/passwd", "data:,x", "http://"),
        *("http:///x", "gopher://host", "http://host:99999/", "http://[::1"),
        *("http://" + "a" * 2048, "javascript:alert(1)", "http://host:x/", "unix:/run/x"),
    ],
)
async def test_what_is_no_web_address_is_refused(outside: Outbound, into: Path, url: str) -> None:
    assert "http or https address" in await fails(outside, url, into)


@pytest.mark.parametrize("url", ["http://a..b/", "http://a b/", "http://" + "a" * 64 + ".example/"])
async def test_a_name_that_cannot_be_is_refused(outside: Outbound, into: Path, url: str) -> None:
    with pytest.raises(InvalidOrder):
        await outside.fetch(url, into, most_bytes=MOST, param="image")


async def test_a_password_in_an_address_is_refused(outside: Outbound, into: Path) -> None:
    said = await fails(outside, "http://user:secret@host/", into, InputForbidden)

    assert "secret" not in said


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
async def test_another_status_than_200_tells_nothing_of_the_body(
    inside: Outbound, into: Path, status: int
) -> None:
    answer = f"HTTP/1.1 {status} Secret\r\nConnection: close\r\n\r\n".encode()
    answer += b"" if status in {204, 304} else b"secret body"
    async with Server(saying(answer)) as server:
        said = await fails(inside, server.url(), into, InputUnreachable)

    assert f"127.0.0.1 answered {status}" in said
    assert "secret" not in said.lower()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(MOST + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nF4241\r\n" + bytes(MOST + 1),
    ],
)
async def test_too_many_bytes_are_refused(inside: Outbound, into: Path, answer: bytes) -> None:
    async with Server(saying(answer)) as server:
        assert "1,000,000 bytes" in await fails(inside, server.url(), into)


async def test_a_body_without_end_is_cut_off(inside: Outbound, into: Path) -> None:
    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async with Server(say) as server:
        assert "too large" in await fails(inside, server.url(), into)


@pytest.mark.parametrize(
    "drip",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_who_drips_is_left_when_the_time_is_over(into: Path, drip: bytes) -> None:
    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(drip)
        while True:
            writer.write(drip if b"100" in drip or not drip else b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    outbound = Outbound(allow=LOOPBACK, timeout_seconds=0.4)
    async with Server(say) as server:
        assert "in time" in await fails(outbound, server.url(), into, InputUnreachable)
    await outbound.close()


async def test_redirects_without_end_are_not_followed(inside: Outbound, into: Path) -> None:
    async with Server(saying(to("/again"))) as server:
        assert "at most 5 redirects" in await fails(inside, server.url(), into, InputUnreachable)

    assert len(server.heard) == 6


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://host/", "http://u:p@host/", ""])
async def test_a_redirect_to_what_may_not_be_asked_for_is_refused(
    inside: Outbound, into: Path, place: str
) -> None:
    async with Server(saying(to(place))) as server:
        with pytest.raises(InvalidOrder):
            await inside.fetch(server.url(), into, most_bytes=MOST, param="image")

    assert len(server.heard) == 1


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, identity"])
async def test_a_compressed_body_is_refused(inside: Outbound, into: Path, coding: str) -> None:
    async with Server(saying(ok(b"\x1f\x8b" * 9, f"Content-Encoding: {coding}"))) as server:
        assert "compressed" in await fails(inside, server.url(), into, InputUnreachable)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000 + b"\r\n",
    ],
)
async def test_a_broken_answer_is_unreachable(inside: Outbound, into: Path, answer: bytes) -> None:
    async with Server(saying(answer)) as server:
        said = await fails(inside, server.url(), into, InputUnreachable)

    assert "SSH" not in said


async def test_https_needs_a_certificate_and_never_falls_back_to_http(into: Path) -> None:
    authority = trustme.CA()
    serving, trusting = (ssl.create_default_context(kind) for kind in _PURPOSES)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    authority.configure_trust(trusting)
    trusted, strict = Outbound(allow=LOOPBACK, trust=trusting), Outbound(allow=LOOPBACK)
    async with Server(saying(ok(b"plain"))) as plain, Server(saying(ok(b"safe")), serving) as safe:
        fetched = await trusted.fetch(safe.url(), into, most_bytes=MOST, param="image")
        into.unlink()
        untrusted = await fails(strict, safe.url(), into, InputUnreachable)
        async with Server(saying(to(plain.url())), serving) as leading:
            downgraded = await fails(trusted, leading.url(), into, InputForbidden)
    await trusted.close()
    await strict.close()

    assert fetched.size == 4
    assert "certificate" in untrusted
    assert "from https to http" in downgraded
    assert plain.heard == []


_PURPOSES = (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)


async def test_a_proxy_of_the_environment_is_not_asked(
    inside: Outbound, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with Server(saying(ok(b"here"))) as server:
        assert (await inside.fetch(server.url(), into, most_bytes=MOST, param="image")).size == 4


async def test_only_so_many_are_read_at_once(tmp_path: Path) -> None:
    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    outbound = Outbound(allow=LOOPBACK, timeout_seconds=0.5)
    async with Server(say) as server:
        url = server.url()
        held = [
            asyncio.create_task(
                outbound.fetch(url, tmp_path / str(number), most_bytes=MOST, param="image")
            )
            for number in range(3 * AT_ONCE)
        ]
        ended = await asyncio.gather(*held, return_exceptions=True)
    await outbound.close()

    assert {type(error) for error in ended} <= {InputUnreachable, NotAccepting}
    assert sum(isinstance(error, NotAccepting) for error in ended) >= AT_ONCE
    assert len(server.heard) <= 2 * AT_ONCE
    assert list(tmp_path.iterdir()) == []


async def test_who_gives_up_leaves_no_file(inside: Outbound, into: Path) -> None:
    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nsome")
        await asyncio.sleep(60)

    async with Server(say) as server:
        fetching = asyncio.create_task(
            inside.fetch(server.url(), into, most_bytes=MOST, param="image")
        )
        while not into.exists():  # noqa: ASYNC110 - a file cannot be awaited
            await asyncio.sleep(0.01)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching

    assert not into.exists()


@pytest.mark.parametrize(
    "url, place, expected",
    [
        ("https://pictures.example.com/fox.png", "93.184.216.34", True),
        ("https://pictures.example.com/fox.png", "2606:2800:220:1::1", True),
        ("http://pictures.example.com/fox.png", "93.184.216.34", False),
        ("https://pictures.example.com/fox.png", "10.0.0.7", False),
        ("https://pictures.example.com/fox.png", "fe80::1%eth0", False),
        ("https://pictures.example.com/fox.png", "", False),
    ],
)
def test_what_anybody_can_read_is_told_from_what_only_we_can(
    url: str, place: str, *, expected: bool
) -> None:
    """An engine is sent an address only if it finds the same bytes there."""
    assert anybody_reads(URL(url), place) is expected


async def test_what_stands_in_a_network_of_ours_is_not_public(inside: Outbound, into: Path) -> None:
    async with Server(saying(ok(b"x"))) as server:
        fetched = await inside.fetch(server.url(), into, most_bytes=MOST, param="image")

    assert not fetched.public


async def test_a_long_signed_link_is_followed_where_that_is_allowed(into: Path) -> None:
    long = "/" + "x" * 4000
    async with Server(saying(ok(b"x"))) as server:
        patient = Outbound(allow=LOOPBACK, url_characters=8192)
        fetched = await patient.fetch(server.url(long), into, most_bytes=MOST, param="video")
        await patient.close()

    assert fetched.size == 1
