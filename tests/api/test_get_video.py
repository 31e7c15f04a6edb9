"""GET /v1/videos/{id}."""

from __future__ import annotations

import hashlib

from kinetoscope.engines import Refused, Working
from tests.api.shapes import is_error
from tests.world import World


async def test_a_completed_video_says_all_of_it(world: World) -> None:
    """C2, C22, C25: times, link, measures and bill."""
    task = await world.make(size="720p")
    content = await world.ask("GET", f"/v1/videos/{task['id']}/content")

    assert task["progress"] == 100
    assert task["completed_at"] >= task["created_at"]
    assert task["url"] == task["metadata"]["url"]
    assert task["url"].startswith(f"{world.url}/v1/videos/{task['id']}/content?")
    output = task["metadata"]["output"]
    assert (output["width"], output["height"], output["seconds"]) == (128, 72, 6.0)
    assert output["bytes"] == len(content.body)
    assert output["sha256"] == hashlib.sha256(content.body).hexdigest()
    billing = task["metadata"]["billing"]
    assert (billing["held"], billing["charged"], billing["released"]) == ("0.42", "0.42", "0.00")
    line = {"item": "output_second_720p", "quantity": 6, "unit_price": "0.07", "amount": "0.42"}
    assert billing["lines"] == [line]


async def test_progress_never_falls_and_is_below_100_until_the_end(world: World) -> None:
    """C21."""
    world.engine.will(Working(30), Working(10), Working(None), Working(100), Working(60))
    seen = [(await world.post()).json]

    while seen[-1]["status"] in ("queued", "in_progress"):
        seen.append((await world.ask("GET", f"/v1/videos/{seen[0]['id']}")).json)

    progress = [task["progress"] for task in seen]
    assert progress == sorted(progress)
    assert max(progress[:-1]) < 100
    assert progress[-1] == 100
    order = ["queued", "in_progress", "completed"]
    places = [order.index(task["status"]) for task in seen]
    assert places == sorted(places)


async def test_a_failed_video_says_why_and_costs_nothing(world: World) -> None:
    """C23, C37."""
    world.engine.will(Refused("task_failed", "the camera broke"))

    task = await world.make()

    assert task["error"] == {"code": "task_failed", "message": "the camera broke"}
    assert task["progress"] == 100
    assert not {"completed_at", "url"} & task.keys()
    assert task["metadata"]["billing"]["charged"] == "0.00"
    assert str((await world.account_of(world.alice)).available) == "10.00"
    is_error(await world.ask("GET", f"/v1/videos/{task['id']}/content"), 404, "video_not_available")
    await world.audit()


async def test_anothers_video_does_not_exist(world: World) -> None:
    """C5: 404, never 403, on every route of a task; and 401 without a key."""
    task = await world.make()
    path = f"/v1/videos/{task['id']}"

    for verb, each in [
        ("GET", path),
        ("GET", f"{path}/content"),
        ("HEAD", f"{path}/content"),
        ("DELETE", path),
        ("POST", f"{path}/cancel"),
        ("GET", f"/v1/video/generations/{task['id']}"),
    ]:
        strange = await world.ask(verb, each, world.charlie)
        assert strange.status == 404, each
        keyless = await world.ask(verb, each, headers={"Authorization": ""})
        assert keyless.status == 401, each
    assert (await world.ask("GET", path)).json["status"] == "completed"


async def test_an_id_that_cannot_be_one_is_not_found(world: World) -> None:
    """C28: whatever stands in the path, also what a database could not hold."""
    for name in ["task_x", "%00", "%ff", "a%20b", "x" * 5000, "..%2f..", "%F0%9F%A6%8A", "'--"]:
        for path in (f"/v1/videos/{name}", f"/v1/videos/{name}/content"):
            assert (await world.ask("GET", path)).status == 404, path
    is_error(await world.ask("GET", "/v1/videos/%00"), 404, "not_found")
