"""Fronts: walls, towers and signs that face us, and where no nearer wall hides them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import NOTHING, padded, put_over
from kinetoscope.engines.studio.scenes.planes import Box, Span
from kinetoscope.engines.studio.scenes.reduced import Reduced

_MARGIN = 2


@dataclass(frozen=True, slots=True)
class Front:
    """A painted picture that is seen between two corners, so far *away*.

    It shows the lower *part* of the picture, as bright as *power* says; one that just comes into
    sight is *shown* in part only.
    """

    picture: Reduced
    left: float
    top: float
    right: float
    bottom: float
    away: float
    part: float = 1.0
    power: float = 1.0
    shown: float = 1.0


Skyline = NDArray[np.int32]
"""The row in each column from which on nearer walls hide what is behind."""


class Fronts:
    """Draws fronts through the *haze* with its *fog*."""

    def __init__(self, haze: float, fog: NDArray[np.float32]) -> None:
        self._haze = haze
        self._fog = np.empty((1, 1, 4), np.uint8)
        self._colour = (*np.rint(fog), 0)

    def draw(self, frame: Frame, front: Front, box: Box) -> None:
        """Draw what of *front* is within *box*."""
        broad, tall = front.right - front.left, front.bottom - front.top
        rows, columns = front.picture.shape[:2]
        picture = front.picture.fitting(columns / broad, rows * front.part / tall)
        picture = picture[int(picture.shape[0] * (1 - front.part)) :]
        wide, high = broad / picture.shape[1], tall / picture.shape[0]
        # Of the picture, no more than is seen is looked at.
        first = max(0, int((box.left - front.left) / wide) - _MARGIN)
        upper = max(0, int((box.top - front.top) / high) - _MARGIN)
        last = math.ceil((box.right - front.left) / wide) + _MARGIN
        lower = math.ceil((box.bottom - front.top) / high) + _MARGIN
        looked_at = picture[upper:lower, first:last]
        if not looked_at.size:
            return  # it ends just before its box begins
        face = self._hazy(looked_at, front)
        left = front.left - box.left + (first + 0.5) * wide
        top = front.top - box.top + (upper + 0.5) * high
        move = np.array([[wide, 0, left], [0, high, top]], np.float64)
        width = box.right - box.left
        size = (padded(width), box.bottom - box.top)
        seen = cv2.warpAffine(face, move, size, borderValue=NOTHING)
        under = frame[box.top : box.bottom, box.left : box.right]
        put_over(under, cast("Frame", seen[:, :width]))

    def _hazy(self, picture: Frame, front: Front) -> Frame:
        rows, columns = picture.shape[:2]
        if rows > self._fog.shape[0] or columns > self._fog.shape[1]:
            self._fog = np.empty((max(rows, self._fog.shape[0]),
                                  max(columns, self._fog.shape[1]), 4), np.uint8)  # fmt: skip
            self._fog[:] = self._colour
        clear = math.exp(-self._haze * front.away)
        fog = self._fog[:rows, :columns]
        face = cv2.addWeighted(picture, clear * front.power, fog, 1 - clear, 0)
        if front.shown < 1:
            none = np.full_like(face, NOTHING)
            cv2.addWeighted(face, front.shown, none, 1 - front.shown, 0, face)
        return cast("Frame", face)


def open_part(front: Front, skyline: Skyline | None, height: int, within: Span) -> Box | None:
    """Find the columns and rows of a front, *within* some columns, that are above the *skyline*."""
    left = max(within[0], math.floor(front.left) - 1)
    right = min(within[1], math.ceil(front.right) + 2)
    top, bottom = max(0, math.floor(front.top) - 1), min(height, math.ceil(front.bottom) + 2)
    if right <= left or bottom <= top:
        return None
    if skyline is None:
        return Box(left, top, right, bottom)
    columns = np.flatnonzero(skyline[left:right] > max(top, front.top + _MARGIN))
    if not columns.size:
        return None
    first, last = left + int(columns[0]), left + int(columns[-1]) + 1
    return Box(first, top, last, min(bottom, int(skyline[first:last].max())))
