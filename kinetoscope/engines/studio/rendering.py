"""One film being drawn: the child process, what it says, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from asyncio.subprocess import Process
from dataclasses import replace
from pathlib import Path
from typing import Self

from kinetoscope.engines import Made, Refused, Report, Working
from kinetoscope.engines.studio.brief import Brief

_GRACE_SECONDS = 1.0  # between asking a child to end and ending it
_STDERR_BYTES = 2048
_MOST_LINES = 10_000
_MOST_NOTES, _LONGEST_NOTE = 16, 200
_MOST_PROGRESS = 99  # until the film is in its place
_log = logging.getLogger(__name__)

_FAILED = "the studio could not draw this: try other words or another input"
_ENDED = (
    "the studio was ended while it drew this, perhaps for want of memory: "
    "order it again, or ask for a shorter or smaller video"
)


class Rendering:
    """A film on its way; *report* always says how it stands, and its progress never falls."""

    def __init__(self, child: Process, film: Path, timeout_seconds: int, seed: int) -> None:
        self.report: Report = Working(0)
        self._notes: tuple[str, ...] = ()
        self._seed = seed
        self._child = child
        self._film = film
        self._timeout_seconds = timeout_seconds
        self._stderr = b""
        self._refusal: str | None = None
        self._finished = False
        self._following = asyncio.create_task(self._follow())

    @classmethod
    def begin(cls, brief: Brief, child: Process, *, timeout_seconds: int) -> Self:
        """Let *child* draw *brief*."""
        rendering = cls(child, brief.film, timeout_seconds, brief.seed)
        # The pipe stays open for as long as we live: its end tells the child that we are gone.
        assert child.stdin is not None
        unfinished = replace(brief, film=_part(brief.film))
        child.stdin.write(unfinished.to_json().encode() + b"\n")
        return rendering

    @property
    def running(self) -> bool:
        """Whether a process is still at work."""
        return not self._following.done()

    async def stop(self) -> None:
        """End the child, if it has not ended, and remove what it left unfinished."""
        if isinstance(self.report, Working):
            self.report = Refused("cancelled", "the task was cancelled")
        await self._end()
        await asyncio.wait([self._following])

    def remove_film(self) -> None:
        """Remove the finished film."""
        self._film.unlink(missing_ok=True)

    async def _follow(self) -> None:
        """Listen until the child has ended; then settle the report."""
        timed_out = False
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await asyncio.gather(self._listen(), self._keep_stderr())
                await self._child.wait()
        except TimeoutError:
            timed_out = True
        finally:
            await self._end()
            if self._child.stdin is not None:
                self._child.stdin.close()
            if isinstance(self.report, Working):
                self.report = self._outcome(timed_out=timed_out)
            _part(self._film).unlink(missing_ok=True)

    async def _listen(self) -> None:
        assert self._child.stdout is not None
        for _ in range(_MOST_LINES):
            try:
                line = await self._child.stdout.readline()
                told = json.loads(line) if line else None
            except ValueError:
                break
            if told is None:
                return
            self._hear(told)
        await self._end()  # it talks nonsense, or without an end

    def _hear(self, told: object) -> None:
        match told:
            case {"progress": int(progress)} if isinstance(self.report, Working):
                least = self.report.progress or 0
                self.report = Working(min(max(least, progress), _MOST_PROGRESS))
            case {"refused": str(message)}:
                self._refusal = message
            case {"made": True, "notes": [*notes]}:
                self._notes = tuple(str(note)[:_LONGEST_NOTE] for note in notes[:_MOST_NOTES])
                self._finished = True
            case _:
                _log.debug("a render child said something unknown")

    async def _keep_stderr(self) -> None:
        assert self._child.stderr is not None
        while chunk := await self._child.stderr.read(_STDERR_BYTES):
            self._stderr = (self._stderr + chunk)[-_STDERR_BYTES:]

    def _outcome(self, *, timed_out: bool) -> Report:
        if timed_out:
            message = f"drawing took longer than {self._timeout_seconds} seconds: ask for less"
            return self._fail(message)
        if self._refusal is not None:
            return self._fail(self._refusal)
        code = self._child.returncode
        if code == 0 and self._finished:
            try:
                _part(self._film).replace(self._film)
            except OSError as error:
                self._stderr += str(error).encode()
            else:
                return Made(self._film, seed=self._seed, notes=self._notes)
        return self._fail(_ENDED if code is not None and code < 0 else _FAILED)

    def _fail(self, message: str) -> Refused:
        tail = self._stderr.decode(errors="replace").strip()
        _log.warning("render child ended with %s: %s", self._child.returncode, tail or message)
        return Refused("task_failed", message)

    async def _end(self) -> None:
        """Ask the child's process group to end, then end it; at once if it has ended."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._child.returncode is not None:
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), _GRACE_SECONDS)


def _part(film: Path) -> Path:
    return film.with_suffix(".part.mp4")
