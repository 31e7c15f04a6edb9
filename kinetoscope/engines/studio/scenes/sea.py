"""Water and seas of cloud: level planes, drawn over a picture of what stands above them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import (
    Light,
    Planes,
    View,
    developed,
    direction,
    undeveloped,
)
from kinetoscope.engines.studio.scenes.haze import add_haze, glow_of, veil
from kinetoscope.engines.studio.scenes.layers import lay_over
from kinetoscope.engines.studio.scenes.noise import Field, Tile, fractal

_NO_DEPTH = 1e6
_COARSE = 2  # pixels, each way, of what is mirrored: waves break it
_BROAD = 4  # columns for which water is drawn once: seen so flat, waves are far broader than high
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
        self._deep = (
            light.zenith[0] * 0.28 + 0.010,
            light.zenith[1] * 0.34 + 0.028,
            light.zenith[2] * 0.34 + 0.035,
        )
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
        wet = first + np.flatnonzero(share[first:].any(axis=1))
        if not wet.size:
            return
        rows = slice(int(wet[0]), int(wet[-1]) + 1)
        # A fourth number that means nothing: so a picture is read twice as fast.
        above = cv2.merge(list(picture[[0, 1, 2, 2], : max(1, int(view.horizon))]))
        size = (max(1, view.width // _COARSE), max(1, above.shape[0] // _COARSE))
        light = cast("Field", cv2.resize(above, size, interpolation=cv2.INTER_AREA))
        colour = self._water(light, view, np.arange(rows.start, rows.stop), seconds)
        part = share[rows]
        for plane, water in zip(picture, colour, strict=True):
            broad = cv2.resize(water, (view.width, part.shape[0]))
            plane[rows] += (broad - plane[rows]) * part

    def lay(self, frame: Frame, view: View, seconds: float, crisp: float) -> None:
        """Put water, made *crisp*, on *frame* below the horizon, as its fourth number says."""
        first = max(1, math.ceil(view.horizon))
        if first >= view.height - 1:
            return
        exposure = self._light.exposure
        sky = frame[: max(1, int(view.horizon))]
        size = (max(1, view.width // _COARSE), max(1, sky.shape[0] // _COARSE))
        small = cast("Frame", cv2.resize(sky, size, interpolation=cv2.INTER_AREA))
        light = undeveloped(small, exposure)
        colour = self._water(light, view, np.arange(first, view.height), seconds)
        narrow = cv2.cvtColor(developed(colour, exposure), cv2.COLOR_BGR2BGRA)
        soft = cv2.blur(narrow, (1, 3))
        cv2.addWeighted(narrow, 1 + crisp, soft, -crisp, 0, narrow)
        under = frame[first:]
        water = cast("Frame", cv2.resize(narrow, under.shape[1::-1], interpolation=cv2.INTER_CUBIC))
        share = under[..., 3]
        shore = int(np.count_nonzero(np.minimum.accumulate(share.min(axis=1)[::-1]) < 255))
        lay_over(under[:shore], water[:shore], share[:shore].copy())
        under[shore:] = water[shore:]

    def _water(self, light: Field, view: View, lines: NDArray[np.int_], seconds: float) -> Planes:
        """Colour rows *lines* of water that mirrors *light*, a few of its columns."""
        rows = lines.astype(np.float32)[:, None]
        away, rise, (x, z) = self.depth(view, rows), view.rises(rows), view.rays(_BROAD)
        slopes = self._slopes(view, away, seconds)
        mirrored = _mirrored(light, view, rows, slopes)
        right, ahead = slopes
        length = _inverse_root((x * x + z * z) + rise * rise)
        upright = _inverse_root(right * right + (ahead * ahead + 1))
        facing = (x * right + z * ahead + rise) * (upright * -length)
        np.clip(facing, 0.02, 1, out=facing)
        sun_x, sun_y, sun_z = self._sun
        straight = ((x * sun_x + z * sun_z) + rise * sun_y) * length
        glint = (right * sun_x + ahead * sun_z + sun_y) * (facing * upright * 2) + straight
        # What the haze takes is taken from what shines and what is mirrored, before they are mixed.
        fog = veil(self._haze * away * 1.6) * 0.8
        mirror = _mirror(facing) * (1 - fog)
        shine = self._shine(glint, away) * ((1 - fog) * self._light.strength)
        shine += _glow(straight) * (fog * (0.55 * self._light.strength))
        colour = np.empty((3, *mirror.shape), np.float32)
        lights = zip(self._deep, self._light.fog, self._light.sun, strict=True)
        for plane, reflected, (deep, haze, sun) in zip(colour, mirrored, lights, strict=False):
            np.multiply(np.subtract(reflected, deep, out=plane), mirror, out=plane)
            np.add(plane, shine * sun, out=plane)
            np.add(plane, deep + (haze - deep) * fog, out=plane)
        return colour

    def _slopes(self, view: View, away: Field, seconds: float) -> tuple[Field, Field]:
        """Tell how steep the water is, to the right and ahead."""
        footprint = away * away / (view.focal * max(view.y - self._height, 0.05))
        x, z = view.rays(_BROAD)
        slopes = np.zeros((away.size, x.size, 4), np.float32)
        for scale, right, ahead, height in _MOVES:
            # Waves finer than a pixel only shimmer: each layer fades before it gets there.
            seen = np.clip(1.5 - footprint * (scale * _DENSITY / 3), 0, 1) * height
            near = slice(int(np.count_nonzero(seen == 0)), None)
            if not seen[near].size:
                continue
            step = away[near] * (scale * _DENSITY)
            east = _from_first(x * step, (view.x * scale + right * seconds) * _DENSITY)
            north = _from_first(z * step, (view.z * scale + ahead * seconds) * _DENSITY)
            waves = cv2.remap(
                self._waves, east, north, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
            )
            waves *= seen[near][..., None]
            slopes[near] += waves
        calm = 0.16 / (1 + away * away * 0.006)
        aside, along = cv2.extractChannel(slopes, 0), cv2.extractChannel(slopes, 1)
        return cast("Field", aside * calm), cast("Field", along * calm)

    def _shine(self, glint: Field, away: Field) -> Field:
        """Tell how brightly the sun shines back where it is mirrored nearly to the eye."""
        sharp = 220 / (1 + away * 0.12)
        glint -= 1
        shine = np.exp(glint * sharp) * (sharp / 32)
        glint *= 40
        shine += np.exp(glint, out=glint) * 0.55
        return cast("Field", shine)


def _mirrored(
    light: Field, view: View, rows: Field, slopes: tuple[Field, Field]
) -> Sequence[cv2.typing.MatLike]:
    """See *light*, which stands above the horizon, in water of *slopes*."""
    right, ahead = slopes
    down = light.shape[0] / max(1, int(view.horizon))
    x = right * (view.width * 0.42 / _COARSE)
    x += (np.arange(x.shape[1], dtype=np.float32) + 0.5) * (_BROAD / _COARSE) - 0.5
    y = ahead * (view.height * 0.55 * down)
    y += (2 * view.horizon - rows - 0.5) * down - 0.5
    return cv2.split(cv2.remap(light, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _mirror(facing: Field) -> Field:
    """Tell how much of the light water mirrors that is seen at an angle of that cosine."""
    grazing = 1 - facing
    fourth = grazing * grazing
    fourth *= fourth
    grazing *= fourth
    grazing *= 1.02
    grazing += 0.03
    return cast("Field", np.minimum(grazing, 0.96, out=grazing))


def _glow(straight: Field) -> Field:
    """Tell how much the haze glows where rays are that near to the sun's."""
    near = np.maximum(straight, 0)
    return cast("Field", near * (near * near) ** 2)


def _inverse_root(square: Field) -> Field:
    return cast("Field", cv2.pow(square, -0.5))


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
        rows = slice(first, view.height)
        # Clouds are soft: every second pixel, each way, is enough.
        middles = np.arange(first, view.height, 2, dtype=np.float32) + 0.5
        away = self.depth(view, middles)[:, None]
        x, z = view.rays(2)
        east, north = view.x + x * away, view.z + z * away
        here = self._thickness(east, north, seconds)
        sunward_side = self._thickness(
            east + np.float32(self._sun[0] * 0.9), north + np.float32(self._sun[2] * 0.9), seconds
        )
        fade = 1 / (1 + away * 0.03)
        lit = _doubled(np.maximum(0.12, 0.55 + (here - sunward_side) * 2.6 * fade), view, rows)
        light, there = self._light, share[rows]
        part = there * _doubled(np.clip(0.35 + here * 1.6, 0, 1), view, rows)
        np.maximum(part, (there * there) ** 2, out=part)
        clouds = [
            lit * (sun * light.strength * 0.62) + horizon * 0.40
            for horizon, sun in zip(light.horizon, light.sun, strict=True)
        ]
        away = self.depth(view, np.arange(first, view.height, dtype=np.float32))[:, None]
        add_haze(clouds, light, veil(self._haze * away * 1.4), glow_of(light, view, rows))
        for plane, cloud in zip(picture, clouds, strict=True):
            plane[rows] += (cloud - plane[rows]) * part

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


def _doubled(coarse: Field, view: View, rows: slice) -> Field:
    large = cv2.resize(coarse, (coarse.shape[1] * 2, coarse.shape[0] * 2))
    return cast("Field", large[: rows.stop - rows.start, : view.width])
