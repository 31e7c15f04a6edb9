"""The words a task is told in."""

from __future__ import annotations

from kinetoscope.domain.task import OPEN, Failure, Status


def test_clients_know_four_statuses_only() -> None:
    """C21, C23: cancelled is a code, not a status."""
    assert list(Status) == ["queued", "in_progress", "completed", "failed"]
    assert OPEN == (Status.QUEUED, Status.IN_PROGRESS)


def test_the_codes_of_failures_are_those_of_the_contract() -> None:
    """C23."""
    assert set(Failure) == {
        "task_failed",
        "moderation_blocked",
        "input_unreachable",
        "engine_unavailable",
        "engine_lost",
        "timed_out",
        "cancelled",
    }
