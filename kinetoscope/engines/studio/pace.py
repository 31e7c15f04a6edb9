"""Pace: films that run slower, or backwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.motion import flow

_SLOW = re.compile(r"\bslow(ed)?[- ]?(motion|mo\b|down)|\bhalf (the )?speed|慢动作|慢放")
_BACKWARDS = re.compile(r"\brevers(e|ed|ing)\b|\bbackwards?\b|\brewind|倒放|倒带")
_QUALITY = 97


@dataclass(frozen=True, slots=True)
class Pace:
    """How a film is to run: at half its speed, or from its end to its beginning, or both."""

    slow: bool = False
    backwards: bool = False

    @property
    def usual(self) -> bool:
        """Whether it runs as it did."""
        return not self.slow and not self.backwards


def read_pace(prompt: str) -> Pace:
    """Find out from *prompt* how a film is to run."""
    text = prompt.lower()
    return Pace(bool(_SLOW.search(text)), bool(_BACKWARDS.search(text)))


def paced(frames: Iterator[Frame], pace: Pace) -> Iterator[Frame]:
    """Yield *frames* at *pace*."""
    if pace.backwards:
        frames = _backwards(frames)
    return _slowly(frames) if pace.slow else frames


def _backwards(frames: Iterator[Frame]) -> Iterator[Frame]:
    # As raw pictures a film would not fit into the memory that a render may take.
    whole = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    how = (cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, whole)
    kept = [cv2.imencode(".jpg", frame, how)[1] for frame in frames]
    while kept:
        yield cast("Frame", cv2.imdecode(kept.pop(), cv2.IMREAD_COLOR))


def _slowly(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Show every frame, and between each two of them what lies half-way."""
    before: Frame | None = None
    for frame in frames:
        if before is not None:
            yield before
            yield _between(before, frame)
        before = frame
    if before is not None:
        yield before
        yield before


def _between(before: Frame, after: Frame) -> Frame:
    height, width = before.shape[:2]
    scale = min(1.0, 424 / max(height, width))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    places = np.dstack([columns, rows])
    halves = [
        cv2.remap(one, places - flow(one, other, scale) * np.float32(0.5), None, cv2.INTER_LINEAR,  # type: ignore[call-overload]
                  borderMode=cv2.BORDER_REPLICATE)
        for one, other in ((before, after), (after, before))
    ]  # fmt: skip
    return cast("Frame", cv2.addWeighted(halves[0], 0.5, halves[1], 0.5, 0))
