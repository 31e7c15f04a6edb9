"""The stage: actors drawn into a picture, with its light on them and their shadow under them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.actors.company import ROLES, Role, Way
from kinetoscope.engines.studio.actors.shapes import Part, mirrored
from kinetoscope.engines.studio.camera import saturated
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import lay_over

Cut = NDArray[np.float32]
"""A figure: blue, green and red weighted by the fourth number, its cover of 0 to 1."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """How a time of day lights a figure: its own colours kept, haze over it, a bright rim.

    *from_* points at the light, right and up; *cast* is how far a shadow falls towards us and to
    the side, in heights of the figure, and how dark it is.
    """

    kept: float
    tint: tuple[float, float, float]
    haze: tuple[int, int, int]
    veil: float
    rim: tuple[int, int, int]
    edge: float
    from_: tuple[float, float] = (0.3, 0.9)
    cast: tuple[float, float, float] = (0.0, 0.0, 0.0)


LAMPS: Mapping[str, Lamp] = {
    "day": Lamp(
        0.92, (1.02, 1.0, 0.98), (235, 215, 190), 0.08, (255, 255, 255), 0.12,
        (0.45, 0.85), (0.30, -0.34, 0.42),
    ),
    "sunrise": Lamp(
        0.42, (0.95, 0.92, 1.05), (150, 185, 235), 0.14, (170, 215, 255), 0.85,
        (0.75, 0.5), (0.62, -0.55, 0.34),
    ),
    "sunset": Lamp(
        0.30, (0.90, 0.86, 1.10), (110, 165, 245), 0.10, (140, 205, 255), 0.90,
        (0.75, 0.5), (0.70, -0.60, 0.40),
    ),
    "dusk": Lamp(0.34, (1.10, 0.85, 0.95), (120, 85, 95), 0.12, (215, 165, 195), 0.80),
    "night": Lamp(
        0.30, (1.25, 0.95, 0.80), (70, 40, 20), 0.10, (255, 215, 170), 0.80,
        (0.6, 0.7), (0.45, -0.35, 0.30),
    ),
    "storm": Lamp(0.55, (1.0, 1.0, 1.0), (140, 135, 130), 0.20, (210, 210, 210), 0.35),
}  # fmt: skip
_DROWNED = Lamp(0.74, (1.16, 1.02, 0.80), (164, 120, 44), 0.24, (230, 220, 150), 0.30, (0.0, 1.0))
_AFLOAT = frozenset({Way.FLOATS, Way.SWIMS})
_GROUNDED = frozenset({Way.WALKS, Way.DRIVES, Way.STANDS})
# How much of the picture's width an actor crosses in one film.
_REACH: Mapping[Way, float] = {
    Way.FLIES: 0.42,
    Way.DRIFTS: 0.10,
    Way.SWIMS: 0.26,
    Way.GLIDES: 0.42,
    Way.FLOATS: 0.16,
    Way.WALKS: 0.30,
    Way.DRIVES: 0.55,
}
_EDGE = 0.86  # of the picture's width: who goes that far would soon be gone
_TURNING = frozenset({Way.WALKS, Way.DRIVES, Way.FLIES, Way.FLOATS, Way.SWIMS, Way.GLIDES})
_SHARPER = 2  # figures are drawn this much larger, and then reduced


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
        self._place, self._lamp = place, _DROWNED if place.deep else LAMPS[time]
        self._size, self._seconds = size, seconds
        self._glow = time in {"night", "dusk"} and not place.open
        self._cast = [_at_home(ROLES[name], place) for name in names]
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
        cut, origin = _drawn(parts, height, lean)
        cut = _lit(cut, self._lamp)
        spot = (round(x - origin[0]), round(y - origin[1]))
        line = round(self._size[1] * self._place.ground) if role.way == Way.SWIMS else round(y)
        if self._glow and role.way == Way.WALKS:
            _add_halo(frame, (x, y - height * 0.5), height * 1.3, self._lamp)
        if role.way in _GROUNDED and not self._place.wet:
            _add_cast(frame, cut, (spot, (x, y)), self._lamp)
        if role.way in _AFLOAT or (self._place.wet and role.way in _GROUNDED):
            _add_reflection(frame, cut, (spot[0], line), line - spot[1], seconds)
        elif role.way in _GROUNDED:
            _add_shadow(frame, (x, y), cut.shape[1] * 0.5)
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


def _drawn(parts: Sequence[Part], height: float, lean: float) -> tuple[Cut, tuple[float, float]]:
    """Draw a figure *height* pixels a unit; tell where in the cut its feet are."""
    sine, cosine = math.sin(lean), math.cos(lean)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    scale = height * _SHARPER
    outlines = [(part.outline @ turn.T) * (scale, -scale) for part in parts]
    low = np.floor(np.min([line.min(axis=0) for line in outlines], axis=0)) - 4 * _SHARPER
    high = np.ceil(np.max([line.max(axis=0) for line in outlines], axis=0)) + 4 * _SHARPER
    low = np.floor(low / _SHARPER) * _SHARPER
    wide, tall = (np.ceil((high - low) / _SHARPER) * _SHARPER).astype(int)
    colour = np.zeros((tall, wide, 3), np.uint8)
    cover = np.zeros((tall, wide), np.uint8)
    for part, line in zip(parts, outlines, strict=True):
        points = [np.round((line - low) * 16).astype(np.int32)]
        cv2.fillPoly(colour, points, part.colour, cv2.LINE_8, 4)
        cv2.fillPoly(cover, points, 255, cv2.LINE_8, 4)
    size = (int(wide // _SHARPER), int(tall // _SHARPER))
    small = cv2.resize(cv2.merge([colour, cover]), size, interpolation=cv2.INTER_AREA)
    cut = small.astype(np.float32)
    cut[..., 3] /= 255
    return cast("Cut", cut), (-low[0] / _SHARPER, -low[1] / _SHARPER)


def _lit(cut: Cut, lamp: Lamp) -> Cut:
    tall, wide = cut.shape[:2]
    cover = cut[..., 3]
    fall = np.linspace(1.06, 0.86, tall, dtype=np.float32)[:, None]
    shade = (fall * _volume(cover, lamp))[..., None]
    colour = cut[..., :3] * (lamp.kept * np.array(lamp.tint, np.float32)) * shade
    reach = max(1.0, tall / 70)
    soft = cv2.GaussianBlur(cover, (0, 0), reach)
    move = np.array([[1, 0, -reach * 1.6], [0, 1, reach * 1.5]], np.float32)
    rim = np.clip(cover - cv2.warpAffine(soft, move, (wide, tall)), 0, 1) * cover * lamp.edge
    colour += (np.array(lamp.rim, np.float32) - colour) * rim[..., None]
    haze = np.array(lamp.haze, np.float32) * cover[..., None]
    colour += (haze - colour) * lamp.veil
    return cast("Cut", np.dstack([np.minimum(colour, 255 * cover[..., None]), cover]))


def _volume(cover: NDArray[np.float32], lamp: Lamp) -> NDArray[np.float32]:
    """Shade a flat figure as if it were round: brighter where it faces the light."""
    inside = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    thick = max(2.0, float(inside.max()) * 0.9)
    level = np.minimum(inside / thick, 1)
    bulge = np.sqrt(1 - (1 - level) ** 2).astype(np.float32) * np.float32(thick)
    bulge = cv2.GaussianBlur(bulge, (0, 0), max(0.8, thick / 7))
    right = cv2.Sobel(bulge, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(bulge, cv2.CV_32F, 0, 1, scale=1 / 8)
    facing = down * lamp.from_[1] - right * lamp.from_[0]
    return cast("NDArray[np.float32]", 0.94 + 0.30 * facing / np.sqrt(1 + right**2 + down**2))


def _add_cast(
    frame: Frame, cut: Cut, place: tuple[tuple[int, int], tuple[float, float]], lamp: Lamp
) -> None:
    """Let the figure's shadow fall on the ground, towards us and to the side."""
    (left, top), (x, y) = place
    forward, aside, dark = lamp.cast
    if not dark:
        return
    tall, wide = cut.shape[:2]
    reach = int(wide + abs(aside) * tall) + 8
    rows = int(forward * tall) + 8
    feet = x - left, y - top
    # A point so far above the feet falls as far forward, and a part of that aside.
    move = np.array(
        [[1, -aside, reach / 2 - feet[0] + aside * feet[1]], [0, -forward, forward * feet[1] + 4]],
        np.float32,
    )
    fallen = cv2.warpAffine(np.ascontiguousarray(cut[..., 3]), move, (reach, rows))
    fallen = cv2.GaussianBlur(fallen, (0, 0), max(1.0, tall / 60))
    fade = np.linspace(dark, dark * 0.35, rows, dtype=np.float32)[:, None]
    shadow = np.zeros((rows, reach, 4), np.float32)
    shadow[..., 3] = fallen * fade
    _paste(frame, shadow, (round(x - reach / 2), round(y - 4)))


def _paste(frame: Frame, cut: Cut, spot: tuple[int, int], limit: int | None = None) -> None:
    """Lay *cut* over *frame* with its corner at *spot*, above the row *limit* only."""
    height, width = frame.shape[:2]
    bottom_row = height if limit is None else min(height, limit)
    left, top = max(0, spot[0]), max(0, spot[1])
    right = min(width, spot[0] + cut.shape[1])
    bottom = min(bottom_row, spot[1] + cut.shape[0])
    if right <= left or bottom <= top:
        return
    part = cut[top - spot[1] : bottom - spot[1], left - spot[0] : right - spot[0]]
    under = frame[top:bottom, left:right]
    under[:] = np.clip(under * (1 - part[..., 3:]) + part[..., :3], 0, 255).astype(np.uint8)


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


def _add_shadow(frame: Frame, feet: tuple[float, float], reach: float) -> None:
    height, width = frame.shape[:2]
    tall = max(2.0, reach * 0.13)
    left, right = max(0, int(feet[0] - reach)), min(width, int(feet[0] + reach))
    top, bottom = max(0, int(feet[1] - tall)), min(height, int(feet[1] + tall))
    if right <= left or bottom <= top:
        return
    across = (np.arange(left, right) - feet[0]) / reach
    down = (np.arange(top, bottom) - feet[1]) / tall
    away = across[None, :] ** 2 + down[:, None] ** 2
    shade = 1 - 0.55 * np.exp(-away * 2.6) * np.clip(1.1 - away, 0, 1)
    spot = frame[top:bottom, left:right]
    spot[:] = (spot * shade[..., None]).astype(np.uint8)


def _add_halo(frame: Frame, middle: tuple[float, float], reach: float, lamp: Lamp) -> None:
    """Light the mist behind a dark figure, so that it reads."""
    height, width = frame.shape[:2]
    left, right = max(0, int(middle[0] - reach)), min(width, int(middle[0] + reach))
    top, bottom = max(0, int(middle[1] - reach)), min(height, int(middle[1] + reach))
    if right <= left or bottom <= top:
        return
    across = (np.arange(left, right) - middle[0]) / reach
    down = (np.arange(top, bottom) - middle[1]) / reach
    share = np.clip(1 - across[None, :] ** 2 - down[:, None] ** 2, 0, 1) ** 2 * 0.42
    spot = frame[top:bottom, left:right]
    light = np.full_like(spot, (np.array(lamp.rim) * 0.62).astype(np.uint8))
    lay_over(spot, light, (share * 255).round().astype(np.uint8))
