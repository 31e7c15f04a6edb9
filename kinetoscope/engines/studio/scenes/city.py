"""A street between tall buildings: painted walls in perspective, wet asphalt that mirrors them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import LIGHTS, SUN_AZIMUTH, developed
from kinetoscope.engines.studio.scenes.facades import sign, wall
from kinetoscope.engines.studio.scenes.fronts import Front, draw
from kinetoscope.engines.studio.scenes.layers import lay_over
from kinetoscope.engines.studio.scenes.noise import Field, Places, Tile, fractal
from kinetoscope.engines.studio.scenes.reduced import Reduced
from kinetoscope.engines.studio.scenes.terrain import Sway

_HALF_STREET = 1.15
_BLOCK, _GAP = 2.0, 0.12
_NEAR, _FAR = 0.35, 30.0
_WALL_HEIGHT = 5.0
_EYE = 0.30
_SPEED = 0.42
_VARIANTS = 7
_ONE_SCALE = 0.5  # the logarithm of how much nearer one end of a piece of wall may be
_PAINTS = ((52, 46, 120), (96, 78, 50), (120, 120, 118), (42, 40, 38), (70, 100, 110))
_TINT = (1.12, 1.0, 0.98)
_NIGHTS = frozenset({"night", "dusk"})


@dataclass(frozen=True, slots=True)
class _Eye:
    """The camera in the street: place, focal length and the vanishing point, in pixels."""

    x: float
    y: float
    z: float
    focal: float
    centre: float
    horizon: float

    def seen(self, x: float, y: float, z: float) -> tuple[float, float]:
        away = z - self.z
        scale = self.focal / away
        return self.centre + (x - self.x) * scale, self.horizon - (y - self.y) * scale


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
        walls = [wall(random, _BLOCK, _WALL_HEIGHT, lit=self._lit) for _ in range(_VARIANTS)]
        signs = [sign(random, lit=self._lit) for _ in range(_VARIANTS)]
        self._walls, self._signs = ([_readable(one) for one in all_] for all_ in (walls, signs))
        self._haze = 0.10 if fog else 0.045 if self._lit else 0.03
        sky, self._fog = _heaven(time, size, lit=self._lit)
        self._sky = cast("Frame", cv2.cvtColor(sky, cv2.COLOR_BGR2BGRA))
        self._asphalt = Tile.of(fractal(seed + 5, 512, cells=8, octaves=6, gain=0.6))
        self._cars = _traffic(random)

    def frame(self, seconds: float) -> Frame:
        """Draw the street as it looks *seconds* after the film began."""
        eye = self._eye(seconds)
        width, height = self._size
        top = int(np.clip(self._sky.shape[0] / 2 - eye.horizon, 0, self._sky.shape[0] - height))
        left = int(np.clip((self._sky.shape[1] - width) / 2, 0, self._sky.shape[1] - width))
        frame = self._sky[top : top + height, left : left + width].copy()
        first = int((eye.z + _NEAR) // (_BLOCK + _GAP))
        last = int((eye.z + _FAR) // (_BLOCK + _GAP))
        fronts = [
            front
            for block in range(first, last + 1)
            for side in (-1, 1)
            for front in self._block(eye, block, side, seconds)
        ]
        draw(frame, [*fronts, *self._towers(eye)], self._haze, self._fog)
        self._add_street(frame, eye, seconds)
        self._add_cars(frame, eye, seconds)
        return cast("Frame", cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR))

    def _eye(self, seconds: float) -> _Eye:
        width, height = self._size
        aside, up, ahead, yaw = self._sway(seconds)
        focal = max(width, height * 1.2) / (2 * math.tan(0.55))
        return _Eye(
            x=float(np.clip(0.06 * math.sin(seconds * 0.6) + aside * 0.5, -0.8, 0.8)),
            y=max(_EYE + 0.01 * math.sin(seconds * 0.9) + up * 0.6, 0.12),
            z=self._speed * seconds + ahead,
            focal=focal,
            centre=width / 2 - yaw * focal,
            horizon=height * 0.60,
        )

    def _block(self, eye: _Eye, block: int, side: int, seconds: float) -> Iterator[Front]:
        """List what stands on one *side* of the street, the nearest first."""
        near, far = block * (_BLOCK + _GAP), block * (_BLOCK + _GAP) + _BLOCK
        tall = 1.9 + 3.1 * _hashed(self._seed, block, side, 1) ** 1.3
        picture = self._walls[int(_hashed(self._seed, block, side, 2) * _VARIANTS)]
        inner, outer = side * _HALF_STREET, side * (_HALF_STREET + 1.8)
        part = tall / _WALL_HEIGHT
        yield from self._sign(eye, (block, side), seconds)
        cut = max(near, eye.z + _NEAR)
        for begin, end in pairwise(_cuts(cut - eye.z, far - eye.z)):
            line = [(begin, tall), (end, tall), (end, 0.0), (begin, 0.0)]
            corners = np.array([eye.seen(inner, y, eye.z + z) for z, y in line], np.float32)
            shown = ((eye.z + begin - near) / _BLOCK, (eye.z + end - near) / _BLOCK)
            yield Front(picture, corners, begin, part, shown)
        if near > eye.z + _NEAR:
            box = [(inner, tall), (outer, tall), (outer, 0.0), (inner, 0.0)]
            corners = np.array([eye.seen(x, y, near) for x, y in box], np.float32)
            yield Front(picture, corners, near - eye.z, part)

    def _towers(self, eye: _Eye) -> Iterator[Front]:
        """List the tall ones that stand behind the first row, the nearest first."""
        spacing = 5.0
        first, last = int((eye.z + 4) // spacing), int((eye.z + 45) // spacing)
        for row in range(first + 1, last + 1):
            for side in (1, -1):
                x = side * (2.6 + 3.4 * _hashed(self._seed, row, side, 40))
                tall = 6.5 + 6.5 * _hashed(self._seed, row, side, 41)
                z = row * spacing
                box = [(x - 1.1, tall), (x + 1.1, tall), (x + 1.1, 0.0), (x - 1.1, 0.0)]
                corners = np.array([eye.seen(a, b, z) for a, b in box], np.float32)
                variant = int(_hashed(self._seed, row, side, 42) * _VARIANTS)
                yield Front(self._walls[variant], corners, z - eye.z, 0.9)

    def _sign(self, eye: _Eye, place: tuple[int, int], seconds: float) -> Iterator[Front]:
        block, side = place
        if _hashed(self._seed, block, side, 5) < 0.3:
            return
        z = block * (_BLOCK + _GAP) + 0.3 + 1.2 * _hashed(self._seed, block, side, 6)
        if z < eye.z + _NEAR:
            return
        picture = self._signs[int(_hashed(self._seed, block, side, 7) * _VARIANTS)]
        low = 0.55 + 0.5 * _hashed(self._seed, block, side, 8)
        broad = 0.26
        tall = broad * picture.shape[0] / picture.shape[1]
        edge, inner = side * _HALF_STREET, side * (_HALF_STREET - broad)
        left, right = min(edge, inner), max(edge, inner)
        box = [(left, low + tall), (right, low + tall), (right, low), (left, low)]
        corners = np.array([eye.seen(x, y, z) for x, y in box], np.float32)
        flicker = _hashed(self._seed, block, int(seconds * 9), 9) < 0.06
        weak = self._lit and flicker and _hashed(self._seed, block, side, 10) > 0.7
        yield Front(picture, corners, z - eye.z, power=0.4 if weak else 1.0, solid=False)

    def _add_street(self, frame: Frame, eye: _Eye, seconds: float) -> None:
        height, width = frame.shape[:2]
        first = int(eye.horizon + eye.focal * eye.y / _FAR) + 1
        if first >= height - 2:
            return
        # Asphalt and mirrored light are soft: half the pixels are enough.
        rows = np.arange(first, height, 2, dtype=np.float32)[:, None] + 0.5
        columns = np.arange(0, width, 2, dtype=np.float32)[None, :] + 0.5
        away = eye.focal * eye.y / (rows + 0.5 - eye.horizon)
        x = eye.x + (columns + 0.5 - eye.centre) * away / eye.focal
        z = eye.z + away + np.zeros_like(x)
        grain = self._asphalt.at(x * 110, z * 110)
        pools = self._asphalt.at(x * 21, z * 21)
        level = self._paved(x, z, away, grain)
        bands = [level * tint for tint in _TINT]
        if self.wet:
            place, surface = (rows, columns), (grain, pools)
            mirrored, shine = self._mirrored(frame, eye, place, surface, seconds)
            bands = [
                band + seen * shine
                for band, seen in zip(bands, cv2.split(mirrored)[:3], strict=True)
            ]
        clear = np.exp(-self._haze * away)
        seen = [
            cv2.convertScaleAbs(np.maximum(band * clear + fog * (1 - clear), 0))
            for band, fog in zip(bands, self._fog, strict=True)
        ]
        street = np.clip((_HALF_STREET - np.abs(x)) / (away / eye.focal) + 0.5, 0, 1)
        size = (width, height - first)
        large = cv2.resize(cv2.merge([*seen, np.zeros_like(seen[0])]), size)
        share = cv2.resize((street * 255).astype(np.uint8), size)
        lay_over(frame[first:], cast("Frame", large), cast("Frame", share))

    def _paved(self, x: Places, z: Places, away: Field, grain: Field) -> Field:
        tone = np.float32(14 if self._lit else 86) * (0.7 + 0.6 * grain)
        walk = np.clip((np.abs(x) - 0.86) * 60, 0, 1)
        tone = tone * (1 + 0.7 * walk)
        kerb = np.exp(-(((np.abs(x) - 0.86) * 45) ** 2))
        sharp = np.clip(3.0 / away, 0.2, 1)
        dash = (np.abs(z * 1.4 - np.floor(z * 1.4) - 0.5) < 0.25) * (np.abs(x) < 0.018)
        paint = (dash * sharp * (0.6 + 0.5 * grain) + kerb * 0.22) * (62 if self._lit else 130)
        return cast("Field", tone + paint)

    def _mirrored(
        self,
        frame: Frame,
        eye: _Eye,
        place: tuple[Field, Field],
        surface: tuple[Field, Field],
        seconds: float,
    ) -> tuple[Frame, Field]:
        """Mirror the walls in the street: each column turns about the foot of its own wall.

        Tell what is mirrored, and how strongly each place does so.
        """
        (rows, columns), (grain, pools) = place, surface
        height = frame.shape[0]
        foot = eye.horizon + eye.y * np.abs(columns - eye.centre) / _HALF_STREET
        depth = rows - foot
        ripple = (grain - 0.5) * height * 0.030 + np.sin(rows * 0.7 + seconds * 5 + pools * 30) * (
            height * 0.0016
        )
        total: Frame = np.zeros((rows.shape[0], columns.shape[1], 4), np.uint8)
        aside = (columns + ripple * 0.6).astype(np.float32)
        for stretch, weight in ((0.80, 0.30), (1.0, 0.40), (1.25, 0.30)):
            down = foot - depth * stretch + ripple * (1.0 + 2 * stretch)
            seen = cv2.remap(
                frame,
                aside,
                down.astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )
            total = cast("Frame", cv2.addWeighted(total, 1, seen, weight, 0))
        grazing = np.clip(1.05 - (rows - eye.horizon) / height * 1.1, 0.25, 1)
        shine = grazing * np.clip(0.25 + (pools - 0.32) * 2.2, 0.22, 1) * 0.9
        return total, cast("Field", shine)

    def _add_cars(self, frame: Frame, eye: _Eye, seconds: float) -> None:
        for lane, speed, phase in self._cars:
            span = 26.0
            away = (phase * span + (speed - self._speed) * seconds) % span
            if away < 1.5:
                continue
            self._add_car(frame, eye, (lane, speed), away)

    def _add_car(self, frame: Frame, eye: _Eye, car: tuple[float, float], away: float) -> None:
        lane, speed = car
        x, y = eye.seen(lane, 0.0, eye.z + away)
        scale = eye.focal / away
        wide, tall = 0.17 * scale, 0.25 * scale
        body = [(-1, -0.1), (-1, -0.5), (-0.75, -0.95), (0.75, -0.95), (1, -0.5), (1, -0.1)]
        glass = [(-0.78, -0.55), (-0.62, -0.88), (0.62, -0.88), (0.78, -0.55)]
        tone = (
            (20, 16, 15) if self._lit else _PAINTS[int(abs(lane * 50 + speed * 997)) % len(_PAINTS)]
        )
        for shape, colour in ((body, tone), (glass, tuple(2 * c for c in tone))):
            points = [((x + a * wide) * 16, (y + b * tall) * 16) for a, b in shape]
            cv2.fillPoly(
                frame, [np.array(points, np.int32)], tuple(map(float, colour)), cv2.LINE_AA, 4
            )
        if not self._lit:
            return
        colour = (40, 40, 255) if speed > 0 else (235, 250, 255)
        scale = min(scale, self._size[1] * 0.42)  # a lamp that is very near would blind us
        soft = 0.16 if speed > 0 else 0.30
        for lamp in (-0.72, 0.72):
            spot = (x + lamp * wide, y - tall * 0.42)
            _add_glow(frame, spot, scale * 0.05, colour, power=1.0)
            _add_glow(frame, spot, scale * 0.22, colour, power=soft)
            _add_glow(frame, (spot[0], y + tall * 0.6), scale * 0.09, colour, power=soft, tall=3.5)


def _add_glow(
    frame: Frame,
    spot: tuple[float, float],
    radius: float,
    colour: tuple[int, int, int],
    *,
    power: float,
    tall: float = 1.0,
) -> None:
    height, width = frame.shape[:2]
    reach_x, reach_y = max(2.0, radius * 2), max(2.0, radius * 2 * tall)
    left, right = max(0, int(spot[0] - reach_x)), min(width, int(spot[0] + reach_x) + 1)
    top, bottom = max(0, int(spot[1] - reach_y)), min(height, int(spot[1] + reach_y) + 1)
    if right <= left or bottom <= top:
        return
    across = (np.arange(left, right) - spot[0]) / max(radius, 1)
    down = (np.arange(top, bottom) - spot[1]) / max(radius * tall, 1)
    shine = np.exp(-(across**2))[:, None] * (np.array((*colour, 0)) * power)
    light = np.exp(-(down**2)).astype(np.float32)[:, None, None] * shine.astype(np.float32)
    under = frame[top:bottom, left:right]
    cv2.add(under, light.astype(np.uint8), under)


def _readable(picture: Frame) -> Reduced:
    """Keep *picture* with four numbers a pixel: so it is drawn twice as fast."""
    return Reduced(cast("Frame", cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)))


def _cuts(near: float, far: float) -> list[float]:
    """Cut a wall that runs away from us, so that each piece is seen at about one scale."""
    count = max(1, math.ceil(math.log(far / near) / _ONE_SCALE))
    return [near * (far / near) ** (step / count) for step in range(count + 1)]


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


def _traffic(random: np.random.Generator) -> list[tuple[float, float, float]]:
    """List lanes, speeds and where each car starts, as a share of the street."""
    cars = []
    for number in range(9):
        leaving = number % 2 == 0
        lane = 0.40 if leaving else -0.40
        speed = random.uniform(1.2, 1.8) if leaving else -random.uniform(1.0, 1.6)
        cars.append((lane, float(speed), float(random.random())))
    return cars


def _hashed(*numbers: int) -> float:
    """Draw a number of 0 to 1 that is always the same for the same *numbers*."""
    total = 2166136261
    for number in numbers:
        total = ((total ^ (number & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
        total ^= total >> 13
    return ((total * 1274126177) & 0xFFFFFFFF) / 0x100000000
