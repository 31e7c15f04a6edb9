"""The verbs: what changes two wings together, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kinetoscope.assets import Store
from kinetoscope.db import Database
from kinetoscope.db.accounts import Key
from kinetoscope.db.tasks import Note
from kinetoscope.domain.errors import ModelNotAllowed, ModelNotFound
from kinetoscope.domain.file import Shelf
from kinetoscope.domain.order import Operation
from kinetoscope.domain.pricing import Rates
from kinetoscope.engines import Engine
from kinetoscope.outbound import Outbound
from kinetoscope.service.watch import Watch

# What xAI's clients call its models; where nobody gave them a meaning, they mean the default one.
GROK_NAMES = (
    "grok-imagine-video",
    "grok-imagine-video-1.5",
    "grok-imagine-video-1.5-preview",
    "grok-imagine-video-1.5-2026-05-30",
    "grok-imagine-video-1.5-lite",
)


@dataclass(frozen=True, slots=True)
class Model:
    """What customers ask for: its name, who makes it, in the order of asking, and what it costs."""

    name: str
    engines: tuple[Engine, ...]
    rates: Rates

    @property
    def makes(self) -> frozenset[Operation]:
        """The operations that at least one of its engines can be asked for."""
        return frozenset[Operation]().union(*(engine.makes for engine in self.engines))

    def able(self, operation: Operation, private_bytes: int) -> tuple[Engine, ...]:
        """List who can make *operation* from inputs with *private_bytes* at no public address."""
        return tuple(
            engine
            for engine in self.engines
            if operation in engine.makes
            and (engine.most_bytes is None or private_bytes <= engine.most_bytes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator decided; times are in seconds, *retention* 0 keeps results for ever.

    *open_tasks* is how many of an account's tasks may not have ended, and *shelf* what it may keep
    in files. *fetches* is how often a result that is no video is fetched again; with growing waits
    between, that is some minutes.
    """

    charge_moderated: bool = True
    retention: int = 0
    queue_time: int = 24 * 3600
    task_time: int = 3600
    link_time: int = 24 * 3600
    open_tasks: int = 10_000
    shelf: Shelf = field(default_factory=Shelf)
    fetches: int = 12


class Listener(Protocol):
    """Who wants to hear of new and ended tasks at once: the runner in this process."""

    def queued(self, task_id: str, engine: str) -> None:
        """A task was accepted, and waits in the row of *engine*."""
        ...

    def ended(self, task_id: str) -> None:
        """A task was ended by somebody else than its runner."""
        ...

    def moved(self, note: Note) -> None:
        """A task got on, or stands where it stood; written with others in a moment."""
        ...


@dataclass(slots=True)
class Bell:
    """Tells the runner of this process what happened; silent where there is none.

    *told* is called when somebody is to be told of the end of a task.
    """

    listener: Listener | None = None
    told: Callable[[], None] | None = None
    accepting: bool = True

    def queued(self, task_id: str, engine: str) -> None:
        """Say that a task was accepted, and in whose row it waits."""
        if self.listener is not None:
            self.listener.queued(task_id, engine)

    def ended(self, task_id: str) -> None:
        """Say that a task was ended."""
        if self.listener is not None:
            self.listener.ended(task_id)

    def recorded(self, events: int) -> None:
        """Say that so many *events* wait to be told."""
        if events and self.told is not None:
            self.told()

    def moved(self, note: Note) -> None:
        """Say how far a task is."""
        if self.listener is not None:
            self.listener.moved(note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """All of it: one value, built once.

    *outbound* visits what strangers name, *downloads* fetches what engines made. *cards* are the
    prices that engines charge us, by the name of the engine. *work* is a folder for files on their
    way; *public_url* is where the Internet finds this service, if it does; *now* tells the Unix
    time in seconds. *sandbox* makes what test keys ask for, whatever the model; the addresses of
    *proxies* are those of nobody who asks.
    """

    db: Database
    store: Store
    outbound: Outbound
    downloads: Outbound
    models: Mapping[str, Model]
    cards: Mapping[str, Rates] = field(default_factory=dict)
    aliases: Mapping[str, str]
    default_model: str
    rules: Rules
    signing_key: bytes = field(repr=False)
    work: Path
    public_url: str = ""
    now: Callable[[], float]
    sandbox: Engine | None = None
    proxies: tuple[str, ...] = ()
    bell: Bell = field(default_factory=Bell)
    watch: Watch

    def find(self, name: str) -> Model | None:
        """Get the model that *name* or its alias stands for, if there is one."""
        found = self.models.get(self.aliases.get(name, name))
        if found is None and name in GROK_NAMES:
            return self.models.get(self.default_model)
        return found

    def model(self, name: str) -> Model:
        """Get the model that *name* or its alias stands for, or raise ModelNotFound."""
        found = self.find(name)
        if found is None:
            known = ", ".join(sorted({*self.models, *self.aliases}))
            raise ModelNotFound(f"there is no model {name[:100]!r}; there is: {known}", "model")
        return found

    def allowed_model(self, key: Key, name: str) -> Model:
        """Get a model that *key* may ask for, or raise ModelNotAllowed."""
        found = self.model(name)
        if not may_ask(key, name, found):
            allowed = ", ".join(key.models or ()) or "none"
            message = f"this key may not ask for {name!r}; it may ask for: {allowed}"
            raise ModelNotAllowed(message, "model")
        return found

    def engines(self) -> dict[str, Engine]:
        """Tell every engine that some model or the sandbox uses, by its name."""
        used = {engine.name: engine for model in self.models.values() for engine in model.engines}
        return used if self.sandbox is None else {**used, self.sandbox.name: self.sandbox}


def may_ask(key: Key, name: str, model: Model) -> bool:
    """Tell whether *key* may ask for *model* by this *name*."""
    return key.models is None or not {name, model.name}.isdisjoint(key.models)


def video_key(task_id: str) -> str:
    """Tell where the store keeps the video of a task."""
    return f"videos/{task_id}.mp4"


def stills_key(task_id: str) -> str:
    """Tell below which key the store keeps the stills of a task's video."""
    return f"stills/{task_id}"


def inputs_key(task_id: str) -> str:
    """Tell below which key the store keeps the inputs of a task."""
    return f"inputs/{task_id}"


def file_key(file_id: str) -> str:
    """Tell where the store keeps a file of an account."""
    return f"files/{file_id}"
