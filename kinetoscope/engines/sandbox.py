"""The sandbox: makes what test keys ask for, at once and for nothing, as a word in the prompt says.

It draws nothing itself: an engine that draws drafts is given to it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.order import Operation, Order
from kinetoscope.domain.task import Failure
from kinetoscope.engines import (
    SANDBOX,
    Engine,
    Inputs,
    Lost,
    Made,
    Refused,
    Report,
    Ticket,
    Working,
)

SLOW = "[slow]"
SLOW_SECONDS = 20.0
_MOMENT = 0.5  # seconds that an end takes which a word asked for
_MOST_PROGRESS = 99
_AT_ONCE = 100  # films and words; most of them wait, and few draw

WORDS: Mapping[str, tuple[Failure, str]] = {
    "[fail]": (Failure.FAILED, "the engine could not make this video"),
    "[moderated]": (Failure.MODERATED, "the content was rejected by moderation"),
    "[timeout]": (Failure.TIMED_OUT, "the engine was not done within its time"),
    "[lost]": (Failure.LOST, "the engine broke off while it was asked; the outcome is unknown"),
    "[unavailable]": (Failure.UNAVAILABLE, "no engine could be asked within the task's time"),
    "[unreachable]": (Failure.UNREACHABLE, "an input went away before the engine read it"),
}


@dataclass(slots=True)
class _Take:
    """One task in the sandbox; *drawn* is the ticket of its film, once that was begun."""

    task_id: str
    order: Order
    inputs: Inputs
    began: float
    refusal: Refused | None = None
    drawn: Ticket | None = None


class Sandbox(Engine):
    """Ends tasks as their prompts ask; *draws* makes the films, and *clock* tells seconds."""

    name = SANDBOX
    makes = frozenset(Operation)
    repeatable = True
    stoppable = True
    slots = _AT_ONCE
    pace = (0.1, 0.5)
    heeds = frozenset({"seed", "generate_audio"})

    def __init__(self, draws: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._draws = draws
        self._clock = clock
        self._takes: dict[Ticket, _Take] = {}

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket:
        """Begin; the film is begun as soon as there is room for it."""
        take = _Take(task_id, order, inputs, self._clock(), _refusal(order.prompt))
        if take.refusal is None:
            await self._draw(take)
        ticket = Ticket(f"{task_id}.{secrets.token_hex(8)}")
        self._takes[ticket] = take
        return ticket

    async def poll(self, ticket: Ticket) -> Report:
        """Say how it stands; Lost for a ticket of an earlier process."""
        take = self._takes.get(ticket)
        if take is None:
            return Lost()
        gone = self._clock() - take.began
        if take.refusal is not None:
            return take.refusal if gone >= _MOMENT else Working(0)
        if take.drawn is None:
            await self._draw(take)
        report = Working(0) if take.drawn is None else await self._draws.poll(take.drawn)
        if isinstance(report, Working | Made) and SLOW in take.order.prompt.lower():
            return _slowly(report, gone)
        return report

    async def stop(self, ticket: Ticket) -> None:
        """End the drawing."""
        take = self._takes.get(ticket)
        if take is not None and take.drawn is not None:
            await self._draws.stop(take.drawn)

    async def forget(self, ticket: Ticket) -> None:
        """Remove the film and the memory of it."""
        take = self._takes.pop(ticket, None)
        if take is not None and take.drawn is not None:
            await self._draws.forget(take.drawn)

    async def ready(self) -> None:
        """Raise EngineUnavailable, saying what to install, unless films can be drawn."""
        await self._draws.ready()

    async def close(self) -> None:
        """Stop every drawing and remove every film."""
        self._takes.clear()
        await self._draws.close()

    async def _draw(self, take: _Take) -> None:
        """Begin the film, unless others fill the room."""
        try:
            begun = await self._draws.start(take.task_id, take.order, take.inputs)
        except EngineUnavailable:
            return
        if isinstance(begun, Refused):
            take.refusal = begun
        else:
            take.drawn = begun


def _refusal(prompt: str) -> Refused | None:
    """Read how *prompt* wants its task to fail: by the first of the words in it."""
    text = prompt.lower()
    places = {text.find(word): word for word in WORDS if word in text}
    if not places:
        return None
    word = places[min(places)]
    failure, message = WORDS[word]
    return Refused(failure, f"{message} (said for {word}, by a test key)")


def _slowly(report: Working | Made, gone: float) -> Report:
    """Let the time since the beginning say how far it is, until a slow engine would be done."""
    if gone >= SLOW_SECONDS:
        return report
    return Working(min(_MOST_PROGRESS, int(gone / SLOW_SECONDS * 100)))
