"""Layers: painted sheets, one behind the other, that move by as much as they are near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

_LOWEST = 1 << 30
NOTHING = (0, 0, 0, 255)  # a pixel of a layer that leaves all that is behind it


@dataclass(frozen=True, slots=True)
class Layer:
    """A painted layer: colours weighted by cover, and how much of what is behind it is left.

    Nothing is painted above row *top*, and nothing left free from row *full* on; *base* is where
    its things stand.
    """

    picture: Frame
    nearness: float
    base: float
    top: int
    full: int


def layer_of(colour: NDArray[np.float32], cover: Frame, nearness: float, base: float) -> Layer:
    """Make a layer of *colour* where *cover* says that there is something."""
    weighted = (colour * (cover[..., None] / np.float32(255))).clip(0, 255).astype(np.uint8)
    rows = np.flatnonzero(cover.any(axis=1))
    top = int(rows[0]) if rows.size else cover.shape[0]
    full = cover.shape[0] - int(np.argmax([*(cover.min(axis=1)[::-1] < 255), True]))
    whole = cast("Frame", cv2.merge([*cv2.split(weighted), cv2.bitwise_not(cover)]))
    return Layer(whole, nearness, base, top, full)


def lay(frame: Frame, layer: Layer, move: NDArray[np.float32], *, until: int = _LOWEST) -> None:
    """Lay *layer*, moved by the affine *move*, over the rows of *frame* above *until*."""
    height, width = frame.shape[:2]
    corners = np.array([[0, layer.top - 2, 1], [layer.picture.shape[1], layer.top - 2, 1]]) @ move.T
    first = int(np.clip(np.floor(corners[:, 1].min()), 0, height))
    rows = min(height, until) - first
    if rows <= 0:
        return
    shifted = move.copy()
    shifted[1, 2] -= first
    seen = cv2.warpAffine(layer.picture, shifted, (width, rows), borderMode=cv2.BORDER_REPLICATE)
    put_over(frame[first : first + rows], cast("Frame", seen))


def padded(width: int) -> int:
    """Tell how broad to make a picture of *width* that is to be warped, so that it is quick.

    OpenCV takes sixteen pixels of a row at a time, and those left over one by one.
    """
    return -(-width // 16) * 16


def full_from(layer: Layer, move: NDArray[np.float32]) -> int:
    """Tell the row from which on *layer*, moved by *move*, hides all that is behind it."""
    sides = np.array([[0, layer.full + 2, 1], [layer.picture.shape[1], layer.full + 2, 1]])
    return int(np.ceil((sides @ move.T)[:, 1].max()))


def stamp(frame: Frame, picture: Frame, move: NDArray[np.float32]) -> None:
    """Lay a *picture* as layers have them, moved by the affine *move*, where it is to be seen."""
    height, width = frame.shape[:2]
    tall, broad = picture.shape[:2]
    corners = np.array([[0, 0, 1], [broad, 0, 1], [broad, tall, 1], [0, tall, 1]]) @ move.T
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (width, height))
    if right <= left or bottom <= top:
        return
    shifted = move.astype(np.float32)
    shifted[:, 2] -= (left, top)
    area = (padded(int(right - left)), int(bottom - top))
    seen = cv2.warpAffine(picture, shifted, area, borderValue=NOTHING)
    put_over(frame[top:bottom, left:right], cast("Frame", seen[:, : right - left]))


def put_over(under: Frame, over: Frame) -> None:
    """Lay *over*, whose fourth number tells what it leaves, on pixels of three or four numbers."""
    left = cv2.extractChannel(over, 3)
    bands = under.shape[2]
    over = over if bands == 4 else cast("Frame", cv2.cvtColor(over, cv2.COLOR_BGRA2BGR))
    cv2.multiply(under, cv2.merge([left] * bands), under, scale=1 / 255)
    cv2.add(under, over, under)


def lay_over(under: Frame, over: Frame, share: Frame) -> None:
    """Lay *over* on *under* as far as *share*, of 0 to 255, says."""
    if not share.size:
        return
    part = cv2.merge([share] * under.shape[2])
    kept = cv2.multiply(under, cv2.bitwise_not(part), scale=1 / 255)
    cv2.add(kept, cv2.multiply(over, part, scale=1 / 255), under)
