"""xAI's dialect: its requests, answers and errors, on /xai/v1 and by a second id on /v1."""

from __future__ import annotations

import asyncio
import base64
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.api.xai_words import WORDLESS, read_xai_order
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import Operation
from kinetoscope.engines import Refused
from kinetoscope.service import GROK_NAMES
from kinetoscope.settings import ModelSetting
from tests.engines.scripted import Scripted
from tests.films import picture
from tests.patience import PATIENCE
from tests.world import Actor, Answer, World, open_world

IMAGE = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"
GENERATE, EDIT, EXTEND = (
    f"/xai/v1/videos/{name}" for name in ("generations", "edits", "extensions")
)


def is_xai_error(answer: Answer, status: int, code: str) -> str:
    """Check the one shape that errors have here, and return the message."""
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    assert answer.json.keys() == {"code", "error"}
    assert answer.headers["x-request-id"]
    message: str = answer.json["error"]
    return message


async def begin(world: World, path: str = GENERATE, who: Actor | None = None, **asked: Any) -> str:
    """Ask for a video as xAI's clients do and return its id."""
    accepted = await world.ask("POST", path, who, json={"prompt": "a fox", **asked})
    assert accepted.status == 200, accepted.body
    request_id: str = accepted.json["request_id"]
    assert str(uuid.UUID(request_id)) == request_id
    return request_id


async def end_of(world: World, request_id: str, base: str = "/xai/v1") -> Answer:
    """Poll a video until it is not pending."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await world.ask("GET", f"{base}/videos/{request_id}")
            if answer.status != 202:
                return answer
            assert answer.json["status"] == "pending"
            assert 0 <= answer.json["progress"] < 100
            await asyncio.sleep(0.01)


def order(forced: Operation | None = None, **fields: Any) -> Any:
    """Read an order in xAI's words."""
    return read_xai_order({"prompt": "a fox", **fields}, "grok-imagine", forced)


async def test_a_video_is_made_polled_and_opened_without_a_key(world: World) -> None:
    world.engine.wait()
    request_id = await begin(world, model="grok-imagine-video", duration=6, resolution="720p")
    pending = await world.ask("GET", f"/xai/v1/videos/{request_id}")
    world.engine.go()
    done = await end_of(world, request_id)

    assert (pending.status, pending.json["status"]) == (202, "pending")
    assert pending.json["model"] == "grok-imagine-video"
    assert (done.status, done.json["status"], done.json["progress"]) == (200, "done", 100)
    assert done.json["usage"] == {"cost_in_usd_ticks": 4_200_000_000}
    assert done.json["video"]["duration"] == 6
    assert done.json["video"]["respect_moderation"] is True
    assert world.session is not None
    async with world.session.get(done.json["video"]["url"]) as film:
        assert await film.read() == world.engine.reel.read_bytes()
    await world.audit()


async def test_one_order_has_two_ids_and_each_is_polled_in_its_own_shape(world: World) -> None:
    world.engine.wait()
    made = (await world.post()).json
    running = await world.ask("GET", f"/v1/videos/{made['request_id']}")
    world.engine.go()
    task = await world.end_of(made["id"])
    for base in ("/v1", "/xai/v1"):
        for name in (made["request_id"], made["request_id"].upper()):
            done = await end_of(world, name, base)
            assert done.json["status"] == "done"
            assert done.json["video"]["url"] == task["url"]

    assert running.status == 202
    assert made["id"] == made["task_id"] == task["id"] != made["request_id"]
    assert (await world.ask("GET", f"/xai/v1/videos/{made['id']}")).json["status"] == "done"
    assert (await world.ask("DELETE", f"/v1/videos/{made['request_id']}")).json["id"] == made["id"]
    assert (await end_of(world, made["request_id"])).json["status"] == "expired"
    assert (await world.ask("GET", f"/v1/videos/{made['id']}")).status == 404


async def test_edits_and_extensions_name_a_video_by_its_link(world: World) -> None:
    first = await end_of(world, await begin(world))
    source = {"url": first.json["video"]["url"]}
    edit = await end_of(world, await begin(world, EDIT, video=source, duration=3, user="u"))
    extend = await end_of(world, await begin(world, EXTEND, video=source))

    assert first.json["usage"] == {"cost_in_usd_ticks": 3_000_000_000}  # 8 s asked for, 6 s made
    assert edit.json["ignored"] == ["duration", "user"]
    assert edit.json["usage"] == {"cost_in_usd_ticks": 3_600_000_000}
    assert extend.json["status"] == "done"
    orders = [made for made, _ in world.engine.orders.values()]
    assert [each.operation for each in orders] == [Operation.TEXT, Operation.EDIT, Operation.EXTEND]
    assert [each.duration for each in orders] == [8, None, 6]


async def test_what_failed_says_why_and_what_it_cost(world: World) -> None:
    world.engine.will(Refused("moderation_blocked", "blocked", billed=True))
    blocked = await end_of(world, await begin(world, duration=4))
    world.engine.will(Refused("task_failed", "could not"))
    failed = await end_of(world, await begin(world, duration=4))
    world.engine.wait()
    stopped = await begin(world, duration=4)
    await world.ask("POST", f"/v1/videos/{stopped}/cancel")
    cancelled = await end_of(world, stopped)

    assert blocked.status == 200
    assert blocked.json["error"] == {"code": "imagine:content-moderated", "message": "blocked"}
    assert blocked.json["usage"] == {"cost_in_usd_ticks": 2_000_000_000}
    assert failed.json["error"]["code"] == "internal_error"
    assert failed.json["usage"] == {"cost_in_usd_ticks": 0}
    assert cancelled.json["error"]["code"] == "failed_precondition"
    await world.audit()


async def test_a_result_past_its_time_is_expired(world: World) -> None:
    rules = replace(world.gateway.rules, retention=3600)
    object.__setattr__(world.gateway, "rules", rules)
    request_id = await begin(world, duration=1)
    assert (await end_of(world, request_id)).json["status"] == "done"
    world.clock.skip(3601)

    gone = await world.ask("GET", f"/xai/v1/videos/{request_id}")

    assert (gone.status, gone.json["status"]) == (200, "expired")
    assert "video" not in gone.json


async def test_every_error_has_the_shape_of_xais(world: World) -> None:
    known = {"prompt": "a fox", "duration": 1}
    stranger = {"headers": {"Authorization": "Bearer sk-wrong"}}
    asked: list[tuple[str, str, dict[str, Any], int, str]] = [
        ("POST", GENERATE, {"json": {}}, 400, "invalid-argument"),
        ("POST", GENERATE, {"data": b"{"}, 415, "invalid-argument:unsupported-media-type"),
        ("POST", EDIT, {"json": {"prompt": "a"}}, 400, "invalid-argument"),
        ("POST", GENERATE, {"json": known, **stranger}, 401, "unauthenticated:bad-credentials"),
        ("GET", f"/xai/v1/videos/{uuid.uuid4()}", {}, 404, "not-found"),
        ("GET", "/xai/v1/videos/x-y", {}, 404, "not-found"),
        ("GET", f"/xai/v1/videos/{'-' * 5000}", {}, 404, "not-found"),
        ("GET", "/xai/v1/nothing", {}, 404, "not-found:unknown-route"),
        ("GET", "/xai/", {}, 404, "not-found:unknown-route"),
        ("PUT", GENERATE, {}, 405, "unimplemented:method-not-allowed"),
        ("POST", GENERATE, {"json": {**known, "model": "m"}}, 404, "not-found:model-not-found"),
        ("GET", "/xai/v1/models/none", {}, 404, "not-found:model-not-found"),
    ]
    for verb, path, more, status, code in asked:
        assert is_xai_error(await world.ask(verb, path, **more), status, code)
    poor = await world.ask("POST", GENERATE, world.bob, json=known)
    message = is_xai_error(poor, 402, "resource-exhausted:insufficient-balance")
    assert "$0.05" in message
    assert poor.headers["x-should-retry"] == "false"
    assert world.session is not None
    async with world.session.post(world.url + GENERATE, json=known) as nobody:
        assert nobody.status == 401
        assert (await nobody.json())["code"] == "unauthenticated:no-credentials"
        assert nobody.headers["www-authenticate"] == "Bearer"


async def test_nobody_polls_the_video_of_another(world: World) -> None:
    request_id = await begin(world, duration=1)

    for base in ("/v1", "/xai/v1"):
        hidden = await world.ask("GET", f"{base}/videos/{request_id}", world.charlie)
        assert hidden.status == 404


async def test_the_same_key_and_request_make_one_video_in_either_dialect(world: World) -> None:
    key: dict[str, Any] = {"headers": {"x-idempotency-key": "one"}}
    asked: dict[str, Any] = {"prompt": "a fox", "resolution": "480p"}
    first = await world.ask("POST", GENERATE, json=asked, **key)
    again = await world.ask("POST", GENERATE, json={**asked, "seconds": "8"}, **key)
    plain = {"prompt": "a fox", "size": "480p", "seconds": "8"}
    same = await world.ask("POST", "/v1/videos", json=plain, **key)
    other = await world.ask("POST", GENERATE, json={**asked, "seconds": 9}, **key)

    assert first.json["request_id"] == again.json["request_id"] == same.json["request_id"]
    is_xai_error(other, 409, "failed-precondition:idempotency-conflict")


async def test_names_of_xais_models_mean_the_default_one(world: World) -> None:
    for name in GROK_NAMES:
        done = await end_of(world, await begin(world, model=name, duration=1))
        assert (done.json["status"], done.json["model"]) == ("done", name)
    listed = (await world.ask("GET", "/xai/v1/video-generation-models")).json["models"]
    one = await world.ask("GET", "/xai/v1/video-generation-models/grok-imagine-video")

    assert [each["id"] for each in listed] == ["grok-imagine"]
    assert "grok-imagine-video" in listed[0]["aliases"]
    assert listed[0]["input_modalities"] == ["text", "image", "video"]
    assert one.json["id"] == "grok-imagine-video"
    assert "grok-imagine" in one.json["aliases"]
    plain = await world.ask("GET", "/v1/models/grok-imagine-video-1.5")
    assert (plain.json["id"], plain.json["object"]) == ("grok-imagine-video-1.5", "model")
    assert (await world.ask("GET", "/v1/models/sora-9")).json["error"]["code"] == "model_not_found"


async def test_what_the_operator_says_a_name_means_counts(tmp_path: Path, engine: Scripted) -> None:
    models = {"a": ModelSetting(), "b": ModelSetting(aliases=("grok-imagine-video",))}
    async with open_world(tmp_path / "home", engine, models=models) as world:
        only_b = await world.open("alice", "10", models=("b",))
        request_id = await begin(world, who=only_b, model="grok-imagine-video", duration=1)
        assert (await end_of(world, request_id)).json["status"] == "done"
        other = {"prompt": "a fox", "model": "grok-imagine-video-1.5"}
        refused = await world.ask("POST", GENERATE, only_b, json=other)
        is_xai_error(refused, 403, "permission-denied:model-not-allowed")
        listed = (await world.ask("GET", "/xai/v1/video-generation-models")).json["models"]
        assert [(each["id"], each["aliases"]) for each in listed] == [("b", ["grok-imagine-video"])]


def test_what_is_left_out_is_what_xai_takes_for_it() -> None:
    text, image = order(), order(prompt=None, image={"url": IMAGE})

    assert (text.duration, text.size, text.ratio) == (8, "480p", "16:9")
    assert (image.prompt, image.ratio, image.duration) == (WORDLESS, "auto", 8)
    assert order(Operation.EXTEND, video={"url": "https://x.test/a"}).duration == 6
    one = order(reference_images=[{"url": IMAGE}])
    assert (one.operation, len(one.images)) == (Operation.REFERENCE, 1)
    assert order(seconds="3").duration == 3
    assert order(size="848x480", resolution="720p").size == "720p"
    assert order(size="480x848").ratio == "9:16"
    with pytest.raises(InvalidOrder, match="one of them"):
        order(seconds=3, duration=3)


@pytest.mark.parametrize(
    "said,meant",
    [
        ("<IMAGE_1> meets <image_2>", "@Image1 meets @Image2"),
        ("<IMAGE_0> meets <IMAGE_1>", "@Image1 meets @Image2"),
        ("@Image1 alone", "@Image1 alone"),
    ],
)
def test_images_are_named_as_they_are_here(said: str, meant: str) -> None:
    assert order(prompt=said, reference_images=[{"url": IMAGE}, {"url": IMAGE}]).prompt == meant
    assert order(prompt=said).prompt == meant  # and is refused, as there is no such image


@pytest.mark.parametrize(
    "field,value",
    [
        ("resolution", "1080p"),
        ("resolution", 720),
        ("last_frame", {"url": IMAGE}),
        ("keyframes", [{"image": {"url": IMAGE}, "timestamp_s": 1}]),
        ("reference_audios", [{"voice_id": "v"}]),
        ("output", {"upload_url": "https://x.test/put"}),
        ("video", {"url": "https://x.test/a"}),
        ("duration", 6.5),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidOrder) as refused:
        order(**{field: value})

    assert refused.value.param == field
    assert field in refused.value.message


def test_what_changes_nothing_is_listed() -> None:
    asked = order(storage_options={"filename": "a.mp4"}, user="u", keyframes=[], nonsense=1)

    assert asked.ignored == ("storage_options", "user", "nonsense")


async def test_characters_are_not_kept_here(world: World) -> None:
    for verb, path in (("POST", "/v1/videos/characters"), ("GET", "/v1/videos/characters/c")):
        absent = await world.ask(verb, path)
        assert (absent.status, absent.json["error"]["code"]) == (501, "not_implemented")
        assert absent.headers["x-should-retry"] == "false"


async def test_only_a_completed_video_of_ones_own_is_remixed(world: World) -> None:
    """C5: and the path is to blame, not the body."""
    world.engine.wait()
    running = (await world.post()).json["id"]
    asked: dict[str, Any] = {"json": {"prompt": "in snow"}}
    early = await world.ask("POST", f"/v1/videos/{running}/remix", **asked)
    foreign = await world.ask("POST", f"/v1/videos/{running}/remix", world.charlie, **asked)
    unknown = await world.ask("POST", f"/v1/videos/{uuid.uuid4()}/remix", **asked)
    world.engine.go()
    await world.end_of(running)
    wordless = await world.ask("POST", f"/v1/videos/{running}/remix", json={})
    two = {"prompt": "a", "video_url": "https://x.test/a"}
    twice = await world.ask("POST", f"/v1/videos/{running}/remix", json=two)

    assert (early.status, early.json["error"]["param"]) == (400, "id")
    assert "only a completed video" in early.json["error"]["message"]
    assert (foreign.status, unknown.status) == (404, 404)
    assert (wordless.status, wordless.json["error"]["param"]) == (400, "prompt")
    assert (twice.status, twice.json["error"]["param"]) == (400, "video")
    assert (await world.ask("POST", f"/v1/videos/{running}/remix", **asked)).status == 200
