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
    dusty,
)
from kinetoscope.engines.studio.scenes.haze import add_haze, glow_of, veil
from kinetoscope.engines.studio.scenes.land import BIOMES, LAYERS, SIDE, SIZE, Land, way
from kinetoscope.engines.studio.scenes.noise import Field
from kinetoscope.engines.studio.scenes.passing import Drawn, Passing, nearness
from kinetoscope.engines.studio.scenes.sea import CloudSea, Sea

Sway = Callable[[float], tuple[float, float, float, float]]
"""Takes seconds; gives what a camera adds: aside, up and ahead in units, yaw in radians."""

_NEAREST, _FARTHEST, _SLICES = 0.3, 46.0, 360
_DEPTHS = np.geomspace(_NEAREST, _FARTHEST, _SLICES).astype(np.float32)
_GROWTH = np.float32((_FARTHEST / _NEAREST) ** (1 / (_SLICES - 1)) - 1)
_SCALE = np.float32(SIZE / SIDE)
_START = 6.0
_AROUND = np.linspace(-2, 2, 49)  # seconds over which the way up and down is smoothed
_WEIGHTS = np.hanning(_AROUND.size) / np.hanning(_AROUND.size).sum()
_AHEAD = np.arange(0, 5, 0.35)
# How many pixels of detail there are to a unit, and how strongly they show.
_GRAINS = ((24.0, 0.9), (97.0, 1.0), (389.0, 0.8))
_RIPPLES = ((24.0, 0.25), (61.0, 0.9), (389.0, 0.6))
_MOST_PIXELS = 330_000  # that are drawn of a picture; the rest is filled in
_CRISP, _CRISP_WET = 1.25, 1.0  # how much of what softness took is given back: glints have enough
_BAND = 64  # rows that are coloured at a time: so many stay near the processor
# How many frames one drawn picture stands for, where the camera is fast (in units in a second), is
# slow, and where it rests or there is only sky.
_SLOW, _EVERY_FAST, _EVERY_SLOW, _EVERY_STILL = 0.5, 4, 6, 8
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
        self._size = _fewer(size)
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
        every = _EVERY_FAST if self._speed > _SLOW else _EVERY_SLOW
        if biome.flat or not self._speed:
            every = _EVERY_STILL
        self._passing = Passing(self._drawn, every=every, crisp=_CRISP_WET if self.wet else _CRISP)

    def frame(self, seconds: float) -> Frame:
        """Draw the country as it looks *seconds* after the film began."""
        view = self._view(seconds)
        seen, skyline = self._passing.seen(view, seconds)
        if self.wet and isinstance(self._sea, Sea):
            self._sea.lay(seen, view, seconds, _CRISP_WET * view.width / self._full[0])
        frame = _enlarged(cast("Frame", cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR)), self._full)
        self._sky.add_stars(frame, *_enlarged_view(view, skyline, self._full), seconds)
        return frame

    def _drawn(self, seconds: float) -> Drawn:
        """Draw the land and the sky; the sea as well, but where it is seen from near by."""
        view = self._view(seconds)
        picture, skyline = self._above(view, seconds)
        depth, height, share = self._shaped(view, skyline)
        cover, level = np.zeros_like(depth), np.full((1, 1), np.inf, np.float32)
        if self._sea is not None:
            rows = np.arange(view.height, dtype=np.float32)
            level = self._sea.depth(view, rows)[:, None]
            edge = (0.93, 9, 0) if isinstance(self._sea, CloudSea) else (1, 120, 0.5)
            cover = np.clip((depth / level - edge[0]) * edge[1] + edge[2], 0, 1)
            np.maximum(cover, (1 - share) * (rows[:, None] + 0.5 > view.horizon), out=cover)
        self._add_land(picture, view, (depth, height), share * (cover < 1))
        if self._sea is not None and not self.wet:
            self._sea.draw(picture, view, seconds, cover)
            cover = np.zeros_like(depth)
        frame = developed(picture, self._light.exposure)
        whole = cast("Frame", cv2.merge([frame, (cover * 255).astype(np.uint8)]))
        shore = _shore(whole) if self.wet else None
        return Drawn(view, whole, nearness(np.minimum(depth, level)), skyline, shore)

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

    def _shaped(self, view: View, skyline: Field) -> tuple[Field, Field, Field]:
        """Tell how far and how high the land of each pixel is, and its share; lower *skyline*."""
        depth = np.full((view.height, view.width), _FARTHEST * 10, np.float32)
        height, share = np.zeros_like(depth), np.zeros_like(depth)
        if self._land.biome.flat:
            return depth, height, share
        heights, rows = self._sliced(view)
        np.minimum(skyline, rows.min(axis=0), out=skyline)
        first = int(np.clip(skyline.min(), 0, view.height - 1))
        index = _first_hits(np.minimum.accumulate(rows, axis=0), view, first)
        for top in range(first, view.height, _BAND):
            band = slice(top, min(top + _BAND, view.height))
            below = np.arange(band.start, band.stop, dtype=np.float32)[:, None]
            found = index[band.start - first : band.stop - first]
            depth[band], height[band] = _crossings(heights, found, view, below)
            share[band] = np.clip(below + 1 - skyline, 0, 1) * (found < _SLICES)
        return depth, height, share

    def _sliced(self, view: View) -> tuple[Field, Field]:
        """Tell how high the land is along each column, slice by slice, and the rows it reaches."""
        heights = np.empty((_SLICES, view.width), np.float32)
        rows = np.empty_like(heights)
        x, z = (ray * _SCALE for ray in view.rays())
        for first in range(0, _SLICES, _BAND):
            part = slice(first, first + _BAND)
            away = _DEPTHS[part, None]
            heights[part] = self._land.heights.at(
                away * x + view.x * _SCALE, away * z + view.z * _SCALE
            )
            np.multiply(heights[part] - view.y, -view.focal / away, out=rows[part])
            rows[part] += view.horizon
        return heights, rows

    def _add_land(
        self, picture: Planes, view: View, place: tuple[Field, Field], share: Field
    ) -> None:
        """Put the land at *place*, its depth and height, on *picture* as far as *share* says."""
        seen = np.flatnonzero(share.any(axis=1))
        if not seen.size:
            return
        depth, height = place
        top, foot = int(seen[0]), int(seen[-1]) + 1
        footprint = _footprints(depth, view.focal)
        glow = glow_of(self._light, view, slice(top, foot))
        for first in range(top, foot, _BAND):
            rows = slice(first, min(first + _BAND, foot))
            here = (depth[rows], height[rows])
            colour = self._coloured(view, here, footprint[rows])
            self._veil(colour, here, glow[first - top :][: rows.stop - first])
            part = share[rows]
            for plane, land in zip(picture[:, rows], colour, strict=True):
                np.multiply(np.subtract(land, plane, out=land), part, out=land)
                np.add(plane, land, out=plane)

    def _coloured(self, view: View, place: tuple[Field, Field], footprint: Field) -> list[Field]:
        depth, height = place
        x, z = view.rays()
        east, north = view.x + x * depth, view.z + z * depth
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
        return [np.multiply(plane, fine, out=plane) for plane in colour]

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

    def _veil(self, colour: list[Field], place: tuple[Field, Field], glow: Field) -> None:
        depth, height = place
        biome = self._land.biome
        low = 1 + 1.4 * np.exp(np.maximum(height - biome.sea, 0) * -0.9)
        fog = veil(np.minimum(depth, 200) * (biome.haze * low))
        add_haze(colour, self._land.light, fog, glow)


def _fewer(size: tuple[int, int]) -> tuple[int, int]:
    """Choose how many pixels of a picture of *size* to draw: country has soft edges."""
    scale = min(1.0, math.sqrt(_MOST_PIXELS / (size[0] * size[1])))
    return round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2


def _enlarged(frame: Frame, size: tuple[int, int]) -> Frame:
    """Scale *frame* up to *size*."""
    if (frame.shape[1], frame.shape[0]) == size:
        return frame
    return cast("Frame", cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC))


def _shore(picture: Frame) -> int:
    """Tell the row from which on there is nothing but water."""
    dry = picture[::-1, :, 3].min(axis=1) < 255
    return int(picture.shape[0] - np.argmax([*dry, True]))


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
    reach = np.ceil(lowest)
    reach -= 1 + first
    flat = np.clip(reach, 0, height - first, out=reach).astype(np.int32)
    flat *= width
    flat += np.arange(width, dtype=np.int32)
    bins = np.bincount(flat.ravel(), minlength=(height - first + 1) * width)
    ends = bins.reshape(height - first + 1, width).astype(np.int32)
    # A slice whose row is reached further down hides nothing of the rows above it.
    return np.cumsum(ends[:0:-1], axis=0, dtype=np.int32)[::-1]


def _crossings(
    heights: Field, index: NDArray[np.int32], view: View, rows: Field
) -> tuple[Field, Field]:
    """Find the depth and height where each pixel's ray goes through the land."""
    before = np.clip(index, 1, _SLICES - 1)
    before -= 1
    near = _DEPTHS.take(before)
    step = near * _GROWTH
    before *= view.width
    before += np.arange(view.width, dtype=np.int32)
    near_height = heights.take(before)
    before += view.width
    climb = heights.take(before)
    climb -= near_height
    rise = ((view.horizon - (rows + 1)) / view.focal).astype(np.float32)
    gap = climb - rise * step
    part = near * rise
    part += view.y
    part -= near_height
    part /= np.where(np.abs(gap) < 1e-6, np.float32(1e-6), gap)
    np.clip(part, 0, 1, out=part)
    step *= part
    climb *= part
    return near + step, near_height + climb
