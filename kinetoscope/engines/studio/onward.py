"""Video extend: the film that was sent, and then what could have come next.

A film from text of our own says how it was made, and goes on just so. Of all others nothing is
known but what is seen. Where things move but the camera does not, the film jumps, unseen, to an
earlier moment that looks like its last one, and plays on from there. Where the camera moves, the
last frame becomes a stage before which it moves on: first as it did, then as the sentence says.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice, pairwise
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS, Brief, CannotRender, Notes, Tell
from kinetoscope.engines.studio.camera import Moves, Pose, ease, pose, read_moves
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame, Sound, read_audio, read_frames
from kinetoscope.engines.studio.motion import (
    Drift,
    Jump,
    Morph,
    best_jump,
    changed,
    drift_of,
    glance,
    last_flow,
)
from kinetoscope.engines.studio.notes import notes_on_picture
from kinetoscope.engines.studio.parallax import Stage, stage_of
from kinetoscope.engines.studio.scenes.weather import weathers
from kinetoscope.engines.studio.script import read_weather
from kinetoscope.engines.studio.slate import Slate, read_slate
from kinetoscope.engines.studio.sound import fading
from kinetoscope.engines.studio.source import Source, measure
from kinetoscope.engines.studio.splice import coded_pictures
from kinetoscope.engines.studio.story import Story
from kinetoscope.engines.studio.subject import Eye, subject_mask
from kinetoscope.engines.studio.vision import Map

_LAST = 8  # frames
_LEAST_STEP = 0.6  # of 255: what a frame may always differ by
_SAME = 6.0  # of 255: by so much a frame of ours may have changed on its way
_ALIKE = 5.5  # a jump with a larger gap would be seen
_STILL_CAMERA = 0.25  # picture widths a second
_MORPH_SECONDS = 0.45
_COAST_SECONDS = 0.9  # for which the camera keeps its way
_SETTLE_SECONDS = 0.25  # for which things keep theirs
_MOST_BEND = 0.007  # picture widths; what is bent further looks smeared
_REST_WIDTH = 320  # pixels, at which what else moves is kept
_MEAN_INVERSE = 0.45  # inverse distance of what the picture mostly shows


def render(brief: Brief, tell: Tell, eye: Eye | None = None) -> Notes:
    """Write the source of *brief* and *seconds* more, as one film.

    *eye* tells what is near in its last frame: the best there is, if None.
    """
    source = measure(brief.video)
    slate = _slate(source)
    longer = slate.and_then(brief.prompt, brief.seconds) if slate is not None else None
    fresh = round(brief.seconds * source.fps)
    total = source.frames + fresh
    sound = read_audio(source.path) if source.audio else None
    rate = RATE if sound is not None else None
    note = longer.to_note() if longer is not None else ""
    with FilmWriter(
        brief.film,
        *source.size,
        fps=source.fps,
        audio_rate=rate,
        title=brief.prompt,
        note=note,
    ) as film:
        whole = coded_pictures(source)
        film.begin_with(whole or ())
        end = _copy(source, None if whole else film, tell, total)
        copied = film.frames if whole else film.frames + len(end.last)
        story = _believed(longer, copied, end)
        for frame in () if whole else end.last:
            film.add(frame)
        frames = (
            _further(story, copied, end.last[-1])
            if story
            else gently(_continued(brief, source, end, eye), end.last)
        )
        for number, frame in enumerate(islice(frames, fresh), start=1):
            film.add(frame)
            begun = copied / 4 if whole else copied
            tell((begun + number) / (begun + fresh))
        if sound is not None:
            begins, length = (int(count / source.fps * RATE) for count in (copied, film.frames))
            if not brief.sound:
                longer_sound = ended(sound, begins, length)
            elif story:
                longer_sound = played_on(sound, begins, story.sound()[:, :length])
            else:
                longer_sound = prolonged(sound, begins, length, brief.seed)
            film.add_audio(longer_sound)
    return () if story else notes_on_picture(brief.prompt)


@dataclass(frozen=True, slots=True)
class _End:
    """How the source ends: its last frames, still to be written, and a glance at all of them."""

    last: tuple[Frame, ...]
    glances: list[Map]


def _copy(source: Source, film: FilmWriter | None, tell: Tell, total: int) -> _End:
    """See how *source* ends; write it to *film*, but for its end, if it is not there already."""
    last: deque[Frame] = deque()
    glances = []
    for picture in read_frames(source.path, source.size, fps=source.fps):
        last.append(picture)
        if len(last) > _LAST:
            earlier = last.popleft()
            if film is not None:
                film.add(earlier)
        glances.append(glance(picture))
        tell(min(len(glances), source.frames) / (4 * total if film is None else total))
    if not last:
        raise CannotRender("the video has no frame that could be read")
    return _End(tuple(last), glances)


# ── a film of our own ─────────────────────────────────────────────────────────────────────────────


def _slate(source: Source) -> Slate | None:
    """Read what *source* says of itself, if that fits its size and its length."""
    slate = read_slate(source.note)
    if slate is None:
        return None
    fits = source.size == (slate.width, slate.height)
    lasts = source.fps == FPS and source.frames == slate.seconds * FPS
    return slate if fits and lasts else None


def _believed(longer: Slate | None, copied: int, end: _End) -> Story | None:
    """Take up the story, if the source really ends as it would; anybody can write a note."""
    if longer is None:
        return None
    story = Story(longer)
    # Coding takes much of a painting's grain away, and nothing of what is seen at a glance.
    gap = float(np.abs(glance(story.frame(copied - 1)) - end.glances[-1]).mean())
    return story if gap < _SAME else None


def _further(story: Story, copied: int, last: Frame) -> Iterator[Frame]:
    """Tell *story* on after its frame *last*, which coding has robbed of its grain.

    Grain would be seen to begin: it comes back little by little, and what was left of the detail
    goes with it.
    """
    left = last - _soft(story.frame(copied - 1))
    for number in range(_LAST):
        drawn, share = story.frame(copied + number), np.float32(ease(number / _LAST))
        soft = _soft(drawn)
        mixed = soft + left * (1 - share) + (drawn - soft) * share
        yield mixed.round().clip(0, 255).astype(np.uint8)
    yield from (story.frame(number) for number in count(copied + _LAST))


def _soft(frame: Frame) -> Map:
    return cv2.GaussianBlur(frame.astype(np.float32), (0, 0), 1.0)  # type: ignore[return-value]


def played_on(sound: Sound, begins: int, bed: Sound) -> Sound:
    """Play *bed*, of which *sound* is the beginning, on from sample *begins*; then fade."""
    out = bed * fading(bed.shape[1])
    kept = sound[:, :begins]
    # The source fades out at its end: what it lost by that is added again.
    faded = fading(2 * begins)[:begins] - fading(begins)
    out[:, :begins] = bed[:, :begins] * faded
    out[:, : kept.shape[1]] += kept
    return cast("Sound", out.clip(-1, 1))


# ── a film of somebody else ───────────────────────────────────────────────────────────────────────


def _continued(brief: Brief, source: Source, end: _End, eye: Eye | None) -> Iterator[Frame]:
    """Choose how to go on, by measuring, and yield frames without end."""
    moves = read_moves(brief.prompt, brief.seed)
    last, moved = end.last[-1], last_flow(end.last[-4:])
    drift = drift_of(moved)
    speed = math.hypot(drift.x, drift.y) / source.size[0] * float(source.fps)
    jump = best_jump(end.glances, max(12, min(len(end.glances) // 3, int(source.fps))))
    shot = _Shot(moves, brief.seconds, float(source.fps))
    if jump is not None and jump.gap < _ALIKE and speed < _STILL_CAMERA:
        way = cv2.GaussianBlur(moved, (0, 0), max(1.0, source.size[0] / 160))
        loop = _Loop(last, cast("Map", way), jump)
        return _aired(brief, source, _texture(source, loop, shot))
    return _aired(
        brief, source, _momentum(stage_of(last, subject_mask(last, eye)), moved, drift, shot)
    )


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
class _Shot:
    """The camera of the appended part; the pose at its first frame is where the source left it."""

    moves: Moves
    seconds: float
    fps: float

    def at(self, number: int) -> Pose:
        """Tell how far from the source's last frame the camera is at frame *number*."""
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


def _texture(source: Source, loop: _Loop, shot: _Shot) -> Iterator[Frame]:
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


def _reframed(picture: Frame, shot: _Shot, number: int) -> Frame:
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


def _momentum(stage: Stage, moved: Map, drift: Drift, shot: _Shot) -> Iterator[Frame]:
    """Let the camera before *stage*, the last frame, keep its way before it obeys."""
    height, width = moved.shape[:2]
    pace = Pose(
        x=-drift.x / width * 2 * (width / height) / _MEAN_INVERSE,
        y=-drift.y / height * 2 / _MEAN_INVERSE,
        z=min(max(drift.growth / _MEAN_INVERSE, -0.02), 0.03),
    )
    coast, settle = _COAST_SECONDS * shot.fps, _SETTLE_SECONDS * shot.fps
    rest = _rest(stage, pace, moved, settle)
    length = round(shot.seconds * shot.fps)
    ways = [_kept_in(pace, coast * (1 - math.exp(-number / coast))) for number in range(length + 2)]
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


# ── sound ─────────────────────────────────────────────────────────────────────────────────────────


def ended(sound: Sound, begins: int, length: int) -> Sound:
    """Let *sound* end softly at sample *begins*, and be silent up to *length*."""
    out = np.zeros((2, length), np.float32)
    there = min(begins, sound.shape[1])
    out[:, :there] = sound[:, :there]
    fade = min(int(0.15 * RATE), there)
    out[:, there - fade : there] *= np.linspace(1, 0, fade, dtype=np.float32)
    return out


def prolonged(sound: Sound, begins: int, length: int, seed: int) -> Sound:
    """Play the end of *sound* on, in soft grains, from sample *begins* to *length*; then fade."""
    kept = np.zeros((2, begins), np.float32)
    there = min(begins, sound.shape[1])
    kept[:, :there] = sound[:, :there]
    tail = kept[:, -int(2.2 * RATE) :]
    grain = min(int(1.2 * RATE), tail.shape[1])
    cross = min(int(0.08 * RATE), grain // 3)
    if cross < 2:
        return np.pad(kept, ((0, 0), (0, length - begins)))
    random = np.random.default_rng(seed)
    rising = np.sqrt(np.linspace(0, 1, cross, dtype=np.float32))
    out = np.zeros((2, length + grain), np.float32)
    out[:, :begins] = kept
    at = begins - cross
    while at < length:
        start = int(random.integers(0, max(1, tail.shape[1] - grain)))
        part = tail[:, start : start + grain]
        seam = out[:, at : at + cross] * rising[::-1] + part[:, :cross] * rising
        end = min(at + grain, out.shape[1])
        out[:, at:end] = part[:, : end - at]
        out[:, at : at + cross] = seam
        at += grain - cross
    fade = min(int(0.6 * RATE), max(1, length - begins))
    out = out[:, :length]
    out[:, length - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return out
