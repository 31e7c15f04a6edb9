"""A table by a window: one thing on it in sharp focus, and everything else soft."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import NOTHING, lay_over, padded, put_over
from kinetoscope.engines.studio.scenes.noise import Tile, fractal
from kinetoscope.engines.studio.scenes.props import PROPS, Lamps, Lit, lit
from kinetoscope.engines.studio.scenes.terrain import Sway

Bgr = tuple[float, float, float]
_EDGE = 0.50  # where the table ends, as a share of the height
_FOOT = 0.77  # where things stand on it
_ROOM = 1.30  # how much wider the backdrop is than the picture
_STEAMING = frozenset({"cup", "books"})


@dataclass(frozen=True, slots=True)
class _Hour:
    """The light of one hour: lamps, what the window shows from top to bottom, wall and wood."""

    lamps: Lamps
    window: tuple[Bgr, Bgr]
    wall: Bgr
    wood: Bgr
    lights: int


_HOURS: Mapping[str, _Hour] = {
    "day": _Hour(
        Lamps((-0.75, 0.70, -0.2), (0.80, 0.90, 0.98), (0.40, 0.36, 0.33)),
        ((250, 240, 222), (150, 205, 168)), (132, 146, 150), (84, 126, 172), 16,
    ),
    "sunrise": _Hour(
        Lamps((-0.85, 0.42, -0.1), (0.52, 0.78, 1.10), (0.30, 0.27, 0.30)),
        ((190, 214, 250), (120, 186, 244)), (92, 112, 140), (62, 102, 156), 14,
    ),
    "sunset": _Hour(
        Lamps((-0.88, 0.36, -0.05), (0.36, 0.66, 1.15), (0.28, 0.23, 0.27)),
        ((120, 160, 240), (84, 150, 250)), (66, 80, 118), (48, 84, 140), 20,
    ),
    "dusk": _Hour(
        Lamps((0.60, 0.72, -0.4), (0.42, 0.66, 0.92), (0.30, 0.20, 0.19)),
        ((120, 84, 66), (150, 104, 100)), (44, 46, 60), (38, 62, 104), 34,
    ),
    "night": _Hour(
        Lamps((0.60, 0.72, -0.4), (0.34, 0.60, 0.90), (0.20, 0.14, 0.13)),
        ((44, 24, 16), (60, 34, 28)), (26, 28, 38), (30, 50, 86), 44,
    ),
    "storm": _Hour(
        Lamps((-0.75, 0.70, -0.2), (0.62, 0.64, 0.64), (0.36, 0.35, 0.34)),
        ((190, 186, 180), (136, 140, 132)), (96, 100, 102), (66, 92, 122), 14,
    ),
}  # fmt: skip
_BULBS: tuple[Bgr, ...] = ((90, 170, 255), (120, 200, 255), (70, 120, 240), (190, 170, 120),
                           (130, 90, 220), (120, 210, 170))  # fmt: skip


class Table:
    """A table with *prop* on it, at one time of day."""

    ground, air, wet = 0.93, 0.30, False
    deep, open = False, False

    def __init__(
        self,
        prop: str,
        time: str,
        size: tuple[int, int],
        *,
        seed: int,
        sway: Sway,
        pace: float = 1.0,
    ) -> None:
        self._size, self._sway, self._pace = size, sway, pace
        self._hour, self._prop = _HOURS[time], prop
        random = np.random.default_rng((seed, 17))
        width, height = size
        back = _backdrop(self._hour, size, random)
        self._reflected = cast("Frame", cv2.blur(cv2.flip(back, 0), (3, height // 12 | 1)))
        self._back = cast("Frame", cv2.cvtColor(back, cv2.COLOR_BGR2BGRA))
        self._grain = Tile.of(fractal(seed + 2, 512, cells=8, octaves=6, gain=0.6))
        side = int(min(height, width * 1.1) * 1.12) // 2 * 2
        self._thing = _sprite(lit(PROPS[prop](), self._hour.lamps, side))
        self._steam = Tile.of(fractal(seed + 12, 256, cells=4, octaves=5, gain=0.55))

    def frame(self, seconds: float) -> Frame:
        """Draw the table as it looks *seconds* after the film began."""
        width, height = self._size
        aside, up, ahead, yaw = self._sway(seconds)
        slide = 0.09 * math.tanh(0.10 * seconds * self._pace - 0.3 + aside * 0.7 + yaw)
        closer = 1 + 0.16 * math.tanh(ahead * 0.25 + 0.02 * seconds * self._pace)
        frame = _shifted(self._back, self._size, slide * 0.55, 1 + (closer - 1) * 0.25, up)
        self._add_table(frame, slide, closer)
        flicker = self._glow(seconds)
        foot = (
            width * (0.5 - slide * 1.0),
            height * (_EDGE + (_FOOT - _EDGE) * closer + 0.02 * up),
        )
        self._add_thing(frame, foot, closer, flicker)
        if self._prop in _STEAMING:
            self._add_steam(frame, foot, closer, seconds)
        if self._prop == "candle":
            self._add_flame(frame, foot, closer, seconds)
        return frame

    def _glow(self, seconds: float) -> float:
        if self._prop != "candle":
            return 1.0
        return 1 + 0.03 * math.sin(seconds * 7.3) + 0.02 * math.sin(seconds * 17.1)

    def _add_table(self, frame: Frame, slide: float, closer: float) -> None:
        """Lay the boards, at half size: they run away from us and lose their grain far off."""
        width, height = self._size
        edge = int(height * _EDGE) // 2 * 2
        rows = np.arange(edge, height, 2, dtype=np.float32)[:, None]
        columns = np.arange(0, width, 2, dtype=np.float32)[None, :]
        away = 0.62 * height / (rows - height * (_EDGE - 0.20)) / closer
        x = ((columns - width / 2) / height + slide * 0.9) * away * 1.25
        z = away + 0 * x
        board = np.floor(x / 0.34)
        tone = 0.86 + 0.16 * np.sin(board * 12.9) + 0.0 * z
        fibre = self._grain.at(x * 620 + board * 97, z * 44 + board * 31) - 0.5
        wide = self._grain.at(x * 120 + board * 57, z * 9 + board * 71) - 0.5
        clear = np.clip(1.35 - away * 0.42, 0.0, 1)
        tone = tone + (0.34 * fibre + 0.36 * wide) * clear
        seam = np.exp(-np.abs(np.abs(x / 0.34 - board - 0.5) - 0.5) * 46)
        tone *= 1 - 0.55 * seam * clear
        shine = np.clip(0.42 * (away / 2.6) ** 1.5, 0.06, 0.5) * (0.85 + 0.5 * fibre)
        tone *= np.clip(1.22 - 0.30 * away, 0.55, 1.1)
        tone *= 1 - shine
        wood = cv2.merge([cv2.convertScaleAbs(tone, alpha=float(ink)) for ink in self._hour.wood])
        wide_room = self._reflected.shape[1]
        left = int((wide_room - width) / 2 * (1 + slide * 2))
        mirror = self._reflected[: height - edge, left : left + width][::2, ::2]
        mirror = np.ascontiguousarray(mirror[: wood.shape[0]])
        part = cv2.merge([cv2.convertScaleAbs(shine, alpha=255)] * 3)
        cv2.add(wood, cv2.multiply(mirror, part, scale=1 / 255), wood)
        large = cv2.resize(wood, (width, height - edge))
        soft = max(2, height // 60)
        share = (np.arange(soft, dtype=np.float32) / soft)[:, None, None]
        under = frame[edge : edge + soft]
        large[:soft] = (under + (large[:soft] - under.astype(np.float32)) * share).astype(np.uint8)
        frame[edge:] = large

    def _add_thing(
        self, frame: Frame, foot: tuple[float, float], closer: float, glow: float
    ) -> None:
        side = self._thing.shade.shape[0]
        x, y = foot
        move = np.array(
            [[closer, 0, x - closer * side / 2], [0, closer, y - closer * side * self._thing.foot]],
            np.float32,
        )
        first = int(self._size[1] * _EDGE)
        left, right = max(0, int(move[0, 2])), min(self._size[0], int(move[0, 2] + closer * side))
        area = (right - left, self._size[1] - first)
        move[0, 2] -= left
        part = frame[:, left:right]
        below = move - np.array([[0, 0, 0], [0, 0, first]], np.float32)
        shade = cv2.warpAffine(self._thing.shade, below, area, borderValue=255)
        cv2.multiply(part[first:], cv2.merge([shade] * 3), part[first:], scale=1 / 255)
        move[0, 2] += left + closer * self._thing.aside
        left = max(0, int(move[0, 2]))
        right = min(self._size[0], int(move[0, 2] + closer * self._thing.picture.shape[1]) + 1)
        move[0, 2] -= left
        part = frame[:, left:right]
        area = (padded(right - left), self._size[1])
        thing = cv2.warpAffine(self._thing.picture, move, area, borderValue=NOTHING)
        thing = thing[:, : right - left]
        if glow != 1:
            thing[..., :3] = cv2.convertScaleAbs(thing[..., :3], alpha=glow)
        self._add_mirrored(part, cast("Frame", thing), y)
        rows = np.flatnonzero(thing[..., 3].min(axis=1) < 255)
        if rows.size:
            seen = slice(int(rows[0]), int(rows[-1]) + 1)
            put_over(part[seen], cast("Frame", thing[seen]))

    def _add_mirrored(self, frame: Frame, thing: Frame, foot: float) -> None:
        """Let the varnish show the thing once more, upside down and faint."""
        height = self._size[1]
        line = min(height - 2, int(foot + height * 0.055))
        rows = min(height - line, line)
        fade = np.linspace(0.20, 0.0, rows, dtype=np.float32) ** 1.2
        share = cv2.repeat(np.rint(fade * 255).astype(np.uint8)[:, None], 1, thing.shape[1])
        over = cv2.multiply(cv2.flip(thing[line - rows : line], 0), cv2.merge([share] * 4),
                            scale=1 / 255)  # fmt: skip
        none = np.zeros_like(share)
        cv2.add(over, cv2.merge([none, none, none, cv2.bitwise_not(share)]), over)
        put_over(frame[line : line + rows], cast("Frame", over))

    def _add_steam(
        self, frame: Frame, foot: tuple[float, float], closer: float, seconds: float
    ) -> None:
        """Let steam rise from the cup: wisps of noise that thin out."""
        unit = self._thing.shade.shape[0] / 2.6 * closer
        tall, wide = int(unit * 1.25), int(unit * 0.9)
        level = 0.70 if self._prop == "cup" else 1.0
        bottom, middle = int(foot[1] - unit * level), int(foot[0])
        top, left = max(0, bottom - tall), max(0, middle - wide // 2)
        right = min(frame.shape[1], middle + wide // 2)
        if bottom <= top or right <= left:
            return
        up = ((bottom - np.arange(top, bottom, 2, dtype=np.float32)) / tall)[:, None]
        across = ((np.arange(left, right, 2, dtype=np.float32) - middle) / wide)[None, :]
        bent = across + 0.10 * np.sin(up * 5 - seconds * 1.1) * up
        wisps = self._steam.at(bent * 110 + 30 + 0 * up, up * 105 - seconds * 30 + 0 * bent)
        body = np.exp(-((bent / (0.13 + 0.22 * up)) ** 2)) * np.clip(up * 6, 0, 1) * (1 - up)
        share = np.clip((wisps - 0.30) * 2.2, 0, 1) * body * 0.8
        large = cv2.resize(cv2.convertScaleAbs(share, alpha=255), (right - left, bottom - top))
        spot = frame[top:bottom, left:right]
        white = np.full_like(spot, 252 * min(1.0, sum(self._hour.lamps.key) / 2.4))
        lay_over(spot, white, cast("Frame", large))

    def _add_flame(
        self, frame: Frame, foot: tuple[float, float], closer: float, seconds: float
    ) -> None:
        unit = self._thing.shade.shape[0] / 2.6 * closer
        x = foot[0] + unit * 0.012 * math.sin(seconds * 6.1)
        y = foot[1] - unit * 1.14
        height, width = frame.shape[:2]
        rows = np.arange(0, height, 2, dtype=np.float32)[:, None]
        columns = np.arange(0, width, 2, dtype=np.float32)[None, :]
        away = np.hypot(columns - x, rows - y) / unit
        light = np.exp(-away * 2.6) * 0.34 * self._glow(seconds) ** 3
        halo = light[..., None] * np.array((96, 178, 255), np.float32)
        lean = 0.05 * math.sin(seconds * 5.3) + 0.03 * math.sin(seconds * 11.7)
        up = (y - rows) / unit
        across = (columns - x) / unit - lean * np.clip(up, 0, 1)
        tall = 0.20 * (1 + 0.05 * math.sin(seconds * 9.1))
        body = np.clip(1 - (up - 0.03) / tall, 0, 1) * np.clip((up + 0.10) / 0.08, 0, 1)
        flame = np.exp(-((across / (0.012 + 0.052 * body)) ** 2)) * np.clip(body * 1.5, 0, 1)
        halo += flame[..., None] * np.array((150, 225, 270), np.float32)
        large = cv2.resize(halo.clip(0, 255).astype(np.uint8), (width, height))
        cv2.add(frame, large, frame)


@dataclass(frozen=True, slots=True)
class _Sprite:
    """A prop as layers are laid: its *picture*, and the light it leaves on the table.

    The picture begins so many columns further *aside* than the light.
    """

    picture: Frame
    aside: int
    shade: Frame
    foot: float


def _sprite(thing: Lit) -> _Sprite:
    soft = cv2.GaussianBlur(thing.cover, (0, 0), 0.65)
    bright = np.clip(thing.colour, 0, 1) ** (1 / 1.5) * 255
    known = cv2.dilate(bright.astype(np.uint8), np.ones((3, 3), np.uint8))
    bright = np.where(thing.cover[..., None] > 0, bright, known)
    weighted = cv2.GaussianBlur(bright.astype(np.float32), (0, 0), 0.5) * soft[..., None]
    edge = np.minimum(np.arange(thing.shade.shape[0]), np.arange(thing.shade.shape[0])[::-1]) / (
        thing.shade.shape[0] * 0.10
    )
    fade = np.clip(edge, 0, 1)
    shade = 1 - (1 - np.clip(thing.shade, 0, 1)) * fade[:, None] * fade[None, :]
    picture = np.dstack([weighted, 255 * (1 - soft)]).clip(0, 255).astype(np.uint8)
    columns = np.flatnonzero(picture[..., 3].min(axis=0) < 255)
    aside = max(0, int(columns[0]) - 1)
    return _Sprite(
        picture=np.ascontiguousarray(picture[:, aside : int(columns[-1]) + 2]),
        aside=aside,
        shade=(shade * 255).clip(0, 255).astype(np.uint8),
        foot=thing.foot,
    )


def _shifted(back: Frame, size: tuple[int, int], slide: float, zoom: float, up: float) -> Frame:
    (width, height), wide = size, back.shape[1]
    move = np.array(
        [
            [zoom, 0, width / 2 - zoom * wide / 2 - slide * width],
            [0, zoom, (1 - zoom) * height * _EDGE + up * height * 0.03],
        ],
        np.float32,
    )
    # The table hides what is further down.
    area = (width, min(height, int(height * (_EDGE + 0.03))))
    seen = cv2.warpAffine(back, move, area, borderMode=cv2.BORDER_REPLICATE)
    frame = np.zeros((height, width, 3), np.uint8)
    cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR, frame[: area[1]])
    return frame


def _backdrop(hour: _Hour, size: tuple[int, int], random: Generator) -> Frame:
    """Paint a room out of focus: a wall, a window, and lights that have become discs."""
    width, height = int(size[0] * _ROOM) // 2 * 2, size[1]
    # All of it is soft: a quarter of the pixels each way is enough to begin with.
    y, x = (np.mgrid[0:height:4, 0:width:4].astype(np.float32) + 1.5) / height
    room = width / height
    wall = np.array(hour.wall, np.float32) * (1.10 - 0.35 * y)[..., None]
    glass = _window(hour, (x, y), room, random)
    coarse = wall + (glass[0] - wall) * glass[1][..., None]
    spill = np.exp(-(((x - room * 0.34) / 0.75) ** 2))[..., None] * 0.30
    coarse *= 0.88 + spill
    coarse = cv2.GaussianBlur(coarse.astype(np.float32), (0, 0), height / 168)
    picture = cv2.resize(coarse, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)[:height, :width]
    dim = 0.20 if sum(hour.window[0]) > 400 else 0.55
    for _ in range(hour.lights):
        middle = (random.uniform(0, room), random.uniform(0.02, _EDGE - 0.03))
        radius = random.uniform(0.022, 0.058)
        left, right = (int((middle[0] + side * radius) * height) for side in (-1, 1))
        top, bottom = (int((middle[1] + side * radius) * height) for side in (-1, 1))
        spot = picture[max(0, top) : bottom + 2, max(0, left) : right + 2]
        across = np.arange(max(0, left), max(0, left) + spot.shape[1]) / height - middle[0]
        down = np.arange(max(0, top), max(0, top) + spot.shape[0])[:, None] / height - middle[1]
        away = np.hypot(across, down) / radius
        disc = np.clip((1 - away) * radius * height * 0.5, 0, 1) * (
            0.7 + 0.3 * np.clip(away, 0, 1) ** 4
        )
        ink = np.array(_BULBS[int(random.integers(len(_BULBS)))], np.float32)
        spot += (disc * dim * random.uniform(0.35, 1.0)).astype(np.float32)[..., None] * ink
    picture = cv2.GaussianBlur(picture, (0, 0), max(1.0, height / 300))
    picture += random.standard_normal((height, width, 1), np.float32) * np.float32(0.8)
    return cast("Frame", picture.clip(0, 255).astype(np.uint8))


def _window(
    hour: _Hour,
    place: tuple[NDArray[np.float32], NDArray[np.float32]],
    room: float,
    random: Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Paint what is outside, and tell where the panes are."""
    x, y = place
    left, wide = room * 0.13, room * 0.36
    top, bottom = np.array(hour.window[0], np.float32), np.array(hour.window[1], np.float32)
    down = np.clip((y - 0.18) / 0.22, 0, 1)[..., None]
    view = top + (bottom - top) * down
    for _ in range(16):
        spot = random.uniform(left, left + wide), random.uniform(0.26, 0.52)
        leaf = np.exp(-(((x - spot[0]) / 0.07) ** 2) - ((y - spot[1]) / 0.06) ** 2)[..., None]
        view += leaf * (bottom * random.uniform(0.62, 1.02) - view) * 0.7
    across = (x - left) / wide
    panes = (across > 0) & (across < 1) & (y < 0.47)
    bars = (np.abs(across * 2 - np.round(across * 2)) < 0.035) | (np.abs(y - 0.20) < 0.012)
    return view.astype(np.float32), (panes & ~bars).astype(np.float32)
