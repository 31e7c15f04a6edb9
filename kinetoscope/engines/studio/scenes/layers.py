"""Layers: painted sheets, one behind the other, that move by as much as they are near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame


@dataclass(frozen=True, slots=True)
class Layer:
    """A painted layer: colours weighted by cover, and how much of what is behind it is left.

    Nothing is painted above row *top*; *base* is where its things stand.
    """

    picture: Frame
    nearness: float
    base: float
    top: int


def layer_of(colour: NDArray[np.float32], cover: Frame, nearness: float, base: float) -> Layer:
    """Make a layer of *colour* where *cover* says that there is something."""
    weighted = (colour * (cover[..., None] / np.float32(255))).clip(0, 255).astype(np.uint8)
    rows = np.flatnonzero(cover.any(axis=1))
    top = int(rows[0]) if rows.size else cover.shape[0]
    left = cv2.bitwise_not(cover)
    return Layer(cast("Frame", cv2.merge([*cv2.split(weighted), left])), nearness, base, top)


def lay(frame: Frame, layer: Layer, move: NDArray[np.float32]) -> None:
    """Lay *layer*, moved by the affine *move*, over *frame*."""
    height, width = frame.shape[:2]
    corners = np.array([[0, layer.top - 2, 1], [layer.picture.shape[1], layer.top - 2, 1]]) @ move.T
    first = int(np.clip(np.floor(corners[:, 1].min()), 0, height))
    if first >= height:
        return
    shifted = move.copy()
    shifted[1, 2] -= first
    size = (width, height - first)
    seen = cv2.warpAffine(layer.picture, shifted, size, borderMode=cv2.BORDER_REPLICATE)
    blue, green, red, left = cv2.split(seen)
    under = frame[first:]
    cv2.multiply(under, cv2.merge([left, left, left]), under, scale=1 / 255)
    cv2.add(under, cv2.merge([blue, green, red]), under)


def lay_over(under: Frame, over: Frame, share: Frame) -> None:
    """Lay *over* on *under* as far as *share*, of 0 to 255, says."""
    if not share.size:
        return
    part = cv2.merge([share] * under.shape[2])
    kept = cv2.multiply(under, cv2.bitwise_not(part), scale=1 / 255)
    cv2.add(kept, cv2.multiply(over, part, scale=1 / 255), under)
