"""Plays xAI on loopback: gRPC by the SDK's own servicers, and the results over HTTP.

As a process of its own, ``python tests/engines/xai_server.py --folder DIR`` with the checkout on
PYTHONPATH says where it listens in one line of JSON, and serves until its standard input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import grpc
from xai_sdk.proto import (
    auth_pb2,
    auth_pb2_grpc,
    deferred_pb2,
    usage_pb2,
    video_pb2,
    video_pb2_grpc,
)

from tests.engines.xai_files import (
    MODEL,
    File,
    Files,
    Line,
    Operation,
    Reel,
    Refusal,
    card_ticks,
    check,
    inputs_of,
    keep,
    made_from,
    made_new,
    whole,
)

T = TypeVar("T")

MOST_BYTES = 20 * 2**20
STATUS_ENDS = {
    "gone": ("NOT_FOUND", "Request not found."),
    "moderated_status": (
        "INVALID_ARGUMENT",
        "imagine:content-moderated: Generated video rejected by content moderation.",
    ),
}
BAD_EXTENSION = ("invalid_argument", "Duration must be between 2 and 10 seconds")
UNKNOWN_STATUS = 99
SETTINGS = {"submits_per_second", "storm", "keys", "blocked"}


@dataclass(frozen=True)
class Story:
    """What becomes of one request; untold, everything goes well at once."""

    # The submit: not accepted; or accepted, and then answered late, never, or with a status.
    refusal: tuple[str, str] | None = None
    answer_after: float = 0.0
    hangs_up: bool = False
    unanswered: bool = False
    fault: tuple[str, str] | None = None
    # The polls: these statuses, one each; then NOT_FOUND; then PENDING; then the end.
    poll_refusals: tuple[tuple[str, str], ...] = ()
    unseen_for: float = 0.0
    render_seconds: float = 0.0
    stalls_at: int | None = None
    pending_bare: bool = False
    end: str = "done"
    error: tuple[str, str] = ("internal_error", "something broke")
    # The bill: "card" for xAI's prices, and nothing for a failure; or ticks; or not a word.
    cost: int | str | None = "card"
    # The download; good again after so many, unless that is 0.
    file: File = "good"
    good_after: int = 0


@dataclass
class Commission:
    """A submit that was accepted; *images* and *video* are the inputs whose bytes were seen."""

    operation: Operation
    request: Any
    key: str
    story: Story
    images: list[bytes]
    video: bytes | None
    source: Reel | None  # the video, measured or supposed
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    accepted_at: float = field(default_factory=time.time)
    polls: int = 0

    @property
    def reel(self) -> Reel:
        """The film that comes of it."""
        if self.source is not None:
            return made_from(self.source, self.request, self.operation)
        return made_new(self.request, self.images)

    @property
    def ticks(self) -> int | None:
        """What its usage says that it cost."""
        if self.story.cost == "card" and self.story.end == "failed":
            return None
        if self.story.cost == "card":
            return card_ticks(self.request, self.operation, self.reel, self.source)
        return None if self.story.cost is None else int(self.story.cost)


@dataclass
class XaiServer:
    """Accepts what xAI would, and lets each request meet its story."""

    folder: Path
    story: Story = field(default_factory=Story)  # of requests that find none queued
    keys: set[str] | None = None
    blocked: set[str] = field(default_factory=set)  # names of flags in what is told of a key
    submits_per_second: float | None = None
    burst: int = 2
    storm: bool = False
    fetches: bool = False
    control: bool = False
    made: list[Commission] = field(default_factory=list, init=False)
    submits: int = field(default=0, init=False)
    throttled: int = field(default=0, init=False)
    polls: int = field(default=0, init=False)
    downloads: Counter[str] = field(default_factory=Counter, init=False)
    port: int = field(default=0, init=False)
    files_port: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._queue: deque[Story] = deque()
        self._tokens, self._filled_at = float(self.burst), time.monotonic()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def files(self) -> str:
        return f"http://127.0.0.1:{self.files_port}"

    def will(self, *stories: Story) -> None:
        """Let the next accepted or refused submits meet these, in turn."""
        self._queue.extend(stories)

    def command(
        self,
        *,
        story: dict[str, Any] | None = None,
        will: Iterable[dict[str, Any]] = (),
        **settings: Any,
    ) -> None:
        """Do what a test in another process says: stories by their fields, SETTINGS by value."""
        if unknown := settings.keys() - SETTINGS:
            raise TypeError(f"no such setting: {', '.join(unknown)}")
        self.story = self.story if story is None else Story(**story)
        self.will(*(Story(**each) for each in will))
        for name, value in settings.items():
            setattr(self, name, set(value) if isinstance(value, list) else value)

    async def start(self) -> None:
        """Listen, on the ports that are kept for us."""
        options = [
            ("grpc.max_receive_message_length", MOST_BYTES),
            ("grpc.max_send_message_length", MOST_BYTES),
            # The SDK looks every 30 s whether a silent connection lives.
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
            ("grpc.keepalive_permit_without_calls", 1),
        ]
        self._rpc = grpc.aio.server(options=options)
        video_pb2_grpc.add_VideoServicer_to_server(_Video(self), self._rpc)
        auth_pb2_grpc.add_AuthServicer_to_server(_Auth(self), self._rpc)
        behind = self._rpc.add_insecure_port("127.0.0.1:0")
        await self._rpc.start()
        self._line = Line()
        await self._line.start(self.port, behind)
        self._files = Files(self.folder, self._find)
        if self.control:
            self._files.control(self._state, self.command)
        await self._files.start(self.files_port)

    async def stop(self) -> None:
        """Break every connection and listen no more; what was made stays."""
        await self._line.stop()
        await self._rpc.stop(grace=None)
        await self._files.stop()

    async def describe_key(self, context: Any) -> Any:
        """Tell of the key of a call what xAI tells."""
        key = self._key(context)
        flags = dict.fromkeys(self.blocked, True)
        return auth_pb2.ApiKey(redacted_api_key=f"{key[:4]}…", name="test", **flags)

    async def submit(self, request: Any, context: Any, operation: Operation) -> Any:
        """Accept a request, unless something is wrong with it, and answer as its story says."""
        self.submits += 1
        key = self._key(context)
        self._throttle()
        check(request, operation)
        images, video, source = await inputs_of(request, operation, fetches=self.fetches)
        story = self._queue.popleft() if self._queue else self.story
        if story.refusal:
            raise Refusal(*story.refusal)
        if operation == "extend" and request.HasField("duration"):
            fine = 2 <= request.duration <= 10
            story = story if fine else replace(story, end="failed", error=BAD_EXTENSION)
        commission = Commission(operation, request, key, story, images, video, source)
        self.made.append(commission)
        if story.hangs_up:
            self._line.cut(context.peer())
        if story.hangs_up or story.unanswered:
            await asyncio.Event().wait()  # until the call is cancelled
        await asyncio.sleep(story.answer_after)
        if story.fault:
            raise Refusal(*story.fault)
        return deferred_pb2.StartDeferredResponse(request_id=commission.request_id)

    async def poll(self, request: Any, context: Any) -> Any:
        """Say how far the story of a request has come."""
        self.polls += 1
        self._key(context)
        commission = self._commission(request.request_id)
        if commission is None:
            raise Refusal(*STATUS_ENDS["gone"])
        story, number = commission.story, commission.polls
        commission.polls += 1
        if number < len(story.poll_refusals):
            raise Refusal(*story.poll_refusals[number])
        age = time.time() - commission.accepted_at
        if age < story.unseen_for:
            raise Refusal(*STATUS_ENDS["gone"])
        if age < story.render_seconds or story.end == "never":
            return _pending(story, age)
        if story.end in STATUS_ENDS:
            raise Refusal(*STATUS_ENDS[story.end])
        return _ended(commission, f"{self.files}/{commission.request_id}.mp4")

    def _key(self, context: Any) -> str:
        said = dict(context.invocation_metadata()).get("authorization", "")
        key = str(said).removeprefix("Bearer ")
        if not key:
            raise Refusal("UNAUTHENTICATED", "No credentials presented.")
        if self.keys is not None and key not in self.keys:
            raise Refusal("UNAUTHENTICATED", "Incorrect API key provided.")
        return key

    def _throttle(self) -> None:
        rate, now = self.submits_per_second, time.monotonic()
        if rate is not None:
            self._tokens = min(float(self.burst), self._tokens + (now - self._filled_at) * rate)
            self._filled_at = now
        if self.storm or (rate is not None and self._tokens < 1):
            self.throttled += 1
            raise Refusal("RESOURCE_EXHAUSTED", "Too many requests.")
        self._tokens -= rate is not None

    def _commission(self, request_id: str) -> Commission | None:
        return next((each for each in self.made if each.request_id == request_id), None)

    def _find(self, request_id: str) -> tuple[Reel, File] | None:
        commission = self._commission(request_id)
        if commission is None:
            return None
        self.downloads[request_id] += 1
        good_after = commission.story.good_after
        mended = good_after and self.downloads[request_id] > good_after
        return commission.reel, "good" if mended else commission.story.file

    def _state(self) -> dict[str, Any]:
        counted = ("submits", "polls", "throttled", "downloads")
        shown = ("request_id", "operation", "key", "accepted_at")
        made = [
            {"prompt": each.request.prompt} | {name: getattr(each, name) for name in shown}
            for each in self.made
        ]
        return {"made": made} | {name: getattr(self, name) for name in counted}


@asynccontextmanager
async def xai_server(folder: Path, *, port: int = 0, **chosen: Any) -> AsyncIterator[XaiServer]:
    """Serve while the block runs; *chosen* are fields of the server, *folder* keeps its films."""
    folder.mkdir(parents=True, exist_ok=True)
    server = XaiServer(folder, **chosen)
    with keep(port) as rpc, keep(0) as files:
        server.port, server.files_port = (each.getsockname()[1] for each in (rpc, files))
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


class _Video(video_pb2_grpc.VideoServicer):  # type: ignore[misc]
    def __init__(self, server: XaiServer) -> None:
        self._server = server

    async def GenerateVideo(self, request: Any, context: Any) -> Any:  # noqa: N802 - its name
        operation: Operation = "text"
        if request.HasField("video"):
            operation = "edit"
        elif request.reference_images:
            operation = "reference"
        elif request.HasField("image"):
            operation = "image"
        return await _answer(context, self._server.submit(request, context, operation))

    async def ExtendVideo(self, request: Any, context: Any) -> Any:  # noqa: N802 - its name
        return await _answer(context, self._server.submit(request, context, "extend"))

    async def GetDeferredVideo(self, request: Any, context: Any) -> Any:  # noqa: N802 - its name
        return await _answer(context, self._server.poll(request, context))


class _Auth(auth_pb2_grpc.AuthServicer):  # type: ignore[misc]
    def __init__(self, server: XaiServer) -> None:
        self._server = server

    async def get_api_key_info(self, _: Any, context: Any) -> Any:
        return await _answer(context, self._server.describe_key(context))


async def _answer(context: Any, work: Awaitable[T]) -> T:
    try:
        return await work
    except Refusal as refusal:
        await context.abort(grpc.StatusCode[refusal.status], refusal.details)
        raise  # never: abort does


def _pending(story: Story, age: float) -> Any:
    answer = video_pb2.GetDeferredVideoResponse(status=deferred_pb2.PENDING)
    if not story.pending_bare:
        grown = min(99, int(99 * age / story.render_seconds)) if story.render_seconds else 99
        stopped = grown if story.stalls_at is None else min(grown, story.stalls_at)
        answer.response.CopyFrom(video_pb2.VideoResponse(model=MODEL, progress=stopped))
    return answer


def _ended(commission: Commission, url: str) -> Any:
    answer = video_pb2.GetDeferredVideoResponse(status=deferred_pb2.DONE)
    match commission.story.end:
        case "done":
            video = video_pb2.GeneratedVideo(
                url=url, duration=whole(commission.reel.seconds), respect_moderation=True
            )
            answer.response.CopyFrom(video_pb2.VideoResponse(video=video, progress=100))
        case "moderated":
            video = video_pb2.GeneratedVideo(respect_moderation=False)
            answer.response.CopyFrom(video_pb2.VideoResponse(video=video, progress=100))
        case "failed" | "failed_bare" as end:
            answer.status = deferred_pb2.FAILED
            if end == "failed":
                code, message = commission.story.error
                answer.response.error.CopyFrom(video_pb2.VideoError(code=code, message=message))
        case "expired":
            answer.status = deferred_pb2.EXPIRED
        case "unknown":
            answer.status = UNKNOWN_STATUS
        case "empty":
            pass
        case other:
            raise ValueError(other)
    if answer.HasField("response"):
        answer.response.model = MODEL
        if commission.ticks is not None:
            usage = usage_pb2.SamplingUsage(cost_in_usd_ticks=commission.ticks)
            answer.response.usage.CopyFrom(usage)
    return answer


async def _serve(arguments: argparse.Namespace) -> None:
    chosen = {"port": arguments.port, "control": arguments.control}
    async with xai_server(arguments.folder, **chosen) as server:
        print(json.dumps({"address": server.address, "files": server.files}), flush=True)  # noqa: T201 - it is read
        await asyncio.to_thread(sys.stdin.buffer.read)


def main() -> None:
    parser = argparse.ArgumentParser(description="Play xAI on loopback.")
    parser.add_argument("--folder", type=Path, required=True, help="where films are kept")
    parser.add_argument("--port", type=int, default=0, help="of gRPC; a free one for 0")
    parser.add_argument("--control", action="store_true", help="answer /state and /command")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
