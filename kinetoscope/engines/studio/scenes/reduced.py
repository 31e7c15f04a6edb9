"""Reduced pictures: a wall in every size, narrower and lower apart, so that none shimmers afar."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

Corners = NDArray[np.float32]
"""Where the corners of a wall are seen: above left, above right, below right, below left."""
_SMALLEST = 8  # pixels of a side


class Reduced:
    """A *picture* to be seen from anywhere; reductions are made when they are first needed."""

    def __init__(self, picture: Frame) -> None:
        self.shape = picture.shape
        self._kept = {(0, 0): picture}

    def fitting(self, corners: Corners, *, part: float = 1.0, broad: float = 1.0) -> Frame:
        """Give the picture with about as many pixels as *corners* span.

        They show the lower *part* of it and *broad* of its width.
        """
        points = [*corners.tolist(), corners[0].tolist()]
        edges = [math.dist(here, there) for here, there in pairwise(points)]
        across = self.shape[1] * broad / max(min(edges[0], edges[2]), 1)
        down = self.shape[0] * part / max(min(edges[1], edges[3]), 1)
        return self._at(_level(across, self.shape[1]), _level(down, self.shape[0]))

    def _at(self, across: int, down: int) -> Frame:
        found = self._kept.get((across, down))
        if found is None:
            larger = self._at(across - 1, down) if across else self._at(0, down - 1)
            height, width = larger.shape[:2]
            size = (-(-width // 2), height) if across else (width, -(-height // 2))
            found = cast("Frame", cv2.resize(larger, size, interpolation=cv2.INTER_AREA))
            self._kept[across, down] = found
        return found


def _level(shrink: float, pixels: int) -> int:
    most = max(0, int(math.log2(pixels / _SMALLEST)))
    return min(max(round(math.log2(max(shrink, 1)) + 0.35), 0), most)
