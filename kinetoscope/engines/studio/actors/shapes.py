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
    spine: Sequence[Point], fronts: Sequence[float], backs: Sequence[float], colour: Bgr
) -> Part:
    """Draw flesh about the bones of *spine*, as thick before and behind as is said at its points.

    Before is to the left of somebody who goes along the spine.
    """
    line = _curve(spine)
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    before = _curve([(thick, 0.0) for thick in fronts])[:, :1]
    behind = _curve([(thick, 0.0) for thick in backs])[:, :1]
    outline = np.concatenate([line + across * before, (line - across * behind)[::-1]])
    return Part(outline, colour)


def limb(spine: Sequence[Point], widths: Sequence[float], colour: Bgr) -> Part:
    """Draw a rounded limb along *spine*, as thick at each of its points as *widths* say."""
    line, thick = _curve(spine), _spread(widths, len(spine))
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * thick[:, None] / 2
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


_STEPS = 8


def _curve(points: Sequence[Point]) -> NDArray[np.float64]:
    """Run a smooth curve through *points* (after Catmull and Rom)."""
    knots = np.array([points[0], *points, points[-1]], np.float64)
    part = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * part
            + (2 * a - 5 * b + 4 * c - d) * part**2
            + (3 * b - a - 3 * c + d) * part**3
        )
        for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False)
    ]
    return np.concatenate([*pieces, knots[-1:]])
