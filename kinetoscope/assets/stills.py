"""Pictures of a finished video: its thumbnail, and a spritesheet of frames from all along it.

They are made as files are inspected: in a child process with little memory and little time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kinetoscope.assets.child import run

THUMBNAIL_SIDE = 640  # of the longer side, at most
FRAME_WIDTH = 320
MOST_FRAMES, MOST_COLUMNS = 16, 4
_WALL_SECONDS = 120.0  # a busy machine must not cost a picture; what it computes is limited as well
_FRAMES = Path(__file__).with_name("frames.py")
# One at a time, beside those that inspect: an order must not wait for pictures.
_CHILDREN = ThreadPoolExecutor(1, thread_name_prefix="stills")


class Still(StrEnum):
    """What is made of a video."""

    THUMBNAIL = "thumbnail"
    SPRITESHEET = "spritesheet"

    @property
    def media_type(self) -> str:
        """What it is coded as."""
        return {"thumbnail": "image/webp", "spritesheet": "image/jpeg"}[self]

    @property
    def filename(self) -> str:
        """What its file is called."""
        return {"thumbnail": "thumbnail.webp", "spritesheet": "spritesheet.jpg"}[self]


class Unreadable(OSError):
    """No picture can be made of a video: its file is damaged, or decoding it takes too long."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How a spritesheet is laid out: *frames* row by row, each *interval* seconds of the video."""

    frames: int
    columns: int
    rows: int
    width: int
    height: int
    interval: float


def grid(width: int, height: int, seconds: float) -> Grid:
    """Lay out one frame a second, at most 16, of a video of *width* × *height* pixels."""
    frames = min(MOST_FRAMES, max(1, int(seconds + 0.05)))
    columns = min(MOST_COLUMNS, frames)
    high = max(1, round(FRAME_WIDTH * height / width))
    return Grid(frames, columns, -(-frames // columns), FRAME_WIDTH, high, seconds / frames)


async def make_still(still: Still, video: Path, size: tuple[int, int], seconds: float) -> bytes:
    """Make the *still* of a *video* of *size* pixels and *seconds*, or raise Unreadable.

    The path of the *video* is absolute.
    """
    width, height = size
    part = min(1, THUMBNAIL_SIDE / max(width, height))
    numbers = [max(1, round(width * part)), max(1, round(height * part))]
    if still is Still.SPRITESHEET:
        plan = grid(width, height, seconds)
        numbers = [plan.frames, plan.columns, plan.width, plan.height]
    arguments = (still.value, str(video), str(seconds), *map(str, numbers))
    ended = await run(_CHILDREN, _FRAMES, arguments, _WALL_SECONDS)
    if ended.status is None:
        raise Unreadable(f"making the {still} of {video.name} took too long")
    if ended.status or not ended.output:
        raise Unreadable(f"no {still} can be made of {video.name}: its file is damaged")
    return ended.output
