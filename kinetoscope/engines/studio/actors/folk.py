"""People in one moment of their way, to the right; *phase* counts their strides."""

from __future__ import annotations

import math
from dataclasses import replace

from kinetoscope.engines.studio.actors.legs import Fur, Gait, Leg, far, leg, stepped
from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Part,
    Point,
    fleshed,
    lifted,
    limb,
    oval,
    rounded,
    shaded,
)

_SKIN: Bgr = (138, 168, 212)
_HAIR: Bgr = (34, 44, 62)
_CLOTH: Bgr = (74, 60, 52)
_BOOT: Bgr = (36, 40, 50)
_GAIT = Gait(stride=0.36, lift=0.05, down=0.60, fold=0.55)
_LEG = Leg(
    ((0.0, 0.56), (0.0, 0.50), (0.022, 0.272), (-0.006, 0.052)),
    (0.062, 0.064, 0.050, 0.036, 0.029, 0.026),
    (0.056, 0.062, 0.046, 0.034, 0.035, 0.026),
    foot="shoe", size=0.062, follows=0.5,
)  # fmt: skip
_TORSO = (
    (-0.025, 0.85), (-0.066, 0.79), (-0.074, 0.69), (-0.062, 0.60), (-0.076, 0.49), (-0.02, 0.475),
    (0.05, 0.478), (0.072, 0.50), (0.064, 0.60), (0.078, 0.71), (0.058, 0.80), (0.030, 0.85),
)  # fmt: skip
_HEAD = (
    (-0.026, 0.83), (0.028, 0.83), (0.034, 0.856), (0.060, 0.864), (0.071, 0.882), (0.073, 0.900),
    (0.088, 0.913), (0.074, 0.932), (0.070, 0.960), (0.048, 0.992), (0.008, 1.0), (-0.034, 0.983),
    (-0.046, 0.94), (-0.034, 0.89),
)  # fmt: skip
_LOCKS = (
    (0.071, 0.966), (0.050, 0.999), (0.008, 1.008), (-0.038, 0.99), (-0.052, 0.945), (-0.042, 0.89),
    (-0.030, 0.882), (-0.022, 0.91), (-0.008, 0.945), (0.030, 0.966),
)  # fmt: skip


def person(
    phase: float,
    coat: Bgr = (58, 54, 148),
    *,
    pack: bool = False,
    suit: bool = False,
    young: bool = False,
) -> list[Part]:
    """Draw somebody walking; *pack* for a hiker, *suit* for an astronaut, *young* for a child."""
    cloth: Bgr = (222, 222, 226) if suit else _CLOTH
    coat = (220, 222, 227) if suit else coat
    build = _bulky(_LEG) if suit else _LEG
    fur: Fur = (cloth, cloth, (150, 150, 156) if suit else _BOOT)
    up = 0.010 * math.cos(4 * math.pi * phase + 0.6)
    parts = _arm(phase, coat, up, suit=suit, near=False)
    parts += leg(build, stepped(_GAIT, phase + 0.5), far(fur, 0.6))
    if pack or suit:
        back = [(-0.118, 0.58 + up), (-0.125, 0.70 + up), (-0.11, 0.80 + up)]
        colour: Bgr = (58, 92, 62) if pack else (188, 188, 194)
        parts.append(limb(back, (0.13, 0.17, 0.13), colour))
    parts += leg(build, stepped(_GAIT, phase), fur, lift=0.25, rise=0.1)
    head = [] if suit else _head(up, 1.24 if young else 1.0)
    torso = [(x * (1.5 if suit else 1.0), y + up) for x, y in _TORSO]
    parts += lifted(head, 0.3)
    parts.append(replace(rounded(torso, coat), lift=0.35))
    if suit:
        parts += [
            replace(oval((0.012, 0.905 + up), (0.205, 0.21), (226, 226, 230)), lift=0.5),
            replace(oval((0.055, 0.905 + up), (0.13, 0.13), (96, 62, 30)), lift=0.55),
            replace(oval((0.075, 0.93 + up), (0.035, 0.03), (210, 180, 150)), lift=0.55),
        ]
    if pack:
        strap = [(-0.03, 0.83 + up), (0.035, 0.76 + up), (0.0, 0.62 + up)]
        parts.append(replace(limb(strap, (0.022, 0.024, 0.022), (40, 62, 44)), lift=0.4))
    return parts + _arm(phase, coat, up, suit=suit, near=True)


def _head(up: float, size: float) -> list[Part]:
    def grown(points: tuple[Point, ...]) -> list[Point]:
        return [(x * size, 0.84 + (y - 0.84) * size + up) for x, y in points]

    eye, ear = grown(((0.056, 0.922), (-0.004, 0.915)))
    return [
        rounded(grown(_HEAD), _SKIN),
        rounded(grown(_LOCKS), _HAIR),
        oval(ear, (0.018 * size, 0.032 * size), shaded(_SKIN, 0.88)),
        oval(eye, (0.009 * size, 0.011 * size), shaded(_SKIN, 0.42)),
    ]


def _bulky(build: Leg) -> Leg:
    """Put a leg into a suit that keeps its air."""
    one, two, three, four, five, six = (1.35 * part + 0.012 for part in build.fronts)
    thick = (one, two, three, four, five, six)
    return replace(build, fronts=thick, backs=thick, size=0.082)


def _arm(phase: float, coat: Bgr, up: float, *, suit: bool, near: bool) -> list[Part]:
    """Swing an arm against the leg of its side."""
    angle = 0.44 * math.sin(2 * math.pi * phase + (math.pi if near else 0.0) + 0.75 * math.pi)
    shoulder = (0.0, 0.795 + up)
    elbow = (shoulder[0] + 0.165 * math.sin(angle), shoulder[1] - 0.165 * math.cos(angle))
    bend = angle + 0.28 + 0.20 * max(0.0, math.sin(angle))
    wrist = (elbow[0] + 0.135 * math.sin(bend), elbow[1] - 0.135 * math.cos(bend))
    hand = (wrist[0] + 0.036 * math.sin(bend), wrist[1] - 0.036 * math.cos(bend))
    wide = 1.5 if suit else 1.0
    flesh = [part * wide for part in (0.040, 0.042, 0.036, 0.030, 0.024)]
    tone = 1.0 if near else 0.62
    spine = [shoulder, _between(shoulder, elbow), elbow, _between(elbow, wrist), wrist]
    skin: Bgr = (170, 170, 176) if suit else _SKIN
    parts = [
        limb([wrist, hand], (0.036 * wide, 0.030 * wide), shaded(skin, tone)),
        *fleshed(spine, flesh, flesh, shaded(coat, tone)),
        oval(shoulder, (0.084 * wide, 0.084 * wide), shaded(coat, tone)),
    ]
    return lifted(parts, 0.42) if near else parts


def _between(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
