"""Weather: what falls, floats and glows between the scene and the camera."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

Weather = Callable[[Frame, float], None]
"""Draws itself over a frame, as it is so many seconds after the film began."""

_TILE = 1024


def weathers(kinds: Iterable[str], size: tuple[int, int], seed: int) -> list[Weather]:
    """Make the weather of all *kinds* that are in WEATHERS, for pictures of *size*."""
    return [WEATHERS[kind](size, seed) for kind in kinds if kind in WEATHERS]


class Falling:
    """Layers of tiles that fall for ever, each nearer one faster than the one behind."""

    def __init__(self, tiles: list[tuple[Frame, float, float]], size: tuple[int, int]) -> None:
        width, height = size
        self._scale = height / 720
        self._layers = [
            (_repeated(tile, width, height), speed, slant) for tile, speed, slant in tiles
        ]

    def __call__(self, frame: Frame, seconds: float) -> None:
        height, width = frame.shape[:2]
        falling = np.zeros((height, width), np.uint8)
        for number, (tile, speed, slant) in enumerate(self._layers):
            fallen = speed * self._scale * seconds
            sway = 26 * self._scale * math.sin(seconds * 0.7 + number) if slant < 0 else 0.0
            top = int(-fallen) % _TILE
            left = (
                int(fallen * max(slant, 0.0) + sway - 30 * number * seconds * (slant < 0)) % _TILE
            )
            cv2.add(falling, tile[top : top + height, left : left + width], falling)
        cv2.add(frame, cv2.merge([falling, falling, falling]), frame)


class Motes:
    """Small lights that wander: fireflies, embers, dust in the sun."""

    def __init__(
        self, size: tuple[int, int], seed: int, *, count: int, colour: tuple[int, int, int],
        rise: float = 0.0, blink: float = 1.0,
    ) -> None:  # fmt: skip
        self._traits = np.random.default_rng(seed).random((count, 6))
        self._colour = np.array(colour, np.float32)
        self._size, self._rise, self._blink = size, rise, blink
        self._spots = [_spot(max(1.0, 0.011 * size[1] * scale)) for scale in (0.4, 0.7, 1.1, 1.8)]

    def __call__(self, frame: Frame, seconds: float) -> None:
        width, height = self._size
        for a, b, c, d, e, kind in self._traits:
            x = (a + 0.03 * math.sin(seconds * (0.4 + c) + e * 6) + seconds * 0.01 * (d - 0.5)) % 1
            y = (
                b - seconds * self._rise * (0.5 + d) + 0.03 * math.cos(seconds * (0.5 + d) + c * 6)
            ) % 1
            power = (0.5 + 0.5 * math.sin(seconds * (1.5 + 3 * c) * self._blink + e * 20)) ** 2
            spot = self._spots[min(3, int(kind * kind * 4))]
            _add_light(frame, spot, (int(x * width), int(y * height)), self._colour * power)


class Aurora:
    """Curtains of green light over the upper half of the picture."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        width, height = size
        self._shape = (max(16, height // 4), max(16, width // 4))
        self._phase = np.random.default_rng(seed).random(6) * 6.28
        self._column = np.linspace(0, 1, self._shape[1], dtype=np.float32)
        self._row = np.linspace(0, 1, self._shape[0], dtype=np.float32)[:, None]

    def __call__(self, frame: Frame, seconds: float) -> None:
        x, y = self._column, self._row
        total = np.zeros((*self._shape, 3), np.float32)
        for band in range(3):
            p = self._phase[band * 2 : band * 2 + 2]
            foot = 0.30 - 0.07 * band + 0.06 * np.sin(x * (5 + 2 * band) + p[0] + seconds * 0.35)
            foot = foot + 0.02 * np.sin(x * 17 + p[1] - seconds * 0.6)
            rays = 0.6 + 0.4 * np.sin(
                x * (60 + 21 * band) + 6 * np.sin(x * 9 + seconds * 0.5) + p[1]
            )
            above = foot - y
            curtain = np.exp(-np.maximum(above, 0) * 7) * (1 - np.exp(-np.maximum(above, 0) * 60))
            curtain = curtain * rays * (0.9 - 0.2 * band)
            high = np.clip(above * 3, 0, 1)
            total[..., 0] += curtain * (70 + 90 * high)
            total[..., 1] += curtain * (190 - 110 * high)
            total[..., 2] += curtain * (40 + 80 * high)
        large = cv2.resize(np.minimum(total, 255), (frame.shape[1], frame.shape[0]))
        cv2.add(frame, large.astype(np.uint8), frame)


class Fireworks:
    """Shells that burst high over the scene, one after another."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._size = size
        self._random = np.random.default_rng(seed).random((64, 5))
        self._spots = [_spot(max(1.5, size[1] * part)) for part in (0.011, 0.008, 0.006)]
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        rings = np.sqrt(np.random.default_rng(seed + 1).random(60)) * 0.8 + 0.2
        self._rays = np.stack([np.cos(turn) * rings, np.sin(turn) * rings])

    def __call__(self, frame: Frame, seconds: float) -> None:
        width, height = self._size
        for number, (x, y, hue, size, wait) in enumerate(self._random):
            age = seconds + 0.9 - number * 0.55 - wait * 0.4
            if not 0 < age < 1.9:
                continue
            reach = height * (0.20 + 0.16 * size)
            middle = np.array((width * (0.15 + 0.7 * x), height * (0.14 + 0.24 * y)))
            for lag, spot in enumerate(self._spots):
                then = max(age - 0.07 * lag, 0.0)
                colour = _hue(hue) * (1.25 * math.exp(-age * 1.3) * 0.62**lag)
                gone = self._rays.T * reach * (1 - math.exp(-then * 2.6))
                gone[:, 1] += height * 0.05 * then * then
                for ray_x, ray_y in middle + gone:
                    _add_light(frame, spot, (int(ray_x), int(ray_y)), colour)
            if age < 0.25:
                cv2.add(frame, np.full_like(frame, int((0.25 - age) * 60)), frame)


class Sweep:
    """A broad ray of warm light that wanders across the picture, again and again."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        del seed
        width, height = size
        y, x = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
        self._along = (x / width + 0.35 * y / height).astype(np.float32)
        self._size = size

    def __call__(self, frame: Frame, seconds: float) -> None:
        middle = (seconds / 5.0 + 0.1) % 1 * 2.4 - 0.5
        away = (self._along - middle) / 0.20
        light = np.exp(-(away**2)) * 0.8 + np.exp(-(((away - 0.9) * 4) ** 2)) * 0.25
        large = cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR)
        level = (large * 62).astype(np.uint8)
        tinted = cv2.merge([cv2.convertScaleAbs(level, alpha=0.55),
                            cv2.convertScaleAbs(level, alpha=0.85), level])  # fmt: skip
        cv2.add(frame, tinted, frame)


class Lightning:
    """A flash every few seconds: the sky brightens twice, and a bolt stands in it."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        width, height = size
        random = np.random.default_rng((seed, 8))
        self._bolts = []
        for _ in range(3):
            spot = np.array((width * random.uniform(0.2, 0.8), 0.0))
            points = [spot]
            while spot[1] < height * 0.46:
                step = (random.normal(0, 0.03) * height, random.uniform(0.01, 0.05) * height)
                spot = spot + np.array(step)
                points.append(spot)
            bolt = np.zeros((height, width), np.uint8)
            line = [np.round(np.array(points) * 8).astype(np.int32)]
            cv2.polylines(bolt, line, False, 255, max(1, height // 300), cv2.LINE_AA, 3)
            glow = cv2.GaussianBlur(bolt, (0, 0), height / 60)
            self._bolts.append(cv2.addWeighted(bolt, 1, glow, 2.5, 0))

    def __call__(self, frame: Frame, seconds: float) -> None:
        number, since = divmod(seconds + 3.4, 4.0)
        power = math.exp(-since * 7) + 0.7 * math.exp(-max(since - 0.22, 0) * 9) * (since > 0.22)
        if power < 0.02:
            return
        light = np.full_like(frame, 0)
        light[:] = (int(74 * power), int(66 * power), int(64 * power))
        cv2.add(frame, light, frame)
        bolt = cv2.convertScaleAbs(self._bolts[int(number) % 3], alpha=min(1.0, power))
        cv2.add(frame, cv2.merge([bolt, bolt, bolt]), frame)


def _rain(size: tuple[int, int], seed: int) -> Falling:
    random = np.random.default_rng(seed)
    tiles = []
    for length, count, thick, blur, speed, power in (
        (26, 260, 1, 0.7, 900, 0.40),
        (48, 120, 1, 0.9, 1350, 0.50),
        (90, 35, 2, 1.6, 2100, 0.45),
    ):
        tile = np.zeros((_TILE, _TILE), np.uint8)
        for _ in range(count):
            x, y, bright = (
                random.integers(0, _TILE),
                random.integers(0, _TILE),
                random.integers(70, 190),
            )
            for lap in (0, -_TILE):
                end = (int(x - length * 0.1), int(y + lap + length))
                cv2.line(tile, (int(x), int(y + lap)), end, int(bright * power), thick, cv2.LINE_AA)
        tiles.append((cast("Frame", cv2.GaussianBlur(tile, (0, 0), blur)), float(speed), 0.1))
    return Falling(tiles, size)


def _snow(size: tuple[int, int], seed: int) -> Falling:
    random = np.random.default_rng(seed)
    tiles = []
    for radius, count, blur, speed, power in (
        (1, 420, 0.8, 60, 0.60),
        (2, 180, 1.0, 100, 0.70),
        (4, 46, 2.2, 170, 0.75),
        (9, 11, 5.0, 300, 0.50),
    ):
        tile = np.zeros((_TILE, _TILE), np.uint8)
        for _ in range(count):
            spot = (int(random.integers(12, _TILE - 12)), int(random.integers(12, _TILE - 12)))
            cv2.circle(tile, spot, radius, int(random.integers(120, 255) * power), -1, cv2.LINE_AA)
        tiles.append((cast("Frame", cv2.GaussianBlur(tile, (0, 0), blur)), float(speed), -1.0))
    return Falling(tiles, size)


def _fireflies(size: tuple[int, int], seed: int) -> Motes:
    return Motes(size, seed, count=70, colour=(90, 235, 255))


def _embers(size: tuple[int, int], seed: int) -> Motes:
    return Motes(size, seed, count=90, colour=(40, 120, 255), rise=0.12)


def _dust(size: tuple[int, int], seed: int) -> Motes:
    return Motes(size, seed, count=45, colour=(90, 130, 160), blink=0.4)


WEATHERS: Mapping[str, Callable[[tuple[int, int], int], Weather]] = {
    "rain": _rain,
    "snow": _snow,
    "fireflies": _fireflies,
    "embers": _embers,
    "dust": _dust,
    "aurora": Aurora,
    "fireworks": Fireworks,
    "lightning": Lightning,
    "sweep": Sweep,
}


def _repeated(tile: Frame, width: int, height: int) -> Frame:
    across, down = -(-(width + _TILE) // _TILE), -(-(height + _TILE) // _TILE)
    return cast("Frame", np.tile(tile, (down, across)))


def _spot(radius: float) -> NDArray[np.float32]:
    reach = int(radius * 3)
    line = np.linspace(-1, 1, 2 * reach + 1)
    away = line[:, None] ** 2 + line[None, :] ** 2
    light = (np.exp(-away * 5) * 0.5 + np.exp(-away * 40)) * np.clip(1 - away, 0, 1)
    return np.minimum(light, 1).astype(np.float32)


def _add_light(
    frame: Frame, spot: NDArray[np.float32], middle: tuple[int, int], colour: NDArray[np.float32]
) -> None:
    height, width = frame.shape[:2]
    reach = spot.shape[0] // 2
    left, right = max(0, middle[0] - reach), min(width, middle[0] + reach + 1)
    top, bottom = max(0, middle[1] - reach), min(height, middle[1] + reach + 1)
    if right <= left or bottom <= top:
        return
    first_x, first_y = left - middle[0] + reach, top - middle[1] + reach
    part = spot[first_y : first_y + bottom - top, first_x : first_x + right - left]
    under = frame[top:bottom, left:right]
    cv2.add(under, np.minimum(part[..., None] * colour, 255).astype(np.uint8), under)


def _hue(turn: float) -> NDArray[np.float32]:
    phases = np.array([turn, turn + 0.33, turn + 0.67]) * 2 * np.pi
    return (150 + 105 * np.cos(phases)).astype(np.float32)
