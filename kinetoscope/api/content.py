"""The file of a video: whole, in ranges, or only its headers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kinetoscope.api.door import glance_as, path_id, show_error
from kinetoscope.db import tasks
from kinetoscope.domain.errors import (
    InvalidOrder,
    NotFound,
    Unauthenticated,
    VideoExpired,
    VideoNotAvailable,
    VideoNotReady,
)
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import Gateway, video_key
from kinetoscope.service.links import is_signed
from kinetoscope.service.terms import read_output

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Content:
    """The handler of ``GET`` and ``HEAD`` on a video's file."""

    gateway: Gateway

    async def get(self, request: Request) -> Response:
        """Answer the file, or the part of it that was asked for."""
        task = await self._task(request)
        variant = request.query_params.get("variant", "video")
        if variant != "video":
            raise InvalidOrder(f"variant {variant[:50]!r} is not kept; use video", "variant")
        _check(task, self.gateway.now())
        _, _, _, size, sha256 = read_output(task.output or "")
        etag = f'"{sha256}"'
        headers = {
            "etag": etag,
            "accept-ranges": "bytes",
            "cache-control": "private, max-age=3600",
            "content-disposition": f'inline; filename="{task.id}.mp4"',
        }
        if _matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        return self._file(request, task, size, headers)

    async def _task(self, request: Request) -> Task:
        """Find the task for whoever has a key of its account, or a signed link to it."""
        task_id = request.path_params["id"]
        query = request.query_params
        if "signature" in query and "authorization" not in request.headers:
            good = is_signed(self.gateway, task_id, query.get("expires", ""), query["signature"])
            if not good:
                message = "this link has expired or is not ours; ask for the video again"
                raise Unauthenticated(message)
            task = await self.gateway.db.glance(lambda conn: tasks.find(conn, task_id))
        else:
            task = await glance_as(
                self.gateway,
                request,
                lambda conn, key: tasks.get(conn, path_id(request), key.account_id),
            )
        if task.deleted:
            raise NotFound(f"no video has the id {task_id!r}", "id")
        return task

    def _file(self, request: Request, task: Task, size: int, headers: dict[str, str]) -> Response:
        asked = request.headers.get("range")
        if_range = request.headers.get("if-range")
        part = None
        if asked is not None and if_range in (None, headers["etag"]):
            part = _RANGE.fullmatch(asked.strip())
        if part is None or not (part[1] or part[2]):
            return _File(self.gateway, task.id, 0, size, headers)
        start, stop = _bounds(part[1], part[2], size)
        if start >= min(stop, size):
            message = f"the video has {size} bytes; {asked} is not among them"
            more = {"content-range": f"bytes */{size}"}
            return show_error(416, message, "range_not_satisfiable", "Range", more)
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
        return _File(self.gateway, task.id, start, stop, headers)


def _check(task: Task, now: float) -> None:
    """Raise what keeps the file of *task* from being sent."""
    if task.status is Status.FAILED:
        message = f"{task.id} failed ({task.error_code}: {task.error_message}); it has no video"
        raise VideoNotAvailable(message, "id")
    if task.status is not Status.COMPLETED:
        message = f"{task.id} is {task.status}, {task.progress} %; ask again in a moment"
        raise VideoNotReady(message, "id")
    if task.dropped or (task.expires_at is not None and task.expires_at <= now):
        raise VideoExpired(f"the video of {task.id} was kept until it expired", "id")


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    named = [each.strip().removeprefix("W/") for each in header.split(",")]
    return "*" in named or etag in named


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Tell where a range begins and ends, its end excluded."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


class _File(Response):
    """A part of a file, sent as it is read."""

    def __init__(
        self, gateway: Gateway, task_id: str, start: int, stop: int, headers: dict[str, str]
    ) -> None:
        status = 206 if "content-range" in headers else 200
        super().__init__(None, status, headers, media_type="video/mp4")
        self.headers["content-length"] = str(stop - start)
        self._chunks = (gateway, task_id, start, stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers, and the bytes unless only the headers were asked for."""
        del receive
        chunks = self._read() if scope["method"] != "HEAD" else None
        # The first bytes are read before anything is said: a missing file is still an error.
        first = await anext(chunks, b"") if chunks else b""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        if chunks is not None:
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read(self) -> AsyncIterator[bytes]:
        gateway, task_id, start, stop = self._chunks
        async for chunk in gateway.store.read(video_key(task_id), start, stop):
            yield chunk
