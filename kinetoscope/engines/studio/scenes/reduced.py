"""Reduced pictures: a wall in every size, narrower and lower apart, so that none shimmers afar."""

from __future__ import annotations

import math
from typing import cast

import cv2

from kinetoscope.engines.studio.film import Frame

_SMALLEST = 8  # pixels of a side


class Reduced:
    """A *picture* to be seen from anywhere; reductions are made when they are first needed."""

    def __init__(self, picture: Frame) -> None:
        self.shape = picture.shape
        self._kept = {(0, 0): picture}

    def fitting(self, across: float, down: float) -> Frame:
        """Give the picture to be seen so many times narrower and lower than it is."""
        return self.at(_level(across, self.shape[1]), _level(down, self.shape[0]))

    def at(self, across: int, down: int) -> Frame:
        """Give the picture halved so often in its breadth and in its height."""
        found = self._kept.get((across, down))
        if found is None:
            # Halving both sides at once is by far the quickest.
            narrower, lower = across >= down, down >= across
            larger = self.at(across - narrower, down - lower)
            height, width = larger.shape[:2]
            size = (-(-width // (1 + narrower)), -(-height // (1 + lower)))
            found = cast("Frame", cv2.resize(larger, size, interpolation=cv2.INTER_AREA))
            self._kept[across, down] = found
        return found


def _level(shrink: float, pixels: int) -> int:
    most = max(0, int(math.log2(pixels / _SMALLEST)))
    return min(max(round(math.log2(max(shrink, 1e-6)) + 0.35), 0), most)
