"""The routes of webhooks: what they refuse, whose endpoints are whose, and what is shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from kinetoscope.db import webhooks
from tests.api.shapes import is_error
from tests.patience import eventually
from tests.receiver import Receiver, receiving
from tests.world import Actor, Answer, World

ENDPOINTS = "/v1/webhook_endpoints"
BOTH = ["video.completed", "video.failed"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A customer's server."""
    async with receiving() as server:
        yield server


async def create(world: World, url: str, who: Actor | None = None, **fields: Any) -> Answer:
    """Ask for an endpoint."""
    asked = {"name": "mine", "url": url, "event_types": BOTH, **fields}
    asked = {name: value for name, value in asked.items() if value is not ...}
    return await world.ask("POST", ENDPOINTS, who, json=asked)


async def one(world: World, url: str, **fields: Any) -> Any:
    """Make an endpoint."""
    made = await create(world, url, **fields)
    assert made.status == 200, made.body
    return made.json


async def test_the_secret_is_shown_once(world: World, receiver: Receiver) -> None:
    made = await one(world, receiver.url, description="for the shop")

    found = await world.ask("GET", f"{ENDPOINTS}/{made['id']}")
    listed = await world.ask("GET", ENDPOINTS)

    secret = made.pop("signing_secret")
    assert found.json == made
    assert listed.json["data"] == [made]
    assert made["description"] == "for the shop"
    assert (made["active"], made["disabled"], made["failing_since"]) == (True, None, None)
    for path in world.home.glob("kinetoscope.db*"):
        assert secret[6:].encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "fields,param",
    [
        ({"name": ...}, "name"),
        ({"url": ...}, "url"),
        ({"event_types": ...}, "event_types"),
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"event_types": []}, "event_types"),
        ({"event_types": "video.completed"}, "event_types"),
        ({"event_types": ["response.completed"]}, "event_types"),
        ({"event_types": [["video.completed"]]}, "event_types"),
        ({"active": "perhaps"}, "active"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "example.com/told"}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://exa mple.com"}, "url"),
        ({"url": "https://example.com/\x00"}, "url"),
        ({"url": f"https://example.com/{'x' * 2048}"}, "url"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    world: World, receiver: Receiver, fields: Any, param: str
) -> None:
    answer = await create(world, **{"url": receiver.url, **fields})

    is_error(answer, 400, "invalid_request")
    assert answer.json["error"]["param"] == param
    assert (await world.ask("GET", ENDPOINTS)).json["data"] == []


@pytest.mark.parametrize(
    "url",
    [
        *("https://10.0.0.1/told", "https://169.254.169.254/", "https://[::ffff:10.0.0.1]/"),
        *("https://0xa000001/", "https://user:password@example.com/", "https://[fd00::1]/"),
        *("http://93.184.216.34/told", "http://10.0.0.1/"),  # in the clear, across the Internet
    ],
)
async def test_an_address_that_is_not_visited_is_refused(world: World, url: str) -> None:
    message = is_error(await create(world, url), 400, "input_forbidden")

    assert message.startswith("url")
    answer = await world.post(webhook_url=url)
    assert is_error(answer, 400, "input_forbidden").startswith("webhook_url")
    assert str((await world.account_of(world.alice)).held) == "0.00"


async def test_an_account_has_only_so_many_endpoints(world: World, receiver: Receiver) -> None:
    await world.ask("GET", "/v1/webhook_secret")  # is none of them
    for _ in range(webhooks.MOST_ENDPOINTS):
        await one(world, receiver.url)

    assert "delete one" in is_error(await create(world, receiver.url), 409, "conflict")
    assert (await create(world, receiver.url, world.charlie)).status == 200


async def test_endpoints_are_listed_in_pages(world: World, receiver: Receiver) -> None:
    made = [(await one(world, receiver.url))["id"] for _ in range(3)]

    first = (await world.ask("GET", f"{ENDPOINTS}?limit=2")).json
    rest = (await world.ask("GET", f"{ENDPOINTS}?after={first['last_id']}")).json

    assert [each["id"] for each in first["data"]] == [made[2], made[1]]
    assert (first["has_more"], first["first_id"], first["last_id"]) == (True, made[2], made[1])
    assert [each["id"] for each in rest["data"]] == [made[0]]
    assert not rest["has_more"]
    for query in ("limit=0", "limit=101", "limit=x", "after=%00"):
        is_error(await world.ask("GET", f"{ENDPOINTS}?{query}"), 400, "invalid_request")


ROUTES = [
    ("GET", "", None),
    ("POST", "", {"name": "other"}),
    ("DELETE", "", None),
    ("POST", "/rotate_secret", {}),
    ("POST", "/test", {"event_type": "video.failed"}),
    ("GET", "/deliveries", None),
    ("POST", "/deliveries/evt_0/resend", None),
]


@pytest.mark.parametrize("verb,path,body", ROUTES)
async def test_anothers_endpoint_is_not_there(
    world: World, receiver: Receiver, verb: str, path: str, body: Any
) -> None:
    """C5."""
    made = await one(world, receiver.url)
    place = f"{ENDPOINTS}/{made['id']}{path}"

    is_error(await world.ask(verb, place, world.charlie, json=body), 404, "not_found")
    for odd in ("hook_none", "%00", "x" * 101, "hook_'--"):
        answer = await world.ask(verb, f"{ENDPOINTS}/{odd}{path}", json=body)
        is_error(answer, 404, "not_found")
    nobody = {"Authorization": "Bearer sk-nobody"}
    is_error(await world.ask(verb, place, json=body, headers=nobody), 401)
    made.pop("signing_secret")
    assert (await world.ask("GET", f"{ENDPOINTS}/{made['id']}")).json == made
    assert receiver.heard == []


@pytest.mark.parametrize("path", ["/v1/webhook_event_types", "/v1/webhook_secret", ENDPOINTS])
async def test_a_key_is_needed(world: World, path: str) -> None:
    nobody = {"Authorization": "Bearer sk-nobody"}

    is_error(await world.ask("GET", path, headers=nobody), 401, "invalid_api_key")


async def test_a_change_changes_what_it_names(world: World, receiver: Receiver) -> None:
    made = await one(world, receiver.url)
    place = f"{ENDPOINTS}/{made['id']}"
    made.pop("signing_secret")
    world.clock.skip(10)

    same = await world.ask("POST", place, json={"name": "mine", "description": None})
    other = await world.ask("POST", place, json={"event_types": ["video.failed"] * 2})

    assert same.json == made
    changed = {"event_types": ["video.failed"], "updated_at": other.json["updated_at"]}
    assert other.json == made | changed
    assert other.json["updated_at"] >= made["updated_at"] + 10
    for body in ({"url": "https://10.0.0.1"}, {"url": "x"}, {"id": "other"}, {"active": 1}):
        assert (await world.ask("POST", place, json=body)).status == 400
    assert (await world.ask("GET", place)).json == other.json


async def test_an_endpoint_that_was_made_inactive_is_told_nothing(
    world: World, receiver: Receiver
) -> None:
    made = await one(world, receiver.url, active=False)
    place = f"{ENDPOINTS}/{made['id']}"
    await world.make()

    on = await world.ask("POST", place, json={"active": True})
    second = await world.make()
    await eventually(lambda: receiver.heard)

    assert on.json["active"]
    assert [heard.event["data"]["id"] for heard in receiver.heard] == [second["id"]]
    event = receiver.heard[0].id
    await world.ask("POST", place, json={"active": False})
    again = await world.ask("POST", f"{place}/deliveries/{event}/resend")
    assert "active" in is_error(again, 409, "conflict")


async def test_only_what_was_asked_for_is_told(world: World, receiver: Receiver) -> None:
    await one(world, receiver.url, event_types=["video.failed"])
    everything = await one(world, f"{receiver.url}/all")
    await create(world, f"{receiver.url}/charlie", world.charlie)

    await world.make()
    await eventually(lambda: receiver.heard)

    assert [heard.path for heard in receiver.heard] == ["/told/all"]
    assert receiver.heard[0].verify(everything["signing_secret"])


@pytest.mark.parametrize("shape", ["flat", "nested", "form", "nested form", "text form"])
async def test_a_task_may_bring_its_own_address(
    world: World, receiver: Receiver, shape: str
) -> None:
    named = {"webhook_url": receiver.url}
    flat = {"prompt": "a fox", "duration": "6"}
    bodies: dict[str, dict[str, Any]] = {
        "flat": {"json": {**flat, **named}},
        "nested": {"json": {**flat, "extra_body": named}},
        "form": {"data": {**flat, **named}},
        "nested form": {"data": {**flat, "extra_body[webhook_url]": receiver.url}},
        "text form": {"data": {**flat, "extra_body": json.dumps(named)}},
    }
    body = bodies[shape]
    if "data" in body:
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in body["data"].items():
            form.add_field(name, value)
        body = {"data": form}

    made = await world.ask("POST", "/v1/videos", **body)
    assert made.status == 200, made.body
    await eventually(lambda: receiver.heard)

    [heard] = receiver.heard
    secret = (await world.ask("GET", "/v1/webhook_secret")).json
    assert heard.verify(secret["signing_secret"])["data"]["id"] == made.json["id"]
    assert made.json["metadata"]["ignored"] == []
    assert (await world.ask("GET", ENDPOINTS)).json["data"] == []
    told = await world.ask("GET", f"{ENDPOINTS}/{secret['id']}/deliveries")
    assert [each["url"] for each in told.json["data"]] == [receiver.url]


async def test_the_secret_of_webhook_url_stays_until_it_is_rotated(world: World) -> None:
    first, again = [(await world.ask("GET", "/v1/webhook_secret")).json for _ in range(2)]
    place = f"{ENDPOINTS}/{first['id']}"
    rotated = await world.ask("POST", f"{place}/rotate_secret")
    third = (await world.ask("GET", "/v1/webhook_secret")).json
    other = (await world.ask("GET", "/v1/webhook_secret", world.charlie)).json

    assert first == again
    assert first["signing_secret"] != rotated.json["signing_secret"] == third["signing_secret"]
    assert other["signing_secret"] != third["signing_secret"]
    for verb, body in (("GET", None), ("POST", {"name": "x"}), ("DELETE", None)):
        is_error(await world.ask(verb, place, json=body), 404, "not_found")


@pytest.mark.parametrize("value", [7, ["https://example.com"], {"url": "https://example.com"}])
async def test_an_address_of_a_task_is_a_string(world: World, value: Any) -> None:
    answer = await world.post(webhook_url=value)

    is_error(answer, 400, "invalid_request")
    assert answer.json["error"]["param"] == "webhook_url"


async def test_another_address_is_another_request(world: World, receiver: Receiver) -> None:
    """C30."""
    key = {"Idempotency-Key": "once"}
    body = {"prompt": "a fox", "duration": 6, "webhook_url": receiver.url}

    first = await world.ask("POST", "/v1/videos", json=body, headers=key)
    again = await world.ask("POST", "/v1/videos", json=body, headers=key)
    other = {**body, "webhook_url": f"{receiver.url}/other"}
    different = await world.ask("POST", "/v1/videos", json=other, headers=key)

    assert first.json["id"] == again.json["id"]
    is_error(different, 409, "idempotency_conflict")


async def test_deliveries_tell_what_came_back(world: World, receiver: Receiver) -> None:
    made = await one(world, receiver.url)
    place = f"{ENDPOINTS}/{made['id']}/deliveries"
    task = await world.make()
    await eventually(lambda: receiver.heard)
    while not (told := (await world.ask("GET", f"{place}?status=delivered")).json["data"]):
        pass

    [delivery] = told
    [tried] = delivery["tries"]
    assert delivery["id"] == receiver.heard[0].id
    assert (delivery["video_id"], delivery["url"]) == (task["id"], receiver.url)
    assert (tried["status_code"], tried["answer"], tried["error"]) == (200, "said 200", None)
    assert delivery["next_try_at"] is None
    assert (await world.ask("GET", f"{place}?status=failed")).json["data"] == []
    is_error(await world.ask("GET", f"{place}?status=lost"), 400, "invalid_request")

    again = await world.ask("POST", f"{place}/{delivery['id']}/resend")
    await eventually(lambda: len(receiver.heard) == 2)
    assert (again.json["id"], again.json["status"]) == (delivery["id"], "waiting")
    assert {heard.id for heard in receiver.heard} == {delivery["id"]}
    assert receiver.heard[0].body == receiver.heard[1].body
    is_error(await world.ask("POST", f"{place}/evt_none/resend"), 404, "not_found")


async def test_a_try_at_an_endpoint_that_is_not_there_says_so(world: World) -> None:
    made = await one(world, "http://127.0.0.1:1/told")
    place = f"{ENDPOINTS}/{made['id']}/test"

    answer = await world.ask("POST", place, json={"event_type": "video.failed"})

    assert "does not accept connections" in is_error(answer, 400, "input_unreachable")
    for body in ({}, {"event_type": "batch.failed"}, {"event_type": None}, {"kind": "x"}):
        is_error(await world.ask("POST", place, json=body), 400, "invalid_request")


async def test_a_rotation_takes_no_body_or_a_word(world: World, receiver: Receiver) -> None:
    made = await one(world, receiver.url)
    place = f"{ENDPOINTS}/{made['id']}/rotate_secret"

    secrets = [(await world.ask("POST", place)).json["signing_secret"]]
    secrets += [(await world.ask("POST", place, json={})).json["signing_secret"]]

    assert len({*secrets, made["signing_secret"]}) == 3
    for body in ({"keep_old_secret_active_for_24_hours": "x"}, {"keep": True}):
        is_error(await world.ask("POST", place, json=body), 400, "invalid_request")
