"""Cars in a street, with lamps at night."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.planes import Eye

_PAINTS = ((52, 46, 120), (96, 78, 50), (120, 120, 118), (42, 40, 38), (70, 100, 110))
_DARK = (20, 16, 15)
_BODY = np.array(
    ((-1, -0.1), (-1, -0.5), (-0.75, -0.95), (0.75, -0.95), (1, -0.5), (1, -0.1)), np.float32
)
_GLASS = np.array(((-0.78, -0.55), (-0.62, -0.88), (0.62, -0.88), (0.78, -0.55)), np.float32)
_SPAN, _NEAREST = 26.0, 0.45
_LEAVING, _COMING = ((40, 40, 255), 0.16), ((235, 250, 255), 0.30)  # lamps, and their softer glow


@dataclass(frozen=True, slots=True)
class Car:
    """A car in its *lane*, with its *speed*, and where it starts as a share of the street."""

    lane: float
    speed: float
    start: float


class Traffic:
    """Cars that drive ahead and towards us, *lit* or by day."""

    def __init__(
        self, random: np.random.Generator, *, lit: bool, haze: float, fog: NDArray[np.float32]
    ) -> None:
        self._lit, self._haze, self._fog = lit, haze, fog
        self._cars = _cars(random)

    def draw(self, frame: Frame, eye: Eye, seconds: float) -> None:
        """Draw the cars as they are before *eye* after so many *seconds*."""
        places = [
            ((car.start * _SPAN + car.speed * seconds - eye.z) % _SPAN, car) for car in self._cars
        ]
        for away, car in sorted(places, key=lambda place: -place[0]):
            if away >= _NEAREST:
                self._draw(frame, eye, car, away)

    def _draw(self, frame: Frame, eye: Eye, car: Car, away: float) -> None:
        x, y = eye.seen(car.lane, 0.0, eye.z + away)
        scale = eye.focal / away
        wide, tall = 0.17 * scale, 0.25 * scale
        paint = _PAINTS[int(abs(car.lane * 50 + car.speed * 997)) % len(_PAINTS)]
        tone = np.array(_DARK if self._lit else paint)
        clear = math.exp(-self._haze * away)
        for shape, shade in ((_BODY, tone), (_GLASS, 2 * tone)):
            points = (shape * np.array((wide, tall)) + (x, y)) * 16
            seen = (shade * clear + self._fog * (1 - clear)).tolist()
            cv2.fillPoly(frame, [points.astype(np.int32)], seen, cv2.LINE_AA, 4)
        if self._lit:
            scale = min(scale, frame.shape[0] * 0.42)  # a lamp that is very near would blind us
            colour, soft = _LEAVING if car.speed > 0 else _COMING
            lamps = (x - 0.72 * wide, x + 0.72 * wide)
            # A lamp, its glow, and its light on the ground: how high, how large, tall and strong.
            glows = ((y - tall * 0.42, scale * 0.05, 1.0, 1.0),
                     (y - tall * 0.42, scale * 0.22, 1.0, soft),
                     (y + tall * 0.18, scale * 0.09, 3.5, soft))  # fmt: skip
            _shine(frame, lamps, glows, tuple(band * clear for band in colour))


def _shine(
    frame: Frame,
    lamps: tuple[float, float],
    glows: tuple[tuple[float, float, float, float], ...],
    colour: tuple[float, ...],
) -> None:
    """Add round lights, all of one *colour*, about both *lamps*."""
    height, width = frame.shape[:2]
    middle, radius, stretch, power = np.array(glows, np.float32).T
    broad, deep = np.maximum(radius, 1), np.maximum(radius * stretch, 1)
    left = max(0, int(lamps[0] - 2 * broad.max()))
    right = min(width, int(lamps[1] + 2 * broad.max()) + 1)
    top = max(0, int((middle - 2 * deep).min()))
    bottom = min(height, int((middle + 2 * deep).max()) + 1)
    if right <= left or bottom <= top:
        return
    columns, rows = np.arange(left, right), np.arange(top, bottom)
    aside = (columns - np.array(lamps, np.float32)[:, None])[:, None] / broad[:, None]
    across = np.exp(-aside * aside).sum(axis=0) * (255 * power[:, None])
    away = (rows[:, None] - middle) / deep
    level = cv2.convertScaleAbs(np.exp(-away * away) @ across)
    bands = [cv2.convertScaleAbs(level, alpha=band / 255) for band in colour]
    under = frame[top:bottom, left:right]
    cv2.add(under, cv2.merge([*bands, level]), under)


def _cars(random: np.random.Generator) -> list[Car]:
    """Spread cars over two lanes, each about as fast as the others in its lane."""
    cars = []
    for lane, speed, count in ((0.40, 1.5, 5), (-0.40, -1.3, 4)):
        for number in range(count):
            start = (number + 0.7 * random.random()) / count
            cars.append(Car(lane, speed + random.uniform(-0.1, 0.1), start))
    return cars
