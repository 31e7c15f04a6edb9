"""Haze: how the air takes light from what is far, and gives it the colour of the sky."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.scenes.air import Light, View, direction
from kinetoscope.engines.studio.scenes.noise import Field, Places

_COARSE = 8  # pixels, each way, for which a glow is worked out once


def veil(thickness: Field) -> Field:
    """Turn haze times distance into the share of light that the haze takes, 0 to 1."""
    return cast("Field", 1 - np.exp(thickness * np.sqrt(thickness + 0.02) * -2.2))


def glow_of(light: Light, view: View, rows: slice) -> Field:
    """Tell how much haze glows, being seen towards the sun, 0 to 1: a place for each pixel."""
    sun, (x, z) = direction(light), view.rays(_COARSE)
    firsts = np.arange(rows.start, rows.stop, _COARSE, dtype=np.float32)
    rise = view.rises(firsts + np.float32((_COARSE - 1) / 2))[:, None]
    near = np.maximum(x * sun[0] + rise * sun[1] + z * sun[2], 0) / np.sqrt(
        (x * x + z * z) + rise * rise
    )
    size = (near.shape[1] * _COARSE, near.shape[0] * _COARSE)
    glow = cv2.resize(near * (near * near) ** 2, size)
    return cast("Field", glow[: rows.stop - rows.start, : view.width])


def add_haze(planes: Iterable[Places], light: Light, share: Field, glow: Field) -> None:
    """Mix *share* of the haze of *light* into each plane, brighter by *glow* towards the sun."""
    for plane, fog, sun in zip(planes, light.fog, light.sun, strict=True):
        np.add(plane, (fog + glow * (sun * 0.55 * light.strength) - plane) * share, out=plane)
