"""Engines make videos. This is all that the house knows of one, and all that one knows of us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, NewType, Protocol

from kinetoscope.domain.order import Input, Operation, Order

Ticket = NewType("Ticket", str)
"""What an engine gives us to ask by; survives a restart of ours."""


@dataclass(frozen=True, slots=True)
class Working:
    """Not done yet; *progress* is 0 to 99, or None where the engine cannot tell."""

    progress: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Done: the video is a local file or stands at an address for a while.

    *cost* is what the engine charged us, in ticks (``domain/cost``), if it said so. *seed* makes
    the same film again; *notes* tell the customer, a few words each, what it does not show.
    """

    source: Path | str
    cost: int | None = None
    seed: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: *code* is one of the task failures; *billed* says that the engine charged us.

    *message* is for the customer; *said* is the engine's own word, for the operator alone.
    """

    code: str
    message: str
    billed: bool = False
    cost: int | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """The engine knows nothing of this ticket."""


Report = Working | Made | Refused | Lost


@dataclass(frozen=True, slots=True)
class Inputs:
    """The checked inputs of an order and the local files that hold their bytes, in order."""

    images: tuple[Input, ...] = ()
    video: Input | None = None
    image_paths: tuple[Path, ...] = ()
    video_path: Path | None = None


class Engine(Protocol):
    """Makes videos; sees the order, never who asked, what it costs, or the database.

    *makes*: the operations it can be asked for. *repeatable*: starting a task twice costs nothing.
    *stoppable*: stop() ends the work at once. *slots*: tasks it works on at a time.
    *pace*: the shortest and the longest wait between two polls, in seconds.
    *heeds*: which of the parameters ``seed`` and ``generate_audio`` make a difference to it.
    *most_bytes*: of inputs that stand at no public address; None takes any.
    *trace*: what its owner would look a task of ours up by, without secrets.
    """

    name: str
    makes: frozenset[Operation]
    repeatable: bool
    stoppable: bool
    slots: int
    pace: tuple[float, float]
    heeds: frozenset[str] = frozenset()
    most_bytes: int | None = None
    trace: Mapping[str, str] = MappingProxyType({})

    @property
    def well(self) -> bool:
        """Whether asking it is worth a try, by all that it has answered so far."""
        return True

    def room(self) -> int:
        """Tell how many tasks it would begin within a second, whatever its slots."""
        return self.slots

    def turn(self) -> float:
        """Take a place in the row of those who begin; return the seconds until it is their turn."""
        return 0.0

    async def admit(self) -> None:
        """Return if it can be asked right now, or raise EngineUnavailable; nothing has begun."""
        return

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
        """Begin, or say that it never will.

        Raise EngineUnavailable only when nothing can have begun, and OutcomeUnknown when it may.
        """
        ...

    async def poll(self, ticket: Ticket) -> Report:
        """Say how it stands; raise EngineUnavailable to be asked again later."""
        ...

    async def stop(self, ticket: Ticket) -> None:
        """End the work of *ticket*, if this engine can; twice is the same as once."""
        ...

    async def forget(self, ticket: Ticket) -> None:
        """Drop what is kept for *ticket*: its result was taken or is not wanted."""
        ...

    async def ready(self) -> None:
        """Return if it could begin a task now; raise EngineUnavailable, saying why, if not."""
        ...

    async def close(self) -> None:
        """Stop everything and free what is held."""
        ...


ENGINES: Mapping[str, str] = {
    "studio": "kinetoscope.engines.studio:Studio",
    "xai": "kinetoscope.engines.xai:Xai",
}
SANDBOX = "sandbox"  # makes what test keys ask for; no setting names it
FIRST = "main"  # the label that a name without one means


def kind(name: str) -> str:
    """Tell what kind of engine *name* is: engines such as ``xai:second`` bear a label."""
    return name.partition(":")[0]


def label(name: str) -> str:
    """Tell the label of the engine *name*."""
    return name.partition(":")[2] or FIRST


def load(name: str, /, **options: Any) -> Engine:  # noqa: ANN401 - each engine names its own options
    """Import the engine *name* on first use and build it with *options*."""
    module, _, attribute = ENGINES[kind(name)].partition(":")
    engine: Engine = getattr(import_module(module), attribute)(**options)
    return engine
