"""The walls along a street: blocks of houses, a gap between each and the next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.facades import DENSITY
from kinetoscope.engines.studio.scenes.layers import put_over
from kinetoscope.engines.studio.scenes.planes import (
    Box,
    Eye,
    Plane,
    columns_of,
    level_of,
    pieces,
    warped,
)
from kinetoscope.engines.studio.scenes.reduced import Reduced

BLOCK, GAP = 1.875, 0.125
PITCH = BLOCK + GAP
HEIGHT = 5.0
HALF_STREET = 1.15
NEAR, FAR = 0.35, 30.0
_SLITS = 3  # reductions from which on a gap is too narrow to be looked into


class Row:
    """The walls on one *side* of a street, -1 or 1.

    *picture* and *tall* tell for each block what it is painted with, and its height.
    """

    def __init__(
        self,
        side: int,
        picture: Callable[[int], Reduced],
        tall: Callable[[int], float],
        *,
        haze: float,
        fog: NDArray[np.float32],
    ) -> None:
        self._side, self._picture, self.tall = side, picture, tall
        columns = round(PITCH * DENSITY)
        self._plane = Plane(self._painted, unit=PITCH, columns=columns, haze=haze, fog=fog)

    def draw(self, frame: Frame, eye: Eye) -> None:
        """Draw all walls of this side over *frame*."""
        for along, near, far in pieces(_steep(eye.focal), NEAR, FAR):
            self._draw(frame, eye, along, (near, far))

    def _draw(self, frame: Frame, eye: Eye, along: int, away: tuple[float, float]) -> None:
        height, width = frame.shape[:2]
        aside = (self._side * HALF_STREET - eye.x) * eye.focal
        ends = sorted(eye.centre + aside / z for z in away)
        left, right = max(0, math.ceil(ends[0])), min(width, math.ceil(ends[1]))
        if right <= left:
            return
        sides = [abs(aside) / max(abs(c - eye.centre), 1e-3) for c in (left - 0.5, right - 0.5)]
        near, far = max(min(sides), away[0] / 2), min(max(sides), away[1] * 1.1)
        level = (along, level_of(DENSITY * far / eye.focal))
        columns = columns_of(self._plane, eye, along, near, far)
        count = round(PITCH * DENSITY) >> along
        tall = max(self.tall(k) for k in range(columns[0] // count, columns[1] // count + 1))
        roofs = (eye.horizon - (tall - eye.y) * eye.focal / z for z in (near, far))
        top = max(0, math.floor(min(roofs)) - 1)
        foot = max(eye.horizon + eye.y * eye.focal / z for z in (near, far))
        box = Box(left, top, right, min(height, math.ceil(foot) + 2))
        if box.bottom <= top:
            return
        rise = DENSITY / 2 ** level[1]
        highest = min(tall, eye.y + max((eye.horizon - top) * z / eye.focal for z in (near, far)))
        rows = max(0, math.floor((HEIGHT - highest) * rise) - 2), _rows(level[1])
        source = self._plane.seen(level, columns, rows, eye.z)
        density = self._plane.density(along)
        z, y = (columns[0] + 0.5) / density - eye.z, HEIGHT - (rows[0] + 0.5) / rise - eye.y
        matrix = [
            [eye.centre / density, 0, eye.centre * z + aside],
            [eye.horizon / density, eye.focal / rise, eye.horizon * z - y * eye.focal],
            [1 / density, 0, z],
        ]
        put_over(frame[top : box.bottom, left:right], warped(source, matrix, box))

    def _painted(self, block: int, along: int, across: int) -> tuple[Frame, Frame]:
        if along > _SLITS:
            size = (round(PITCH * DENSITY) >> along, _rows(across))
            colour, cover = (
                cast("Frame", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
                for picture in self._painted(block, _SLITS, across)
            )
            return colour, cover
        picture = self._picture(block).at(along, across)
        gap = round(GAP * DENSITY) >> along
        wall, cover = _standing(picture, self.tall(block))
        slit, slit_cover = np.zeros((wall.shape[0], gap, 3), np.uint8), np.zeros_like(cover)
        if along == _SLITS:  # what is seen in the gap is the corner of the next block
            corner = self._picture(block + 1).at(along, across)[:, :1]
            slit, slit_cover = _standing(corner.repeat(gap, axis=1), self.tall(block + 1))
        broad = np.repeat(cover, wall.shape[1], axis=1), np.repeat(slit_cover, gap, axis=1)
        return np.hstack([wall, slit]), np.hstack(broad)


def gaps_until(focal: float) -> float:
    """Tell how far away one looks into a gap between two blocks."""
    *_, (_, _, far) = itertools.takewhile(
        lambda piece: piece[0] < _SLITS, pieces(_steep(focal), NEAR, FAR)
    )
    return far


def _steep(focal: float) -> float:
    return DENSITY / (focal * HALF_STREET)


def _rows(across: int) -> int:
    return round(HEIGHT * DENSITY) >> across


def _standing(picture: Frame, tall: float) -> tuple[Frame, Frame]:
    """Cut a wall to its height; tell its cover, a column."""
    rows = picture.shape[0]
    cut = rows * (1 - tall / HEIGHT)
    roof = int(cut)
    colour, cover = picture.copy(), np.full((rows, 1), 255, np.uint8)
    for whole in (colour, cover):
        whole[:roof] = 0
        whole[roof] = np.rint(whole[roof] * (roof + 1 - cut))
    return colour, cover
