"""A shore: a strip of sand in front of the water, so that nobody has to stand on the waves."""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import lay_over
from kinetoscope.engines.studio.scenes.noise import Tile, fractal

GROUND = 0.92  # the share of the picture's height where feet stand on it
_EDGE = 0.84
_SAND = (118, 168, 205)
_SEAWARD, _INLAND = 0.02, 0.108  # shares of the height, from the water's edge, that differ at all


def _table(shares: NDArray[np.float64]) -> Frame:
    return (shares * 255).round().astype(np.uint8)


# At so many places between there: how bright wet sand is, how much of it and of foam there is.
_PLACES = np.linspace(-_SEAWARD, _INLAND, 256)
_WET = _table(1 - 0.38 * np.exp(np.maximum(_PLACES, 0) * -42))
_SANDY = _table((_PLACES * 90).clip(0, 1))
_FOAMY = _table(np.exp(-((_PLACES * 160) ** 2)) * 0.75)


class Shore:
    """Sand along the bottom of the picture, as bright as *light*, a colour of 0 to 1 in BGR."""

    def __init__(self, size: tuple[int, int], light: tuple[float, float, float], seed: int) -> None:
        width, height = size
        self._top = int(height * (_EDGE - 0.05))
        y, x = np.mgrid[self._top : height, 0:width].astype(np.float32)
        down = (y / height - _EDGE) / (1 - _EDGE)
        grain = Tile.of(fractal(seed + 91, 256, cells=16, octaves=4, gain=0.7))
        ridges = grain.at(x * 0.35, (y - self._top) * 1.6) - 0.5
        tone = 1.06 - 0.22 * np.clip(down, 0, 1) + 0.30 * ridges
        colour = np.array(_SAND, np.float32) * np.array(light, np.float32)
        self._sand = (tone[..., None] * colour).clip(0, 255).astype(np.uint8)
        self._down, self._across = y[:, :1] / height, x[0] / width
        foam = np.array((245, 242, 238), np.float32) * np.array(light, np.float32)
        self._foam = np.broadcast_to(foam.clip(0, 255).astype(np.uint8), self._sand.shape)

    def __call__(self, frame: Frame, seconds: float) -> None:
        reach = 0.010 * math.sin(seconds * 1.25)
        line = _EDGE + reach + 0.012 * np.sin(self._across * 7 + 0.4 * seconds)
        line += 0.005 * np.sin(self._across * 23 - 0.7 * seconds)
        inland = (self._down - (line - _SEAWARD)) * (255 / (_SEAWARD + _INLAND))
        place = cast("Frame", inland.clip(0, 255).astype(np.uint8))
        wet = cv2.cvtColor(cv2.LUT(place, _WET), cv2.COLOR_GRAY2BGR)
        sand = cast("Frame", cv2.multiply(self._sand, wet, scale=1 / 255))
        dry = int(np.count_nonzero(self._down < line.max() + _SEAWARD))
        under = frame[self._top :]
        lay_over(under[:dry], sand[:dry], cast("Frame", cv2.LUT(place[:dry], _SANDY)))
        lay_over(under[:dry], self._foam[:dry], cast("Frame", cv2.LUT(place[:dry], _FOAMY)))
        under[dry:] = sand[dry:]


def lit_by(kept: float, tint: tuple[float, float, float]) -> tuple[float, float, float]:
    """Tell how bright sand is where a figure keeps *kept* of its colours, tinted by *tint*."""
    power = 0.25 + 0.75 * kept
    return cast("tuple[float, float, float]", tuple(power * channel for channel in tint))
