"""The slate: what a film of ours says of itself, so that it can be taken up again where it ended.

It travels in the film's description, through whatever hands the film went through. Nothing in it is
believed before it was checked here, and then compared with the pictures that it speaks of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetoscope.engines.studio.brief import Brief
from kinetoscope.engines.studio.script import LONGEST_READ

LONGEST_NOTE = 1 << 16
_VERSION = 1
_KINDS = frozenset({"text", "picture"})
_SIDES = range(64, 1921)
_SEEDS = range(1 << 32)
_SECONDS = range(1, 31)
_MOST_CHAPTERS = 16


@dataclass(frozen=True, slots=True)
class Chapter:
    """What was asked for once, and for how many seconds."""

    prompt: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Slate:
    """A film's chapters, each going on from the one before; its size in pixels; its seed.

    All of a film is known by it if its *kind* is "text"; the way of its camera if it is "picture".
    """

    seed: int
    width: int
    height: int
    chapters: tuple[Chapter, ...]
    kind: str = "text"

    @classmethod
    def of(cls, brief: Brief, kind: str = "text") -> Slate:
        """Begin with what *brief* asks for."""
        chapter = Chapter(brief.prompt[:LONGEST_READ], brief.seconds)
        return cls(brief.seed, brief.width, brief.height, (chapter,), kind)

    @property
    def seconds(self) -> int:
        """The length of all chapters."""
        return sum(chapter.seconds for chapter in self.chapters)

    def and_then(self, prompt: str, seconds: int) -> Slate:
        """Add a chapter."""
        return replace(self, chapters=(*self.chapters, Chapter(prompt[:LONGEST_READ], seconds)))

    def to_note(self) -> str:
        """Write the slate for read_slate(); nothing if it is too long to be carried."""
        chapters = [[chapter.prompt, chapter.seconds] for chapter in self.chapters]
        told = {
            "kinetoscope": _VERSION,
            "kind": self.kind,
            "seed": self.seed,
            "size": [self.width, self.height],
            "chapters": chapters,
        }
        note = json.dumps(told, separators=(",", ":"))
        return note if len(note) <= LONGEST_NOTE else ""


def read_slate(note: str) -> Slate | None:
    """Read what to_note() wrote; None if it is anything else, however it is meant."""
    if len(note) > LONGEST_NOTE:
        return None
    try:
        told = json.loads(note)
    except (ValueError, RecursionError):
        return None
    match told:
        case {
            "kinetoscope": 1,
            "kind": str(kind),
            "seed": seed,
            "size": [_, _] as size,
            "chapters": [*listed],
        } if kind in _KINDS and _within(seed, _SEEDS) and all(_within(n, _SIDES) for n in size):
            chapters = tuple(_chapters(listed[:_MOST_CHAPTERS]))
        case _:
            return None
    slate = Slate(seed, size[0], size[1], chapters, kind)
    return slate if len(chapters) == len(listed) and slate.seconds in _SECONDS else None


def _chapters(listed: list[object]) -> Iterator[Chapter]:
    for item in listed:
        match item:
            case [str(prompt), int(seconds)] if _within(seconds, _SECONDS):
                if len(prompt) <= LONGEST_READ:
                    yield Chapter(prompt, seconds)


def _within(told: object, allowed: range) -> bool:
    return type(told) is int and told in allowed
