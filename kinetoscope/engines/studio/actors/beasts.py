"""Four-legged animals, drawn in one moment of their stride; *phase* counts strides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Part,
    Point,
    limb,
    oval,
    shaded,
    shape,
)

_DARK: Bgr = (40, 38, 42)


@dataclass(frozen=True, slots=True)
class Beast:
    """The build of a four-legged animal, in parts of its height at the shoulder."""

    colour: Bgr
    pale: Bgr
    length: float = 0.95
    depth: float = 0.36
    leg: float = 0.52
    thick: float = 0.10
    neck: Point = (0.26, 0.24)
    neck_width: float = 0.17
    head: float = 0.20
    snout: float = 0.17
    ears: str = "pointed"
    tail: str = "thin"
    horns: bool = False
    trunk: bool = False
    mane: bool = False
    humps: int = 0
    stripes: bool = False


BEASTS: Mapping[str, Beast] = {
    "fox": Beast((50, 105, 215), (225, 232, 240), 1.05, 0.30, 0.40, 0.075, (0.20, 0.16), 0.17,
                 0.22, 0.20, tail="bush"),
    "wolf": Beast((110, 112, 118), (190, 195, 200), 1.05, 0.34, 0.48, 0.085, (0.22, 0.14), 0.20,
                  0.23, 0.22, tail="bush"),
    "dog": Beast((70, 110, 165), (170, 200, 225), 0.95, 0.32, 0.46, 0.09, (0.20, 0.24), 0.17,
                 0.24, 0.19, ears="hanging", tail="up"),
    "cat": Beast((85, 90, 98), (200, 205, 210), 0.90, 0.28, 0.38, 0.075, (0.16, 0.18), 0.15,
                 0.25, 0.10, tail="up"),
    "deer": Beast((75, 120, 170), (200, 215, 225), 0.92, 0.32, 0.60, 0.065, (0.20, 0.38), 0.13,
                  0.17, 0.17, tail="stub", horns=True),
    "horse": Beast((52, 78, 120), (60, 85, 125), 1.05, 0.36, 0.58, 0.085, (0.28, 0.36), 0.20,
                   0.19, 0.24, tail="long", mane=True),
    "zebra": Beast((235, 238, 240), (235, 238, 240), 1.0, 0.36, 0.55, 0.085, (0.26, 0.32), 0.20,
                   0.19, 0.22, tail="long", mane=True, stripes=True),
    "cow": Beast((215, 220, 225), (200, 205, 230), 1.15, 0.44, 0.44, 0.11, (0.24, 0.12), 0.22,
                 0.22, 0.24, ears="hanging", tail="thin"),
    "sheep": Beast((220, 228, 232), (70, 75, 80), 0.95, 0.48, 0.32, 0.08, (0.18, 0.10), 0.20,
                   0.20, 0.16, ears="hanging", tail="stub"),
    "bear": Beast((45, 62, 88), (70, 95, 130), 1.15, 0.52, 0.38, 0.17, (0.24, 0.08), 0.30, 0.30,
                  0.20, ears="round", tail="stub"),
    "polar bear": Beast((225, 235, 240), (235, 240, 245), 1.15, 0.48, 0.40, 0.16, (0.28, 0.08),
                        0.27, 0.26, 0.22, ears="round", tail="stub"),
    "lion": Beast((90, 150, 205), (150, 195, 230), 1.10, 0.40, 0.46, 0.12, (0.22, 0.18), 0.24,
                  0.26, 0.17, ears="round", tail="thin", mane=True),
    "tiger": Beast((50, 130, 225), (215, 228, 240), 1.15, 0.38, 0.44, 0.115, (0.24, 0.12), 0.22,
                   0.25, 0.17, ears="round", tail="thin", stripes=True),
    "elephant": Beast((120, 118, 120), (140, 138, 140), 1.20, 0.66, 0.42, 0.20, (0.22, 0.06), 0.36,
                      0.42, 0.10, ears="vast", tail="thin", trunk=True),
    "camel": Beast((95, 145, 190), (120, 165, 205), 1.05, 0.36, 0.60, 0.085, (0.34, 0.34), 0.13,
                   0.17, 0.20, tail="thin", humps=2),
    "giraffe": Beast((90, 165, 225), (170, 210, 235), 0.80, 0.34, 0.70, 0.075, (0.34, 0.95), 0.14,
                     0.17, 0.20, tail="thin"),
    "rabbit": Beast((150, 165, 180), (220, 228, 235), 0.80, 0.44, 0.26, 0.10, (0.14, 0.12), 0.22,
                    0.28, 0.10, ears="long", tail="stub"),
}  # fmt: skip


def beast(build: Beast, phase: float) -> list[Part]:
    """Draw a walking animal of *build*, facing right."""
    bob = 0.012 * math.sin(phase * 4 * math.pi)
    belly = build.leg + bob
    spine = belly + build.depth / 2
    half = build.length / 2
    far, near = shaded(build.colour, 0.72), build.colour
    parts = _legs(build, belly, phase, (0.25, 0.75), far)
    parts += _tail(build, (-half, spine + build.depth * 0.22), phase)
    widths = (build.depth * 0.86, build.depth * 0.95, build.depth * 1.04, build.depth * 0.92)
    trunk_line = [
        (-half * 0.78, spine),
        (-half * 0.2, spine),
        (half * 0.45, spine),
        (half * 0.72, spine),
    ]
    parts.append(limb(trunk_line, widths, near))
    for hump in range(build.humps):
        x = -0.22 + 0.34 * hump
        parts.append(oval((x, spine + build.depth * 0.48), (0.30, 0.34), near))
    parts += _legs(build, belly, phase, (0.0, 0.5), shaded(near, 0.93))
    parts += _stripes(build, spine, half)
    return parts + _head(build, (half * 0.72, spine + build.depth * 0.18), phase)


def _legs(
    build: Beast, top: float, phase: float, offsets: tuple[float, float], colour: Bgr
) -> list[Part]:
    parts = []
    for place, offset in zip((-0.66, 0.66), offsets, strict=True):
        swing = 2 * math.pi * (phase + offset)
        hip = (place * build.length / 2, top + build.depth * 0.24)
        reach = hip[1] * 0.54
        angle = 0.34 * math.sin(swing)
        knee = (hip[0] + reach * math.sin(angle), hip[1] - reach * math.cos(angle))
        bend = angle - 0.55 * max(0.0, math.cos(swing))
        shin = hip[1] - reach
        foot = (knee[0] + shin * math.sin(bend), max(0.0, knee[1] - shin * math.cos(bend)))
        widths = (build.thick * 2.0, build.thick * 1.15, build.thick * 0.85)
        parts.append(limb([hip, knee, foot], widths, colour))
        toe = (foot[0] + build.thick * 0.55, foot[1] + 0.01)
        parts.append(limb([foot, toe], (build.thick * 0.8, build.thick * 0.6), shaded(colour, 0.7)))
    return parts


def _tail(build: Beast, root: Point, phase: float) -> list[Part]:
    x, y = root
    wag = 0.06 * math.sin(2 * math.pi * phase)
    if build.tail == "bush":
        line = [(x + 0.06, y), (x - 0.18, y - 0.06 + wag), (x - 0.42, y - 0.10 + wag)]
        tip = [(x - 0.36, y - 0.09 + wag), (x - 0.47, y - 0.10 + wag)]
        return [
            limb(line, (0.07, 0.17, 0.09), build.colour),
            limb(tip, (0.11, 0.03), build.pale),
        ]
    if build.tail == "up":
        line = [(x + 0.04, y), (x - 0.12, y + 0.12), (x - 0.13 + wag, y + 0.34)]
        return [limb(line, (0.06, 0.05, 0.035), build.colour)]
    if build.tail == "long":
        line = [(x + 0.05, y + 0.04), (x - 0.10, y - 0.04), (x - 0.14 + wag, y - 0.40)]
        return [limb(line, (0.06, 0.12, 0.05), shaded(build.colour, 0.55))]
    if build.tail == "stub":
        return [oval((x, y), (0.12, 0.10), build.pale)]
    line = [(x + 0.05, y), (x - 0.07, y - 0.15), (x - 0.06 + wag, y - 0.36)]
    return [limb(line, (0.045, 0.03, 0.05), shaded(build.colour, 0.8))]


def _stripes(build: Beast, spine: float, half: float) -> list[Part]:
    if not build.stripes:
        return []
    parts = []
    for number in range(8):
        x = -half * 0.85 + number * half * 0.21
        top = (x, spine + build.depth * 0.44)
        line = [top, (x + 0.02, spine + 0.04), (x - 0.01, spine - build.depth * 0.26)]
        parts.append(limb(line, (0.045, 0.035, 0.01), (30, 30, 34)))
    return parts


def _head(build: Beast, root: Point, phase: float) -> list[Part]:
    nod = 0.02 * math.sin(phase * 4 * math.pi + 0.8)
    x, y = root[0] + build.neck[0], root[1] + build.neck[1] + nod
    wide = build.neck_width
    colour, parts = build.colour, []
    if build.trunk:
        parts.append(oval((x - 0.20, y - 0.04), (0.40, 0.54), shaded(colour, 0.82), 0.2))
    if build.mane and build.neck[1] < 0.25:
        parts.append(oval((x - 0.02, y - 0.02), (0.48, 0.54), shaded(colour, 0.55)))
    middle = ((root[0] * 1.2 + x) / 2.2, (root[1] + y) / 2 + 0.02)
    parts.append(limb([root, middle, (x, y)], (wide * 1.8, wide * 1.15, wide * 0.9), colour))
    if build.mane and build.neck[1] >= 0.25:
        crest = [
            (root[0] - 0.05, root[1] + 0.12),
            (middle[0] - 0.09, middle[1] + 0.05),
            (x - 0.07, y + 0.10),
        ]
        parts.append(limb(crest, (0.04, 0.11, 0.06), shaded(colour, 0.4)))
    parts += _ears(build, (x, y))
    face = (x + build.snout * 0.55, y - build.snout * 0.28)
    nose = (x + build.snout * 1.25, y - build.snout * 0.55)
    size = build.head
    parts.append(limb([(x - 0.02, y + 0.01), face, nose], (size, size * 0.72, size * 0.40), colour))
    if not build.trunk:
        jaw = [(face[0], face[1] - size * 0.2), (nose[0], nose[1] - size * 0.06)]
        parts.append(limb(jaw, (size * 0.26, size * 0.2), build.pale))
        parts.append(
            oval((nose[0] + size * 0.12, nose[1] + 0.01), (size * 0.2, size * 0.18), _DARK)
        )
    parts.append(oval((x + size * 0.26, y + size * 0.10), (size * 0.13, size * 0.15), _DARK))
    return parts + _crown(build, (x, y), phase)


def _ears(build: Beast, at: Point) -> list[Part]:
    (x, y), size, colour = at, build.head, build.colour
    match build.ears:
        case "pointed":
            low, tip = y + size * 0.30, y + size * 0.95
            back = shape([(x - 0.10, low), (x - 0.08, tip), (x + 0.01, low)], shaded(colour, 0.75))
            front = shape([(x - 0.03, low), (x + 0.02, tip), (x + 0.08, low)], colour)
            return [back, front]
        case "round":
            return [
                oval((x - 0.05, y + size * 0.45), (size * 0.36, size * 0.36), shaded(colour, 0.8))
            ]
        case "hanging":
            line = [(x - 0.05, y + size * 0.30), (x - 0.13, y + 0.02), (x - 0.12, y - 0.08)]
            return [limb(line, (0.05, 0.08, 0.06), shaded(colour, 0.68))]
        case "long":
            line = [(x - 0.03, y + 0.08), (x - 0.08, y + 0.26), (x - 0.11, y + 0.42)]
            other = [(x + 0.02, y + 0.08), (x + 0.01, y + 0.27), (x + 0.01, y + 0.44)]
            return [
                limb(line, (0.06, 0.09, 0.03), shaded(colour, 0.8)),
                limb(other, (0.06, 0.09, 0.03), colour),
            ]
        case _:
            return []


def _crown(build: Beast, at: Point, phase: float) -> list[Part]:
    (x, y), parts = at, []
    if build.horns:
        bone: Bgr = (120, 150, 175)
        for lean, tone in ((-0.10, 0.75), (0.05, 1.0)):
            top = (x + lean - 0.12, y + 0.46)
            stem = [(x - 0.02, y + 0.06), (x + lean - 0.13, y + 0.24), top]
            parts.append(limb(stem, (0.035, 0.03, 0.015), shaded(bone, tone)))
            for rise, out in ((0.17, 0.14), (0.30, 0.13)):
                root = (x + lean * 0.8 - 0.10, y + rise)
                tine = [
                    root,
                    (root[0] + out * 0.7, root[1] + 0.04),
                    (root[0] + out, root[1] + 0.13),
                ]
                parts.append(limb(tine, (0.028, 0.024, 0.01), shaded(bone, tone)))
    if build.trunk:
        sway = 0.05 * math.sin(2 * math.pi * phase)
        line = [
            (x + 0.10, y - 0.06),
            (x + 0.24, y - 0.30),
            (x + 0.22 + sway, y - 0.62),
            (x + 0.30 + sway, y - 0.80),
        ]
        parts.append(limb(line, (0.24, 0.17, 0.11, 0.08), build.colour))
        tusk = [(x + 0.13, y - 0.20), (x + 0.26, y - 0.34), (x + 0.38, y - 0.33)]
        parts.append(limb(tusk, (0.06, 0.05, 0.015), (215, 232, 240)))
        parts.append(oval((x - 0.12, y - 0.02), (0.32, 0.46), shaded(build.colour, 1.12), 0.15))
        parts.append(oval((x + 0.10, y + 0.06), (0.035, 0.04), _DARK))
    return parts
