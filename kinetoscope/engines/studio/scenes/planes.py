"""Planes that run away from us: the walls along a street and its ground, seen through haze.

A plane is drawn in a few pieces. Each is seen at about one scale, so it is read from a picture
that was reduced to about that scale, and nothing shimmers afar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import NOTHING, padded

Span = tuple[int, int]
_SHARPEST = 0.15  # the logarithm of how many pixels of a picture may fall on one that is seen
_FLATTEST, _LOWEST = 7, 3  # reductions along a plane and across it
_MARGIN = 2
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Eye:
    """The camera in a street: place, focal length and the vanishing point, in pixels."""

    x: float
    y: float
    z: float
    focal: float
    centre: float
    horizon: float

    def seen(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Tell where in the picture a point is seen."""
        scale = self.focal / (z - self.z)
        return self.centre + (x - self.x) * scale, self.horizon - (y - self.y) * scale

    def halved(self) -> Eye:
        """Look at a picture of half the size, whose pixels are each the middle of four."""
        middle = (self.centre - 0.5) / 2, (self.horizon - 0.5) / 2
        return Eye(self.x, self.y, self.z, self.focal / 2, *middle)


class Box(NamedTuple):
    """Columns and rows of a picture."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A part of a plane, ready to be seen through haze of any depth.

    For the haze grows with distance by factors: what is seen is the *fog* before it, and by how
    much it *differs*, as often as the air at its near end is clear. Differences are kept halved,
    about 128.
    """

    fog: Frame
    differs: Frame

    @classmethod
    def of(cls, colour: Frame, cover: Frame, haze: float, fog: NDArray[np.float32]) -> Sheet:
        """Prepare *colour*, already weighted by *cover*, through *haze* from end to end."""
        columns = colour.shape[1]
        share = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / columns
        clear = np.exp(-haze * share) / 2
        veiled, change = (
            np.empty((*cover.shape, 4), np.uint8),
            np.empty((*cover.shape, 4), np.uint8),
        )
        veiled[..., 3], change[..., 3] = 255 - cover, 128
        for band, level in enumerate(fog.tolist()):
            veil = cv2.convertScaleAbs(cover, alpha=level / 255)
            veiled[..., band] = veil
            differs = colour[..., band].astype(np.float32)
            differs -= veil
            differs *= clear
            differs += 128.5
            change[..., band] = np.minimum(differs, 255)
        return cls(veiled, change)

    def seen(self, clear: float, columns: Span, rows: Span, into: Frame) -> None:
        """Show some *columns* and *rows* in air that is so *clear* at the near end."""
        part = slice(*rows), slice(*columns)
        cv2.addWeighted(self.fog[part], 1, self.differs[part], 2 * clear, -256 * clear, into)


Paint = Callable[[int, int, int], tuple[Frame, Frame]]
"""Paints a part of a plane by its number, reduced so often along and across: colour and cover."""


class Plane:
    """A row of equal parts, each *unit* long, that *paint* paints when they are first seen."""

    def __init__(
        self, paint: Paint, *, unit: float, columns: int, haze: float, fog: NDArray[np.float32]
    ) -> None:
        self._paint, self._haze, self._fog = paint, haze, fog
        self.unit, self._columns = unit, columns
        self._kept: dict[tuple[int, int, int], Sheet] = {}

    def density(self, along: int) -> float:
        """Tell how many columns there are to a unit of length in pictures reduced so often."""
        return (self._columns >> along) / self.unit

    def seen(self, level: tuple[int, int], columns: Span, rows: Span, z: float) -> Frame:
        """Show *columns*, counted from the beginning of the street, as they look from *z*."""
        count = self._columns >> level[0]
        picture = np.empty((rows[1] - rows[0], columns[1] - columns[0], 4), np.uint8)
        for number in range(columns[0] // count, (columns[1] - 1) // count + 1):
            begin = number * count
            first, last = max(columns[0], begin), min(columns[1], begin + count)
            clear = math.exp(-self._haze * (number * self.unit - z))
            into = picture[:, first - columns[0] : last - columns[0]]
            sheet = self._sheet(number, *level)
            sheet.seen(clear, (first - begin, last - begin), rows, into)
        return picture

    def _sheet(self, number: int, along: int, across: int) -> Sheet:
        key = (number, along, across)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _KEPT:  # the first that came are those we have long passed
                self._kept = dict(list(self._kept.items())[_KEPT // 2 :])
            colour, cover = self._paint(*key)
            found = Sheet.of(colour, cover, self._haze * self.unit, self._fog)
            self._kept[key] = found
        return found


def level_of(shrink: float, most: int = _LOWEST) -> int:
    """Tell how often a picture is to be halved that is seen so many times smaller."""
    return min(max(math.ceil(math.log2(max(shrink, 1e-6)) - _SHARPEST), 0), most)


def pieces(steep: float, near: float, far: float) -> Iterator[tuple[int, float, float]]:
    """Cut what is *near* to *far* away where pictures are to be reduced once more.

    At one unit away, *steep* columns of a picture fall on a pixel; further off, ever more.
    """
    begin = near
    for along in range(_FLATTEST + 1):
        end = math.sqrt(2 ** (along + _SHARPEST) / steep) if along < _FLATTEST else far
        if end > begin:
            yield along, begin, min(end, far)
            begin = end
        if begin >= far:
            return


def columns_of(plane: Plane, eye: Eye, along: int, near: float, far: float) -> Span:
    """Tell which columns of a *plane* show what is *near* to *far* away."""
    density = plane.density(along)
    first = math.floor((eye.z + near) * density) - _MARGIN
    return first, math.ceil((eye.z + far) * density) + _MARGIN


def warped(picture: Frame, matrix: list[list[float]], box: Box) -> Frame:
    """Show *picture* in *box*, where *matrix* says; beside it nothing is seen."""
    move = np.array(matrix, np.float64)
    move[0] -= box.left * move[2]
    move[1] -= box.top * move[2]
    width = box.right - box.left
    size = (padded(width), box.bottom - box.top)
    seen = cv2.warpPerspective(picture, move, size, borderValue=NOTHING)
    return cast("Frame", seen[:, :width])
