"""Passing by: pictures drawn a few times a second, seen from where the camera is in between.

Far country changes its place in the picture, and hardly its looks. It is drawn for some moments
only; what is seen between two of them is both, moved as far as each point is near, and mixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import View
from kinetoscope.engines.studio.scenes.noise import Field

EVERY = 4  # frames that one drawn picture stands for
_COARSE = 2  # one move is worked out for so many pixels each way
_RIM = np.ones((5, 5), np.uint8)
# A mixture is the softer, the more evenly it is mixed: where it is, some crispness is given back.
_EVEN, _CRISPER = 0.25, 0.28


@dataclass(frozen=True, slots=True)
class Drawn:
    """A *picture* of land and how near each point is; *skyline* is a row for each column.

    The fourth number of each pixel tells how much water there is to be drawn over it, 0 to 255.
    """

    view: View
    picture: Frame
    near: Field
    skyline: Field


class Passing:
    """Shows what *draw* draws, at any moment, from pictures of a few moments around it."""

    def __init__(self, draw: Callable[[float], Drawn]) -> None:
        self._draw = draw
        self._kept: dict[int, Drawn] = {}

    def seen(self, view: View, seconds: float) -> tuple[Frame, Field]:
        """Show the picture as it is at *seconds* from *view*; tell its skyline as well."""
        # A moment between two frames: no frame is a drawn picture itself, and sharper than others.
        at = (seconds * FPS - (EVERY - 1) / 2) / EVERY
        number = max(0, math.floor(at + 1e-6))
        share = max(0.0, at - number)
        before = self._at(number)
        first = _moved(before, view)
        if share == 0:
            return first, before.skyline
        after = self._at(number + 1)
        second = _moved(after, view, over=first)
        mixed = cv2.addWeighted(first, 1 - share, second, share, 0)
        if abs(share - 0.5) < _EVEN:
            soft = cv2.blur(mixed, (3, 3))
            mixed = cv2.addWeighted(mixed, 1 + _CRISPER, soft, -_CRISPER, 0)
        return cast("Frame", mixed), (before if share < 0.5 else after).skyline

    def _at(self, number: int) -> Drawn:
        if number not in self._kept:
            kept = {other: drawn for other, drawn in self._kept.items() if abs(other - number) < 2}
            self._kept = {**kept, number: self._draw((number * EVERY + (EVERY - 1) / 2) / FPS)}
        return self._kept[number]


def nearness(depth: Field) -> Field:
    """Keep of *depth* what moving a picture needs; an edge moves with what is in front."""
    return np.ascontiguousarray(cv2.dilate(1 / depth, _RIM)[::_COARSE, ::_COARSE])


def _moved(drawn: Drawn, now: View, over: Frame | None = None) -> Frame:
    """Show *drawn* from *now*; where it shows nothing, *over* is kept if there is one."""
    x, y = _places(drawn.view, now, drawn.near)
    if over is None:
        return cast("Frame", cv2.remap(drawn.picture, x, y, cv2.INTER_LINEAR,
                                       borderMode=cv2.BORDER_REFLECT_101))  # fmt: skip
    return cast("Frame", cv2.remap(drawn.picture, x, y, cv2.INTER_LINEAR, dst=over.copy(),
                                   borderMode=cv2.BORDER_TRANSPARENT))  # fmt: skip


def _places(drawn: View, now: View, near: Field) -> tuple[Field, Field]:
    """Tell where in the picture from *drawn* each pixel of the one from *now* stands."""
    rows, columns = near.shape
    middle, focal = _COARSE / 2, np.float32(now.focal)
    across = np.arange(columns, dtype=np.float32) * _COARSE + np.float32(middle - now.width / 2)
    down = np.arange(rows, dtype=np.float32)[:, None] * _COARSE + np.float32(middle - now.horizon)
    turn = now.yaw - drawn.yaw
    sine, cosine = math.sin(turn), math.cos(turn)
    east, north = now.x - drawn.x, now.z - drawn.z
    aside = math.cos(drawn.yaw) * east - math.sin(drawn.yaw) * north
    ahead = math.sin(drawn.yaw) * east + math.cos(drawn.yaw) * north
    near = near / np.maximum(1 - near * np.float32(ahead), 0.25)  # as it is by now
    scale = focal / (near * np.float32(ahead) + (cosine - across * np.float32(sine / focal)))
    right = near * np.float32(aside) + (sine + across * np.float32(cosine / focal))
    below = near * np.float32(drawn.y - now.y) + down * np.float32(1 / focal)
    moved = (right * scale - across, below * scale - down + np.float32(drawn.horizon - now.horizon))
    size = (now.width, now.height)
    x, y = (cast("Field", cv2.resize(coarse, size)) for coarse in moved)
    x += np.arange(now.width, dtype=np.float32)
    y += np.arange(now.height, dtype=np.float32)[:, None]
    return x, y
