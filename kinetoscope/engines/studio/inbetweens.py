"""In-betweens: every few frames one is painted, the key; those between follow what moves.

So paint sticks to things instead of boiling on them, and a picture may take its time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Protocol, cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import Map

_KEYS_A_SECOND = 3
_EVERY = FPS // _KEYS_A_SECOND  # frames of a film of ours
_FLOW_SHRINK = 3
_LOST = 26.0  # of 255: where a key differs that much from a frame on average, it is painted anew
_OFF = 5.0  # of 255: by how much more than the other a key may be off, and be trusted
_MARKED = 400.0  # the square of the slope of what is surely seen to move
_MARK_BOX, _BESIDE_BOX = (5, 5), (31, 31)
_ERROR_BOX = (9, 9)  # pixels
_CRISP_BOX = (7, 7)


class Paint(Protocol):
    """Paints pictures of *size*, width and height in pixels: smaller than the film's."""

    size: tuple[int, int]

    def __call__(self, small: Frame) -> Frame:
        """Paint one picture; the same one is always painted alike."""
        ...

    def finish(self, painted: Frame) -> Frame:
        """Enlarge what is *painted* to the size of the film, and show what it is painted on."""
        ...


@dataclass(frozen=True, slots=True)
class _Key:
    """A painted frame, with four numbers a pixel, and the grey picture from which it was made."""

    grey: Frame
    painted: Frame


class Painted:
    """Lays *paint* over the frames of a film, of which a few in a second are keys."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._keys: dict[int, _Key] = {}
        self._held: dict[int, Frame] = {}
        width, height = paint.size
        self._rows, self._columns = (
            field.astype(np.float32) for field in np.mgrid[0:height, 0:width]
        )
        self._seeker = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, picture: Frame, _seconds: float = 0) -> Frame:
        """Paint a picture that stands alone."""
        return self._finished(self._key(self._shrunk(picture)).painted)

    def frame(self, number: int, draw: Callable[[int], Frame]) -> Frame:
        """Paint frame *number* of what *draw* draws; the same one whatever was asked before.

        It is drawn in the order of the film: a scene may keep what it has drawn for the next.
        """
        first = number // _EVERY * _EVERY
        if number == first:
            return self._finished(self._key_at(first, draw).painted)
        before = self._key_at(first, draw)
        for later in range(number, first + _EVERY):
            self._small_at(later, draw)
        after = self._key_at(first + _EVERY, draw)
        self._keys = {first: before, first + _EVERY: after}
        now, coming = self._held[number], range(number + 1, first + _EVERY)
        self._held = {later: self._held[later] for later in coming}
        return self._between(now, before, after, (number - first) / _EVERY)

    def film(self, frames: Iterator[Frame], fps: Fraction) -> Iterator[Frame]:
        """Paint *frames* one after the other; as many as lie between two keys are held back."""
        every = max(1, round(fps / _KEYS_A_SECOND))
        small = map(self._shrunk, frames)
        before = next((self._key(first) for first in islice(small, 1)), None)
        if before is None:
            return
        yield self._finished(before.painted)
        while held := list(islice(small, every)):
            after = self._key(held[-1])
            for number, one in enumerate(held[:-1], start=1):
                yield self._between(one, before, after, number / len(held))
            yield self._finished(after.painted)
            before = after

    def _key_at(self, number: int, draw: Callable[[int], Frame]) -> _Key:
        key = self._keys.get(number)
        if key is None:
            key = self._keys[number] = self._key(self._small_at(number, draw))
        return key

    def _small_at(self, number: int, draw: Callable[[int], Frame]) -> Frame:
        small = self._held.get(number)
        if small is None:
            small = self._held[number] = self._shrunk(draw(number))
        return small

    def _key(self, small: Frame) -> _Key:
        # OpenCV is twice as quick with four numbers a pixel.
        painted = cv2.cvtColor(self._paint(small), cv2.COLOR_BGR2BGRA)
        return _Key(_grey(small), cast("Frame", painted))

    def _shrunk(self, picture: Frame) -> Frame:
        much = picture.shape[1] > 2 * self._paint.size[0]
        how = cv2.INTER_AREA if much else cv2.INTER_LINEAR
        return cast("Frame", cv2.resize(picture, self._paint.size, interpolation=how))

    def _finished(self, painted: Frame) -> Frame:
        return self._paint.finish(cast("Frame", cv2.cvtColor(painted, cv2.COLOR_BGRA2BGR)))

    def _between(self, small: Frame, before: _Key, after: _Key, share: float) -> Frame:
        """Bend two keys to look like *small*; mix what fits, and add what is in neither."""
        now = _Seen(small)
        bent = [self._bent(key, now) for key in (before, after)]
        lost = [float(error.mean()) for _, _, error in bent]
        if min(lost) > _LOST:
            return self._finished(self._key(small).painted)
        shares = [
            # Across a cut some of a key fits by luck: as a whole it does not.
            cv2.LUT(
                error,
                _TRUST * np.float32(part * math.exp(-(((off - min(lost)) / _OFF) ** 2)) + 1e-6),
            )
            for (_, _, error), off, part in zip(bent, lost, (1 - share, share), strict=True)
        ]
        (first, first_grey, _), (second, second_grey, _) = bent
        mixed = cv2.blendLinear(first, second, *shares)
        # Bent and mixed paintings are softer than keys: by turns that would be seen as breathing.
        crisp = 0.12 + share * (1 - share) / 2
        mixed = cv2.addWeighted(mixed, 1 + crisp, cv2.blur(mixed, _CRISP_BOX), -crisp, 0)
        expected = cv2.blendLinear(first_grey, second_grey, *shares)
        for change, one, other in (
            (cv2.add, now.grey, expected),
            (cv2.subtract, expected, now.grey),
        ):
            fresh = cv2.LUT(cv2.subtract(one, other), _FRESH)
            mixed = change(mixed, cv2.cvtColor(fresh, cv2.COLOR_GRAY2BGRA))
        return self._finished(cast("Frame", mixed))

    def _bent(self, key: _Key, now: _Seen) -> tuple[Frame, Frame, Frame]:
        """Bend *key* to where its things are now: its paint, its grey, and how far that is off."""
        found = self._seeker.calc(
            now.thumb, _thumb(key.grey), np.zeros((*now.thumb.shape, 2), np.float32)
        )
        ratios = zip(now.grey.shape[::-1], now.thumb.shape[::-1], strict=True)
        across, down = (
            cv2.resize(now.settled(way), self._paint.size) * np.float32(whole / part)
            for way, (whole, part) in zip(cv2.split(found), ratios, strict=True)
        )
        places = (self._columns + across, self._rows + down)
        edge = cv2.BORDER_REPLICATE
        painted, seen = (
            cv2.remap(one, *places, cv2.INTER_LINEAR, borderMode=edge)
            for one in (key.painted, key.grey)
        )
        error = cv2.blur(cv2.absdiff(seen, now.grey), _ERROR_BOX)
        return cast("Frame", painted), cast("Frame", seen), cast("Frame", error)


class _Seen:
    """What is seen of a frame: in grey, as a thumbnail, and how sure its motion can be told."""

    def __init__(self, small: Frame) -> None:
        self.grey = _grey(small)
        self.thumb = _thumb(self.grey)
        sides = [cv2.Sobel(self.thumb, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))]
        self._marks = cv2.blur(cv2.magnitude(*sides), _MARK_BOX) ** 2 + np.float32(1)
        self._own = self._marks / (self._marks + np.float32(_MARKED))
        self._around = cv2.blur(self._marks, _BESIDE_BOX)

    def settled(self, way: cv2.typing.MatLike) -> Map:
        """Let what has no marks of its own go the *way* of what has some beside it."""
        beside = cv2.blur(way * self._marks, _BESIDE_BOX) / self._around
        return cast("Map", beside + (way - beside) * self._own)


def _grey(small: Frame) -> Frame:
    return cast("Frame", cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def _thumb(grey: Frame) -> Frame:
    size = (max(16, grey.shape[1] // _FLOW_SHRINK), max(16, grey.shape[0] // _FLOW_SHRINK))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return cast("Frame", cv2.GaussianBlur(small, (0, 0), 0.8))


_LEVELS = np.arange(256)
# How far a key is to be trusted where it is off by so much; never not at all.
_TRUST = (np.exp(-((_LEVELS / 9.0) ** 2)) + 1e-4).astype(np.float32)
# What is to be seen of a change that no key has: nothing of what is only noise, all of a large one.
_FRESH = np.interp(_LEVELS, (5, 20, 45, 255), (0, 9, 45, 255)).astype(np.uint8)
