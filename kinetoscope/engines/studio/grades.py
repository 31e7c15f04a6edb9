"""Grades: looks that only change light and colour. Frames are BGR; so are gains and lifts."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.finish import bloom

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
        graded = cv2.LUT(picture, _curves(self))
        if self.saturation != 1.0:
            mix = np.eye(3) * self.saturation + (1 - self.saturation) * _LUMA[None]
            graded = cv2.transform(graded, mix)
        if self.glow:
            return bloom(cast("Frame", graded), strength=self.glow, threshold=self.glow_above)
        return cast("Frame", graded)


@functools.lru_cache(maxsize=32)
def _curves(grade: Grade) -> Frame:
    level = np.linspace(0, 1, 256) ** grade.gamma
    bent = level + grade.contrast * (level * level * (3 - 2 * level) - level)
    curves = bent[:, None] * np.array(grade.gain) + np.array(grade.lift)
    return cast("Frame", (curves * 255).clip(0, 255).astype(np.uint8)[None])


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
    height = picture.shape[0]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    share = 0.30 + 0.42 * np.exp(-(((down - 0.42) / 0.25) ** 2))
    thick = np.repeat(share, picture.shape[1], axis=1).astype(np.float32)
    white = np.empty_like(picture)
    white[:] = (222, 216, 210)
    return cast("Frame", cv2.blendLinear(picture, white, 1 - thick, thick))


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
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    hue = hsv[..., 0].astype(np.float32)
    away = (hue - found.middle + 90) % 180 - 90
    low, high = found.begins - found.middle, found.ends - found.middle
    inside = np.minimum(away - low, high - away) / 6 + 0.5
    colourful = (hsv[..., 1].astype(np.float32) - 40) / 45
    share = (inside.clip(0, 1) * colourful.clip(0, 1)).astype(np.float32)
    hsv[..., 0] = ((wanted.middle + away * 0.4) % 180).astype(np.uint8)
    return _blend(picture, cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), share)


def dyed(picture: Frame, wanted: Hue, share: cv2.typing.MatLike) -> Frame:
    """Dye *share* (a map, 0 to 1) of the picture in the hue *wanted*, light and shade kept."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = int(wanted.middle) % 180
    hsv[..., 1] = np.maximum(hsv[..., 1], 130)
    return _blend(picture, cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), share)


def _blend(picture: Frame, other: cv2.typing.MatLike, share: cv2.typing.MatLike) -> Frame:
    soft = cv2.GaussianBlur(share.astype(np.float32), (0, 0), 1.5)
    return cast("Frame", cv2.blendLinear(picture, other, 1 - soft, soft))
