"""Motion: how a film moves at its end, and whether an earlier moment looks like its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import Map

_GLANCE = (160, 90)
_FLOW_WIDTH = 400  # pixels, at which it is seen how a film moves at its end
_LEAST_FRAMES = 30
_REACH = 4  # frames before and after a moment that it is compared by


def glance(picture: Frame) -> Map:
    """Keep of *picture* what is needed to compare it: a small, soft, grey copy."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    if min(width / _GLANCE[0], height / _GLANCE[1]) > 4:  # whole steps are quicker than one
        grey = cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    small = cv2.resize(grey, _GLANCE, interpolation=cv2.INTER_AREA)
    return cast("Map", cv2.GaussianBlur(small, (0, 0), 1).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Jump:
    """Frame *to* looks and moves like the last one; *gap* is 1 for the usual step of a frame."""

    to: int
    gap: float


def best_jump(glances: list[Map], least_frames: int) -> Jump | None:
    """Find the frame that could follow the last one, with *least_frames* after it to go on."""
    last = len(glances) - 1
    if len(glances) < max(_LEAST_FRAMES, least_frames + 2 * _REACH):
        return None
    usual = float(np.median([_gap(b, a) for a, b in pairwise(glances)]))
    if usual < 0.12:
        return None  # nothing moves: there is nothing to go on with
    now, before, earlier = glances[last], glances[last - 1], glances[last - 3]
    best: Jump | None = None
    for index in range(_REACH, len(glances) - least_frames):
        here = glances[index]
        looks = _gap(here, now)
        moves = _gap(here - glances[index - 1], now - before)
        trend = _gap(here - glances[index - 3], now - earlier)
        gap = (looks + 0.8 * moves + 0.4 * trend) / usual
        if best is None or gap < best.gap:
            best = Jump(index, gap)
    return best


def changed(one: Frame, other: Frame) -> float:
    """Tell by how much two frames differ on average, of 255."""
    return cv2.norm(one, other, cv2.NORM_L1) / one.size


def flow(before: Frame, after: Frame, scale: float) -> Map:
    """Tell where each pixel of *before* went, in pixels: height × width × 2; seen at *scale*."""
    return _enlarged(_flow(before, after, scale), before)


def last_flow(last: Sequence[Frame]) -> Map:
    """Tell where each pixel usually went in the *last* frames, from one to the next."""
    height, width = last[-1].shape[:2]
    if len(last) < 2:
        return np.zeros((height, width, 2), np.float32)
    scale = min(1.0, max(0.25, _FLOW_WIDTH / width))
    flows = [_flow(a, b, scale) for a, b in pairwise(last)]
    return _enlarged(np.median(flows, axis=0).astype(np.float32), last[-1])


def _flow(before: Frame, after: Frame, scale: float) -> Map:
    height, width = before.shape[:2]
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    first, second = (
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        for frame in (before, after)
    )
    seeker = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return cast("Map", seeker.calc(first, second, np.zeros((*first.shape, 2), np.float32)))


def _enlarged(found: Map, picture: Frame) -> Map:
    """Spread what was *found* in a smaller copy over all of *picture*."""
    (height, width), (rows, columns) = picture.shape[:2], found.shape[:2]
    full = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    full *= np.array([width / columns, height / rows], np.float32)
    return cast("Map", full)


@dataclass(frozen=True, slots=True)
class Drift:
    """How the whole picture moves from frame to frame: pixels, and growth of 1.01 as 0.01."""

    x: float
    y: float
    growth: float


def drift_of(moved: Map) -> Drift:
    """Find the one shift and growth that explain most of *moved*."""
    height, width = moved.shape[:2]
    step = max(1, min(height, width) // 40)
    y, x = np.mgrid[0:height:step, 0:width:step]
    before = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    after = before + moved[::step, ::step].reshape(-1, 2)
    cv2.setRNGSeed(7)
    found, _ = cv2.estimateAffinePartial2D(
        before, after, method=cv2.RANSAC, ransacReprojThreshold=1.5
    )
    if not np.isfinite(found).all():
        return Drift(0.0, 0.0, 0.0)
    middle = np.array([width / 2, height / 2])
    shift = found @ np.array([*middle, 1.0]) - middle
    return Drift(float(shift[0]), float(shift[1]), math.hypot(found[0, 0], found[1, 0]) - 1)


class Morph:
    """Lets one picture, that still moves by *way* from frame to frame, flow into another."""

    def __init__(self, before: Frame, after: Frame, way: Map) -> None:
        self._before, self._way = before, way
        height, width = before.shape[:2]
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self._grid = np.dstack([columns, rows]).astype(np.float32)
        self._there, self._back = flow(before, after, 0.5), flow(after, before, 0.5)

    def __call__(self, after: Frame, share: float, frames: int) -> Frame:
        """Mix *share* of *after* in, *frames* after the seam; both are bent to meet half-way."""
        gone = self._there * np.float32(share) + self._way * np.float32(frames)
        first = _bent(self._before, self._grid - gone)
        second = _bent(after, self._grid - self._back * np.float32(1 - share))
        return cast("Frame", cv2.addWeighted(first, 1 - share, second, share, 0))


def _bent(picture: Frame, places: Map) -> Frame:
    seen = cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)  # type: ignore[call-overload]
    return cast("Frame", seen)


def _gap(one: Map, other: Map) -> float:
    return float(np.abs(one - other).mean())
