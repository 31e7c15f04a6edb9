"""Haze: how the air takes light from what is far, and gives it the colour of the sky."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np

from kinetoscope.engines.studio.scenes.air import Light
from kinetoscope.engines.studio.scenes.noise import Field, Places


def veil(thickness: Field) -> Field:
    """Turn haze times distance into the share of light that the haze takes, 0 to 1."""
    return cast("Field", 1 - np.exp(thickness * np.sqrt(thickness + 0.02) * -2.2))


def sunward(sun: tuple[float, float, float], ray: tuple[Field, Field], rise: Field) -> Field:
    """Tell how nearly each ray points at the sun, 0 to 1."""
    x, z = ray
    length = 1 / np.sqrt(x * x + z * z + rise * rise)
    return cast("Field", np.maximum((x * sun[0] + rise * sun[1] + z * sun[2]) * length, 0))


def add_haze(planes: Iterable[Places], light: Light, share: Field, glow: Field) -> None:
    """Mix *share* of the haze of *light* into each plane, brighter by *glow* towards the sun."""
    for plane, fog, sun in zip(planes, light.fog, light.sun, strict=True):
        np.add(plane, (fog + glow * (sun * 0.55 * light.strength) - plane) * share, out=plane)
