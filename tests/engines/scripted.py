"""An engine that gives any report at any time, so that a test can tell any story."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from pathlib import Path

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.order import Operation, Order
from kinetoscope.engines import Engine, Inputs, Lost, Made, Refused, Report, Ticket, Working


class Scripted(Engine):
    """Plays what ``will`` was told, in turn; without a script it makes the film *reel* at once."""

    name = "scripted"

    def __init__(self, reel: Path, *, repeatable: bool = False, stoppable: bool = True) -> None:
        self.makes = frozenset(Operation)
        self.repeatable = repeatable
        self.stoppable = stoppable
        self.slots = 100
        self.pace = (0.01, 0.02)
        self.reel = reel
        self.script: deque[Report | Exception] = deque()
        self.starting: deque[Exception | Refused] = deque()
        self.started: dict[str, int] = defaultdict(int)
        self.orders: dict[str, tuple[Order, Inputs]] = {}
        self.stopped: list[str] = []
        self.plays = True
        self.starts = 1000
        self.admitting: deque[Exception] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self._known: set[Ticket] = set()

    def will(self, *reports: Report | Exception) -> None:
        """Give these reports, one for each poll, whichever task polls."""
        self.script.extend(reports)

    def wait(self) -> None:
        """Report work without an end, until ``go``."""
        self.gate.clear()

    def go(self) -> None:
        """Let everything that waits be made."""
        self.gate.set()

    @property
    def well(self) -> bool:
        return self.plays

    def room(self) -> int:
        return self.starts

    async def admit(self) -> None:
        if self.admitting:
            raise self.admitting.popleft()

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
        if self.starting:
            answer = self.starting.popleft()
            if isinstance(answer, Refused):
                return answer
            raise answer
        self.started[task_id] += 1
        self.orders[task_id] = (order, inputs)
        ticket = Ticket(f"ticket-{task_id}-{self.started[task_id]}")
        self._known.add(ticket)
        return ticket

    async def poll(self, ticket: Ticket) -> Report:
        if ticket not in self._known:
            return Lost()
        if not self.gate.is_set():
            return Working(10)
        if not self.script:
            return Made(self.reel)
        report = self.script.popleft()
        if isinstance(report, Exception):
            raise report
        return report

    async def stop(self, ticket: Ticket) -> None:
        self.stopped.append(ticket)
        self._known.discard(ticket)

    async def forget(self, ticket: Ticket) -> None:
        self._known.discard(ticket)

    async def ready(self) -> None:
        if not self.plays:
            raise EngineUnavailable("the scripted engine plays ill")

    async def close(self) -> None:
        self._known.clear()


__all__ = ["Lost", "Made", "Refused", "Scripted", "Working"]
