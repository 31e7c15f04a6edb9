"""C42: DELETE /v1/videos/{id}."""

from __future__ import annotations

from kinetoscope.engines import Refused
from tests.api.shapes import is_error
from tests.world import World


async def test_a_deleted_video_is_gone_and_its_bill_stays(world: World) -> None:
    """C42."""
    task = await world.make()
    path = f"/v1/videos/{task['id']}"

    deleted = await world.ask("DELETE", path)

    assert deleted.json == {"id": task["id"], "object": "video.deleted", "deleted": True}
    for verb, each in [("GET", path), ("GET", f"{path}/content"), ("DELETE", path)]:
        is_error(await world.ask(verb, each), 404)
    assert (await world.ask("GET", "/v1/videos")).json["data"] == []
    assert await world.gateway.store.keys("") == []
    assert (await world.ask("GET", "/v1/balance")).json["balance"] == "9.70"
    assert (await world.ask("GET", "/v1/usage")).json["total"] == "0.30"
    await world.audit()


async def test_a_running_video_must_be_cancelled_first(world: World) -> None:
    """C42, C28."""
    world.engine.wait()
    path = f"/v1/videos/{(await world.post()).json['id']}"

    assert "cancel" in is_error(await world.ask("DELETE", path), 409, "video_in_progress")

    await world.ask("POST", f"{path}/cancel")
    assert (await world.ask("DELETE", path)).json["deleted"] is True


async def test_a_failed_video_can_be_deleted(world: World) -> None:
    """C42."""
    world.engine.will(Refused("task_failed", "no"))
    task = await world.make()

    assert (await world.ask("DELETE", f"/v1/videos/{task['id']}")).status == 200
