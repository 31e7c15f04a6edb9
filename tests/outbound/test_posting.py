"""Telling addresses that strangers chose: nothing inside is told, nor anybody in the clear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from kinetoscope.domain.errors import InputForbidden, InputUnreachable, InvalidOrder
from kinetoscope.outbound import Outbound
from tests.outbound.strangers import Names, Server, ok, saying, to

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture
async def inside() -> AsyncIterator[Outbound]:
    """A client whose operator allows the loopback network."""
    outbound = Outbound(allow=LOOPBACK)
    yield outbound
    await outbound.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outbound]:
    """A client as it is by default."""
    outbound = Outbound()
    yield outbound
    await outbound.close()


async def refuses(outbound: Outbound, url: str, kind: type[InvalidOrder] = InputForbidden) -> str:
    """See *url* refused both when it is named and when it is to be told."""
    with pytest.raises(InvalidOrder) as named:
        await outbound.check(url, "url")
    with pytest.raises(InvalidOrder) as told:
        await outbound.post(url, b"{}", {})
    assert type(named.value) is type(told.value) is kind
    assert named.value.param == "url"
    return named.value.message


async def test_a_body_and_its_headers_arrive_and_the_beginning_of_the_answer_comes_back(
    inside: Outbound,
) -> None:
    async with Server(saying(ok(b"thanks " * 200, "Set-Cookie: a=b"))) as server:
        await inside.check(server.url("/told"), "url")
        posted = await inside.post(server.url("/told#x"), b'{"a":1}', {"webhook-id": "evt_1"})
        await inside.post(server.url("/told"), b"{}", {})

    assert (posted.status, posted.answer) == (200, ("thanks " * 200)[:500])
    first, second = (each.lower() for each in server.heard)
    assert first.startswith(b"post /told http/1.1")
    assert b"webhook-id: evt_1" in first
    assert b"content-type: application/json" in first
    assert b"cookie" not in second


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(inside: Outbound, status: int) -> None:
    async with Server(saying(to("/elsewhere", status))) as server:
        posted = await inside.post(server.url("/told"), b"{}", {})

    assert posted.status == status
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "0"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_is_inside_is_told_nothing(outside: Outbound, scheme: str, host: str) -> None:
    await refuses(outside, f"{scheme}://{host}:1/told")


async def test_a_public_address_is_not_told_in_the_clear(inside: Outbound) -> None:
    names = Names(shop=[["93.184.216.34"]])
    outbound = Outbound(allow=LOOPBACK, resolver=names)

    assert "https" in await refuses(outbound, "http://shop.example/told")
    assert "https" in await refuses(inside, "http://93.184.216.34/told")
    await outbound.check("https://shop.example/told", "url")
    await outbound.close()


async def test_a_name_that_changes_its_mind_is_refused_when_it_is_told() -> None:
    names = Names(shop=[["93.184.216.34"], ["10.0.0.1"]], nowhere=[[]])
    outbound = Outbound(resolver=names)

    await outbound.check("https://shop.example/told", "url")
    with pytest.raises(InputForbidden):
        await outbound.post("https://shop.example/told", b"{}", {})
    message = await refuses(outbound, "https://nowhere.example/", InputUnreachable)
    assert "no address" in message
    await outbound.close()


async def test_what_drips_costs_its_time_and_no_more() -> None:
    async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    outbound = Outbound(allow=LOOPBACK, post_seconds=0.3)
    async with Server(drip) as server:
        with pytest.raises(InputUnreachable, match="in time"):
            await outbound.post(server.url(), b"{}", {})
    await outbound.close()


async def test_an_answer_without_an_end_counts_by_its_head(inside: Outbound) -> None:
    async def begin(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No\r\n\r\n")

    async with Server(begin) as server:
        assert (await inside.post(server.url(), b"{}", {})).status == 204


async def test_who_is_slow_to_hear_holds_up_nobody_who_fetches(inside: Outbound) -> None:
    """Posts take none of the places of those who fetch inputs."""
    silence = asyncio.Event()

    async def say_nothing(_: bytes, writer: asyncio.StreamWriter) -> None:
        del writer
        await silence.wait()

    async with Server(say_nothing) as deaf, Server(saying(ok(b"{}"))) as server:
        posts = [asyncio.create_task(inside.post(deaf.url(), b"{}", {})) for _ in range(40)]
        answer = await inside.post(server.url(), b"{}", {})
        assert answer.status == 200
        silence.set()
        await asyncio.gather(*posts, return_exceptions=True)
