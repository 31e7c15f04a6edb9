"""The customer's film: the size and the rate at which it is kept in a film of ours."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from kinetoscope.engines.studio.brief import FPS, CannotRender
from kinetoscope.engines.studio.film import FASTEST_FPS, Facts, facts

_SHORT_SIDE, _LONG_SIDE, _LEAST_SIDE = 720, 1920, 16
_SLOWEST_FPS = 10


@dataclass(frozen=True, slots=True)
class Source:
    """A film that was sent: where it is, and the *size* and *fps* in which it will be read."""

    path: Path
    size: tuple[int, int]
    fps: Fraction
    frames: int
    audio: bool
    note: str


def measure(path: Path | None) -> Source:
    """Measure the film at *path*; CannotRender if it is none."""
    if path is None:
        raise CannotRender("there is no video to work on")
    found = facts(path)
    sane = _SLOWEST_FPS <= found.fps <= FASTEST_FPS
    fps = found.fps if sane and _even(path) else Fraction(FPS)
    frames = max(1, round(found.seconds * fps))
    return Source(path, _size(found), fps, frames, found.audio, found.note)


def _size(found: Facts) -> tuple[int, int]:
    """Scale the frame down where it is larger than a film of ours; sides are even."""
    short, long = sorted((found.width, found.height))
    scale = min(1.0, _SHORT_SIDE / short, _LONG_SIDE / long)
    return _side(found.width * scale), _side(found.height * scale)


def _side(pixels: float) -> int:
    return max(_LEAST_SIDE, round(pixels / 2) * 2)


def _even(path: Path) -> bool:
    """Tell whether the frames of *path* follow each other at one pace, give or take a tick."""
    with av.open(str(path), metadata_errors="replace") as film:
        packets = film.demux(film.streams.video[0])
        times = sorted(packet.pts for packet in packets if packet.pts is not None)
        tick = film.streams.video[0].time_base or Fraction(1, FPS)
    gaps = np.diff(times)
    if not gaps.size:
        return False
    return bool(int(gaps.max() - gaps.min()) * tick <= max(Fraction(3, 1000), 2 * tick))
