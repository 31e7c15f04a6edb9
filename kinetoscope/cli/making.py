"""One video from the order to the file, as any client makes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import click

from kinetoscope.cli.client import Client, Request, Video
from kinetoscope.cli.show import Bar, dollars, say

_FIRST_LOOK, _LAST_LOOK = 0.2, 2.0  # seconds between two looks, growing
_SLOWER = 1.25
_LONGEST_SECONDS = 7 * 24 * 3600
_CANCEL_SECONDS = 30
_NAME_CHARACTERS = 48


async def make(
    client: Client, request: Request, bar: Bar, accepted: Callable[[Video], None]
) -> Video:
    """Order a video and wait for its end, *accepted* is told the price in between.

    Cancelled itself, it cancels the task; ClickException says why no video was made.
    """
    creating = asyncio.create_task(client.create(request))
    try:
        video = await asyncio.shield(creating)
        accepted(video)
        video = await _follow(client, video, bar)
    except asyncio.CancelledError:
        bar.close()
        await _cancel(client, creating)
        raise
    if video["status"] != "completed":
        error, charged = video["error"], video["metadata"]["billing"]["charged"]
        message = f"no video was made: {error['message']} ({error['code']}); charged"
        raise click.ClickException(f"{message} {dollars(charged)}")
    return video


def fresh_path(folder: Path, prompt: str) -> Path:
    """Name a file after *prompt* that is not there yet."""
    words = re.sub(r"[^\w]+", "-", prompt.lower())[:_NAME_CHARACTERS].strip("-_") or "video"
    path, number = folder / f"{words}.mp4", 2
    while path.exists():
        path, number = folder / f"{words}-{number}.mp4", number + 1
    return path


async def _follow(client: Client, video: Video, bar: Bar) -> Video:
    """Look at a task until it has ended."""
    wait = _FIRST_LOOK
    async with asyncio.timeout(_LONGEST_SECONDS):
        while video["status"] not in ("completed", "failed"):
            bar.show(video["progress"], video["status"].replace("_", " "))
            await asyncio.sleep(wait)
            wait = min(_LAST_LOOK, wait * _SLOWER)
            video = await client.get(video["id"])
    if video["status"] == "completed":
        bar.show(100, "done")
    bar.close()
    return video


async def _cancel(client: Client, creating: asyncio.Task[Video]) -> None:
    """Cancel what was ordered, also when the answer to the order has yet to come."""
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            video = await client.cancel((await creating)["id"])
    except (click.ClickException, TimeoutError) as error:
        say(f"not cancelled: {error}")
        say("whoever serves this home goes on with it: see kinetoscope task list")
    else:
        charged = video["metadata"]["billing"]["charged"]
        say(f"cancelled {video['id']}; charged {dollars(charged)}")
