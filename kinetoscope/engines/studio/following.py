"""Looks that follow the subject of a film: what is behind it, and what colour it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio import grades
from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.camera import Moves
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.motion import flow
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.shot import Shot
from kinetoscope.engines.studio.subject import subject_mask
from kinetoscope.engines.studio.vision import Map, guided, resized

_MOST_OLD, _LEAST_OLD = 24, 12  # frames: when a mask has to be made anew, and may be
_MOST_CHANGED = 4.0  # of 255
_SAME_LIGHT = 0.38  # how far a subject takes on the colours of its new place

Look = Callable[[Frame, float], Frame]
"""Changes the frame that is shown so many seconds into the film."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What looks are made for: a film's size in pixels, and chance."""

    width: int
    height: int
    seed: int


class Portrait:
    """Blurs what is behind the subject; the mask is made anew every few frames, and softened."""

    def __init__(self, canvas: Canvas) -> None:
        self._mask = Follower(canvas)

    def __call__(self, picture: Frame, _seconds: float) -> Frame:
        """Blur one frame's background."""
        height, width = picture.shape[:2]
        mask = self._mask(picture)
        if not (mask > 0.5).any():
            mask = _oval(width, height)
        small = cv2.resize(picture, (max(4, width // 4), max(4, height // 4)))
        soft = cv2.GaussianBlur(small, (0, 0), max(1.0, height / 170))
        behind = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
        return cast("Frame", cv2.blendLinear(picture, behind, mask, 1 - mask))


class Follower:
    """Follows the subject through a film."""

    def __init__(self, canvas: Canvas) -> None:
        self._size = (canvas.width, canvas.height)
        self._mask: Map | None = None
        self._seen: Frame | None = None
        self._age = 0

    def __call__(self, picture: Frame) -> Map:
        """Mark the subject of the next frame."""
        scale = 320 / max(self._size)
        size = (max(8, round(self._size[0] * scale)), max(8, round(self._size[1] * scale)))
        small = cast("Frame", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        if self._mask is None or self._outdated(small):
            seen = ((subject_mask(small) - 0.2) / 0.6).clip(0, 1).astype(np.float32)
            if self._mask is not None and self._seen is not None:
                seen = 0.7 * seen + 0.3 * _moved(self._mask, self._seen, small)
            self._mask = seen
            self._seen, self._age = small, 0
        self._age += 1
        assert self._seen is not None
        # Between two masks the subject moves on: the old one goes with it, and to the new edges.
        moved = self._mask if self._age == 1 else _moved(self._mask, self._seen, small)
        now = ((guided(small, moved, 6, 1e-3) - 0.15) / 0.7).clip(0, 1).astype(np.float32)
        return resized(now, self._size)

    def _outdated(self, small: Frame) -> bool:
        """Look again after a while, and sooner where much moves; a look is what costs."""
        if self._age >= _MOST_OLD or self._seen is None:
            return True
        return self._age >= _LEAST_OLD and cv2.absdiff(small, self._seen).mean() > _MOST_CHANGED


class Elsewhere:
    """Puts the subject before a drawn *place*, in its light."""

    def __init__(self, place: str, canvas: Canvas) -> None:
        plan = replace(read_script(place, canvas.seed), subjects=(), style=None)
        size = (canvas.width, canvas.height)
        still = Moves(("static",), 1.0, asked=True, seed=canvas.seed)
        self._shot = Shot(plan, still, size, 10)
        self._mask = Follower(canvas)
        self._gain: tuple[float, float, float] | None = None

    def __call__(self, picture: Frame, seconds: float) -> Frame:
        """Put one frame's subject there; a picture of nothing in particular stays as it is."""
        mask = self._mask(picture)
        if not (mask > 0.5).any():
            return picture
        place = self._shot.frame(round(seconds * FPS))
        if self._gain is None:
            self._gain = _gain(picture, mask, place)
        toned = cv2.LUT(picture, _table(self._gain))
        light = cv2.resize(cv2.blur(cv2.resize(place, (32, 18)), (7, 7)), mask.shape[::-1])
        edge = (mask * (1 - mask) * 1.6).astype(np.float32)
        wrapped = cv2.blendLinear(light, toned, edge, 1 - edge)
        return cast("Frame", cv2.blendLinear(wrapped, place, mask, 1 - mask))


class Dye:
    """Dyes the subject, or everything where there is none."""

    def __init__(self, hue: grades.Hue) -> None:
        self._hue = hue
        self._mask: Follower | None = None

    def __call__(self, picture: Frame, _seconds: float) -> Frame:
        """Dye one frame."""
        height, width = picture.shape[:2]
        if self._mask is None:
            self._mask = Follower(Canvas(width, height, 0))
        share = self._mask(picture)
        if not (share > 0.5).any():
            share = np.full((height, width), 0.75, np.float32)
        return grades.dyed(picture, self._hue, share)


def read_backdrop(prompt: str) -> tuple[str, str]:
    """Find the place that is to be behind the subject; give it and what else *prompt* says."""
    for phrase in _BACKDROPS:
        found = phrase.search(prompt)
        if found is not None:
            return found["place"], prompt[: found.start()] + " " + prompt[found.end() :]
    return "", prompt


_WORD = r"(back ?ground|back ?drop|setting|scenery|surroundings)"
_INTO = r"( (in)?to| with| by| for)?( be| become)? (?P<place>[^.;]+)"
_AT = r"(in|on|at|into|onto|under|to|before|in front of)"
_BACKDROPS = tuple(
    re.compile(phrase, re.IGNORECASE)
    for phrase in (
        rf"\b(replace|change|swap|turn|switch|set|make)\b[^.,;]{{0,20}}\b{_WORD}\b{_INTO}",
        rf"\b(with|on|against|before) (?P<place>[^.;,]+?) (as (the )?)?{_WORD}\b",
        rf"\b(put|place|move) (him|her|it|them|(the|this) \w+) {_AT} (?P<place>[^.;]+)",
        rf"\b{_WORD}:? (?P<place>(?!blur|out|in focus)[^.;]+)",
        r"(背景|场景)(换成|改成|变成|替换为)(?P<place>[^。;]+)",
    )
)


def _gain(picture: Frame, mask: Map, place: Frame) -> tuple[float, float, float]:
    """Tell by how much each colour of the subject has to change to be lit like *place*."""
    solid = (mask > 0.6).astype(np.uint8)
    own = np.array(cv2.mean(picture, mask=solid)[:3]) + 12
    around = np.array(cv2.mean(place)[:3]) + 12
    gain = 1 + ((around / own).clip(0.5, 1.6) - 1) * _SAME_LIGHT
    return tuple(float(channel) for channel in gain)  # type: ignore[return-value]


def _table(gain: tuple[float, float, float]) -> Frame:
    levels = np.arange(256)[:, None] * np.array(gain)
    return cast("Frame", levels.clip(0, 255).astype(np.uint8)[None])


def _moved(mask: Map, seen: Frame, now: Frame) -> Map:
    """Take *mask*, made for the frame *seen*, along to where its things are *now*."""
    back = flow(now, seen, 0.5)
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    places = (x + back[..., 0], y + back[..., 1])
    return cast("Map", cv2.remap(mask, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _oval(width: int, height: int) -> Map:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    away = np.sqrt((x / 0.62) ** 2 + (y / 0.85) ** 2)
    return cast("Map", (1.6 - 1.6 * away).clip(0, 1).astype(np.float32))
