"""What the xAI of the tests checks, measures, makes and serves, below its words."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import math
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

import aiohttp
import av
from aiohttp import web
from PIL import Image
from xai_sdk.proto import video_pb2

from tests.films import film

Operation = Literal["text", "image", "reference", "edit", "extend"]
File = Literal["good", "html", "truncated", "garbage", "cut", "dead", "slow", "huge"]

HUGE_BYTES = 101 * 2**20
TRICKLE_BYTES, TRICKLE_SECONDS = 2, 0.5
FETCH_SECONDS = 5
AGENT = "XaiImageApiFetch/1.0"
MOST_SHORT_SIDE = 720  # of what is made from a video
SLACK = 0.05  # seconds by which a container may miss its length
SECOND_TICKS = {480: 5 * 10**8, 720: 7 * 10**8}
IMAGE_TICKS, SOURCE_SECOND_TICKS = 2 * 10**7, 10**8
MODEL = "grok-imagine-video"
SHORT_SIDES = {
    video_pb2.VIDEO_RESOLUTION_UNSPECIFIED: 480,
    video_pb2.VIDEO_RESOLUTION_480P: 480,
    video_pb2.VIDEO_RESOLUTION_720P: 720,
}


class Refusal(Exception):
    """What xAI answers instead of a result: the name of a status, and its details."""

    def __init__(self, status: str, details: str) -> None:
        super().__init__(f"{status}: {details}")
        self.status, self.details = status, details


@dataclass(frozen=True)
class Reel:
    """A film as one can measure it."""

    seconds: float
    width: int
    height: int

    def capped(self) -> Reel:
        """Shrink to what xAI makes of a video, with the same shape."""
        short = min(self.width, self.height)
        if short <= MOST_SHORT_SIDE:
            return self
        width, height = (round(side * MOST_SHORT_SIDE / short / 2) * 2 for side in self.size)
        return Reel(self.seconds, width, height)

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


UNSEEN = Reel(6, 848, 480)  # a video whose address was not fetched


def whole(seconds: float) -> int:
    """Count seconds up to whole ones."""
    return math.ceil(seconds - SLACK)


def images_of(request: Any, operation: Operation) -> list[Any]:
    """List the images that count in a request."""
    match operation:
        case "image":
            return [request.image]
        case "reference":
            return list(request.reference_images)
        case "text" | "edit" | "extend":
            return []


def check(request: Any, operation: Operation) -> None:
    """Refuse what xAI refuses before it has looked at an input."""
    if request.model != MODEL:
        raise Refusal("NOT_FOUND", f"The model {request.model} does not exist.")
    faults = [
        (
            not request.prompt.strip() and operation != "image",
            "Prompt cannot be empty. Please provide a prompt.",
        ),
        (len(request.prompt) > 4096, "Prompt length exceeds the maximum allowed length of 4096"),
    ]
    if operation in ("edit", "extend"):
        faults += [(not request.video.url, "A video URL is required.")]
    else:
        faults += _faults_of_new(request, operation)
    for broken, text in faults:
        if broken:
            raise Refusal("INVALID_ARGUMENT", text)


def _faults_of_new(request: Any, operation: Operation) -> list[tuple[bool, str]]:
    seconds = request.duration if request.HasField("duration") else 8
    references = len(request.reference_images)
    past_reference = f"Duration {seconds}s exceeds the maximum allowed for reference-to-video"
    return [
        (
            operation == "reference" and request.HasField("image"),
            "Reference images cannot be combined with an image.",
        ),
        (operation == "reference" and seconds > 10, f"{past_reference}, which is 10s."),
        (not 1 <= seconds <= 15, "Duration must be between 1 and 15 seconds"),
        (references > 7, f"Too many reference images: {references}. Maximum allowed is 7."),
        (
            request.resolution not in SHORT_SIDES,
            f"1080p video resolution is not supported for {operation}-to-video requests.",
        ),
    ]


async def inputs_of(
    request: Any, operation: Operation, *, fetches: bool
) -> tuple[list[bytes], bytes | None, Reel | None]:
    """Tell the bytes of the images and of the video, as far as they are seen, and its measure."""
    urls = [image.image_url for image in images_of(request, operation)]
    found = [await read(url, fetches=fetches) for url in urls]
    images = [image for image in found if image is not None]
    for image in images:
        await asyncio.to_thread(shape, image)
    if operation not in ("edit", "extend"):
        return images, None, None
    video = await read(request.video.url, fetches=fetches)
    return images, video, UNSEEN if video is None else await asyncio.to_thread(measure, video)


async def read(url: str, *, fetches: bool) -> bytes | None:
    """Decode a data: URL, or fetch any other if *fetches*; None if it stays unread."""
    if url.startswith("data:"):
        return _decode(url)
    if not url.startswith(("http://", "https://")):
        raise Refusal("INVALID_ARGUMENT", "Invalid URL: use https or a base64 data URL.")
    return await _fetch(url) if fetches else None


def shape(image: bytes) -> tuple[int, int]:
    """Tell the width and height of a picture; it must be one to its end."""
    try:
        with Image.open(io.BytesIO(image), formats=("PNG", "JPEG", "WEBP")) as opened:
            opened.load()
            return opened.size
    except (OSError, SyntaxError, ValueError) as error:
        raise Refusal("INVALID_ARGUMENT", "Failed to decode image.") from error


def measure(video: bytes) -> Reel:
    """Tell the length and size of an MP4."""
    try:
        with av.open(io.BytesIO(video), "r", format="mp4") as opened:
            stream = opened.streams.video[0]
            return Reel((opened.duration or 0) / av.time_base, stream.width, stream.height)
    except (av.FFmpegError, IndexError) as error:
        raise Refusal("INVALID_ARGUMENT", "Failed to decode video.") from error


def made_new(request: Any, images: list[bytes]) -> Reel:
    """Tell what is made of words and *images*: an aspect asked for, that of one image, or 16:9."""
    seconds = request.duration if request.HasField("duration") else 8
    short = SHORT_SIDES[request.resolution]
    across, down = 16, 9
    if request.aspect_ratio:
        name = video_pb2.VideoAspectRatio.Name(request.aspect_ratio)
        across, down = map(int, name.split("_")[-2:])
    elif request.HasField("image") and images:
        across, down = shape(images[0])
    if across >= down:
        return Reel(seconds, short * across // down // 8 * 8, short)
    return Reel(seconds, short, short * down // across // 8 * 8)


def made_from(source: Reel, request: Any, operation: Operation) -> Reel:
    """Tell what an edit or an extension makes of *source*."""
    appended = request.duration if request.HasField("duration") else 6
    seconds = source.seconds + (appended if operation == "extend" else 0)
    return replace(source.capped(), seconds=seconds)


def card_ticks(request: Any, operation: Operation, made: Reel, source: Reel | None) -> int:
    """Tell the cost by the price card; of an extension only the appended seconds are output."""
    taken = whole(source.seconds) if source else 0
    out = whole(made.seconds) - (taken if operation == "extend" else 0)
    a_second = SECOND_TICKS[480 if min(made.size) <= 480 else 720]
    images = len(images_of(request, operation))
    return out * a_second + images * IMAGE_TICKS + taken * SOURCE_SECOND_TICKS


class Files:
    """Serves each film that *find* knows, in the way it says; films are kept in *folder*."""

    def __init__(self, folder: Path, find: Callable[[str], tuple[Reel, File] | None]) -> None:
        self._folder, self._find = folder, find
        self._making = asyncio.Lock()
        self._routes = [web.get("/{request_id}.mp4", self._serve, allow_head=False)]

    def control(self, state: Callable[[], Any], command: Callable[..., None]) -> None:
        """Tell the *state* at /state too, and give each *command* that is posted to /command."""

        async def tell(_: web.Request) -> web.Response:
            return web.json_response(state())

        async def obey(request: web.Request) -> web.Response:
            try:
                command(**await request.json())
            except TypeError as error:
                return web.Response(status=HTTPStatus.BAD_REQUEST, text=str(error))
            return web.json_response({})

        self._routes += [web.get("/state", tell), web.post("/command", obey)]

    async def start(self, port: int) -> None:
        """Serve on *port*, which is kept for us."""
        app = web.Application()
        app.add_routes(self._routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_port=True).start()

    async def stop(self) -> None:
        """Drop every connection and listen no more."""
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        found = self._find(request.match_info["request_id"])
        if found is None:
            raise web.HTTPNotFound
        reel, file = found
        match file:
            case "good" | "cut":
                body = await self._film(reel)
                whole = len(body) if file == "good" else len(body) // 2
                return web.Response(body=body[:whole], content_type="video/mp4")
            case "truncated":
                body = await self._film(reel)
                return await _break_off(request, len(body), body[: len(body) // 2])
            case "garbage":
                return web.Response(body=os.urandom(2**16), content_type="video/mp4")
            case "html":
                return web.Response(text="<h1>Just a moment…</h1>", content_type="text/html")
            case "dead":
                raise web.HTTPNotFound
            case "slow":
                return await _trickle(request, await self._film(reel))
            case "huge":
                return await _flood(request)

    async def _film(self, reel: Reel) -> bytes:
        path = self._folder / f"{reel.seconds:.2f}-{reel.width}x{reel.height}.mp4"
        async with self._making:
            return await asyncio.to_thread(_make, path, reel)


def keep(port: int) -> socket.socket:
    """Keep *port*, or a free one for 0: nobody else gets it while we do not listen there."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    kept.bind(("127.0.0.1", port))
    return kept


class Line:
    """Stands before a gRPC port and can break, which grpc.aio does to no connection of its own."""

    def __init__(self) -> None:
        self.ends: dict[int, asyncio.StreamWriter] = {}
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self, port: int, onward: int) -> None:
        """Carry from *port*, which is kept for us, to the port *onward*."""
        self._onward = onward
        place = ("127.0.0.1", port)
        self._server = await asyncio.start_server(self._carry, *place, reuse_port=True)

    async def stop(self) -> None:
        """Listen no more, and break every connection."""
        self._server.close()
        while self._talks:
            for end in self.ends.values():
                end.transport.abort()
            await asyncio.wait(self._talks, timeout=0.05)

    def cut(self, peer: str) -> None:
        """Break the connection that gRPC calls *peer*, at once and without a word."""
        self.ends[int(peer.rpartition(":")[2])].transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)
        try:
            reader_on, writer_on = await asyncio.open_connection("127.0.0.1", self._onward)
        except ConnectionError:  # the server behind has stopped
            writer.close()
            return
        port = writer_on.get_extra_info("sockname")[1]
        self.ends[port] = writer
        ways = [
            asyncio.create_task(_pump(reader, writer_on)),
            asyncio.create_task(_pump(reader_on, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, writer_on):
            end.close()
        del self.ends[port]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(2**16):
        writer.write(chunk)
        await writer.drain()


def _make(path: Path, reel: Reel) -> bytes:
    """Make the film once; another process may be making it into the same folder."""
    if not path.exists():
        made = film(path.with_suffix(f".{os.getpid()}.mp4"), reel.seconds, *reel.size)
        made.replace(path)
    return path.read_bytes()


async def _break_off(request: web.Request, promised: int, body: bytes) -> web.StreamResponse:
    answer = await _begin(request, promised)
    await answer.write(body)
    if request.transport is not None:
        request.transport.close()
    return answer


async def _trickle(request: web.Request, body: bytes) -> web.StreamResponse:
    answer = await _begin(request, len(body))
    for start in range(0, len(body), TRICKLE_BYTES):
        await answer.write(body[start : start + TRICKLE_BYTES])
        await asyncio.sleep(TRICKLE_SECONDS)
    return answer


async def _flood(request: web.Request) -> web.StreamResponse:
    answer = await _begin(request, HUGE_BYTES)
    for _ in range(HUGE_BYTES // 2**20):
        await answer.write(bytes(2**20))
    return answer


async def _begin(request: web.Request, length: int) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "video/mp4"})
    answer.content_length = length
    await answer.prepare(request)
    return answer


def _decode(url: str) -> bytes:
    head, _, body = url.partition(",")
    if not head.endswith(";base64"):
        raise Refusal("INVALID_ARGUMENT", "Invalid data URL: base64 is expected.")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Refusal("INVALID_ARGUMENT", "Failed to decode base64 data URL.") from error


async def _fetch(url: str) -> bytes:
    patience = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience, headers={"User-Agent": AGENT}) as session,
            session.get(url, raise_for_status=True) as answer,
        ):
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Refusal("DATA_LOSS", f"Failed to fetch {url}") from error
