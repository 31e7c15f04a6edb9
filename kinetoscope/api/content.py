"""The file of a video: whole, in ranges, or only its headers."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.door import glance_as, path_id
from kinetoscope.api.sending import Stored, answer_file
from kinetoscope.db import tasks
from kinetoscope.domain.errors import (
    InvalidOrder,
    NotFound,
    VideoExpired,
    VideoNotAvailable,
    VideoNotReady,
)
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import Gateway, video_key
from kinetoscope.service.links import is_signed
from kinetoscope.service.terms import read_output


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
        file = Stored(video_key(task.id), size, "video/mp4", f'"{sha256}"', f"{task.id}.mp4")
        return answer_file(request, self.gateway.store, file)

    async def _task(self, request: Request) -> Task:
        """Find the task for whoever has a key of its account, or a signed link to it."""
        task_id = request.path_params["id"]
        query = request.query_params
        if "signature" in query and "authorization" not in request.headers:
            good = is_signed(self.gateway, task_id, query.get("expires", ""), query["signature"])
            if not good:
                raise NotFound("this link has expired; ask for the video again", "signature")
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
