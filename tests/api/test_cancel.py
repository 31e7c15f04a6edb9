"""C43: POST /v1/videos/{id}/cancel."""

from __future__ import annotations

from pathlib import Path

from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.patience import eventually
from tests.world import World, open_world


async def started(world: World, task_id: str) -> None:
    """Wait until the engine has begun with a task."""
    await eventually(lambda: world.engine.started[task_id] > 0)


async def test_a_task_no_engine_was_asked_for_costs_nothing(
    tmp_path: Path, engine: Scripted
) -> None:
    """C43, C23: failed/cancelled, and twice is the same as once."""
    engine.stoppable = False
    async with open_world(tmp_path / "home", engine, run=False) as world:
        await world.open("alice", "10")
        task_id = (await world.post()).json["id"]
        path = f"/v1/videos/{task_id}/cancel"

        once, twice = await world.ask("POST", path), await world.ask("POST", path)

        assert once.json == twice.json
        assert once.json["status"] == "failed"
        assert once.json["error"]["code"] == "cancelled"
        assert once.json["metadata"]["billing"]["charged"] == "0.00"
        assert str((await world.account_of(world.alice)).available) == "10.00"
        await world.audit()


async def test_an_engine_that_can_stop_is_stopped(world: World) -> None:
    """C43."""
    world.engine.wait()
    task_id = (await world.post()).json["id"]
    await started(world, task_id)

    cancelled = await world.ask("POST", f"/v1/videos/{task_id}/cancel")

    assert cancelled.json["error"]["code"] == "cancelled"
    assert str((await world.account_of(world.alice)).available) == "10.00"
    world.engine.go()
    await world.audit()
    assert (await world.end_of(task_id))["status"] == "failed"


async def test_an_engine_that_cannot_stop_makes_it_a_conflict(world: World) -> None:
    """C43, C28: it renders and bills to the end."""
    world.engine.stoppable = False
    world.engine.wait()
    task_id = (await world.post()).json["id"]
    await started(world, task_id)

    refused = await world.ask("POST", f"/v1/videos/{task_id}/cancel")

    is_error(refused, 409, "not_cancellable")
    world.engine.go()
    assert (await world.end_of(task_id))["status"] == "completed"


async def test_what_has_ended_cannot_be_cancelled(world: World) -> None:
    """C43, C21: a task never leaves its last status."""
    task = await world.make()

    is_error(await world.ask("POST", f"/v1/videos/{task['id']}/cancel"), 409, "not_cancellable")
    is_error(await world.ask("POST", "/v1/videos/task_x/cancel"), 404)
    assert (await world.ask("GET", f"/v1/videos/{task['id']}")).json == task
