"""Under water: light from above, sand with moving caustics, corals and weed that fade into blue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import Layer, lay, layer_of
from kinetoscope.engines.studio.scenes.noise import Field, Tile, fractal, smooth
from kinetoscope.engines.studio.scenes.terrain import Sway

Bgr = tuple[float, float, float]
_HORIZON = 0.56
_LAYERS = 4
_CORALS: tuple[Bgr, ...] = (
    (70, 96, 226), (120, 80, 208), (60, 150, 236), (170, 92, 168), (96, 178, 214), (130, 160, 96),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Water:
    """The light of one hour under water: near the surface, far away, and on the sand."""

    surface: Bgr
    far: Bgr
    sand: Bgr
    sun: float


_WATERS: Mapping[str, _Water] = {
    "day": _Water((236, 214, 128), (150, 104, 24), (168, 184, 168), 1.0),
    "sunrise": _Water((214, 206, 160), (138, 96, 36), (146, 164, 166), 0.8),
    "sunset": _Water((170, 176, 178), (116, 76, 44), (120, 132, 146), 0.7),
    "dusk": _Water((128, 96, 60), (78, 46, 22), (82, 76, 66), 0.35),
    "night": _Water((92, 62, 22), (46, 24, 8), (58, 46, 30), 0.30),
    "storm": _Water((150, 148, 108), (92, 74, 36), (104, 108, 96), 0.3),
}


class Deep:
    """A reef a few fathoms down, at one time of day."""

    ground, air, wet = 0.84, 0.40, False
    deep, open = True, False

    def __init__(
        self, time: str, size: tuple[int, int], *, seed: int, sway: Sway, pace: float = 1.0
    ) -> None:
        self._size, self._sway, self._pace = size, sway, pace
        self._water = _WATERS[time]
        width, height = size
        self._back = _back(self._water, size)
        self._ripples = Tile.of(_caustics(seed))
        self._sand = Tile.of(fractal(seed + 6, 512, cells=8, octaves=7, gain=0.62))
        random = np.random.default_rng((seed, 5))
        self._layers = [
            _reef(self._water, size, random, number / (_LAYERS - 1)) for number in range(_LAYERS)
        ]
        self._shafts = Tile.of(fractal(seed + 9, 512, cells=16, octaves=4, gain=0.6))
        self._bubbles = random.random((26, 4))
        self._motes = random.random((90, 4))
        y, x = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
        self._angle = np.arctan2(x / width - 0.36, y / height + 0.55).astype(np.float32)
        self._sinking = np.clip(1.02 - y / height * 1.35, 0, 1) ** 1.4

    def frame(self, seconds: float) -> Frame:
        """Draw the reef as it looks *seconds* after the film began."""
        width, height = self._size
        aside, up, ahead, yaw = self._sway(seconds)
        slide = 0.6 * math.tanh((0.035 * self._pace * seconds - 0.1 + aside * 0.5 + yaw) / 0.6)
        ahead = ahead * 0.5 + 0.05 * seconds * self._pace
        frame = self._back.copy()
        self._add_sand(frame, (slide * 1.4, ahead), seconds)
        for number, layer in enumerate(self._layers):
            near = layer.nearness
            grown = 1 + 0.5 * math.tanh(ahead * (0.05 + 0.24 * near**1.5))
            spare = (layer.picture.shape[1] - width) / 2
            offset = spare + slide * width * (0.05 + 0.38 * near**1.4)
            lean = 0.012 * math.sin(seconds * 0.9 + 1.7 * number) * (0.4 + near)
            lay(
                frame,
                layer,
                np.array(
                    [
                        [
                            grown,
                            -lean,
                            width / 2 - grown * (width / 2 + offset) + lean * layer.base,
                        ],
                        [0, grown, (1 - grown) * height * _HORIZON + up * height * 0.1 * near],
                    ],
                    np.float32,
                ),
            )
        self._add_light(frame, seconds)
        self._add_bubbles(frame, seconds)
        return frame

    def _add_sand(self, frame: Frame, place: tuple[float, float], seconds: float) -> None:
        """Lay sand on the ground, with the net of light that waves cast on it, at half size."""
        width, height = self._size
        first = int(height * _HORIZON) + 2
        rows = np.arange(first, height, 2, dtype=np.float32)[:, None]
        columns = np.arange(0, width, 2, dtype=np.float32)[None, :]
        away = np.minimum(height * 0.42 / (rows - height * _HORIZON + 1), 26)
        x = (columns - width / 2) / height * away * 1.1 + place[0] * 3
        z = away + place[1] * 2 + 0 * x
        grain = self._sand.at(x * 60, z * 60)
        waves = np.sin(z * 7 + 3 * self._sand.at(x * 16, z * 16)) * np.clip(1.6 - away * 0.25, 0, 1)
        drift = seconds * 9
        net = np.minimum(
            self._ripples.at(x * 84 + drift, z * 84 + drift * 0.7),
            self._ripples.at(x * 71 - drift * 0.8, z * 77 + drift * 0.4),
        )
        net = net * np.clip(1.5 - away * 0.16, 0.0, 1) * self._water.sun
        tone = (0.66 + 0.40 * grain + 0.08 * waves)[..., None] * np.array(
            self._water.sand, np.float32
        )
        tone += net[..., None] * np.array((130, 185, 170), np.float32)
        far = np.array(self._water.far, np.float32)
        clear = np.exp(-np.maximum(away - 0.8, 0) * 0.16)[..., None]
        sand = (far + (tone - far) * clear).clip(0, 255).astype(np.uint8)
        frame[first:] = cv2.resize(sand, (width, height - first), interpolation=cv2.INTER_CUBIC)

    def _add_light(self, frame: Frame, seconds: float) -> None:
        """Let shafts of sun fall through the water."""
        along = self._angle * 150
        shafts = self._shafts.at(along + seconds * 5, np.full_like(along, 40 + seconds * 7))
        more = self._shafts.at(along * 2.3 - seconds * 6, np.full_like(along, 200 + seconds * 5))
        light = smooth(0.50, 1.0, shafts * 0.65 + more * 0.35) * self._sinking * self._water.sun
        large = cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR)
        level = (large * 120).astype(np.uint8)
        shine = cv2.merge([level, cv2.convertScaleAbs(level, alpha=0.96),
                           cv2.convertScaleAbs(level, alpha=0.62)])  # fmt: skip
        cv2.add(frame, shine, frame)

    def _add_bubbles(self, frame: Frame, seconds: float) -> None:
        width, height = self._size
        for x, y, large, phase in self._motes:
            at_x = (x + 0.02 * math.sin(seconds * 0.5 + phase * 6) + seconds * 0.004) % 1
            at_y = (y + 0.015 * math.sin(seconds * 0.4 + phase * 9) - seconds * 0.003) % 1
            tone = 26 + 44 * large
            spot = (int(at_x * width * 16), int(at_y * height * 16))
            radius = int(max(0.6, height / 720 * (0.6 + large)) * 16)
            colour = cv2.mean(frame[int(at_y * (height - 1)), int(at_x * (width - 1))][None, None])
            cv2.circle(frame, spot, radius, tuple(min(255.0, c + tone) for c in colour[:3]), -1,
                       cv2.LINE_AA, 4)  # fmt: skip
        for x, y, large, phase in self._bubbles:
            rise = (y - seconds * (0.07 + 0.06 * large)) % 1.15
            at_x = (0.12 + 0.14 * (x > 0.5) * 4 + 0.05 * x) + 0.012 * math.sin(
                seconds * 3 + phase * 9
            )
            spot = (int(at_x * width * 16), int((rise - 0.05) * height * 16))
            radius = int(height / 720 * (2 + 6 * large * large) * 16)
            cv2.circle(frame, spot, radius, (236, 232, 206), 1, cv2.LINE_AA, 4)
            glint = (spot[0] - radius // 3, spot[1] - radius // 3)
            cv2.circle(frame, glint, radius // 4, (250, 250, 240), -1, cv2.LINE_AA, 4)


def _back(water: _Water, size: tuple[int, int]) -> Frame:
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    down = (y / (height * _HORIZON)).clip(0, 1)[..., None] ** 0.75
    surface, far = np.array(water.surface, np.float32), np.array(water.far, np.float32)
    back = surface + (far - surface) * down
    away = np.hypot((x - width * 0.38) / width * 1.2, (y + height * 0.06) / height)
    back += np.exp(-away * 4.2)[..., None] * 110 * water.sun
    back += np.random.default_rng(2).normal(0, 0.7, (height, width, 1))
    return cast("Frame", back.clip(0, 255).astype(np.uint8))


def _caustics(seed: int) -> Field:
    """Make a net of light: the ridges between cells of noise."""
    cells = fractal(seed + 31, 512, cells=16, octaves=2, gain=0.35)
    return cast("Field", (np.clip(1 - np.abs(cells * 2 - 1) * 2.6, 0, 1) ** 2).astype(np.float32))


# ── the reef ──────────────────────────────────────────────────────────────────────────────────────


def _reef(water: _Water, size: tuple[int, int], random: Generator, near: float) -> Layer:
    width, height = int(size[0] * (1.2 + 0.5 * near)) // 2 * 2, size[1]
    base = height * (_HORIZON + 0.06 + 0.36 * near**1.5)
    colour = np.zeros((height, width, 3), np.float32)
    cover = np.zeros((height, width), np.uint8)
    scale = height * (0.07 + 0.17 * near**1.2)
    count = int((9 - 4 * near) * size[0] / size[1]) + 2
    for number in range(count):
        middle = (number + random.random()) / count
        if near > 0.5 and abs(middle - 0.5) < 0.22:
            continue  # an open place, for whoever swims through it
        foot = (middle * width, base + height * 0.03 * random.random())
        _rock(colour, cover, foot, scale * random.uniform(0.7, 1.3), random)
        for _ in range(3):
            spot = (foot[0] + scale * random.uniform(-0.9, 0.9), foot[1] - scale * 0.15)
            kind = (_brain, _branches, _fan, _weed)[int(random.integers(4))]
            kind(colour, cover, spot, scale * random.uniform(0.6, 1.2), random)
    far = np.array(water.far, np.float32)
    dim = np.array(water.sand, np.float32) / 190
    colour *= dim
    colour += (far - colour) * (0.86 - 0.74 * near)
    fade = np.linspace(1.15, 0.75, height, dtype=np.float32)[:, None, None]
    return layer_of(colour * fade, cover, near, base)


def _filled(
    colour: NDArray[np.float32],
    cover: Frame,
    points: NDArray[np.float64],
    tone: NDArray[np.float32],
) -> None:
    outline = [np.round(points * 8).astype(np.int32)]
    cv2.fillPoly(cover, outline, 255, cv2.LINE_AA, 3)
    cv2.fillPoly(colour, outline, tuple(map(float, tone)), cv2.LINE_AA, 3)


def _ink(random: Generator, power: float = 1.0) -> NDArray[np.float32]:
    ink = np.array(_CORALS[int(random.integers(len(_CORALS)))], np.float32)
    return cast("NDArray[np.float32]", ink * np.float32(random.uniform(0.7, 1.05) * power))


def _rock(
    colour: NDArray[np.float32],
    cover: Frame,
    foot: tuple[float, float],
    size: float,
    random: Generator,
) -> None:
    turn = np.linspace(math.pi, 0, 26)
    rough = 1 + 0.16 * np.interp(np.arange(26), np.arange(0, 26, 3), random.normal(0, 1, 9))
    arch = np.stack([np.cos(turn) * 1.25 * rough, -np.sin(turn) * 0.62 * rough], axis=1)
    for shrink, power in ((1.0, 0.62), (0.86, 0.80), (0.62, 0.98)):
        lift = (1 - shrink) * np.array((0.12, -0.30)) * size
        foot_line = np.stack([-arch[:, 0], 0.10 + 0.03 * np.sin(arch[:, 0] * 9)], axis=1)
        points = np.concatenate([arch, foot_line]) * size * shrink
        tone = np.array((92, 96, 88), np.float32) * np.float32(power)
        _filled(colour, cover, points + np.array(foot) + lift, tone)


def _brain(
    colour: NDArray[np.float32],
    cover: Frame,
    foot: tuple[float, float],
    size: float,
    random: Generator,
) -> None:
    ink = _ink(random)
    for part in np.linspace(1, 0.15, 7):
        turn = np.linspace(0, 2 * math.pi, 30)
        ball = np.stack([np.cos(turn) * 0.42, np.sin(turn) * 0.36 - 0.20], axis=1) * size * part
        shift = np.array((0.10, -0.14)) * size * (1 - part)
        tone = ink * np.float32(0.55 + 0.5 * (1 - part))
        _filled(colour, cover, ball + np.array(foot) + shift, tone)


def _branches(
    colour: NDArray[np.float32],
    cover: Frame,
    foot: tuple[float, float],
    size: float,
    random: Generator,
) -> None:
    ink = _ink(random)

    def grow(at: NDArray[np.float64], angle: float, length: float, level: int) -> None:
        end = at + np.array((math.sin(angle), -math.cos(angle))) * length
        thick = max(1, int(size * 0.075 * 0.72**level))
        low, high = ((int(p[0] * 8), int(p[1] * 8)) for p in (at, end))
        tone = tuple(map(float, ink * np.float32(0.66 + 0.12 * level)))
        cv2.line(cover, low, high, 255, thick, cv2.LINE_AA, 3)
        cv2.line(colour, low, high, tone, thick, cv2.LINE_AA, 3)
        if level < 4:
            for side in (-1, 1):
                grow(end, angle + side * random.uniform(0.22, 0.55), length * 0.74, level + 1)

    for angle in (-0.5, 0.0, 0.45):
        grow(np.array(foot), angle + random.uniform(-0.15, 0.15), size * 0.30, 0)


def _fan(
    colour: NDArray[np.float32],
    cover: Frame,
    foot: tuple[float, float],
    size: float,
    random: Generator,
) -> None:
    ink, thick = _ink(random), max(1, int(size * 0.018))
    for angle in np.linspace(-1.0, 1.0, 17):
        reach = size * (0.80 + 0.12 * math.cos(angle * 5)) * random.uniform(0.9, 1.05)
        points = [
            (
                foot[0] + math.sin(angle * t**0.6) * reach * t,
                foot[1] - math.cos(angle * t**0.6) * reach * t,
            )
            for t in np.linspace(0, 1, 7)
        ]
        line = [np.round(np.array(points) * 8).astype(np.int32)]
        cv2.polylines(cover, line, False, 255, thick + 1, cv2.LINE_AA, 3)
        tone = tuple(map(float, ink * np.float32(0.8 + 0.3 * random.random())))
        cv2.polylines(colour, line, False, tone, thick + 1, cv2.LINE_AA, 3)


def _weed(
    colour: NDArray[np.float32],
    cover: Frame,
    foot: tuple[float, float],
    size: float,
    random: Generator,
) -> None:
    for _ in range(6):
        x = foot[0] + size * random.uniform(-0.3, 0.3)
        bend, tall = random.uniform(-0.35, 0.35), size * random.uniform(0.9, 1.9)
        part = np.linspace(0, 1, 14)
        wave = np.sin(part * 5 + bend * 9) * size * 0.08 * part + bend * tall * part**2
        spine = np.stack([x + wave, foot[1] - tall * part], axis=1)
        broad = (size * 0.05 * np.sin(np.pi * (part * 0.92 + 0.08)))[:, None] * np.array((1.0, 0.0))
        blade = np.concatenate([spine + broad, (spine - broad)[::-1]])
        tone = np.array((52, 112, 74), np.float32) * np.float32(random.uniform(0.6, 1.15))
        _filled(colour, cover, blade, tone)
