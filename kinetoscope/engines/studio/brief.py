"""The brief: all that a render child is told, and how it says that it cannot do it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

FPS = 24

Tell = Callable[[float], None]
"""Takes the share of the work that is done, 0 to 1."""

Notes = tuple[str, ...]
"""What was asked and is not shown, a few words each: a renderer gives them back."""


class CannotRender(Exception):
    """The studio cannot make this film; the message is written for the customer."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What to draw and where to put it.

    *width* and *height* are in pixels and *seconds* is the part to be made; all three are 0 where
    the film follows its source. The same brief with the same *seed* makes the same frames; without
    *sound* none is made.
    """

    operation: str
    prompt: str
    width: int
    height: int
    seconds: int
    images: tuple[Path, ...]
    video: Path | None
    film: Path
    seed: int
    sound: bool = True

    def to_json(self) -> str:
        """Write the brief as one JSON object."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Brief:
        """Read what to_json() wrote; ValueError, KeyError or TypeError if it is something else."""
        told = json.loads(text)
        return cls(
            operation=str(told["operation"]),
            prompt=str(told["prompt"]),
            width=int(told["width"]),
            height=int(told["height"]),
            seconds=int(told["seconds"]),
            images=tuple(Path(path) for path in told["images"]),
            video=Path(told["video"]) if told["video"] else None,
            film=Path(told["film"]),
            seed=int(told["seed"]),
            sound=bool(told["sound"]),
        )


def seed_of(prompt: str, task_id: str) -> int:
    """Derive a seed of 32 bits: the same for a task, another one for the next."""
    digest = sha256(f"{task_id}\n{prompt}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")
