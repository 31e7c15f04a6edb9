"""C10: a file that was uploaded is named in orders, and the task has its own copy of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kinetoscope.service import file_key, inputs_key
from tests.api.shapes import is_error
from tests.api.uploads import send
from tests.engines.scripted import Scripted
from tests.films import film, picture
from tests.service.stage import ended, order, runner, set_stage
from tests.world import World


async def keep(world: World, content: bytes) -> str:
    kept = await send(world, content)
    assert kept.status == 200, kept.body
    file: str = kept.json["id"]
    return file


@pytest.mark.parametrize(
    "name,value",
    [
        ("image", {"file_id": "A"}),
        ("image", "A"),
        ("image", {"id": "A"}),
        ("input_reference", {"file_id": "A"}),
        ("image_url", {"file_id": "A"}),
        ("images", [{"file_id": "A"}]),
        ("image_urls", ["A"]),
        ("reference_images", [{"file_id": "A"}, {"file_id": "A"}]),
        ("extra_body", {"image": {"file_id": "A"}}),
    ],
)
async def test_an_image_is_named_by_its_file_wherever_one_may_stand(
    world: World, name: str, value: Any
) -> None:
    file = await keep(world, picture())
    asked = {name: _filled(value, file)}

    task = await world.make(**asked)

    order, inputs = world.engine.orders[task["id"]]
    many = isinstance(value, list) and len(value) > 1
    assert order.operation == ("reference_to_video" if many else "image_to_video")
    assert [(each.media_type, each.width, each.height) for each in inputs.images] == [
        ("image/png", 64, 48)
    ] * (2 if many else 1)
    assert task["metadata"]["ignored"] == []
    await world.no_inputs_left()


def _filled(value: Any, file: str) -> Any:
    """Write the id of a *file* wherever *value* says ``A``."""
    if isinstance(value, dict):
        return {name: _filled(each, file) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, file) for each in value]
    return file if value == "A" else value


async def test_a_video_is_named_by_its_file_and_priced_by_what_was_measured(
    world: World, tmp_path: Path
) -> None:
    """C33: the vectors of an edit and an extension."""
    file = await keep(world, film(tmp_path / "8.mp4", 8, 484, 484).read_bytes())
    named: dict[str, Any] = {"video": {"file_id": file}}

    edit = await world.post(duration=..., **named)
    extend = await world.post(duration=6, **named)
    also = await world.ask("POST", "/v1/videos/edits", json={"prompt": "a", **named})
    more = {"prompt": "a", "seconds": "6", **named}
    on = await world.ask("POST", "/v1/videos/extensions", json=more)
    quoted = await world.ask("POST", "/v1/videos/quote", json={"prompt": "a", **named})

    totals = [each.json["metadata"]["quote"]["total"] for each in (edit, extend, also, on)]
    assert totals == ["0.64", "0.50", "0.64", "0.50"]
    assert quoted.json["total"] == "0.64"
    assert edit.json["seconds"] == "8"
    for each in (edit, extend, also, on):
        assert (await world.end_of(each.json["id"]))["status"] == "completed"
    await world.audit()


async def test_what_is_no_such_file_is_refused_before_money_is_held(
    world: World, tmp_path: Path
) -> None:
    image, video = await keep(world, picture()), await keep(world, world.engine.reel.read_bytes())
    short = await keep(world, film(tmp_path / "1.mp4", 1, 64, 64).read_bytes())
    long = await keep(world, film(tmp_path / "12.mp4", 12, 64, 64).read_bytes())
    theirs = (await send(world, picture(), world.charlie)).json["id"]
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"image": {"file_id": theirs}}, "image", "does not exist"),
        ({"image": theirs}, "image", "does not exist"),
        ({"image": {"file_id": "file_0"}}, "image", "does not exist"),
        ({"image": {"file_id": "file-abc"}}, "image", "POST /v1/files"),
        ({"image": {"file_id": ""}}, "image", "file_id"),
        ({"image": {"file_id": [image]}}, "image", "file_id"),
        ({"images": [image, {"file_id": theirs}]}, "images[1]", "does not exist"),
        ({"image": {"file_id": video}}, "image", "video/mp4"),
        ({"video": {"file_id": image}}, "video", "image/png"),
        ({"video": {"file_id": short}, "duration": 6}, "video", "2 to 15"),
        ({"video": {"file_id": long}, "duration": ...}, "video", "8.7"),
        ({"video": {"file_id": "task_1"}, "duration": ...}, "video", "does not exist"),
        ({"image": {"file_id": image}, "input_reference": theirs}, "input_reference", "differ"),
    ]
    for fields, param, said in cases:
        refused = await world.post(**fields)
        assert said in is_error(refused, 400, "invalid_request"), fields
        assert refused.json["error"]["param"] == param, fields
    assert str((await world.account_of(world.alice)).held) == "0.00"
    assert await world.gateway.store.keys("inputs") == []
    assert list(world.gateway.work.glob("in_*")) == []


async def test_an_expired_file_is_no_input(world: World) -> None:
    file = await keep(world, picture())
    world.clock.skip(31 * 24 * 3600)

    assert "expired" in is_error(await world.post(image={"file_id": file}), 400)


async def test_a_task_needs_its_file_no_more(tmp_path: Path, engine: Scripted) -> None:
    """The upload goes while the task waits: its input is still there, and goes with its end."""
    async with set_stage(tmp_path / "home", engine) as world:
        file = await keep(world, picture())
        task = await order(world, image={"file_id": file})
        assert (await world.ask("DELETE", f"/v1/files/{file}")).status == 200
        assert await world.gateway.store.keys("files") == []
        kept = await world.gateway.store.local(f"{inputs_key(task.id)}/0")
        assert kept.read_bytes() == picture()

        async with runner(world):
            assert (await ended(world, task.id)).error_code is None
            await world.no_inputs_left()


async def test_a_file_is_still_there_when_its_task_has_ended(world: World) -> None:
    file = await keep(world, picture())
    await world.make(image={"file_id": file})
    await world.no_inputs_left()

    stored = await world.gateway.store.local(file_key(file))

    assert stored.read_bytes() == picture()
    assert stored.stat().st_mode & 0o777 == 0o600


async def test_the_file_is_part_of_what_was_asked(world: World) -> None:
    """C30: the same key with another file is another request."""
    one, other = await keep(world, picture()), await keep(world, picture("JPEG"))
    key = {"Idempotency-Key": "once"}

    async def ask(file: str) -> Any:
        body = {"prompt": "a", "duration": 6, "image": {"file_id": file}}
        return await world.ask("POST", "/v1/videos", json=body, headers=key)

    first, again = await ask(one), await ask(one)

    assert first.json["id"] == again.json["id"]
    is_error(await ask(other), 409, "idempotency_conflict")


async def test_an_engine_that_takes_few_bytes_is_not_asked(world: World) -> None:
    """A file stands at no public address."""
    world.engine.most_bytes = 10
    file = await keep(world, picture())

    assert "public https" in is_error(await world.post(image={"file_id": file}), 400)
