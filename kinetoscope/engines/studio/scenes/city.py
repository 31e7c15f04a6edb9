"""A street between tall buildings: painted walls in perspective, wet asphalt that mirrors them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import LIGHTS, SUN_AZIMUTH, developed
from kinetoscope.engines.studio.scenes.facades import sign, wall
from kinetoscope.engines.studio.scenes.fronts import Front, Fronts, Skyline, open_part
from kinetoscope.engines.studio.scenes.pavement import Pavement
from kinetoscope.engines.studio.scenes.planes import Eye
from kinetoscope.engines.studio.scenes.reduced import Reduced
from kinetoscope.engines.studio.scenes.terrain import Sway
from kinetoscope.engines.studio.scenes.traffic import Traffic
from kinetoscope.engines.studio.scenes.walls import (
    BLOCK,
    FAR,
    GAP,
    HALF_STREET,
    HEIGHT,
    NEAR,
    PITCH,
    Row,
    gaps_until,
)

_SIDES = (-1, 1)
_TOWERS, _TOWER_SPACING = 45.0, 5.0
_COMING = 4.0  # units on which what is new comes into sight
_EYE = 0.30
_SPEED = 0.42
_VARIANTS = 7
_NIGHTS = frozenset({"night", "dusk"})


class City:
    """A street at one time of day; *wet* streets mirror."""

    ground, air = 0.90, 0.30
    deep, open = False, False

    def __init__(
        self,
        time: str,
        size: tuple[int, int],
        *,
        seed: int,
        sway: Sway,
        pace: float = 1.0,
        wet: bool = False,
        fog: bool = False,
    ) -> None:
        self._size, self._sway, self._seed = size, sway, seed
        self._lit = time in _NIGHTS
        self._speed = _SPEED * pace
        self.wet = wet or self._lit
        random = np.random.default_rng(seed)
        self._walls = [
            Reduced(wall(random, BLOCK, HEIGHT, lit=self._lit)) for _ in range(_VARIANTS)
        ]
        # Walls that face us are read with four numbers a pixel: that is twice as fast.
        self._faces = [_readable(one.at(0, 0)) for one in self._walls]
        self._signs = [_readable(sign(random, lit=self._lit)) for _ in range(_VARIANTS)]
        haze = 0.10 if fog else 0.045 if self._lit else 0.03
        sky, veil = _heaven(time, size, lit=self._lit)
        self._sky = cast("Frame", cv2.cvtColor(sky, cv2.COLOR_BGR2BGRA))
        self._rows = {side: self._row(side, haze, veil) for side in _SIDES}
        self._fronts = Fronts(haze, veil)
        self._pavement = Pavement(seed, lit=self._lit, haze=haze, fog=veil)
        self._traffic = Traffic(random, lit=self._lit, haze=haze, fog=veil)

    def frame(self, seconds: float) -> Frame:
        """Draw the street as it looks *seconds* after the film began."""
        eye = self._eye(seconds)
        height = self._size[1]
        top = int(np.clip(self._sky.shape[0] / 2 - eye.horizon, 0, self._sky.shape[0] - height))
        frame = self._sky[top : top + height].copy()
        self._pavement.draw(frame, eye)
        skyline = self._skyline(eye)
        for front in itertools.chain(self._towers(eye), self._corners(eye)):
            self._draw(frame, front, skyline)
        self._look_into_gaps(frame, eye)
        for row in self._rows.values():
            row.draw(frame, eye)
        for front in self._hung(eye, seconds):
            self._draw(frame, front, None)
        if self.wet:
            self._pavement.mirror(frame, eye, seconds)
        self._traffic.draw(frame, eye, seconds)
        return cast("Frame", cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR))

    def _eye(self, seconds: float) -> Eye:
        width, height = self._size
        aside, up, ahead, yaw = self._sway(seconds)
        focal = max(width, height * 1.2) / (2 * math.tan(0.55))
        return Eye(
            x=float(np.clip(0.06 * math.sin(seconds * 0.6) + aside * 0.5, -0.8, 0.8)),
            y=max(_EYE + 0.01 * math.sin(seconds * 0.9) + up * 0.6, 0.12),
            z=self._speed * seconds + ahead,
            focal=focal,
            centre=width / 2 - yaw * focal,
            horizon=height * 0.60,
        )

    def _row(self, side: int, haze: float, veil: NDArray[np.float32]) -> Row:
        def variant(block: int) -> Reduced:
            return self._walls[self._variant(block, side)]

        def tall(block: int) -> float:
            return self._tall(block, side)

        return Row(side, variant, tall, haze=haze, fog=veil)

    def _variant(self, block: int, side: int) -> int:
        return int(_hashed(self._seed, block, side, 2) * _VARIANTS)

    def _tall(self, block: int, side: int) -> float:
        return 1.9 + 3.1 * math.pow(_hashed(self._seed, block, side, 1), 1.3)

    def _skyline(self, eye: Eye) -> Skyline:
        """Tell from which row on the walls along the street hide what is behind."""
        width, height = self._size
        aside = np.arange(width, dtype=np.float32) - np.float32(eye.centre)
        aside[np.abs(aside) < 1] = 1
        right = aside > 0
        street = np.where(right, HALF_STREET - eye.x, HALF_STREET + eye.x)
        away = street * eye.focal / np.abs(aside)
        first, count = math.floor(eye.z / PITCH), math.ceil(FAR / PITCH) + 2
        tall = np.array([[self._tall(first + k, side) for k in range(count)] for side in _SIDES])
        block = np.floor((np.minimum(away, FAR) + eye.z) / PITCH).astype(int) - first
        roof = tall[right.astype(int), np.clip(block, 0, count - 1)]
        rows = eye.horizon - (roof - eye.y) * eye.focal / away
        return np.where(away > FAR, height, np.clip(np.ceil(rows) + 2, 0, height)).astype(np.int32)

    def _draw(
        self,
        frame: Frame,
        front: Front,
        skyline: Skyline | None,
        within: tuple[int, int] | None = None,
    ) -> None:
        width, height = self._size
        box = open_part(front, skyline, height, within or (0, width))
        if box is not None:
            self._fronts.draw(frame, front, box)

    def _look_into_gaps(self, frame: Frame, eye: Eye) -> None:
        """Draw what is seen between two blocks: a strip of that side of the farther one."""
        first, last = (math.floor((eye.z + away) / PITCH) for away in (NEAR, gaps_until(eye.focal)))
        for block in range(last, first, -1):
            for side in _SIDES:
                front = self._corner(eye, block, side)
                gap = [eye.seen(side * HALF_STREET, 0, max(z, eye.z + NEAR))[0]
                       for z in (block * PITCH, block * PITCH - GAP)]  # fmt: skip
                within = max(0, math.floor(min(gap)) - 1), min(self._size[0], int(max(gap)) + 2)
                self._draw(frame, front, None, within)

    def _corners(self, eye: Eye) -> Iterator[Front]:
        """List the sides of the blocks that face us, the farthest first."""
        first, last = (math.floor((eye.z + away) / PITCH) for away in (NEAR, FAR))
        for block in range(last, first, -1):
            for side in _SIDES:
                yield self._corner(eye, block, side)

    def _corner(self, eye: Eye, block: int, side: int) -> Front:
        away = max(block * PITCH - eye.z, NEAR)
        # It begins a little inside the wall that hides it: no seam is seen at the corner.
        seam = away / eye.focal + 0.006 / away
        inner, outer = side * (HALF_STREET - seam), side * (HALF_STREET + 1.8)
        tall = self._tall(block, side)
        picture = self._faces[self._variant(block, side)]
        return _front(eye, picture, (min(inner, outer), max(inner, outer)), (0.0, tall),
                      block * PITCH, part=tall / HEIGHT)  # fmt: skip

    def _towers(self, eye: Eye) -> Iterator[Front]:
        """List the tall ones that stand behind the first row, the farthest first."""
        first, last = (int((eye.z + away) // _TOWER_SPACING) for away in (4, _TOWERS))
        for row in range(last, first, -1):
            for side in _SIDES:
                x = side * (2.6 + 3.4 * _hashed(self._seed, row, side, 40))
                tall = 6.5 + 6.5 * _hashed(self._seed, row, side, 41)
                picture = self._faces[int(_hashed(self._seed, row, side, 42) * _VARIANTS)]
                yield _front(eye, picture, (x - 1.1, x + 1.1), (0.0, tall),
                             row * _TOWER_SPACING, part=0.9, far=_TOWERS)  # fmt: skip

    def _hung(self, eye: Eye, seconds: float) -> Iterator[Front]:
        """List the signs that hang over the street, the farthest first."""
        first, last = (math.floor((eye.z + away) / PITCH) for away in (NEAR, FAR))
        for block in range(last, first - 1, -1):
            for side in _SIDES:
                yield from self._sign(eye, (block, side), seconds)

    def _sign(self, eye: Eye, place: tuple[int, int], seconds: float) -> Iterator[Front]:
        block, side = place
        z = block * PITCH + 0.3 + 1.2 * _hashed(self._seed, block, side, 6)
        if _hashed(self._seed, block, side, 5) < 0.3 or z < eye.z + NEAR:
            return
        picture = self._signs[int(_hashed(self._seed, block, side, 7) * _VARIANTS)]
        low = 0.55 + 0.5 * _hashed(self._seed, block, side, 8)
        broad = 0.26
        tall = broad * picture.shape[0] / picture.shape[1]
        edge, inner = side * HALF_STREET, side * (HALF_STREET - broad)
        flicker = _hashed(self._seed, block, int(seconds * 9), 9) < 0.06
        weak = self._lit and flicker and _hashed(self._seed, block, side, 10) > 0.7
        yield _front(eye, picture, (min(edge, inner), max(edge, inner)), (low, low + tall),
                     z, power=0.4 if weak else 1.0)  # fmt: skip


def _front(
    eye: Eye,
    picture: Reduced,
    across: tuple[float, float],
    high: tuple[float, float],
    z: float,
    *,
    part: float = 1.0,
    power: float = 1.0,
    far: float = FAR,
) -> Front:
    """Tell where a *picture* is seen that stands between two places across, *high* at *z*.

    It comes into sight little by little, from *far* away on.
    """
    left, bottom = eye.seen(across[0], high[0], z)
    right, top = eye.seen(across[1], high[1], z)
    away = z - eye.z
    shown = min(max((far - away) / _COMING, 0.0), 1.0)
    return Front(picture, left, top, right, bottom, away, part, power, shown)


def _readable(picture: Frame) -> Reduced:
    whole = cv2.merge([*cv2.split(picture), np.zeros_like(picture[..., 0])])
    return Reduced(cast("Frame", whole))


def _heaven(time: str, size: tuple[int, int], *, lit: bool) -> tuple[Frame, NDArray[np.float32]]:
    """Paint the sky over the street, twice as tall as the picture; tell the colour of the haze."""
    width, height = size
    light = LIGHTS[time]
    top, low = np.array(light.zenith), np.array(light.horizon)
    if lit:
        top = np.array((0.030, 0.018, 0.075)) + top * 0.3
        low = np.array((0.30, 0.11, 0.36)) if time == "night" else np.array((0.52, 0.22, 0.38))
    rise = np.abs(np.linspace(1, -1, 2 * height))[:, None]
    fade = np.exp(-rise * 2.6)
    planes = np.stack(
        [np.repeat(a + (b - a) * fade, width, axis=1) for a, b in zip(top, low, strict=True)]
    )
    if not lit:
        across = np.linspace(-0.6, 0.6, width)[None, :] - SUN_AZIMUTH * 0.4
        glow = np.exp(-(across**2 + (rise - light.elevation) ** 2) * 14) * light.strength * 0.5
        planes += np.array(light.sun)[:, None, None] * glow
    sky = developed(planes.astype(np.float32), light.exposure)
    haze = sky[height - 2 : height + 2].reshape(-1, 3).mean(axis=0).astype(np.float32)
    return sky, haze


@functools.lru_cache(maxsize=2048)
def _hashed(*numbers: int) -> float:
    """Draw a number of 0 to 1 that is always the same for the same *numbers*."""
    total = 2166136261
    for number in numbers:
        total = ((total ^ (number & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
        total ^= total >> 13
    return ((total * 1274126177) & 0xFFFFFFFF) / 0x100000000
