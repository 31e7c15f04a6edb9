"""Layers: painted sheets, one behind the other, that move by as much as they are near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

NOTHING = (0, 0, 0, 255)  # a pixel of a layer that leaves all that is behind it
_STRIP = 32  # columns that are looked at together
_WORTH = 3000  # pixels: drawing fewer takes longer than drawing one piece more
_MARGIN = 2

Rows = NDArray[np.int32]
"""One row for every few columns of a picture."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A painted layer: colours weighted by cover, and how much of what is behind it is left.

    In each strip of columns nothing is painted above row *top*, and nothing left free from row
    *full* on; *base* is where its things stand.
    """

    picture: Frame
    nearness: float
    base: float
    top: Rows
    full: Rows


def layer_of(colour: NDArray[np.float32], cover: Frame, nearness: float, base: float) -> Layer:
    """Make a layer of *colour* where *cover* says that there is something."""
    weighted = (colour * (cover[..., None] / np.float32(255))).clip(0, 255).astype(np.uint8)
    height, begins = cover.shape[0], np.arange(0, cover.shape[1], _STRIP)
    painted = np.maximum.reduceat(cover, begins, axis=1) > 0
    free = np.minimum.reduceat(cover, begins, axis=1) < 255
    top = np.where(painted.any(axis=0), painted.argmax(axis=0), height).astype(np.int32)
    full = np.where(free.any(axis=0), height - free[::-1].argmax(axis=0), 0).astype(np.int32)
    whole = cast("Frame", cv2.merge([*cv2.split(weighted), cv2.bitwise_not(cover)]))
    return Layer(whole, nearness, base, top, full)


def lay(
    frame: Frame, layer: Layer, move: NDArray[np.float32], seen: tuple[Rows, Rows] | None = None
) -> None:
    """Lay *layer*, moved by the affine *move*, over *frame*.

    Each strip is laid in those rows only in which it is *seen*: from the first to the second.
    """
    height, width = frame.shape[:2]
    if seen is None:
        first = spread(layer, move, width)[0]
        seen = first, np.full_like(first, height)
    for left, right, top, bottom in _boxes(seen[0].clip(0, height), seen[1].clip(0, height)):
        shifted = move.copy()
        shifted[:, 2] -= (left, top)
        part = min(right, width) - left
        over = cv2.warpAffine(layer.picture, shifted, (padded(part), bottom - top),
                              borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        put_over(frame[top:bottom, left : left + part], cast("Frame", over[:, :part]))


def spread(layer: Layer, move: NDArray[np.float32], width: int) -> tuple[Rows, Rows]:
    """Tell for each strip from which row on *layer*, moved by *move*, is seen.

    Tell as well from which one on it hides all that is behind it.
    """
    (zoom, lean, aside), (_, _, down) = move.tolist()
    slant = sorted((0.0, lean * layer.picture.shape[0]))
    left = np.arange(0, width, _STRIP)
    first = (left - aside - slant[1] - _MARGIN) / zoom // _STRIP
    last = (left + _STRIP - aside - slant[0] + _MARGIN) / zoom // _STRIP
    reach = int((last - first).max()) + 1
    strips = (first[:, None] + np.arange(reach)).clip(0, layer.top.size - 1).astype(int)
    top = layer.top[strips].min(axis=1) * zoom + (down - _MARGIN)
    full = layer.full[strips].max(axis=1) * zoom + (down + _MARGIN)
    return np.rint(top).astype(np.int32), np.rint(full).astype(np.int32)


def _boxes(top: Rows, bottom: Rows) -> list[tuple[int, int, int, int]]:
    """Put strips together to boxes, where few pixels are drawn in vain by that."""
    boxes: list[tuple[int, int, int, int]] = []
    left, right, high, low = 0, 0, 0, 0
    for number, (first, last) in enumerate(zip(top.tolist(), bottom.tolist(), strict=True)):
        if last <= first:
            continue
        end = (number + 1) * _STRIP
        both = (end - left) * (max(low, last) - min(high, first))
        if boxes and both - (right - left) * (low - high) - _STRIP * (last - first) <= _WORTH:
            right, high, low = end, min(high, first), max(low, last)
            boxes[-1] = (left, right, high, low)
        else:
            left, right, high, low = number * _STRIP, end, first, last
            boxes.append((left, right, high, low))
    return boxes


def padded(width: int) -> int:
    """Tell how broad to make a picture of *width* that is to be warped, so that it is quick.

    OpenCV takes sixteen pixels of a row at a time, and those left over one by one.
    """
    return -(-width // 16) * 16


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
