"""C32, C34, C44: prices, quotes, models, health."""

from __future__ import annotations

from pathlib import Path

from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import World, open_world

NO_KEY = {"Authorization": ""}
CARD = {
    "output_second": {"480p": "0.05", "720p": "0.07"},
    "input_image": "0.002",
    "input_second": "0.01",
}


async def test_prices_are_public(world: World) -> None:
    """C32."""
    answer = await world.ask("GET", "/v1/pricing", headers=NO_KEY)

    assert answer.json["models"] == {"grok-imagine": CARD}


async def test_a_quote_tells_the_price_line_by_line_and_holds_nothing(world: World) -> None:
    """C34: also for who could not pay."""
    body = {"prompt": "a", "seconds": "6", "size": "1280x720", "seed": 1}
    answer = await world.ask("POST", "/v1/videos/quote", world.bob, json=body)

    quote = answer.json
    assert quote["operation"] == "text_to_video"
    assert quote["total"] == quote["quote"]["total"] == "0.42"
    assert quote["quote"]["lines"][0]["unit_price"] == "0.07"
    assert quote["parameters"]["duration"] == 6
    assert quote["parameters"]["aspect_ratio"] == "16:9"
    assert quote["ignored"] == ["seed"]
    assert (await world.ask("GET", "/v1/videos", world.bob)).json["data"] == []
    assert (await world.ask("GET", "/v1/balance", world.bob)).json["held"] == "0.00"
    refused = await world.ask("POST", "/v1/videos/quote", json={"prompt": "a", "seconds": "99"})
    is_error(refused, 400)


async def test_models_say_what_may_be_asked_for(world: World) -> None:
    """C44: operations, limits and prices."""
    (model,) = (await world.ask("GET", "/v1/models")).json["data"]

    assert (model["id"], model["object"]) == ("grok-imagine", "model")
    assert model["pricing"] == CARD
    assert model["operations"]["reference_to_video"]["images"] == {"min": 1, "max": 7}
    assert model["operations"]["video_extend"]["source_seconds"] == {"min": 2.0, "max": 15.0}
    assert model["operations"]["edit_video"]["duration"] is None
    assert len(model["operations"]) == 5


async def test_health_is_that_of_database_storage_and_an_engine(
    tmp_path: Path, engine: Scripted
) -> None:
    """C44: the process lives even where it cannot work."""
    async with open_world(tmp_path / "home", engine) as world:
        await world.open("alice", "10")
        assert (await world.ask("GET", "/healthz", headers=NO_KEY)).status == 200
        ready = await world.ask("GET", "/readyz", headers=NO_KEY)
        assert (ready.status, ready.json["status"]) == (200, "ok")

        engine.plays = False
        unwell = await world.ask("GET", "/readyz", headers=NO_KEY)
        assert unwell.status == 503
        assert unwell.json["checks"]["database"] == "ok"
        engine.plays = True

        (world.home / "assets").rename(world.home / "away")
        assert (await world.ask("GET", "/readyz", headers=NO_KEY)).status == 503
        (world.home / "away").rename(world.home / "assets")
        assert (await world.ask("GET", "/readyz", headers=NO_KEY)).status == 200
        assert (await world.ask("GET", "/healthz", headers=NO_KEY)).json == {"status": "ok"}
