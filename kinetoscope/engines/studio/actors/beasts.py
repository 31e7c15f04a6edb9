"""Four-legged animals in one moment of their stride; *phase* counts strides. They face right.

A build is drawn from life in units of its height at the shoulder: an outline from the root of the
tail over the back, round the head and along the belly, and legs by their joints. Whatever is near
the head goes with it when it nods.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from kinetoscope.engines.studio.actors.legs import Fur, Gait, Leg, Step, far, leg, sinks, stepped
from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Outline,
    Part,
    Point,
    limb,
    rounded,
    shape,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on a build: a mane, an ear, a patch; it turns by *flick* radians about its start.

    Where *thick* is given, the points are the spine of something as thick as that; *behind* what
    is on the far side.
    """

    points: tuple[Point, ...]
    colour: Bgr
    thick: tuple[float, ...] = ()
    lift: float = 0.7
    flick: float = 0.0
    behind: bool = False
    sharp: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """A kind of animal; *neck* runs from where it turns to the top of the head."""

    coat: Fur
    outline: tuple[Point, ...]
    neck: tuple[Point, Point]
    fore: Leg
    hind: Leg
    tail: tuple[Mark, ...] = ()
    marks: tuple[Mark, ...] = ()
    gait: Gait = field(default_factory=Gait)
    nod: float = 0.035
    bob: float = 0.012


_BODY, _RISE = 0.45, 0.10


def beast(build: Build, phase: float) -> list[Part]:
    """Draw a walking animal of *build*."""
    gait, turn = build.gait, 2 * math.pi * phase
    up = build.bob * math.cos(2 * turn + 0.6) - (sinks(build.fore) + sinks(build.hind)) / 2
    nod = build.nod * math.sin((1 if gait.bounds else 2) * turn + 0.4)
    move = _Move(build.neck, nod, up)
    hind_far, fore_far = (0.06, gait.lag + 0.12) if gait.bounds else (0.5, gait.lag + 0.5)
    parts = [_marked(mark, phase, move) for mark in build.marks if mark.behind]
    parts += leg(build.hind, _low(stepped(gait, phase - hind_far)), far(build.coat))
    parts += leg(build.fore, stepped(gait, phase - fore_far), far(build.coat))
    parts += _tail(build.tail, phase, up)
    parts.append(Part(move(_ring(build.outline)), build.coat[0], _BODY))
    for limbs, step in (
        (build.hind, _low(stepped(gait, phase))),
        (build.fore, stepped(gait, phase - gait.lag)),
    ):
        parts += leg(limbs, step, build.coat, lift=_BODY, rise=_RISE)
    return parts + [_marked(mark, phase, move) for mark in build.marks if not mark.behind]


def _low(step: Step) -> Step:
    """Lift a hind foot less than a forefoot: it but clears the ground."""
    return step[0], step[1] * 0.55, step[2]


class _Move:
    """Moves an outline with the body, and as far as it is near the head, with the head."""

    def __init__(self, neck: tuple[Point, Point], nod: float, up: float) -> None:
        self._pivot = np.array(neck[0])
        self._along = np.array(neck[1]) - self._pivot
        self._nod, self._up = nod, up

    def __call__(self, outline: Outline) -> Outline:
        from_ = outline - self._pivot
        share = np.clip(from_ @ self._along / (self._along @ self._along), 0, 1)
        angle = self._nod * share * share * (3 - 2 * share)
        sine, cosine = np.sin(angle), np.cos(angle)
        x, y = from_.T
        turned = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1)
        return cast("Outline", turned + self._pivot + np.array((0.0, self._up)))


def _marked(mark: Mark, phase: float, move: _Move) -> Part:
    part = _drawn(mark)
    outline = part.outline
    if mark.flick:
        # Ears are still most of the time, and then they turn.
        wave = math.sin(2 * math.pi * phase * 0.37) ** 5 + 0.3 * math.sin(2 * math.pi * phase)
        outline = _spun(outline, mark.points[0], mark.flick * wave)
    return Part(move(outline), mark.colour, mark.lift)


def _tail(marks: Sequence[Mark], phase: float, up: float) -> Iterator[Part]:
    """Swing a tail about its root, its end later than its beginning."""
    root = marks[0].points[0] if marks else (0.0, 0.0)
    for mark in marks:
        outline = _drawn(mark).outline
        away = np.linalg.norm(outline - root, axis=1)
        wave = np.sin(math.pi * phase - 2.2 * away) * np.minimum(away * 2.4, 1)
        swung = _spun(outline, root, wave * marks[0].flick)
        yield Part(swung + np.array((0.0, up)), mark.colour, mark.lift)


@functools.cache  # builds are few, and never change
def _drawn(mark: Mark) -> Part:
    if mark.thick:
        return limb(mark.points, mark.thick, mark.colour)
    return (shape if mark.sharp else rounded)(mark.points, mark.colour)


@functools.cache
def _ring(points: tuple[Point, ...]) -> Outline:
    return rounded(points, (0, 0, 0)).outline


def _spun(outline: Outline, pivot: Point, angle: float | Outline) -> Outline:
    x, y = (outline - pivot).T
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1) + pivot


def oval(centre: Point, size: Point, colour: Bgr, lift: float = 0.7) -> Mark:
    """Mark a spot, as an eye is."""
    x, y = centre
    ring = [(x + math.cos(turn) * size[0] / 2, y + math.sin(turn) * size[1] / 2)
            for turn in (0, 0.785, 1.571, 2.356, 3.142, 3.927, 4.712, 5.498)]  # fmt: skip
    return Mark(tuple(ring), colour, lift=lift)


def along(
    points: Sequence[Point],
    colour: Bgr,
    *thick: float,
    lift: float = 0.7,
    flick: float = 0.0,
    behind: bool = False,
) -> Mark:
    """Mark a line, as thick as is said from its beginning to its end."""
    return Mark(tuple(points), colour, thick, lift, flick, behind)


def faded(points: Sequence[Point], colour: Bgr, coat: Bgr, lift: float = 0.45) -> Iterator[Mark]:
    """Mark a patch whose edge goes over into the *coat* around it."""
    ring = np.array(points)
    middle = ring.mean(axis=0)
    for share, size in ((0.2, 1.06), (0.45, 0.98), (0.75, 0.88), (1.0, 0.76)):
        mixed = tuple(c + (m - c) * share for c, m in zip(coat, colour, strict=True))
        outline = tuple((float(x), float(y)) for x, y in middle + (ring - middle) * size)
        yield Mark(outline, cast("Bgr", mixed), lift=lift)
