"""From a task to the JSON that clients read: OpenAI's Video object, and our metadata in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from kinetoscope.db.ids import as_uuid
from kinetoscope.domain.order import Tier
from kinetoscope.domain.task import Status, Task
from kinetoscope.engines import SANDBOX

LEAST_POLL_MS, MOST_POLL_MS = 1000, 5000
_POLL_MS_A_SECOND = 400  # of video that was asked for


class ShownError(msgspec.Struct):
    """Why a task failed."""

    code: str
    message: str


class Metadata(msgspec.Struct, omit_defaults=True):
    """What OpenAI's object has no place for."""

    operation: str
    engine: str
    quote: Raw
    ignored: Raw
    url: str | UnsetType = UNSET
    thumbnail_url: str | UnsetType = UNSET
    billing: Raw | UnsetType = UNSET
    output: Raw | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    engine_notes: Raw | UnsetType = UNSET
    test: bool | UnsetType = UNSET


class Video(msgspec.Struct, omit_defaults=True):
    """A task as its owner sees it."""

    id: str
    task_id: str
    request_id: str
    model: str
    status: str
    progress: int
    created_at: int
    seconds: str
    size: str
    prompt: str
    metadata: Metadata
    object: str = msgspec.field(default_factory=lambda: "video")
    completed_at: int | UnsetType = UNSET
    expires_at: int | UnsetType = UNSET
    url: str | UnsetType = UNSET
    error: ShownError | UnsetType = UNSET


encoder = msgspec.json.Encoder()


def show_task(task: Task, url: str | None) -> Video:
    """Show a task; *url* is the signed link to its video, if it is completed."""
    metadata = Metadata(
        operation=task.operation.value,
        engine=task.engine,
        quote=Raw(task.quote.encode()),
        ignored=Raw(task.ignored.encode()),
    )
    shown = Video(
        id=task.id,
        task_id=task.id,
        request_id=as_uuid(task.id),
        model=task.model,
        status=task.status.value,
        progress=task.progress,
        created_at=task.created_at,
        seconds=task.seconds,
        size=task.size or Tier.P480.value,
        prompt=task.prompt,
        metadata=metadata,
    )
    if task.engine == SANDBOX:
        metadata.test = True
    if task.seed is not None:
        metadata.seed = task.seed
    if task.notes is not None:
        metadata.engine_notes = Raw(task.notes.encode())
    if task.billing is not None:
        metadata.billing = Raw(task.billing.encode())
    if task.status is Status.COMPLETED:
        _show_result(shown, task, url)
    if task.error_code is not None:
        shown.error = ShownError(task.error_code, task.error_message or "")
    return shown


def poll_after_ms(task: Task) -> int:
    """Tell after how many milliseconds asking again makes sense, by the length asked for."""
    digits = task.seconds.partition(".")[0]
    seconds = int(digits) if digits.isdigit() else 0
    return max(LEAST_POLL_MS, min(MOST_POLL_MS, seconds * _POLL_MS_A_SECOND))


def to_json(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
    """Encode a value as JSON."""
    return encoder.encode(value)


def to_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows below the *names* of their columns."""
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def show_day(time: int) -> str:
    """Write the day (UTC) of a Unix time."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")


def _show_result(shown: Video, task: Task, url: str | None) -> None:
    if task.ended_at is not None:
        shown.completed_at = task.ended_at
    if task.expires_at is not None:
        shown.expires_at = task.expires_at
    if task.output is not None:
        shown.metadata.output = Raw(task.output.encode())
    if url is not None and not task.dropped:
        shown.url = shown.metadata.url = url
        shown.metadata.thumbnail_url = f"{url}&variant=thumbnail"
