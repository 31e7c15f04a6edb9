"""Continuing: what could come after the end of a film, told from what is seen at it.

Where things move but the camera does not, the film jumps, unseen, to an earlier moment that looks
like its last one, and plays on from there. Where the camera moves, the last frame becomes a stage
before which it moves on: first as it did, then as it is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import Brief
from kinetoscope.engines.studio.camera import Moves, Pose, ease, pose
from kinetoscope.engines.studio.course import Course
from kinetoscope.engines.studio.film import Frame, read_frames
from kinetoscope.engines.studio.motion import (
    Drift,
    Jump,
    Morph,
    best_jump,
    changed,
    drift_of,
    last_flow,
)
from kinetoscope.engines.studio.parallax import Stage, stage_of
from kinetoscope.engines.studio.scenes.weather import weathers
from kinetoscope.engines.studio.script import read_weather
from kinetoscope.engines.studio.source import Source
from kinetoscope.engines.studio.subject import Eye, subject_mask
from kinetoscope.engines.studio.vision import Map

_LEAST_STEP = 0.6  # of 255: what a frame may always differ by
_ALIKE = 5.5  # a jump with a larger gap would be seen
_STILL_CAMERA = 0.25  # picture widths a second
_MORPH_SECONDS = 0.45
_COAST_SECONDS = 0.9  # for which the camera keeps its way
_SETTLE_SECONDS = 0.25  # for which things keep theirs
_MOST_BEND = 0.007  # picture widths; what is bent further looks smeared
_REST_WIDTH = 320  # pixels, at which what else moves is kept
MEAN_INVERSE = 0.45  # inverse distance of what the picture mostly shows


@dataclass(frozen=True, slots=True)
class End:
    """How the source ends: its last frames, still to be written, and a glance at all of them."""

    last: tuple[Frame, ...]
    glances: list[Map]

    @property
    def count(self) -> int:
        """How many frames the source has."""
        return len(self.glances)


@dataclass(frozen=True, slots=True)
class Motion:
    """How the source moves at its end: where each pixel goes in one frame, and what of it is drift.

    *pace* is the step of a camera that would explain the drift.
    """

    moved: Map
    drift: Drift
    pace: Pose

    @classmethod
    def of(cls, source: Source, end: End) -> Motion:
        """Measure it in the last frames."""
        width, height = source.size
        moved = last_flow(end.last[-4:])
        drift = drift_of(moved)
        pace = Pose(
            x=-drift.x / width * 2 * (width / height) / MEAN_INVERSE,
            y=-drift.y / height * 2 / MEAN_INVERSE,
            z=min(max(drift.growth / MEAN_INVERSE, -0.02), 0.03),
        )
        return cls(moved, drift, pace)


def continued(
    brief: Brief, source: Source, end: End, way: tuple[Motion, AppendedShot, Eye | None]
) -> Iterator[Frame]:
    """Yield frames without end: from an earlier moment that looks alike, or from the last one."""
    (motion, shot, eye), last = way, end.last[-1]
    drift = motion.drift
    speed = math.hypot(drift.x, drift.y) / source.size[0] * float(source.fps)
    jump = best_jump(end.glances, max(12, min(len(end.glances) // 3, int(source.fps))))
    if jump is not None and jump.gap < _ALIKE and speed < _STILL_CAMERA:
        soft = cv2.GaussianBlur(motion.moved, (0, 0), max(1.0, source.size[0] / 160))
        loop = _Loop(last, cast("Map", soft), jump)
        return _aired(brief, source, _texture(source, loop, shot))
    stage = stage_of(last, subject_mask(last, eye))
    return _aired(brief, source, _momentum(stage, motion, shot))


def gently(frames: Iterator[Frame], last: tuple[Frame, ...]) -> Iterator[Frame]:
    """Let no frame differ more from the one before than the *last* of the source did.

    What would jump is mixed in, over as many frames as it takes.
    """
    limit = max((changed(a, b) for a, b in pairwise(last)), default=0.0)
    before = last[-1]
    for frame in frames:
        step = changed(frame, before)
        share = min(1.0, max(limit, _LEAST_STEP) / max(step, 1e-6))
        if share < 1:
            before = cast("Frame", cv2.addWeighted(frame, share, before, 1 - share, 0))
        else:
            before = frame
        yield before


def _aired(brief: Brief, source: Source, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Let it begin to rain or snow, where the sentence says so."""
    airs = weathers(read_weather(brief.prompt), source.size, brief.seed)
    for number, frame in enumerate(frames, start=1):
        seconds = float(number / source.fps)
        aired = frame.copy()
        for air in airs:
            air(aired, seconds)
        share = ease(seconds / 1.5)
        yield cast("Frame", cv2.addWeighted(frame, 1 - share, aired, share, 0)) if airs else frame


@dataclass(frozen=True, slots=True)
class Steering:
    """The *course* of a film that has *ended*, in seconds, at its last frame."""

    course: Course
    ended: float

    def at(self, seconds: float) -> Pose:
        """Tell how far from the last frame the camera is so many *seconds* later."""
        return self.course(self.ended + seconds).plus(self.course(self.ended), -1)


@dataclass(frozen=True, slots=True)
class AppendedShot:
    """The camera of the appended part; the pose at its first frame is where the source left it."""

    moves: Moves
    seconds: float
    fps: float
    steering: Steering | None = None

    def at(self, number: int) -> Pose:
        """Tell how far from the source's last frame the camera is at frame *number*."""
        if self.steering is not None:
            return self.steering.at(number / self.fps)
        share = number / (self.seconds * self.fps)
        start = pose(self.moves, 0.0, self.seconds)
        gone = pose(self.moves, share, self.seconds).plus(start, -1)
        return Pose().plus(gone, 0.9 * ease(share * 3))


# ── texture ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Loop:
    """The *last* frame, the *way* its parts go in one frame, and where to jump from it."""

    last: Frame
    way: Map
    jump: Jump


def _texture(source: Source, loop: _Loop, shot: AppendedShot) -> Iterator[Frame]:
    """Play on from the moment that looks like the end, again and again, reframed as asked."""
    # The less the two moments are alike, the longer one flows into the other.
    length = 3 + round(_MORPH_SECONDS * shot.fps * min(1.0, loop.jump.gap / _ALIKE))
    landing = list(islice(_from(source, loop.jump.to), length))
    morph = Morph(loop.last, landing[0], loop.way)
    number = 0
    while True:
        for index, after in enumerate(landing[1:], start=1):
            number += 1
            mixed = morph(after, ease(index / len(landing)), index)
            yield _reframed(mixed, shot, number)
        for picture in _from(source, loop.jump.to + len(landing)):
            number += 1
            yield _reframed(picture, shot, number)


def _from(source: Source, index: int) -> Iterator[Frame]:
    return islice(read_frames(source.path, source.size, fps=source.fps), index, None)


def _reframed(picture: Frame, shot: AppendedShot, number: int) -> Frame:
    """Move the camera before a flat picture, and never beyond its edges."""
    if not shot.moves.asked:
        return picture
    height, width = picture.shape[:2]
    place = shot.at(number)
    moved = max(abs(place.x), abs(place.y), abs(place.roll)) * 1.2
    zoom = max(1 + place.z * 0.6, 1.0) + moved
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), math.degrees(place.roll), zoom)
    turn[:, 2] -= (place.x * 0.5 * width / 2 * zoom, place.y * 0.5 * height / 2 * zoom)
    way = cv2.INTER_LINEAR
    return cast(
        "Frame",
        cv2.warpAffine(picture, turn, (width, height), flags=way, borderMode=cv2.BORDER_REFLECT),
    )


# ── momentum ──────────────────────────────────────────────────────────────────────────────────────


def _momentum(stage: Stage, motion: Motion, shot: AppendedShot) -> Iterator[Frame]:
    """Let the camera before *stage*, the last frame, keep its way before it obeys.

    One that is steered keeps what its course does not explain for a moment only.
    """
    pace, moved = motion.pace, motion.moved
    coast, settle = _COAST_SECONDS * shot.fps, _SETTLE_SECONDS * shot.fps
    kept = pace
    if shot.steering is not None:
        coast, kept = settle, pace.plus(shot.at(1), -1)
    rest = _rest(stage, pace, moved, settle)
    length = round(shot.seconds * shot.fps)
    ways = [_kept_in(kept, coast * (1 - math.exp(-number / coast))) for number in range(length + 2)]
    path = [way.plus(stage.aimed(shot.at(number))) for number, way in enumerate(ways)]
    least = min(stage.zoom_for(path[:: max(1, length // 6)]), 0.97)
    number = 0
    while True:
        number += 1
        zoom = 1 - (1 - least) * ease(number / (1.2 * shot.fps))
        bend = -rest * np.float32(settle * (1 - math.exp(-number / settle)))
        yield stage.frame(path[min(number, len(path) - 1)], zoom, bend=bend)


def _rest(stage: Stage, pace: Pose, moved: Map, frames: float) -> Map:
    """Tell what the camera does not explain of the last motion, in pixels, for so many *frames*.

    It is soft, and few points are enough for it.
    """
    height, width = moved.shape[:2]
    scale = min(1.0, _REST_WIDTH / width)
    small = (max(8, round(width * scale)), max(8, round(height * scale)))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    by_camera = np.dstack([columns, rows]) - stage.places(0, pace, 1.0)
    left = cv2.resize(moved - by_camera, small, interpolation=cv2.INTER_AREA)
    rest = cv2.GaussianBlur(left, (0, 0), max(1.0, small[0] / 25)).astype(np.float32)
    most = _MOST_BEND * width / frames
    # Not cut off but pressed together: an edge of what is cut off would be seen as a crease.
    return cast("Map", (most * np.tanh(rest / most)).astype(np.float32))


def _kept_in(pace: Pose, frames: float) -> Pose:
    """Go on for as many *frames*, but not out of the picture."""
    return Pose(
        x=min(max(pace.x * frames, -0.22), 0.22),
        y=min(max(pace.y * frames, -0.14), 0.14),
        z=min(max(pace.z * frames, -0.10), 0.30),
    )
