"""Stills: the customer's pictures, the right way up, in BGR, and no larger than is needed."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from kinetoscope.engines.studio.brief import CannotRender
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import Map, push_pull

GRAIN = 0.9  # of their films: stills bring some of their own, and what is grainy is dear to code
_MOST_PIXELS = 100_000_000  # of a file
_KEPT_PIXELS = 6_000_000
_ROOM = 1.3  # how much larger than the film a still stays, so that a crop is sharp
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def open_still(path: Path, width: int, height: int) -> Frame:
    """Read *path* for a film of *width* × *height* pixels: three channels, or four with alpha."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd files are read as well as they can be
            return _read(path, width, height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CannotRender(
            "an image could not be read: it is damaged or of a kind the studio does not know"
        ) from error


def flat(still: Frame) -> Frame:
    """Give *still* three channels: where it is transparent, its colours run on softly."""
    if still.shape[2] == 3:
        return still
    clear = (1 - still[..., 3] / np.float32(255)).astype(np.float32)
    return push_pull(np.ascontiguousarray(still[..., :3]), clear)


def cover(still: Frame, width: int, height: int, mask: Map | None = None) -> Frame:
    """Crop *still* to the shape of the film, around what *mask* marks, and scale it to fit."""
    tall, wide = still.shape[:2]
    scale = max(width / wide, height / tall)
    cut_w = min(wide, max(1, round(width / scale)))
    cut_h = min(tall, max(1, round(height / scale)))
    x, y = _corner((wide, tall), (cut_w, cut_h), mask)
    cut = still[y : y + cut_h, x : x + cut_w]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cast("Frame", cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=way))


def _corner(size: tuple[int, int], cut: tuple[int, int], mask: Map | None) -> tuple[int, int]:
    """Choose where to cut: around the subject, and never through a head if that can be helped."""
    (wide, tall), (cut_w, cut_h) = size, cut
    x, y = (wide - cut_w) / 2, (tall - cut_h) * 0.22  # heads are mostly up
    if mask is not None and (mask > 0.5).any():
        rows = np.flatnonzero((mask > 0.5).mean(1) > 0.02) / mask.shape[0] * tall
        columns = np.flatnonzero((mask > 0.5).mean(0) > 0.02) / mask.shape[1] * wide
        if rows.size:
            margin = 0.07 * cut_h
            highest, lowest = rows[-1] + margin - cut_h, rows[0] - margin
            y = min(max(y, highest), lowest)
        if columns.size:
            x = (columns[0] + columns[-1] - cut_w) / 2
    return int(min(max(x, 0), wide - cut_w)), int(min(max(y, 0), tall - cut_h))


def _read(path: Path, width: int, height: int) -> Frame:
    with Image.open(path) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            raise CannotRender("an image has more than 100 million pixels: send a smaller one")
        longest = round(_ROOM * max(width, height))
        picture.draft("RGB", (longest, longest))
        turned = picture.getexif().get(0x0112, 1) > 4
        size = _smaller(picture.size, (height, width) if turned else (width, height))
        still = _eight_bits(picture)
        if still.size != size:
            still = still.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        still.getexif()[0x0112] = picture.getexif().get(0x0112, 1)
        return _bgr(ImageOps.exif_transpose(still))


def _smaller(size: tuple[int, int], film: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, _ROOM * max(film[0] / size[0], film[1] / size[1]))
    scale = min(scale, math.sqrt(_KEPT_PIXELS / (size[0] * size[1])))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP_MODES:
        deep = np.asarray(picture).astype(np.float32)
        deep = np.nan_to_num(deep)
        top = 65535.0 if deep.max(initial=0) > 255 else 255.0
        if picture.mode == "F":
            deep, top = deep - deep.min(), float(np.ptp(deep)) or 1.0
        return Image.fromarray((deep / top * 255).clip(0, 255).astype(np.uint8))
    if picture.mode in {"RGB", "RGBA", "L"}:
        picture.load()
        return picture
    clear = picture.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in picture.info
    return picture.convert("RGBA" if clear else "RGB")


def _bgr(picture: Image.Image) -> Frame:
    clear = picture.mode == "RGBA" or "transparency" in picture.info
    pixels: NDArray[np.uint8] = np.asarray(picture.convert("RGBA" if clear else "RGB"))
    if not clear:
        return cast("Frame", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if pixels[..., 3].min() > 250:
        return cast("Frame", cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR))
    return cast("Frame", cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA))
