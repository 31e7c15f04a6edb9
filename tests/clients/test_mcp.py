"""What agents can do with the tools, through the official client of their protocol."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kinetoscope.engines import Refused
from tests.client.strangers import Stranger, silence
from tests.clients.agents import MODES, Agent, own_agent, tools_over_http, web_agent
from tests.films import picture
from tests.world import World

READING = {"quote_video", "wait_for_video", "get_video", "list_videos", "list_models"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that an agent may use."""
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture(params=MODES)
async def agent(request: pytest.FixtureRequest, world: World, folder: Path) -> AsyncIterator[Agent]:
    """An agent of alice, once of each generation of the protocol."""
    seated: asyncio.Future[Agent] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def sit() -> None:  # who sits down must stand up, and fixtures end in another task
        async with own_agent(world, folder, request.param) as agent:
            seated.set_result(agent)
            await over.wait()

    sitting = asyncio.create_task(sit())
    await asyncio.wait((sitting, seated), return_when=asyncio.FIRST_COMPLETED)
    if sitting.done():
        await sitting
    yield await seated
    over.set()
    await sitting


async def test_every_tool_says_what_it_takes_and_answers_and_whether_it_harms(
    agent: Agent,
) -> None:
    tools = {tool.name: tool for tool in (await agent.client.list_tools()).tools}

    assert set(tools) == READING | {"create_video", "download_video", "cancel_video"}
    for name, tool in tools.items():
        assert tool.title
        assert tool.description
        assert "self" not in tool.input_schema["properties"]
        assert all(each["description"] for each in tool.input_schema["properties"].values())
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name in READING)
    assert tools["create_video"].input_schema["required"] == ["prompt"]
    assert tools["create_video"].input_schema == {
        **tools["quote_video"].input_schema,
        "title": "create_videoArguments",
    }
    assert tools["cancel_video"].annotations is not None
    assert tools["cancel_video"].annotations.destructive_hint is True


async def test_a_video_is_priced_ordered_awaited_and_saved(
    agent: Agent, world: World, folder: Path
) -> None:
    asked = {"prompt": "A fox, in snow!", "duration": 6, "size": "720p"}
    steps: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        assert message
        steps.append((progress, total))

    price = await agent.call("quote_video", **asked)
    ordered = await agent.call("create_video", **asked)
    waited = await agent.client.call_tool(
        "wait_for_video", {"video_id": ordered["id"]}, progress_callback=note
    )
    saved = await agent.client.call_tool("download_video", {"video_id": ordered["id"]})
    listed = await agent.call("list_videos", status="completed")
    balance = await agent.call("quote_video", **asked)

    assert (price["total"], price["available"], price["operation"]) == (
        "0.42",
        "10.00",
        "text_to_video",
    )
    assert (ordered["status"], ordered["price"], ordered["charged"]) == ("queued", "0.42", None)
    told = waited.structured_content or {}
    assert (told["status"], told["charged"]) == ("completed", "0.42")
    assert [each.type for each in waited.content] == ["text", "resource_link"]
    assert steps == sorted(set(steps))
    assert max(steps)[0] == 100
    path = folder / "a-fox-in-snow.mp4"
    assert path.read_bytes() == world.engine.reel.read_bytes()
    assert (saved.structured_content or {})["path"] == str(path)
    assert [getattr(each, "uri", "") for each in saved.content] == ["", path.as_uri()]
    assert [each["id"] for each in listed["videos"]] == [ordered["id"]]
    assert balance["available"] == "9.58"


async def test_a_film_and_a_guide_can_be_read(agent: Agent) -> None:
    ordered = await agent.call("create_video", prompt="a fox", duration=1)
    await agent.call("wait_for_video", video_id=ordered["id"])

    shown = await agent.client.read_resource(f"video://{ordered['id']}")
    guide = await agent.client.get_prompt("video_prompt", {"idea": "a {fox}"})
    with pytest.raises(Exception, match="not_found"):
        await agent.client.read_resource("video://task_none")

    assert '"status":"completed"' in getattr(shown.contents[0], "text", "")
    assert "about this idea: a {fox}" in getattr(guide.messages[0].content, "text", "")


async def test_files_of_the_folder_are_sent(agent: Agent, world: World, folder: Path) -> None:
    (folder / "fox.png").write_bytes(picture())
    (folder / "below").mkdir()
    (folder / "below" / "bear.webp").write_bytes(picture("WEBP"))
    (folder / "reel.mp4").write_bytes(world.engine.reel.read_bytes())
    address = "data:image/png;base64," + base64.b64encode(picture()).decode()

    one = await agent.call("create_video", prompt="x", duration=1, image="fox.png")
    many = await agent.call(
        "create_video",
        prompt="@Image1 @Image2 @Image3",
        duration=1,
        images=["./fox.png", str(folder / "below/bear.webp"), address],
    )
    edit = await agent.call("create_video", prompt="at night", video="reel.mp4")
    await agent.call("wait_for_video", video_id=edit["id"])
    more = await agent.call("create_video", prompt="on", duration=2, video=edit["id"])

    operations = [each["operation"] for each in (one, many, edit, more)]
    assert operations == ["image_to_video", "reference_to_video", "edit_video", "video_extend"]


async def test_no_other_file_is_ever_sent(agent: Agent, world: World, folder: Path) -> None:
    outside = folder.parent / "secret.png"
    outside.write_bytes(picture())
    (folder / "link.png").symlink_to(outside)
    (folder / "keys.txt").write_text("sk-secret")
    (folder / "empty.png").touch()
    os.mkfifo(folder / "pipe.png")
    names = {
        "/etc/passwd": "only those can be sent",
        "../secret.png": "only those can be sent",
        str(outside): "only those can be sent",
        "link.png": "only those can be sent",
        "../nothing.png": "only those can be sent",
        "~/x.png": "cannot be read",
        "file:///etc/passwd": "cannot be read",
        "keys.txt": "nothing else is sent",
        "empty.png": "nothing else is sent",
        "pipe.png": "cannot be read",
        ".": "cannot be read",
        "": "cannot be read",
        "a\0b": "only those can be sent",
        "x" * 5000: "cannot be read",
    }

    for name, words in names.items():
        for asked in ({"image": name}, {"images": [name]}, {"video": name}):
            assert words in await agent.refused("create_video", prompt="x", duration=1, **asked)

    assert world.engine.orders == {}


async def test_a_name_for_a_film_stays_in_the_folder(agent: Agent, folder: Path) -> None:
    ordered = await agent.call("create_video", prompt="…", duration=1)
    video_id = ordered["id"]
    await agent.call("wait_for_video", video_id=video_id)

    both = await asyncio.gather(
        *(agent.call("download_video", video_id=video_id, name="../../fox.mp4") for _ in range(2))
    )
    await agent.call("download_video", video_id=video_id)

    assert {each["path"] for each in both} == {str(folder / "fox.mp4"), str(folder / "fox-2.mp4")}
    assert {each.name for each in folder.iterdir()} == {"fox.mp4", "fox-2.mp4", "video.mp4"}


async def test_a_task_that_fails_is_told_and_no_error(agent: Agent, world: World) -> None:
    world.engine.will(Refused("moderation_blocked", "request rejected"))

    ordered = await agent.call("create_video", prompt="x", duration=1)
    waited = await agent.call("wait_for_video", video_id=ordered["id"])
    said = await agent.refused("download_video", video_id=ordered["id"])

    assert waited["status"] == "failed"
    assert waited["error"] == "moderation_blocked: request rejected"
    assert waited["charged"] == "0.00"
    assert "it has no file" in said


async def test_that_a_time_is_over_is_no_error_and_a_task_can_be_cancelled(
    agent: Agent, world: World, folder: Path
) -> None:
    world.engine.wait()

    ordered = await agent.call("create_video", prompt="x", duration=1)
    waited = await agent.call("wait_for_video", video_id=ordered["id"], seconds=0)
    said = await agent.refused("download_video", video_id=ordered["id"])
    cancelled = await agent.call("cancel_video", video_id=ordered["id"])
    again = await agent.call("cancel_video", video_id=ordered["id"])

    assert waited["status"] in ("queued", "in_progress")
    assert waited["next"] == "call wait_for_video with this id"
    assert ordered["id"] in said
    assert cancelled["status"] == again["status"] == "failed"
    assert cancelled["error"].startswith("cancelled: ")
    assert list(folder.iterdir()) == []


async def test_models_are_listed_with_what_they_cost(agent: Agent) -> None:
    [model] = (await agent.call("list_models"))["models"]

    assert model["id"] == "grok-imagine"
    assert model["operations"]["text_to_video"]["duration"] == {"min": 1, "max": 15}
    assert model["pricing"]["output_second"]["720p"] == "0.07"


@pytest.mark.parametrize(
    "name, arguments, words",
    [
        ("create_video", {"prompt": "x", "duration": 99}, "takes 1 to 15 seconds"),
        ("create_video", {"prompt": "x"}, "duration is required"),
        ("create_video", {"prompt": "x", "duration": 1, "operation": "paint"}, "text_to_video"),
        ("quote_video", {"prompt": "x", "size": "1080p", "duration": 1}, "480p"),
        ("get_video", {"video_id": "task_none"}, "not_found"),
        ("get_video", {"video_id": "../balance"}, "no id of a video"),
        ("wait_for_video", {"video_id": "task_none", "seconds": 46}, "less than or equal to 45"),
        ("list_videos", {"limit": 1000}, "less than or equal to 100"),
    ],
)
async def test_what_is_wrong_is_said_in_words(
    world: World, folder: Path, name: str, arguments: dict[str, Any], words: str
) -> None:
    async with own_agent(world, folder) as agent:
        assert words in await agent.refused(name, **arguments)


async def test_who_has_no_money_is_told(world: World, folder: Path) -> None:
    async with own_agent(world, folder, who=world.bob) as agent:
        assert "insufficient_balance" in await agent.refused("create_video", prompt="x", duration=1)


async def test_that_nobody_answers_is_said(world: World, folder: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        world.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with own_agent(world, folder) as agent:
            assert "does not answer" in await agent.refused("create_video", prompt="x")


async def test_a_service_that_says_nothing_is_not_waited_for_longer_than_agreed(
    world: World, folder: Path
) -> None:
    async with Stranger(silence) as stranger:
        world.url = stranger.url
        async with own_agent(world, folder) as agent:
            said = await agent.refused("wait_for_video", video_id="task_1", seconds=0)

    assert "does not answer; call wait_for_video again" in said


@pytest.mark.parametrize("mode", MODES)
async def test_over_http_everybody_has_a_key_and_nobody_has_files(
    world: World, folder: Path, mode: str
) -> None:
    (folder / "fox.png").write_bytes(picture())
    steps: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async with (
        tools_over_http(world) as url,
        web_agent(url, world.alice, mode) as alice,
        web_agent(url, world.charlie, mode) as charlie,
        web_agent(url, None, mode) as nobody,
    ):
        ordered = await asyncio.gather(
            *(each.call("create_video", prompt="x", duration=1) for each in (alice, charlie))
        )
        waited = await alice.client.call_tool(
            "wait_for_video", {"video_id": ordered[0]["id"]}, progress_callback=note
        )
        got = await alice.client.call_tool("download_video", {"video_id": ordered[0]["id"]})
        theirs = await charlie.call("list_videos")
        not_theirs = await charlie.refused("get_video", video_id=ordered[0]["id"])
        no_file = await alice.refused(
            "create_video", prompt="x", duration=1, image=str(folder / "fox.png")
        )
        no_key = await nobody.refused("list_models")

    assert [each.type for each in waited.content] == ["text", "resource_link"]
    assert steps[-1] == 100
    link = getattr(got.content[1], "uri", "")
    saved = got.structured_content or {}
    assert (saved["path"], saved["url"]) == (None, link)
    async with httpx2.AsyncClient() as http:
        assert (await http.get(link)).content == world.engine.reel.read_bytes()
    assert [each["id"] for each in theirs["videos"]] == [ordered[1]["id"]]
    assert "not_found" in not_theirs
    assert "files cannot be read from here" in no_file
    assert "Authorization: Bearer" in no_key


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"host": "evil.test"}, 421),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_no_page_of_somebody_else_reaches_the_tools(
    world: World, headers: dict[str, str], status: int
) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}

    async with tools_over_http(world) as url, httpx2.AsyncClient() as http:
        answer = await http.post(url, json=asked, headers={**accept, **headers})

    assert answer.status_code == status
