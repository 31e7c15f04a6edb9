"""The tools, one method each; their signatures and docstrings are what agents read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp_types import CallToolResult, ContentBlock, ResourceLink, TextContent
from pydantic import BaseModel

from kinetoscope.agents import words
from kinetoscope.agents.desks import Desk
from kinetoscope.agents.shapes import Offer, Offers, Price, Saved, Task, Tasks
from kinetoscope.client import (
    AsyncClient,
    ClientError,
    InvalidUse,
    NotDone,
    Options,
    Video,
    VideoFailed,
)

Asked = Context[Any, Any]
_ADDRESSES = ("http://", "https://", "data:")
_TASK = "task_"
_LONGER_SECONDS = 5.0  # than asked: for a look that has begun
_FILM = "video/mp4"


class Tools:
    """What an agent can do, for whoever sits at the *desk*."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def create_video(
        self,
        ctx: Asked,
        prompt: words.Prompt,
        operation: words.Operation = None,
        image: words.Image = None,
        images: words.Images = None,
        video: words.Source = None,
        duration: words.Duration = None,
        size: words.Size = None,
        aspect_ratio: words.AspectRatio = None,
        seed: words.Seed = None,
        generate_audio: words.Sound = None,
        model: words.Model = None,
    ) -> Annotated[CallToolResult, Task]:
        """Order a video and answer at once with its id and the price that is held.

        Every call is a new video that costs money; to see how one stands, use its id.
        """
        with _plainly():
            client = await self._client(ctx)
            given = Options(
                operation=operation,
                duration=duration,
                size=size,
                aspect_ratio=aspect_ratio,
                seed=seed,
                generate_audio=generate_audio,
                model=model,
            )
            options = self._options(given, image, images, video)
            return _shown(await client.create(prompt, **options))

    async def quote_video(
        self,
        ctx: Asked,
        prompt: words.Prompt,
        operation: words.Operation = None,
        image: words.Image = None,
        images: words.Images = None,
        video: words.Source = None,
        duration: words.Duration = None,
        size: words.Size = None,
        aspect_ratio: words.AspectRatio = None,
        seed: words.Seed = None,
        generate_audio: words.Sound = None,
        model: words.Model = None,
    ) -> Annotated[CallToolResult, Price]:
        """Tell what create_video with the same arguments would cost, or why it would be refused."""
        with _plainly():
            client = await self._client(ctx)
            given = Options(
                operation=operation,
                duration=duration,
                size=size,
                aspect_ratio=aspect_ratio,
                seed=seed,
                generate_audio=generate_audio,
                model=model,
            )
            options = self._options(given, image, images, video)
            quote, balance = await client.quote(prompt, **options), await client.balance()
            return _result(Price.of(quote, balance.available))

    async def get_video(
        self, ctx: Asked, video_id: words.VideoId
    ) -> Annotated[CallToolResult, Task]:
        """Look at a video as it stands, without waiting."""
        with _plainly():
            client = await self._client(ctx)
            return _shown(await client.get(video_id))

    async def wait_for_video(
        self, ctx: Asked, video_id: words.VideoId, seconds: words.Seconds = 45
    ) -> Annotated[CallToolResult, Task]:
        """Wait until a video has ended, at most 45 seconds, and tell how it stands.

        That it is still in progress is no error: call this again.
        """
        seen: list[Video] = []

        async def tell(video: Video) -> None:
            if not seen or video.progress > seen[-1].progress:
                await ctx.report_progress(video.progress, 100, video.status.replace("_", " "))
            seen.append(video)

        with _plainly(), anyio.move_on_after(seconds + _LONGER_SECONDS):
            client = await self._client(ctx)
            try:
                await client.wait(video_id, seconds, on_progress=tell)
            except (NotDone, VideoFailed) as error:
                return _shown(error.video)
        if not seen:
            message = "the service does not answer; call wait_for_video again in a moment"
            raise ToolError(message)
        return _shown(seen[-1])

    async def list_videos(
        self, ctx: Asked, limit: words.Limit = 10, status: words.State = None
    ) -> Annotated[CallToolResult, Tasks]:
        """List the videos of the account, newest first."""
        with _plainly():
            client = await self._client(ctx)
            found = [Task.of(each) async for each in client.list(limit=limit, status=status)]
            return _result(Tasks(videos=found))

    async def cancel_video(
        self, ctx: Asked, video_id: words.VideoId
    ) -> Annotated[CallToolResult, Task]:
        """Stop a video that is being made, if its engine can; the price goes back."""
        with _plainly():
            client = await self._client(ctx)
            return _shown(await client.cancel(video_id))

    async def download_video(
        self, ctx: Asked, video_id: words.VideoId, name: words.Name = None
    ) -> Annotated[CallToolResult, Saved]:
        """Get the file of a completed video: saved where the tools run, or as a link that opens."""
        with _plainly():
            client = await self._client(ctx)
            video = await client.get(video_id)
            if video.status != "completed" or video.output is None:
                message = f"{video.id} is {video.status}, {video.progress} %; it has no file"
                raise ToolError(message)
            path = await self._save(client, video, name or video.prompt)
            made = video.output
            saved = Saved(
                id=video.id,
                path=None if path is None else str(path),
                url=video.url,
                bytes=made.bytes,
                width=made.width,
                height=made.height,
                seconds=made.seconds,
                sha256=made.sha256,
            )
            return _result(saved, *_links(video, path))

    async def list_models(self, ctx: Asked) -> Annotated[CallToolResult, Offers]:
        """List the models there are, with their operations, limits and prices."""
        with _plainly():
            client = await self._client(ctx)
            return _result(Offers(models=[Offer.of(each) for each in await client.models()]))

    async def video(self, ctx: Asked, video_id: str) -> str:
        """Show how a video stands, in JSON."""
        try:
            client = await self._client(ctx)
            return Task.of(await client.get(video_id)).model_dump_json(exclude_none=True)
        except ClientError as error:
            raise ResourceError(str(error)) from error

    async def _client(self, ctx: Asked) -> AsyncClient:
        return await self._desk.client(ctx.headers)

    async def _save(self, client: AsyncClient, video: Video, name: str) -> Path | None:
        """Save a film below the folder, if there is one."""
        if self._desk.folder is None:
            return None
        path = self._desk.folder.reserve(name.removesuffix(".mp4"))
        try:
            await client.download(video, path)
        except BaseException:  # cancelled, too: an empty file is no film
            path.unlink(missing_ok=True)
            raise
        return path

    def _options(
        self, given: Options, image: str | None, images: list[str] | None, video: str | None
    ) -> Options:
        """Add the inputs, read from the folder where they are files."""
        read = Options(images=[self._source(each) for each in images or ()])
        if image is not None:
            read["image"] = self._source(image)
        if video is not None:
            read["video"] = video if video.startswith(_TASK) else self._source(video)
        return {**given, **read}

    def _source(self, text: str) -> str | bytes:
        """Tell an address from a file, which only an agent on this machine may name."""
        if text.startswith(_ADDRESSES):
            return text
        if self._desk.folder is None:
            message = (
                f"{text[:200]!r} is no address, and files cannot be read from here:"
                " give an http(s) or data: URL, or the id of a video for video"
            )
            raise InvalidUse(message)
        return self._desk.folder.read(text)


def _shown(video: Video) -> CallToolResult:
    return _result(Task.of(video), *_links(video))


def _links(video: Video, path: Path | None = None) -> list[ResourceLink]:
    """Link to the film: where it was saved, or where it opens without a key."""
    uri = video.url if path is None else path.as_uri()
    if uri is None:
        return []
    link = ResourceLink(
        type="resource_link",
        name=f"{video.id}.mp4",
        title=video.prompt[:100],
        uri=uri,
        mime_type=_FILM,
        size=video.output.bytes if video.output else None,
    )
    return [link]


def _result(shape: BaseModel, *links: ResourceLink) -> CallToolResult:
    """Answer in both forms: text for whoever only reads, and structured."""
    text = TextContent(type="text", text=shape.model_dump_json(exclude_none=True))
    content: list[ContentBlock] = [text, *links]
    return CallToolResult(content=content, structured_content=shape.model_dump(mode="json"))


@contextmanager
def _plainly() -> Iterator[None]:
    """Let an agent read what went wrong: every other error is masked from it."""
    try:
        yield
    except (ClientError, OSError) as error:
        raise ToolError(str(error)) from error
