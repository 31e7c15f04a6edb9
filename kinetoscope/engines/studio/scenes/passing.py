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

_COARSE = 4  # one move is worked out for so many pixels each way
_RIM = np.ones((7, 7), np.uint8)
_BAND = 16  # rows that are made crisp alike
# Far land is softer where it is mixed evenly than where it hardly is; the sky is soft anyhow, and
# near land as soft in either. How near a row is, and how much crispness it lacks: as was measured
# between shares of one in eight and three, of which so much of independent detail is left.
_HARDLY, _EVENLY = math.hypot(1 / 8, 7 / 8), math.hypot(3 / 8, 5 / 8)
_UNMIXED = -0.25  # where there is only one picture: moving it has made it soft as well
_LACKS = ((0.0, 0.03, 0.06, 0.13, 0.19), (0.0, 0.7, 0.6, 0.4, 0.0))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A *picture* of land and how near each point is; *skyline* is a row for each column.

    The fourth number of each pixel tells how much water there is to be drawn over it, 0 to 255;
    from row *shore* on there is nothing but water, if there is one.
    """

    view: View
    picture: Frame
    near: Field
    skyline: Field
    shore: int | None = None


class Passing:
    """Shows what *draw* draws, at any moment, from pictures of a few moments around it.

    One is drawn for *every* few frames; *crisp* says how much of what softness took is given back.
    """

    def __init__(self, draw: Callable[[float], Drawn], *, every: int, crisp: float = 0.0) -> None:
        self._draw, self._crisp, self._every = draw, crisp, every
        self._kept: dict[int, Drawn] = {}

    def seen(self, view: View, seconds: float) -> tuple[Frame, Field]:
        """Show the picture as it is at *seconds* from *view*; tell its skyline as well."""
        # A moment between two frames: no frame is a drawn picture itself, and sharper than others.
        at = (seconds * FPS - (self._every - 1) / 2) / self._every
        number = max(0, math.floor(at + 1e-6))
        share = max(0.0, at - number)
        around = [self._at(number), self._at(number + 1)] if share else [self._at(number)]
        moves = [_places(drawn.view, view, drawn.near) for drawn in around]
        rows = max(_dry(drawn, down, view) for drawn, (_, down) in zip(around, moves, strict=True))
        picture = np.full((view.height, view.width, 4), 255, np.uint8)
        dry = picture[:rows]
        mixed = _moved(around[0], moves[0], dry.shape)
        if share:
            second = _moved(around[1], moves[1], dry.shape, over=mixed)
            cv2.addWeighted(mixed, 1 - share, second, share, 0, mixed)
        soft = cv2.blur(mixed, (3, 3))
        for first in range(0, rows, _BAND):
            band = slice(first, first + _BAND)
            gain = self._crisp + _evenness(share) * _lack(around[0], first)
            cv2.addWeighted(mixed[band], 1 + gain, soft[band], -gain, 0, dry[band])
        return picture, around[share >= 0.5].skyline

    def _at(self, number: int) -> Drawn:
        if number not in self._kept:
            kept = {other: drawn for other, drawn in self._kept.items() if abs(other - number) < 2}
            self._kept = {**kept, number: self._draw(((number + 0.5) * self._every - 0.5) / FPS)}
        return self._kept[number]


def nearness(depth: Field) -> Field:
    """Keep of *depth* what moving a picture needs; an edge moves with what is in front."""
    near = cv2.dilate(1 / depth, _RIM)[_COARSE // 2 :: _COARSE, _COARSE // 2 :: _COARSE]
    # One more on every side, so that nothing is stretched along the edges.
    rows, columns = (-(-side // _COARSE) + 1 for side in depth.shape)
    return np.pad(near, ((1, rows - near.shape[0]), (1, columns - near.shape[1])), mode="edge")


def _evenness(share: float) -> float:
    """Tell how evenly two pictures are mixed: 0 is hardly, 1 is evenly."""
    even = (_HARDLY - math.hypot(share, 1 - share)) / (_HARDLY - _EVENLY)
    return max(even, _UNMIXED)


def _lack(drawn: Drawn, first: int) -> float:
    """Tell how much crispness the band that begins with row *first* lacks in an even mixture."""
    top = 1 + first // _COARSE
    return float(np.interp(drawn.near[top : top + _BAND // _COARSE].mean(), *_LACKS))


def _dry(drawn: Drawn, down: Field, now: View) -> int:
    """Count the rows that show anything but water, where rows *down* of *drawn* are seen."""
    if drawn.shore is None:
        return now.height
    seen = np.flatnonzero(down.min(axis=1) <= drawn.shore)
    return min(now.height, int(seen.max(initial=0) + 1) * _COARSE)


def _moved(
    drawn: Drawn, places: tuple[Field, Field], shape: tuple[int, ...], over: Frame | None = None
) -> Frame:
    """Show *places* of *drawn*; where it shows nothing, *over* is kept if there is one."""
    rows, columns = -(-shape[0] // _COARSE) + 2, places[0].shape[1]
    inside = (slice(_COARSE, _COARSE + shape[0]), slice(_COARSE, _COARSE + shape[1]))
    x, y = (
        cv2.resize(coarse[:rows], (columns * _COARSE, rows * _COARSE))[inside] for coarse in places
    )
    if over is None:
        return cast("Frame", cv2.remap(drawn.picture, x, y, cv2.INTER_LINEAR,
                                       borderMode=cv2.BORDER_REFLECT_101))  # fmt: skip
    return cast("Frame", cv2.remap(drawn.picture, x, y, cv2.INTER_LINEAR, dst=over.copy(),
                                   borderMode=cv2.BORDER_TRANSPARENT))  # fmt: skip


def _places(drawn: View, now: View, near: Field) -> tuple[Field, Field]:
    """Tell where in the picture from *drawn* points of the one from *now* stand, in pixels."""
    focal = np.float32(now.focal)
    across, down = (
        np.arange(-0.5, number - 1, dtype=np.float32) * _COARSE for number in near.shape[::-1]
    )
    across, down = across - np.float32(now.width / 2), down[:, None] - np.float32(now.horizon)
    turn = now.yaw - drawn.yaw
    sine, cosine = math.sin(turn), math.cos(turn)
    east, north = now.x - drawn.x, now.z - drawn.z
    aside = math.cos(drawn.yaw) * east - math.sin(drawn.yaw) * north
    ahead = math.sin(drawn.yaw) * east + math.cos(drawn.yaw) * north
    near = near / np.maximum(1 - near * np.float32(ahead), 0.25)  # as it is by now
    scale = focal / (near * np.float32(ahead) + (cosine - across * np.float32(sine / focal)))
    right = near * np.float32(aside) + (sine + across * np.float32(cosine / focal))
    below = near * np.float32(drawn.y - now.y) + down * np.float32(1 / focal)
    x = right * scale + np.float32((drawn.width - 1) / 2)
    y = below * scale + np.float32(drawn.horizon - 0.5)
    return cast("tuple[Field, Field]", (x, y))
