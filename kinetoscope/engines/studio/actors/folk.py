"""People, birds, dragons and swimmers in one moment of their way; *phase* counts their strides."""

from __future__ import annotations

import math

from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Part,
    Point,
    limb,
    oval,
    rounded,
    shaded,
    shape,
)

_SKIN: Bgr = (140, 170, 215)
_DARK: Bgr = (40, 38, 42)


def person(
    phase: float, coat: Bgr = (60, 60, 150), *, pack: bool = False, suit: bool = False
) -> list[Part]:
    """Draw somebody walking to the right; *pack* for a hiker, *suit* for an astronaut."""
    swing = 2 * math.pi * phase
    cloth: Bgr = (235, 235, 238) if suit else (62, 50, 44)
    coat = (228, 230, 235) if suit else coat
    wide = 1.35 if suit else 1.0
    hip, shoulder = (0.0, 0.50 + 0.008 * math.cos(2 * swing)), (0.02, 0.80)
    parts = _leg(hip, swing + math.pi, wide, shaded(cloth, 0.7))
    parts += _arm(shoulder, swing, wide, shaded(coat, 0.7))
    if pack or suit:
        parts.append(
            limb(
                [(-0.12, 0.56), (-0.13, 0.78)],
                (0.17, 0.15),
                (60, 95, 60) if pack else (200, 200, 205),
            )
        )
    parts += _leg(hip, swing, wide, cloth)
    body = [(0.0, 0.46), (0.01, 0.64), (0.01, 0.80)]
    parts.append(limb(body, (0.17 * wide, 0.17 * wide, 0.15 * wide), coat))
    if suit:
        parts += [
            oval((0.03, 0.93), (0.22, 0.22), (238, 238, 242)),
            oval((0.07, 0.93), (0.14, 0.13), (110, 70, 30)),
        ]
    else:
        parts += [
            limb([(0.02, 0.80), (0.025, 0.88)], (0.06, 0.055), _SKIN),
            oval((0.032, 0.925), (0.115, 0.14), _SKIN),
            rounded(
                [(-0.03, 0.92), (-0.02, 0.985), (0.04, 1.005), (0.085, 0.965), (0.03, 0.955)],
                (32, 42, 58),
            ),
        ]
    return parts + _arm(shoulder, swing + math.pi, wide, shaded(coat, 0.92))


def _leg(hip: Point, swing: float, wide: float, colour: Bgr) -> list[Part]:
    angle = 0.46 * math.sin(swing)
    knee = (hip[0] + 0.25 * math.sin(angle), hip[1] - 0.25 * math.cos(angle))
    bend = angle - 0.75 * max(0.0, math.cos(swing)) ** 1.5
    foot = (knee[0] + 0.235 * math.sin(bend), max(0.02, knee[1] - 0.235 * math.cos(bend)))
    toe = (foot[0] + 0.075, foot[1] - 0.005)
    widths = (0.115 * wide, 0.085 * wide, 0.06 * wide)
    return [limb([hip, knee, foot], widths, colour), limb([foot, toe], (0.06, 0.045), (28, 30, 36))]


def _arm(shoulder: Point, swing: float, wide: float, colour: Bgr) -> list[Part]:
    angle = 0.42 * math.sin(swing)
    elbow = (shoulder[0] + 0.16 * math.sin(angle), shoulder[1] - 0.02 - 0.16 * math.cos(angle))
    bend = angle + 0.35
    hand = (elbow[0] + 0.15 * math.sin(bend), elbow[1] - 0.15 * math.cos(bend))
    widths = (0.075 * wide, 0.06 * wide, 0.045 * wide)
    return [limb([shoulder, elbow, hand], widths, colour)]


def bird(phase: float, colour: Bgr = (70, 60, 58), pale: Bgr = (120, 110, 105)) -> list[Part]:
    """Draw a bird on the wing, facing right; about two units from tip to tip."""
    beat = math.sin(2 * math.pi * phase)
    lift = 0.16 + 0.50 * beat
    parts = [_wing((0.05, 0.55), lift, shaded(colour, 0.78), lean=0.16)]
    tail = [(-0.30, 0.53), (-0.62, 0.60), (-0.60, 0.50), (-0.58, 0.42)]
    parts.append(shape(tail, shaded(colour, 0.9)))
    parts.append(limb([(-0.34, 0.52), (-0.05, 0.50), (0.24, 0.54)], (0.07, 0.20, 0.13), colour))
    parts.append(oval((0.32, 0.57), (0.17, 0.15), pale))
    parts.append(shape([(0.38, 0.60), (0.50, 0.55), (0.38, 0.53)], (60, 160, 225)))
    parts.append(_wing((0.02, 0.52), lift, colour, lean=-0.06))
    return parts


def _wing(root: Point, lift: float, colour: Bgr, lean: float) -> Part:
    x, y = root
    elbow = (x + 0.06 + lean, y + lift * 0.55)
    tip = (x - 0.28 + lean, y + lift * 1.55 + 0.05 * (1 - abs(lift)))
    trailing = [
        (x - 0.26 + lean * 0.6, y + lift * 0.85),
        (x - 0.22, y + lift * 0.30),
        (x - 0.20, y),
    ]
    return rounded([(x + 0.14, y), elbow, tip, *trailing], colour)


def dragon(phase: float) -> list[Part]:
    """Draw a dragon on the wing, facing right."""
    skin: Bgr = (60, 90, 58)
    beat = 0.25 + 0.6 * math.sin(2 * math.pi * phase)
    wave = 0.06 * math.sin(2 * math.pi * phase + 1)
    parts = [_bat_wing((0.12, 0.60), beat, shaded(skin, 0.6), 0.14)]
    tail = [(-0.28, 0.52), (-0.70, 0.46 + wave), (-1.05, 0.58 - wave), (-1.28, 0.50)]
    parts.append(limb(tail, (0.18, 0.11, 0.06, 0.02), skin))
    parts.append(shape([(-1.24, 0.53), (-1.42, 0.60), (-1.40, 0.42), (-1.24, 0.47)], skin))
    parts.append(limb([(-0.32, 0.52), (0.0, 0.52), (0.30, 0.60)], (0.16, 0.28, 0.20), skin))
    neck = [(0.26, 0.60), (0.50, 0.74 + wave), (0.68, 0.92 + wave), (0.82, 0.90 + wave)]
    parts.append(limb(neck, (0.20, 0.13, 0.11, 0.12), skin))
    parts.append(limb([(0.78, 0.90 + wave), (1.02, 0.84 + wave)], (0.15, 0.07), skin))
    parts.append(
        shape([(0.76, 0.95 + wave), (0.58, 1.08 + wave), (0.84, 0.98 + wave)], shaded(skin, 1.5))
    )
    parts += [
        limb([(leg, 0.44), (leg - 0.08, 0.30), (leg - 0.22, 0.30)], (0.10, 0.07, 0.04), skin)
        for leg in (-0.18, 0.16)
    ]
    parts.append(_bat_wing((0.05, 0.58), beat, shaded(skin, 0.85), -0.05))
    return parts


def _bat_wing(root: Point, lift: float, colour: Bgr, lean: float) -> Part:
    x, y = root
    points = [
        (x + 0.12, y),
        (x + 0.10 + lean, y + lift * 0.9 + 0.15),
        (x - 0.70 + lean, y + lift * 1.5),
    ]
    points += [
        (x - 0.50, y + lift * 0.95),
        (x - 0.62, y + lift * 0.60),
        (x - 0.36, y + lift * 0.45),
    ]
    points += [(x - 0.42, y + lift * 0.16), (x - 0.18, y)]
    return shape(points, colour)


def fish(phase: float) -> list[Part]:
    """Draw a striped fish of the reef, facing right."""
    wave = 0.10 * math.sin(2 * math.pi * phase)
    skin, fins, white = (40, 120, 240), (30, 96, 214), (228, 238, 245)
    tail = [(-0.62, 0.5), (-1.02, 0.80 + wave), (-0.90, 0.5 + wave), (-1.02, 0.20 + wave)]
    body = [(0.78, 0.48), (0.40, 0.80), (-0.10, 0.84), (-0.58, 0.58), (-0.58, 0.42),
            (-0.10, 0.14), (0.42, 0.18)]  # fmt: skip
    back = [(0.36, 0.78), (0.10, 1.02), (-0.34, 0.94), (-0.42, 0.68)]
    parts = [rounded(tail, fins), rounded(back, fins), rounded(body, skin)]
    for x, half, wide in ((0.34, 0.29, 0.13), (-0.12, 0.33, 0.13)):
        stripe = [(x + wide, 0.49 + half), (x - wide, 0.49 + half), (x - wide * 0.6, 0.49 - half),
                  (x + wide * 0.6, 0.49 - half)]  # fmt: skip
        parts.append(rounded(stripe, white))
    fin = [(0.16, 0.42), (-0.16, 0.30 - wave), (-0.10, 0.22 - wave), (0.14, 0.32)]
    return [
        *parts,
        rounded(fin, fins),
        oval((0.56, 0.56), (0.12, 0.13), white),
        oval((0.58, 0.56), (0.07, 0.09), _DARK),
    ]


def swimmer(phase: float, colour: Bgr, pale: Bgr, *, tall_fin: bool = False) -> list[Part]:
    """Draw a whale, a dolphin or a fish, facing right, at half its height in the water."""
    wave = 0.07 * math.sin(2 * math.pi * phase)
    back = [(-0.72, 0.44 + wave), (-0.35, 0.46), (0.15, 0.50), (0.62, 0.44)]
    parts = [
        shape(
            [
                (-0.70, 0.47 + wave),
                (-0.98, 0.66 + wave),
                (-0.90, 0.45 + wave),
                (-0.96, 0.26 + wave),
            ],
            colour,
        )
    ]
    fin = 0.34 if tall_fin else 0.20
    parts.append(
        rounded(
            [(-0.02, 0.62), (-0.16, 0.62 + fin), (-0.24, 0.62 + fin * 0.8), (-0.24, 0.58)], colour
        )
    )
    parts.append(limb(back, (0.08, 0.26, 0.36, 0.20), colour))
    parts.append(limb([(-0.30, 0.38), (0.15, 0.37), (0.58, 0.38)], (0.04, 0.14, 0.08), pale))
    parts.append(
        limb([(0.12, 0.38), (0.02, 0.24), (-0.10, 0.18)], (0.10, 0.08, 0.03), shaded(colour, 0.8))
    )
    parts.append(oval((0.52, 0.48), (0.045, 0.045), _DARK))
    return parts
