"""Seeing: what in a picture is sky, what is near, and what may be behind."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

Map = NDArray[np.float32]
"""One value for each pixel, 0 to 1 where nothing else is said."""


def guided(guide: Frame, field: Map, radius: int, softness: float) -> Map:
    """Smooth *field* within *radius* pixels, but not over the edges of *guide*."""
    light = cv2.cvtColor(guide, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    around = (2 * radius + 1, 2 * radius + 1)
    mean_light, mean = cv2.blur(light, around), cv2.blur(field, around)
    both = cv2.blur(light * field, around) - mean_light * mean
    spread = cv2.blur(light * light, around) - mean_light * mean_light
    slope = both / (spread + softness)
    rest = mean - slope * mean_light
    return cast("Map", cv2.blur(slope, around) * light + cv2.blur(rest, around))


def sky_mask(bgr: Frame) -> Map:
    """Mark the sky: smooth, bright or bluish, and reaching the upper edge."""
    size = (bgr.shape[1], bgr.shape[0])
    small = fitted(bgr, 320)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    edges = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    blue, red = small[..., 0].astype(np.int16), small[..., 2].astype(np.int16)
    likely = (cv2.blur(edges, (7, 7)) < 26) & ((blue >= red - 8) | (grey > 170))
    count, labels = cv2.connectedComponents(likely.astype(np.uint8), connectivity=4)
    sky = np.bincount(labels[:3].ravel(), minlength=count)[labels] > 0
    sky &= labels > 0
    if sky.mean() < 0.06 or sky[: max(1, small.shape[0] // 6)].mean() < 0.35:
        return np.zeros(bgr.shape[:2], np.float32)
    return resized(soft(sky.astype(np.float32), 1.2), size)


def push_pull(bgr: Frame, holes: Map) -> Frame:
    """Fill *holes* (1 is a hole) from their surroundings: quick, smooth and without seams."""
    weight = (1 - holes).astype(np.float32)
    filled = cast("Map", bgr.astype(np.float32) * weight[..., None])
    steps = [(filled, weight)]
    while min(filled.shape[:2]) > 2:
        filled, weight = cast("Map", cv2.pyrDown(filled)), cast("Map", cv2.pyrDown(weight))
        steps.append((filled, weight))
    out = steps[-1][0] / np.maximum(steps[-1][1], 1e-4)[..., None]
    for colours, there in steps[-2::-1]:
        up = cv2.resize(out, (colours.shape[1], colours.shape[0]))
        sure = np.minimum(there * 1.5, 1)[..., None]
        out = up * (1 - sure) + colours / np.maximum(there, 1e-4)[..., None] * sure
    open_ = holes[..., None]
    return cast("Frame", (bgr * (1 - open_) + out * open_).clip(0, 255).astype(np.uint8))


def plate(bgr: Frame, mask: Map) -> tuple[Frame, Map]:
    """Paint over what *mask* marks, as if it had never been there; tell where that was done."""
    size = (bgr.shape[1], bgr.shape[0])
    small = fitted(bgr, 320)
    scale = size[0] / small.shape[1]
    hole = (resized(mask, (small.shape[1], small.shape[0])) > 0.15).astype(np.uint8)
    hole = cv2.dilate(hole, np.ones((7, 7), np.uint8)).astype(np.uint8)
    lines = cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA)
    smooth = push_pull(small, soft(hole.astype(np.float32), 1))
    painted = cv2.resize(
        cv2.addWeighted(lines, 0.5, smooth, 0.5, 0), size, interpolation=cv2.INTER_CUBIC
    )
    reach = round(9 * scale) | 1
    wide = cv2.dilate((mask > 0.1).astype(np.uint8), np.ones((reach, reach), np.uint8))
    where = soft(wide.astype(np.float32), 2 * scale)
    x, y, across, down = cv2.boundingRect((where > 0).astype(np.uint8))
    box = (slice(y, y + down), slice(x, x + across))
    # A painted patch without the grain of its surroundings looks like plastic.
    grain = np.random.default_rng(0).standard_normal((down, across, 1), np.float32) * 2
    share, out = where[box][..., None], bgr.copy()
    mixed = bgr[box] * (1 - share) + (painted[box] + grain) * share
    out[box] = mixed.clip(0, 255)
    return out, where


def depth(bgr: Frame, mask: Map) -> Map:
    """Guess how near each pixel is (1 is nearest), *mask* being one upright thing."""
    small = fitted(bgr, 384)
    size = (small.shape[1], small.shape[0])
    sky = sky_mask(small)
    near = guided(small, _popped_up(small, _ramp(small, sky)), 10, 2e-3) * (1 - sky)
    subject = resized(mask, size)
    solid = subject > 0.5
    if solid.any():
        feet = int(np.flatnonzero(solid.any(1))[-1])
        band = slice(max(0, feet - 6), feet + 1)
        stands = max(0.62, float(near[band][solid[band]].mean()))
        inside = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 5)
        bulge = np.sqrt(inside / (inside.max() + 1e-6))
        near = near * (1 - subject) + (stands + 0.22 * bulge).clip(0, 1) * subject
    return near.clip(0, 1).astype(np.float32)


def resized(field: Map, size: tuple[int, int]) -> Map:
    """Scale *field* to *size*: width and height in pixels."""
    if size == (field.shape[1], field.shape[0]):
        return field
    return cast("Map", cv2.resize(field, size, interpolation=cv2.INTER_LINEAR))


def soft(field: Map, sigma: float) -> Map:
    """Blur *field* by *sigma* pixels."""
    return cast("Map", cv2.GaussianBlur(field, (0, 0), max(sigma, 0.3)))


def blended(behind: Frame, front: Frame, share: Frame) -> Frame:
    """Mix *front* into *behind*: all of it where *share* is 255, nothing where it is 0."""
    wide = cv2.cvtColor(share, cv2.COLOR_GRAY2BGR)
    kept = cv2.multiply(behind, cv2.bitwise_not(wide), scale=1 / 255)
    return cast("Frame", cv2.add(kept, cv2.multiply(front, wide, scale=1 / 255)))


def fitted(bgr: Frame, longest: int) -> Frame:
    """Scale a picture down so that its longer side has *longest* pixels at most."""
    scale = min(1.0, longest / max(bgr.shape[:2]))
    size = (max(8, round(bgr.shape[1] * scale)), max(8, round(bgr.shape[0] * scale)))
    return cast("Frame", cv2.resize(bgr, size, interpolation=cv2.INTER_AREA))


# ── depth ─────────────────────────────────────────────────────────────────────────────────────────


def _ramp(small: Frame, sky: Map) -> Map:
    """Guess by place: the ground comes nearer below the horizon; what is sharp or dark is near."""
    rows, columns = small.shape[:2]
    horizon = float((sky.mean(1) > 0.5).mean()) if sky.any() else 0.38
    horizon = min(max(horizon, 0.30), 0.72)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    ground = np.repeat(((down - horizon) / (1.02 - horizon)).clip(0, 1), columns, axis=1)
    light = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    crisp = soft(np.abs(cv2.Laplacian(light, cv2.CV_32F, ksize=3)).astype(np.float32), 7)
    crisp /= np.percentile(crisp, 97) + 1e-6
    haze = cv2.erode(small.min(2), np.ones((9, 9), np.uint8)).astype(np.float32) / 255
    return (0.62 * ground + 0.16 * crisp.clip(0, 1) + 0.14 * (1 - haze)).astype(np.float32)


def _popped_up(small: Frame, near: Map) -> Map:
    """Let each patch of one colour stand upright: all of it about as near as its lower part."""
    calm = cv2.pyrMeanShiftFiltering(small, 10, 18) // 24
    colours = calm[..., 0].astype(np.int32) * 121 + calm[..., 1] * 11 + calm[..., 2]
    out = near.copy()
    for colour in np.flatnonzero(np.bincount(colours.ravel())):
        same = (colours == colour).astype(np.uint8)
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(same, connectivity=8)
        for patch in np.flatnonzero(boxes[1:count, 4] >= 60) + 1:
            x, y, wide, tall = (int(number) for number in boxes[patch, :4])
            box = (slice(y, y + tall), slice(x, x + wide))
            inside = labels[box] == patch
            foot = inside.copy()
            foot[: int(tall * 0.75)] = False
            level = near[box][foot].mean() if foot.any() else near[box][inside].mean()
            out[box][inside] = 0.45 * near[box][inside] + 0.55 * level
    return out
