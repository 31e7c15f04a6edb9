"""The faces of a city: walls of windows, shop fronts and lit signs, painted once."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

DENSITY = 192  # pixels of a painted wall for one unit of length
_NEON = (
    (255, 60, 200),
    (255, 200, 40),
    (90, 90, 255),
    (80, 255, 120),
    (255, 120, 60),
    (60, 180, 255),
    (240, 80, 255),
)
_LAMPS = ((120, 190, 255), (160, 215, 255), (235, 215, 190), (255, 190, 150))
_WALLS = ((118, 128, 140), (96, 112, 150), (150, 156, 158), (92, 100, 112), (128, 146, 172))


def wall(random: Generator, width: float, height: float, *, lit: bool) -> Frame:
    """Paint a wall of *width* × *height* units; *lit* by its own windows, or by the day."""
    columns, rows = int(width * DENSITY), int(height * DENSITY)
    tone = 0.11 if lit else 1.0
    colour = np.array(_WALLS[random.integers(len(_WALLS))]) * tone * random.uniform(0.8, 1.1)
    picture = np.empty((rows, columns, 3), np.uint8)
    picture[:] = np.clip(colour, 8, 235)
    _add_windows(picture, random, lit=lit)
    if lit and random.random() < 0.75:
        _add_tube(picture, random)
    _add_shops(picture, random, lit=lit)
    grain = random.normal(0, 3 if lit else 6, (rows // 4 + 1, columns // 4 + 1)).astype(np.float32)
    rough = cast("NDArray[np.float32]", cv2.resize(grain, (columns, rows)))
    return np.asarray(np.clip(picture + rough[..., None], 0, 255), np.uint8)


def sign(random: Generator, *, lit: bool) -> Frame:
    """Paint a tall sign of invented letters."""
    letters = int(random.integers(3, 6))
    side = 48
    picture = np.zeros((letters * side + 16, side + 16, 3), np.uint8)
    colour = _NEON[random.integers(len(_NEON))]
    other = _NEON[random.integers(len(_NEON))]
    if not lit:
        colour, other = (40, 40, 190), (60, 60, 60)
        picture[:] = (225, 230, 235)
    edge = (picture.shape[1] - 4, picture.shape[0] - 4)
    cv2.rectangle(picture, (3, 3), edge, other, 2, cv2.LINE_AA)
    for letter in range(letters):
        _add_letter(picture, random, (8, 8 + letter * side), colour)
    return _glowing(picture) if lit else picture


def _add_windows(picture: Frame, random: Generator, *, lit: bool) -> None:
    rows, columns = picture.shape[:2]
    across = int(random.integers(13, 26))
    down = int(random.integers(20, 30))
    awake = random.uniform(0.28, 0.6)
    fill_x, fill_y = random.uniform(0.5, 0.86), random.uniform(0.4, 0.62)
    tint = np.array(_LAMPS[random.integers(len(_LAMPS))], np.float64)
    for y in range(int(DENSITY * 0.42), rows - down, down):
        busy = random.random() < 0.12
        for x in range(across // 3, columns - across, across):
            corner = (x, y)
            end = (x + int(across * fill_x), y + int(down * fill_y))
            if lit:
                on = random.random() < (0.95 if busy else awake)
                power = random.uniform(0.25, 1.0) ** 1.6 if on else 0.06
                mixed = tint * 0.75 + np.array(_LAMPS[random.integers(len(_LAMPS))]) * 0.25
                colour = mixed * power if on else np.array((40, 26, 22)) * random.uniform(0.5, 1.3)
            else:
                colour = np.array((170, 140, 105)) * random.uniform(0.35, 0.95)
            cv2.rectangle(picture, corner, end, tuple(float(c) for c in colour), -1)


def _add_tube(picture: Frame, random: Generator) -> None:
    rows, columns = picture.shape[:2]
    colour = _NEON[random.integers(len(_NEON))]
    glow = np.zeros((rows, columns, 3), np.uint8)
    if random.random() < 0.5:
        x = int(columns * random.uniform(0.1, 0.9))
        cv2.line(glow, (x, int(rows * 0.1)), (x, rows - DENSITY // 2), colour, 5)
    else:
        for y in range(int(rows * 0.15), rows - DENSITY, int(DENSITY * random.uniform(0.8, 1.6))):
            cv2.line(glow, (0, y), (columns, y), colour, 3)
    coarse = cv2.resize(glow, (columns // 4, rows // 4), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 9 / 4), (columns, rows))
    cv2.add(picture, glow, picture)
    cv2.add(picture, soft, picture)
    cv2.add(picture, soft, picture)


def _add_shops(picture: Frame, random: Generator, *, lit: bool) -> None:
    rows, columns = picture.shape[:2]
    top, x = rows - int(DENSITY * 0.36), 4
    picture[top - 6 :] = (16, 13, 12) if lit else (70, 70, 74)
    while x < columns - 30:
        width = int(random.integers(56, 120))
        end = min(x + width - 8, columns - 4)
        colour = np.array(_NEON[random.integers(len(_NEON))], np.float64)
        warm = np.array(_LAMPS[random.integers(len(_LAMPS))], np.float64)
        pane = (warm * 0.7 + colour * 0.2) * random.uniform(0.35, 0.95)
        if not lit:
            pane = np.array((120, 105, 90)) * random.uniform(0.5, 1.1)
        cv2.rectangle(picture, (x, top + 20), (end, rows - 6), tuple(map(float, pane)), -1)
        for bar in range(x, end, 22):
            cv2.line(picture, (bar, top + 20), (bar, rows - 6), (14, 12, 12), 2)
        board = colour if lit else colour * 0.55 + 40
        cv2.rectangle(picture, (x, top), (end, top + 14), tuple(map(float, board)), -1)
        x += width


def _add_letter(
    picture: Frame, random: Generator, corner: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    x, y = corner
    for _ in range(int(random.integers(3, 6))):
        if random.random() < 0.5:
            level = y + int(random.integers(6, 38))
            cv2.line(picture, (x + 8, level), (x + 40, level), colour, 3, cv2.LINE_AA)
        else:
            aside = x + int(random.integers(8, 40))
            first = y + int(random.integers(6, 20))
            cv2.line(picture, (aside, first), (aside, y + 40), colour, 3, cv2.LINE_AA)


def _glowing(picture: Frame) -> Frame:
    soft = cv2.GaussianBlur(picture, (0, 0), 7)
    return np.asarray(cv2.add(cv2.add(picture, soft), np.full_like(picture, 9)), np.uint8)
