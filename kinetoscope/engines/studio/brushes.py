"""Brushes: looks that draw the picture again, with paint, ink or pencil."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.grades import Grade
from kinetoscope.engines.studio.scenes.layers import lay_over
from kinetoscope.engines.studio.vision import Map

Brush = Callable[[Frame], Frame]


class Steady:
    """Keeps a brush from flickering: what rests in the source rests in the drawing."""

    def __init__(self, brush: Brush) -> None:
        self._brush = brush
        self._source: Frame | None = None
        self._drawn: Frame | None = None

    def __call__(self, picture: Frame) -> Frame:
        """Draw the next frame."""
        drawn = self._brush(picture)
        if self._source is not None and self._drawn is not None:
            blue, green, red = cv2.split(cv2.absdiff(picture, self._source))
            moved = cv2.max(cv2.max(blue, green), red)
            fresh = cv2.LUT(cv2.blur(moved, (7, 7)), _FRESH)
            kept = self._drawn.copy()
            lay_over(kept, drawn, cast("Frame", fresh))
            drawn = kept
        self._source, self._drawn = picture, drawn
        return drawn


def cel(picture: Frame) -> Frame:
    """Draw flat colours and ink lines, as for an animated film."""
    height, width = picture.shape[:2]
    flat = cast("Frame", cv2.bilateralFilter(_halved(picture), 5, 40, 7))
    lab = cv2.cvtColor(flat, cv2.COLOR_BGR2LAB)
    lab[..., 0] = cv2.LUT(lab[..., 0], _STAIRS)
    colours = _VIVID(cast("Frame", cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)))
    full = cv2.resize(colours, (width, height), interpolation=cv2.INTER_CUBIC)
    near, around = _near_and_around(picture)
    gap = cv2.addWeighted(near, _INK_STEPS, around, -0.985 * _INK_STEPS, 255, dtype=cv2.CV_8U)
    ink = cv2.GaussianBlur(cv2.LUT(gap, _INKED), (0, 0), 0.6)
    return _shaded(full, np.maximum(ink, _PLAIN // 10))


class Pencil:
    """Graphite: lines where light changes, and hatching where it is dark."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        random = np.random.default_rng(seed)
        hand = _soft(random.normal(0, 12, (height, width)).astype(np.float32), 6)
        self._hatches = [
            _levels(0.5 + 0.5 * np.sin((x * a + y * b) * 0.9 + hand * 2))
            for a, b in ((1.0, 1.0), (1.0, -0.6))
        ]
        grain = _soft(random.random((height, width)).astype(np.float32), 0.8)
        self._paper = _levels(0.93 + 0.07 * _stretched(grain))

    def __call__(self, picture: Frame) -> Frame:
        """Draw one frame."""
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        calm = cv2.bilateralFilter(grey, 5, 30, 5)
        around = _softly(calm, max(3.0, picture.shape[1] / 110), 4)
        drawn = cv2.LUT(cv2.divide(calm, around, scale=250), _PRESSED)
        light = _softly(grey, 2, 2)
        for shades, hatch in zip(_SHADES, self._hatches, strict=True):
            drawn = cv2.subtract(drawn, cv2.multiply(cv2.LUT(light, shades), hatch, scale=1 / 255))
        tone = cv2.multiply(drawn, self._paper, scale=1 / 255)
        return cast(
            "Frame", cv2.merge([cv2.convertScaleAbs(tone, alpha=k) for k in (0.95, 0.98, 1.0)])
        )


class Crayon:
    """Coloured pencils on white paper: a drawing in graphite, filled in softly."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._pencil = Pencil(width, height, seed)

    def __call__(self, picture: Frame) -> Frame:
        """Draw one frame."""
        height, width = picture.shape[:2]
        flat = cast("Frame", cv2.bilateralFilter(_halved(picture), 5, 40, 7))
        filled = cv2.resize(_FILLED(flat), (width, height))
        return cast("Frame", cv2.multiply(self._pencil(picture), filled, scale=1 / 235))


class Comic:
    """A printed comic: flat colours, lines of ink, and dots where there is shade."""

    def __init__(self, width: int, height: int, _seed: int) -> None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        turn = math.pi * 2 / max(3.5, min(width, height) / 100) / math.sqrt(2)
        dots = 0.5 + 0.25 * (np.cos((x + y) * turn) + np.cos((x - y) * turn))
        self._screen = _levels(dots)

    def __call__(self, picture: Frame) -> Frame:
        """Draw one frame."""
        drawn = cel(picture)
        tone = cv2.LUT(_softly(cv2.cvtColor(drawn, cv2.COLOR_BGR2GRAY), 2, 2), _DOTTED)
        dots = cv2.convertScaleAbs(cv2.subtract(tone, self._screen), alpha=_DOT_INK)
        return cast("Frame", cv2.subtract(drawn, cv2.merge([dots] * 3)))


class Ink:
    """Washes of black ink, and lines of it, on paper that has yellowed."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        grain = np.random.default_rng(seed).random((height, width)).astype(np.float32)
        tooth = 0.90 + 0.10 * _stretched(_soft(grain, 1.0))
        self._paper = _levels(tooth[..., None] * np.array((0.86, 0.94, 0.99), np.float32))

    def __call__(self, picture: Frame) -> Frame:
        """Draw one frame."""
        height, width = picture.shape[:2]
        grey = cv2.cvtColor(_halved(picture), cv2.COLOR_BGR2GRAY)
        calm = cv2.medianBlur(cv2.medianBlur(grey, 5), 5)
        low, high = np.percentile(calm, (1, 99))
        wash = ((_LEVELS - low) / max(float(high - low), 1) * 1.15).clip(0, 1) ** 0.8
        full = cv2.resize(
            cv2.LUT(calm, _levels(wash)), (width, height), interpolation=cv2.INTER_CUBIC
        )
        near, around = _near_and_around(picture)
        lines = cv2.addWeighted(near, _LINED, around, -_LINED, 255, dtype=cv2.CV_8U)
        drawn = cv2.multiply(full, np.maximum(lines, 255 // 4), scale=1 / 255)
        return cast("Frame", cv2.multiply(cv2.merge([drawn] * 3), self._paper, scale=1 / 255))


def pixels(picture: Frame) -> Frame:
    """Build the picture of large squares in few colours."""
    height, width = picture.shape[:2]
    side = max(3, min(width, height) // 90)
    size = (max(2, width // side), max(2, height // side))
    small = _VIVID(cast("Frame", cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))
    few = (small // 32 * 32 + 16).astype(np.uint8)
    return cast("Frame", cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST))


_VIVID = Grade(saturation=1.4, contrast=0.4)


def _stairs() -> Frame:
    level = np.linspace(0, 1, 256) * 6
    step = np.floor(level)
    return (
        ((step + 1 / (1 + np.exp(-(level - step - 0.5) * 14))) / 6 * 255)
        .clip(0, 255)
        .astype(np.uint8)
    )


def _levels(shares: cv2.typing.MatLike) -> Frame:
    return (shares * 255).clip(0, 255).round().astype(np.uint8)


_LEVELS = np.arange(256)
_STAIRS = _stairs()
_FRESH = _levels((_LEVELS / 10).clip(0.35, 1))
# How much graphite there is where it is so light, in each direction.
_SHADES = [
    (((255 - _LEVELS) - most) / soft).clip(0, top).round().astype(np.uint8)
    for most, soft, top in ((110, 2.4, 60), (165, 1.8, 55))
]
# How dark a line becomes that is a little darker than what is around it.
_PRESSED = _levels((_LEVELS / 250).clip(0, 1) ** 1.8)
_PLAIN = 200  # the shade of a pixel that stays as light as it is: some become lighter
_INK_STEPS = 40  # for each level by which a pixel is darker than what is around it
_INKED = (
    ((1 + np.tanh(0.5 * ((_LEVELS - 255) / _INK_STEPS + 0.4).clip(None, 0))) * _PLAIN)
    .round()
    .astype(np.uint8)
)
_FILLED = Grade(gamma=0.6, saturation=2.2, gain=(0.74, 0.74, 0.74), lift=(0.24, 0.24, 0.24))
# How large the dots are where it is so light: none in what is bright, none in what is black.
_DOTTED = _levels(np.interp(_LEVELS, (25, 70, 120, 190), (0, 0.55, 0.45, 0)))
_DOT_INK = 0.6
_LINED = 0.75 * 255 / 9


def _halved(picture: Frame) -> Frame:
    size = (max(2, picture.shape[1] // 2), max(2, picture.shape[0] // 2))
    return cast("Frame", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _shaded(picture: cv2.typing.MatLike, light: cv2.typing.MatLike) -> Frame:
    shade = cv2.convertScaleAbs(light)
    return cast("Frame", cv2.multiply(picture, cv2.merge([shade] * 3), scale=1 / _PLAIN))


def _near_and_around(picture: Frame) -> tuple[cv2.typing.MatLike, cv2.typing.MatLike]:
    """Tell how light a picture is close to each pixel, and a little further around it."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    scale = max(0.6, min(grey.shape) / 720)
    return _soft(grey, 1.2 * scale), _softly(grey, 2.6 * scale, 2)


def _softly(plane: cv2.typing.MatLike, sigma: float, shrink: int) -> cv2.typing.MatLike:
    """Blur as _soft() does, on fewer pixels: what is that soft has no more of them to show."""
    height, width = plane.shape[:2]
    size = (max(2, width // shrink), max(2, height // shrink))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    # Making it smaller and larger again blurs as well.
    left = math.sqrt(max((sigma / shrink) ** 2 - 0.25, 0.09))
    soft = cv2.GaussianBlur(small, (0, 0), left)
    return cv2.resize(soft, (width, height))


def _soft(field: Map, sigma: float) -> Map:
    return cast("Map", cv2.GaussianBlur(field, (0, 0), max(sigma, 0.3)))


def _stretched(field: cv2.typing.MatLike) -> Map:
    low, high = float(field.min()), float(field.max())
    return ((field - low) / max(high - low, 1e-6)).astype(np.float32)
