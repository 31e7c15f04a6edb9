"""A task: an order on its way, forward only."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Operation


class Status(StrEnum):
    """Where a task is; it never leaves the last two."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


OPEN = (Status.QUEUED, Status.IN_PROGRESS)


class Failure(StrEnum):
    """Why a task failed, for programs."""

    FAILED = "task_failed"
    MODERATED = "moderation_blocked"
    UNREACHABLE = "input_unreachable"
    UNAVAILABLE = "engine_unavailable"
    LOST = "engine_lost"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class Task(NamedTuple):
    """One row of what we remember; times are Unix seconds, documents are JSON texts.

    A tuple, since one is made for every poll of every client.

    *started_at* is None while no engine can have been asked, so while starting is safe.
    *attempt* counts the runners that took it up; a change that names an older one changes nothing.
    *expires_at* is when the result is dropped; *dropped* says that its file is gone, *deleted*
    that its owner wanted so. *cost* is what the engine charged us and *card* what its price list
    says, in ticks. *seed* and *notes*, a JSON list, are what the engine says of its work;
    *evidence* is for the operator: what was asked of whom, and what they said.
    """

    id: str
    account_id: str
    key_id: str
    model: str
    operation: Operation
    status: Status
    progress: int
    size: str
    seconds: str
    prompt: str
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None
    expires_at: int | None = None
    attempt: int = 0
    engine: str = ""
    ticket: str | None = None
    held: Money = Money()
    charged: Money | None = None
    order: str = "{}"
    quote: str = "{}"
    billing: str | None = None
    output: str | None = None
    ignored: str = "[]"
    error_code: str | None = None
    error_message: str | None = None
    deleted: bool = False
    dropped: bool = False
    cost: int | None = None
    card: int | None = None
    evidence: str | None = None
    seed: int | None = None
    notes: str | None = None

    @property
    def ended(self) -> bool:
        """Whether this task is completed or failed."""
        return self.status not in OPEN

    def is_gone(self, now: float) -> bool:
        """Whether its result is kept no more at the Unix time *now*, for whichever reason."""
        expired = self.expires_at is not None and self.expires_at <= now
        return expired or self.dropped or self.deleted
