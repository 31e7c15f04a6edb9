"""GET /v1/videos/{id}/events and ?wait=: what happens to a task, told as it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kinetoscope.api import events
from kinetoscope.engines import Refused, Working
from kinetoscope.service import watch
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE, eventually
from tests.world import Actor, World, open_world

Event = dict[str, str]


class Stream:
    """What one listener hears."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.comments = 0

    async def next(self) -> Event | None:
        """Read one event, or None at the end of the stream."""
        event: Event = {}
        async with asyncio.timeout(PATIENCE):
            while line := await self.answer.content.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == ":":
                    self.comments += 1
                elif name in ("id", "event", "data"):
                    event[name] = value
                elif not name and event:
                    return event
        assert not event
        return None

    async def rest(self) -> list[Event]:
        """Read to the end."""
        return [event async for event in self._events()]

    async def _events(self) -> AsyncIterator[Event]:
        while event := await self.next():
            yield event


@asynccontextmanager
async def following(
    world: World, task_id: str, who: Actor | None = None, **headers: str
) -> AsyncIterator[Stream]:
    """Listen to a task."""
    assert world.session is not None
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with world.session.get(
        f"{world.url}/v1/videos/{task_id}/events",
        headers={**(who or world.alice).headers, **headers},
    ) as answer:
        yield Stream(answer)


def shown(event: Event | None) -> Any:
    assert event is not None
    return json.loads(event["data"])


async def test_a_listener_hears_of_every_step_and_the_stream_ends_with_the_task(
    world: World,
) -> None:
    world.engine.wait()
    task_id = (await world.post()).json["id"]

    async with following(world, task_id) as stream:
        heard = [await stream.next()]
        while shown(heard[-1])["progress"] < 10:
            heard.append(await stream.next())
        world.engine.go()
        rest = await stream.rest()

        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-cache, no-transform"
        assert "content-length" not in stream.answer.headers
        assert stream.answer.headers["x-request-id"]
    last = rest[-1]
    assert {each["event"] for each in (*heard, *rest[:-1]) if each} == {"video.updated"}
    assert (last["event"], last["id"]) == ("video.completed", "2-100")
    polled = (await world.ask("GET", f"/v1/videos/{task_id}")).json
    told = shown(last)
    assert told["url"].startswith(f"{world.url}/v1/videos/{task_id}/content?")
    assert {**told, "url": "", "metadata": ""} == {**polled, "url": "", "metadata": ""}


async def test_progress_and_status_only_rise(world: World) -> None:
    """C21 in the stream."""
    world.engine.will(Working(30), Working(20), Working(70), Refused("task_failed", "no film"))
    task_id = (await world.post()).json["id"]

    async with following(world, task_id) as stream:
        heard = await stream.rest()

    ranks = [tuple(map(int, each["id"].split("-"))) for each in heard]
    assert ranks == sorted(set(ranks))
    assert heard[-1]["event"] == "video.failed"
    assert shown(heard[-1])["error"]["message"] == "no film"


async def test_who_comes_back_hears_only_what_is_new(world: World) -> None:
    world.engine.wait()
    task_id = (await world.post()).json["id"]
    async with following(world, task_id) as stream:
        event = await stream.next()
        while event and event["id"] != "1-10":
            event = await stream.next()

    async with following(world, task_id, last_event_id="1-10") as stream:
        world.engine.go()
        heard = await stream.rest()
    async with following(world, task_id, last_event_id="2-100") as stream:
        again = stream.answer.status
    async with following(world, task_id, last_event_id="rubbish") as stream:
        whole = await stream.rest()

    assert "1-10" not in [each["id"] for each in heard]
    assert heard[-1]["id"] == "2-100"
    assert again == 204
    assert [each["id"] for each in whole] == ["2-100"]


async def test_a_quiet_stream_has_a_heartbeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)
    world.engine.wait()
    task_id = (await world.post()).json["id"]

    async with following(world, task_id) as stream:
        reading = asyncio.create_task(stream.rest())
        await eventually(lambda: stream.comments > 3)
        world.engine.go()
        await reading


async def test_a_long_stream_ends_so_that_its_key_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(events, "LONGEST_SECONDS", 0.05)
    world.engine.wait()
    task_id = (await world.post()).json["id"]

    async with following(world, task_id) as stream:
        heard = await stream.rest()

    assert heard
    assert shown(heard[-1])["status"] in ("queued", "in_progress")
    world.engine.go()


async def test_a_stream_is_for_its_owner_alone(world: World) -> None:
    """C5."""
    task_id = (await world.post()).json["id"]
    path = f"/v1/videos/{task_id}/events"

    is_error(await world.ask("GET", path, world.charlie), 404, "not_found")
    is_error(await world.ask("GET", path, headers={"Authorization": "Bearer sk-no"}), 401)
    is_error(await world.ask("GET", "/v1/videos/task_0/events"), 404, "not_found")
    is_error(await world.ask("POST", path), 405, "method_not_allowed")


async def test_an_answer_may_wait_for_a_change(world: World) -> None:
    world.engine.wait()
    task_id = (await world.post()).json["id"]
    await eventually(lambda: world.engine.started[task_id] > 0)
    path = f"/v1/videos/{task_id}"

    seen = (await world.ask("GET", path)).json
    while seen["progress"] < 10:
        seen = (await world.ask("GET", f"{path}?wait=60")).json
    held = asyncio.create_task(world.ask("GET", f"{path}?wait=60"))
    await eventually(lambda: task_id in world.gateway.watch._waiting)
    world.engine.go()
    task = (await held).json
    while task["status"] != "completed":
        task = (await world.ask("GET", f"{path}?wait=60")).json

    assert task["url"]
    assert (await world.ask("GET", f"{path}?wait=60")).json["status"] == "completed"
    assert not world.gateway.watch._waiting


async def test_an_answer_that_waited_in_vain_is_the_same(world: World) -> None:
    world.engine.wait()
    task_id = (await world.post()).json["id"]
    await eventually(lambda: world.engine.started[task_id] > 0)
    before = (await world.ask("GET", f"/v1/videos/{task_id}")).json
    while before["progress"] < 10:
        before = (await world.ask("GET", f"/v1/videos/{task_id}?wait=9")).json

    after = await world.ask("GET", f"/v1/videos/{task_id}?wait=1")

    assert after.json == before
    assert after.headers["openai-poll-after-ms"]
    world.engine.go()


@pytest.mark.parametrize("seconds", ["61", "-1", "soon", "1.5", ""])
async def test_a_wait_has_a_limit(world: World, seconds: str) -> None:
    task_id = (await world.post()).json["id"]

    refused = await world.ask("GET", f"/v1/videos/{task_id}?wait={seconds}")

    assert "wait must be" in is_error(refused, 400)


async def test_a_cancelled_task_is_heard_of_at_once(tmp_path: Path, engine: Scripted) -> None:
    async with open_world(tmp_path / "home", engine, run=False) as world:
        await world.open("alice", "10")
        task_id = (await world.post()).json["id"]
        async with following(world, task_id) as stream:
            first = await stream.next()
            await world.ask("POST", f"/v1/videos/{task_id}/cancel")
            rest = await stream.rest()

    assert shown(first)["status"] == "queued"
    assert [each["event"] for each in rest] == ["video.failed"]
    assert shown(rest[0])["error"]["code"] == "cancelled"


async def test_listeners_that_left_are_forgotten(world: World) -> None:
    world.engine.wait()
    task_id = (await world.post()).json["id"]
    waiting = world.gateway.watch._waiting

    for _ in range(20):
        async with following(world, task_id) as stream:
            assert await stream.next()
            stream.answer.close()

    await eventually(lambda: not waiting)
    await eventually(lambda: not world.gateway.watch._counts)
    world.engine.go()
    await world.end_of(task_id)


async def test_an_account_has_so_many_listeners_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MOST_OF_AN_ACCOUNT", 1)
    world.engine.wait()
    task_id = (await world.post()).json["id"]

    async with following(world, task_id) as stream:
        assert await stream.next()
        await eventually(lambda: bool(world.gateway.watch._counts))
        refused = await world.ask("GET", f"/v1/videos/{task_id}/events")
        waits = await world.ask("GET", f"/v1/videos/{task_id}?wait=1")
        polls = await world.ask("GET", f"/v1/videos/{task_id}")

    is_error(refused, 429)
    assert refused.headers["retry-after"]
    is_error(waits, 429)
    assert polls.status == 200
    world.engine.go()


async def test_a_service_that_stops_lets_its_listeners_go(world: World) -> None:
    world.engine.wait()
    task_id = (await world.post()).json["id"]

    async with following(world, task_id) as stream:
        assert await stream.next()
        world.gateway.watch.close()
        await stream.rest()

    assert (await world.ask("GET", f"/v1/videos/{task_id}?wait=60")).status == 200
    world.engine.go()
