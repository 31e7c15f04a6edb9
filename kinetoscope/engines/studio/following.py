"""Looks that follow the subject of a film: what is behind it, and what colour it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio import grades
from kinetoscope.engines.studio.backdrop import Backdrop
from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.camera import Moves
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.motion import changed, flow
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.subject import subject_mask
from kinetoscope.engines.studio.vision import Map, blended, guided

_MOST_OLD, _LEAST_OLD = 48, 12  # frames: when a mask has to be made anew, and may be
_LOST_OLD = 32  # frames: when it has to be where its things changed a lot
_STEADY = 4  # frames for which nothing else is followed
_MOST_LOST = 7.0  # of 255: by how much what was followed may have changed
_CUT, _CUT_TIMES = 12.0, 2.0  # of 255; and times as much as usual: a step where the film was cut
_KEPT, _WHOLE = 0.8, 255.0  # how much of the largest step is usual a frame later; no step yet
_GRAIN = 1.2  # levels: what is filmed has some, and so must what is drawn behind it
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
        self._follow = Follower(canvas)
        self._oval = Mask.of(_oval(canvas.width, canvas.height), (canvas.width, canvas.height))

    def __call__(self, picture: Frame, _seconds: float) -> Frame:
        """Blur one frame's background."""
        height, width = picture.shape[:2]
        mask = self._follow(picture)
        small = cv2.resize(picture, (max(4, width // 4), max(4, height // 4)))
        soft = cv2.GaussianBlur(small, (0, 0), max(1.0, height / 170))
        behind = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
        return (mask if mask.found else self._oval).laid(picture, cast("Frame", behind))


@dataclass(frozen=True, slots=True)
class Mask:
    """A subject, whether it was *found*, and the box of pixels outside of which none of it is.

    *share* covers the frame: 255 where the subject is, 0 where it is not.
    """

    share: Frame
    found: bool
    box: tuple[slice, slice]

    @classmethod
    def of(cls, small: Map, size: tuple[int, int]) -> Mask:
        """Spread a *small* mask over a frame of *size*, width and height in pixels."""
        share = cast("Frame", cv2.resize((small * 255).astype(np.uint8), size))
        x, y, wide, tall = cv2.boundingRect(share)
        return cls(share, bool((small > 0.5).any()), (slice(y, y + tall), slice(x, x + wide)))

    def laid(self, picture: Frame, behind: Frame) -> Frame:
        """Lay the subject of *picture* over *behind*, which becomes the whole."""
        there = behind[self.box]
        if there.size:
            there[:] = blended(there, picture[self.box], self.share[self.box])
        return behind


class Follower:
    """Follows the subject through a film."""

    def __init__(self, canvas: Canvas) -> None:
        self.size = (canvas.width, canvas.height)
        scale = 320 / max(self.size)
        self._small = (max(8, round(canvas.width * scale)), max(8, round(canvas.height * scale)))
        rows, columns = np.mgrid[0 : self._small[1], 0 : self._small[0]].astype(np.float32)
        self._grid = np.dstack([columns, rows])
        self._mask: Map | None = None
        self._seen: Frame | None = None
        self._age, self._usual = 0, _WHOLE
        self._before: Frame | None = None
        self._cut = self._changed = False

    def __call__(self, picture: Frame) -> Mask:
        """Mark the subject of the next frame."""
        small = cast("Frame", cv2.resize(picture, self._small, interpolation=cv2.INTER_AREA))
        moved, lost = self._followed(small)
        self._cut |= self._is_cut(small)
        if moved is None or self._has_to_look():
            seen = ((subject_mask(small) - 0.2) / 0.6).clip(0, 1).astype(np.float32)
            kept = 0.0 if moved is None or self._cut else 0.3
            moved = seen if moved is None else (seen + (moved - seen) * kept).astype(np.float32)
            self._mask, self._seen, lost = moved, small, 0.0
            self._age, self._cut, self._changed = 0, False, False
        self._age += 1
        now = ((guided(small, moved, 6, 1e-3) - 0.15) / 0.7).clip(0, 1).astype(np.float32)
        if lost > _MOST_LOST and self._age % _STEADY == 0:
            # It is followed from here on: to look for it anew is what costs.
            self._mask, self._seen, self._changed = now, small, True
        return Mask.of(now, self.size)

    def _is_cut(self, small: Frame) -> bool:
        """Tell whether another shot begins: far more changed than from one frame to the next."""
        before, self._before = self._before, small
        if before is None:
            return False
        step, usual = changed(small, before), self._usual
        # What is shown twice does not move: a film of fewer frames is not one of many cuts.
        self._usual = max(step, usual * _KEPT if usual < _WHOLE else 0.0)
        return step > _CUT + _CUT_TIMES * usual

    def _has_to_look(self) -> bool:
        """Tell whether it is time to look for the subject anew: at once where the film was cut."""
        if self._cut:
            return self._age >= _LEAST_OLD
        return self._age >= (_LOST_OLD if self._changed else _MOST_OLD)

    def _followed(self, small: Frame) -> tuple[Map | None, float]:
        """Take the last mask along to where its things are now; tell how much they changed."""
        if self._mask is None or self._seen is None:
            return None, 0.0
        places = self._grid + flow(small, self._seen, 0.5)
        edge = cv2.BORDER_REPLICATE
        moved, before = (
            cv2.remap(one, places, None, cv2.INTER_LINEAR, borderMode=edge)  # type: ignore[call-overload]
            for one in (self._mask, self._seen)
        )
        return cast("Map", moved), changed(small, cast("Frame", before))


class Elsewhere:
    """Puts the subject before a drawn *place*, in its light."""

    def __init__(self, place: str, canvas: Canvas) -> None:
        plan = replace(read_script(place, canvas.seed), subjects=(), style=None)
        size = (canvas.width, canvas.height)
        still = Moves(("static",), 1.0, asked=True, seed=canvas.seed)
        self._shot = Backdrop(plan, still, size, 10, grain=_GRAIN)
        self._follow = Follower(canvas)
        self._gain: NDArray[np.float64] | None = None

    def __call__(self, picture: Frame, seconds: float) -> Frame:
        """Put one frame's subject there; a picture of nothing in particular stays as it is."""
        mask = self._follow(picture)
        if not mask.found:
            return picture
        place = self._shot.frame(round(seconds * FPS))
        if self._gain is None:
            self._gain = _gain(picture, mask.share, place)
        soft = cv2.blur(cv2.resize(place, (32, 18)), (7, 7))
        light = cast("Frame", cv2.resize(soft, self._follow.size))
        share, there = mask.share[mask.box], place[mask.box]
        toned = cast("Frame", cv2.transform(picture[mask.box], np.diag(self._gain)))
        lit = blended(toned, light[mask.box], cast("Frame", cv2.LUT(share, _EDGE)))
        there[:] = blended(there, lit, share)
        return place


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
        mask = self._mask(picture)
        everywhere = np.full((height, width), 191, np.uint8)
        return grades.dyed(picture, self._hue, mask.share if mask.found else everywhere)


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


def _gain(picture: Frame, share: Frame, place: Frame) -> NDArray[np.float64]:
    """Tell by how much each colour of the subject has to change to be lit like *place*."""
    solid = (share > 153).astype(np.uint8)
    own = np.array(cv2.mean(picture, mask=solid)[:3]) + 12
    around = np.array(cv2.mean(place)[:3]) + 12
    gain: NDArray[np.float64] = 1 + ((around / own).clip(0.5, 1.6) - 1) * _SAME_LIGHT
    return gain


_SHARES = np.arange(256) / 255
_EDGE = (_SHARES * (1 - _SHARES) * 1.6 * 255).astype(np.uint8)


def _oval(width: int, height: int) -> Map:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    away = np.sqrt((x / 0.62) ** 2 + (y / 0.85) ** 2)
    return cast("Map", (1.6 - 1.6 * away).clip(0, 1).astype(np.float32))
