"""Painted looks for whole scenes: cheap ones, made of blurs, edges and a sheet of paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.noise import Tile, fractal

Paint = Callable[[Frame], Frame]


def _paper(size: tuple[int, int], strength: float) -> NDArray[np.float32]:
    """Make a sheet of rough paper: what light falls on it is multiplied by."""
    width, height = size
    tile = fractal(7, 512, cells=32, octaves=4, gain=0.7)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rough = cv2.GaussianBlur(Tile.of(tile).at(x * 2.3, y * 2.3), (0, 0), 0.7)
    return cast("NDArray[np.float32]", (1 - strength * 0.5 + strength * rough)[..., None])


def _edges(frame: Frame) -> NDArray[np.float32]:
    """Find the lines of *frame*: 1 on a line, 0 beside it."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    fine, broad = cv2.GaussianBlur(grey, (0, 0), 0.9), cv2.GaussianBlur(grey, (0, 0), 2.2)
    step = broad.astype(np.float32) - fine.astype(np.float32)
    return cast("NDArray[np.float32]", np.clip(step / 9, 0, 1))


def _smeared(frame: Frame, rounds: int) -> Frame:
    half = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for _ in range(rounds):
        half = cv2.medianBlur(half, 5)
    return cast("Frame", cv2.resize(half, (frame.shape[1], frame.shape[0])))


def _watercolour(size: tuple[int, int]) -> Paint:
    paper = _paper(size, 0.09)

    def paint(frame: Frame) -> Frame:
        smear = _smeared(frame, 2)
        wash = smear.astype(np.float32)
        wash = 255 - (255 - wash) * 0.86
        darker = 1 - 0.30 * _edges(smear)[..., None]
        return np.clip(wash * darker * paper, 0, 255).astype(np.uint8)

    return paint


def _oil(size: tuple[int, int]) -> Paint:
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    swirl = Tile.of(fractal(11, 512, cells=8, octaves=3) - np.float32(0.5))
    reach = height * 0.030
    across = x + swirl.at(x * 0.8, y * 0.8) * reach
    down = y + swirl.at(y * 0.8 + 131, x * 0.8) * reach
    strokes = fractal(13, 512, cells=64, octaves=2)
    combed = np.stack([np.roll(strokes, step, axis=1) for step in range(14)]).mean(axis=0)
    along, aside = across + down * 0.6, down - across * 0.6
    relief = Tile.of(combed.astype(np.float32)).at(along * 0.9, aside * 0.9)
    light = (1 + (relief - np.roll(relief, 2, axis=0)) * 0.75)[..., None]

    def paint(frame: Frame) -> Frame:
        moved = cv2.remap(
            _smeared(frame, 2), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        rich = cv2.convertScaleAbs(moved, alpha=1.12, beta=-8)
        return np.clip(rich * light, 0, 255).astype(np.uint8)

    return paint


def _ink(size: tuple[int, int]) -> Paint:
    paper = _paper(size, 0.16) * np.array((0.86, 0.94, 0.99), np.float32)

    def paint(frame: Frame) -> Frame:
        soft = cv2.cvtColor(_smeared(frame, 2), cv2.COLOR_BGR2GRAY).astype(np.float32)
        wash = 255 * np.clip((soft - soft.min()) / max(float(np.ptp(soft)), 1) * 1.25, 0, 1) ** 0.8
        drawn = wash * (1 - 0.75 * _edges(frame))
        return np.asarray(np.clip(drawn[..., None] * paper, 0, 255), np.uint8)

    return paint


def _sketch(size: tuple[int, int]) -> Paint:
    paper = _paper(size, 0.14)

    def paint(frame: Frame) -> Frame:
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        blurred = cv2.GaussianBlur(cv2.bitwise_not(grey), (0, 0), 7)
        dodge = cv2.divide(grey, cv2.bitwise_not(blurred), scale=245).astype(np.float32)
        tone = dodge * 0.78 + grey * 0.22
        return np.clip(tone[..., None] * paper, 0, 255).astype(np.uint8).repeat(3, axis=2)

    return paint


def _noir(_size: tuple[int, int]) -> Paint:
    steps = np.arange(256) / 255
    curve = np.clip((steps * steps * (3 - 2 * steps)) * 262 - 6, 0, 255).astype(np.uint8)

    def paint(frame: Frame) -> Frame:
        grey = curve[np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)]
        return cast("Frame", cv2.merge([grey, grey, grey]))

    return paint


def _vintage(_size: tuple[int, int]) -> Paint:
    turn = np.array([[0.42, 0.34, 0.08], [0.12, 0.66, 0.20], [0.10, 0.42, 0.54]], np.float32)

    def paint(frame: Frame) -> Frame:
        warm = cv2.transform(frame, turn)
        return cast("Frame", cv2.convertScaleAbs(warm, alpha=0.92, beta=14))

    return paint


def _toon(_size: tuple[int, int]) -> Paint:
    levels = (np.arange(256) // 28 * 28 + 14).clip(0, 255)
    curve = ((levels * 0.6 + np.arange(256) * 0.4) * 1.04).clip(0, 255).astype(np.uint8)

    def paint(frame: Frame) -> Frame:
        flat = cast("Frame", cv2.LUT(_smeared(frame, 2), curve))
        lines = 1 - 0.8 * _edges(frame)[..., None]
        return np.clip(flat * lines, 0, 255).astype(np.uint8)

    return paint


PAINTS: Mapping[str, Callable[[tuple[int, int]], Paint]] = {
    "watercolour": _watercolour,
    "oil": _oil,
    "ink": _ink,
    "sketch": _sketch,
    "noir": _noir,
    "vintage": _vintage,
    "toon": _toon,
}
