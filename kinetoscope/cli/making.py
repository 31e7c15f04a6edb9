"""One video from the order to the file, as any client makes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import click

from kinetoscope.cli.show import Bar, dollars, say
from kinetoscope.client import AsyncClient, ClientError, Options, Video

_LOOK_SECONDS = 0.5  # a bar that moves is worth asking a little more often
_LONGEST_SECONDS = 7 * 24 * 3600
_CANCEL_SECONDS = 30


@asynccontextmanager
async def open_client(url: str, key: str) -> AsyncIterator[AsyncClient]:
    """Speak to the service at *url* until this ends; what goes wrong is said as commands do."""
    try:
        async with AsyncClient(url, key) as client:
            yield client
    except ClientError as error:
        raise click.ClickException(str(error)) from error


async def make(
    client: AsyncClient,
    prompt: str,
    options: Options,
    bar: Bar,
    accepted: Callable[[Video], None] = lambda _: None,
) -> Video:
    """Order a video and wait for its end, *accepted* is told the price in between.

    Cancelled itself, it cancels the task; VideoFailed says why no video was made.
    """
    creating = asyncio.create_task(client.create(prompt, **options))
    try:
        video = await asyncio.shield(creating)
        accepted(video)
        return await client.wait(
            video,
            _LONGEST_SECONDS,
            on_progress=lambda seen: _show(bar, seen),
            poll=_LOOK_SECONDS,
        )
    except asyncio.CancelledError:
        bar.close()
        await _cancel(client, creating)
        raise
    finally:
        bar.close()


def _show(bar: Bar, video: Video) -> None:
    if not video.ended:
        bar.show(video.progress, video.status.replace("_", " "))
    elif video.error is None:
        bar.show(100, "done")


async def _cancel(client: AsyncClient, creating: asyncio.Task[Video]) -> None:
    """Cancel what was ordered, also when the answer to the order has yet to come."""
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            video = await client.cancel(await creating)
    except (ClientError, TimeoutError) as error:
        say(f"not cancelled: {error}")
        say("whoever serves this home goes on with it: see kinetoscope task list")
    else:
        charged = f"; charged {dollars(video.charged)}" if video.charged is not None else ""
        say(f"cancelled {video.id}{charged}")
