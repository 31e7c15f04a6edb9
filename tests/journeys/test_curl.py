"""The curl commands that a user would write from the contract."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from tests.films import picture
from tests.patience import PATIENCE
from tests.world import World


async def curl(world: World, *arguments: str) -> bytes:
    """Run curl with alice's key."""
    assert shutil.which("curl"), "the examples need curl: install it"
    process = await asyncio.create_subprocess_exec(
        "curl",
        *("-sS", "--fail-with-body", "--max-time", str(PATIENCE)),
        *("-H", f"Authorization: Bearer {world.alice.secret}"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, (output, errors)
    return output


async def create(world: World, **fields: Any) -> Any:
    kind = "Content-Type: application/json"
    url = f"{world.url}/v1/videos"
    answer = json.loads(await curl(world, url, "-H", kind, "-d", json.dumps(fields)))
    return await world.end_of(answer["id"])


async def test_the_seven_examples_of_a_user_work(world: World, tmp_path: Path) -> None:
    """C1 to C3, C17: text, image, references, edit, extend, poll, download."""
    photo, saved = tmp_path / "photo.png", tmp_path / "out.mp4"
    photo.write_bytes(picture())
    videos = f"{world.url}/v1/videos"

    text = await create(world, model="grok-imagine", prompt="a fox", duration=6, size="720p")
    form = ["prompt=it moves", "seconds=6", f"input_reference=@{photo}"]
    fields = [part for field in form for part in ("-F", field)]
    image = json.loads(await curl(world, videos, *fields))
    two = [part for _ in range(2) for part in ("-F", f"images[]=@{photo}")]
    asked = ["-F", "prompt=@Image1 meets @Image2", "-F", "duration=6"]
    # A value that begins with @ is a file to -F, so the prompt goes as --form-string.
    asked[0] = "--form-string"
    references = json.loads(await curl(world, videos, *asked, *two))
    edit = await create(world, prompt="in black and white", video=text["url"])
    extend = await create(world, prompt="it runs on", video={"id": text["id"]}, duration=6)
    polled = json.loads(await curl(world, f"{videos}/{text['id']}"))
    await curl(world, f"{videos}/{text['id']}/content", "-o", str(saved))

    assert polled["status"] == "completed"
    assert saved.read_bytes() == world.engine.reel.read_bytes()
    operations = [each["metadata"]["operation"] for each in (image, references, edit, extend)]
    assert operations == ["image_to_video", "reference_to_video", "edit_video", "video_extend"]
    for each in (image, references):
        assert (await world.end_of(each["id"]))["status"] == "completed"
    await world.audit()


async def test_a_link_opens_without_a_key(world: World) -> None:
    """C25."""
    task = await world.make()
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--fail", "-r", "0-99", task["url"], stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert len(output) == 100
