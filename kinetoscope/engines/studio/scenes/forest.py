"""A forest: layers of pines that fade into the mist, each moving less than the one before it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kinetoscope.engines.studio.camera import saturated
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import Layer, lay, layer_of, put_over, spread
from kinetoscope.engines.studio.scenes.noise import fractal
from kinetoscope.engines.studio.scenes.terrain import Sway

Bgr = tuple[int, int, int]
_LAYERS = 7


@dataclass(frozen=True, slots=True)
class _Palette:
    top: Bgr
    mist: Bgr
    near: Bgr
    glow: Bgr
    sun: float


_PALETTES: Mapping[str, _Palette] = {
    "day": _Palette((225, 205, 165), (238, 240, 226), (40, 66, 36), (245, 255, 255), 0.6),
    "sunrise": _Palette((196, 170, 150), (178, 214, 250), (28, 34, 26), (190, 235, 255), 1.0),
    "sunset": _Palette((120, 96, 150), (112, 176, 250), (20, 22, 30), (150, 220, 255), 1.0),
    "dusk": _Palette((96, 62, 58), (156, 112, 176), (24, 15, 14), (205, 190, 250), 0.7),
    "night": _Palette((46, 24, 10), (112, 78, 40), (20, 12, 6), (240, 220, 190), 0.8),
    "storm": _Palette((128, 122, 116), (172, 168, 162), (40, 38, 34), (200, 200, 200), 0.0),
}


class Forest:
    """A pine forest at one time of day, in *snow* or not."""

    ground, air, wet = 0.93, 0.30, False
    deep, open = False, False

    def __init__(
        self,
        time: str,
        size: tuple[int, int],
        *,
        seed: int,
        sway: Sway,
        pace: float = 1.0,
        snow: bool = False,
    ) -> None:
        self._size, self._sway = size, sway
        self._pace = pace
        self._palette = _PALETTES[time]
        random = np.random.default_rng(seed)
        sky = _sky(self._palette, size, seed=seed if time == "night" else None)
        self._sky = cast("Frame", cv2.cvtColor(sky, cv2.COLOR_BGR2BGRA))
        self._layers = [
            _layer(self._palette, size, random, number / (_LAYERS - 1), snow=snow)
            for number in range(_LAYERS)
        ]
        self._mists = {
            number: _mist(self._palette.mist, seed, size, number) for number in (1, 3, 5)
        }

    def frame(self, seconds: float) -> Frame:
        """Draw the forest as it looks *seconds* after the film began."""
        width, height = self._size
        aside, up, ahead, yaw = self._sway(seconds)
        # The layers are only so wide: the camera slows down before it sees their ends.
        slide = 0.75 * math.tanh((0.06 * self._pace * seconds - 0.21 + aside * 0.6 + yaw) / 0.75)
        closer = 1 + saturated(0.022 * seconds * self._pace, 0.35, 0.2) + ahead * 0.10
        moves = []
        for number, layer in enumerate(self._layers):
            near = layer.nearness
            zoom = 1 + (closer - 1) * (0.08 + near**1.5)
            offset = (layer.picture.shape[1] - width) / 2 + slide * width * (
                0.03 + 0.42 * near**1.4
            )
            lean = 0.0012 * math.sin(seconds * 1.1 + number) * (0.3 + near)
            matrix = np.array(
                [
                    [
                        zoom,
                        lean * zoom,
                        width / 2 - zoom * (width / 2 + offset) - lean * layer.base,
                    ],
                    [0, zoom, (1 - zoom) * layer.base * 0.9 + up * height * 0.1 * near],
                ],
                np.float32,
            )
            moves.append(matrix)
        return self._laid(moves, seconds)

    def _laid(self, moves: list[NDArray[np.float32]], seconds: float) -> Frame:
        """Lay the layers, each as far down as no nearer one hides it."""
        width, height = self._size
        frame = self._sky.copy()
        spreads = [
            spread(layer, move, width) for layer, move in zip(self._layers, moves, strict=True)
        ]
        nearer = [*(full for _, full in spreads[1:]), np.full_like(spreads[0][1], height)]
        until = np.minimum.accumulate(nearer[::-1])[::-1]
        for number, (layer, move) in enumerate(zip(self._layers, moves, strict=True)):
            lay(frame, layer, move, (spreads[number][0], until[number]))
            if number in self._mists:
                self._add_mist(frame, seconds, number, min(height, int(until[number].max())))
        return cast("Frame", cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR))

    def _add_mist(self, frame: Frame, seconds: float, number: int, until: int) -> None:
        width = frame.shape[1]
        mist, top = self._mists[number]
        drift = int(seconds * width * 0.012 * number + number * 137) % (mist.shape[1] // 2)
        if until > top:
            put_over(frame[top:until], mist[: until - top, drift : drift + width])


def _sky(palette: _Palette, size: tuple[int, int], *, seed: int | None) -> Frame:
    """Paint the sky, with stars where there is a *seed* for them."""
    width, height = size
    down = np.linspace(0, 1, height)[:, None, None]
    sky = np.array(palette.top) * (1 - down) + np.array(palette.mist) * down
    sky = np.repeat(sky, width, axis=1)
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot(x - width * 0.64, y - height * 0.34) / height
    glow = np.exp(-away * 3.0)[..., None] * 0.6
    disc = (np.clip((0.052 - away) * height * 0.7, 0, 1) * palette.sun)[..., None]
    sky = sky * (1 - glow * 0.5) + np.array(palette.glow) * (glow + disc)
    if seed is not None:
        random = np.random.default_rng(seed)
        for _ in range(260):
            spot = random.integers(0, width), random.integers(0, int(height * 0.6))
            sky[spot[1], spot[0]] += 60 + 150 * random.random() ** 3
    return np.asarray(np.clip(sky, 0, 255), np.uint8)


def _layer(
    palette: _Palette, size: tuple[int, int], random: Generator, near: float, *, snow: bool
) -> Layer:
    width, height = int(size[0] * (1.25 + 0.5 * near)) // 2 * 2, size[1]
    far = (1 - near) ** 1.5
    mist, top = np.array(palette.mist), np.array(palette.top)
    tone = mist * far * 0.90 + np.array(palette.near) * (1 - far) + top * 0.08 * (1 - near)
    base = height * (0.60 + 0.36 * near**1.3)
    cover = np.zeros((height, width), np.uint8)
    colour = np.empty((height, width, 3), np.float32)
    colour[:] = tone
    tall = height * (0.18 + 0.80 * near**1.25)
    waves = [
        base
        + height * (0.02 * math.sin(q * 12.56 + near * 6) + 0.012 * math.sin(q * 31 + near * 9))
        for q in np.linspace(0, 1, 65)
    ]
    crowd = int((46 * (1 - near) ** 1.2 + 6) * size[0] / size[1] * 0.62) + 2
    for spot in np.sort(random.random(crowd)):
        foot = waves[int(spot * 64)] + 4
        if near > 0.55 and abs(spot - 0.5) < 0.20:
            continue  # a clearing, for whoever walks through it
        _add_pine(cover, colour, (spot * width, foot), tall * random.uniform(0.6, 1.15), random)
    if snow:
        _add_snow(colour, cover, max(2, int(tall * 0.016)), near)
    edge = [(q / 64 * width, waves[q]) for q in range(65)] + [(width, height), (0, height)]
    floor = np.zeros((height, width), np.uint8)
    cv2.fillPoly(floor, [np.array(edge, np.int32)], 255, cv2.LINE_AA)
    soil = tone * 0.30 + np.array((238, 222, 210)) * (0.42 + 0.4 * (1 - near)) if snow else tone
    soil = soil * (0.55 + 0.45 * min(1.0, mist.mean() / 170)) if snow else soil * 0.92
    ground = int(np.argmax(floor.any(axis=1)))
    share = floor[ground:, :, None] * np.float32(1 / 255)
    colour[ground:] += (soil.astype(np.float32) - colour[ground:]) * share
    cover = np.maximum(cover, floor)
    down = np.linspace(0, 1, height)
    haze = np.clip((down - base / height + 0.16) / 0.26, 0, 1) * 0.6 * (1 - near)
    for row in np.flatnonzero(haze):
        colour[row] += (mist * 0.95 - colour[row]) * haze[row]
    return layer_of(colour, cover, near, base)


def _add_pine(
    cover: Frame,
    colour: NDArray[np.float32],
    foot: tuple[float, float],
    tall: float,
    random: Generator,
) -> None:
    """Draw one pine: tiers of drooping branches, a little lighter on the side of the sun."""
    x, y = foot
    broad = tall * random.uniform(0.17, 0.23)
    tiers = int(8 + tall / 26)
    right: list[tuple[float, float]] = [(x, y - tall)]
    left: list[tuple[float, float]] = [(x, y - tall)]
    for tier in range(1, tiers + 1):
        part = tier / tiers
        level = y - tall + tall * 0.93 * part
        for side, edge in ((1, right), (-1, left)):
            reach = broad * part**0.85 * random.uniform(0.78, 1.12)
            edge.append((x + side * reach, level + tall * random.uniform(0.008, 0.024)))
            edge.append((x + side * reach * 0.52, level - tall * 0.008))
    trunk = tall * 0.018
    right += [(x + trunk, y - tall * 0.06), (x + trunk, y)]
    left += [(x - trunk, y - tall * 0.06), (x - trunk, y)]
    outline = np.round(np.array(right + left[::-1]) * 8).astype(np.int32)
    cv2.fillPoly(cover, [outline], 255, cv2.LINE_AA, 3)
    x0, x1 = max(0, int(x - broad * 1.2)), min(cover.shape[1], int(x + broad * 1.2) + 1)
    y0, y1 = max(0, int(y - tall)), min(cover.shape[0], int(y) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    aside = np.clip((np.arange(x0, x1, dtype=np.float32) - x) / broad, -1, 1)[:, None]
    shade = np.float32(random.uniform(0.90, 1.10)) * (1 + np.float32(0.10) * aside)
    inside = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(inside, [outline - np.array((x0, y0)) * 8], 255, cv2.LINE_AA, 3)
    colour[y0:y1, x0:x1] *= 1 + (shade - 1) * (inside[..., None] * np.float32(1 / 255))


def _add_snow(colour: NDArray[np.float32], cover: Frame, thick: int, near: float) -> None:
    """Let snow lie wherever there is nothing just above."""
    above = np.full_like(cover, 255)
    above[thick:] = cover[:-thick]
    lying = (cover > 0) & (above < 128)
    soft = cv2.GaussianBlur(lying.astype(np.float32), (0, 0), 0.8)[..., None]
    white = np.array((250, 240, 232), np.float32) * (0.95 - 0.25 * near)
    colour += (white - colour) * soft * 0.72 * (1 - 0.25 * near)


def _mist(colour: Bgr, seed: int, size: tuple[int, int], number: int) -> tuple[Frame, int]:
    """Paint the mist before layer *number* as layers are, from some row on."""
    width, height = size
    tile = fractal(seed + 70, 256, octaves=4)
    wide = cv2.resize(np.tile(tile, (1, 2)), (width * 3, height), interpolation=cv2.INTER_CUBIC)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    band = np.clip((down - 0.50) / 0.16, 0, 1) * np.clip((0.98 - down) / 0.25, 0, 1)
    top = int(height * (0.52 + 0.05 * number))
    rise = np.clip(np.arange(height - top, dtype=np.float32) / (height * 0.12), 0, 1)[:, None]
    share = np.clip(wide[top:], 0, 1) * (band[top:] * rise * (0.50 - 0.06 * number) * 255)
    level = share.round().astype(np.uint8)
    inks = np.array([*((band / 255, 0) for band in colour), (-1, 255)], np.float32)
    return cast("Frame", cv2.transform(level, inks)), top
