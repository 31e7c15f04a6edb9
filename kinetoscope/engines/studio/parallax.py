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

_STEP = 4  # pixels between two points at which a sheet's bend is worked out
_FAR, _NEAR = 0.16, 0.85  # inverse distances
_ROUNDS = 3
_RELIEF = 0.25  # how much of a picture's guessed relief is kept: more would bend what is straight


@dataclass(frozen=True, slots=True)
class Sheet:
    """One layer: BGR, or premultiplied BGRA, and the inverse distance of its points."""

    picture: Frame
    inverse: Map


class Stage:
    """Sheets, the farthest first, before one camera; *focus* is what a push in goes towards."""

    def __init__(self, sheets: tuple[Sheet, ...], focus: tuple[float, float] = (0.0, 0.0)) -> None:
        height, width = sheets[0].picture.shape[:2]
        self.width, self.height = width, height
        self._sheets, self._focus = sheets, focus
        self._shape = width / height
        # One point more on every side, so that nothing is stretched along the edges.
        across = (np.arange(-1, -(-width // _STEP) + 1, dtype=np.float32) + 0.5) * _STEP / width
        down = (np.arange(-1, -(-height // _STEP) + 1, dtype=np.float32) + 0.5) * _STEP / height
        self._u, self._v = np.meshgrid((across * 2 - 1) * self._shape, down * 2 - 1)

    def frame(self, pose: Pose, zoom: float, *, bend: Map | None = None) -> Frame:
        """Draw what the camera sees at *pose*, showing *zoom* of the picture's width at rest.

        *bend* shifts what is looked up, in pixels (height × width × 2).
        """
        picture = self.seen(0, pose, zoom, bend=bend)
        for number in range(1, len(self._sheets)):
            picture = laid_over(picture, self.seen(number, pose, zoom, bend=bend))
        return picture

    def zoom_for(self, poses: Iterable[Pose]) -> float:
        """Tell how much of the picture can be shown so that no edge comes into view at *poses*."""
        reach = 1.0
        for pose in poses:
            x, y = self._looked_up(self._sheets[0].inverse, pose, 1.0)
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

    def seen(self, number: int, pose: Pose, zoom: float, *, bend: Map | None = None) -> Frame:
        """Draw sheet *number* alone: 0 is the farthest."""
        picture = self._sheets[number].picture
        places = self.places(number, pose, zoom)
        if bend is not None:
            places = places + bend
        edge = cv2.BORDER_REFLECT_101 if picture.shape[2] == 3 else cv2.BORDER_REPLICATE
        seen = cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=edge)  # type: ignore[call-overload]
        return cast("Frame", seen)

    def places(self, number: int, pose: Pose, zoom: float) -> Map:
        """Tell which place of sheet *number* each pixel shows: height × width × 2, in pixels."""
        x, y = self._looked_up(self._sheets[number].inverse, pose, zoom)
        points = cv2.merge(
            [
                (x / self._shape + 1) * (self.width / 2) - 0.5,
                (y + 1) * (self.height / 2) - 0.5,
            ]
        )
        rows, columns = points.shape[:2]
        full = cv2.resize(points, (columns * _STEP, rows * _STEP), interpolation=cv2.INTER_LINEAR)
        return cast("Map", full[_STEP : _STEP + self.height, _STEP : _STEP + self.width])

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
    blue, green, red, alpha = cv2.split(front)
    clear = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2BGR)
    shaded = cv2.multiply(behind, clear, scale=1 / 255)
    return cast("Frame", cv2.add(shaded, cv2.merge([blue, green, red])))


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
