"""An event: what a customer is told when a task has ended."""

from __future__ import annotations

from enum import StrEnum

from kinetoscope.domain.task import Status


class Event(StrEnum):
    """What may be told, by the names that OpenAI gave it."""

    COMPLETED = "video.completed"
    FAILED = "video.failed"


_EVENTS = {Status.COMPLETED: Event.COMPLETED, Status.FAILED: Event.FAILED}


def event_of(status: Status) -> Event:
    """Tell which event the end of a task is."""
    return _EVENTS[status]


def event_id(task_id: str) -> str:
    """Name the event of a task: it ends once, so this is the same however often it is told."""
    return f"evt_{task_id.rpartition('_')[2]}"
