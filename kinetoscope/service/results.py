"""What an engine made, from where it stands to where we keep it: fetched, looked at, measured."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kinetoscope.assets.inspect import VIDEO_BYTES, VideoFacts, inspect_video
from kinetoscope.db import tasks
from kinetoscope.db.ids import new_id
from kinetoscope.domain.errors import (
    EngineUnavailable,
    InputForbidden,
    InputUnreachable,
    InvalidOrder,
    NotAccepting,
    UnusableResult,
)
from kinetoscope.domain.order import Input, Operation
from kinetoscope.domain.task import Task
from kinetoscope.service import Gateway, stills_key, video_key
from kinetoscope.service.terms import Terms

log = logging.getLogger(__name__)

_LOOK_SECONDS = 300  # for looking at a result: a busy machine must not cost a good video
_LEAST_PART = 0.5  # of the length asked for; a shorter film is not what was ordered
_SLACK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A result in the store, and its measures."""

    result: Input
    sha256: str


async def keep_result(gateway: Gateway, task: Task, terms: Terms, source: Path | str) -> Kept:
    """Put what an engine made into the store.

    *source* is a file, whose faults raise InvalidOrder, or an address: EngineUnavailable if it
    cannot be fetched now, UnusableResult if what stands there is not the video.
    """
    if isinstance(source, Path):
        return await _keep(gateway, task, source, await _look(source))
    fetched = gateway.work / new_id("made")
    try:
        await _fetch(gateway, source, fetched)
        facts = await _look(fetched)
        _compare(task, terms, facts)
        return await _keep(gateway, task, fetched, facts)
    except InvalidOrder as error:
        raise UnusableResult(f"{source}: {error.message}") from error
    except OSError as error:  # our disk: what was paid for waits until there is room
        message = f"its video cannot be kept: {error.strerror or error}"
        raise EngineUnavailable(message) from error
    finally:
        fetched.unlink(missing_ok=True)


async def drop_result(gateway: Gateway, task_id: str) -> None:
    """Remove the video of a task that fell due, and what was made of it; then say that it is gone.

    Whatever interrupts this, the sweep finds the task and does it again.
    """
    await gateway.store.delete(video_key(task_id))
    await gateway.store.delete(stills_key(task_id))
    await gateway.db.write(partial(tasks.mark_dropped, task_id=task_id))


async def _fetch(gateway: Gateway, source: str, into: Path) -> None:
    """Fetch what the engine made; it is paid for there, so a network that fails is waited for."""
    into.parent.mkdir(parents=True, exist_ok=True)
    try:
        await gateway.downloads.fetch(source, into, most_bytes=VIDEO_BYTES, param="video")
    except (InputUnreachable, InputForbidden, NotAccepting) as error:
        raise EngineUnavailable(f"its video cannot be fetched: {error.message}") from error


async def _look(path: Path) -> VideoFacts:
    return await inspect_video(path, param="video", seconds=_LOOK_SECONDS)


async def _keep(gateway: Gateway, task: Task, path: Path, facts: VideoFacts) -> Kept:
    saved = await gateway.store.save(video_key(task.id), path)
    result = Input(
        saved.key, facts.media_type, saved.size, facts.width, facts.height, facts.seconds
    )
    return Kept(result, saved.sha256)


def _compare(task: Task, terms: Terms, facts: VideoFacts) -> None:
    """Raise InvalidOrder if the film is far too short; say so if it is not quite what was asked."""
    asked = _length(terms)
    if facts.seconds < asked * _LEAST_PART:
        message = f"the video has {facts.seconds:.2f} of the {asked:g} seconds that were asked for"
        raise InvalidOrder(message, "video")
    if abs(facts.seconds - asked) > _SLACK_SECONDS:
        log.warning("%s: asked for %g seconds, made were %.2f", task.id, asked, facts.seconds)


def _length(terms: Terms) -> float:
    """Tell how many seconds the result should have."""
    source = terms.video.seconds or 0.0 if terms.video else 0.0
    match terms.order.operation:
        case Operation.EDIT:
            return source
        case Operation.EXTEND:
            return source + (terms.order.duration or 0)
        case Operation.TEXT | Operation.IMAGE | Operation.REFERENCE:
            return terms.order.duration or 0
