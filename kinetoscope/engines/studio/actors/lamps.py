"""Lamps: how figures are drawn, blown up until they are round, and lit by the time of day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.actors.shapes import Part
from kinetoscope.engines.studio.scenes.noise import fractal

Cut = NDArray[np.float32]
"""A figure: blue, green and red weighted by the fourth number, its cover of 0 to 1."""
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was drawn: its colours, how far each part stands out, and its size.

    *origin* is where in it the feet are.
    """

    cut: Cut
    relief: Plane
    height: float
    origin: tuple[float, float]
    plump: float


@dataclass(frozen=True, slots=True)
class Lamp:
    """How a time of day lights a figure.

    *kept* and *tint* are what the sky leaves of its colours, *sun* (blue, green, red) what the sun
    adds, which stands at *from_*: right, up and on our side. *rim* shines round the edges by
    *edge*, *haze* hangs before it by *veil*. *cast* is how far a shadow falls towards us and to the
    side, in heights of the figure, and how dark it is.
    """

    kept: float
    tint: tuple[float, float, float]
    sun: tuple[float, float, float]
    haze: tuple[int, int, int]
    veil: float
    rim: tuple[int, int, int]
    edge: float
    from_: tuple[float, float, float] = (0.3, 0.8, 0.4)
    cast: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def dim(self) -> tuple[float, ...]:
        """What is left of a colour where only the sky lights it."""
        return tuple(self.kept * part for part in self.tint)


LAMPS: Mapping[str, Lamp] = {
    "day": Lamp(
        0.80, (1.12, 1.02, 0.94), (0.44, 0.54, 0.60), (235, 215, 190), 0.06, (255, 250, 245), 0.25,
        (0.42, 0.78, 0.46), (0.30, -0.34, 0.42),
    ),
    "sunrise": Lamp(
        0.56, (1.06, 0.94, 0.98), (0.55, 1.05, 1.75), (150, 185, 235), 0.12, (165, 212, 255), 0.75,
        (0.80, 0.50, -0.30), (0.62, -0.55, 0.34),
    ),
    "sunset": Lamp(
        0.44, (1.04, 0.88, 1.02), (0.35, 0.90, 1.80), (110, 165, 245), 0.09, (135, 200, 255), 0.80,
        (0.80, 0.48, -0.34), (0.70, -0.60, 0.40),
    ),
    "dusk": Lamp(
        0.40, (1.16, 0.86, 0.94), (0.50, 0.42, 0.55), (120, 85, 95), 0.10, (215, 165, 195), 0.60,
        (0.50, 0.75, -0.20),
    ),
    "night": Lamp(
        0.34, (1.30, 0.98, 0.80), (0.85, 0.66, 0.50), (70, 40, 20), 0.08, (255, 215, 170), 0.60,
        (0.60, 0.74, -0.15), (0.45, -0.35, 0.30),
    ),
    "storm": Lamp(
        0.62, (1.04, 1.0, 0.98), (0.16, 0.16, 0.16), (140, 135, 130), 0.18, (210, 210, 210), 0.20,
    ),
}  # fmt: skip
DROWNED = Lamp(
    0.66, (1.18, 1.04, 0.80), (0.34, 0.30, 0.20), (164, 120, 44), 0.22, (230, 220, 150), 0.30,
    (0.0, 0.9, 0.3),
)  # fmt: skip
_AROUND = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
_RELIEF = 0.16  # how far the highest parts stand out, in heights of the figure
_SHARPER = 2  # figures are drawn this much larger, and then reduced


def drawn(parts: Sequence[Part], height: float, lean: float, plump: float = 1.0) -> Figure:
    """Draw a figure *height* pixels a unit, as *plump* as it is to seem."""
    sine, cosine = math.sin(lean), math.cos(lean)
    scale = height * _SHARPER
    turn = np.array([[cosine, -sine], [sine, cosine]]).T * (scale, -scale)
    ends = np.cumsum([len(part.outline) for part in parts])[:-1]
    points = np.concatenate([part.outline for part in parts]) @ turn
    low = np.floor(points.min(axis=0)) - 4 * _SHARPER
    high = np.ceil(points.max(axis=0)) + 4 * _SHARPER
    low = np.floor(low / _SHARPER) * _SHARPER
    outlines = np.split(np.round((points - low) * 16).astype(np.int32), ends)
    wide, tall = (np.ceil((high - low) / _SHARPER) * _SHARPER).astype(int)
    colour = np.zeros((tall, wide, 4), np.uint8)
    relief = np.zeros((tall, wide), np.uint8)
    for part, line in zip(parts, outlines, strict=True):
        cv2.fillPoly(colour, [line], (*part.colour, 255), cv2.LINE_8, 4)
        cv2.fillPoly(relief, [line], part.lift * 255, cv2.LINE_8, 4)
    size = (int(wide // _SHARPER), int(tall // _SHARPER))
    cut = cv2.resize(colour, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    cut[..., 3] /= 255
    lifts = cv2.resize(relief, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    origin = (-low[0] / _SHARPER, -low[1] / _SHARPER)
    return Figure(cast("Cut", cut), cast("Plane", lifts), height, origin, plump)


def coat_of(seed: int) -> Plane:
    """Weave what makes a coat look like one, from near by: fine strokes along the body."""
    strokes = fractal(seed + 91, 256, cells=32, octaves=3, gain=0.9) - 0.5
    wide = np.pad(strokes, ((0, 0), (8, 8)), mode="wrap")
    strokes = strokes * 0.4 + cv2.blur(wide, (7, 1))[:, 8:-8] * 0.9
    strokes -= strokes.mean()
    return cast("Plane", (1 + strokes * (0.044 / float(strokes.std()))).astype(np.float32))


def lit(figure: Figure, lamp: Lamp, coat: Plane) -> Cut:
    """Light a figure by the sky, by the sun or the moon, and by what shines round its edges."""
    *bands, cover = cv2.split(figure.cut)
    east, up, near = _facing(figure)
    right, high, before = (np.float32(part) for part in lamp.from_)
    aside = east * right + up * high
    sun = np.maximum(aside + near * before, 0)
    edge = 1 - near
    rim = np.maximum(aside, 0) * edge * edge * np.float32(1.7 * lamp.edge)
    rim = np.minimum(rim, 1) * cover
    rest = 1 - rim
    tall, wide = cover.shape
    left, top = (round(-middle) % coat.shape[0] for middle in figure.origin)
    woven = coat.take(np.arange(left, left + wide), axis=1, mode="wrap")
    woven = woven.take(np.arange(top, top + tall), axis=0, mode="wrap")
    sky = (0.74 + 0.26 * up) * woven
    sun *= woven
    clear, full = np.float32(1 - lamp.veil), cover * 255
    planes = []
    for band, dim, shine, bright, haze in zip(
        bands, lamp.dim, lamp.sun, lamp.rim, lamp.haze, strict=True
    ):
        shade = cv2.addWeighted(sky, dim, sun, shine, 0)
        plane = (band * shade * rest + rim * np.float32(bright)) * clear
        plane += cover * np.float32(haze * lamp.veil)
        planes.append(np.minimum(plane, full))
    return cast("Cut", cv2.merge([*planes, cover]))


def _facing(figure: Figure) -> tuple[Plane, Plane, Plane]:
    """Blow a flat figure up until it is round; tell where it faces: right, up and towards us."""
    swollen = _swollen(cast("Plane", cv2.extractChannel(figure.cut, 3)))
    relief = cv2.GaussianBlur(figure.relief, (0, 0), max(0.8, figure.height / 70))
    depth = np.sqrt(swollen + np.float32(0.3))
    carved = depth * np.float32(_RELIEF * figure.height / 255)
    right = cv2.Sobel(swollen, cv2.CV_32F, 1, 0, scale=figure.plump / 8)
    right += cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8) * carved
    down = cv2.Sobel(swollen, cv2.CV_32F, 0, 1, scale=figure.plump / 8)
    down += cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8) * carved
    length = 1 / np.sqrt(right * right + down * down + depth * depth)
    return -right * length, down * length, depth * length


def _swollen(cover: Plane) -> Plane:
    """Give the square of how round a figure of this *cover* is, as a film over a frame swells."""
    inside = [cv2.resize(cover, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)]
    while min(inside[-1].shape) > 12:
        inside.append(cv2.resize(inside[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    film = np.zeros_like(inside[-1])
    for level in range(len(inside) - 1, -1, -1):
        mask = inside[level]
        film = cv2.resize(film, (mask.shape[1], mask.shape[0]))
        push = np.float32(4.0 ** (level + 1) / 4)
        for _ in range(14 if level else 6):
            film = (cv2.filter2D(film, -1, _AROUND) + push) * mask
    film = cv2.GaussianBlur(film, (0, 0), 0.8)
    return cast("Plane", cv2.resize(film, (cover.shape[1], cover.shape[0])))
