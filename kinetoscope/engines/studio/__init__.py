"""The studio: an engine that draws sketches on this machine, with no key, no GPU and no network.

Every film is drawn by a child process of its own. A crash, a flood of memory or a hang there costs
that one film, and nothing heavier than this page is ever loaded into the serving process.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import shutil
from importlib.util import find_spec
from pathlib import Path

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.order import LIMITS, Operation, Order, frame
from kinetoscope.engines import Engine, Inputs, Lost, Report, Ticket
from kinetoscope.engines.studio.brief import Brief, seed_of
from kinetoscope.engines.studio.nursery import Nursery
from kinetoscope.engines.studio.rendering import Rendering

_PROGRAM, _LIBRARIES = "kinetoscope.engines.studio", ("av", "cv2", "numpy", "PIL")
_DRAFTS, _DRAFT_LIBRARIES = "kinetoscope.engines.studio.drafts", ("av", "PIL")
_log = logging.getLogger(__name__)


class Studio(Engine):
    """Draws films in *folder*, at most *slots* at a time, each within its memory and its time.

    *warm* keeps a process awake for a minute after each film, so that the next begins at once.
    With *draft* it draws cards that say what was asked, in a moment and with few libraries.
    """

    name = "studio"
    makes = frozenset(Operation)
    repeatable = True
    stoppable = True
    pace = (0.2, 1.0)
    heeds = frozenset({"seed", "generate_audio"})

    def __init__(
        self,
        *,
        folder: Path,
        slots: int = 1,
        memory_mib: int = 2048,
        timeout_seconds: int = 900,
        warm: bool = True,
        draft: bool = False,
    ) -> None:
        self.slots = slots
        self._folder = folder
        self._memory_mib = memory_mib
        self._timeout_seconds = timeout_seconds
        self._warm = warm
        self._program = _DRAFTS if draft else _PROGRAM
        self._libraries = _DRAFT_LIBRARIES if draft else _LIBRARIES
        self._beginning = 0
        self._room: _Room | None = None
        self._nursery: Nursery | None = None
        self._renderings: dict[Ticket, Rendering] = {}

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket:
        """Begin to draw; EngineUnavailable if every slot is taken or no process can be had."""
        running = sum(rendering.running for rendering in self._renderings.values())
        if running + self._beginning >= self.slots:
            message = f"the studio is drawing {self.slots} already"
            raise EngineUnavailable(message)
        token = secrets.token_hex(8)
        self._beginning += 1
        try:
            room = self._open_room()
            child = await self._open_nursery(room).take()
        except OSError as error:
            message = f"the studio cannot begin: {error.strerror or 'the system refused'}"
            raise EngineUnavailable(message) from error
        finally:
            self._beginning -= 1
        brief = _brief(task_id, order, inputs, room.path / f"{token}.mp4")
        rendering = Rendering.begin(brief, child, timeout_seconds=self._timeout_seconds)
        ticket = Ticket(f"{task_id}.{token}")
        self._renderings[ticket] = rendering
        return ticket

    async def poll(self, ticket: Ticket) -> Report:
        """Say how the film stands; Lost for a ticket of an earlier process."""
        rendering = self._renderings.get(ticket)
        return rendering.report if rendering is not None else Lost()

    async def stop(self, ticket: Ticket) -> None:
        """End the drawing and remove what there is of it, within seconds."""
        rendering = self._renderings.get(ticket)
        if rendering is not None:
            await rendering.stop()

    async def forget(self, ticket: Ticket) -> None:
        """Remove the film and the memory of it."""
        await self.stop(ticket)
        rendering = self._renderings.pop(ticket, None)
        if rendering is not None:
            rendering.remove_film()

    async def ready(self) -> None:
        """Raise EngineUnavailable, saying what to install, unless the studio can draw."""
        missing = [library for library in self._libraries if find_spec(library) is None]
        if missing:
            message = (
                f"the studio needs {', '.join(missing)}: run `pip install 'kinetoscope[studio]'`"
            )
            raise EngineUnavailable(message)

    async def close(self) -> None:
        """Stop every drawing and remove every film."""
        await asyncio.gather(*(self.stop(ticket) for ticket in list(self._renderings)))
        self._renderings.clear()
        if self._nursery is not None:
            await self._nursery.close()
            self._nursery = None
        if self._room is not None:
            self._room.close()
            self._room = None

    def _open_nursery(self, room: _Room) -> Nursery:
        if self._nursery is None:
            self._nursery = Nursery(
                room.path, program=self._program, memory_mib=self._memory_mib, warm=self._warm
            )
        return self._nursery

    def _open_room(self) -> _Room:
        if self._room is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(self._folder)
            self._room = _Room(self._folder)
        return self._room


class _Room:
    """A folder of one Studio; its lock tells the others that somebody lives there."""

    def __init__(self, folder: Path) -> None:
        token = secrets.token_hex(8)
        unlocked = folder / f"new-{token}"
        unlocked.mkdir()
        self._lock = os.open(unlocked / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Only a locked room gets the name by which others look for empty ones.
        self.path = unlocked.rename(folder / f"room-{token}").resolve()

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_leftovers(folder: Path) -> None:
    """Remove the rooms whose processes are gone."""
    for room in folder.glob("room-*"):
        try:
            lock = os.open(room / "lock", os.O_RDWR)
        except OSError:
            continue  # just being made, or just being removed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(room, ignore_errors=True)
            _log.info("removed the leftovers of an earlier studio")
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _brief(task_id: str, order: Order, inputs: Inputs, film: Path) -> Brief:
    """Turn *order* into what a child is told; without a seed one is chosen, for good."""
    follows = LIMITS[order.operation].video
    first = inputs.images[0] if inputs.images else None
    width, height = (0, 0) if follows else frame(order, first)
    return Brief(
        operation=order.operation.value,
        prompt=order.prompt,
        width=width,
        height=height,
        seconds=order.duration or 0,
        images=tuple(path.resolve() for path in inputs.image_paths),
        video=inputs.video_path.resolve() if inputs.video_path else None,
        film=film,
        seed=seed_of(order.prompt, task_id) if order.seed is None else order.seed,
        sound=order.sound is not False,
    )
