"""Sway: what wind and water do in a picture that stands still."""

from __future__ import annotations

import re
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import Map, fitted, resized, sky_mask, soft

_WATER = re.compile(
    r"\b(water|waves?\b|ripples?|rippling|sea\b|ocean|lake|river|pond|pool)|水|海|湖|浪"
)
_LEAVES = re.compile(
    r"\b(wind\w*\b|breez\w+|sway\w*|rustl\w+|leaves|foliage|trees?\b|grass|branches"
    r"|flowers?|petals?)|风|叶|草|摇"
)
_STEP = 8  # pixels between two points at which the sway is worked out
_REACH = {"water": 0.0040, "leaves": 0.0045}  # of the picture's height


class Sway:
    """Shifts water and leaves of one *picture*, and nothing of its subject."""

    def __init__(self, picture: Frame, mask: Map, prompt: str) -> None:
        text = prompt.lower()
        height, width = picture.shape[:2]
        self._size = (width, height)
        rest = 1 - cv2.dilate(mask, np.ones((9, 9), np.uint8))
        self._kinds = [
            (name, self._points(find(picture) * rest))
            for name, words, find in (("water", _WATER, _wet), ("leaves", _LEAVES, _leafy))
            if words.search(text)
        ]
        rows, columns = -(-height // _STEP), -(-width // _STEP)
        self._y, self._x = np.mgrid[0:rows, 0:columns].astype(np.float32) * (_STEP / height)

    def __call__(self, seconds: float) -> Map | None:
        """Tell by how many pixels places are shifted, coarsely; None where nothing sways."""
        shift: Map | None = None
        for name, share in self._kinds:
            way = (
                _ripple(self._x, self._y, seconds)
                if name == "water"
                else _gust(self._x, self._y, seconds)
            )
            moved = way * (share[..., None] * (_REACH[name] * self._size[1]))
            shift = moved if shift is None else shift + moved
        return shift

    def _points(self, share: Map) -> Map:
        size = (-(-self._size[0] // _STEP), -(-self._size[1] // _STEP))
        return cast("Map", cv2.resize(share, size, interpolation=cv2.INTER_AREA))


def _ripple(x: Map, y: Map, seconds: float) -> Map:
    # Nearer waves are lower in the picture, larger and slower.
    scale = 60 - 34 * y
    across = np.sin(y * scale * 2.2 - seconds * 2.6) * 0.6 + np.sin(x * 19 + y * 31 + seconds * 1.7)
    down = np.sin(y * scale * 2.6 - seconds * 3.1 + 2 * np.sin(x * 7 + seconds * 0.4)) * 0.5
    return cast("Map", np.dstack([across, down]).astype(np.float32))


def _gust(x: Map, y: Map, seconds: float) -> Map:
    strength = 0.55 + 0.45 * np.sin(x * 2.1 - seconds * 1.1)
    across = strength * (
        np.sin(seconds * 1.9 + x * 13 + y * 9) + 0.5 * np.sin(seconds * 3.3 + x * 29)
    )
    down = 0.35 * strength * np.sin(seconds * 2.3 + x * 17 - y * 11)
    return cast("Map", np.dstack([across, down]).astype(np.float32))


def _leafy(picture: Frame) -> Map:
    """Mark what is green or golden and fine-grained."""
    small = fitted(picture, 320)
    hue, saturation, _ = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV))
    green = ((hue > 18) & (hue < 90) & (saturation > 40)).astype(np.float32)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    fine = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    textured = np.clip(cv2.blur(fine, (9, 9)) / 6, 0.25, 1)
    share = soft((green * textured).astype(np.float32), 4)
    return resized(np.clip(share * 1.5, 0, 1), (picture.shape[1], picture.shape[0]))


def _wet(picture: Frame) -> Map:
    """Mark what is below the horizon, bluish or grey, and crossed by level lines."""
    small = fitted(picture, 320)
    blue, red = small[..., 0].astype(np.float32), small[..., 2].astype(np.float32)
    cool = np.clip((blue - red + 18) / 36, 0, 1)
    sky = sky_mask(small)
    rows = small.shape[0]
    line = (sky.mean(1) > 0.5).mean() if sky.any() else 0.45
    below = np.clip((np.arange(rows) / rows - max(line, 0.3)) * 12, 0, 1)[:, None]
    share = soft((cool * below * (1 - sky)).astype(np.float32), 5)
    return resized(np.clip(share * 1.3, 0, 1), (picture.shape[1], picture.shape[0]))
