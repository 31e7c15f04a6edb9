"""Things that move or stand: boats, balloons, cars, houses. *phase* counts swings or turns."""

from __future__ import annotations

import math

from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Part,
    limb,
    oval,
    rounded,
    shaded,
    shape,
)

_WOOD: Bgr = (52, 82, 128)
_CLOTH: Bgr = (222, 232, 238)
_STEEL: Bgr = (170, 165, 160)
_RED: Bgr = (52, 52, 196)
_GLASS: Bgr = (160, 135, 105)


def sailboat(phase: float) -> list[Part]:
    """Draw a boat under full sail."""
    fill = 0.03 * math.sin(2 * math.pi * phase)
    mast = [(0.02, 0.12), (0.035, 1.0)]
    main = [(0.05, 0.98), (0.13 + fill, 0.62), (0.17 + fill, 0.24), (0.06, 0.22)]
    sail = [*main[:1], (0.16 + fill, 0.70), (0.33 + fill, 0.40), (0.42, 0.22), (0.05, 0.20)]
    jib = [(0.015, 0.92), (-0.16 + fill, 0.52), (-0.34, 0.20), (-0.02, 0.20)]
    hull = [(-0.46, 0.16), (-0.36, 0.02), (-0.25, -0.05), (0.28, -0.05), (0.40, 0.15), (0.0, 0.12)]
    return [
        limb(mast, (0.022, 0.014), shaded(_WOOD, 0.7)),
        shape(jib, shaded(_CLOTH, 0.86)),
        shape(sail, _CLOTH),
        shape(hull, _WOOD),
        shape([(-0.46, 0.16), (-0.44, 0.13), (0.41, 0.12), (0.40, 0.15), (0.0, 0.12)], _CLOTH),
    ]


def ship(phase: float) -> list[Part]:
    """Draw a steamer with its smoke."""
    hull = [(-0.95, 0.30), (-0.82, 0.0), (0.78, 0.0), (1.02, 0.34), (0.55, 0.26), (-0.6, 0.26)]
    parts = [
        oval((-0.42 - 0.2 * step, 0.98 + 0.10 * step), (0.22 + 0.12 * step, 0.16 + 0.06 * step),
             shaded((200, 200, 200), 1 - 0.08 * ((phase + step) % 1)))
        for step in range(4, 0, -1)
    ]  # fmt: skip
    for x in (-0.30, 0.02):
        parts.append(shape([(x, 0.5), (x + 0.03, 0.88), (x + 0.17, 0.88), (x + 0.20, 0.5)], _RED))
        parts.append(
            shape(
                [(x + 0.02, 0.80), (x + 0.03, 0.88), (x + 0.17, 0.88), (x + 0.18, 0.80)],
                (40, 40, 40),
            )
        )
    parts.append(shape([(-0.62, 0.26), (-0.58, 0.55), (0.46, 0.55), (0.58, 0.26)], _CLOTH))
    parts += [oval((-0.5 + 0.13 * n, 0.42), (0.05, 0.06), _GLASS) for n in range(8)]
    return [
        *parts,
        shape(hull, (70, 48, 40)),
        shape([(-0.84, 0.06), (-0.82, 0.0), (0.78, 0.0), (0.80, 0.06)], _RED),
    ]


def balloon(phase: float) -> list[Part]:
    """Draw a hot-air balloon with its basket."""
    colours: tuple[Bgr, ...] = ((50, 60, 215), (60, 190, 250), (235, 235, 240), (190, 120, 50))
    del phase
    parts = [
        limb([(side * 0.10, 0.12), (side * 0.22, 0.36)], (0.008, 0.008), (60, 60, 60))
        for side in (-1, -0.4, 0.4, 1)
    ]
    for number in range(6, 0, -1):
        wide = 0.72 * number / 6
        for side in (-1, 1):
            gore = [(0.0, 1.0)]
            for step in range(13):
                turn = math.pi * 0.06 + step / 12 * math.pi * 0.80
                gore.append((side * wide / 2 * math.sin(turn) ** 0.9, 0.66 + 0.34 * math.cos(turn)))
            gore += [(side * 0.10 * number / 6, 0.28), (0.0, 0.28)]
            colour = colours[(number + (side > 0) * 2) % 4]
            parts.append(shape(gore, shaded(colour, 1.05 if side > 0 else 0.85)))
    parts.append(shape([(-0.10, 0.30), (0.10, 0.30), (0.08, 0.26), (-0.08, 0.26)], (40, 40, 60)))
    basket = [(-0.085, 0.13), (0.085, 0.13), (0.07, 0.0), (-0.07, 0.0)]
    return [
        *parts,
        shape(basket, _WOOD),
        shape([(-0.09, 0.14), (0.09, 0.14), (0.09, 0.115), (-0.09, 0.115)], shaded(_WOOD, 0.6)),
    ]


def rocket(phase: float) -> list[Part]:
    """Draw a rocket on its flame."""
    flare = 0.06 * math.sin(phase * 40) + 0.03 * math.sin(phase * 97)
    body = [
        (-0.10, 0.28),
        (-0.12, 0.55),
        (-0.08, 0.82),
        (0.0, 1.0),
        (0.08, 0.82),
        (0.12, 0.55),
        (0.10, 0.28),
    ]
    return [
        shape(
            [(-0.09, 0.26), (-0.05, 0.05), (0.0, -0.16 + flare), (0.05, 0.05), (0.09, 0.26)],
            (40, 140, 255),
        ),
        shape([(-0.05, 0.26), (0.0, 0.04 + flare), (0.05, 0.26)], (180, 240, 255)),
        shape([(-0.10, 0.45), (-0.24, 0.20), (-0.10, 0.27)], _RED),
        shape([(0.10, 0.45), (0.24, 0.20), (0.10, 0.27)], shaded(_RED, 0.8)),
        shape(body, (228, 228, 232)),
        shape([(0.0, 0.28), (0.0, 1.0), (0.08, 0.82), (0.12, 0.55), (0.10, 0.28)], (196, 192, 196)),
        shape([(-0.075, 0.84), (0.0, 1.0), (0.075, 0.84)], _RED),
        oval((0.0, 0.64), (0.12, 0.12), (90, 80, 76)),
        oval((0.0, 0.64), (0.085, 0.085), (210, 170, 110)),
    ]


def car(phase: float, colour: Bgr = (46, 46, 190)) -> list[Part]:
    """Draw a car driving to the right."""
    roof = [(-0.55, 0.48), (-0.34, 0.80), (0.0, 0.86), (0.30, 0.80), (0.56, 0.48)]
    body = [(-0.98, 0.16), (-1.0, 0.44), (-0.55, 0.52), (0.56, 0.50), (0.95, 0.40), (1.0, 0.16)]
    parts = [shape(roof, colour)]
    parts.append(shape([(-0.44, 0.50), (-0.29, 0.74), (-0.03, 0.78), (-0.03, 0.50)], _GLASS))
    parts.append(
        shape([(0.03, 0.50), (0.03, 0.78), (0.26, 0.74), (0.44, 0.50)], shaded(_GLASS, 1.15))
    )
    parts.append(shape(body, colour))
    parts.append(
        shape([(-0.99, 0.30), (-1.0, 0.24), (0.99, 0.22), (0.99, 0.28)], shaded(colour, 0.7))
    )
    parts.append(oval((0.93, 0.34), (0.12, 0.10), (190, 240, 255)))
    parts.append(oval((-0.95, 0.36), (0.08, 0.10), (60, 60, 240)))
    for x in (-0.58, 0.58):
        parts.append(oval((x, 0.17), (0.38, 0.38), (30, 30, 32)))
        parts.append(oval((x, 0.17), (0.20, 0.20), _STEEL))
        turn = -2 * math.pi * phase
        rim = (0.07 * math.cos(turn), 0.07 * math.sin(turn))
        parts.append(
            limb(
                [(x - rim[0], 0.17 - rim[1]), (x + rim[0], 0.17 + rim[1])],
                (0.03, 0.03),
                (60, 60, 62),
            )
        )
    return parts


def train(phase: float) -> list[Part]:
    """Draw a steam locomotive with its smoke."""
    parts = [
        oval((0.62 - 0.26 * n, 1.02 + 0.09 * n), (0.20 + 0.10 * n, 0.18 + 0.06 * n),
             shaded((225, 225, 225), 0.9 - 0.1 * ((phase * 2 + n) % 1)))
        for n in range(5, 0, -1)
    ]  # fmt: skip
    black: Bgr = (58, 52, 50)
    parts.append(shape([(0.52, 0.60), (0.50, 0.92), (0.66, 0.92), (0.64, 0.60)], black))
    parts.append(
        shape(
            [(-0.35, 0.28), (-0.35, 0.66), (0.84, 0.66), (0.90, 0.46), (0.84, 0.28)], (70, 92, 40)
        )
    )
    parts.append(shape([(-1.0, 0.24), (-1.0, 0.86), (-0.35, 0.86), (-0.35, 0.24)], (52, 70, 30)))
    parts.append(shape([(-1.06, 0.86), (-1.02, 0.94), (-0.30, 0.94), (-0.28, 0.86)], black))
    parts.append(
        shape([(-0.82, 0.56), (-0.82, 0.78), (-0.52, 0.78), (-0.52, 0.56)], (150, 220, 255))
    )
    parts.append(shape([(0.80, 0.06), (1.08, 0.06), (0.88, 0.34)], _RED))
    for x, size in ((-0.82, 0.30), (-0.46, 0.30), (-0.05, 0.36), (0.34, 0.36), (0.70, 0.24)):
        parts.append(oval((x, size / 2), (size, size), (40, 38, 40)))
        parts.append(oval((x, size / 2), (size * 0.55, size * 0.55), _RED))
    rod = 0.07 * math.sin(2 * math.pi * phase)
    return [*parts, limb([(-0.05, 0.18 + rod), (0.34, 0.18 + rod)], (0.045, 0.045), _STEEL)]


def plane(phase: float) -> list[Part]:
    """Draw an airliner, facing right."""
    del phase
    return [
        shape([(-0.72, 0.52), (-0.92, 0.86), (-0.74, 0.86), (-0.48, 0.56)], (190, 90, 50)),
        shape([(0.02, 0.52), (-0.22, 0.72), (-0.12, 0.72), (0.26, 0.52)], shaded(_CLOTH, 0.7)),
        limb(
            [(-0.86, 0.52), (-0.3, 0.48), (0.45, 0.48), (0.88, 0.44)],
            (0.05, 0.19, 0.21, 0.12),
            _CLOTH,
        ),
        *[oval((-0.45 + 0.11 * n, 0.52), (0.035, 0.04), _GLASS) for n in range(11)],
        shape([(0.80, 0.50), (0.90, 0.50), (0.93, 0.46), (0.80, 0.46)], (90, 70, 50)),
        shape([(0.22, 0.44), (-0.38, 0.14), (-0.22, 0.14), (0.40, 0.44)], shaded(_CLOTH, 0.86)),
        limb([(-0.06, 0.30), (0.12, 0.30)], (0.08, 0.09), _STEEL),
    ]


def saucer(phase: float) -> list[Part]:
    """Draw a flying saucer with its lights running round."""
    lights = [
        oval(
            (-0.6 + 0.2 * n, 0.42),
            (0.09, 0.06),
            (120, 250, 160) if (n + int(phase * 6)) % 3 else (255, 255, 255),
        )
        for n in range(7)
    ]
    return [
        oval((0.0, 0.58), (0.72, 0.56), (225, 200, 150)),
        oval((-0.10, 0.70), (0.24, 0.16), (250, 240, 215), 0.3),
        oval((0.0, 0.46), (1.7, 0.34), (150, 148, 145)),
        oval((0.0, 0.41), (1.7, 0.24), (105, 102, 100)),
        *lights,
    ]


def house(phase: float) -> list[Part]:
    """Draw a cabin with a lit window and a thread of smoke."""
    smoke = []
    for puff in range(4):
        middle = (0.30 + 0.05 * puff + 0.03 * math.sin(phase * 6 + puff), 1.02 + 0.12 * puff)
        smoke.append(oval(middle, (0.12 + 0.05 * puff, 0.14), (205, 205, 205)))
    return [
        *smoke,
        shape([(0.24, 0.62), (0.24, 0.98), (0.38, 0.98), (0.38, 0.62)], (70, 75, 95)),
        shape([(-0.50, 0.0), (-0.50, 0.54), (0.50, 0.54), (0.50, 0.0)], (70, 100, 140)),
        *[
            limb([(-0.50, 0.09 * n), (0.50, 0.09 * n)], (0.012, 0.012), (50, 72, 105))
            for n in range(1, 6)
        ],
        shape([(-0.64, 0.50), (0.0, 0.96), (0.64, 0.50)], (50, 58, 90)),
        shape([(-0.14, 0.0), (-0.14, 0.36), (0.08, 0.36), (0.08, 0.0)], (40, 55, 80)),
        shape([(0.18, 0.18), (0.18, 0.38), (0.40, 0.38), (0.40, 0.18)], (120, 215, 255)),
        shape([(-0.40, 0.18), (-0.40, 0.38), (-0.22, 0.38), (-0.22, 0.18)], (120, 215, 255)),
    ]


def castle(phase: float) -> list[Part]:
    """Draw a castle with its flags in the wind."""
    stone: Bgr = (150, 158, 165)
    parts = []
    for x, tall, wide in (
        (-0.55, 0.62, 0.22),
        (0.55, 0.62, 0.22),
        (-0.24, 0.80, 0.18),
        (0.24, 0.74, 0.18),
        (0.0, 0.98, 0.22),
    ):
        left, right = x - wide / 2, x + wide / 2
        parts.append(
            shape(
                [(left, 0), (left, tall), (right, tall), (right, 0)],
                shaded(stone, 0.8 + 0.25 * (x > 0)),
            )
        )
        roof = [(left - 0.03, tall), (x, tall + wide * 1.3), (right + 0.03, tall)]
        parts.append(shape(roof, (120, 78, 60)))
        top = tall + wide * 1.3
        wave = 0.03 * math.sin(phase * 9 + x * 5)
        parts.append(shape([(x, top), (x, top + 0.10), (x + 0.12, top + 0.06 + wave)], _RED))
        parts.append(oval((x, tall * 0.78), (0.04, 0.09), (90, 190, 240)))
    parts.append(shape([(-0.66, 0), (-0.66, 0.36), (0.66, 0.36), (0.66, 0)], stone))
    parts += [
        shape([(x, 0.36), (x, 0.42), (x + 0.07, 0.42), (x + 0.07, 0.36)], stone)
        for x in [-0.66 + 0.14 * n for n in range(10)]
    ]
    return [
        *parts,
        rounded(
            [(-0.10, 0.0), (-0.10, 0.20), (0.0, 0.28), (0.10, 0.20), (0.10, 0.0)], (50, 50, 60)
        ),
    ]


def lighthouse(phase: float) -> list[Part]:
    """Draw a lighthouse on its rock."""
    glow = 0.5 + 0.5 * math.sin(2 * math.pi * phase)
    bands = []
    for number in range(5):
        low, high = 0.12 + 0.13 * number, 0.25 + 0.13 * number
        a, b = 0.13 - 0.05 * (low - 0.12), 0.13 - 0.05 * (high - 0.12)
        colour = _RED if number % 2 == 0 else _CLOTH
        bands.append(shape([(-a, low), (-b, high), (b, high), (a, low)], colour))
    return [
        rounded(
            [(-0.5, -0.04), (-0.32, 0.10), (-0.05, 0.17), (0.22, 0.12), (0.46, -0.04)], (70, 74, 80)
        ),
        *bands,
        shape([(-0.13, 0.77), (-0.13, 0.80), (0.13, 0.80), (0.13, 0.77)], (60, 60, 60)),
        shape(
            [(-0.08, 0.80), (-0.08, 0.92), (0.08, 0.92), (0.08, 0.80)],
            shaded((150, 235, 255), 0.7 + 0.3 * glow),
        ),
        shape([(-0.11, 0.92), (0.0, 1.0), (0.11, 0.92)], (50, 50, 60)),
    ]


def tree(phase: float) -> list[Part]:
    """Draw a broad tree in the wind."""
    sway = 0.012 * math.sin(2 * math.pi * phase)
    green: Bgr = (52, 118, 66)
    crown = [
        (-0.22, 0.55, 0.34),
        (0.22, 0.56, 0.34),
        (-0.10, 0.74, 0.40),
        (0.14, 0.76, 0.36),
        (0.0, 0.60, 0.44),
    ]
    return [
        limb([(0.0, 0.0), (0.01, 0.25), (0.0, 0.55)], (0.11, 0.07, 0.05), _WOOD),
        *[
            oval((x + sway * 2, y), (size, size * 0.86), shaded(green, 0.72 + 0.10 * number))
            for number, (x, y, size) in enumerate(crown)
        ],
    ]


def palm(phase: float) -> list[Part]:
    """Draw a palm in the wind."""
    sway = 0.02 * math.sin(2 * math.pi * phase)
    top = (0.16 + sway, 0.80)
    parts = [limb([(0.0, 0.0), (0.03, 0.4), top], (0.08, 0.05, 0.045), _WOOD)]
    for number in range(8):
        turn = -0.5 + number * 0.58
        reach = 0.36 + sway
        middle = (
            top[0] + 0.6 * reach * math.cos(turn),
            top[1] + 0.13 + 0.5 * reach * math.sin(turn) * 0.5,
        )
        tip = (top[0] + reach * math.cos(turn), top[1] - 0.10 + 0.35 * reach * math.sin(turn))
        parts.append(
            limb(
                [top, middle, tip], (0.03, 0.09, 0.01), shaded((60, 125, 60), 0.75 + 0.06 * number)
            )
        )
    return parts


def robot(phase: float) -> list[Part]:
    """Draw a robot that walks to the right."""
    swing = 0.14 * math.sin(2 * math.pi * phase)
    parts = []
    for x, step, tone in ((0.09, -swing, 0.65), (-0.07, swing, 0.9)):
        leg = [(x, 0.36), (x + step, 0.18), (x + step, 0.03)]
        parts.append(limb(leg, (0.10, 0.09, 0.12), shaded(_STEEL, tone)))
    parts.append(
        limb(
            [(0.18, 0.66), (0.22 + swing, 0.50), (0.30 + swing, 0.42)],
            (0.08, 0.07, 0.08),
            shaded(_STEEL, 0.7),
        )
    )
    parts.append(shape([(-0.19, 0.34), (-0.21, 0.70), (0.21, 0.70), (0.19, 0.34)], _STEEL))
    parts.append(shape([(-0.10, 0.44), (-0.10, 0.60), (0.10, 0.60), (0.10, 0.44)], (90, 84, 80)))
    parts.append(oval((0.0, 0.52), (0.08, 0.08), (220, 220, 90)))
    parts.append(
        shape([(-0.15, 0.73), (-0.15, 0.95), (0.17, 0.95), (0.17, 0.73)], shaded(_STEEL, 1.12))
    )
    parts += [oval((x, 0.85), (0.08, 0.08), (255, 230, 120)) for x in (0.0, 0.11)]
    parts.append(limb([(0.01, 0.95), (0.01, 1.03)], (0.02, 0.03), (60, 60, 220)))
    return [
        *parts,
        limb(
            [(-0.20, 0.66), (-0.22 - swing, 0.50), (-0.14 - swing, 0.40)],
            (0.08, 0.07, 0.08),
            _STEEL,
        ),
    ]
