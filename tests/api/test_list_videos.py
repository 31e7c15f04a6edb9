"""C41: GET /v1/videos."""

from __future__ import annotations

from kinetoscope.engines import Refused
from tests.api.shapes import is_error
from tests.world import World


async def ids(world: World, query: str) -> list[str]:
    listed = await world.ask("GET", f"/v1/videos{query}")
    assert listed.status == 200, listed.body
    return [task["id"] for task in listed.json["data"]]


async def test_a_list_is_paged_newest_first_and_filtered(world: World) -> None:
    """C41, C5."""
    made = []
    for number in range(4):
        if number == 3:
            world.engine.will(Refused("task_failed", "no"))
        made.append((await world.make(prompt=f"fox {number}", duration=1))["id"])
        world.clock.skip(100)
    await world.make(world.charlie)
    newest = made[::-1]

    page = (await world.ask("GET", "/v1/videos?limit=3")).json
    assert [task["id"] for task in page["data"]] == newest[:3]
    assert page["object"] == "list"
    assert page["has_more"] is True
    assert (page["first_id"], page["last_id"]) == (newest[0], newest[2])
    rest = (await world.ask("GET", f"/v1/videos?limit=3&after={page['last_id']}")).json
    assert [task["id"] for task in rest["data"]] == newest[3:]
    assert rest["has_more"] is False

    assert await ids(world, "") == newest
    assert await ids(world, "?order=asc") == made
    assert await ids(world, f"?order=asc&after={made[1]}") == made[2:]
    assert await ids(world, "?status=failed") == [made[3]]
    assert await ids(world, "?status=completed,failed&operation=text_to_video") == newest
    assert await ids(world, "?operation=edit_video") == []
    times = {task["id"]: task["created_at"] for task in page["data"] + rest["data"]}
    assert await ids(world, f"?created_after={times[made[2]]}") == newest[:2]
    assert await ids(world, f"?created_before={times[made[2]]}") == newest[2:]
    assert (await world.ask("GET", f"/v1/videos?after={made[0]}")).json["last_id"] is None


async def test_a_query_that_makes_no_sense_is_refused(world: World) -> None:
    """C41, C28."""
    for query in [
        "limit=0",
        "limit=101",
        "limit=ten",
        "limit=-1",
        "limit=" + "9" * 30,
        "order=up",
        "status=done",
        "status=",
        "operation=x",
        "created_after=yesterday",
        "created_before=1.5",
        "after=%00",
        "after=" + "a" * 200,
    ]:
        refused = await world.ask("GET", f"/v1/videos?{query}")
        is_error(refused, 400)
        assert refused.json["error"]["param"] == query.partition("=")[0]
    assert (await world.ask("GET", "/v1/videos?limit=100")).json["data"] == []
