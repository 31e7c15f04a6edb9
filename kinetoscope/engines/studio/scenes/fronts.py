"""Fronts: painted walls before a camera, each drawn only where no nearer one hides it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import lay_over
from kinetoscope.engines.studio.scenes.reduced import Corners, Reduced


@dataclass(frozen=True, slots=True)
class Front:
    """A piece of a painted wall that is seen between four *corners*, so far *away*.

    It shows the lower *part* of the picture, and of its breadth what is *shown*.
    """

    picture: Reduced
    corners: Corners
    away: float
    part: float = 1.0
    shown: tuple[float, float] = (0.0, 1.0)
    power: float = 1.0
    solid: bool = True  # from its upper edge down to the ground


Box = tuple[int, int, int, int]
_WORTH = 6000  # pixels: drawing fewer takes longer than drawing one piece more


def draw(frame: Frame, fronts: list[Front], haze: float, fog: NDArray[np.float32]) -> None:
    """Draw *fronts*, of which the nearest comes first, through the *haze* with its *fog*."""
    height, width = frame.shape[:2]
    open_above = np.full(width, height, np.int32)  # rows above are not hidden yet
    seen: list[tuple[Front, Box]] = []
    for front in fronts:
        seen += [(front, box) for box in _open_parts(front.corners, open_above)]
        if front.solid:
            _hide(front.corners, open_above)
    for front, box in reversed(seen):
        _draw(frame, front, box, haze, fog)


def _open_parts(corners: Corners, open_above: NDArray[np.int32]) -> Iterator[Box]:
    """Find the columns and rows of a front that can be seen past what is nearer."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    left, right = max(0, math.floor(low[0]) - 1), min(open_above.size, math.ceil(high[0]) + 2)
    top = max(0, math.floor(low[1]) - 1)
    if right <= left:
        return
    rows = np.clip(open_above[left:right], top, max(top, math.ceil(high[1]) + 2)) - top
    for begin, end in _split(rows):
        columns = np.flatnonzero(rows[begin:end])
        if columns.size:
            first, last = begin + int(columns[0]), begin + int(columns[-1]) + 1
            yield left + first, top, left + last, top + int(rows[first:last].max())


def _split(rows: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """Cut columns in two where that leaves out most of what is hidden, if it is worth it."""
    if int(rows.max()) * rows.size <= _WORTH:
        yield 0, rows.size
        return
    before = np.maximum.accumulate(rows)[:-1] * np.arange(1, rows.size)
    after = np.maximum.accumulate(rows[::-1])[::-1][1:] * np.arange(rows.size - 1, 0, -1)
    both = before + after
    cut = int(both.argmin()) + 1 if both.size else 0
    if cut and int(rows.max()) * rows.size - int(both[cut - 1]) > _WORTH:
        yield 0, cut
        yield cut, rows.size
    else:
        yield 0, rows.size


def _hide(corners: Corners, open_above: NDArray[np.int32]) -> None:
    """Close what is behind a front: all below its upper edge."""
    (x, y), (other_x, other_y) = corners[0], corners[1]
    if x > other_x:
        x, y, other_x, other_y = other_x, other_y, x, y
    left, right = max(0, math.ceil(x) + 1), min(open_above.size, math.floor(other_x) - 1)
    if right <= left:
        return
    part = (np.arange(left, right) - x) / (other_x - x)
    edge = np.ceil(y + (other_y - y) * part).astype(np.int32) + 2
    np.minimum(open_above[left:right], edge, out=open_above[left:right])


def _draw(frame: Frame, front: Front, box: Box, haze: float, fog: NDArray[np.float32]) -> None:
    left, top, right, bottom = box
    begin, end = front.shown
    picture = front.picture.fitting(front.corners, part=front.part, broad=end - begin)
    tall, broad = picture.shape[:2]
    first, last, high = begin * broad, end * broad, tall * (1 - front.part)
    source = np.array([(first, high), (last, high), (last, tall), (first, tall)], np.float32)
    target = front.corners - np.array((left, top), np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    area = (right - left, bottom - top)
    face = cv2.warpPerspective(picture, matrix, area, borderMode=cv2.BORDER_REPLICATE)
    clear = math.exp(-haze * front.away)
    veil = np.append(fog * (1 - clear), 0.0).astype(np.float64)  # OpenCV wants four
    face = cv2.add(cv2.convertScaleAbs(face, alpha=clear * front.power), veil)
    mask = np.zeros((area[1], area[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.round(target * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    lay_over(frame[top:bottom, left:right], cast("Frame", face), mask)
