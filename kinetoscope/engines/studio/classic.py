"""Classic paints: watercolour and oil by filters alone, where the painter is not installed."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.grades import Grade
from kinetoscope.engines.studio.paints import Ground, paint_size
from kinetoscope.engines.studio.vision import Map, soft


class Watercolour:
    """Washes of pigment that wander, granulate and dry with dark edges, on paper."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.size = paint_size(width, height)
        self.finish = Ground((width, height), seed, 0.03).finish
        wide, tall = self.size
        random = np.random.default_rng(seed)
        x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in self.size))
        reach = min(self.size) / 360
        self._x = x + reach * _clouds(random, self.size, 14)
        self._y = y + reach * _clouds(random, self.size, 14)
        grains = soft(random.standard_normal((tall, wide), np.float32), 0.8)
        self._pigment = 0.5 * grains / grains.std() + 0.35 * _clouds(random, self.size, 20)

    def __call__(self, small: Frame) -> Frame:
        """Paint one picture."""
        wash = cv2.edgePreservingFilter(_WASHED(small), flags=1, sigma_s=24, sigma_r=0.28)
        wandered = cv2.remap(
            wash, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        light = cv2.cvtColor(wandered, cv2.COLOR_BGR2GRAY).astype(np.float32)
        # Pigment is carried to where the wash ends, and settles in the hollows of the paper.
        rim = _darker(light, 1.2, min(self.size) / 90)
        thick = (1 - light / 255) * (0.35 + light / 255)
        shade = 1 - 0.42 * rim - 0.24 * thick * self._pigment
        # The pencil with which it was sketched is seen through.
        own = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        return _shaded(cast("Frame", wandered), cast("Map", shade - 0.5 * _darker(own, 0.7, 2.5)))


class Oil:
    """Thick paint in brush strokes that follow the forms, which *swirl* carries far."""

    def __init__(self, width: int, height: int, seed: int, *, swirl: float = 1.0) -> None:
        self.size = paint_size(width // 4 * 3, height // 4 * 3)
        self.finish = Ground((width, height), seed, 0.0).finish
        random = np.random.default_rng(seed)
        noise = random.normal(0, 1, (self.size[1], self.size[0])).astype(np.float32)
        self._noise = soft(noise, 0.9)
        y, x = np.mgrid[0 : self.size[1], 0 : self.size[0]].astype(np.float32)
        self._x, self._y = x, y
        self._swirl = swirl

    def __call__(self, small: Frame) -> Frame:
        """Paint one picture."""
        across, along = self._directions(cast("Frame", cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)))
        bristles = self._drawn_out(self._noise, (along, -across), (self._x, self._y))
        bristles /= 2 * float(bristles.std()) + 1e-6
        # Each bristle takes its paint from a little aside, and pulls it along the stroke.
        reach = (min(self.size) / 140) * self._swirl * bristles.clip(-1.5, 1.5)
        places = (self._x + across * reach, self._y + along * reach)
        paint = self._drawn_out(_OILY(small).astype(np.float32), (along, -across), places)
        crisp = cv2.addWeighted(paint, 1.7, cv2.GaussianBlur(paint, (0, 0), 1.6), -0.7, 0)
        # Eyes and mouths are smaller than a brush: they are put in with a finer one.
        own = cast("Map", cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32))
        crisp = crisp + 0.7 * (own - soft(own, 3))[..., None]
        lit = cv2.filter2D(bristles, cv2.CV_32F, _EMBOSS)
        relief = (lit / (3 * float(lit.std()) + 1e-6)).clip(-1, 1)
        flat = crisp.clip(0, 255).astype(np.uint8)
        return _shaded(flat, cast("Map", 1 + relief * 0.17 * self._swirl))

    def _drawn_out(
        self, what: Map, way: tuple[Map, Map], begin: tuple[Map, Map]
    ) -> NDArray[np.float32]:
        """Draw *what* out along the forms, from the places where it is to *begin*."""
        step = max(1.2, min(self.size) / 200)
        total = np.zeros_like(what)
        for sign in (-step, step):
            x, y = begin
            for _ in range(4):
                x, y = x + way[0] * np.float32(sign), y + way[1] * np.float32(sign)
                total += cv2.remap(what, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return cast("NDArray[np.float32]", total / 8)

    def _directions(self, grey: Frame) -> tuple[Map, Map]:
        level = soft(grey.astype(np.float32), 1.5)
        x, y = cv2.Sobel(level, cv2.CV_32F, 1, 0), cv2.Sobel(level, cv2.CV_32F, 0, 1)
        reach = min(self.size) / 40
        xx, yy, xy = (soft(cast("Map", product), reach) for product in (x * x, y * y, x * y))
        angle = 0.5 * np.arctan2(2 * xy, xx - yy + 1e-6)
        return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


class Graded:
    """Another *paint*, of which the light and the colours are those of *grade*."""

    def __init__(self, paint: Watercolour | Oil, grade: Grade) -> None:
        self.size, self.finish = paint.size, paint.finish
        self._paint, self._grade = paint, grade

    def __call__(self, small: Frame) -> Frame:
        """Paint one picture."""
        return self._paint(self._grade(small))


def _clouds(random: np.random.Generator, size: tuple[int, int], scale: int) -> Map:
    """Make a soft field of chance around 0, with forms of about *scale* pixels and more."""
    width, height = (max(4, side // scale) for side in size)
    small = soft(random.standard_normal((height, width), np.float32), 1.2)
    return cast("Map", cv2.resize(small / small.std(), size, interpolation=cv2.INTER_CUBIC))


def _darker(light: Map, near: float, far: float) -> Map:
    """Tell where it is darker than around, 0 to 1."""
    return cast("Map", (soft(light, far) - soft(light, near)).clip(0, 40) / 40)


def _shaded(picture: Frame, light: Map) -> Frame:
    shade = cv2.convertScaleAbs((light * _PLAIN).clip(0, 255))
    return cast("Frame", cv2.multiply(picture, cv2.merge([shade] * 3), scale=1 / _PLAIN))


_PLAIN = 180  # the shade that changes nothing: light may be a little stronger, too
_WASHED = Grade(gamma=0.72, saturation=1.55, lift=(0.02, 0.02, 0.03), contrast=0.15)
_OILY = Grade(saturation=1.45, contrast=0.3)
_EMBOSS = np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], np.float32) / 4
