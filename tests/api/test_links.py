"""C25: a link to a video opens without a key, for a while, and for that video only."""

from __future__ import annotations

from pathlib import Path

from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import World, open_world

NO_KEY = {"Authorization": ""}


async def open_link(world: World, url: str, verb: str = "GET") -> int:
    """Open a link as a browser does."""
    assert world.session is not None
    async with world.session.request(verb, url) as reply:
        await reply.read()
        assert reply.headers["x-request-id"]
        return reply.status


async def test_a_link_opens_one_video_until_it_expires(world: World) -> None:
    """C25."""
    task, other = await world.make(), await world.make(prompt="an owl")
    link: str = task["url"]
    base, _, query = link.partition("?")
    expires = query.partition("&")[0].partition("=")[2]

    assert await open_link(world, link) == 200
    assert await open_link(world, link, "HEAD") == 200
    for forged in (
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.replace(expires, str(int(expires) + 3600)),
        link.replace(task["id"], other["id"]),
        base + "?expires=99999999999&signature=",
        base + f"?expires={expires}&signature=%F0%9F%A6%8A%00",
        base + "?signature=" + "a" * 5000,
        base + "?expires=-1&signature=a",
    ):
        assert await open_link(world, forged) == 401, forged
    assert await open_link(world, base) == 401

    world.clock.skip(26 * 3600)
    assert await open_link(world, link) == 401
    fresh = (await world.ask("GET", f"/v1/videos/{task['id']}")).json["url"]
    assert await open_link(world, fresh) == 200


async def test_a_link_does_not_outlive_its_video(world: World) -> None:
    """C25, C42."""
    task = await world.make()

    await world.ask("DELETE", f"/v1/videos/{task['id']}")

    assert await open_link(world, task["url"]) == 404


async def test_links_of_ours_and_ids_are_inputs(tmp_path: Path, engine: Scripted) -> None:
    """C10: also where no network may be visited, since nothing is fetched."""
    async with open_world(tmp_path / "home", engine, allow_networks=()) as world:
        await world.open("alice", "10")
        await world.open("charlie", "10")
        task = await world.make()
        behind = task["url"].replace("/v1/", "/studio/v1/", 1)

        for video in (task["url"], behind, {"url": task["url"]}, {"id": task["id"]}):
            made = await world.make(duration=..., video=video)
            assert made["status"] == "completed", made
            assert made["metadata"]["operation"] == "edit_video"
            assert made["seconds"] == "6"
        assert (await world.make(world.charlie, duration=..., video=task["url"]))["id"]

        forged = task["url"][:-2] + "zz"
        is_error(await world.post(duration=..., video=forged), 400, "input_forbidden")
        stolen = await world.post(world.charlie, duration=..., video={"id": task["id"]})
        assert "does not exist" in is_error(stolen, 400)
        as_image = await world.post(image={"id": task["id"]})
        assert "image" in is_error(as_image, 400)
        await world.audit()


async def test_a_video_that_is_not_there_is_no_input(world: World) -> None:
    """C19: not made yet, failed, deleted."""
    done = await world.make()
    await world.ask("DELETE", f"/v1/videos/{done['id']}")
    world.engine.wait()
    queued = (await world.post()).json

    for task in (done, queued):
        refused = await world.post(duration=..., video={"id": task["id"]})
        is_error(refused, 400)
        assert refused.json["error"]["param"] == "video"
