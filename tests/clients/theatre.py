"""The real `kinetoscope serve`, with an engine that needs no time in place of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kinetoscope import app
from kinetoscope.cli import run
from kinetoscope.domain.order import Order
from kinetoscope.engines import Engine, Inputs, Refused, Report, Ticket, Working
from kinetoscope.settings import Settings
from tests.engines.scripted import Scripted

REEL = "THEATRE_REEL"  # the variable that names the film it plays
FORBIDDEN, ENDLESS = "forbidden", "endless"  # words of a prompt that decide how it ends


class Theatre(Scripted):
    """Plays the same film to everybody, after it was asked once; prompts say what goes wrong."""

    name = "theatre"
    heeds = frozenset(("generate_audio",))

    def __init__(self, reel: Path) -> None:
        super().__init__(reel)
        self._prompts: dict[Ticket, str] = {}
        self._asked: set[Ticket] = set()

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
        ticket = await super().start(task_id, order, inputs)
        if not isinstance(ticket, Refused):
            self._prompts[ticket] = order.prompt
        return ticket

    async def poll(self, ticket: Ticket) -> Report:
        prompt = self._prompts.get(ticket, "")
        if FORBIDDEN in prompt:
            return Refused("moderation_blocked", "this is not shown here")
        if ENDLESS in prompt or ticket not in self._asked:
            self._asked.add(ticket)
            return Working(50)
        return await super().poll(ticket)


def _engine(name: str, settings: Settings, work: Path) -> Engine:
    del name, settings, work
    return Theatre(Path(os.environ[REEL]))


if __name__ == "__main__":
    app._engine = _engine
    sys.exit(run(sys.argv[1:]))
