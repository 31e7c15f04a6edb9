"""Water and seas of cloud: level planes, drawn over a picture of what stands above them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import (
    Light,
    Planes,
    View,
    developed,
    direction,
    undeveloped,
)
from kinetoscope.engines.studio.scenes.haze import add_haze, sunward, veil
from kinetoscope.engines.studio.scenes.layers import lay_over
from kinetoscope.engines.studio.scenes.noise import Field, Tile, fractal

_NO_DEPTH = 1e6
_COARSE = 2
_SIZE = 512
_DENSITY = np.float32(34)  # pixels of the wave tile for one unit
# Each layer of waves: its scale, how fast it goes right and ahead, its height.
_MOVES = (
    (2.6, -0.15, 0.24, 0.45),
    (1.0, 0.08, 0.22, 0.55),
    (0.31, 0.0, 0.10, 0.7),
    (0.09, 0.02, 0.05, 0.8),
)


class Sea:
    """A level of water (or of cloud) at *height* under *light*."""

    def __init__(self, light: Light, height: float, haze: float, seed: int) -> None:
        self._light, self._height, self._haze = light, height, haze
        self._sun = direction(light)
        swell = fractal(seed + 50, _SIZE, cells=16, octaves=4, gain=0.5)
        slopes = [np.roll(swell, -1, axis) - np.roll(swell, 1, axis) for axis in (1, 0)]
        # Twice as wide as it repeats: no row of water that shows waves is longer than this.
        # Two numbers more, which mean nothing: so waves are read twice as fast.
        self._waves = np.tile(np.dstack([*slopes, *slopes]) * np.float32(14), (2, 2, 1))

    def depth(self, view: View, rows: Field) -> Field:
        """Tell how far away the level is in *rows*, in units of depth; far above the horizon."""
        fall = np.minimum(view.rises(rows), -1e-5)
        distance = (self._height - view.y) / fall
        return np.where(rows + 0.5 > view.horizon, distance, _NO_DEPTH).astype(np.float32)

    def draw(self, picture: Planes, view: View, seconds: float, share: Field) -> None:
        """Put water on the rows of *picture* below the horizon, as far as *share* says."""
        first = max(1, math.ceil(view.horizon))
        if first >= view.height - 1:
            return
        # A fourth number that means nothing: so a picture is read twice as fast.
        sky = cv2.merge(list(picture[[0, 1, 2, 2], : max(1, int(view.horizon))]))

        def above(x: Field, y: Field) -> cv2.typing.MatLike:
            return _mirrored(sky, x, y)

        colour = self._water(above, view, np.arange(first, view.height, dtype=np.float32), seconds)
        part = share[first:]
        for plane, water in zip(picture, colour, strict=True):
            plane[first:] += (water - plane[first:]) * part

    def lay(self, frame: Frame, view: View, seconds: float) -> None:
        """Put water on *frame* below the horizon, as far as its fourth number says."""
        first = max(1, math.ceil(view.horizon))
        if first >= view.height - 1:
            return
        exposure = self._light.exposure
        sky = frame[: max(1, int(view.horizon))]
        # Waves break what they mirror: a part of its pixels is enough.
        size = (max(1, view.width // _COARSE), max(1, sky.shape[0] // _COARSE))
        small = cast("Frame", cv2.resize(sky, size, interpolation=cv2.INTER_AREA))
        light = undeveloped(small, exposure)
        across, down = (np.float32(a / b) for a, b in zip(size, sky.shape[1::-1], strict=True))

        def above(x: Field, y: Field) -> cv2.typing.MatLike:
            return _mirrored(
                light, (x + 0.5) * across - np.float32(0.5), (y + 0.5) * down - np.float32(0.5)
            )

        rows = np.arange(first, view.height, dtype=np.float32)
        water = cv2.cvtColor(
            developed(self._water(above, view, rows, seconds), exposure), cv2.COLOR_BGR2BGRA
        )
        under = frame[first:]
        share = under[..., 3]
        shore = int(np.count_nonzero(np.minimum.accumulate(share.min(axis=1)[::-1]) < 255))
        lay_over(under[:shore], cast("Frame", water[:shore]), share[:shore].copy())
        under[shore:] = water[shore:]

    def _water(
        self,
        above: Callable[[Field, Field], cv2.typing.MatLike],
        view: View,
        rows: Field,
        seconds: float,
    ) -> Planes:
        """Colour *rows* of water that mirrors what *above* shows at places."""
        waves = self._slopes(view, rows, seconds)
        colour = self._coloured(above, view, rows, waves)
        self._veil(colour, view, rows)
        return colour

    def _slopes(self, view: View, rows: Field, seconds: float) -> tuple[Field, Field]:
        away = self.depth(view, rows)[:, None]
        footprint = away * away / (view.focal * max(view.y - self._height, 0.05))
        rays = view.rays()
        slopes = np.zeros((rows.size, view.width, 4), np.float32)
        for scale, right, ahead, height in _MOVES:
            # Waves finer than a pixel only shimmer: each layer fades before it gets there.
            seen = np.clip(1.5 - footprint * (scale * _DENSITY / 3), 0, 1) * height
            near = slice(int(np.count_nonzero(seen == 0)), None)
            if not seen[near].size:
                continue
            step = away[near] * (scale * _DENSITY)
            x = _from_first(rays[0] * step, (view.x * scale + right * seconds) * _DENSITY)
            z = _from_first(rays[1] * step, (view.z * scale + ahead * seconds) * _DENSITY)
            waves = cv2.remap(self._waves, x, z, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
            waves *= seen[near][..., None]
            slopes[near] += waves
        calm = 0.16 / (1 + away * away * 0.006)
        aside, along = cv2.extractChannel(slopes, 0), cv2.extractChannel(slopes, 1)
        return cast("Field", aside * calm), cast("Field", along * calm)

    def _coloured(
        self,
        above: Callable[[Field, Field], cv2.typing.MatLike],
        view: View,
        rows: Field,
        slopes: tuple[Field, Field],
    ) -> Planes:
        light, (right, ahead), (x, z) = self._light, slopes, view.rays()
        rise = view.rises(rows)[:, None]
        length = 1 / np.sqrt(x * x + rise * rise + z * z)
        upright = 1 / np.sqrt(1 + right * right + ahead * ahead)
        lean_x, lean_z = right * upright, ahead * upright
        facing = -(x * lean_x + rise * upright + z * lean_z) * length
        facing = np.clip(facing, 0.02, 1)
        grazing = 1 - facing
        mirror = np.minimum(0.03 + 1.02 * grazing * (grazing * grazing) ** 2, 0.96)
        glint = np.maximum(
            (x * length + 2 * facing * lean_x) * self._sun[0]
            + np.maximum(rise * length + 2 * facing * upright, 0) * self._sun[1]
            + (z * length + 2 * facing * lean_z) * self._sun[2],
            0,
        )
        sharp = 220 / (1 + self.depth(view, rows)[:, None] * 0.12)
        shine = np.exp((glint - 1) * sharp) * (sharp / 32) + np.exp((glint - 1) * 40) * 0.55
        shine *= light.strength
        seen = above(
            np.arange(view.width, dtype=np.float32) + right * (view.width * 0.42),
            (2 * view.horizon - rows[:, None] - 1 + ahead * (view.height * 0.55)),
        )
        deep = (
            light.zenith[0] * 0.28 + 0.010,
            light.zenith[1] * 0.34 + 0.028,
            light.zenith[2] * 0.34 + 0.035,
        )
        colour = np.empty((3, rows.size, view.width), np.float32)
        mirrored = cv2.split(seen)[:3]
        for plane, below, reflected, sun in zip(colour, deep, mirrored, light.sun, strict=True):
            np.multiply(reflected - np.float32(below), mirror, out=plane)
            np.add(plane, shine * np.float32(sun) + np.float32(below), out=plane)
        return colour

    def _veil(self, colour: Planes, view: View, rows: Field) -> None:
        fog = veil(self._haze * self.depth(view, rows)[:, None] * 1.6) * 0.8
        glow = sunward(self._sun, view.rays(), view.rises(rows)[:, None]) ** 5
        add_haze(colour, self._light, fog, glow)


def _mirrored(sky: cv2.typing.MatLike, x: Field, y: Field) -> cv2.typing.MatLike:
    return cv2.remap(sky, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _from_first(places: Field, start: float | np.floating) -> Field:
    """Begin each row of *places* that many pixels further, within the first lap of the tile."""
    first = np.minimum(places[:, :1], places[:, -1:]) + np.float32(start % _SIZE)
    places += np.float32(start % _SIZE) - np.floor(first / _SIZE) * np.float32(_SIZE)
    return places


class CloudSea:
    """A level of soft lit cloud at *height* under *light*, drifting."""

    def __init__(self, light: Light, height: float, haze: float, seed: int) -> None:
        self._light, self._height, self._haze = light, height, haze
        self._sun = direction(light)
        self._billows = Tile.of(_heaped(seed + 40))
        self._level = Sea(light, height, haze, seed)

    def depth(self, view: View, rows: Field) -> Field:
        """Tell how far away the level is in *rows*, in units of depth; far above the horizon."""
        return self._level.depth(view, rows)

    def draw(self, picture: Planes, view: View, seconds: float, share: Field) -> None:
        """Put clouds on the rows of *picture* below the horizon, as far as *share* says."""
        first = max(1, math.ceil(view.horizon))
        if first >= view.height - 1:
            return
        rows = np.arange(first, view.height, dtype=np.float32)
        away = self.depth(view, rows)[:, None]
        x, z = view.rays()
        east, north = view.x + x * away, view.z + z * away
        here = self._thickness(east, north, seconds)
        sunward_side = self._thickness(
            east + np.float32(self._sun[0] * 0.9), north + np.float32(self._sun[2] * 0.9), seconds
        )
        fade = 1 / (1 + away * 0.03)
        lit = np.maximum(0.12, 0.55 + (here - sunward_side) * 2.6 * fade)
        light = self._light
        part = share[first:] * np.clip(0.35 + here * 1.6, 0, 1)
        part = np.maximum(part, share[first:] ** 4)
        clouds = [
            sun * light.strength * 0.62 * lit + horizon * 0.40
            for horizon, sun in zip(light.horizon, light.sun, strict=True)
        ]
        glow = sunward(self._sun, (x, z), view.rises(rows)[:, None]) ** 5
        add_haze(clouds, light, veil(self._haze * away * 1.4), glow)
        for plane, cloud in zip(picture, clouds, strict=True):
            plane[first:] += (cloud - plane[first:]) * part

    def _thickness(self, x: Field, z: Field, seconds: float) -> Field:
        drift = seconds * 0.25
        slow = self._billows.at((x + drift) * 9, (z + drift * 0.5) * 9)
        fast = self._billows.at((x * 2.7 - drift * 0.8) * 9, z * (2.7 * 9))
        return cast("Field", slow * 0.6 + fast * 0.4)


def _heaped(seed: int) -> Field:
    """Heap up round tops of cloud with creases between them; their mean is that of all noise."""
    heaps = 1 - fractal(seed, 512, octaves=4, gain=0.45, ridged=True)
    heaps = (heaps - heaps.mean()) / heaps.std()
    return cast("Field", np.clip(0.5 + 0.21 * heaps, 0, 1.1).astype(np.float32))
