"""Shapes to draw with: y points up, feet stand at 0, and a figure is about one unit tall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Outline = NDArray[np.float64]
Bgr = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """A filled outline of one colour; *lift* is how far it stands out of the figure, 0 to 1."""

    outline: Outline
    colour: Bgr
    lift: float = 0.0


def fleshed(
    spine: Sequence[Point],
    fronts: Sequence[float],
    backs: Sequence[float],
    colour: Bgr,
    *,
    begins: Sequence[int] = (0,),
) -> list[Part]:
    """Draw flesh about the bones of *spine*, as thick before and behind as is said at its points.

    Before is to the left of somebody who goes along the spine. It is drawn once from each of the
    points that *begins* counts.
    """
    knots = [(*point, *thick) for point, *thick in zip(spine, fronts, backs, strict=True)]
    curve = _curve(knots)
    line = curve[:, :2]
    across = _across(line)
    before, behind = line + across * curve[:, 2:3], line - across * curve[:, 3:]
    return [
        Part(np.concatenate([before[first * _STEPS :], behind[first * _STEPS :][::-1]]), colour)
        for first in begins
    ]


def limb(spine: Sequence[Point], widths: Sequence[float], colour: Bgr) -> Part:
    """Draw a rounded limb along *spine*, as thick at each of its points as *widths* say."""
    line, thick = _curve(spine), _spread(widths, len(spine))
    across = _across(line)
    along = np.stack([across[:, 1], -across[:, 0]], axis=1)
    across = across * (thick[:, None] / 2)
    turn = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1, None]
    head = line[-1] + (np.cos(turn) * along[-1] + np.sin(turn) * _left(along[-1])) * thick[-1] / 2
    foot = line[0] - (np.cos(turn) * along[0] + np.sin(turn) * _left(along[0])) * thick[0] / 2
    outline = np.concatenate([line + across, head, (line - across)[::-1], foot])
    return Part(outline, colour)


def oval(centre: Point, size: Point, colour: Bgr, tilt: float = 0.0) -> Part:
    """Draw an oval of *size* across and up, turned by *tilt* radians."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    x, y = np.cos(turn) * size[0] / 2, np.sin(turn) * size[1] / 2
    sine, cosine = math.sin(tilt), math.cos(tilt)
    outline = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1) + centre
    return Part(outline, colour)


def shape(points: Sequence[Point], colour: Bgr) -> Part:
    """Draw a figure with corners."""
    return Part(np.array(points, np.float64), colour)


def rounded(points: Sequence[Point], colour: Bgr) -> Part:
    """Draw a figure without corners, through *points*."""
    ring = [*points, points[0], points[1]]
    line = _curve([points[-1], *ring])
    step = (len(line) - 1) // (len(ring))
    return Part(line[step : step * (len(points) + 1)], colour)


def mirrored(parts: Sequence[Part]) -> list[Part]:
    """Turn a figure round to face the other way."""
    return [replace(part, outline=part.outline * np.array([-1, 1])) for part in parts]


def lifted(parts: Sequence[Part], lift: float) -> list[Part]:
    """Let *parts* stand out of the figure."""
    return [replace(part, lift=lift) for part in parts]


def shaded(colour: Bgr, power: float) -> Bgr:
    """Darken or lighten a colour."""
    return cast("Bgr", tuple(min(255.0, channel * power) for channel in colour))


def _left(along: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([-along[1], along[0]])


def _spread(widths: Sequence[float], knots: int) -> NDArray[np.float64]:
    count = (knots - 1) * _STEPS + 1
    at = np.linspace(0, len(widths) - 1, count)
    return np.asarray(np.interp(at, np.arange(len(widths)), np.array(widths)), np.float64)


def _across(line: Outline) -> Outline:
    """Point to the left of *line* at each of its points."""
    along = np.empty_like(line)
    along[1:-1] = line[2:] - line[:-2]
    along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
    length = np.maximum(np.sqrt((along * along).sum(axis=1, keepdims=True)), 1e-9)
    across: Outline = np.stack([-along[:, 1], along[:, 0]], axis=1) / length
    return across


def _curve(points: Sequence[Sequence[float]]) -> Outline:
    """Run a smooth curve through *points* (after Catmull and Rom)."""
    knots = np.array([points[0], *points, points[-1]], np.float64)
    ways = np.stack([knots[:-3], knots[1:-2], knots[2:-1], knots[3:]], axis=1)
    pieces = (_BLEND @ ways).reshape(-1, knots.shape[1])
    return np.concatenate([pieces, knots[-1:]])


_STEPS = 8
_PART = np.arange(_STEPS)[:, None] / _STEPS
# How much each of four points around a place on the curve has to say in it.
_BLEND = _PART ** np.arange(4) @ (
    np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
)
