"""The ground of a street: painted asphalt between kerbs, and in the wet a mirror of the walls."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.noise import Field, fractal
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
from kinetoscope.engines.studio.scenes.walls import FAR, HALF_STREET

_LAP = 5.0  # units of length after which the asphalt is the same again
_POOLS = 24.0  # and after which the pools are
_ALONG, _ACROSS = 128, 256  # pixels of painted asphalt for one unit
_BREADTH = 3.0  # units of breadth that are painted: one looks into gaps between walls
_KERB, _LINE, _DASHES = 0.86, 0.018, 1.4
_TINT = (1.12, 1.0, 0.98)
_STRETCHES = ((0.80, 0.30), (1.00, 0.40), (1.25, 0.30))
_LEAST_SHINE = {True: 0.36, False: 0.22}  # lamps are mirrored where there is no pool as well


class _Strip(NamedTuple):
    """Some rows of a picture in which the ground is all seen at about one scale."""

    along: int
    across: int
    near: float
    far: float
    top: int
    bottom: int


class Pavement:
    """The ground of a street, *lit* by its lamps or by the day."""

    def __init__(self, seed: int, *, lit: bool, haze: float, fog: NDArray[np.float32]) -> None:
        self._haze = haze
        least, deep = _LEAST_SHINE[lit], np.arange(256) / 255
        pooled = np.clip(0.25 + (deep - 0.32) * 2.2, least, 1) * 0.9
        self._pooled = np.rint(pooled * 255).astype(np.uint8)
        rough = fractal(seed + 5, 512, cells=8, octaves=6, gain=0.6).T
        self._asphalt = Reduced(_asphalt(rough, lit=lit))
        columns = round(_LAP * _ALONG)
        self._plane = Plane(self._painted, unit=_LAP, columns=columns, haze=haze, fog=fog)
        self._grain, self._pools = _Pattern(rough, _LAP), _Pattern(rough, _POOLS)

    def draw(self, frame: Frame, eye: Eye) -> None:
        """Draw the ground over *frame*: walls, which hide its edges, come later."""
        height, width = frame.shape[:2]
        for strip in _strips(eye, height, (_ALONG, _ACROSS)):
            columns = columns_of(self._plane, eye, strip.along, strip.near, strip.far)
            rows = (0, round(_BREADTH * _ACROSS) >> strip.across)
            source = self._plane.seen((strip.along, strip.across), columns, rows, eye.z)
            density = self._plane.density(strip.along), _ACROSS / 2**strip.across
            start = (columns[0] + 0.5) / density[0] - eye.z, 0.5 / density[1] - _BREADTH / 2
            box = Box(0, strip.top, width, strip.bottom)
            frame[strip.top : strip.bottom] = warped(source, _ground(eye, start, density), box)

    def mirror(self, frame: Frame, eye: Eye, seconds: float) -> None:
        """Let the ground of *frame* be wet, so that it mirrors what stands above it."""
        size = (frame.shape[1] // 2, frame.shape[0] // 2)
        # Mirrored light is soft: half the pixels each way are enough.
        small = cast("Frame", cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
        eye = eye.halved()
        first = max(0, math.ceil(eye.horizon + eye.focal * eye.y / FAR))
        first += first % 2
        if first >= size[1] - 1:
            return
        grain, pools = (_doubled(one, eye, size, first) for one in (self._grain, self._pools))
        light = _mirrored(small, eye, (grain, pools), seconds)
        shine = self._shine(eye, pools, size[1])
        cv2.multiply(light, cv2.merge([shine] * 4), light, scale=1 / 255)
        under = frame[2 * first :]
        cv2.add(under, cv2.resize(light, under.shape[1::-1]), under)

    def _shine(self, eye: Eye, pools: Frame, height: int) -> Frame:
        """Tell how strongly each place mirrors, 0 to 255: pools do most, walls not at all."""
        rows, columns = pools.shape
        below = np.arange(height - rows, height, dtype=np.float32) - np.float32(eye.horizon)
        grazing = np.clip(1.05 - below / height * 1.1, 0.25, 1)
        clear = np.exp(-self._haze * eye.focal * eye.y / below)
        level = np.rint(grazing * clear * 255).astype(np.uint8)[:, None]
        shine = cv2.multiply(
            cv2.LUT(pools, self._pooled), cv2.repeat(level, 1, columns), scale=1 / 255
        )
        far, near = 1 / FAR, (height + 2 - eye.horizon) / (eye.focal * eye.y)
        corners = [(-1, far), (1, far), (1, near), (-1, near)]
        seen = [
            (
                eye.centre + (side * HALF_STREET - eye.x) * eye.focal * scale,
                eye.horizon + eye.y * eye.focal * scale - (height - rows),
            )
            for side, scale in corners
        ]
        ground = np.zeros((rows, columns), np.uint8)
        points = np.rint(np.array(seen) * 16).astype(np.int32)
        cv2.fillConvexPoly(ground, points, 255, cv2.LINE_AA, 4)
        return cast("Frame", cv2.min(shine, ground))

    def _painted(self, _lap: int, along: int, across: int) -> tuple[Frame, Frame]:
        colour = self._asphalt.at(along, across)
        return colour, np.full(colour.shape[:2], 255, np.uint8)


class _Pattern:
    """A pattern on the ground that is the same again after *lap* units, along and across."""

    def __init__(self, tile: Field, lap: float) -> None:
        self._picture = Reduced(np.rint(tile * 255).astype(np.uint8))
        self._density = tile.shape[0] / lap

    def seen(self, eye: Eye, size: tuple[int, int], first: int) -> Frame:
        """Show it in a picture of *size*, on the rows from *first* on."""
        width, height = size
        whole = np.zeros((height - first, width), np.uint8)
        for strip in _strips(eye, height, (self._density, self._density)):
            picture = self._picture.at(strip.along, strip.across)
            density = self._density / 2**strip.along, self._density / 2**strip.across
            columns = np.arange(
                math.floor((eye.z + strip.near) * density[0]) - 2,
                math.ceil((eye.z + strip.far) * density[0]) + 2,
            )
            reach = math.ceil(_BREADTH / 2 * density[1])
            rows = np.arange(-reach, reach)
            source = picture[rows[:, None] % picture.shape[0], columns % picture.shape[1]]
            start = (columns[0] + 0.5) / density[0] - eye.z, (0.5 - reach) / density[1]
            box = Box(0, max(strip.top, first), width, strip.bottom)
            if box.top < box.bottom:
                seen = warped(source, _ground(eye, start, density), box)
                whole[box.top - first : box.bottom - first] = seen
        return whole


def _doubled(pattern: _Pattern, eye: Eye, size: tuple[int, int], first: int) -> Frame:
    """Show a *pattern* as soft as its light is, from row *first*, an even one, on."""
    coarse = pattern.seen(eye.halved(), (-(-size[0] // 2), -(-size[1] // 2)), first // 2)
    whole = cv2.resize(coarse, (2 * coarse.shape[1], 2 * coarse.shape[0]))
    return cast("Frame", whole[: size[1] - first, : size[0]])


def _strips(eye: Eye, height: int, density: tuple[float, float]) -> Iterator[_Strip]:
    """Cut the ground, painted so densely along and across, into strips, the nearest first."""
    near = eye.focal * eye.y / max(height - 0.5 - eye.horizon, 1e-3)
    bottom = height
    for along, _, far in pieces(density[0] / (eye.focal * eye.y), near, FAR):
        top = max(0, math.ceil(eye.horizon + eye.focal * eye.y / far))
        if top < bottom:
            across = level_of(density[1] * far / eye.focal)
            begin = eye.focal * eye.y / max(bottom - eye.horizon, 1e-3)
            yield _Strip(along, across, begin, far, top, bottom)
            bottom = top


def _ground(
    eye: Eye, start: tuple[float, float], density: tuple[float, float]
) -> list[list[float]]:
    """Tell where the ground is seen that is painted from *start* on: away, and to the right."""
    away, right = start
    return [
        [eye.centre / density[0], eye.focal / density[1],
         eye.centre * away + (right - eye.x) * eye.focal],
        [eye.horizon / density[0], 0, eye.horizon * away + eye.y * eye.focal],
        [1 / density[0], 0, away],
    ]  # fmt: skip


def _asphalt(rough: Field, *, lit: bool) -> Frame:
    """Paint one lap of the ground: rows across it, columns along it."""
    size = (round(_LAP * _ALONG), round(_BREADTH * _ACROSS))
    aside = np.abs((np.arange(size[1], dtype=np.float32) + 0.5) / _ACROSS - _BREADTH / 2)[:, None]
    along = (np.arange(size[0], dtype=np.float32) + 0.5) / _ALONG
    lap = rough[: round(_BREADTH / _LAP * rough.shape[0])]
    grain = cast("Field", cv2.resize(lap, size))
    tone = np.float32(14 if lit else 86) * (0.7 + 0.6 * grain)
    tone *= 1 + 0.7 * np.clip((aside - _KERB) * 60, 0, 1)
    kerb = np.exp(-(((aside - _KERB) * 45) ** 2))
    turn = np.abs(along * _DASHES - np.floor(along * _DASHES) - 0.5)
    dash = np.clip((0.25 - turn) * _ALONG / _DASHES + 0.5, 0, 1) * np.clip(
        (_LINE - aside) * _ACROSS + 0.5, 0, 1
    )
    tone += (dash * (0.6 + 0.5 * grain) + kerb * 0.22) * (62 if lit else 130)
    bands = [np.rint(np.clip(tone * tint, 0, 255)).astype(np.uint8) for tint in _TINT]
    return cast("Frame", cv2.merge(bands))


def _mirrored(small: Frame, eye: Eye, surface: tuple[Frame, Frame], seconds: float) -> Frame:
    """Mirror the walls in the street: each column turns about the foot of its own wall."""
    grain, pools = (one.astype(np.float32) for one in surface)
    height, width = small.shape[:2]
    rows = np.arange(height - grain.shape[0], height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)
    aside = columns - np.float32(eye.centre)
    street = np.where(aside > 0, HALF_STREET - eye.x, HALF_STREET + eye.x).astype(np.float32)
    foot = np.abs(aside) * (np.float32(eye.y) / street) + np.float32(eye.horizon)
    ripple = pools * np.float32(30 / 255)
    ripple += rows * 1.4 + np.float32(seconds * 5)
    np.sin(ripple, out=ripple)
    ripple *= height * 0.0016
    ripple += grain * np.float32(height * 0.030 / 255)
    ripple -= height * 0.015
    turn = 2 * ripple
    turn += foot - rows
    right = ripple * np.float32(0.6)
    right += columns
    ripple += foot
    one, *others = (
        (cv2.remap(small, right, turn * np.float32(stretch) + ripple, cv2.INTER_LINEAR,
                   borderMode=cv2.BORDER_REFLECT_101), weight)
        for stretch, weight in _STRETCHES
    )  # fmt: skip
    seen, share = one
    for other, weight in others:
        seen = cv2.addWeighted(seen, share, other, weight, 0)
        share = 1.0
    return cast("Frame", seen)
