"""The stage: actors drawn into a picture, with its light on them and their shadow under them."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import cv2
import numpy as np

from kinetoscope.engines.studio.actors.company import Role, Way, together
from kinetoscope.engines.studio.actors.lamps import (
    DROWNED,
    LAMPS,
    Cut,
    Lamp,
    Plane,
    coat_of,
    drawn,
    lit,
)
from kinetoscope.engines.studio.actors.shapes import mirrored
from kinetoscope.engines.studio.camera import saturated
from kinetoscope.engines.studio.film import Frame

_AFLOAT = frozenset({Way.FLOATS, Way.SWIMS})
_GROUNDED = frozenset({Way.WALKS, Way.DRIVES, Way.STANDS})
# How much of the picture's width an actor crosses in one film.
_REACH: Mapping[Way, float] = {
    Way.FLIES: 0.42,
    Way.DRIFTS: 0.10,
    Way.SWIMS: 0.26,
    Way.GLIDES: 0.42,
    Way.FLOATS: 0.16,
    Way.WALKS: 0.40,
    Way.DRIVES: 0.55,
}
Sheet = TypeVar("Sheet", Frame, Plane)
_EDGE_GOES_ON = cv2.BORDER_REPLICATE
_EDGE = 0.86  # of the picture's width: who goes that far would soon be gone
_TURNING = frozenset({Way.WALKS, Way.DRIVES, Way.FLIES, Way.FLOATS, Way.SWIMS, Way.GLIDES})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene lets actors be: shares of the picture's height, and whether it mirrors.

    In a *deep* place whoever swims is below the surface; in an *open* one nothing falls.
    """

    ground: float
    air: float
    wet: bool
    deep: bool = False
    open: bool = False


class Stage:
    """Puts *names* on a scene at *place*, under the light of *time*.

    They go their ways in *seconds*; whoever is watched for longer slows down within the picture.
    """

    def __init__(
        self,
        names: Sequence[str],
        place: Place,
        time: str,
        size: tuple[int, int],
        *,
        seconds: float,
        seed: int,
    ) -> None:
        self._place, self._lamp = place, DROWNED if place.deep else LAMPS[time]
        self._size, self._seconds = size, seconds
        self._glow = time in {"night", "dusk"} and not place.open
        self._coat = coat_of(seed)
        self._cast = [_at_home(role, place) for role in together(names)]
        self._leftward = bool(seed % 2)

    def add(self, frame: Frame, seconds: float) -> None:
        """Draw everybody into *frame* as they are *seconds* after the film began."""
        for number, role in enumerate(self._cast):
            for member in range(role.flock if len(self._cast) == 1 else 1):
                self._add_actor(frame, role, (number, member), seconds)

    def _add_actor(self, frame: Frame, role: Role, rank: tuple[int, int], seconds: float) -> None:
        number, member = rank
        height = min(self._size[1], self._size[0] * 1.1) * role.height * (1 - 0.28 * member)
        phase = role.strides * seconds + 0.37 * number + 0.23 * member
        parts = role.draw(phase)
        leftward = self._leftward != bool(number % 2)
        if leftward and role.way in _TURNING:
            parts = mirrored(parts)
        x, y, lean = self._spot(role, rank, seconds, -1 if leftward else 1)
        figure = drawn(parts, height, lean, role.plump)
        cut, origin = lit(figure, self._lamp, self._coat), figure.origin
        spot = (round(x - origin[0]), round(y - origin[1]))
        line = round(self._size[1] * self._place.ground) if role.way == Way.SWIMS else round(y)
        if self._glow and role.way == Way.WALKS:
            _add_halo(frame, (x, y - height * 0.5), height * 1.3, self._lamp)
        if role.way in _GROUNDED and not self._place.wet:
            _add_cast(frame, cut, (spot, (x, y)), self._lamp)
        if role.way in _AFLOAT or (self._place.wet and role.way in _GROUNDED):
            _add_reflection(frame, cut, (spot[0], line), line - spot[1], seconds)
        elif role.way in _GROUNDED:
            _add_shadow(frame, cut, spot, y)
        _paste(frame, cut, spot, limit=line if role.way == Way.SWIMS else None)

    def _spot(
        self, role: Role, rank: tuple[int, int], seconds: float, facing: int
    ) -> tuple[float, float, float]:
        """Tell where an actor's feet are, in pixels, and how far it leans, in radians."""
        (width, height), (number, member) = self._size, rank
        share = seconds / max(self._seconds, 0.1)
        spread = (0.5, 0.27, 0.75)[number % 3] if len(self._cast) > 1 else 0.5
        x = spread + 0.17 * member * (1 if member % 2 else -1) * facing
        y, lean = self._level(role, rank, seconds, facing)
        if role.way is Way.STANDS:
            x += 0.14
        reach = _REACH.get(role.way, 0.0)
        if reach:
            side = (x - 0.5) * facing + 0.5
            end = side + reach / 2
            side = saturated(side + reach * (share - 0.5), end, max(0.03, _EDGE - end))
            x = (side - 0.5) * facing + 0.5
        return x * width, y * height, lean

    def _level(
        self, role: Role, rank: tuple[int, int], seconds: float, facing: int
    ) -> tuple[float, float]:
        """Tell how far down the picture an actor's feet are, and how far it leans."""
        number, member = rank
        share = seconds / max(self._seconds, 0.1)
        near = saturated(share, 1.0, 0.5)
        ground = self._place.ground + 0.02 * number
        ripple = math.sin(seconds * 1.6 + number * 1.7 + member * 2.1)
        air, y, lean = self._place.air, ground, 0.0
        match role.way:
            case Way.FLIES:
                y, lean = air + 0.5 * role.height + 0.06 * member + 0.02 * ripple, 0.05 * ripple
            case Way.GLIDES:
                y = air + 0.13 * (member % 3) - 0.05 * (member % 2) + 0.012 * ripple
                lean = 0.05 * ripple
            case Way.DRIFTS:
                y = air + 0.20 - 0.12 * member - 0.05 * near + 0.008 * ripple
                lean = 0.03 * ripple
            case Way.RISES:
                y, lean = ground - 0.55 * share * share, 0.008 * ripple
            case Way.SWIMS:
                stroke = 2 * math.pi * role.strides * seconds + member * 1.9
                y = ground + role.height * (0.50 - 0.44 * math.sin(stroke))
                lean = 0.22 * facing * math.cos(stroke)
            case Way.FLOATS:
                y, lean = ground + 0.008 * ripple, 0.05 * ripple
            case Way.DRIVES:
                y = ground + 0.0015 * math.sin(seconds * 23)
            case Way.STANDS | Way.WALKS:
                pass
        return y, lean


def _at_home(role: Role, place: Place) -> Role:
    """Let an actor move as its place asks: below water it glides, and in space it drifts."""
    if place.deep and role.way in _AFLOAT:
        return replace(role, way=Way.GLIDES, height=role.height * 1.25)
    if place.open:
        return replace(role, way=Way.DRIFTS, height=role.height * 0.8)
    return role


def _add_cast(
    frame: Frame, cut: Cut, place: tuple[tuple[int, int], tuple[float, float]], lamp: Lamp
) -> None:
    """Let the figure's shadow fall on the ground, towards us and to the side."""
    (left, top), (x, y) = place
    forward, aside, dark = lamp.cast
    if not dark:
        return
    tall, wide = cut.shape[:2]
    soft = max(1.0, tall / 60)
    room = math.ceil(3 * soft) + 1
    feet = x - left, y - top
    # A point so far above the feet falls as far forward, and a part of that aside.
    drift = aside * feet[1] - feet[0]
    first = math.floor(drift + min(0.0, -aside * tall)) - room
    reach = math.ceil(drift + wide + max(0.0, -aside * tall)) + room - first
    rows = math.ceil(forward * feet[1]) + room + 4
    move = np.array([[1, -aside, drift - first], [0, -forward, forward * feet[1] + 4]], np.float32)
    fallen = cv2.warpAffine(cv2.extractChannel(cut, 3), move, (reach, rows))
    fallen = cv2.GaussianBlur(fallen, (0, 0), soft)
    fade = np.linspace(dark, dark * 0.35, rows, dtype=np.float32)[:, None]
    _darken(frame, fallen * fade, (round(x) + first, round(y - 4)))


def _paste(frame: Frame, cut: Cut, spot: tuple[int, int], limit: int | None = None) -> None:
    """Lay *cut* over *frame* with its corner at *spot*, above the row *limit* only."""
    under, part = _meeting(frame if limit is None else frame[: max(0, limit)], cut, spot)
    if under.size:
        *bands, cover = cv2.split(part)
        left = 1 - cover
        laid = [old * left + new for old, new in zip(cv2.split(under), bands, strict=True)]
        under[:] = np.clip(cv2.merge(laid), 0, 255).astype(np.uint8)


def _darken(frame: Frame, share: Plane, spot: tuple[int, int]) -> None:
    """Take *share* of its light from *frame* where the corner of the share is at *spot*."""
    under, part = _meeting(frame, share, spot)
    if under.size:
        left = cv2.convertScaleAbs(1 - part, alpha=255)
        cv2.multiply(under, cv2.merge([left] * 3), under, scale=1 / 255)


def _meeting(frame: Frame, cut: Sheet, spot: tuple[int, int]) -> tuple[Frame, Sheet]:
    """Give the part of *frame* that lies under *cut*, and the part of that which lies over it."""
    left, top = max(0, spot[0]), max(0, spot[1])
    right = max(left, min(frame.shape[1], spot[0] + cut.shape[1]))
    bottom = max(top, min(frame.shape[0], spot[1] + cut.shape[0]))
    part = cut[top - spot[1] : bottom - spot[1], left - spot[0] : right - spot[0]]
    return frame[top:bottom, left:right], part


def _add_reflection(
    frame: Frame, cut: Cut, spot: tuple[int, int], feet: int, seconds: float
) -> None:
    """Mirror what stands above the feet, broken by the waves and fading downwards."""
    above = cut[: max(1, feet)][::-1]
    tall, wide = above.shape[:2]
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32)
    break_up = np.sin(y * 0.32 + seconds * 4.5) * (0.6 + y * 0.045)
    mirrored_cut = cv2.remap(above, x + break_up.astype(np.float32), y, cv2.INTER_LINEAR)
    fade = np.linspace(0.50, 0.0, tall, dtype=np.float32)[:, None, None]
    _paste(frame, cast("Cut", mirrored_cut * fade), spot)


def _add_shadow(frame: Frame, cut: Cut, spot: tuple[int, int], feet: float) -> None:
    """Darken the ground under a figure: softly all over, and deeply where it is touched."""
    low = max(2, round(feet) - spot[1])
    cover = cv2.extractChannel(cut, 3)
    reach = max(2, low // 14)
    touched = cover[max(0, low - reach) : low + 2].max(axis=0, initial=0)
    above = cover[: max(1, low - reach)].max(axis=0)
    soft = max(1.0, low / 16)
    pad = int(soft * 3)
    lines = np.pad(np.stack([touched, above]), ((0, 0), (pad, pad)))
    near, wide = (
        cv2.GaussianBlur(lines[row : row + 1], (0, 0), soft * width, borderType=_EDGE_GOES_ON)
        for row, width in enumerate((0.30, 1.3))
    )
    tall = max(2, round(soft * 0.9))
    down = np.arange(-tall, tall + 1, dtype=np.float32)[:, None] / tall
    dark = 0.50 * near * np.exp(-6.0 * down * down) + 0.26 * wide * np.exp(-2.2 * down * down)
    share = np.minimum(dark * np.clip(1.2 - 1.2 * np.abs(down), 0, 1), 0.8)
    _darken(frame, cast("Plane", share), (spot[0] - pad, round(feet) - tall - 1))


@functools.cache
def _halo(reach: int, rim: tuple[int, int, int]) -> tuple[Frame, Frame]:
    """Paint the light of a halo, and what it leaves of what is behind it."""
    away = (np.arange(-reach, reach + 1, dtype=np.float32) / max(reach, 1)) ** 2
    share = np.clip(1 - away[None, :] - away[:, None], 0, 1) ** 2 * 0.42
    light = cv2.merge([share * part * 0.62 for part in rim])
    left = cv2.merge([255 - 255 * share] * 3)
    return cast("Frame", light.astype(np.uint8)), cast("Frame", left.round().astype(np.uint8))


def _add_halo(frame: Frame, middle: tuple[float, float], reach: float, lamp: Lamp) -> None:
    """Light the mist behind a dark figure, so that it reads."""
    light, left = _halo(round(reach), lamp.rim)
    spot = (round(middle[0]) - round(reach), round(middle[1]) - round(reach))
    under, shine = _meeting(frame, light, spot)
    _, kept = _meeting(frame, left, spot)
    if under.size:
        cv2.multiply(under, kept, under, scale=1 / 255)
        cv2.add(under, shine, under)
