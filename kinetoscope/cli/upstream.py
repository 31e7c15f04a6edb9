"""Whom engines asked, what those said and what they charged: for the operator alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from kinetoscope.cli.show import dollars, instant, say, show_facts
from kinetoscope.domain.cost import margin, show_ticks
from kinetoscope.domain.money import Money
from kinetoscope.domain.task import Status, Task


@dataclass(frozen=True, slots=True)
class Seen:
    """A task, the name of its account, and what of it was given back."""

    task: Task
    owner: str
    refunded: Money = Money()

    @property
    def margin(self) -> int | None:
        """What it brought, in ticks; None while nobody said what it cost."""
        if self.task.charged is None or self.task.cost is None:
            return None
        return margin(self.task.charged, self.refunded, self.task.cost)


def show_lost(found: Sequence[Seen]) -> None:
    """Write of each task what to look it up by where it was asked for."""
    if not found:
        say("no task was lost")
    for number, seen in enumerate(found):
        if number:
            click.echo()
        task = seen.task
        length = task.seconds and f"{task.seconds} s"
        show_facts(
            {
                "id": task.id,
                "account": seen.owner,
                "operation": ", ".join(filter(None, (task.operation, length, task.size))),
                "prompt": task.prompt,
                "engine": task.engine,
                **asking_facts(task),
                "held": f"{dollars(task.held)}, and given back",
            }
        )


def asking_facts(task: Task) -> Mapping[str, object]:
    """Say whom an engine asked and when, what it asks by, and what it was told."""
    if task.started_at is None:
        return {}
    return {
        "asked": instant(task.started_at),
        **{f"upstream {name}": told for name, told in _evidence(task).items() if name != "engine"},
        "ticket": task.ticket or "none",
    }


def cost_facts(seen: Seen) -> Mapping[str, object]:
    """Say what a task cost us, what the card says, and what is left."""
    task = seen.task
    card = _dollars(task.card)
    if card and task.status is Status.FAILED and not task.charged:
        card += " for what was not delivered"
    return {
        "cost": _dollars(task.cost),
        "card": card,
        "margin": _dollars(seen.margin),
    }


def describe_upstream(seen: Seen) -> dict[str, Any]:
    """Say in JSON what an engine asked, was told and was charged."""
    task = seen.task
    return {
        "ticket": task.ticket,
        "evidence": _evidence(task) or None,
        "refunded": str(seen.refunded),
        "cost": _exact(task.cost),
        "card": _exact(task.card),
        "margin": _exact(seen.margin),
    }


def _evidence(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(task.evidence or "{}")
    return found


def _exact(ticks: int | None) -> str | None:
    return None if ticks is None else show_ticks(ticks)


def _dollars(ticks: int | None) -> str | None:
    return None if ticks is None else dollars(show_ticks(ticks))
