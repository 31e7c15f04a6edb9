"""C4, C8: the same tasks under other routes and other names."""

from __future__ import annotations

from pathlib import Path

from kinetoscope.settings import ModelSetting
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import World, open_world

FAMILIES = ("/v1/videos", "/v1/videos/generations", "/v1/video/generations")


async def test_an_id_made_on_one_family_works_on_all(world: World) -> None:
    """C4."""
    for family in FAMILIES:
        body = {"prompt": "a fox", "duration": 1}
        made = await world.ask("POST", family, json=body)
        assert made.status == 200, made.body
        task = await world.end_of(made.json["id"])
        for other in FAMILIES:
            assert (await world.ask("GET", f"{other}/{task['id']}")).json == task
        assert task["seconds"] == "1"
    await world.audit()


async def test_an_idempotency_key_counts_across_families(world: World) -> None:
    """C4, C30."""
    body = {"prompt": "a fox", "duration": 1}
    ids = {
        (await world.ask("POST", family, json=body, headers={"X-Idempotency-Key": "one"})).json[
            "id"
        ]
        for family in FAMILIES
    }

    assert len(ids) == 1


async def test_an_alias_is_answered_by_its_own_name(tmp_path: Path, engine: Scripted) -> None:
    """C8: and the engine's own name never stands in model."""
    models = {"grok-imagine": ModelSetting(aliases=("sora-2",))}
    async with open_world(tmp_path / "home", engine, models=models) as world:
        await world.open("alice", "10")

        task = await world.make(model="sora-2")

        assert task["model"] == "sora-2"
        assert (await world.make())["model"] == "grok-imagine"
        named = (await world.ask("GET", "/v1/models")).json["data"]
        assert {model["id"] for model in named} == {"grok-imagine", "sora-2"}


async def test_other_kinds_of_requests_are_told_where_to_go(world: World) -> None:
    """C31."""
    for path in ("/v1/images/generations", "/v1/chat/completions"):
        refused = await world.ask("POST", path, json={"model": "grok-imagine", "prompt": "a"})
        assert "/v1/videos" in is_error(refused, 400)
        unknown = await world.ask("POST", path, json={"model": "gpt-9"})
        is_error(unknown, 404, "model_not_found")
