"""Cut-outs: an actor taken from its picture with scissors that leave no rim of the old place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import Map, guided, push_pull, resized


@dataclass(frozen=True, slots=True)
class Cutout:
    """An actor, BGRA and cropped; *cut_below* says that its picture ended before its feet did."""

    picture: Frame
    cut_below: bool


def cut_out(still: Frame, mask: Map) -> Cutout:
    """Cut what *mask* marks out of *still*; edges take the colours of the inside."""
    height, width = still.shape[:2]
    colours = np.ascontiguousarray(still[..., :3])
    alpha = resized(mask, (width, height)).clip(0, 1)
    if still.shape[2] == 3:
        alpha = guided(colours, alpha, max(3, width // 150), 1e-4)
        alpha = ((alpha - 0.25) / 0.6).clip(0, 1).astype(np.float32)
    alpha = _largest(alpha)
    rows = np.flatnonzero((alpha > 0.4).any(1))
    columns = np.flatnonzero((alpha > 0.4).any(0))
    if not rows.size or not columns.size:
        return card(colours)
    inside = cv2.erode((alpha > 0.95).astype(np.float32), np.ones((3, 3), np.uint8))
    spread = push_pull(colours, 1 - cast("Map", inside)) if inside.any() else colours
    clean = np.where(alpha[..., None] > 0.95, colours, spread)
    whole = np.dstack([clean, (alpha * 255).astype(np.uint8)]).astype(np.uint8)
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Cutout(np.ascontiguousarray(whole[box]), bool(rows[-1] >= height - 3))


def card(still: Frame) -> Cutout:
    """Make a print of *still*, with a white margin and a soft corner, to be held up as it is."""
    height, width = still.shape[:2]
    scale = 720 / max(height, width)
    size = (max(24, round(width * scale)), max(24, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    photo = cv2.resize(still, size, interpolation=way)
    margin = 22
    print_ = cv2.copyMakeBorder(
        photo, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(236, 242, 244)
    )
    tall, wide = print_.shape[:2]
    alpha = np.zeros((tall, wide), np.uint8)
    cv2.rectangle(alpha, (6, 6), (wide - 7, tall - 7), 255, -1)
    alpha = cv2.GaussianBlur(cv2.dilate(alpha, np.ones((9, 9), np.uint8)), (0, 0), 1.2)
    return Cutout(np.dstack([print_, alpha]).astype(np.uint8), cut_below=False)


def matched(cutout: Cutout, place: Frame, share: float = 0.35) -> Cutout:
    """Shift the actor's colours by *share* towards those of *place*, so that they share a light."""
    actor = cutout.picture
    solid = (actor[..., 3] > 128).astype(np.uint8)
    if not solid.any():
        return cutout
    lab = cv2.cvtColor(np.ascontiguousarray(actor[..., :3]), cv2.COLOR_BGR2LAB)
    small = cv2.resize(place, (96, 64), interpolation=cv2.INTER_AREA)
    around = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32).reshape(-1, 3)
    mean, spread = (numbers.ravel() for numbers in cv2.meanStdDev(lab, mask=solid))
    stretch = 1 + ((around.std(0) + 1) / (spread + 1)).clip(0.7, 1.3) * share - share
    shift = (around.mean(0) - mean) * share * np.array([0.55, 0.8, 0.8])
    levels = (np.arange(256)[:, None] - mean) * stretch + mean + shift
    toned = cv2.LUT(lab, levels.clip(0, 255).astype(np.uint8)[None])
    colours = cv2.cvtColor(toned, cv2.COLOR_LAB2BGR)
    return Cutout(np.dstack([colours, actor[..., 3]]).astype(np.uint8), cutout.cut_below)


def _largest(alpha: Map) -> Map:
    """Drop crumbs: patches far smaller than the largest one."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    if count < 2:
        return alpha
    areas = boxes[1:count, 4]
    kept = np.flatnonzero(areas > 0.08 * areas.max()) + 1
    near = cv2.dilate(np.isin(labels, kept).astype(np.uint8), np.ones((9, 9), np.uint8))
    return (alpha * near).astype(np.float32)
