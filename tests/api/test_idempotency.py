"""C30: the same key and request answer the first task again, and charge once."""

from __future__ import annotations

import asyncio

from tests.api.shapes import is_error
from tests.api.test_multipart import form
from tests.films import picture
from tests.world import World

PATH = "/v1/videos"
BODY = {"prompt": "a fox", "duration": 1}


async def test_the_same_key_and_request_are_one_task(world: World) -> None:
    """C30: by either header, in other bytes and as a form; another account's key is its own."""
    key = {"Idempotency-Key": "k1"}
    first = await world.ask("POST", PATH, json=BODY, headers=key)
    other = [("duration", "1"), ("prompt", "a fox")]
    again = [
        await world.ask("POST", PATH, json=dict(reversed(BODY.items())), headers=key),
        await world.ask("POST", PATH, data=form(other), headers=key),
        await world.ask("POST", PATH, json=BODY, headers={"X-Idempotency-Key": "k1"}),
    ]

    assert {each.json["id"] for each in again} == {first.json["id"]}
    assert (await world.ask("POST", PATH, world.charlie, json=BODY, headers=key)).json["id"] != (
        first.json["id"]
    )
    await world.end_of(first.json["id"])
    assert str((await world.account_of(world.alice)).balance) == "9.95"
    await world.audit()


async def test_the_same_key_with_another_request_is_a_final_conflict(world: World) -> None:
    """C30, C28."""
    key = {"Idempotency-Key": "k1"}
    await world.ask("POST", PATH, json=BODY, headers=key)

    for other in ({**BODY, "duration": 2}, {**BODY, "prompt": "x"}, {**BODY, "size": "720p"}):
        refused = await world.ask("POST", PATH, json=other, headers=key)
        is_error(refused, 409, "idempotency_conflict")
    too_long = {"Idempotency-Key": "k" * 256}
    is_error(await world.ask("POST", PATH, json=BODY, headers=too_long), 400)


async def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    """C30."""
    key = {"Idempotency-Key": "k1"}
    first = await world.ask("POST", PATH, json=BODY, headers=key)
    await world.end_of(first.json["id"])

    world.clock.skip(24 * 3600 - 60)
    assert (await world.ask("POST", PATH, json=BODY, headers=key)).json["id"] == first.json["id"]
    world.clock.skip(120)
    other = {**BODY, "duration": 2}
    assert (await world.ask("POST", PATH, json=other, headers=key)).status == 200


async def test_uploads_are_compared_by_their_bytes(world: World) -> None:
    """C30: boundaries differ between two tries of an SDK; pictures do not."""
    key = {"Idempotency-Key": "k1"}
    fields = [("prompt", "a"), ("duration", "1"), ("input_reference", picture())]
    other = [*fields[:2], ("input_reference", picture("JPEG"))]

    first = await world.ask("POST", PATH, data=form(fields), headers=key)
    again = await world.ask("POST", PATH, data=form(fields), headers=key)
    changed = await world.ask("POST", PATH, data=form(other), headers=key)

    assert first.status == 200, first.body
    assert again.json["id"] == first.json["id"]
    is_error(changed, 409, "idempotency_conflict")


async def test_a_race_for_one_key_makes_one_task(world: World) -> None:
    """C30, C38."""
    key = {"Idempotency-Key": "k1"}
    asked = [world.ask("POST", PATH, json=BODY, headers=key) for _ in range(10)]

    answers = await asyncio.gather(*asked)

    assert {each.status for each in answers} == {200}
    assert len({each.json["id"] for each in answers}) == 1
    await world.end_of(answers[0].json["id"])
    assert str((await world.account_of(world.alice)).balance) == "9.95"
    await world.audit()


async def test_a_refused_request_does_not_use_up_its_key(world: World) -> None:
    """C30: what was never accepted may be sent again, mended."""
    key = {"Idempotency-Key": "k1"}
    is_error(await world.ask("POST", PATH, world.bob, json=BODY, headers=key), 402)
    is_error(await world.ask("POST", PATH, json={**BODY, "duration": 99}, headers=key), 400)

    assert (await world.ask("POST", PATH, json=BODY, headers=key)).status == 200


async def test_a_retry_of_an_sdk_is_told_from_a_second_wish(world: World) -> None:
    """C30: without a key, by x-stainless-retry-count."""
    first = await world.ask("POST", PATH, json=BODY, headers={"x-stainless-retry-count": "0"})
    retry = await world.ask("POST", PATH, json=BODY, headers={"x-stainless-retry-count": "1"})
    second = await world.ask("POST", PATH, json=BODY, headers={"x-stainless-retry-count": "0"})

    assert retry.json["id"] == first.json["id"]
    assert second.json["id"] != first.json["id"]
    world.clock.skip(60)
    late = await world.ask("POST", PATH, json=BODY, headers={"x-stainless-retry-count": "1"})
    assert late.json["id"] not in (first.json["id"], second.json["id"])
