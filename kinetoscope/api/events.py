"""What happens to a task, told as it happens: server-sent events, as browsers read them.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kinetoscope.api.door import glance_as, path_id
from kinetoscope.api.headers import header
from kinetoscope.api.show import to_json
from kinetoscope.api.videos import Videos, visible
from kinetoscope.domain.errors import TooManyRequests
from kinetoscope.domain.task import Status, Task

MEDIA_TYPE = "text/event-stream"
UPDATED, COMPLETED, FAILED = "video.updated", "video.completed", "video.failed"
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 3600.0  # of one stream; whoever reads it comes back for the rest
_NAMES = {Status.COMPLETED: COMPLETED, Status.FAILED: FAILED}
_RANKS = {Status.QUEUED: 0, Status.IN_PROGRESS: 1, Status.COMPLETED: 2, Status.FAILED: 2}
_HEADERS = {
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",  # a proxy that gathers events would tell them too late
}
_BEGIN = b"retry: 2000\n\n"
_HEARTBEAT = b":\n\n"


@dataclass(frozen=True, slots=True)
class Events:
    """Tells of tasks; *videos* shows them."""

    videos: Videos

    async def follow(self, request: Request) -> Response:
        """Answer a stream that ends with the task, or 204 to who has heard of its end."""
        gateway = self.videos.gateway
        task = await glance_as(
            gateway, request, lambda conn, key: visible(conn, path_id(request), key)
        )
        heard = header(request, b"last-event-id")
        if task.ended and heard == _number(task):
            return Response(status_code=204)  # which tells a browser not to come back
        gateway.watch.check_room(task.account_id)
        return _Stream(self.videos, request, task, heard)


class _Stream(Response):
    """The events of one task for one listener."""

    media_type = MEDIA_TYPE

    def __init__(self, videos: Videos, request: Request, task: Task, heard: str | None) -> None:
        super().__init__(headers=_HEADERS)
        self.raw_headers = [each for each in self.raw_headers if each[0] != b"content-length"]
        self._videos = videos
        self._request = request
        self._task = task
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the task has ended, the listener has left or the service stops."""
        del scope
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        telling = asyncio.ensure_future(self._tell(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (telling, leaving):
                each.cancel()
            with contextlib.suppress(asyncio.CancelledError, TooManyRequests):
                await telling  # when there is no room any more: whoever reads it comes back
        await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send) -> None:
        watch = self._videos.gateway.watch
        clock = asyncio.get_running_loop().time
        until = clock() + LONGEST_SECONDS
        await _send(send, _BEGIN)
        if self._heard != _number(self._task):
            await _send(send, self._event())
        while not self._task.ended and not watch.closed and clock() < until:
            now = await watch.moved(self._task, HEARTBEAT_SECONDS)
            still, self._task = now is self._task, now
            await _send(send, _HEARTBEAT if still else self._event())

    def _event(self) -> bytes:
        name = _NAMES.get(self._task.status, UPDATED).encode()
        shown = to_json(self._videos.show(self._request, self._task))
        number = _number(self._task).encode()
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (number, name, shown)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _left(receive: Receive) -> None:
    """Wait until the listener has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _number(task: Task) -> str:
    """Number an event: a task moves only forwards, so that its place says what was told."""
    return f"{_RANKS[task.status]}-{task.progress}"
