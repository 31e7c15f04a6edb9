"""The finish: what a lens and film stock add to every frame."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame

_MIDDLE = 8  # the level of a speck that changes nothing


class Finish:
    """Darkens the corners and adds a little grain, for pictures of one size."""

    def __init__(self, size: tuple[int, int], *, grain: float = 1.2, corners: float = 0.16) -> None:
        width, height = size
        across = np.linspace(-1, 1, width)[None, :]
        down = np.linspace(-1, 1, height)[:, None]
        away = np.clip(across**2 * 0.8 + down**2 * 0.8, 0, 1.4)
        shade = np.clip(255 * (1 - corners * away**1.3), 0, 255).astype(np.uint8)
        self._shade = cv2.merge([shade, shade, shade])
        random = np.random.default_rng(1)
        # Grain is as often dark as bright: if whole frames took turns, the film would flicker.
        specks = [random.normal(_MIDDLE, grain, (height, width)).round() for _ in "1234"]
        planes = [speck.clip(0, 2 * _MIDDLE).astype(np.uint8) for speck in specks]
        self._grain = [cv2.merge([plane, plane, plane]) for plane in planes]

    def __call__(self, frame: Frame, number: int) -> Frame:
        """Finish frame *number* of the film."""
        shaded = cv2.multiply(frame, self._shade, scale=1 / 255)
        grain = self._grain[number % len(self._grain)]
        return cast("Frame", cv2.addWeighted(shaded, 1, grain, 1, -_MIDDLE))


def bloom(frame: Frame, *, strength: float, threshold: int) -> Frame:
    """Let what is brighter than *threshold* shine over its neighbours."""
    height, width = frame.shape[:2]
    small = cv2.resize(
        frame, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA
    )
    small = cv2.subtract(small, np.full_like(small, threshold))
    wide = _soft(cast("Frame", small), max(3, width // 90))
    wider = _soft(cast("Frame", small), max(5, width // 28))
    light = cv2.addWeighted(wide, 1.0, wider, 0.8, 0)
    return cast(
        "Frame", cv2.addWeighted(frame, 1.0, cv2.resize(light, (width, height)), strength, 0)
    )


def _soft(picture: Frame, reach: int) -> Frame:
    box = (reach | 1, reach | 1)
    return cast("Frame", cv2.blur(cv2.blur(picture, box), box))
