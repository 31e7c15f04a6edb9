"""Noise that repeats without a seam: what land, clouds and waves are carved from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""A picture of one number a place; a square tile unless said otherwise."""

Places = NDArray[np.floating[Any]]

_MARGIN = 3


def fractal(
    seed: int,
    size: int,
    *,
    cells: int = 4,
    octaves: int = 7,
    gain: float = 0.5,
    ridged: bool = False,
) -> Field:
    """Make a tile of *size* × *size*, 0 to 1, whose coarsest features are *cells* across."""
    random = np.random.default_rng(seed)
    total = np.zeros((size, size), np.float32)
    weight = np.ones((size, size), np.float32)
    # What is coarse is as smooth if it is made at a quarter of the size.
    coarse = np.zeros((size // 4, size // 4), np.float32)
    height = 1.0
    for _ in range(octaves):
        if cells > size // 2:
            break
        if not ridged and cells <= size // 32:
            coarse += height * _octave(random, size // 4, cells)
        else:
            layer = _octave(random, size, cells)
            if ridged:
                layer = (1 - np.abs(2 * layer - 1)) ** 2 * weight
                weight = np.clip(layer * 2.4, 0, 1)
            total += height * layer
        height *= gain
        cells *= 2
    total += 0 if ridged else _grown(coarse, 4)
    # A few of its places tell how low and high a tile is.
    low, high = np.percentile(total[::4, ::4], (0.5, 99.5))
    return cast("Field", np.clip((total - low) / (high - low), 0, 1).astype(np.float32))


def warped(tile: Field, seed: int, amount: float) -> Field:
    """Push the places of *tile* about, by up to half of *amount* of its side."""
    size = tile.shape[0]
    right = (fractal(seed, size, octaves=3) - 0.5) * amount * size
    down = (fractal(seed + 1, size, octaves=3) - 0.5) * amount * size
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return sampled(tile, x + right, y + down)


def sampled(tile: NDArray[np.float32], x: Field, y: Field) -> NDArray[np.float32]:
    """Read *tile* at places in its own pixels, as if it repeated for ever."""
    return Tile.of(tile).at(x, y)


@dataclass(frozen=True, slots=True)
class Tile:
    """A square picture that repeats for ever; *wide* has its first row and column once more.

    It is read far faster with one number or four a place than with two or three: there are as many
    of them in *wide*, and *bands* that mean something.
    """

    wide: NDArray[np.float32]
    size: int
    bands: int

    @classmethod
    def of(cls, tile: NDArray[np.float32]) -> Tile:
        """Prepare *tile* for being read often."""
        bands = tile.shape[2] if tile.ndim == 3 else 1
        # One row and column more need no wrapping inside remap(), which is three times as slow.
        pads = ((0, 1), (0, 1)) + ((0, 0),) * (tile.ndim - 2)
        wide = np.pad(tile, pads, mode="wrap")
        if bands in {2, 3}:
            wide = np.pad(wide, ((0, 0), (0, 0), (0, 4 - bands)))
        return cls(np.ascontiguousarray(wide), tile.shape[0], bands)

    def at(self, x: Places, y: Places) -> NDArray[np.float32]:
        """Read at places in pixels of the tile, as many as *x* and *y* hold."""
        read = self.all_at(x, y)
        return read[..., : self.bands] if self.bands in {2, 3} else read

    def all_at(self, x: Places, y: Places) -> NDArray[np.float32]:
        """Read as at() does, but let those numbers stay that mean nothing."""
        left, top = self._inside(x), self._inside(y)
        return cast("NDArray[np.float32]", cv2.remap(self.wide, left, top, cv2.INTER_LINEAR))

    def _inside(self, places: Places) -> Field:
        laps = places * (1 / self.size)
        np.floor(laps, out=laps)
        laps *= self.size
        np.subtract(places, laps, out=laps)
        return cast("Field", laps.astype(np.float32, copy=False))


def smooth(low: float, high: float, at: Field) -> Field:
    """Rise from 0 to 1 between *low* and *high*, without a corner."""
    share = np.clip((at - low) / (high - low), 0, 1)
    return cast("Field", share * share * (3 - 2 * share))


def blurred(tile: Field, width: int) -> Field:
    """Blur a tile with a box of *width* pixels, across its seam."""
    wide = np.pad(tile, width, mode="wrap")
    return cast("Field", cv2.blur(wide, (width, width))[width:-width, width:-width])


def _octave(random: np.random.Generator, size: int, cells: int) -> Field:
    return _grown(random.random((cells, cells), np.float32), size // cells)


def _grown(tile: Field, scale: int) -> Field:
    """Make a tile *scale* times as large, smoothly and across its seam."""
    wide = np.pad(tile, _MARGIN, mode="wrap")
    large = cv2.resize(wide, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    first, size = _MARGIN * scale, tile.shape[0] * scale
    return cast("Field", large[first : first + size, first : first + size])
