"""Light and sky: the times of day, and what is seen above the horizon. Colours are linear RGB."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.noise import Field, Tile, fractal

Colour = tuple[float, float, float]
Planes = NDArray[np.float32]
"""A linear picture as three planes: red, green, blue."""


@dataclass(frozen=True, slots=True)
class Light:
    """A time of day: colours, the sun's height in radians, its strength, the film's exposure."""

    zenith: Colour
    horizon: Colour
    sun: Colour
    ambient: Colour
    fog: Colour
    elevation: float
    strength: float
    exposure: float = 1.0
    night: bool = False
    cover: float = 0.5


LIGHTS: Mapping[str, Light] = {
    "day": Light(
        zenith=(0.16, 0.36, 0.78),
        horizon=(0.58, 0.75, 0.95),
        sun=(1.0, 0.95, 0.85),
        ambient=(0.36, 0.44, 0.58),
        fog=(0.62, 0.76, 0.92),
        elevation=0.75,
        strength=1.25,
    ),
    "sunrise": Light(
        zenith=(0.14, 0.24, 0.56),
        horizon=(0.92, 0.52, 0.40),
        sun=(1.0, 0.60, 0.33),
        ambient=(0.28, 0.29, 0.44),
        fog=(0.80, 0.60, 0.54),
        elevation=0.13,
        strength=1.4,
        exposure=0.94,
    ),
    "sunset": Light(
        zenith=(0.14, 0.16, 0.44),
        horizon=(1.0, 0.46, 0.20),
        sun=(1.0, 0.46, 0.16),
        ambient=(0.28, 0.23, 0.36),
        fog=(0.90, 0.50, 0.33),
        elevation=0.09,
        strength=1.6,
        exposure=0.92,
    ),
    "dusk": Light(
        zenith=(0.05, 0.08, 0.26),
        horizon=(0.50, 0.33, 0.44),
        sun=(0.9, 0.45, 0.35),
        ambient=(0.16, 0.17, 0.30),
        fog=(0.30, 0.26, 0.42),
        elevation=0.03,
        strength=0.6,
        exposure=1.05,
    ),
    "night": Light(
        zenith=(0.008, 0.015, 0.05),
        horizon=(0.045, 0.075, 0.15),
        sun=(0.45, 0.56, 0.85),
        ambient=(0.05, 0.075, 0.14),
        fog=(0.038, 0.062, 0.118),
        elevation=0.40,
        strength=0.5,
        exposure=1.3,
        night=True,
        cover=0.38,
    ),
    "storm": Light(
        zenith=(0.17, 0.20, 0.25),
        horizon=(0.42, 0.45, 0.49),
        sun=(0.60, 0.63, 0.66),
        ambient=(0.29, 0.32, 0.37),
        fog=(0.40, 0.43, 0.47),
        elevation=0.5,
        strength=0.35,
        exposure=0.95,
        cover=0.8,
    ),
}
SUN_AZIMUTH = 0.26
_LOW = 0.2  # radians above the horizon up to which a sun is low


def dusty(light: Light) -> Light:
    """Hang fine red dust in the air of *light*, as on Mars."""
    power = sum(light.horizon) / 3
    return replace(
        light,
        zenith=(0.42 * power, 0.26 * power, 0.16 * power),
        horizon=(0.98 * power, 0.66 * power, 0.42 * power),
        fog=(0.92 * power, 0.60 * power, 0.38 * power),
        cover=0.22,
    )


def above_clouds(light: Light) -> Light:
    """Thin the air of a low sun's *light*, as over a sea of clouds, whose hollows are blue."""
    if light.night or light.elevation > _LOW:
        return light
    red, green, blue = light.horizon
    horizon = (red * 0.58, green * 0.66, blue * 1.05)
    return replace(
        light,
        zenith=(0.10, 0.20, 0.52),
        horizon=horizon,
        fog=horizon,
        strength=light.strength * 0.82,
        exposure=light.exposure * 0.92,
        cover=0.34,
    )


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera is and where it looks; *horizon* is a row, *focal* is in pixels."""

    width: int
    height: int
    focal: float
    horizon: float
    x: float
    y: float
    z: float
    yaw: float = 0.0

    def rays(self, step: int = 1) -> tuple[Field, Field]:
        """List the x and z of every *step*-th column's ray, one unit of depth long."""
        across = (np.arange(0, self.width, step, dtype=np.float32) + step / 2 - self.width / 2) / (
            self.focal
        )
        sine, cosine = math.sin(self.yaw), math.cos(self.yaw)
        return (
            (sine + cosine * across).astype(np.float32),
            (cosine - sine * across).astype(np.float32),
        )

    def rises(self, rows: Field) -> Field:
        """Tell how far the rays of *rows* rise for one unit of depth."""
        return ((self.horizon - (rows + 0.5)) / self.focal).astype(np.float32)


def direction(light: Light, azimuth: float = SUN_AZIMUTH) -> tuple[float, float, float]:
    """Point at the sun (or the moon)."""
    flat = math.cos(light.elevation)
    return math.sin(azimuth) * flat, math.sin(light.elevation), math.cos(azimuth) * flat


class Sky:
    """The sky of one *light*, with its clouds in the wind and its stars."""

    def __init__(self, light: Light, seed: int) -> None:
        self._light = light
        self._sun = direction(light)
        self.clouds = Tile.of(fractal(seed + 40, 512, octaves=7, gain=0.55))
        random = np.random.default_rng(seed)
        count = 1100
        self._stars = np.stack(
            [
                (random.random(count) - 0.5) * 2.6,
                random.random(count) ** 1.2 * 1.1 + 0.02,
                random.random(count) ** 3 * 0.9 + 0.12,
                random.random(count) * 6.28,
            ]
        )

    def planes(self, view: View, rows: int, seconds: float) -> Planes:
        """Draw the top *rows* of the picture, at half the width and height."""
        light = self._light
        x, z = view.rays(2)
        rise = view.rises(np.arange(0, rows, 2, dtype=np.float32) + 0.5)[:, None]
        length = 1 / np.sqrt(x * x + z * z + rise * rise)
        up = np.maximum(rise * length, 0)
        east, north = x * length, z * length
        fade = 1 - np.exp(-4.2 * up)
        toward = np.maximum(
            east * self._sun[0] + (rise * length) * self._sun[1] + north * self._sun[2], 0
        )
        glow = (0.22 * toward**6 + 0.38 * toward**48) * light.strength
        glow += np.exp((toward - 1) * 700) * 0.9 * light.strength
        disc = np.clip((toward - 0.99945) * 4200, 0, 1) * (1.6 if light.night else 3.0)
        glow += disc * light.strength
        planes = np.stack(
            [
                h + (z_ - h) * fade + s * glow
                for z_, h, s in zip(light.zenith, light.horizon, light.sun, strict=True)
            ]
        ).astype(np.float32)
        self._add_clouds(planes, view, seconds, (east, up, north), toward)
        return planes

    def _add_clouds(
        self,
        planes: Planes,
        view: View,
        seconds: float,
        ray: tuple[Field, Field, Field],
        toward: Field,
    ) -> None:
        light, (east, up, north) = self._light, ray
        reach = 1.1 / (up + 0.05)
        u = ((east * reach + view.x * 0.02 + seconds * 0.006) * 120).astype(np.float32)
        v = ((north * reach + view.z * 0.02 + seconds * 0.010) * 120).astype(np.float32)
        fine = self.clouds.at(u * 3.1 + np.float32(seconds * 0.5), v * 3.1)
        near = self.clouds.at(u, v)
        depth = near * 0.68 + fine * 0.32 - (1 - light.cover)
        cover = np.clip(depth * 4.2, 0, 1)
        cover *= cover * (3 - 2 * cover) * np.clip((up - 0.012) * 9, 0, 1)
        ahead = self.clouds.at(
            u + np.float32(self._sun[0] * 4.2), v + np.float32(self._sun[2] * 4.2)
        )
        lit = np.clip(0.62 + (near - ahead) * 3.2, 0, 1)
        thick = np.clip(depth * 1.6, 0, 1)
        shine = (0.34 * lit + toward**5 * (1 - thick) * 1.3) * light.strength
        shade = 0.55 * (1 - 0.35 * thick)
        for plane, horizon, sun in zip(planes, light.horizon, light.sun, strict=True):
            np.add(plane, (horizon * shade + sun * shine - plane) * cover, out=plane)

    def add_stars(self, picture: Frame, view: View, rows: Field, seconds: float) -> None:
        """Put the stars on *picture* wherever they stand above *rows*, the skyline of columns."""
        if not self._light.night:
            return
        azimuth, rise, bright, phase = self._stars
        across = np.tan(np.clip(azimuth - view.yaw, -1.3, 1.3)) * view.focal + view.width / 2
        down = view.horizon - rise * view.focal
        inside = (across >= 1) & (across < view.width - 2) & (down >= 1) & (down < view.height - 2)
        column, row = across[inside].astype(int), down[inside].astype(int)
        twinkle = 0.7 + 0.3 * np.sin(seconds * 2.4 + phase[inside])
        shown = (row + 2 < rows[column]) * bright[inside] * twinkle * 235
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            share_x = np.abs(1 - dx - (across[inside] - column))
            share_y = np.abs(1 - dy - (down[inside] - row))
            light = (shown * share_x * share_y)[:, None]
            lit = picture[row + dy, column + dx] + light
            picture[row + dy, column + dx] = np.minimum(lit, 255).astype(np.uint8)


def developed(planes: Planes, exposure: float) -> Frame:
    """Turn linear light into a picture, as film does: soft in the highlights."""
    power = exposure / _WHITE * (_CURVE.size - 1) ** 2
    luma = cv2.addWeighted(planes[0], 0.299 * power, planes[1], 0.587 * power, 0)
    luma = cv2.addWeighted(luma, 1 - _SATURATION, planes[2], 0.114 * power * (1 - _SATURATION), 0)
    bands = []
    for plane in planes[::-1]:
        steps = cv2.addWeighted(plane, _SATURATION * power, luma, 1, 0)
        np.maximum(steps, 0, out=steps)
        np.sqrt(steps, out=steps)
        bands.append(_LONG_CURVE.take(steps.astype(np.uint16)))
    return cast("Frame", cv2.merge(bands))


def undeveloped(picture: Frame, exposure: float) -> NDArray[np.float32]:
    """Turn a developed *picture* back into the light that it shows: red, green, blue, nothing.

    The fourth number is there because such pictures are read twice as fast.
    """
    light = cv2.LUT(picture, _UNCURVED)
    return cast("NDArray[np.float32]", cv2.transform(light, _POOR * np.float32(1 / exposure)))


_WHITE = 8.0
_SATURATION = 1.15
_RICH = (np.eye(3) * _SATURATION + np.array([[0.114, 0.587, 0.299]]) * (1 - _SATURATION)).astype(
    np.float32
)
_POOR = np.pad(np.linalg.inv(_RICH)[::-1], ((0, 1), (0, 1))).astype(np.float32)


def _curve() -> Frame:
    light = (np.arange(2048) / 2047) ** 2 * _WHITE * 0.78
    film = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    film = np.clip(film, 0, 1)
    film = film * 0.68 + 0.32 * film * film * (3 - 2 * film)
    return (np.clip(film, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


_CURVE = _curve()
# What is brighter than white is as white: a table for all there is needs no comparing.
_LONG_CURVE = np.pad(_CURVE, (0, (1 << 16) - _CURVE.size), mode="edge")
_UNCURVED = (
    (np.searchsorted(_CURVE, np.arange(256)).clip(0, _CURVE.size - 1) / (_CURVE.size - 1)) ** 2
    * _WHITE
).astype(np.float32)
