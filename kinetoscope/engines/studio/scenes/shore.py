"""A shore: a strip of sand in front of the water, so that nobody has to stand on the waves."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.noise import Tile, fractal

GROUND = 0.92  # the share of the picture's height where feet stand on it
_EDGE = 0.84
_SAND = (118, 168, 205)


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
        self._sand = (tone[..., None] * colour).astype(np.float32)
        self._rows, self._columns = y / height, x[0] / width
        self._foam = np.array((245, 242, 238), np.float32) * np.array(light, np.float32)

    def __call__(self, frame: Frame, seconds: float) -> None:
        reach = 0.010 * math.sin(seconds * 1.25)
        line = _EDGE + reach + 0.012 * np.sin(self._columns * 7 + 0.4 * seconds)
        line = line + 0.005 * np.sin(self._columns * 23 - 0.7 * seconds)
        inland = self._rows - line
        part: NDArray[np.float32] = np.clip(inland * 90, 0, 1)[..., None]
        wet = 1 - 0.38 * np.exp(-np.maximum(inland, 0) * 42)[..., None]
        foam = np.exp(-((inland * 160) ** 2))[..., None] * 0.75
        under = frame[self._top :]
        shore = under + (self._sand * wet - under) * part
        shore += (self._foam - shore) * foam
        under[:] = np.clip(shore, 0, 255).astype(np.uint8)


def lit_by(kept: float, tint: tuple[float, float, float]) -> tuple[float, float, float]:
    """Tell how bright sand is where a figure keeps *kept* of its colours, tinted by *tint*."""
    power = 0.25 + 0.75 * kept
    return cast("tuple[float, float, float]", tuple(power * channel for channel in tint))
