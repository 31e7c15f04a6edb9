"""Water and seas of cloud: level planes, drawn over a picture of what stands above them."""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.scenes.air import Light, Planes, View, direction
from kinetoscope.engines.studio.scenes.haze import add_haze, sunward, veil
from kinetoscope.engines.studio.scenes.noise import Field, Tile, fractal

_NO_DEPTH = 1e6
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
        swell = fractal(seed + 50, 512, cells=16, octaves=4, gain=0.5)
        slopes = [np.roll(swell, -1, axis) - np.roll(swell, 1, axis) for axis in (1, 0)]
        self._waves = Tile.of(np.dstack(slopes).astype(np.float32) * 14)

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
        rows = np.arange(first, view.height, dtype=np.float32)
        away = self.depth(view, rows)[:, None]
        x, z = view.rays()
        waves = self._slopes(view, rows, seconds)
        colour = self._coloured(picture, view, rows, (x, z), waves)
        self._veil(colour, view, (x, z), (rows, away))
        part = share[first:]
        for plane, water in zip(picture, colour, strict=True):
            plane[first:] += (water - plane[first:]) * part

    def _slopes(self, view: View, rows: Field, seconds: float) -> tuple[Field, Field]:
        away = self.depth(view, rows)[:, None]
        footprint = away * away / (view.focal * max(view.y - self._height, 0.05))
        rays = view.rays()
        total = np.zeros((rows.size, view.width, 2), np.float32)
        for scale, right, ahead, height in _MOVES:
            # Waves finer than a pixel only shimmer: each layer fades before it gets there.
            seen = np.clip(1.5 - footprint * (scale * _DENSITY / 3), 0, 1) * height
            near = slice(int(np.count_nonzero(seen == 0)), None)
            if not seen[near].size:
                continue
            x = (view.x + rays[0] * away[near]) * scale + right * seconds
            z = (view.z + rays[1] * away[near]) * scale + ahead * seconds
            total[near] += self._waves.at(x * _DENSITY, z * _DENSITY) * seen[near][..., None]
        calm = 0.16 / (1 + away * away * 0.006)
        return total[..., 0] * calm, total[..., 1] * calm

    def _coloured(
        self,
        picture: Planes,
        view: View,
        rows: Field,
        ray: tuple[Field, Field],
        slopes: tuple[Field, Field],
    ) -> Planes:
        light, (right, ahead), (x, z) = self._light, slopes, ray
        rise = view.rises(rows)[:, None]
        length = 1 / np.sqrt(x * x + rise * rise + z * z)
        upright = 1 / np.sqrt(1 + right * right + ahead * ahead)
        lean_x, lean_z = right * upright, ahead * upright
        facing = -(x * lean_x + rise * upright + z * lean_z) * length
        facing = np.clip(facing, 0.02, 1)
        mirror = np.minimum(0.03 + 1.02 * (1 - facing) ** 5, 0.96).astype(np.float32)
        glint = np.maximum(
            (x * length + 2 * facing * lean_x) * self._sun[0]
            + np.maximum(rise * length + 2 * facing * upright, 0) * self._sun[1]
            + (z * length + 2 * facing * lean_z) * self._sun[2],
            0,
        )
        sharp = 220 / (1 + self.depth(view, rows)[:, None] * 0.12)
        shine = np.exp((glint - 1) * sharp) * (sharp / 32) + np.exp((glint - 1) * 40) * 0.55
        shine *= light.strength
        above = cv2.merge(list(picture[:, : max(1, int(view.horizon))]))
        seen = cv2.remap(
            above,
            (np.arange(view.width, dtype=np.float32) + right * (view.width * 0.42)),
            (2 * view.horizon - rows[:, None] - 1 + ahead * (view.height * 0.55)),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        deep = (
            light.zenith[0] * 0.28 + 0.010,
            light.zenith[1] * 0.34 + 0.028,
            light.zenith[2] * 0.34 + 0.035,
        )
        return np.stack(
            [
                below + (reflected - below) * mirror + sun * shine
                for below, reflected, sun in zip(deep, cv2.split(seen), light.sun, strict=True)
            ]
        ).astype(np.float32)

    def _veil(
        self,
        colour: Planes,
        view: View,
        ray: tuple[Field, Field],
        place: tuple[Field, Field],
    ) -> None:
        rows, away = place
        fog = veil(self._haze * away * 1.6) * 0.8
        glow = sunward(self._sun, ray, view.rises(rows)[:, None]) ** 5
        add_haze(colour, self._light, fog, glow)


class CloudSea:
    """A level of soft lit cloud at *height* under *light*, drifting."""

    def __init__(self, light: Light, height: float, haze: float, seed: int) -> None:
        self._light, self._height, self._haze = light, height, haze
        self._sun = direction(light)
        self._billows = Tile.of(fractal(seed + 40, 512, octaves=6, gain=0.52))
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
