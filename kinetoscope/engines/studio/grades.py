"""Grades: looks that only change light and colour. Frames are BGR; so are gains and lifts."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.finish import bloom
from kinetoscope.engines.studio.vision import blended

Triple = tuple[float, float, float]
_LUMA = np.array([0.114, 0.587, 0.299])


@dataclass(frozen=True, slots=True)
class Grade:
    """A colourist's settings; *contrast* bends towards an S, *shadows* and *lights* are tints."""

    gain: Triple = (1.0, 1.0, 1.0)
    lift: Triple = (0.0, 0.0, 0.0)
    gamma: float = 1.0
    saturation: float = 1.0
    contrast: float = 0.0
    glow: float = 0.0
    glow_above: int = 90

    def __call__(self, picture: Frame) -> Frame:
        """Grade one frame."""
        curve, mix = _settings(self)
        bent = picture if curve is None else cv2.LUT(picture, curve)
        graded = cast("Frame", cv2.transform(bent, mix))
        if self.glow:
            return bloom(graded, strength=self.glow, threshold=self.glow_above, burns=False)
        return graded


@functools.lru_cache(maxsize=64)
def _settings(grade: Grade) -> tuple[Frame | None, NDArray[np.float32]]:
    """Sum a grade up: one curve for all colours, if any, and how the bent ones are mixed."""
    level = np.linspace(0, 1, 256) ** grade.gamma
    bent = level + grade.contrast * (level * level * (3 - 2 * level) - level)
    curve = (bent * 255).clip(0, 255).round().astype(np.uint8)
    plain = bool(grade.gamma == 1 and not grade.contrast)
    mix = np.eye(3) * grade.saturation + (1 - grade.saturation) * _LUMA[None]
    lifted = np.column_stack([np.diag(grade.gain), np.array(grade.lift) * 255])
    return None if plain else curve, (mix @ lifted).astype(np.float32)


NIGHT = Grade(
    gain=(0.62, 0.42, 0.34),
    lift=(0.035, 0.012, 0.0),
    gamma=1.25,
    saturation=0.72,
    contrast=0.35,
    glow=0.35,
    glow_above=70,
)
NOIR = Grade(saturation=0.0, contrast=0.9, gamma=1.08)
SEPIA = Grade(gain=(0.70, 0.92, 1.05), lift=(0.03, 0.03, 0.04), saturation=0.5, contrast=0.2)
GOLDEN = Grade(
    gain=(0.62, 0.90, 1.12),
    lift=(0.0, 0.015, 0.05),
    gamma=0.95,
    saturation=1.15,
    contrast=0.25,
    glow=0.22,
    glow_above=120,
)
COLD = Grade(gain=(1.10, 1.0, 0.84), lift=(0.05, 0.02, 0.0), saturation=0.66, contrast=0.1)
WET = Grade(gain=(0.86, 0.82, 0.76), saturation=0.62, contrast=0.15)
FIRELIT = Grade(gain=(0.58, 0.78, 1.08), contrast=0.3)
DREAMY = Grade(
    gamma=0.9,
    saturation=1.12,
    gain=(0.88, 0.84, 0.88),
    lift=(0.03, 0.01, 0.04),
    glow=0.5,
    glow_above=110,
)
STARRY = Grade(gain=(1.12, 0.98, 0.92), lift=(0.08, 0.02, -0.04), saturation=1.5, contrast=0.35)
NEON = Grade(gain=(1.0, 0.66, 0.86), gamma=1.2, contrast=0.5, saturation=1.3)
VIVID = Grade(saturation=1.6, contrast=0.35)
DARK = Grade(gain=(0.62, 0.60, 0.58), gamma=1.2, contrast=0.4, saturation=0.8)
BRIGHT = Grade(gamma=0.68, saturation=1.1, gain=(1.02, 1.03, 1.04))
TEAL_ORANGE = Grade(gain=(0.86, 0.98, 1.10), lift=(0.09, 0.03, -0.03), contrast=0.4, saturation=1.2)
BLEACHED = Grade(saturation=0.35, contrast=0.75, gain=(1.02, 1.05, 1.04), gamma=0.92)
PASTEL = Grade(gain=(0.78, 0.74, 0.80), lift=(0.22, 0.20, 0.19), gamma=0.85, saturation=0.85)
SUMMER = Grade(gain=(0.74, 0.97, 1.10), lift=(0.03, 0.03, 0.05), gamma=0.88, saturation=1.2)
MOODY = Grade(gain=(0.92, 0.84, 0.72), lift=(0.05, 0.03, 0.01), gamma=1.15, contrast=0.4)

SURPRISES = (TEAL_ORANGE, SUMMER, BLEACHED, PASTEL, MOODY)
"""Grades for wishes that nothing here can fulfil; each is seen at once, and none is ugly."""


def fog(picture: Frame) -> Frame:
    """Let fog hang over the middle of the picture."""
    clear, white = _fog(*picture.shape[:2])
    return cast("Frame", cv2.add(cv2.multiply(picture, clear, scale=1 / 255), white))


@functools.lru_cache(maxsize=2)
def _fog(height: int, width: int) -> tuple[Frame, Frame]:
    """Tell how much can be seen through the fog, and what the fog itself looks like."""
    down = np.linspace(0, 1, height)[:, None, None]
    thick = np.broadcast_to(
        0.30 + 0.42 * np.exp(-(((down - 0.42) / 0.25) ** 2)), (height, width, 3)
    )
    clear = ((1 - thick) * 255).round().astype(np.uint8)
    return clear, (thick * (222, 216, 210)).round().astype(np.uint8)


def neon(picture: Frame) -> Frame:
    """Paint shadows indigo, lights magenta, and let them shine."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    dyed = cv2.applyColorMap(cv2.LUT(grey, _NIGHTFALL), _ramp(_NEON_INKS))
    # A bright picture is taken down first: neon shines at night only.
    level = float(cv2.mean(grey)[0])
    power = min(1.0, 96 / max(level, 1.0))
    mixed = cv2.addWeighted(NEON(picture), 0.55 * power, dyed, 0.5 * power, 0)
    return bloom(cast("Frame", mixed), strength=0.28, threshold=110)


def thermal(picture: Frame) -> Frame:
    """Show the picture as a heat camera would."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 2)
    return cast("Frame", cv2.applyColorMap(cv2.equalizeHist(grey), cv2.COLORMAP_INFERNO))


def negative(picture: Frame) -> Frame:
    """Turn light into dark and each colour into its opposite."""
    return cast("Frame", cv2.bitwise_not(picture))


def mirrored(picture: Frame) -> Frame:
    """Swap left and right."""
    return cast("Frame", cv2.flip(picture, 1))


def upside_down(picture: Frame) -> Frame:
    """Turn the picture by half a turn."""
    return cast("Frame", cv2.flip(picture, -1))


Inks = tuple[Triple, ...]
_NIGHTFALL = ((np.arange(256) / 255) ** 1.5 * 255).astype(np.uint8)
_NEON_INKS: Inks = ((30, 5, 20), (120, 20, 70), (190, 30, 190), (240, 150, 255), (255, 250, 235))


@functools.lru_cache(maxsize=8)
def _ramp(inks: Inks) -> Frame:
    steps = np.linspace(0, len(inks) - 1, 256)
    table = [np.interp(steps, range(len(inks)), [ink[band] for ink in inks]) for band in range(3)]
    return np.stack(table, axis=1).astype(np.uint8)[:, None]


@dataclass(frozen=True, slots=True)
class Hue:
    """A colour's name on the circle of 180: where it begins, its middle and where it ends."""

    begins: float
    middle: float
    ends: float


HUES: Mapping[str, Hue] = {
    "red": Hue(-9, 0, 8),
    "orange": Hue(8, 13, 20),
    "yellow": Hue(20, 27, 34),
    "green": Hue(28, 58, 84),
    "teal": Hue(80, 88, 98),
    "cyan": Hue(82, 92, 100),
    "blue": Hue(96, 112, 130),
    "purple": Hue(126, 140, 154),
    "violet": Hue(126, 140, 154),
    "pink": Hue(150, 165, 175),
    "magenta": Hue(144, 155, 168),
}


def swapped(picture: Frame, wanted: Hue, found: Hue) -> Frame:
    """Give what has the hue *found* the hue *wanted*."""
    inside, becomes = _swap(wanted, found)
    hue, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    share = cv2.multiply(cv2.LUT(hue, inside), cv2.LUT(saturation, _COLOURFUL), scale=1 / 255)
    other = cv2.merge([cv2.LUT(hue, becomes), saturation, value])
    return _blend(picture, other, cast("Frame", share))


@functools.lru_cache(maxsize=4)
def _swap(wanted: Hue, found: Hue) -> tuple[Frame, Frame]:
    """Tell of each hue how much it is the one *found*, and what it becomes."""
    away = (np.arange(256) - found.middle + 90) % 180 - 90
    low, high = found.begins - found.middle, found.ends - found.middle
    inside = (np.minimum(away - low, high - away) / 6 + 0.5).clip(0, 1) * 255
    return inside.astype(np.uint8), ((wanted.middle + away * 0.4) % 180).astype(np.uint8)


_COLOURFUL = ((np.arange(256) - 40) / 45 * 255).clip(0, 255).astype(np.uint8)


def dyed(picture: Frame, wanted: Hue, share: Frame) -> Frame:
    """Dye *share* of the picture, 0 to 255, in the hue *wanted*, light and shade kept."""
    _, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    hue = np.full_like(value, int(wanted.middle) % 180)
    return _blend(picture, cv2.merge([hue, np.maximum(saturation, 130), value]), share)


def _blend(picture: Frame, hsv: cv2.typing.MatLike, share: Frame) -> Frame:
    soft = cv2.GaussianBlur(share, (0, 0), 1.5)
    other = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return blended(picture, cast("Frame", other), cast("Frame", soft))
