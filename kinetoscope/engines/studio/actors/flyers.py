"""Whoever has wings, in one beat of them, flying to the right; *phase* counts the beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Part,
    Point,
    lifted,
    limb,
    oval,
    rounded,
    shaded,
    shape,
)

_DARK: Bgr = (32, 30, 34)
# How a span that comes towards us is seen: aside and down.
_TOWARDS: Point = (-0.30, -0.26)
_BIRD = (
    (0.36, 0.605), (0.22, 0.60), (-0.10, 0.585), (-0.34, 0.545), (-0.55, 0.575), (-0.585, 0.52),
    (-0.55, 0.465), (-0.34, 0.465), (-0.05, 0.405), (0.20, 0.42), (0.36, 0.475), (0.435, 0.53),
    (0.425, 0.58),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plumage:
    """A bird: its colours, how long and broad its wings are, how far they beat."""

    body: Bgr
    head: Bgr
    wing: Bgr
    tip: Bgr
    beak: Bgr
    arm: float = 0.42
    hand: float = 0.72
    broad: float = 1.0
    beat: float = 0.75
    fingers: int = 0
    glides: bool = False


GULL = Plumage((236, 236, 234), (240, 240, 240), (188, 180, 172), (60, 58, 58), (70, 175, 230))
CROW = Plumage((58, 54, 54), (52, 48, 48), (66, 60, 58), (48, 46, 46), (50, 54, 60), broad=1.1)
EAGLE = Plumage(
    (40, 54, 76), (226, 230, 232), (46, 62, 86), (34, 46, 64), (60, 170, 225),
    arm=0.56, hand=0.70, broad=1.35, beat=0.62, fingers=5, glides=True,
)  # fmt: skip


def bird(phase: float, plumage: Plumage = CROW) -> list[Part]:
    """Draw a bird on the wing; about two units from tip to tip."""
    turn = 2 * math.pi * phase
    strength = 0.30 + 0.70 * max(0.0, math.sin(turn * 0.22)) if plumage.glides else 1.0
    up = 0.04 * math.cos(turn) * strength
    beat = _Beat(
        0.16 + plumage.beat * strength * math.sin(turn),
        0.02 + plumage.beat * strength * math.sin(turn - 0.95),
    )
    body = [
        rounded(_BIRD, plumage.body),
        rounded([(0.20, 0.60), (0.36, 0.605), (0.425, 0.58), (0.435, 0.53), (0.36, 0.475),
                 (0.24, 0.44)], plumage.head),
        shape([(0.42, 0.565), (0.47, 0.56), (0.515, 0.525), (0.47, 0.53), (0.425, 0.525)],
              plumage.beak),
        oval((0.375, 0.565), (0.026, 0.028), _DARK),
    ]  # fmt: skip
    parts = [
        *_wing((0.10, 0.56), beat, plumage, near=False),
        *lifted(body, 0.2),
        *lifted(_wing((0.08, 0.535), beat, plumage, near=True), 0.4),
    ]
    return [replace(part, outline=part.outline + np.array((0.0, up))) for part in parts]


@dataclass(frozen=True, slots=True)
class _Beat:
    """How far the arm and the hand of a wing are raised, in radians."""

    arm: float
    hand: float


def _span(root: Point, beat: _Beat, lengths: Point, *, near: bool) -> tuple[Point, Point]:
    """Find where a wing's wrist and its tip are seen."""
    side = 1.0 if near else -0.86
    ends = []
    x, y = root
    for angle, length in zip((beat.arm, beat.hand), lengths, strict=True):
        out = length * math.cos(angle) * side
        x, y = x + out * _TOWARDS[0], y + out * _TOWARDS[1] + length * math.sin(angle)
        ends.append((x, y))
    return ends[0], ends[1]


def _wing(root: Point, beat: _Beat, plumage: Plumage, *, near: bool) -> list[Part]:
    wrist, tip = _span(root, beat, (plumage.arm, plumage.hand), near=near)
    x, y = root
    wide = plumage.broad
    colour = plumage.wing if near else shaded(plumage.wing, 0.74)
    dark = plumage.tip if near else shaded(plumage.tip, 0.74)
    before = [(x + 0.16 * wide, y + 0.01), (wrist[0] + 0.19 * wide, wrist[1])]
    behind = [(wrist[0] - 0.17 * wide, wrist[1]), (x - 0.22 * wide, y)]
    if plumage.fingers:
        hand = [before[1], *_fingers(wrist, tip, plumage), behind[0], (wrist[0], wrist[1])]
        inner = rounded([*before, (wrist[0] + 0.02, wrist[1] + 0.02), *behind], colour)
        return [shape(hand, dark), inner]
    end = (tip[0] - 0.22 * wide, tip[1])
    middle = _part_of(behind[0], end, 0.55)
    outline = [*before, _part_of(before[1], end, 0.6, 0.03), end, middle, *behind]
    black = [_part_of(before[1], end, 0.66, 0.03), end, _part_of(behind[0], end, 0.74)]
    return [rounded(outline, colour), rounded(black, dark)]


def _fingers(wrist: Point, tip: Point, plumage: Plumage) -> list[Point]:
    """Spread the long feathers at the end of a broad wing."""
    points = []
    for number in range(plumage.fingers):
        share = number / (plumage.fingers - 1)
        reach = 1.0 - 0.42 * share**1.5
        aside = 0.12 - 0.42 * share
        end = (wrist[0] + (tip[0] - wrist[0]) * reach + aside,
               wrist[1] + (tip[1] - wrist[1]) * reach)  # fmt: skip
        notch = (wrist[0] + (tip[0] - wrist[0]) * reach * 0.55 + aside * 0.8 - 0.03,
                 wrist[1] + (tip[1] - wrist[1]) * reach * 0.55)  # fmt: skip
        points += [(end[0] + 0.022, end[1]), (end[0] - 0.022, end[1]), notch]
    return points


def _part_of(one: Point, other: Point, share: float, ahead: float = 0.0) -> Point:
    x, y = one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
    return x + ahead, y


_SKIN: Bgr = (58, 88, 60)
_DRAGON = (
    (-0.30, 0.62), (-0.05, 0.66), (0.18, 0.68), (0.30, 0.70), (0.36, 0.60), (0.28, 0.48),
    (0.05, 0.41), (-0.18, 0.44), (-0.34, 0.52),
)  # fmt: skip


def dragon(phase: float) -> list[Part]:
    """Draw a dragon on the wing."""
    turn = 2 * math.pi * phase
    wave = 0.05 * math.sin(turn + 1)
    beat = _Beat(0.30 + 0.62 * math.sin(turn), 0.10 + 0.62 * math.sin(turn - 0.9))
    tail = [(-0.24, 0.55), (-0.62, 0.50 + wave), (-0.98, 0.58 - wave), (-1.30, 0.50 + wave)]
    barb = [(-1.24, 0.53 + wave), (-1.42, 0.60 + wave), (-1.36, 0.50 + wave), (-1.42, 0.42 + wave),
            (-1.25, 0.47 + wave)]  # fmt: skip
    neck = [(0.22, 0.60), (0.44, 0.68 + wave), (0.60, 0.84 + wave), (0.76, 0.90 + wave)]
    body = [
        *_spines(tail, neck),
        limb(tail, (0.20, 0.12, 0.06, 0.02), _SKIN),
        shape(barb, shaded(_SKIN, 0.8)),
        rounded(_DRAGON, _SKIN),
        limb(neck, (0.25, 0.16, 0.115, 0.11), _SKIN),
        *_jaws(wave),
        *[limb([(leg, 0.47), (leg - 0.12, 0.34), (leg - 0.30, 0.35), (leg - 0.38, 0.30)],
               (0.13, 0.085, 0.045, 0.02), shaded(_SKIN, 0.85)) for leg in (-0.12, 0.20)],
    ]  # fmt: skip
    return [
        *_membrane((0.16, 0.66), beat, shaded(_SKIN, 0.55), near=False),
        *lifted(body, 0.2),
        *lifted(_membrane((0.10, 0.62), beat, shaded(_SKIN, 0.92), near=True), 0.4),
    ]


def _jaws(up: float) -> list[Part]:
    horn: Bgr = (120, 150, 160)
    upper = [(0.70, 0.93), (0.80, 0.985), (0.88, 0.955), (0.99, 0.915), (1.06, 0.895),
             (1.055, 0.865), (0.96, 0.855), (0.84, 0.835), (0.74, 0.835)]  # fmt: skip
    lower = [(0.78, 0.85), (0.90, 0.835), (1.01, 0.835), (0.96, 0.805), (0.86, 0.79), (0.77, 0.81)]
    return [
        rounded([(x, y + up) for x, y in lower], shaded(_SKIN, 0.8)),
        rounded([(x, y + up) for x, y in upper], _SKIN),
        limb([(0.79, 0.96 + up), (0.68, 1.03 + up), (0.56, 1.05 + up)], (0.05, 0.035, 0.008), horn),
        limb([(0.75, 0.93 + up), (0.66, 0.97 + up), (0.58, 0.965 + up)], (0.04, 0.03, 0.006), horn),
        oval((0.86, 0.925 + up), (0.036, 0.028), (70, 200, 250)),
    ]


def _spines(tail: Sequence[Point], neck: Sequence[Point]) -> list[Part]:
    """Set a row of spines on the back, from the head to the tail."""
    line = [neck[3], neck[2], neck[1], (0.20, 0.70), (0.0, 0.67), (-0.22, 0.64), *tail[1:3]]
    rises = (0.04, 0.06, 0.08, 0.02, 0.02, 0.02, 0.05, 0.03)
    spines = []
    for (x, y), rise in zip(line, rises, strict=True):
        foot = y + rise - 0.03
        spines.append(
            shape([(x + 0.05, foot), (x - 0.05, foot + 0.09), (x - 0.06, foot)], shaded(_SKIN, 0.7))
        )
    return spines


def _membrane(root: Point, beat: _Beat, colour: Bgr, *, near: bool) -> list[Part]:
    """Spread a wing of skin between long fingers."""
    wrist, tip = _span(root, beat, (0.62, 1.05), near=near)
    x, y = root
    elbow = (wrist[0] + 0.20, wrist[1] + 0.03)
    ends = []
    for share, back in ((1.0, 0.10), (0.86, 0.42), (0.60, 0.66), (0.26, 0.74)):
        ends.append((wrist[0] + (tip[0] - wrist[0]) * share - back,
                     wrist[1] + (tip[1] - wrist[1]) * share))  # fmt: skip
    ends.append((x - 0.36, y - 0.02))
    outline = [(x + 0.14, y), elbow, ends[0]]
    for one, other in pairwise(ends):
        middle = _part_of(one, other, 0.5)
        outline += [_part_of(middle, elbow, 0.20), other]
    bones = [limb([elbow, _part_of(elbow, end, 0.5), end], (0.035, 0.026, 0.008),
                  shaded(colour, 0.66)) for end in ends[:4]]  # fmt: skip
    arm = limb([(x + 0.12, y), elbow], (0.085, 0.05), shaded(colour, 0.8))
    return [shape(outline, colour), *bones, arm]
