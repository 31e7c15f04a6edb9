"""In-betweens: every few frames one is painted, the key; those between follow what moves.

So paint sticks to things instead of boiling on them, and a picture may take its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Protocol, cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.film import Frame

_KEYS_A_SECOND = 4
_EVERY = FPS // _KEYS_A_SECOND  # frames of a film of ours
_FLOW_SHRINK = 2
_LOST = 26.0  # of 255: where a key differs that much from a frame on average, it is painted anew
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
        width, height = paint.size
        self._rows, self._columns = (
            field.astype(np.float32) for field in np.mgrid[0:height, 0:width]
        )
        self._seeker = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, picture: Frame, _seconds: float = 0) -> Frame:
        """Paint a picture that stands alone."""
        return self._finished(self._key(self._shrunk(picture)).painted)

    def frame(self, number: int, draw: Callable[[int], Frame]) -> Frame:
        """Paint frame *number* of what *draw* draws; the same one whatever was asked before."""
        first = number // _EVERY * _EVERY
        last = first + _EVERY
        if number == first:
            return self._finished(self._key_at(first, draw).painted)
        before, after = self._key_at(first, draw), self._key_at(last, draw)
        self._keys = {first: before, last: after}
        share = (number - first) / _EVERY
        return self._between(self._shrunk(draw(number)), before, after, share)

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
            key = self._keys[number] = self._key(self._shrunk(draw(number)))
        return key

    def _key(self, small: Frame) -> _Key:
        # OpenCV is twice as quick with four numbers a pixel.
        painted = cv2.cvtColor(self._paint(small), cv2.COLOR_BGR2BGRA)
        return _Key(_grey(small), cast("Frame", painted))

    def _shrunk(self, picture: Frame) -> Frame:
        return cast("Frame", cv2.resize(picture, self._paint.size, interpolation=cv2.INTER_AREA))

    def _finished(self, painted: Frame) -> Frame:
        return self._paint.finish(cast("Frame", cv2.cvtColor(painted, cv2.COLOR_BGRA2BGR)))

    def _between(self, small: Frame, before: _Key, after: _Key, share: float) -> Frame:
        """Bend two keys to look like *small*; mix what fits, and add what is in neither."""
        grey = _grey(small)
        sought = _thumb(grey)
        bent = [self._bent(key, grey, sought) for key in (before, after)]
        if min(float(error.mean()) for _, _, error in bent) > _LOST:
            return self._finished(self._key(small).painted)
        shares = [
            cv2.LUT(error, _TRUST * np.float32(part))
            for (_, _, error), part in zip(bent, (1 - share, share), strict=True)
        ]
        (first, first_grey, _), (second, second_grey, _) = bent
        mixed = cv2.blendLinear(first, second, *shares)
        # Two paintings mixed are softer than either: by turns that would be seen as breathing.
        crisp = share * (1 - share) / 2
        mixed = cv2.addWeighted(mixed, 1 + crisp, cv2.blur(mixed, _CRISP_BOX), -crisp, 0)
        expected = cv2.blendLinear(first_grey, second_grey, *shares)
        for change, first_one, other in (
            (cv2.add, grey, expected),
            (cv2.subtract, expected, grey),
        ):
            fresh = cv2.LUT(cv2.subtract(first_one, other), _FRESH)
            mixed = change(mixed, cv2.cvtColor(fresh, cv2.COLOR_GRAY2BGRA))
        return self._finished(cast("Frame", mixed))

    def _bent(self, key: _Key, grey: Frame, sought: Frame) -> tuple[Frame, Frame, Frame]:
        """Bend *key* to where its things are now: its paint, its grey, and how far that is off."""
        moved = self._seeker.calc(
            sought, _thumb(key.grey), np.zeros((*sought.shape, 2), np.float32)
        )
        flow = cv2.resize(moved, self._paint.size)
        across, down = (a / b for a, b in zip(grey.shape[::-1], sought.shape[::-1], strict=True))
        places = (
            self._columns + flow[..., 0] * np.float32(across),
            self._rows + flow[..., 1] * np.float32(down),
        )
        edge = cv2.BORDER_REPLICATE
        painted = cv2.remap(key.painted, *places, cv2.INTER_CUBIC, borderMode=edge)
        seen = cv2.remap(key.grey, *places, cv2.INTER_LINEAR, borderMode=edge)
        error = cv2.blur(cv2.absdiff(seen, grey), _ERROR_BOX)
        return cast("Frame", painted), cast("Frame", seen), cast("Frame", error)


def _grey(small: Frame) -> Frame:
    return cast("Frame", cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def _thumb(grey: Frame) -> Frame:
    size = (max(16, grey.shape[1] // _FLOW_SHRINK), max(16, grey.shape[0] // _FLOW_SHRINK))
    return cast("Frame", cv2.resize(grey, size, interpolation=cv2.INTER_AREA))


_LEVELS = np.arange(256)
# How far a key is to be trusted where it is off by so much; never not at all.
_TRUST = (np.exp(-((_LEVELS / 9.0) ** 2)) + 1e-4).astype(np.float32)
# What is to be seen of a change that no key has: little ones are only noise.
_FRESH = ((_LEVELS - 5).clip(0) * 0.6).astype(np.uint8)
