"""POST /v1/videos and what it answers."""

from __future__ import annotations

from typing import Any

from kinetoscope.engines import Made
from tests.api.shapes import is_error
from tests.world import World


async def test_a_text_becomes_a_video_that_is_paid_for_to_the_cent(world: World) -> None:
    """C1, C20, C22, C33, C36: text 6 s at 720p costs 0.42."""
    accepted = await world.post(size="720p")

    assert accepted.status == 200, accepted.body
    assert accepted.json["status"] == "queued"
    task = await world.end_of(accepted.json["id"])
    assert task["status"] == "completed", task
    assert task["metadata"]["billing"]["charged"] == "0.42"
    assert str((await world.account_of(world.alice)).balance) == "9.58"
    await world.audit()


async def test_what_is_accepted_is_answered_at_once_and_whole(world: World) -> None:
    """C1, C15, C20, C24, C29, C35: the engine has done nothing yet, and the price is set aside."""
    world.engine.wait()

    accepted = await world.post(size="720p", seed=7)

    video = accepted.json
    assert video["id"] == video["task_id"]
    assert video["id"].startswith("task_")
    assert isinstance(video["created_at"], int)
    expected = {
        "object": "video",
        "model": "grok-imagine",
        "status": "queued",
        "progress": 0,
        "seconds": "6",
        "size": "720p",
        "prompt": "a fox in the snow",
    }
    assert expected.items() <= video.items()
    assert not {"error", "url", "completed_at", "expires_at"} & video.keys()
    assert video["metadata"]["operation"] == "text_to_video"
    assert video["metadata"]["ignored"] == ["seed"]
    assert video["metadata"]["quote"]["total"] == "0.42"
    assert 1000 <= int(accepted.headers["openai-poll-after-ms"]) <= 5000
    assert str((await world.account_of(world.alice)).held) == "0.42"


async def test_who_has_too_little_is_told_the_price_and_gets_nothing(world: World) -> None:
    """C35, C28: 402, final, and no task."""
    refused = await world.post(world.bob)

    message = is_error(refused, 402, "insufficient_balance")
    assert "$0.30" in message
    assert "$0.00" in message
    listed = await world.ask("GET", "/v1/videos", world.bob)
    assert listed.json["data"] == []
    await world.audit()


async def test_an_unknown_model_is_not_found_and_a_wrong_field_is_named(world: World) -> None:
    """C8, C28."""
    assert "grok-imagine" in is_error(await world.post(model="dall-e"), 404, "model_not_found")
    wrong: dict[str, Any] = {"duration": 99, "prompt": "", "size": "1080p", "image": 5}
    for field, value in wrong.items():
        refused = await world.post(**{field: value})
        is_error(refused, 400, "invalid_request")
        assert refused.json["error"]["param"] == field
    assert str((await world.account_of(world.alice)).held) == "0.00"


async def test_a_service_that_stops_takes_no_more(world: World) -> None:
    """C28: 503 with Retry-After."""
    world.gateway.bell.accepting = False

    refused = await world.post()

    is_error(refused, 503, "service_unavailable")
    assert int(refused.headers["retry-after"]) > 0


async def test_a_seed_and_what_the_engine_says_stand_in_the_metadata(world: World) -> None:
    world.engine.heeds = frozenset({"seed", "generate_audio"})
    world.engine.will(Made(world.engine.reel, seed=99, notes=("no people",)))

    accepted = await world.post(seed="7", generate_audio=False)
    task = await world.end_of(accepted.json["id"])

    assert accepted.json["metadata"]["seed"] == 7
    assert accepted.json["metadata"]["ignored"] == []
    assert task["metadata"]["seed"] == 99
    assert task["metadata"]["engine_notes"] == ["no people"]
    order, _ = world.engine.orders[task["id"]]
    assert (order.seed, order.sound) == (7, False)


async def test_a_parameter_that_no_engine_heeds_is_listed_as_ignored(world: World) -> None:
    """C15."""
    accepted = await world.post(seed=7, generate_audio=False)
    quoted = await world.ask(
        "POST", "/v1/videos/quote", json={"prompt": "a fox", "duration": 6, "seed": 7}
    )

    assert accepted.json["metadata"]["ignored"] == ["seed", "generate_audio"]
    assert "seed" not in accepted.json["metadata"]
    assert quoted.json["ignored"] == ["seed"]
