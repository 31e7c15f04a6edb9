"""Telling customers: real receivers on loopback that are slow, rude, away or gone."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from kinetoscope.db import deliveries, webhooks
from kinetoscope.db.deliveries import Delivery, State
from kinetoscope.db.webhooks import Endpoint
from kinetoscope.domain.event import Event
from kinetoscope.engines import Refused
from kinetoscope.outbound import Outbound
from kinetoscope.service import Gateway, endpoints
from kinetoscope.service.endpoints import Shown, Wanted
from kinetoscope.service.notify import FAILING_SECONDS, PATIENCE_SECONDS, WAITS
from kinetoscope.service.sweep import sweep
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE, eventually
from tests.receiver import Receiver, receiving
from tests.service.stage import claimed, order, runner, set_stage
from tests.world import LOOPBACK, World, open_world


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A customer's server."""
    async with receiving() as server:
        yield server


async def endpoint(world: World, url: str, **more: Any) -> Shown:
    """Let alice's events be told at *url*."""
    wanted = Wanted(name="mine", url=url, event_types=tuple(Event), **more)
    return await endpoints.create(world.gateway, world.alice.account.id, wanted)


async def told(world: World, shown: Shown) -> list[Delivery]:
    """Look at what was told."""
    return await world.gateway.db.read(
        lambda conn: deliveries.list_deliveries(conn, shown.endpoint.id, limit=10_000)
    )


async def found(world: World, shown: Shown) -> Endpoint:
    """Look at an endpoint."""
    mine = shown.endpoint
    return await world.gateway.db.read(lambda conn: webhooks.get(conn, mine.id, mine.account_id))


async def noted(world: World, shown: Shown, tries: int) -> Delivery:
    """Wait until the one delivery has so many *tries* in its log."""
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await told(world, shown)
            if rows and len(rows[0].log) >= tries:
                return rows[0]
            await asyncio.sleep(0.01)


def skip(world: World, seconds: float) -> None:
    """Let time pass, and the notifier notice."""
    world.clock.skip(seconds)
    world.gateway.bell.recorded(1)


async def test_a_failed_try_is_repeated_until_it_is_heard(world: World, receiver: Receiver) -> None:
    shown = await endpoint(world, receiver.url)
    receiver.will(500, 302, 404)
    await world.make()

    for tries, wait in enumerate(WAITS[:3], start=1):
        delivery = await noted(world, shown, tries)
        assert delivery.state is State.WAITING
        assert delivery.due_at is not None
        assert wait <= delivery.due_at - delivery.log[-1].at <= wait * 1.2 + 1
        assert (await found(world, shown)).failing_since is not None
        skip(world, wait * 1.2 + 1)
    delivery = await noted(world, shown, 4)

    assert [each.status for each in delivery.log] == [500, 302, 404, 200]
    assert (delivery.state, delivery.due_at) == (State.DELIVERED, None)
    assert len({(heard.id, heard.body) for heard in receiver.heard}) == 1
    assert [heard.path for heard in receiver.heard] == ["/told"] * 4
    stamps = [int(heard.headers["webhook-timestamp"]) for heard in receiver.heard]
    assert stamps == sorted(set(stamps))
    assert (await found(world, shown)).failing_since is None


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def send_them_elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect(request.url.with_path("/elsewhere"))


async def say_a_lot(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b"\x00 ha \xff" * 10_000)
    except ConnectionError:
        return answer


async def test_what_came_back_is_in_the_log(world: World, receiver: Receiver) -> None:
    shown = await endpoint(world, receiver.url)
    receiver.will(hang_up, send_them_elsewhere, say_a_lot)
    await world.make()
    for tries in (1, 2):
        await noted(world, shown, tries)
        skip(world, WAITS[-1] * 2)

    first, second, third = (await noted(world, shown, 3)).log

    assert (first.status, "broke off" in first.said) == (None, True)
    assert second.status == 307
    assert third.status == 200
    assert len(third.said) <= 500
    assert third.said.startswith("\ufffd ha \ufffd")
    assert {heard.path for heard in receiver.heard} == {"/told"}


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    silence = asyncio.Event()

    async def say_nothing(request: web.Request) -> web.StreamResponse:
        await silence.wait()
        return web.Response()

    async with receiving() as receiver:
        receiver.will(say_nothing)
        outbound = Outbound(allow=_networks(), post_seconds=0.2)
        with pytest.raises(Exception, match=r"did not answer in time; 0\.2 seconds"):
            await outbound.post(receiver.url, b"{}", {})
        assert (await outbound.post(receiver.url, b"{}", {})).status == 200
        silence.set()
        await outbound.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    async with receiving(server) as receiver:
        stranger, friend = Outbound(allow=_networks()), Outbound(allow=_networks(), trust=trust)
        with pytest.raises(Exception, match="a certificate that is not trusted"):
            await stranger.post(receiver.url, b"{}", {})
        assert (await friend.post(receiver.url, b"{}", {})).status == 200
        await stranger.close()
        await friend.close()

    assert len(receiver.heard) == 1


async def test_410_ends_an_endpoint(world: World, receiver: Receiver) -> None:
    shown = await endpoint(world, receiver.url)
    receiver.will(410)
    await world.make()
    delivery = await noted(world, shown, 1)

    await world.make()
    gone = await found(world, shown)

    assert delivery.state is State.FAILED
    assert (gone.active, gone.disabled) == (False, "it answered 410 Gone")
    assert len(await told(world, shown)) == 1
    back = Wanted(active=True)
    again = await endpoints.update(world.gateway, world.alice.account.id, shown.endpoint.id, back)
    assert (again.active, again.disabled) == (True, None)
    await world.make()
    await eventually(lambda: len(receiver.heard) == 2)


async def test_nobody_is_told_for_longer_than_three_days(world: World, receiver: Receiver) -> None:
    shown = await endpoint(world, receiver.url)
    receiver.usual = 503
    await world.make()
    tries = 1
    while (delivery := await noted(world, shown, tries)).state is State.WAITING:
        assert delivery.due_at is not None
        skip(world, delivery.due_at - world.clock() + 61)
        tries += 1

    began, last = delivery.log[0].at, delivery.log[-1].at
    assert delivery.state is State.FAILED
    assert PATIENCE_SECONDS * 0.8 < last - began <= PATIENCE_SECONDS
    assert 12 <= len(delivery.log) <= 20
    assert (await found(world, shown)).active


async def test_an_endpoint_that_hears_nothing_for_days_is_disabled(
    world: World, receiver: Receiver
) -> None:
    shown = await endpoint(world, receiver.url)
    receiver.usual = 503
    await world.make()
    await noted(world, shown, 1)
    world.clock.skip(FAILING_SECONDS + 1)

    await world.make()
    async with asyncio.timeout(PATIENCE):
        while (gone := await found(world, shown)).active:  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(0.01)

    assert gone.disabled == "it has heard nothing for 5 days"
    assert {each.state for each in await told(world, shown)} == {State.FAILED}


async def test_a_dead_endpoint_holds_up_nobody(world: World, receiver: Receiver) -> None:
    silence = asyncio.Event()

    async def say_nothing(request: web.Request) -> web.StreamResponse:
        await silence.wait()
        return web.Response(status=500)

    async with receiving() as dead:
        dead.usual = say_nothing
        shown = await endpoint(world, dead.url)
        await endpoint(world, receiver.url)
        made = [await world.make() for _ in range(5)]
        await eventually(lambda: len(receiver.heard) == 5)

        assert {heard.event["data"]["id"] for heard in receiver.heard} == {
            each["id"] for each in made
        }
        assert len(dead.heard) == 1
        assert {each.state for each in await told(world, shown)} == {State.WAITING}
        silence.set()


async def test_an_endpoint_that_was_removed_is_told_nothing(
    world: World, receiver: Receiver
) -> None:
    shown = await endpoint(world, receiver.url)
    receiver.will(500)
    await world.make()
    await noted(world, shown, 1)

    answer = await world.ask("DELETE", f"/v1/webhook_endpoints/{shown.endpoint.id}")
    other = await endpoint(world, f"{receiver.url}/other")
    skip(world, WAITS[0] * 2)
    await world.make()
    await noted(world, other, 1)

    assert answer.status == 200
    assert [heard.path for heard in receiver.heard] == ["/told", "/told/other"]
    assert {each.state for each in await told(world, shown)} == {State.FAILED}


async def test_a_resend_during_a_delivery_is_told_again(world: World, receiver: Receiver) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def think(request: web.Request) -> web.StreamResponse:
        asked.set()
        await answered.wait()
        return web.Response()

    shown = await endpoint(world, receiver.url)
    receiver.will(think)
    await world.make()
    await asked.wait()
    [delivery] = await told(world, shown)

    await endpoints.resend(
        world.gateway, world.alice.account.id, shown.endpoint.id, delivery.event_id
    )
    answered.set()
    after = await noted(world, shown, 2)

    assert [each.status for each in after.log] == [200, 200]
    assert (after.state, after.turn) == (State.DELIVERED, 1)
    assert [heard.id for heard in receiver.heard] == [delivery.event_id] * 2


async def test_every_way_to_end_is_told(world: World, receiver: Receiver) -> None:
    await endpoint(world, receiver.url)
    world.engine.will(Refused("task_failed", "not that"))
    refused = await world.make()
    world.engine.wait()
    accepted = await world.post()
    cancelled = (await world.ask("POST", f"/v1/videos/{accepted.json['id']}/cancel")).json
    await eventually(lambda: len(receiver.heard) == 2)

    events = {heard.event["data"]["id"]: heard.event for heard in receiver.heard}
    assert events[refused["id"]]["data"]["error"]["code"] == "task_failed"
    assert events[cancelled["id"]]["data"]["error"]["code"] == "cancelled"
    assert {each["type"] for each in events.values()} == {"video.failed"}


async def test_what_nobody_told_is_told_by_the_next_process(
    tmp_path: Path, engine: Scripted, receiver: Receiver
) -> None:
    async with set_stage(tmp_path, engine) as world:
        shown = await endpoint(world, receiver.url)
        waiting = await order(world, webhook_url=f"{receiver.url}/own")
        await world.ask("POST", f"/v1/videos/{waiting.id}/cancel")
        assert [each.state for each in await told(world, shown)] == [State.WAITING]
        assert receiver.heard == []

        async with runner(world):
            await eventually(lambda: len(receiver.heard) == 2)

    assert {heard.path for heard in receiver.heard} == {"/told", "/told/own"}
    assert len({heard.id for heard in receiver.heard}) == 1


async def test_what_waits_too_long_is_given_up_and_what_is_old_forgotten(
    tmp_path: Path, engine: Scripted, receiver: Receiver
) -> None:
    async with set_stage(tmp_path, engine) as world:
        kept, removed = [await endpoint(world, receiver.url) for _ in range(2)]
        task = await claimed(world, await order(world))
        await world.ask("POST", f"/v1/videos/{task.id}/cancel")
        await world.ask("DELETE", f"/v1/webhook_endpoints/{removed.endpoint.id}")
        world.clock.skip(PATIENCE_SECONDS + 10)
        await sweep(world.gateway)
        assert [each.state for each in await told(world, kept)] == [State.FAILED]

        world.clock.skip(deliveries.KEPT_SECONDS)
        await sweep(world.gateway)

        assert await told(world, kept) == await told(world, removed) == []
        assert (await found(world, kept)).active
    assert receiver.heard == []


async def test_another_signing_key_signs_nothing_by_an_old_secret(
    tmp_path: Path, engine: Scripted, receiver: Receiver
) -> None:
    async with open_world(tmp_path, engine) as world:
        await world.open("alice", "10")
        shown = await endpoint(world, receiver.url)
        default = await endpoints.default(world.gateway, world.alice.account.id)
        cast = world.cast

    def change(gateway: Gateway) -> Gateway:
        return replace(gateway, signing_key=b"another")

    async with open_world(tmp_path, engine, change=change) as world:
        world.cast = cast
        await world.make()
        delivery = await noted(world, shown, 1)
        assert "rotate" in delivery.log[0].said
        assert receiver.heard == []
        other = await endpoints.default(world.gateway, world.alice.account.id)
        assert other.secret != default.secret

        account = world.alice.account.id
        mended = await endpoints.rotate(world.gateway, account, shown.endpoint.id, keep_old=True)
        skip(world, WAITS[0] * 2)
        await eventually(lambda: receiver.heard)
        assert mended.endpoint.old_salt is None
        signature = receiver.heard[0].headers["webhook-signature"]
        assert len(signature.split()) == 1


async def test_many_events_are_all_told_once(
    tmp_path: Path, engine: Scripted, receiver: Receiver
) -> None:
    """While nothing fails, at least once is once."""
    async with set_stage(tmp_path, engine) as world:
        shown = await endpoint(world, receiver.url)
        await endpoint(world, f"{receiver.url}/second")
        tasks = await asyncio.gather(*(order(world) for _ in range(20)))
        cancel = [world.ask("POST", f"/v1/videos/{each.id}/cancel") for each in tasks]
        await asyncio.gather(*cancel)

        async with runner(world):
            await eventually(lambda: len(receiver.heard) >= 40)
            skip(world, 1)
        counts = Counter((heard.path, heard.id) for heard in receiver.heard)

        assert set(counts.values()) == {1}
        assert {each.state for each in await told(world, shown)} == {State.DELIVERED}


def _networks() -> list[IPv4Network | IPv6Network]:
    return [ip_network(each) for each in LOOPBACK]
