"""Parallax: a picture as two sheets that bend with depth, so that a camera can move before them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.camera import Pose
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import (
    Map,
    depth,
    guided,
    plate,
    push_pull,
    resized,
)

_STEP = 8  # pixels between two points at which a sheet's bend is worked out
_FINE = 2  # as many of them in a row for each of those, where what is seen bends by itself
_FAR, _NEAR = 0.16, 0.85  # inverse distances
_ROUNDS = 3
_RELIEF = 0.25  # how much of a picture's guessed relief is kept: more would bend what is straight


@dataclass(frozen=True, slots=True)
class Sheet:
    """One layer: BGR, or premultiplied BGRA, and the inverse distance of its points."""

    picture: Frame
    inverse: Map


@dataclass(frozen=True, slots=True)
class _Box:
    """Points of a grid, without those along its edges: rows and columns, from the first on."""

    top: int
    foot: int
    left: int
    right: int


class Stage:
    """Sheets, the farthest first, before one camera; *focus* is what a push in goes towards."""

    def __init__(self, sheets: tuple[Sheet, ...], focus: tuple[float, float] = (0.0, 0.0)) -> None:
        height, width = sheets[0].picture.shape[:2]
        self.width, self.height = width, height
        # Four values a pixel, whether they are needed or not: OpenCV is twice as quick with them.
        self._pictures = [_with_alpha(sheet.picture) for sheet in sheets]
        self._inverse = [sheet.inverse for sheet in sheets]
        self._there = [_there(sheet) for sheet in sheets]
        self._focus = focus
        self._shape = width / height
        # One point more on every side, so that nothing is stretched along the edges.
        across = (np.arange(-1, -(-width // _STEP) + 1, dtype=np.float32) + 0.5) * _STEP / width
        down = (np.arange(-1, -(-height // _STEP) + 1, dtype=np.float32) + 0.5) * _STEP / height
        self._u, self._v = np.meshgrid((across * 2 - 1) * self._shape, down * 2 - 1)

    def frame(self, pose: Pose, zoom: float, *, bend: Map | None = None) -> Frame:
        """Draw what the camera sees at *pose*, showing *zoom* of the picture's width at rest.

        *bend* shifts what is looked up, in pixels; it covers the picture, coarsely or finely.
        """
        places = self.places(0, pose, zoom, bend=bend)
        # The picture goes on behind its edges as in a mirror.
        seen = _looked_at(self._pictures[0], places, cv2.BORDER_REFLECT_101)
        picture = cast("Frame", cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR))
        for number in range(1, len(self._pictures)):
            self.lay_over(picture, number, pose, zoom, bend=bend)
        return picture

    def lay_over(
        self, frame: Frame, number: int, pose: Pose, zoom: float, *, bend: Map | None = None
    ) -> None:
        """Draw sheet *number*, which is premultiplied BGRA, over *frame*: only where it is."""
        points = self._points(number, pose, zoom)
        box = self._box(number, points)
        if box is None:
            return
        places, (rows, columns) = self._spread(points, bend, box)
        seen = _looked_at(self._pictures[number], places, cv2.BORDER_REPLICATE)
        behind = frame[rows, columns]
        behind[:] = laid_over(behind, seen)

    def zoom_for(self, poses: Iterable[Pose]) -> float:
        """Tell how much of the picture can be shown so that no edge comes into view at *poses*."""
        reach = 1.0
        for pose in poses:
            x, y = self._looked_up(self._inverse[0], pose, 1.0)
            inside = (slice(1, -1), slice(1, -1))
            far = max(float(np.abs(x[inside]).max()) / self._shape, float(np.abs(y[inside]).max()))
            reach = max(reach, far)
        return min(max(1 / reach, 0.80), 0.985)

    def aimed(self, pose: Pose) -> Pose:
        """Turn the camera so that going forwards leads to the focus."""
        share = min(max(pose.z, 0.0) * 1.1, 0.5) * 0.55
        return pose._replace(
            yaw=pose.yaw + self._focus[0] * share, pitch=pose.pitch + self._focus[1] * share
        )

    def places(self, number: int, pose: Pose, zoom: float, *, bend: Map | None = None) -> Map:
        """Tell which place of sheet *number* each pixel shows: height × width × 2, in pixels."""
        rows, columns = self._u.shape
        whole = _Box(0, rows - 2, 0, columns - 2)
        return self._spread(self._points(number, pose, zoom), bend, whole)[0]

    def _points(self, number: int, pose: Pose, zoom: float) -> Map:
        """Tell which place of sheet *number* each point of the grid shows, in pixels."""
        x, y = self._looked_up(self._inverse[number], pose, zoom)
        across = (x / self._shape + 1) * (self.width / 2) - 0.5
        return cast("Map", cv2.merge([across, (y + 1) * (self.height / 2) - 0.5]))

    def _box(self, number: int, points: Map) -> _Box | None:
        """Find the points between which sheet *number* is seen, and a margin of two; or none."""
        there = self._there[number]
        scale = np.array([there.shape[1] / self.width, there.shape[0] / self.height], np.float32)
        near = points * scale
        mode = cv2.BORDER_REPLICATE
        seen = cv2.remap(there, near, None, cv2.INTER_NEAREST, borderMode=mode)  # type: ignore[call-overload]
        inside = seen[1:-1, 1:-1]
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        if not rows.size:
            return None
        return _Box(
            top=max(0, int(rows[0]) - 2),
            foot=min(inside.shape[0], int(rows[-1]) + 3),
            left=max(0, int(columns[0]) - 2),
            right=min(inside.shape[1], int(columns[-1]) + 3),
        )

    def _spread(self, points: Map, bend: Map | None, box: _Box) -> tuple[Map, tuple[slice, slice]]:
        """Spread *points* within *box* over the pixels there; tell which pixels those are."""
        step = _STEP
        part = points[box.top : box.foot + 2, box.left : box.right + 2]
        if bend is not None:
            rows, columns = points.shape[:2]
            size = ((columns - 2) * _FINE, (rows - 2) * _FINE)
            fine = np.pad(
                cv2.resize(bend, size, interpolation=cv2.INTER_CUBIC),
                ((_FINE, _FINE), (_FINE, _FINE), (0, 0)),
                mode="edge",
            )
            part = _enlarged(part, _FINE)
            top, left = box.top * _FINE, box.left * _FINE
            part = part + fine[top:, left:][: part.shape[0], : part.shape[1]]
            step //= _FINE
        full = _enlarged(part, step)
        foot, right = min(self.height, box.foot * _STEP), min(self.width, box.right * _STEP)
        top, left = box.top * _STEP, box.left * _STEP
        inside = full[_STEP : _STEP + foot - top, _STEP : _STEP + right - left]
        return inside, (slice(top, foot), slice(left, right))

    def _looked_up(self, inverse: Map, pose: Pose, zoom: float) -> tuple[Map, Map]:
        """Find the point of the sheet that each ray meets: a few rounds of guess and correction."""
        cosine, sine = math.cos(pose.roll) * zoom, math.sin(pose.roll) * zoom
        u = cosine * self._u - sine * self._v + np.float32(pose.yaw)
        v = sine * self._u + cosine * self._v + np.float32(pose.pitch)
        rows, columns = inverse.shape
        x, y = u, v
        shift_x, shift_y = pose.x - pose.z * u, pose.y - pose.z * v
        for _ in range(_ROUNDS):
            column = (x * (1 / self._shape) + 1) * (columns / 2) - 0.5
            row = (y + 1) * (rows / 2) - 0.5
            near = cv2.remap(
                inverse, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            x, y = u + near * shift_x, v + near * shift_y
        return x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)


def stage_of(picture: Frame, mask: Map) -> Stage:
    """Take *picture* apart into its subject, which *mask* marks, and what may be behind it."""
    height, width = picture.shape[:2]
    near = depth(picture, mask)
    size = (near.shape[1], near.shape[0])
    if not 0.015 < float((mask > 0.5).mean()) < 0.7:
        return Stage((Sheet(picture, inverse(straightened(near))),))
    edge = ((guided(picture, mask, 6, 1e-4) - 0.12) / 0.76).clip(0, 1).astype(np.float32)
    behind, painted = plate(picture, edge)
    small = resized(mask, size)
    far = straightened(_filled(near, (resized(painted, size) > 0.05).astype(np.float32)))
    solid = cv2.erode((small > 0.4).astype(np.uint8), np.ones((3, 3), np.uint8))
    # The front's distances reach beyond its edge, so that soft edges bend with it.
    front = _filled(near, 1 - solid.astype(np.float32))
    sheets = (Sheet(behind, inverse(far)), Sheet(cut(picture, edge), inverse(front, 2)))
    return Stage(sheets, focus_of(small, width / height))


def straightened(near: Map) -> Map:
    """Lay *near* nearly flat, on the plane that fits it best: before one, lines stay straight."""
    rows, columns = near.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([np.ones(near.size), x.ravel(), y.ravel()], axis=1)
    plane = (terms @ np.linalg.lstsq(terms, near.ravel(), rcond=None)[0]).reshape(near.shape)
    rest = cv2.GaussianBlur(near - plane, (0, 0), max(rows, columns) / 16)
    calm = plane + rest * _RELIEF
    # Pressed together and not cut off: where a plane is cut off, lines get a kink.
    low, high = min(0.0, float(calm.min())), max(1.0, float(calm.max()))
    return cast("Map", ((calm - low) / (high - low)).astype(np.float32))


def cut(picture: Frame, alpha: Map) -> Frame:
    """Cut *picture* out along *alpha*: BGRA, colours already multiplied by alpha."""
    there = (alpha * 255).astype(np.uint8)
    colours = cv2.multiply(picture, cv2.cvtColor(there, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    return np.dstack([colours, there]).astype(np.uint8)


def laid_over(behind: Frame, front: Frame) -> Frame:
    """Lay premultiplied BGRA over BGR."""
    clear = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(front, 3)), cv2.COLOR_GRAY2BGR)
    shaded = cv2.multiply(behind, clear, scale=1 / 255)
    return cast("Frame", cv2.add(shaded, cv2.cvtColor(front, cv2.COLOR_BGRA2BGR)))


def inverse(near: Map, softness: float = 3) -> Map:
    """Turn nearness, 0 to 1, into inverse distance, without steps."""
    calm = cv2.GaussianBlur(near, (0, 0), softness)
    return cast("Map", (_FAR + (_NEAR - _FAR) * calm).astype(np.float32))


def focus_of(mask: Map, shape: float) -> tuple[float, float]:
    """Find the subject's head, or where it would be: x within ±*shape*, y within ±1."""
    solid = mask > 0.5
    rows = np.nonzero(solid)[0]
    if not rows.size:
        return 0.0, 0.0
    top, foot = np.percentile(rows, 3), np.percentile(rows, 97)
    upper = solid[int(top) : int(top + 0.45 * (foot - top)) + 1]
    columns = np.nonzero(upper)[1]
    across = columns.mean() if columns.size else mask.shape[1] / 2
    row = top + 0.30 * (foot - top)
    return (
        float((2 * across / mask.shape[1] - 1) * shape),
        float(2 * row / mask.shape[0] - 1),
    )


def _filled(near: Map, holes: Map) -> Map:
    grey = cv2.merge([(near * 255).astype(np.uint8)] * 3)
    filled = push_pull(cast("Frame", grey), holes)[..., 0]
    return (filled / np.float32(255)).astype(np.float32)


def _with_alpha(picture: Frame) -> Frame:
    clear = picture.shape[2] == 4
    return picture if clear else cast("Frame", cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA))


def _there(sheet: Sheet) -> Frame:
    """Mark, at the size of its distances and a little too widely, where *sheet* is not clear."""
    rows, columns = sheet.inverse.shape
    if sheet.picture.shape[2] == 3:
        return np.ones((rows, columns), np.uint8)
    solid = cv2.dilate((sheet.picture[..., 3] > 0).astype(np.uint8), np.ones((9, 9), np.uint8))
    small = cv2.resize(solid * np.uint8(255), (columns, rows), interpolation=cv2.INTER_AREA)
    return cast("Frame", (small > 0).astype(np.uint8))


def _enlarged(points: Map, times: int) -> Map:
    size = (points.shape[1] * times, points.shape[0] * times)
    return cast("Map", cv2.resize(points, size, interpolation=cv2.INTER_LINEAR))


def _looked_at(picture: Frame, places: Map, edge: int) -> Frame:
    seen = cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=edge)  # type: ignore[call-overload]
    return cast("Frame", seen)
