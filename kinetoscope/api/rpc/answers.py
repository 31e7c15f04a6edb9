"""From a task to xAI's answer to whoever asks how a video stands."""

from __future__ import annotations

from xai_sdk.proto import deferred_pb2, usage_pb2, video_pb2

from kinetoscope.api.rpc.calls import Untyped
from kinetoscope.api.xai_words import CODES
from kinetoscope.domain.cost import ticks_of
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.service.terms import read_output

_MOST_PROGRESS = 99  # of what is not done


def show(task: Task, url: str | None) -> Untyped:
    """Show a task; *url* is the link to its video, or None if there is none any more.

    What moderation blocked is done, and its video is not respectful: so xAI says it, and its SDK
    still tells the cost then.
    """
    response = video_pb2.VideoResponse(model=task.model)
    if task.charged is not None:
        usage = usage_pb2.SamplingUsage(cost_in_usd_ticks=ticks_of(task.charged))
        response.usage.CopyFrom(usage)
    return video_pb2.GetDeferredVideoResponse(
        status=_end(task, url, response) if task.ended else _pending(task, response),
        response=response,
    )


def _pending(task: Task, response: Untyped) -> int:
    response.progress = min(_MOST_PROGRESS, task.progress)
    return int(deferred_pb2.PENDING)


def _end(task: Task, url: str | None, response: Untyped) -> int:
    """Fill in how *task* ended, and tell the status that says so."""
    if task.deleted:
        return int(deferred_pb2.EXPIRED)
    if task.status is Status.COMPLETED and url is None:
        return int(deferred_pb2.EXPIRED)
    if task.error_code not in (None, Failure.MODERATED):
        code = CODES.get(str(task.error_code), "internal_error")
        error = video_pb2.VideoError(code=code, message=task.error_message or "")
        response.error.CopyFrom(error)
        return int(deferred_pb2.FAILED)
    response.progress = 100
    video = video_pb2.GeneratedVideo(respect_moderation=task.status is Status.COMPLETED)
    if url is not None:
        video.url = url
        video.duration = round(read_output(task.output)[2]) if task.output else 0
    response.video.CopyFrom(video)
    return int(deferred_pb2.DONE)
