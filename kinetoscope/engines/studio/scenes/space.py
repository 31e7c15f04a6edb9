"""Outer space: a world that turns, its moon, a galaxy or a nebula, and stars without end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import stamp
from kinetoscope.engines.studio.scenes.noise import Field, Places, Tile, fractal, smooth, warped
from kinetoscope.engines.studio.scenes.terrain import Sway

_SUN = np.array((-0.62, 0.42, 0.66), np.float32)  # right, up, towards us
_TILE = 512
_ROOM = 1.35  # how much wider the heavens are than the picture
_STARS = 900
_AROUND = 1.14  # radii of a ball as far as its air is seen
Bgr = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Palette:
    """Deep, middle and high colours of a world, of its air, and of the clouds of stars around."""

    low: Bgr
    middle: Bgr
    high: Bgr
    air: Bgr
    clouds: tuple[Bgr, Bgr]


_PALETTES = (
    _Palette(
        (96, 44, 14), (60, 92, 52), (96, 140, 170), (255, 176, 96), ((120, 46, 58), (60, 36, 120))
    ),
    _Palette(
        (34, 52, 110), (70, 110, 190), (150, 190, 230), (140, 170, 255),
        ((96, 64, 20), (60, 30, 90)),
    ),
    _Palette(
        (110, 60, 60), (170, 120, 130), (220, 200, 210), (255, 190, 200),
        ((110, 60, 10), (40, 50, 96)),
    ),
    _Palette(
        (80, 70, 30), (150, 140, 70), (215, 220, 170), (240, 235, 150),
        ((40, 30, 96), (110, 50, 60)),
    ),
)  # fmt: skip


class Space:
    """The heavens; *deep* shows a spiral galaxy instead of a world near by."""

    ground, air, wet = 0.78, 0.34, False
    deep, open = False, True

    def __init__(
        self,
        size: tuple[int, int],
        *,
        seed: int,
        sway: Sway,
        pace: float = 1.0,
        deep: bool = False,
    ) -> None:
        self._size, self._sway, self._pace = size, sway, pace
        random = np.random.default_rng((seed, 77))
        palette = _PALETTES[int(random.integers(len(_PALETTES)))]
        heavens = _heavens(size, palette.clouds, seed)
        self._heavens = cast("Frame", cv2.cvtColor(heavens, cv2.COLOR_BGR2BGRA))
        self._stars = random.random((_STARS, 5))
        self._galaxy = _galaxy(size[1], random) if deep else None
        worlds = () if deep else worlds_of(random, palette, seed)
        self._worlds = [world.hung(size) for world in worlds]

    def frame(self, seconds: float) -> Frame:
        """Draw the heavens as they look *seconds* after the film began."""
        aside, up, ahead, yaw = self._sway(seconds)
        drift = 0.010 * seconds * self._pace + aside * 0.05 + yaw * 0.4
        frame = self._sky(drift, up)
        self._add_stars(frame, (drift, up, ahead), seconds)
        if self._galaxy is not None:
            self._add_galaxy(frame, (drift, up, ahead), seconds)
        for world in self._worlds:
            world.draw(frame, (drift, up, ahead), seconds * self._pace)
        return cast("Frame", cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR))

    def _sky(self, drift: float, up: float) -> Frame:
        width, height = self._size
        rows, columns = self._heavens.shape[:2]
        left = (columns - width) / 2 * (1 + math.tanh(drift * 1.5))
        top = (rows - height) / 2 * (1 - math.tanh(up))
        move = np.array([[1, 0, -left], [0, 1, -top]], np.float32)
        return cast(
            "Frame",
            cv2.warpAffine(self._heavens, move, self._size, borderMode=cv2.BORDER_REPLICATE),
        )

    def _add_stars(self, frame: Frame, way: tuple[float, float, float], seconds: float) -> None:
        """Put the stars on, each so far to the side as it is near; they do not twinkle out here."""
        width, height = self._size
        drift, up, ahead = way
        x, y, bright, near, phase = self._stars.T
        zoom = 1 + (0.10 * ahead + 0.004 * seconds * self._pace) * near
        at_x = (((x - drift * (0.3 + near)) % 1 - 0.5) * zoom + 0.5) * (width - 3)
        at_y = ((y + up * 0.1 * near) % 1 - 0.5) * zoom * (height - 3) + (height - 3) / 2
        inside = (at_x >= 0) & (at_x < width - 2) & (at_y >= 0) & (at_y < height - 2)
        column, row = at_x[inside].astype(int), at_y[inside].astype(int)
        power = (bright[inside] ** 6 * 235 + 26) * (
            0.92 + 0.08 * np.sin(seconds + phase[inside] * 9)
        )
        warm = (phase[inside, None] - 0.5) * np.array((-0.35, 0.0, 0.35)) + 1
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            share = np.abs(1 - dx - (at_x[inside] - column)) * np.abs(1 - dy - (at_y[inside] - row))
            light = (power * share)[:, None] * warm
            lit = frame[row + dy, column + dx, :3] + light
            frame[row + dy, column + dx, :3] = np.minimum(lit, 255).astype(np.uint8)

    def _add_galaxy(self, frame: Frame, way: tuple[float, float, float], seconds: float) -> None:
        assert self._galaxy is not None
        width, height = self._size
        drift, up, ahead = way
        tall = self._galaxy.shape[0]
        grown = height * 1.25 / tall * (1 + 0.10 * ahead + 0.012 * seconds * self._pace)
        turn = cv2.getRotationMatrix2D((tall / 2, tall / 2), 1.1 * seconds * self._pace, 1.0)
        tilt = np.array([[1.0, 0.0], [0.0, 0.46]]) @ turn
        lean = np.array([[math.cos(-0.35), -math.sin(-0.35)], [math.sin(-0.35), math.cos(-0.35)]])
        move = (lean * grown) @ tilt
        middle = np.array((width * (0.52 - drift * 0.5), height * (0.48 + up * 0.1)))
        move[:, 2] += middle - move @ np.array((tall / 2, tall / 2, 1.0))
        cv2.add(
            frame, cv2.warpAffine(self._galaxy, move, self._size, flags=cv2.INTER_LINEAR), frame
        )


@dataclass(frozen=True, slots=True)
class World:
    """A ball: its skin, where it hangs and how large it is, as shares of the picture's height."""

    skin: Tile
    clouds: Tile | None
    air: Bgr
    middle: tuple[float, float]
    radius: float
    ring: NDArray[np.float32] | None
    near: float

    def hung(self, size: tuple[int, int]) -> Hung:
        """Make ready for pictures of *size* what stays the same while the world turns."""
        radius = self.radius * min(size) * (1 + self.near * 0.12)
        rings = None if self.ring is None else _rings(self.ring, radius)
        return Hung(self, size, radius, _ball(self.air, radius), rings)


class Hung:
    """A *world* in pictures of one *size*, painted once where it does not turn."""

    def __init__(
        self,
        world: World,
        size: tuple[int, int],
        radius: float,
        edge: Frame,
        rings: tuple[Frame, Frame] | None,
    ) -> None:
        self._world, self._size, self._radius = world, size, radius
        self._edge, self._rings = edge, rings
        # A large skin is as soft as half the pixels show it; only the edge of the ball is sharp.
        whole = int(radius * _AROUND) * 2
        around = np.linspace(-_AROUND, _AROUND, max(whole // 2, min(whole, 256)), dtype=np.float32)
        x, y = around[None, :], -around[:, None]
        towards = np.sqrt(np.maximum(1 - x * x - y * y, 1e-4))
        facing = x * _SUN[0] + y * _SUN[1] + towards * _SUN[2]
        day = _bytes(np.clip(facing * 1.35 + 0.06, 0, 1) ** 0.9 * 255)
        self._day = cv2.merge([day, day, day, np.zeros_like(day)])
        self._east = np.arctan2(x, towards) * np.float32(_TILE / (2 * math.pi))
        north = np.arcsin(np.clip(y, -1, 1)) * np.float32(_TILE / (2 * math.pi))
        self._north = np.repeat(north, around.size, axis=1)
        rim = (1 - towards) ** 3 * np.clip(facing + 0.35, 0, 1)
        self._rim = _bytes(rim[..., None] * np.array((*world.air, 0), np.float32) * 1.15)
        self._skin = _bytes(world.skin.wide)
        clouds = world.clouds
        self._clouds = None if clouds is None else _bytes(clouds.wide.clip(0, 1) * (0.85 * 255))
        self._inside = cv2.merge([cv2.bitwise_not(cv2.extractChannel(edge, 3))] * 4)

    def draw(self, frame: Frame, way: tuple[float, float, float], seconds: float) -> None:
        """Put the world on *frame*."""
        (width, height), world = self._size, self._world
        drift, up, ahead = way
        grown = (1 + world.near * (0.16 * ahead + 0.006 * seconds)) / (1 + world.near * 0.12)
        x = width * world.middle[0] - drift * width * 0.5 * world.near
        y = height * (world.middle[1] + up * 0.12 * world.near)
        if self._rings is not None:
            stamp(frame, self._rings[1], _at(self._rings[1], (x, y), grown))
        self._add_ball(frame, (x, y), grown, seconds)
        if self._rings is not None:
            stamp(frame, self._rings[0], _at(self._rings[0], (x, y), grown))

    def _add_ball(
        self, frame: Frame, middle: tuple[float, float], grown: float, seconds: float
    ) -> None:
        """Turn the skin and the clouds, and cut them out along the edge of the ball."""
        skin = self._turned(seconds)
        large = cv2.resize(skin, (self._edge.shape[1], self._edge.shape[0]))
        cv2.multiply(large, self._inside, large, scale=1 / 255)
        cv2.add(large, self._edge, large)
        stamp(frame, cast("Frame", large), _at(self._edge, middle, grown))

    def _turned(self, seconds: float) -> cv2.typing.MatLike:
        lit = _read(self._skin, self._east + np.float32(seconds * 2.2), self._north)
        if self._clouds is not None:
            drift = np.float32(seconds * 4.4)
            thick = _read(self._clouds, self._east * 1.5 + drift, self._north * 1.5)
            white = cv2.convertScaleAbs(thick, alpha=226 / 255)
            cv2.multiply(lit, cv2.merge([cv2.bitwise_not(thick)] * 4), lit, scale=1 / 255)
            cv2.add(lit, cv2.merge([white] * 4), lit)
        cv2.multiply(lit, self._day, lit, scale=1 / 255)
        return cv2.add(lit, self._rim, lit)


def _bytes(picture: Places) -> Frame:
    return np.rint(picture).clip(0, 255).astype(np.uint8)


def _read(tile: Frame, x: Field, y: Field) -> cv2.typing.MatLike:
    """Read a *tile*, whose first row and column stand at its end once more, as if for ever."""
    size = tile.shape[0] - 1
    left, top = (places - np.floor(places * (1 / size)) * size for places in (x, y))
    return cv2.remap(tile, left, top, cv2.INTER_LINEAR)


def _at(picture: Frame, middle: tuple[float, float], grown: float) -> NDArray[np.float32]:
    """Move a *picture* so that its middle is in the *middle*, *grown* times as large."""
    tall, broad = picture.shape[:2]
    x, y = (at - grown * (side - 1) / 2 for at, side in zip(middle, (broad, tall), strict=True))
    return np.array([[grown, 0, x], [0, grown, y]], np.float32)


def _ball(air: Bgr, radius: float) -> Frame:
    """Paint the glow of the air around a ball; the fourth number is what the ball leaves."""
    side = int(radius * _AROUND) * 2
    around = np.linspace(-_AROUND, _AROUND, side, dtype=np.float32)
    x, y = around[None, :], -around[:, None]
    away = np.sqrt(x * x + y * y)
    left = 1 - np.clip((1 - away) * radius + 0.5, 0, 1)
    glow = np.exp(-np.maximum(away - 1, 0) * 26) - math.exp(-(_AROUND - 1) * 26)
    glow = np.maximum(glow, 0) * np.clip((x * _SUN[0] + y * _SUN[1]) * 0.9 + 0.35, 0, 1) * left
    inks = np.array(air, np.float32) * np.float32(0.55)
    painted = np.dstack([glow[..., None] * inks, left * 255])
    return cast("Frame", painted.clip(0, 255).astype(np.uint8))


def _rings(ring: NDArray[np.float32], radius: float) -> tuple[Frame, Frame]:
    """Paint the halves of a ring before and behind a ball."""
    reach, high = 2.3, 1.2
    x = np.linspace(-reach, reach, int(radius * reach) * 2, dtype=np.float32)[None, :]
    y = np.linspace(-high, high, int(radius * high) * 2, dtype=np.float32)[:, None]
    along, across = x * 0.94 + y * 0.342, (y * 0.94 - x * 0.342) * 4.2
    away = np.sqrt(along * along + across * across)
    place = np.clip((away - 1.25) / 0.95, 0, 1) * (ring.size - 1)
    dense = ring[place.astype(np.int32)]
    dark = np.clip((np.abs(along * 0.85 - across * 0.12) - 0.8) * 6, 0, 1) * 0.7 + 0.3
    halves = []
    for front in (True, False):
        thick = (dense * ((across > 0) == front))[..., None]
        light = np.ones_like(dark) if front else dark
        tint = np.array((150, 190, 215), np.float32) * light[..., None]
        painted = np.dstack([tint * thick, 255 * (1 - thick)])
        halves.append(painted.clip(0, 255).astype(np.uint8))
    return halves[0], halves[1]


def worlds_of(random: np.random.Generator, palette: _Palette, seed: int) -> tuple[World, ...]:
    """Make a world and its moon, the moon first: it is behind."""
    side = 1 if random.random() < 0.5 else -1
    cloudy = Tile.of(
        smooth(0.52, 0.86, warped(fractal(seed + 3, _TILE, octaves=7), seed + 4, 0.12))
    )
    ring = None
    if random.random() < 0.4:
        grooves = fractal(seed + 8, 256, cells=8, octaves=5, gain=0.7)[5]
        edge = np.minimum(np.arange(256), np.arange(256)[::-1]) / 40
        ring = (np.clip(grooves * 0.9, 0.05, 0.8) * np.clip(edge, 0, 1)).astype(np.float32)
    moon = World(
        skin=_skin(((60, 58, 56), (110, 108, 104), (170, 168, 164)), seed + 11, rough=0.66),
        clouds=None,
        air=(60, 60, 60),
        middle=(0.5 - side * 0.27, 0.26),
        radius=0.055,
        ring=None,
        near=0.25,
    )
    world = World(
        skin=_skin((palette.low, palette.middle, palette.high), seed, rough=0.54),
        clouds=cloudy,
        air=palette.air,
        middle=(0.5 + side * 0.14, 0.66 if ring is None else 0.55),
        radius=0.43 if ring is None else 0.29,
        ring=ring,
        near=0.6,
    )
    return moon, world


def _skin(colours: tuple[Bgr, Bgr, Bgr], seed: int, *, rough: float) -> Tile:
    height = warped(fractal(seed, _TILE, cells=4, octaves=8, gain=rough), seed + 1, 0.10)
    low, middle, high = (np.array(colour, np.float32) for colour in colours)
    skin = low + (middle - low) * smooth(0.46, 0.58, height)[..., None]
    skin = skin + (high - skin) * smooth(0.62, 0.82, height)[..., None]
    relief = (height - np.roll(height, (2, 2), (0, 1))) * 2.2
    return Tile.of((skin * (1 + relief[..., None].clip(-0.4, 0.4))).astype(np.float32))


def _heavens(size: tuple[int, int], inks: tuple[Bgr, Bgr], seed: int) -> Frame:
    """Paint far stars and the clouds between them, a little wider than the picture."""
    width, height = int(size[0] * _ROOM) // 2 * 2, int(size[1] * 1.12) // 2 * 2
    reach = max(width, height)
    y, x = np.mgrid[0:height:2, 0:width:2].astype(np.float32) * (_TILE / reach)
    first, second = (
        Tile.of(warped(fractal(seed + salt, _TILE, cells=2, octaves=8), seed + salt + 1, 0.2))
        for salt in (20, 30)
    )
    band = np.exp(-(((y + x * 0.42 - _TILE * 0.42) / (_TILE * 0.17)) ** 2))
    thin, thick = first.at(x, y), second.at(x * 1.6, y * 1.6)
    dust = 1 - 0.75 * smooth(0.5, 0.8, first.at(x * 2.1 + 90, y * 2.1))
    share_one = smooth(0.35, 0.95, thin) * (0.30 + 0.9 * band) * dust
    share_two = smooth(0.48, 1.0, thick) * (0.25 + 0.8 * band) * dust
    sky = np.full((*y.shape, 3), (16, 9, 7), np.float32)
    sky += share_one[..., None] * np.array(inks[0], np.float32)
    sky += share_two[..., None] * np.array(inks[1], np.float32)
    sky += (band * thick * dust)[..., None] ** 3 * np.array((70, 62, 60), np.float32)
    large = cv2.resize(sky, (width, height), interpolation=cv2.INTER_CUBIC)
    random = np.random.default_rng(seed)
    count = int(width * height * 0.0022)
    rows, columns = random.integers(0, height, count), random.integers(0, width, count)
    sparks = np.zeros((height, width, 1), np.float32)
    sparks[rows, columns, 0] = random.random(count) ** 5 * 150 + 12
    large = large + sparks
    # A little noise keeps the dark from showing steps.
    large += random.normal(0, 0.8, (height, width, 1)).astype(np.float32)
    return cast("Frame", large.clip(0, 255).astype(np.uint8))


def _galaxy(height: int, random: np.random.Generator) -> Frame:
    """Paint a spiral galaxy, seen from above: two arms of stars around a bright heart."""
    side = int(height * 1.1)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    away = np.sqrt(x * x + y * y) + 1e-4
    turn = np.arctan2(y, x) - 3.4 * np.log(away + 0.08)
    noise = fractal(int(random.integers(1 << 30)), 512, cells=8, octaves=6, gain=0.6)
    cloud = cast("Field", cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC))
    arms = np.clip(np.cos(2 * turn + (cloud - 0.5) * 2.2), 0, 1) ** 1.6
    fade = np.clip(1 - away, 0, 1) ** 1.3
    body = arms * fade * (0.35 + 0.9 * cloud)
    heart = np.exp(-away * 9) * 1.5 + np.exp(-away * 3.4) * 0.4
    picture = body[..., None] * np.array((215, 150, 120), np.float32)
    picture += (body * smooth(0.62, 0.9, cloud))[..., None] * np.array((60, 30, 150), np.float32)
    picture += heart[..., None] * np.array((150, 200, 240), np.float32)
    sparks = (random.random((side, side)) > 0.992) * random.random((side, side)) ** 3 * 190
    picture += (sparks * np.clip(body * 2.4, 0, 1))[..., None]
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.7)
    return cast("Frame", cv2.cvtColor(soft.clip(0, 255).astype(np.uint8), cv2.COLOR_BGR2BGRA))
