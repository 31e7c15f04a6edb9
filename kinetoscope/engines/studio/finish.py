"""The finish: what a lens and film stock add to every frame."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame

_MUCH_ROOM = 150  # levels below white, from which on light adds up
_MOST = 8  # levels by which a speck may differ


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
        self._grain = [_specks(random, (height, width), grain) for _ in "1234"]

    def __call__(self, frame: Frame, number: int) -> Frame:
        """Finish frame *number* of the film."""
        shaded = cv2.multiply(frame, self._shade, scale=1 / 255)
        bright, dark = self._grain[number % len(self._grain)]
        return cast("Frame", cv2.subtract(cv2.add(shaded, bright, shaded), dark, shaded))


def bloom(frame: Frame, *, strength: float, threshold: int, burns: bool = True) -> Frame:
    """Let what is brighter than *threshold* shine over its neighbours; changes *frame*.

    Where it *burns*, lamps turn white; or else what is bright already takes up little light.
    """
    height, width = frame.shape[:2]
    small: cv2.typing.MatLike = frame
    for part in (2, 4):  # halving twice is quicker than taking a quarter at once
        size = (max(8, width // part), max(8, height // part))
        small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    room = cv2.bitwise_not(small)
    small = cv2.subtract(small, np.full_like(small, threshold))
    wide, wider = _soft(small, max(3, width // 90)), _soft(small, max(5, width // 28))
    cv2.addWeighted(wide, strength, wider, 0.8 * strength, 0, small)
    if not burns:
        cv2.multiply(small, room, small, scale=1 / _MUCH_ROOM)
    if (4 * small.shape[1], 4 * small.shape[0]) != (width, height):
        return cast("Frame", cv2.add(frame, cv2.resize(small, (width, height)), frame))
    rows, columns = (_shining(small, axis) for axis in (1, 0))
    under = frame[4 * rows.start : 4 * rows.stop, 4 * columns.start : 4 * columns.stop]
    if under.size:
        cv2.add(under, cv2.resize(small[rows, columns], under.shape[1::-1]), under)
    return frame


def _shining(light: cv2.typing.MatLike, axis: int) -> slice:
    """Tell which rows or columns of *light* there is any in, and one more on either side."""
    found = np.flatnonzero(cv2.reduce(light, axis, cv2.REDUCE_MAX).reshape(-1, 3).any(axis=1))
    if not found.size:
        return slice(0, 0)
    return slice(max(0, int(found[0]) - 1), min(light.shape[1 - axis], int(found[-1]) + 2))


def _specks(
    random: np.random.Generator, shape: tuple[int, int], grain: float
) -> tuple[Frame, Frame]:
    """Scatter specks: what they add to a picture, and what they take from it."""
    level = (random.standard_normal(shape, np.float32) * np.float32(grain)).round()
    bright, dark = (side.clip(0, _MOST).astype(np.uint8) for side in (level, -level))
    return cast("Frame", cv2.merge([bright] * 3)), cast("Frame", cv2.merge([dark] * 3))


def _soft(picture: cv2.typing.MatLike, reach: int) -> cv2.typing.MatLike:
    box = (reach | 1, reach | 1)
    return cv2.blur(cv2.blur(picture, box), box)
