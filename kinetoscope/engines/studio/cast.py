"""Reference to video: some pictures are cast as actors, some as places, and all come on stage."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol, cast

import cv2
import numpy as np

from kinetoscope.engines.studio.backdrop import Backdrop
from kinetoscope.engines.studio.brief import FPS, Brief, Notes, Tell
from kinetoscope.engines.studio.camera import Pose, ease, pose, read_moves, roll_on
from kinetoscope.engines.studio.cutouts import Cutout, card, cut_out, matched
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame
from kinetoscope.engines.studio.lab import printed
from kinetoscope.engines.studio.notes import notes_on_picture
from kinetoscope.engines.studio.parallax import Sheet, Stage, focus_of, inverse, straightened
from kinetoscope.engines.studio.roles import Part, Role, looked_at, read_parts
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.slate import Slate
from kinetoscope.engines.studio.sound import bed_for
from kinetoscope.engines.studio.stills import cover, flat, open_still
from kinetoscope.engines.studio.subject import Eye, best_eye
from kinetoscope.engines.studio.vision import Map, depth, resized

_CAST, _STAGED = 0.15, 0.22  # shares of the work that come before the first frame
_DISSOLVE = 0.6  # seconds between two places
_TOGETHER, _SHORTEST_SHOT = 3, 1.0  # actors in one shot; seconds
_FEET = 0.95  # where actors stand, as a share of the height


def render(brief: Brief, tell: Tell, eye: Eye | None = None) -> Notes:
    """Draw the film that *brief* asks for; every image comes to be seen in it.

    *eye* tells actors from places: the best there is, if None.
    """
    roles = _cast(brief, tell, eye or best_eye())
    count = brief.seconds * FPS
    size = (brief.width, brief.height)
    rate = RATE if brief.sound else None
    note = Slate.of(brief, "picture").to_note() if len(_groups(roles, brief.seconds)) == 1 else ""
    with FilmWriter(brief.film, *size, audio_rate=rate, title=brief.prompt, note=note) as film:
        if brief.sound:
            film.add_audio(bed_for(brief))
        for frame in printed(_cut_together(brief, roles), brief):
            film.add(frame)
            tell(1 - (1 - _STAGED) * (count - film.frames) / count)
    return notes_on_picture(brief.prompt)


def _cut_together(brief: Brief, roles: list[Role]) -> Iterator[Frame]:
    """Show all *roles* in one shot; or, where that would be a crowd, a few in each of several."""
    groups = _groups(roles, brief.seconds)
    count, begun = brief.seconds * FPS, 0
    for number, group in enumerate(groups, start=1):
        ends = round(count * number / len(groups))
        yield from _shown(brief, group, begun, ends)
        begun = ends


def _groups(roles: list[Role], seconds: int) -> list[list[Role]]:
    """Tell who is in which shot: nobody alone in a crowd, and no shot too short to be seen."""
    actors = [role for role in roles if role.part is Part.ACTOR]
    places = [role for role in roles if role.part is Part.PLACE]
    most = int(seconds / _SHORTEST_SHOT)
    if len(actors) <= _TOGETHER or most < 2:
        return [roles]
    shots = min(most, -(-len(actors) // 2))
    spread = zip(_dealt(actors, shots), _dealt(places, shots), strict=True)
    return [
        some + (there or places[number % max(1, len(places)) :][:1])
        for number, (some, there) in enumerate(spread)
    ]


def _dealt(roles: list[Role], shots: int) -> list[list[Role]]:
    cuts = [round(len(roles) * number / shots) for number in range(shots + 1)]
    return [roles[begin:end] for begin, end in pairwise(cuts)]


def _shown(brief: Brief, roles: list[Role], begins: int, ends: int) -> Iterator[Frame]:
    """Yield the frames of one shot."""
    backdrops, players = _set_up(roles, brief)
    moves, count = read_moves(brief.prompt, brief.seed), ends - begins
    reach = 1.0 if len(roles) < 3 else 0.55  # nobody may leave the picture
    path = [
        Pose().plus(players.aimed(pose(moves, index / count, count / FPS, pace=roll_on)), reach)
        for index in range(count)
    ]
    zoom = min(backdrop.zoom_for(path[:: max(1, count // 6)]) for backdrop in backdrops)
    for index, place in enumerate(path):
        frame = _backdrop_at(backdrops, _Now(index, count, place, zoom))
        alive = _alive((begins + index) / FPS)
        players.enter(frame, place.plus(alive), zoom)
        yield frame


def _cast(brief: Brief, tell: Tell, eye: Eye) -> list[Role]:
    roles = []
    for number, path in enumerate(brief.images, start=1):
        still = open_still(path, brief.width, brief.height)
        roles.append(looked_at(still, eye))
        tell(_CAST * number / len(brief.images))
    if len(roles) > 1 and not eye.sharp:
        # Who is a place cannot be seen then: the sentence has to say so.
        roles = [replace(role, sure=max(role.sure, 0.2)) for role in roles]
    return read_parts(brief.prompt, roles)


# ── the stage ─────────────────────────────────────────────────────────────────────────────────────


class Players(Stage):
    """The actors alone, on one sheet before whatever place there is."""

    def enter(self, frame: Frame, place: Pose, zoom: float) -> None:
        """Draw the actors, as they are seen from *place*, over *frame*."""
        self.lay_over(frame, 0, place, zoom)


class _Backdrop(Protocol):
    """What the actors stand before."""

    def zoom_for(self, poses: Iterable[Pose]) -> float:
        """Tell how much of it can be shown."""
        ...

    def shown(self, now: _Now) -> Frame:
        """Draw it."""
        ...


class Photograph(Stage):
    """A place that the customer sent."""

    def shown(self, now: _Now) -> Frame:
        """See it from where the camera is."""
        return self.frame(now.place, now.zoom)


class _Scene:
    """A place that the studio draws, and that lives."""

    def __init__(self, shot: Backdrop, shadow: Map) -> None:
        self._shot = shot
        shade = (shadow * 255).astype(np.uint8)
        x, y, wide, tall = cv2.boundingRect(cv2.bitwise_not(shade))
        self._shaded = (slice(y, y + tall), slice(x, x + wide))
        self._shadow = cv2.merge([shade[self._shaded]] * 3) if wide else None

    def zoom_for(self, _poses: Iterable[Pose]) -> float:
        """Show the actors nearly whole: the scene has no edges."""
        return 0.96

    def shown(self, now: _Now) -> Frame:
        """Draw the scene as it is now; it moves its own camera."""
        frame = self._shot.frame(now.index)
        if self._shadow is not None:
            ground = frame[self._shaded]
            cv2.multiply(ground, self._shadow, ground, scale=1 / 255)
        return frame


def _set_up(roles: list[Role], brief: Brief) -> tuple[list[_Backdrop], Players]:
    size = (brief.width, brief.height)
    actors = [role for role in roles if role.part is Part.ACTOR]
    places = [cover(flat(role.still), *size) for role in roles if role.part is Part.PLACE]
    shot = None if places else _scene(brief)
    wall = shot.frame(0) if shot is not None else None
    pictures = places or [_studio_wall(actors, size) if wall is None else wall]
    sheet = np.zeros((brief.height, brief.width, 4), np.float32)
    shadow = np.ones((brief.height, brief.width), np.float32)
    for cutout, spot in _blocked([_player(role) for role in actors], size):
        _stand(sheet, shadow, matched(cutout, pictures[0]), spot)
    players = _players(sheet, pictures[0])
    if shot is not None:
        return [_Scene(shot, shadow)], players
    return [photograph(picture, shadow) for picture in pictures], players


def _scene(brief: Brief) -> Backdrop | None:
    """Take the place that the sentence names, empty and dry, if it names one."""
    prompt = re.sub(r"@image\d+", " ", brief.prompt, flags=re.IGNORECASE)
    plan = read_script(prompt, brief.seed)
    if not plan.sure:
        return None
    empty = replace(plan, subjects=(), weather=(), style=None)
    moves = read_moves(prompt, plan.seed)
    return Backdrop(empty, moves, (brief.width, brief.height), brief.seconds)


def _player(role: Role) -> Cutout:
    """Cut the actor out; a picture in which nothing stands out is held up as a print."""
    if (role.mask > 0.5).mean() < 0.01:
        return card(flat(role.still))
    return cut_out(role.still, role.mask)


def photograph(picture: Frame, shadow: Map) -> Photograph:
    """Set *picture* up as a place on which *shadow* falls, 1 where there is none."""
    near = depth(picture, np.zeros(picture.shape[:2], np.float32))
    shaded = (picture * shadow[..., None]).clip(0, 255).astype(np.uint8)
    return Photograph((Sheet(shaded, inverse(straightened(near))),))


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an actor stands: the middle of its feet and its size, in pixels."""

    x: float
    foot: float
    scale: float
    grounded: bool


def _blocked(cutouts: list[Cutout], size: tuple[int, int]) -> list[tuple[Cutout, _Spot]]:
    """Find everybody a place to be seen: up to four in front, the others between and behind."""
    width, height = size
    front, back = cutouts[:4], cutouts[4:]
    placed = []
    for row, tall, foot in ((back, 0.44, 0.66), (front, 0.80 if len(front) == 1 else 0.62, _FEET)):
        for index, cutout in enumerate(row):
            rows, columns = cutout.picture.shape[:2]
            room = width * (0.62 if len(row) == 1 else 0.90 / len(row))
            most = height * tall * (1.0 if cutout.cut_below else 0.86)
            scale = min(most / rows, room / columns)
            x = width * (0.5 if len(row) == 1 else 0.06 + 0.88 * (index + 0.5) / len(row))
            stands = 1.01 if cutout.cut_below and row is front else foot
            placed.append((cutout, _Spot(x, height * stands, scale, not cutout.cut_below)))
    return placed


def _stand(sheet: Map, shadow: Map, cutout: Cutout, spot: _Spot) -> None:
    """Draw one actor on the sheet, premultiplied, and its contact shadow."""
    rows, columns = cutout.picture.shape[:2]
    wide, tall = max(2, round(columns * spot.scale)), max(2, round(rows * spot.scale))
    actor = cutout.picture.astype(np.float32)
    actor[..., :3] *= actor[..., 3:] / 255
    way = cv2.INTER_AREA if spot.scale < 1 else cv2.INTER_CUBIC
    actor = cv2.resize(actor, (wide, tall), interpolation=way).clip(0, 255)
    left, top = round(spot.x - wide / 2), round(spot.foot - tall)
    height, width = sheet.shape[:2]
    x0, x1, y0, y1 = max(0, left), min(width, left + wide), max(0, top), min(height, top + tall)
    if x0 >= x1 or y0 >= y1:
        return
    part = actor[y0 - top : y1 - top, x0 - left : x1 - left]
    there = sheet[y0:y1, x0:x1]
    there[:] = there * (1 - part[..., 3:] / 255) + part
    if spot.grounded:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        away = ((x - spot.x) / (wide * 0.5)) ** 2 + ((y - spot.foot + 2) / (height * 0.03)) ** 2
        shadow *= 1 - 0.5 * np.exp(-away * 1.4)


def _players(sheet: Map, backdrop: Frame) -> Players:
    height, width = backdrop.shape[:2]
    alpha = sheet[..., 3] / 255
    far = cv2.resize(backdrop, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    far = cv2.GaussianBlur(far, (0, 0), 3.5)
    light = cv2.resize(far, (width, height)).astype(np.float32)
    edge = alpha * (1 - cv2.GaussianBlur(alpha, (0, 0), max(2.0, height / 240)))
    wrap = (edge * 0.7).clip(0, 0.4)[..., None]
    sheet[..., :3] += (light * alpha[..., None] - sheet[..., :3]) * wrap
    size = (max(2, width // 4), max(2, height // 4))
    small = resized(alpha.astype(np.float32), size)
    solid = (small > 0.5).astype(np.uint8)
    inside = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    bulge = np.sqrt(inside / (float(inside.max()) + 1e-6))
    near = (0.74 + 0.12 * cv2.GaussianBlur(bulge, (0, 0), 4)).astype(np.float32)
    picture = sheet.clip(0, 255).astype(np.uint8)
    return Players((Sheet(picture, inverse(near, 2)),), focus_of(small, width / height))


def _studio_wall(actors: list[Role], size: tuple[int, int]) -> Frame:
    """Paint a wall in the actors' own colours, darker below, as a photographer would light it."""
    width, height = size
    colours = [cover(flat(role.still), 24, 16) for role in actors]
    mean = np.mean([colour.astype(np.float32) for colour in colours], axis=0)
    soft = cv2.GaussianBlur(mean, (0, 0), 3)
    wall = cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC)
    grey = wall.mean(axis=2, keepdims=True)
    wall = (wall * 0.7 + grey * 0.3) * 0.55 + 60
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    spot = np.exp(-(((x / width - 0.5) / 0.45) ** 2 + ((y / height - 0.4) / 0.5) ** 2))
    floor = 1 / (1 + np.exp(-(y / height - 0.80) * 40))
    lit = wall * (0.55 + 0.65 * spot)[..., None] * (1 - 0.22 * floor)[..., None]
    return cast("Frame", lit.clip(0, 255).astype(np.uint8))


# ── the shot ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Now:
    """One moment of the film: frame *index* of *count*, seen from *place*."""

    index: int
    count: int
    place: Pose
    zoom: float


def _backdrop_at(backdrops: list[_Backdrop], now: _Now) -> Frame:
    """Draw the place that is on; where there are several, one dissolves into the next."""
    at = now.index / now.count * len(backdrops)
    number = min(int(at), len(backdrops) - 1)
    frame = backdrops[number].shown(now)
    blend = min(0.5, _DISSOLVE * FPS * len(backdrops) / now.count)
    into = ease((at - number - (1 - blend)) / blend)
    if into > 0 and number + 1 < len(backdrops):
        following = backdrops[number + 1].shown(now)
        frame = cast("Frame", cv2.addWeighted(frame, 1 - into, following, into, 0))
    return frame


def _alive(seconds: float) -> Pose:
    """Breathe, and shift weight a little."""
    return Pose(x=math.sin(seconds * 1.9) * 0.006, y=math.sin(seconds * 2.3) * 0.005)
