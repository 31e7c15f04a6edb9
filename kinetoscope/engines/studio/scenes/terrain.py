"""Wide country: land, seas and sky, flown over by a camera that keeps its distance to the ground.

A picture column is one upright slice through the land. The land is sampled at a row of depths along
each column; the highest seen so far hides what is lower behind it, and so a running minimum of rows
finds, for every pixel, the two samples that its ray passes between.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import (
    LIGHTS,
    Light,
    Planes,
    Sky,
    View,
    above_clouds,
    developed,
    direction,
    dusty,
)
from kinetoscope.engines.studio.scenes.haze import add_haze, sunward, veil
from kinetoscope.engines.studio.scenes.land import BIOMES, LAYERS, SIDE, SIZE, Land, way
from kinetoscope.engines.studio.scenes.noise import Field
from kinetoscope.engines.studio.scenes.passing import Drawn, Passing, nearness
from kinetoscope.engines.studio.scenes.sea import CloudSea, Sea

Sway = Callable[[float], tuple[float, float, float, float]]
"""Takes seconds; gives what a camera adds: aside, up and ahead in units, yaw in radians."""

_NEAREST, _FARTHEST, _SLICES = 0.3, 46.0, 360
_DEPTHS = np.geomspace(_NEAREST, _FARTHEST, _SLICES).astype(np.float32)
_SCALE = np.float32(SIZE / SIDE)
_START = 6.0
_AROUND = np.linspace(-2, 2, 49)  # seconds over which the way up and down is smoothed
_WEIGHTS = np.hanning(_AROUND.size) / np.hanning(_AROUND.size).sum()
_AHEAD = np.arange(0, 5, 0.35)
# How many pixels of detail there are to a unit, and how strongly they show.
_GRAINS = ((24.0, 0.9), (97.0, 1.0), (389.0, 0.8))
_RIPPLES = ((24.0, 0.25), (61.0, 0.9), (389.0, 0.6))
# Pixels that are drawn of a picture; the rest is filled in. Water is drawn anew for each frame.
_MOST_PIXELS, _MOST_WET_PIXELS = 410_000, 300_000
_CRISP = 1.0  # how much of what softness took is given back
_LOW = frozenset({"ocean", "islands", "lake"})


def light_over(place: str, time: str, *, storm: bool) -> Light:
    """Tell how *place* is lit at *time*, in a *storm* or not."""
    light = LIGHTS["storm" if storm and not LIGHTS[time].night else time]
    if place == "mars" and not light.night:
        return dusty(light)
    return above_clouds(light) if place == "clouds" else light


class Terrain:
    """The country of one biome under *light*."""

    air = 0.33
    deep, open = False, False

    def __init__(
        self,
        place: str,
        light: Light,
        size: tuple[int, int],
        *,
        seed: int,
        sway: Sway,
        pace: float = 1.0,
        dry: bool = False,
    ) -> None:
        self._full = size
        self._size = _fewer(size, _MOST_WET_PIXELS if place in _LOW else _MOST_PIXELS)
        self._sway, self._light = sway, light
        biome = BIOMES[place]
        if dry and place == "hills":
            biome = replace(biome, sea=0.0)  # nobody should have to walk on the ponds
        self._land = Land(biome, light, seed)
        self._sky = Sky(light, seed)
        self._sea: Sea | CloudSea | None = None
        if biome.sea:
            kind = CloudSea if biome.clouds else Sea
            self._sea = kind(light, biome.sea, biome.haze, seed)
        self._low = place in _LOW
        self.wet = bool(biome.sea) and not biome.clouds and self._low
        self.ground = 0.80 if self.wet else 0.86
        self._speed = (0.35 if self._low else 0.75) * pace
        self._passing = Passing(self._drawn)

    def frame(self, seconds: float) -> Frame:
        """Draw the country as it looks *seconds* after the film began."""
        view = self._view(seconds)
        seen, skyline = self._passing.seen(view, seconds)
        if self.wet and isinstance(self._sea, Sea):
            self._sea.lay(seen, view, seconds)
        frame = _enlarged(cast("Frame", cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR)), self._full)
        self._sky.add_stars(frame, *_enlarged_view(view, skyline, self._full), seconds)
        return frame

    def _drawn(self, seconds: float) -> Drawn:
        """Draw the land and the sky; the sea as well, but where it is seen from near by."""
        view = self._view(seconds)
        picture, skyline = self._above(view, seconds)
        depth, share = self._add_land(picture, view, skyline)
        cover, level = np.zeros_like(depth), np.full((1, 1), np.inf, np.float32)
        if self._sea is not None:
            rows = np.arange(view.height, dtype=np.float32)
            level = self._sea.depth(view, rows)[:, None]
            edge = (0.93, 9, 0) if isinstance(self._sea, CloudSea) else (1, 120, 0.5)
            water = np.clip((depth / level - edge[0]) * edge[1] + edge[2], 0, 1)
            water = np.maximum(water, (1 - share) * (rows[:, None] + 0.5 > view.horizon))
            if self.wet:
                cover = water * 255
            else:
                self._sea.draw(picture, view, seconds, water.astype(np.float32))
        frame = developed(picture, self._light.exposure)
        whole = cast("Frame", cv2.merge([frame, cover.astype(np.uint8)]))
        return Drawn(view, whole, nearness(np.minimum(depth, level)), skyline)

    def _height(self, z: float) -> float:
        """Tell how high the camera flies at *z*: on a smooth way that clears the ground ahead."""
        around = z + _AROUND * self._speed
        ahead = around[:, None] + _AHEAD
        heights = self._land.ground(way(ahead), ahead).max(axis=1)
        soft = float(heights @ _WEIGHTS)
        if self._land.biome.clouds:
            soft = max(soft, self._land.biome.sea - 0.3)
        return soft + (0.42 if self._low else 1.15)

    def _view(self, seconds: float) -> View:
        width, height = self._size
        aside, up, ahead, yaw = self._sway(seconds)
        planned = _START + self._speed * seconds
        z = planned + ahead
        middle, before, after = way(np.array((z, z - 0.5, z + 0.5)))
        x = float(middle) + aside
        least = float(self._land.ground(np.array(x), np.array(z))) + 0.2
        focal = max(width, height * 1.2) / (2 * math.tan(0.5))
        pitch = 0.02 if self._low else -0.10
        return View(
            width=width,
            height=height,
            focal=focal,
            horizon=height * 0.5 + pitch * focal,
            x=x,
            y=max(self._height(planned) + up, least) + 0.03 * math.sin(seconds * 0.8),
            z=z,
            yaw=math.atan(float(after - before)) * 0.6 + yaw,
        )

    def _above(self, view: View, seconds: float) -> tuple[Planes, Field]:
        """Draw the sky down to the horizon; tell the land's skyline, a row for each column."""
        rows = min(view.height, max(2, math.ceil(view.horizon) + 12))
        sky = self._sky.planes(view, rows, seconds)
        picture = np.empty((3, view.height, view.width), np.float32)
        for plane, part in zip(picture, sky, strict=True):
            large = cv2.resize(part, (view.width, 2 * part.shape[0]))
            plane[:rows] = large[:rows]
            plane[rows:] = large[rows - 1 : rows]
        return picture, np.full(view.width, view.height, np.float32)

    def _add_land(self, picture: Planes, view: View, skyline: Field) -> tuple[Field, Field]:
        """Put the land on *picture*; tell its depth and its share of each pixel."""
        if self._land.biome.flat:
            nowhere = np.full((view.height, view.width), _FARTHEST * 10, np.float32)
            return nowhere, np.zeros_like(nowhere)
        x, z = view.rays()
        heights = self._land.heights.at(
            (view.x + x * _DEPTHS[:, None]) * _SCALE, (view.z + z * _DEPTHS[:, None]) * _SCALE
        )
        rows = view.horizon - (heights - view.y) * (view.focal / _DEPTHS[:, None])
        np.minimum(skyline, rows.min(axis=0), out=skyline)
        first = int(np.clip(skyline.min(), 0, view.height - 1))
        index = _first_hits(np.minimum.accumulate(rows, axis=0), view, first)
        depth = np.full((view.height, view.width), _FARTHEST * 10, np.float32)
        share = np.zeros((view.height, view.width), np.float32)
        below = np.arange(first, view.height, dtype=np.float32)
        depth[first:], height = _crossings(heights, index, view, below)
        share[first:] = np.clip(below[:, None] + 1 - skyline, 0, 1) * (index < _SLICES)
        colour = self._coloured(view, (x, z), depth[first:], height)
        self._veil(colour, view, (x, z), (below, depth[first:], height))
        part = share[first:]
        for plane, land in zip(picture, colour, strict=True):
            plane[first:] += (land - plane[first:]) * part
        return depth, share

    def _coloured(
        self, view: View, ray: tuple[Field, Field], depth: Field, height: Field
    ) -> list[Field]:
        east, north = view.x + ray[0] * depth, view.z + ray[1] * depth
        footprint = _footprints(depth, view.focal)
        distant = np.clip(np.log2(footprint * _SCALE + 1e-6) * 0.5, 0, 1)
        colour = cv2.split(self._painted(east * _SCALE, north * _SCALE, distant))[:3]
        # A cliff has little breadth: its height moves the places too, or they would smear.
        east, north = east + height * 0.8, north + height * 0.5
        fine = np.zeros_like(depth)
        for scale, strength in _RIPPLES if self._land.biome.dunes else _GRAINS:
            seen = np.clip(1.2 - footprint * (scale / 2.4), 0, 1) * strength
            rows = np.flatnonzero(seen.max(axis=1))
            if rows.size:
                part = slice(rows[0], rows[-1] + 1)
                grain = self._land.detail.at(east[part] * scale, north[part] * scale)
                fine[part] += grain * seen[part]
        if self._land.strata is not None:
            layer = ((height + 0.035 * fine) * LAYERS).astype(np.int32)
            fine = 0.5 * fine + self._land.strata.take(layer, mode="clip")
        fine = 1 + np.clip(fine, -0.6, 0.8)
        return [plane * fine for plane in colour]

    def _painted(self, east: Field, north: Field, distant: Field) -> NDArray[np.float32]:
        """Read the land's colours at pixels of its tile, from the coarser one where *distant*."""
        rows = distant.shape[0]
        far_rows = int(np.flatnonzero(distant.max(axis=1) > 0)[-1:].sum()) + 1
        near_from = int(np.argmax(distant.min(axis=1) < 1))
        land = np.empty((*distant.shape, 4), np.float32)
        if far_rows:
            upper = slice(None, far_rows)
            land[upper] = self._land.far.all_at(east[upper] * 0.25, north[upper] * 0.25)
        if near_from < rows:
            lower = slice(near_from, None)
            near = self._land.near.all_at(east[lower], north[lower])
            both = slice(0, max(0, far_rows - near_from))
            share = distant[near_from:far_rows]
            mixed = cv2.blendLinear(near[both], land[near_from:far_rows], 1 - share, share)
            near[both] = mixed
            land[lower] = near
        return land

    def _veil(
        self,
        colour: list[Field],
        view: View,
        ray: tuple[Field, Field],
        place: tuple[Field, Field, Field],
    ) -> None:
        rows, depth, height = place
        biome, light = self._land.biome, self._land.light
        low = 1 + 1.4 * np.exp(np.maximum(height - biome.sea, 0) * -0.9)
        fog = veil(np.minimum(depth, 200) * (biome.haze * low))
        glow = sunward(direction(self._light), ray, view.rises(rows)[:, None]) ** 5
        add_haze(colour, light, fog, glow)


def _fewer(size: tuple[int, int], most: int) -> tuple[int, int]:
    """Choose up to *most* pixels of a picture of *size* to be drawn: country has soft edges."""
    scale = min(1.0, math.sqrt(most / (size[0] * size[1])))
    return round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2


def _enlarged(frame: Frame, size: tuple[int, int]) -> Frame:
    """Scale *frame* up to *size*, and give it back the crispness that it lost on its way."""
    large = frame
    if (frame.shape[1], frame.shape[0]) != size:
        large = cast("Frame", cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC))
    soft = cv2.blur(large, (3, 3))
    return cast("Frame", cv2.addWeighted(large, 1 + _CRISP, soft, -_CRISP, 0))


def _enlarged_view(view: View, skyline: Field, size: tuple[int, int]) -> tuple[View, Field]:
    scale = size[0] / view.width
    larger = replace(
        view,
        width=size[0],
        height=size[1],
        focal=view.focal * scale,
        horizon=view.horizon * scale,
    )
    line = cv2.resize(np.minimum(skyline, view.horizon)[None], (size[0], 1))[0] * scale
    return larger, line.astype(np.float32)


def _footprints(depth: Field, focal: float) -> Field:
    """Tell how much land one pixel covers, in units: the mean of its breadth and its depth."""
    fall = np.abs(np.diff(depth, axis=0, append=depth[-1:]))
    broad = depth * np.float32(1 / focal)
    deep = np.maximum(cv2.blur(np.minimum(fall, 2), (3, 3)), broad)
    return cast("Field", np.sqrt(deep * broad))


def _first_hits(lowest: Field, view: View, first: int) -> NDArray[np.int32]:
    """Count, for every pixel from row *first* on, the slices that stay below it."""
    height, width = view.height, view.width
    reach = np.clip(np.ceil(lowest - 1), first, height).astype(np.int32)
    flat = (reach - first) * width + np.arange(width, dtype=np.int32)
    bins = np.bincount(flat.ravel(), minlength=(height - first + 1) * width)
    ends = bins.reshape(height - first + 1, width).astype(np.int32)
    # A slice whose row is reached further down hides nothing of the rows above it.
    return np.cumsum(ends[:0:-1], axis=0, dtype=np.int32)[::-1]


def _crossings(
    heights: Field, index: NDArray[np.int32], view: View, rows: Field
) -> tuple[Field, Field]:
    """Find the depth and height where each pixel's ray goes through the land."""
    behind = np.clip(index, 1, _SLICES - 1)
    columns = np.arange(view.width, dtype=np.int32)
    flat = behind * view.width + columns
    far_height = heights.take(flat)
    near_height = heights.take(flat - view.width)
    near, far = _DEPTHS.take(behind - 1), _DEPTHS.take(behind)
    rise = ((view.horizon - (rows + 1)) / view.focal).astype(np.float32)[:, None]
    gap = far_height - near_height - rise * (far - near)
    part = (view.y + rise * near - near_height) / np.where(np.abs(gap) < 1e-6, 1e-6, gap)
    part = np.clip(part, 0, 1)
    depth = near + (far - near) * part
    height = near_height + (far_height - near_height) * part
    return depth.astype(np.float32, copy=False), height.astype(np.float32, copy=False)
