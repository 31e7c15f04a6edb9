"""An engine that is always at work: what it costs to watch it is the service's own."""

from __future__ import annotations

import time

from kinetoscope.domain.order import Operation, Order
from kinetoscope.engines import Engine, Inputs, Report, Ticket, Working


class Actor(Engine):
    """Works at every task for ten minutes."""

    name = "actor"
    makes = frozenset(Operation)
    repeatable = True
    stoppable = True
    slots = 100_000
    pace = (1.0, 5.0)

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket:
        """Begin."""
        del task_id, order, inputs
        return Ticket(str(time.time()))

    async def poll(self, ticket: Ticket) -> Report:
        """Get on, by one per cent in six seconds."""
        return Working(min(99, int((time.time() - float(ticket)) / 6)))

    async def stop(self, ticket: Ticket) -> None:
        """Nothing is to be stopped."""

    async def forget(self, ticket: Ticket) -> None:
        """Nothing is kept."""

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        """Nothing is open."""
