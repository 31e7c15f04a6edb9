"""Props: small things modelled as solids and lit once, to be set on a table.

A solid is a function that takes points and tells how far each is outside of it. Rays walk along
until they are as good as there; then light, shadow and shine follow from the shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.scenes.noise import Field

Points = NDArray[np.floating[Any]]
"""Three rows: right, up and away."""
Solid = Callable[[Points], Points]
Colour = tuple[float, float, float]
_STEPS, _CLOSE = 56, 0.0015
_TILT = 0.34  # radians by which the camera looks down
_SPAN = 2.6  # units that the picture of a prop is wide and tall
_EYE = 0.72  # the height that the camera aims at


@dataclass(frozen=True, slots=True)
class Piece:
    """One solid and what it is made of: BGR of 0 to 1, shine, and light of its own."""

    solid: Solid
    colour: Colour
    shine: float = 0.3
    glow: float = 0.0


@dataclass(frozen=True, slots=True)
class Lit:
    """A prop seen from the front: BGR and cover of 0 to 1, and how much light the table keeps.

    *foot* is the row, as a share of the height, of the middle of what it stands on.
    """

    colour: NDArray[np.float32]
    cover: NDArray[np.float32]
    shade: NDArray[np.float32]
    foot: float


@dataclass(frozen=True, slots=True)
class Lamps:
    """The light of a room: where most of it comes from, its colour, and the colour of the rest."""

    way: tuple[float, float, float]
    key: Colour
    fill: Colour


def lit(pieces: tuple[Piece, ...], lamps: Lamps, side: int) -> Lit:
    """Model *pieces* and light them, as a picture of *side* × *side* pixels."""
    ray = np.array((0.0, -math.sin(_TILT), math.cos(_TILT)), np.float32)
    coarse = max(24, side // 4)
    start = _plane(coarse)
    _, near = _walked(pieces, start, ray)
    shade = _shadowed(pieces, _onto_table(start, ray), lamps)
    # Only rays that pass near something are worth a walk at full size.
    likely = cv2.dilate(near.reshape(coarse, coarse).astype(np.uint8), np.ones((5, 5), np.uint8))
    where = cv2.resize(likely, (side, side), interpolation=cv2.INTER_NEAREST).ravel() > 0
    places, found = _walked(pieces, _plane(side)[:, where], ray)
    hit, colour = np.zeros(side * side, bool), np.zeros((3, side * side), np.float32)
    hit[where] = found
    if found.any():
        colour[:, hit] = _shone(pieces, places[:, found], ray, lamps)
    soft = shade.reshape(coarse, coarse).astype(np.float32)
    return Lit(
        colour=np.ascontiguousarray(np.moveaxis(colour.reshape(3, side, side), 0, 2)),
        cover=hit.reshape(side, side).astype(np.float32),
        shade=cast("Field", cv2.resize(soft, (side, side), interpolation=cv2.INTER_CUBIC)),
        foot=0.5 + _EYE * math.cos(_TILT) / _SPAN,
    )


def _plane(side: int) -> Points:
    """List where the rays of a picture start: on a plane that the camera looks along."""
    across = (np.arange(side) + 0.5) / side * _SPAN - _SPAN / 2
    x, y = np.meshgrid(across, -across)
    sine, cosine = math.sin(_TILT), math.cos(_TILT)
    eye = np.array((0.0, _EYE, 0.0)) - 3 * np.array((0.0, -sine, cosine))
    plane = np.stack([x, eye[1] + y * cosine, eye[2] + y * sine]).reshape(3, -1)
    return plane.astype(np.float32)


def _nearest(pieces: tuple[Piece, ...], places: Points) -> Points:
    return cast("Points", np.min([piece.solid(places) for piece in pieces], axis=0))


def _walked(
    pieces: tuple[Piece, ...], start: Points, ray: Points
) -> tuple[Points, NDArray[np.bool_]]:
    places, hit = start.copy(), np.zeros(start.shape[1], bool)
    open_ = np.arange(start.shape[1])
    for _ in range(_STEPS):
        gap = _nearest(pieces, places[:, open_])
        there = gap < _CLOSE
        hit[open_[there]] = True
        going = ~there & (places[2, open_] < 3) & (places[1, open_] > -0.02)
        open_, gap = open_[going], gap[going]
        if not open_.size:
            break
        places[:, open_] += ray[:, None] * gap * 0.9
    return places, hit & (places[1] > -0.01)


def _shone(pieces: tuple[Piece, ...], places: Points, ray: Points, lamps: Lamps) -> Points:
    gaps = np.stack([piece.solid(places) for piece in pieces])
    which = gaps.argmin(axis=0)
    step = 0.004 * np.eye(3, dtype=np.float32)
    facing = np.stack(
        [
            _nearest(pieces, places + d[:, None]) - _nearest(pieces, places - d[:, None])
            for d in step
        ]
    )
    facing /= np.maximum(np.linalg.norm(facing, axis=0), 1e-9)
    way = _column(lamps.way)[:, 0] / np.float32(np.linalg.norm(lamps.way))
    seen = _sunlit(pieces, places + facing * 0.02, way)
    open_sky = np.clip(_nearest(pieces, places + facing * 0.22) / 0.22, 0.25, 1)
    light = np.clip(way @ facing, 0, 1) * seen
    bounce = np.clip(-facing[1], 0, 1) * 0.25
    half = way - ray
    half /= np.linalg.norm(half)
    gloss = np.clip(half @ facing, 0, 1) ** 60 * seen
    rim = (1 - np.clip(-(ray @ facing), 0, 1)) ** 3
    own = np.array([piece.colour for piece in pieces], np.float32)[which].T
    shine = np.array([piece.shine for piece in pieces], np.float32)[which]
    glow = np.array([piece.glow for piece in pieces], np.float32)[which]
    key, fill = _column(lamps.key), _column(lamps.fill)
    shade = key * light + fill * open_sky * (0.62 + 0.38 * facing[1]) + 0.5 * key * bounce
    return cast("Points", own * (shade + glow) + (gloss * 0.9 + rim * 0.16) * shine * (key + fill))


def _sunlit(pieces: tuple[Piece, ...], places: Points, way: Points) -> Points:
    """Tell how much key light reaches *places*: less where something is nearly in the way."""
    seen, gone = np.ones(places.shape[1], np.float32), 0.03
    for _ in range(14):
        gap = _nearest(pieces, places + way[:, None] * gone)
        seen = np.minimum(seen, np.clip(0.5 + 7 * gap / gone, 0, 1))
        gone += 0.09
    return seen


def _onto_table(start: Points, ray: Points) -> Points:
    far = start[1] / max(math.sin(_TILT), 1e-6)
    return cast("Points", start + ray[:, None] * far)


def _shadowed(pieces: tuple[Piece, ...], places: Points, lamps: Lamps) -> Points:
    way = _column(lamps.way)[:, 0] / np.float32(np.linalg.norm(lamps.way))
    lifted = places + _column((0.0, 0.012, 0.0))
    direct = _sunlit(pieces, lifted, way)
    touch = np.clip(_nearest(pieces, lifted) / 0.30, 0, 1)
    return cast("Points", (0.42 + 0.58 * direct) * (0.45 + 0.55 * touch**0.7))


# ── solids ────────────────────────────────────────────────────────────────────────────────────────


def ball(middle: Colour, radius: float, squeeze: float = 1.0) -> Solid:
    """Make a ball, *squeeze* times as tall as broad."""
    x, y, z = middle

    def solid(at: Points) -> Points:
        return cast(
            "Points",
            (np.sqrt((at[0] - x) ** 2 + ((at[1] - y) / squeeze) ** 2 + (at[2] - z) ** 2) - radius)
            * min(1.0, squeeze),
        )

    return solid


def turned(*profile: tuple[float, float]) -> Solid:
    """Make what a potter would: *profile* lists heights and radii, from the foot to the rim."""
    heights, radii = _smoothed(profile)

    def solid(at: Points) -> Points:
        away = np.hypot(at[0], at[2])
        wall = (away - _read(heights, radii, at[1])) * 0.75
        return cast("Points", np.maximum(wall, np.maximum(heights[0] - at[1], at[1] - heights[-1])))

    return solid


def shell(*profile: tuple[float, float], thick: float) -> Solid:
    """Make a vessel, open above, with walls *thick*."""
    outer = turned(*profile)
    heights, radii = _smoothed(profile)
    floor = heights[0] + thick

    def solid(at: Points) -> Points:
        wall = (np.hypot(at[0], at[2]) - _read(heights, radii, at[1]) + thick) * 0.75
        return cast("Points", np.maximum(outer(at), -np.maximum(wall, floor - at[1])))

    return solid


def _smoothed(profile: tuple[tuple[float, float], ...]) -> tuple[Points, Points]:
    heights, radii = (np.array(column) for column in zip(*profile, strict=True))
    fine = np.linspace(heights[0], heights[-1], 121)
    wide = np.pad(np.interp(fine, heights, radii), 9, mode="edge")
    return fine, np.convolve(wide, np.hanning(19) / np.hanning(19).sum(), mode="valid")


def _read(heights: Points, radii: Points, at: Points) -> Points:
    """Read *radii* at heights; those of the table are evenly spaced."""
    last = heights.size - 1
    place = (at - float(heights[0])) * (last / float(heights[-1] - heights[0]))
    place = np.clip(place, 0, last - 1e-3)
    step = place.astype(np.int32)
    low, rise = radii.astype(np.float32), np.diff(radii, append=radii[-1]).astype(np.float32)
    return cast("Points", low.take(step) + rise.take(step) * (place - step).astype(np.float32))


def _column(values: Colour) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None]


def ring(middle: Colour, radius: float, thick: float) -> Solid:
    """Make an upright ring, seen from the front."""
    x, y, z = middle

    def solid(at: Points) -> Points:
        around = np.hypot(at[0] - x, at[1] - y) - radius
        return cast("Points", np.hypot(around, at[2] - z) - thick)

    return solid


def block(middle: Colour, half: Colour, turn: float = 0.0, edge: float = 0.02) -> Solid:
    """Make a block with soft edges, turned by *turn* radians."""
    sine, cosine = math.sin(turn), math.cos(turn)

    def solid(at: Points) -> Points:
        x, y, z = (at[axis] - middle[axis] for axis in range(3))
        gaps = np.abs(np.stack([cosine * x + sine * z, y, cosine * z - sine * x]))
        gaps -= _column(half) - edge
        outside = np.linalg.norm(np.maximum(gaps, 0), axis=0)
        return cast("Points", outside + np.minimum(gaps.max(axis=0), 0) - edge)

    return solid


def _rod(low: Colour, high: Colour, thick: float) -> Solid:
    begin, along = _column(low), _column(high) - _column(low)

    def solid(at: Points) -> Points:
        share = np.clip(((at - begin) * along).sum(axis=0) / (along**2).sum(), 0, 1)
        return cast("Points", np.linalg.norm(at - begin - along * share, axis=0) - thick)

    return solid


# ── things ────────────────────────────────────────────────────────────────────────────────────────

_CHINA: Colour = (0.86, 0.90, 0.93)


def _cup() -> tuple[Piece, ...]:
    return (
        Piece(turned((0.0, 0.46), (0.03, 0.60), (0.07, 0.86), (0.085, 0.88)), _CHINA, 0.5),
        Piece(
            shell((0.06, 0.28), (0.2, 0.42), (0.45, 0.52), (0.74, 0.57), thick=0.035), _CHINA, 0.6
        ),
        Piece(ring((0.66, 0.44, 0.0), 0.16, 0.042), _CHINA, 0.6),
        Piece(turned((0.40, 0.44), (0.655, 0.525)), (0.05, 0.10, 0.19), 0.9),
        Piece(_rod((-0.30, 0.12, -0.62), (0.34, 0.14, -0.56), 0.026), (0.72, 0.74, 0.76), 1.0),
        Piece(ball((0.42, 0.14, -0.55), 0.075, 0.4), (0.72, 0.74, 0.76), 1.0),
    )


def _candle() -> tuple[Piece, ...]:
    return (
        Piece(turned((0.0, 0.52), (0.04, 0.56), (0.07, 0.52)), (0.28, 0.40, 0.52), 0.8),
        Piece(turned((0.05, 0.24), (0.98, 0.235), (1.0, 0.22)), (0.72, 0.86, 0.95), 0.35, 0.10),
        Piece(turned((0.92, 0.205), (1.005, 0.18)), (0.62, 0.84, 1.0), 0.2, 0.55),
        Piece(_rod((0.0, 1.0, 0.0), (0.01, 1.10, 0.0), 0.012), (0.05, 0.06, 0.07), 0.0),
    )


def _books() -> tuple[Piece, ...]:
    spines: tuple[Colour, ...] = ((0.24, 0.20, 0.52), (0.42, 0.32, 0.16), (0.22, 0.42, 0.36))
    pieces = []
    for number, (ink, turn) in enumerate(zip(spines, (0.10, -0.16, 0.22), strict=True)):
        level = 0.11 + 0.20 * number
        pieces += [
            Piece(block((0, level, 0), (0.78, 0.085, 0.52), turn), ink, 0.2),
            Piece(
                block((0.03, level, 0.0), (0.765, 0.068, 0.53), turn, 0.01), (0.78, 0.87, 0.92), 0.0
            ),
        ]
    return (*pieces, *(_moved(piece, (0.05, 0.62, 0.0), 0.55) for piece in _cup()[1:4]))


def _fruit() -> tuple[Piece, ...]:
    bowl = shell((0.04, 0.26), (0.08, 0.34), (0.25, 0.66), (0.42, 0.82), thick=0.04)
    fruit: tuple[tuple[Colour, float, Colour], ...] = (
        ((-0.36, 0.46, -0.05), 0.27, (0.14, 0.14, 0.74)),
        ((0.16, 0.44, -0.26), 0.25, (0.10, 0.48, 0.95)),
        ((0.42, 0.48, 0.12), 0.26, (0.20, 0.62, 0.50)),
        ((-0.02, 0.52, 0.26), 0.26, (0.12, 0.20, 0.78)),
        ((0.06, 0.74, -0.02), 0.25, (0.16, 0.66, 0.92)),
    )  # fmt: skip
    return (
        Piece(bowl, (0.58, 0.50, 0.36), 0.5),
        Piece(turned((0.0, 0.30), (0.06, 0.28)), (0.58, 0.50, 0.36), 0.5),
        *(Piece(ball(at, size, 0.92), ink, 0.45) for at, size, ink in fruit),
        *(Piece(_rod((x, y + 0.2, z), (x + 0.04, y + 0.32, z), 0.014), (0.10, 0.18, 0.24), 0.0)
          for (x, y, z), _, _ in (fruit[0], fruit[3])),
    )  # fmt: skip


def _flowers() -> tuple[Piece, ...]:
    pieces = [Piece(turned((0.0, 0.24), (0.05, 0.30), (0.28, 0.40), (0.50, 0.27), (0.66, 0.17),
                           (0.72, 0.21)), (0.70, 0.56, 0.34), 0.9)]  # fmt: skip
    inks: tuple[Colour, ...] = (
        (0.52, 0.36, 0.92), (0.30, 0.74, 0.98), (0.80, 0.62, 0.94), (0.32, 0.32, 0.90),
        (0.86, 0.88, 0.96),
    )  # fmt: skip
    for number, ink in enumerate(inks):
        turn = number * 1.257
        end = (0.42 * math.cos(turn), 1.30 + 0.22 * math.sin(number * 2.3), 0.30 * math.sin(turn))
        pieces.append(Piece(_rod((0, 0.66, 0), end, 0.018), (0.20, 0.46, 0.22), 0.1))
        for petal in range(5):
            lean = petal * 1.257 + number
            spot = (end[0] + 0.085 * math.cos(lean), end[1], end[2] + 0.085 * math.sin(lean))
            pieces.append(Piece(ball(spot, 0.115, 1.25), ink, 0.1))
    return tuple(pieces)


def _moved(piece: Piece, by: Colour, size: float) -> Piece:
    shift = _column(by)
    return Piece(
        lambda at: piece.solid((at - shift) / size) * size,
        piece.colour,
        piece.shine,
        piece.glow,
    )


PROPS: Mapping[str, Callable[[], tuple[Piece, ...]]] = {
    "cup": _cup,
    "candle": _candle,
    "books": _books,
    "fruit": _fruit,
    "flowers": _flowers,
}
"""What can be set on a table."""
