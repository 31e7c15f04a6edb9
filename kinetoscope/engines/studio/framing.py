"""Framing: a picture of any shape in a film of another, composed and never padded."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.stills import cover
from kinetoscope.engines.studio.vision import Map

_LEAST_KEPT = 0.56  # of a picture; if a crop would keep less, the picture runs on beside it
_SOFT_STEPS = (0.012, 0.035, 0.09)  # of the height: how soft it becomes on its way outwards


def framed(still: Frame, width: int, height: int, mask: Map | None = None) -> Frame:
    """Fit *still* into a film: cropped around what *mask* marks, and run on where it is narrow."""
    shape, own = width / height, still.shape[1] / still.shape[0]
    if min(own / shape, shape / own) >= _LEAST_KEPT:
        return cover(still, width, height, mask)
    if own < shape:
        inner = max(2, round(height * own / _LEAST_KEPT / 2) * 2)
        return _run_on(cover(still, inner, height, mask), width)
    inner = max(2, round(width / own / _LEAST_KEPT / 2) * 2)
    upright = cover(still, width, inner, mask).transpose(1, 0, 2)
    return np.ascontiguousarray(_run_on(upright, height).transpose(1, 0, 2))


def _run_on(picture: Frame, width: int) -> Frame:
    """Let *picture* go on to both sides up to *width*: mirrored, ever softer and darker."""
    height, inner = picture.shape[:2]
    left = (width - inner) // 2
    right = width - inner - left
    wide = picture
    while wide.shape[1] < width:
        reach = min(wide.shape[1] - 1, max(left, right))
        grown = cv2.copyMakeBorder(wide, 0, 0, reach, reach, cv2.BORDER_REFLECT_101)
        spare = grown.shape[1] - width
        if spare >= 0:
            middle = (grown.shape[1] - inner) // 2 - left
            grown = grown[:, middle : middle + width]
        wide = np.ascontiguousarray(grown)
    place = np.arange(width, dtype=np.float32)
    away = np.maximum(np.maximum(left - place, place - (left + inner - 1)), 0) / height
    out = wide.astype(np.float32)
    for number, step in enumerate(_SOFT_STEPS):
        soft = _blurred(wide, step * height)
        share = np.clip((away - 0.02 - 0.05 * number) / 0.08, 0, 1)[None, :, None]
        out += (soft - out) * share
    dim = 1 - 0.34 * np.clip(away / max(float(away.max()), 1e-6), 0, 1) ** 0.8
    return cast("Frame", (out * dim[None, :, None]).clip(0, 255).astype(np.uint8))


def _blurred(picture: Frame, reach: float) -> Map:
    height, width = picture.shape[:2]
    size = (max(8, width // 4), max(8, height // 4))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.5, reach / 4), borderType=cv2.BORDER_REFLECT_101)
    return cast("Map", cv2.resize(small, (width, height)).astype(np.float32))
