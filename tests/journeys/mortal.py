"""The real `kinetoscope serve`, with the engine of ``doomed`` in place of the one of its settings.

Its arguments are a plan in JSON and then those of the command.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kinetoscope import app
from kinetoscope.cli import run
from kinetoscope.engines import Engine
from kinetoscope.settings import Settings
from tests.journeys.doomed import Fate, Ledgered, read_plan


def _engine(name: str, settings: Settings, work: Path) -> Engine:
    del name, settings, work
    plan = read_plan(sys.argv[1])
    return Ledgered(plan, Fate(plan.point))


if __name__ == "__main__":
    app._engine = _engine
    sys.exit(run(sys.argv[2:]))
