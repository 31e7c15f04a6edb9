"""The file of a video, and the pictures made of it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.door import glance_as, path_id
from kinetoscope.api.sending import Stored, answer_file, is_known
from kinetoscope.assets.stills import Grid, Still, grid
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
from kinetoscope.service.stills import Stills, still_key
from kinetoscope.service.terms import read_output

_VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Content:
    """The handler of ``GET`` and ``HEAD`` on a video's file."""

    gateway: Gateway
    stills: Stills

    async def get(self, request: Request) -> Response:
        """Answer the file, or the part of it that was asked for."""
        task = await self._task(request)
        variant = _variant(request.query_params.get("variant", _VIDEO))
        _check(task, self.gateway.now())
        width, height, seconds, size, sha256 = read_output(task.output or "")
        if variant is None:
            file = Stored(video_key(task.id), size, "video/mp4", f'"{sha256}"', f"{task.id}.mp4")
            return answer_file(request, self.gateway.store, file)
        etag = f'"{sha256[:48]}-{variant}"'
        known = is_known(request, etag)  # and need not be made
        file = Stored(
            still_key(task.id, variant),
            0 if known else await self.stills.size(task, variant),
            variant.media_type,
            etag,
            f"{task.id}-{variant.filename}",
            _layout(grid(width, height, seconds)) if variant is Still.SPRITESHEET else {},
        )
        return answer_file(request, self.gateway.store, file)

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


def _variant(name: str) -> Still | None:
    """Read which file is wanted; None is the video itself."""
    if name == _VIDEO:
        return None
    try:
        return Still(name)
    except ValueError as error:
        allowed = ", ".join((_VIDEO, *Still))
        message = f"variant {name[:50]!r} is not made; use one of {allowed}"
        raise InvalidOrder(message, "variant") from error


def _layout(grid: Grid) -> dict[str, str]:
    """Say in a header where the frames of a spritesheet stand."""
    said = (
        f"frames={grid.frames}; columns={grid.columns}; rows={grid.rows}; width={grid.width};"
        f" height={grid.height}; interval={grid.interval:.3f}"
    )
    return {"x-spritesheet": said}


def _check(task: Task, now: float) -> None:
    """Raise what keeps the file of *task* from being sent."""
    if task.status is Status.FAILED:
        message = f"{task.id} failed ({task.error_code}: {task.error_message}); it has no video"
        raise VideoNotAvailable(message, "id")
    if task.status is not Status.COMPLETED:
        message = f"{task.id} is {task.status}, {task.progress} %; ask again in a moment"
        raise VideoNotReady(message, "id")
    if task.is_gone(now):
        raise VideoExpired(f"the video of {task.id} was kept until it expired", "id")
