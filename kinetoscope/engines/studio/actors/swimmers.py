"""Whoever swims, to the right, at half its height; *phase* counts strokes of the tail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kinetoscope.engines.studio.actors.shapes import Bgr, Outline, Part, Point, limb, oval, rounded

_DARK: Bgr = (32, 30, 34)
Ring = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Swimmer:
    """A whale or a large fish: outlines of its body, belly, tail and fins, and its eye."""

    skin: Bgr
    pale: Bgr
    body: Ring
    belly: Ring
    tail: Ring
    back: Ring
    flipper: Ring
    eye: Point
    lines: tuple[Ring, ...] = ()
    upright: bool = False  # a tail that beats from side to side, and seems shorter as it does


WHALE = Swimmer(
    (98, 78, 62),
    (196, 190, 180),
    ((0.94, 0.455), (0.80, 0.525), (0.60, 0.575), (0.46, 0.605), (0.20, 0.63), (-0.15, 0.625),
     (-0.36, 0.595), (-0.60, 0.545), (-0.80, 0.505), (-0.97, 0.49), (-0.97, 0.455), (-0.78, 0.435),
     (-0.52, 0.39), (-0.20, 0.32), (0.12, 0.27), (0.42, 0.265), (0.68, 0.31), (0.86, 0.38)),
    ((0.93, 0.435), (0.78, 0.43), (0.58, 0.405), (0.40, 0.36), (0.15, 0.33), (-0.10, 0.335),
     (-0.35, 0.375), (-0.20, 0.32), (0.12, 0.272), (0.42, 0.268), (0.68, 0.313), (0.86, 0.382)),
    ((-0.90, 0.495), (-1.02, 0.56), (-1.20, 0.66), (-1.29, 0.68), (-1.22, 0.57), (-1.14, 0.485),
     (-1.20, 0.40), (-1.25, 0.30), (-1.14, 0.34), (-1.02, 0.41), (-0.92, 0.45)),
    ((-0.34, 0.595), (-0.44, 0.66), (-0.50, 0.665), (-0.52, 0.58), (-0.44, 0.57)),
    ((0.34, 0.36), (0.26, 0.22), (0.10, 0.06), (-0.04, -0.02), (-0.06, 0.03), (0.02, 0.15),
     (0.14, 0.31)),
    (0.60, 0.455),
    lines=tuple(
        ((0.88 - 0.04 * row, 0.415 - 0.026 * row), (0.55 - 0.02 * row, 0.375 - 0.024 * row),
         (0.18 - 0.03 * row, 0.325 - 0.012 * row))
        for row in range(4)
    ),
)  # fmt: skip
DOLPHIN = Swimmer(
    (142, 118, 98),
    (216, 212, 206),
    ((0.90, 0.462), (0.79, 0.495), (0.72, 0.555), (0.56, 0.605), (0.30, 0.635), (0.0, 0.645),
     (-0.32, 0.61), (-0.62, 0.54), (-0.88, 0.485), (-0.88, 0.445), (-0.62, 0.43), (-0.30, 0.36),
     (0.05, 0.315), (0.36, 0.32), (0.62, 0.37), (0.78, 0.415), (0.89, 0.432)),
    ((0.88, 0.436), (0.74, 0.435), (0.50, 0.41), (0.20, 0.40), (-0.10, 0.405), (-0.40, 0.42),
     (-0.28, 0.36), (0.05, 0.317), (0.36, 0.322), (0.62, 0.372), (0.78, 0.427)),
    ((-0.80, 0.485), (-0.94, 0.54), (-1.08, 0.62), (-1.14, 0.60), (-1.03, 0.48), (-1.09, 0.36),
     (-1.05, 0.32), (-0.92, 0.39), (-0.82, 0.44)),
    ((0.12, 0.63), (0.02, 0.76), (-0.13, 0.845), (-0.19, 0.84), (-0.14, 0.74), (-0.16, 0.62),
     (0.0, 0.60)),
    ((0.40, 0.385), (0.34, 0.24), (0.20, 0.14), (0.13, 0.14), (0.18, 0.26), (0.22, 0.375)),
    (0.60, 0.475),
    lines=(((0.895, 0.447), (0.79, 0.450), (0.69, 0.462)),),
)  # fmt: skip
SHARK = Swimmer(
    (116, 104, 94),
    (206, 206, 204),
    ((0.96, 0.50), (0.76, 0.57), (0.48, 0.615), (0.16, 0.63), (-0.16, 0.60), (-0.50, 0.54),
     (-0.84, 0.495), (-0.84, 0.445), (-0.50, 0.42), (-0.14, 0.375), (0.20, 0.345), (0.52, 0.355),
     (0.78, 0.41), (0.90, 0.46)),
    ((0.90, 0.465), (0.66, 0.45), (0.40, 0.435), (0.05, 0.435), (-0.35, 0.445), (-0.62, 0.45),
     (-0.48, 0.418), (-0.14, 0.377), (0.20, 0.347), (0.52, 0.357), (0.78, 0.412)),
    ((-0.76, 0.50), (-0.92, 0.62), (-1.08, 0.82), (-1.12, 0.81), (-1.03, 0.60), (-0.99, 0.48),
     (-1.06, 0.30), (-1.04, 0.25), (-0.92, 0.36), (-0.78, 0.44)),
    ((0.22, 0.61), (0.10, 0.80), (-0.03, 0.925), (-0.08, 0.92), (-0.06, 0.76), (-0.10, 0.61),
     (0.06, 0.59)),
    ((0.42, 0.41), (0.26, 0.24), (0.04, 0.12), (0.0, 0.14), (0.08, 0.27), (0.16, 0.40)),
    (0.72, 0.50),
    lines=tuple(
        ((0.52 - 0.045 * row, 0.54), (0.50 - 0.045 * row, 0.49), (0.515 - 0.045 * row, 0.44))
        for row in range(4)
    ),
    upright=True,
)  # fmt: skip


def swimmer(phase: float, kind: Swimmer = WHALE) -> list[Part]:
    """Draw somebody of *kind*."""
    turn = 2 * math.pi * phase
    beat = 0.10 * math.sin(turn)

    def drawn(ring: Ring, colour: Bgr, lift: float) -> Part:
        outline = rounded(ring, colour).outline
        return Part(_swung(outline, beat, upright=kind.upright), colour, lift)

    flap = 0.16 * math.sin(turn + 1.2)
    fin = rounded(kind.flipper, kind.skin)
    root = np.array(kind.flipper[0])
    turned = np.array([[math.cos(flap), math.sin(flap)], [-math.sin(flap), math.cos(flap)]])
    near = replace(fin, outline=(fin.outline - root) @ turned + root, lift=0.6)
    far = replace(near, outline=near.outline + np.array((0.06, 0.03)), lift=0.0)
    grooves = [
        Part(_swung(limb(line, (0.004, 0.010, 0.004), _DARK).outline, beat, upright=False),
             _mixed(kind.skin, kind.pale), 0.36)
        for line in kind.lines
    ]  # fmt: skip
    return [
        replace(far, colour=_mixed(kind.skin, _DARK)),
        drawn(kind.back, kind.skin, 0.3),
        drawn(kind.tail, kind.skin, 0.3),
        drawn(kind.body, kind.skin, 0.4),
        drawn(kind.belly, kind.pale, 0.4),
        *grooves,
        oval(kind.eye, (0.032, 0.030), _DARK),
        near,
    ]


def _swung(outline: Outline, beat: float, *, upright: bool) -> Outline:
    """Let a tail beat, which moves least what is next to the head."""
    x, y = outline.T
    behind = np.clip((0.25 - x) / 1.3, 0, None)
    if upright:
        return np.stack([x + 1.5 * abs(beat) * behind**3, y], axis=1)
    return np.stack([x, y + beat * 1.6 * behind**2], axis=1)


def _mixed(one: Bgr, other: Bgr) -> Bgr:
    blue, green, red = ((a + b) / 2 for a, b in zip(one, other, strict=True))
    return blue, green, red


def fish(phase: float) -> list[Part]:
    """Draw a striped fish of the reef."""
    wave = 0.10 * math.sin(2 * math.pi * phase)
    skin, fins, white = (36, 116, 238), (28, 92, 210), (228, 236, 240)
    tail = [(-0.60, 0.52), (-0.86, 0.74 + wave), (-1.0, 0.78 + wave), (-0.93, 0.5 + wave),
            (-1.0, 0.22 + wave), (-0.86, 0.28 + wave), (-0.60, 0.48)]  # fmt: skip
    body = [(0.78, 0.49), (0.62, 0.66), (0.34, 0.79), (-0.02, 0.80), (-0.36, 0.69), (-0.62, 0.55),
            (-0.62, 0.45), (-0.36, 0.30), (0.0, 0.19), (0.36, 0.22), (0.64, 0.35)]  # fmt: skip
    back = [(0.36, 0.76), (0.22, 0.93), (-0.02, 0.95), (-0.20, 0.87), (-0.40, 0.86), (-0.46, 0.66)]
    under = [(0.02, 0.22), (-0.10, 0.06), (-0.28, 0.06), (-0.42, 0.30)]
    parts = [rounded(ring, fins) for ring in (tail, back, under)]
    parts.append(replace(rounded(body, skin), lift=0.2))
    parts += [replace(rounded(_stripe(*band), white), lift=0.2) for band in
              ((0.36, 0.285, 0.10), (-0.10, 0.29, 0.11), (-0.56, 0.075, 0.05))]  # fmt: skip
    fin = [(0.16, 0.44), (-0.02, 0.40 - wave), (-0.14, 0.30 - wave), (-0.10, 0.22 - wave),
           (0.12, 0.32)]  # fmt: skip
    return [
        *parts,
        replace(rounded(fin, fins), lift=0.4),
        oval((0.57, 0.55), (0.12, 0.13), white),
        oval((0.59, 0.55), (0.07, 0.09), _DARK),
        limb([(0.76, 0.46), (0.69, 0.43)], (0.014, 0.010), (30, 60, 140)),
    ]


def _stripe(x: float, half: float, wide: float) -> Sequence[Point]:
    """Band a round body: bowed as it is, and narrower at its ends."""
    bow = 0.05
    return [
        (x + wide * 0.6, 0.50 + half), (x - wide * 0.6, 0.50 + half), (x - wide + bow, 0.50),
        (x - wide * 0.6, 0.50 - half), (x + wide * 0.6, 0.50 - half), (x + wide + bow, 0.50),
    ]  # fmt: skip
