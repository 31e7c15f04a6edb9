"""Orders and tasks in the words of xAI's API, which its clients speak over HTTP and over gRPC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import msgspec
from msgspec import UNSET, Raw, UnsetType

from kinetoscope.api.body import Fields
from kinetoscope.api.wire import listed, read_order
from kinetoscope.domain.cost import ticks_of
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import Operation, Order, whole_seconds
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.service.terms import read_output

SECONDS: Mapping[Operation | None, int] = {None: 8, Operation.EXTEND: 6}  # unless they are said
WORDLESS = "Bring this image to life."  # what xAI lets its clients leave out, and we do not

PENDING, DONE, FAILED, EXPIRED = "pending", "done", "failed", "expired"

_IMAGE_TAG = re.compile(r"<IMAGE_([0-9]{1,3})>", re.IGNORECASE)
_WORDS = ("model", "prompt", "seed", "webhook_url")
_LENGTH = ("duration", "seconds")
_PICTURE = ("aspect_ratio", "resolution", "size", "generate_audio")
_TAKEN: Mapping[Operation | None, frozenset[str]] = {
    None: frozenset((*_WORDS, *_LENGTH, *_PICTURE, "image", "reference_images", "video")),
    Operation.EDIT: frozenset((*_WORDS, "video", "image", "reference_images")),
    Operation.EXTEND: frozenset((*_WORDS, *_LENGTH, "video", "image", "reference_images")),
}
_REFUSED: Mapping[str, str] = {  # since they change what is made, or where it goes
    "last_frame": "a last frame cannot be set here; leave last_frame out",
    "keyframes": "key frames cannot be set here; leave keyframes out",
    "reference_audios": "voices cannot be set here; leave reference_audios out",
    "output": "videos are not uploaded anywhere; leave output out and download video.url",
}
CODES: Mapping[str, str] = {
    Failure.FAILED: "internal_error",
    Failure.MODERATED: "imagine:content-moderated",
    Failure.UNREACHABLE: "invalid_argument",
    Failure.UNAVAILABLE: "service_unavailable",
    Failure.LOST: "service_unavailable",
    Failure.TIMED_OUT: "service_unavailable",
    Failure.CANCELLED: "failed_precondition",
}
_SHOWN: Mapping[Status, str] = {
    Status.QUEUED: PENDING,
    Status.IN_PROGRESS: PENDING,
    Status.COMPLETED: DONE,
    Status.FAILED: FAILED,
}


class XaiResult(msgspec.Struct):
    """A video that is done; *duration* is in whole seconds."""

    url: str
    duration: int
    respect_moderation: bool


class XaiUsage(msgspec.Struct):
    """What was charged, in ticks."""

    cost_in_usd_ticks: int


class XaiError(msgspec.Struct):
    """Why there is no video."""

    code: str
    message: str


class XaiVideo(msgspec.Struct, omit_defaults=True):
    """A task as xAI's clients read it."""

    status: str
    model: str
    progress: int
    video: XaiResult | UnsetType = UNSET
    usage: XaiUsage | UnsetType = UNSET
    error: XaiError | UnsetType = UNSET
    ignored: Raw | UnsetType = UNSET


def read_xai_order(fields: Fields, default_model: str, forced: Operation | None = None) -> Order:
    """Read an order from *fields* as xAI names them, or raise InvalidOrder.

    *forced* is EDIT or EXTEND where that is asked for; otherwise something new is made, and a
    video has no place in it. What changes nothing of the video is among what the order ignores.
    """
    given = {name: value for name, value in fields.items() if value not in (None, [], {})}
    for name, message in _REFUSED.items():
        if name in given:
            raise InvalidOrder(message, name)
    taken = _TAKEN[forced]
    asked = {name: value for name, value in given.items() if name in taken}
    if forced is None and "video" in asked:
        message = "generations take no video; use /videos/edits or /videos/extensions"
        raise InvalidOrder(message, "video")
    if forced in SECONDS and not asked.keys() & set(_LENGTH):
        asked["duration"] = SECONDS[forced]
    if "resolution" in asked:
        asked.pop("size", None)  # its old name
    if "reference_images" in asked and "image" not in asked:
        asked["operation"] = Operation.REFERENCE.value
    asked |= _words(asked)
    order = read_order(asked, default_model, forced)
    return replace(order, ignored=listed(name for name in given if name not in taken))


def show_xai(task: Task, url: str | None, *, gone: bool) -> XaiVideo:
    """Show a task; *url* is the link to its video, which is *gone* if it is not held any more."""
    status = EXPIRED if gone else _SHOWN[task.status]
    progress = 0 if status == FAILED else task.progress
    shown = XaiVideo(status=status, model=task.model, progress=progress)
    if task.charged is not None:
        shown.usage = XaiUsage(ticks_of(task.charged))
    if status == DONE and url is not None and task.output is not None:
        _, _, seconds, _, _ = read_output(task.output)
        shown.video = XaiResult(url, whole_seconds(seconds), respect_moderation=True)
    if status == FAILED:
        code = CODES.get(task.error_code or "", "internal_error")
        shown.error = XaiError(code, task.error_message or "the video could not be made")
    if task.ignored != "[]":
        shown.ignored = Raw(task.ignored.encode())
    return shown


def _words(asked: Fields) -> Fields:
    """Write the prompt as it is written here: images are named @Image1, and something is said."""
    prompt = asked.get("prompt")
    if prompt in (None, "") and "image" in asked:
        return {"prompt": WORDLESS}
    if not isinstance(prompt, str):
        return {}
    numbers = [int(number) for number in _IMAGE_TAG.findall(prompt)]
    first = 0 if 0 in numbers else 1  # xAI's own pages count both ways
    return {
        "prompt": _IMAGE_TAG.sub(lambda found: f"@Image{int(found[1]) + 1 - first}", prompt),
    }
