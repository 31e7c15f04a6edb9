"""Land: heights and lit colours of one square tile, carved once and then flown over for ever."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.scenes.air import SUN_AZIMUTH, Colour, Light, direction
from kinetoscope.engines.studio.scenes.noise import (
    Field,
    Places,
    Tile,
    blurred,
    fractal,
    smooth,
    warped,
)

SIZE = 1024  # pixels along a side of the tile
SIDE = 44.0  # … and units of length
LAYERS = 96


@dataclass(frozen=True, slots=True)
class Biome:
    """A kind of land: its relief, its colours from low to top, its sea level and its haze."""

    relief: float
    sea: float
    colours: tuple[Colour, Colour, Colour, Colour]
    snow_line: float = 9.0
    ridged: bool = False
    dunes: bool = False
    beach: bool = False
    banded: bool = False
    haze: float = 0.010
    clouds: bool = False
    flat: bool = False
    mesas: bool = False
    spires: bool = False
    trees: float = 0.0
    grain: float = 1.0
    azimuth: float = SUN_AZIMUTH


_ASIDE = 1.05  # where the light falls on a land that wants a bright face and a dark one
_ROCK: Colour = (0.33, 0.30, 0.28)
_SNOW: Colour = (0.93, 0.95, 1.0)
_LEAVES: Colour = (0.06, 0.15, 0.03)
BIOMES: Mapping[str, Biome] = {
    "mountains": Biome(
        relief=7.5,
        sea=0.0,
        colours=((0.18, 0.26, 0.10), (0.25, 0.27, 0.16), _ROCK, _SNOW),
        snow_line=0.44,
        ridged=True,
        haze=0.0075,
        trees=0.6,
        azimuth=0.62,
    ),
    "lake": Biome(
        relief=7.0,
        sea=1.25,
        colours=((0.12, 0.22, 0.08), (0.19, 0.25, 0.11), _ROCK, _SNOW),
        snow_line=0.55,
        ridged=True,
        beach=True,
        haze=0.009,
        trees=0.8,
        azimuth=0.62,
    ),
    "snow": Biome(
        relief=5.5,
        sea=0.0,
        colours=((0.84, 0.88, 0.95), (0.88, 0.91, 0.97), (0.17, 0.18, 0.21), (0.95, 0.96, 1.0)),
        snow_line=0.10,
        ridged=True,
        haze=0.008,
        grain=0.6,
        azimuth=_ASIDE,
    ),
    "desert": Biome(
        relief=2.3,
        sea=0.0,
        colours=((0.76, 0.50, 0.27), (0.83, 0.59, 0.34), (0.70, 0.42, 0.24), (0.88, 0.66, 0.42)),
        dunes=True,
        haze=0.010,
    ),
    "canyon": Biome(
        relief=5.0,
        sea=0.0,
        colours=((0.66, 0.40, 0.24), (0.72, 0.41, 0.24), (0.66, 0.31, 0.17), (0.76, 0.47, 0.28)),
        mesas=True,
        banded=True,
        haze=0.007,
        azimuth=_ASIDE,
    ),
    "mars": Biome(
        relief=3.4,
        sea=0.0,
        colours=((0.55, 0.25, 0.13), (0.60, 0.30, 0.16), (0.42, 0.19, 0.11), (0.66, 0.38, 0.22)),
        ridged=True,
        haze=0.013,
    ),
    "alien": Biome(
        relief=5.2,
        sea=0.55,
        colours=((0.16, 0.30, 0.30), (0.30, 0.20, 0.36), (0.34, 0.22, 0.30), (0.62, 0.50, 0.66)),
        ridged=True,
        spires=True,
        haze=0.012,
    ),
    "hills": Biome(
        relief=2.6,
        sea=0.18,
        colours=((0.12, 0.22, 0.05), (0.20, 0.28, 0.07), (0.30, 0.28, 0.15), (0.34, 0.36, 0.14)),
        trees=1.0,
        haze=0.009,
    ),
    "islands": Biome(
        relief=4.2,
        sea=1.55,
        colours=((0.76, 0.68, 0.46), (0.15, 0.31, 0.10), (0.32, 0.30, 0.25), (0.40, 0.42, 0.28)),
        ridged=True,
        beach=True,
        haze=0.008,
        trees=1.0,
    ),
    "ocean": Biome(relief=0.6, sea=1.6, colours=((0.5, 0.45, 0.3),) * 4, haze=0.007, flat=True),
    "clouds": Biome(
        relief=7.2,
        sea=2.35,
        colours=((0.26, 0.26, 0.22), (0.28, 0.28, 0.24), (0.30, 0.28, 0.27), _SNOW),
        snow_line=0.42,
        ridged=True,
        clouds=True,
    ),
}


class Land:
    """One tile of *biome* under *light*: heights, colours near and far, and a way through it.

    Where rock lies in layers, *strata* tells how bright it is at each height, LAYERS to a unit.
    """

    def __init__(self, biome: Biome, light: Light, seed: int) -> None:
        self.biome, self.light = biome, _falling(light, biome)
        self._heights = _carved(biome, seed)
        crowns = (
            _crowns(self._heights, biome, seed) if biome.trees else np.zeros((1, 1), np.float32)
        )
        grown = self._heights + crowns
        self.heights = Tile.of(grown)
        lit = _lit(grown, biome, self.light, seed, crowns)
        lit = np.pad(lit, ((0, 0), (0, 0), (0, 1)))  # read faster with four numbers a place
        far = cv2.resize(lit, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        self.near, self.far = Tile.of(lit), Tile.of(cast("NDArray[np.float32]", far))
        self.strata = _strata(seed) if biome.banded else None
        self.detail = Tile.of(_detail(self.light, biome, seed))

    def ground(self, x: Places, z: Places) -> Places:
        """Tell how high the land or the sea stands at places."""
        scale = SIZE / SIDE
        row, column = (np.floor(at * scale).astype(int) % SIZE for at in (z, x))
        return cast("Places", np.maximum(self._heights[row, column], self.biome.sea))


def _falling(light: Light, biome: Biome) -> Light:
    """Let a low sun stand a little higher over lands that it lights from aside, and glow there."""
    if light.night or light.elevation > 0.2 or biome.azimuth == SUN_AZIMUTH:
        return light
    red, green, blue = light.sun
    dim_red, dim_green, dim_blue = light.ambient
    fog_red, fog_green, fog_blue = light.fog
    return replace(
        light,
        elevation=0.20 if biome.azimuth > 1 else 0.27,
        sun=(red * 1.08, green * 0.86, blue * 1.06),
        ambient=(dim_red * 0.62, dim_green * 0.74, dim_blue * 1.02),
        fog=(fog_red * 0.66, fog_green * 0.76, fog_blue * 1.02),
    )


def way(z: Places) -> Places:
    """Tell the x of the valley that winds through every land, at *z*."""
    turn = 2 * math.pi * z / SIDE
    return cast("Places", SIDE / 2 + 1.9 * np.sin(turn) + 0.8 * np.sin(2 * turn + 1))


def _carved(biome: Biome, seed: int) -> Field:
    if biome.flat:
        return np.zeros((SIZE, SIZE), np.float32)
    aside = _aside()
    valley = 1 - 0.80 * np.exp(-((aside / 3.0) ** 2))
    if biome.mesas:
        return cast("Field", (_mesas(seed, aside) * biome.relief).astype(np.float32))
    if biome.dunes:
        waves = np.abs(2 * fractal(seed, SIZE, octaves=4, gain=0.38) - 1) ** 0.85
        land = blurred(1 - warped(waves.astype(np.float32), seed + 9, 0.10), 9)
    elif biome.ridged:
        land = 0.9 * fractal(seed, SIZE, octaves=9, gain=0.56, ridged=True)
        land += 0.1 * fractal(seed + 3, SIZE, cells=16, octaves=6, gain=0.62)
        land = warped(land, seed + 5, 0.045) ** 1.15
        land *= 0.30 + 0.70 * fractal(seed + 7, SIZE, cells=2, octaves=3)
        land /= land.max()
        if biome.spires:
            land = land**1.5 * 0.75 + _spires(seed)
    else:
        land = fractal(seed, SIZE, octaves=6, gain=0.40)
    return cast("Field", (land * valley * biome.relief).astype(np.float32))


def _aside() -> Field:
    """Tell how far each place is from the way through the land, to the right or left."""
    turn = np.linspace(0, 2 * np.pi, SIZE, endpoint=False)
    middle = (SIDE / 2 + 1.9 * np.sin(turn) + 0.8 * np.sin(2 * turn + 1))[:, None]
    return cast("Field", np.abs(np.arange(SIZE)[None, :] / SIZE * SIDE - middle))


def _mesas(seed: int, aside: Field) -> Field:
    """Carve a plateau that a river has cut into steps: steep walls, level tops."""
    height = warped(fractal(seed, SIZE, cells=4, octaves=7, gain=0.50), seed + 5, 0.10)
    height = 0.62 * height + 0.38 * np.clip((aside - 1.2) / 6.0, 0, 1)
    rough = fractal(seed + 3, SIZE, cells=32, octaves=5, gain=0.6) * 0.035
    steps = (0.40, 0.53, 0.66)
    land = sum(smooth(level, level + 0.035, height + rough) for level in steps) / len(steps)
    talus = smooth(0.22, 0.66, height) * 0.20
    return cast("Field", (0.76 * land + talus + rough).astype(np.float32))


def _spires(seed: int) -> Field:
    """Let needles of rock stand about, as on no world of ours."""
    random = np.random.default_rng(seed + 15)
    needles = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(110):
        x, y = (int(at) for at in random.integers(0, SIZE, 2))
        reach = int(random.integers(7, 15))
        away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) / reach
        rows, columns = (np.arange(at - reach, at + reach + 1) % SIZE for at in (y, x))
        spot = np.ix_(rows, columns)
        tall = random.uniform(0.16, 0.46) * np.clip(1 - away, 0, 1) ** 1.7
        needles[spot] = np.maximum(needles[spot], tall)
    return needles


def _crowns(heights: Field, biome: Biome, seed: int) -> Field:
    """Scatter round crowns where woods like to grow, off the way: seen from afar they are trees."""
    random = np.random.default_rng(seed + 16)
    woods = fractal(seed + 17, SIZE, cells=16, octaves=4)
    aside = _aside()
    _, up, _ = _normals(blurred(heights, 9))
    crowns = np.zeros_like(heights)
    count = int(26000 * biome.trees)
    x, y = random.integers(0, SIZE, (2, count))
    level = heights[y, x] - biome.sea
    grows = (level > 0.1) & (level < 0.6 * biome.relief) & (woods[y, x] > 0.58)
    grows &= (aside[y, x] > 2.2) & (up[y, x] > 0.82)
    sizes = (0.09 + 0.10 * random.random(count)).astype(np.float32)
    # Drawn on a wider sheet, whose margins are then folded back: the land repeats.
    wide = np.zeros((SIZE + 4, SIZE + 4), np.float32)
    for down, right in np.ndindex(5, 5):
        places = (y[grows] + down, x[grows] + right)
        np.maximum.at(wide, places, _CROWN[down, right] * sizes[grows])
    for edge in (wide, wide.T):
        edge[2:4] = np.maximum(edge[2:4], edge[-2:])
        edge[-4:-2] = np.maximum(edge[-4:-2], edge[:2])
    crowns[:] = wide[2:-2, 2:-2]
    return crowns


_CROWN = np.sqrt(np.clip(1 - (np.hypot(*np.mgrid[-2:3, -2:3]) / 2.6) ** 2, 0, 1)).astype(np.float32)


def _normals(heights: Field) -> tuple[Field, Field, Field]:
    pixel = SIDE / SIZE
    wide = np.pad(heights, 1, mode="wrap")
    across = cv2.Sobel(wide, cv2.CV_32F, 1, 0, scale=1 / (8 * pixel))[1:-1, 1:-1]
    along = cv2.Sobel(wide, cv2.CV_32F, 0, 1, scale=1 / (8 * pixel))[1:-1, 1:-1]
    up = 1 / np.sqrt(across**2 + along**2 + 1)
    return -across * up, up, -along * up


def _sunlit(heights: Field, sun: tuple[float, float, float]) -> Field:
    """Tell how much of the sun each place sees past the land between them, 0 to 1."""
    pixel, flat = SIDE / SIZE, math.hypot(sun[0], sun[2])
    rise = sun[1] / max(flat, 1e-3)
    seen = np.ones_like(heights)
    for step in range(1, 49):
        reach = step * (1 + step * 0.10)
        right, down = round(sun[0] / flat * reach), round(sun[2] / flat * reach)
        between = np.roll(heights, (-down, -right), (0, 1))
        clear = (heights + rise * reach * pixel - between) / (0.03 * reach * pixel + 1e-3)
        np.minimum(seen, clear, out=seen)
    return blurred(np.maximum(seen, 0), 3)


def _lit(
    heights: Field, biome: Biome, light: Light, seed: int, crowns: Field
) -> NDArray[np.float32]:
    east, up, north = _normals(heights)
    sun = direction(light, biome.azimuth)
    sunlit = _sunlit(heights, sun)
    facing = np.clip(east * sun[0] + up * sun[1] + north * sun[2], 0, 1) * sunlit
    colour = _painted(heights, 1 - up, biome, seed)
    colour = _mixed(colour, np.array(_LEAVES, np.float32), smooth(0.02, 0.06, crowns) * 0.9)
    hollow = np.clip(0.72 + (heights - blurred(heights, 41)) * 0.28, 0.35, 1.15)
    sky = hollow * (0.55 + 0.45 * up)
    shade = [
        facing * (s * light.strength * 1.55) + sky * a
        for s, a in zip(light.sun, light.ambient, strict=True)
    ]
    return cast("NDArray[np.float32]", np.clip(colour * np.dstack(shade), 0, 4).astype(np.float32))


def _painted(heights: Field, slope: Field, biome: Biome, seed: int) -> NDArray[np.float32]:
    grain = fractal(seed + 21, SIZE, cells=64, octaves=5, gain=0.6)
    level = heights / biome.relief
    low, middle, rock, top = (np.array(colour, np.float32) for colour in biome.colours)
    ruffle = grain - 0.5
    colour = _mixed(low, middle, smooth(0.05, 0.3, level + 0.15 * ruffle))
    if not biome.dunes:
        colour = _mixed(colour, rock, smooth(0.16, 0.38, slope + 0.12 * ruffle))
    snow = smooth(biome.snow_line, biome.snow_line + 0.10, level + 0.12 * ruffle)
    if biome.snow_line > 1:
        snow = smooth(0.6, 0.95, level) * 0.6
    else:
        snow *= 1 - smooth(0.30, 0.44, slope + 0.22 * ruffle)
    colour = _mixed(colour, top, snow)
    if biome.beach:
        shore = (1 - smooth(0, 0.16, heights - biome.sea)) * (1 - smooth(0.2, 0.4, slope))
        colour = _mixed(colour, np.array((0.72, 0.64, 0.46), np.float32), shore)
    if biome.banded:
        bands = 0.86 + 0.14 * np.sin(heights * 14 + ruffle * 5)
        colour *= bands[..., None].astype(np.float32)
    return cast("NDArray[np.float32]", colour * (0.72 + 0.5 * grain[..., None]))


def _strata(seed: int) -> Field:
    """Lay down rock: thick beds and thin ones, hard and soft, as seas and deserts left them."""
    random = np.random.default_rng(seed + 31)
    beds = np.zeros(8 * LAYERS, np.float32)
    for thick, strength in ((0.42, 0.17), (0.13, 0.17), (0.05, 0.13)):
        ends = np.cumsum(random.uniform(0.35, 1.65, int(8 / thick * 2)) * thick * LAYERS)
        bed = np.searchsorted(ends, np.arange(beds.size))
        beds += (random.uniform(-1, 1, bed.max() + 1)[bed] * strength).astype(np.float32)
    return cast("Field", cv2.blur(beds[None], (3, 1))[0] - np.float32(0.02))


def _mixed(
    colour: NDArray[np.float32], other: NDArray[np.float32], share: Field
) -> NDArray[np.float32]:
    part = share[..., None]
    return cast("NDArray[np.float32]", colour + (other - colour) * part)


def _detail(light: Light, biome: Biome, seed: int) -> Field:
    """Carve a small relief and light it: what makes near ground look like ground; mean 0."""
    sun = direction(light, biome.azimuth)
    if biome.dunes:
        y, x = np.mgrid[0:512, 0:512].astype(np.float32) * (2 * np.pi / 512)
        wander = fractal(seed + 61, 512, octaves=4)
        relief = np.sin(y * 22 + 5 * wander + np.sin(x * 3)) * 0.10 * (0.4 + wander)
    else:
        relief = fractal(seed + 61, 512, cells=8, octaves=7, gain=0.6)
    lit = relief - np.roll(relief, (-round(sun[2] * 3), -round(sun[0] * 3)), (0, 1))
    lit = (lit * 3.2 + (relief - relief.mean()) * 0.35) * biome.grain
    return cast("Field", np.clip(lit - lit.mean(), -0.6, 0.7).astype(np.float32))
