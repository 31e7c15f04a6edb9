"""Video extend: the film that was sent, and then what could have come next.

A film from text of our own says how it was made, and goes on just so; one from a picture says what
its camera was doing, and that goes on. Of all others nothing is known but what is seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import count, islice

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS, Brief, CannotRender, Notes, Tell
from kinetoscope.engines.studio.camera import ease, read_moves
from kinetoscope.engines.studio.continuing import (
    MEAN_INVERSE,
    AppendedShot,
    End,
    Motion,
    Steering,
    continued,
    gently,
)
from kinetoscope.engines.studio.course import Course
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame, Sound, read_audio, read_frames
from kinetoscope.engines.studio.motion import (
    glance,
)
from kinetoscope.engines.studio.notes import notes_on_picture
from kinetoscope.engines.studio.slate import Slate, read_slate
from kinetoscope.engines.studio.sound import ended, endless_bed, played_on, prolonged
from kinetoscope.engines.studio.source import Source, measure
from kinetoscope.engines.studio.splice import coded_pictures
from kinetoscope.engines.studio.story import Story
from kinetoscope.engines.studio.subject import Eye
from kinetoscope.engines.studio.vision import Map

_LAST = 8  # frames
_SAME = 6.0  # of 255: by so much a frame of ours may have changed on its way
_NEARLY = 0.003  # by so much a step of the camera may differ from its course anyway


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
        sequel = _sequel(brief, source, end, longer, eye=eye)
        for frame in () if whole else end.last:
            film.add(frame)
        for number, frame in enumerate(islice(sequel.frames, fresh), start=1):
            film.add(frame)
            begun = end.count / 4 if whole else end.count
            tell((begun + number) / (begun + fresh))
        if sound is not None:
            begins, length = (int(count / source.fps * RATE) for count in (end.count, film.frames))
            if not brief.sound:
                longer_sound = ended(sound, begins, length)
            elif sequel.bed is not None:
                longer_sound = played_on(sound, begins, sequel.bed()[:, :length])
            else:
                longer_sound = prolonged(sound, begins, length, brief.seed)
            film.add_audio(longer_sound)
    return sequel.notes


@dataclass(frozen=True, slots=True)
class _Sequel:
    """What follows: frames without end, what is not shown, the whole sound bed if known."""

    frames: Iterator[Frame]
    notes: Notes
    bed: Callable[[], Sound] | None = None


def _sequel(
    brief: Brief, source: Source, end: End, longer: Slate | None, *, eye: Eye | None
) -> _Sequel:
    """Choose how to go on after *end*: as *longer* says, as far as it can be believed."""
    story = _believed(longer, end)
    if story is not None:
        return _Sequel(_further(story, end.count, end.last[-1]), (), story.sound)
    motion = Motion.of(source, end)
    steering = _steering(longer, motion, end.count / source.fps)
    moves = read_moves(brief.prompt, brief.seed)
    shot = AppendedShot(moves, brief.seconds, float(source.fps), steering)
    frames = gently(continued(brief, source, end, (motion, shot, eye)), end.last)
    notes = notes_on_picture(brief.prompt, paints=False)
    if longer is None or steering is None:
        return _Sequel(frames, notes)
    return _Sequel(
        frames,
        notes,
        partial(endless_bed, longer.chapters[0].prompt, longer.seconds, longer.seed),
    )


def _copy(source: Source, film: FilmWriter | None, tell: Tell, total: int) -> End:
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
    return End(tuple(last), glances)


# ── a film of our own ─────────────────────────────────────────────────────────────────────────────


def _slate(source: Source) -> Slate | None:
    """Read what *source* says of itself, if that fits its size and its length."""
    slate = read_slate(source.note)
    if slate is None:
        return None
    fits = source.size == (slate.width, slate.height)
    lasts = source.fps == FPS and source.frames == slate.seconds * FPS
    return slate if fits and lasts else None


def _believed(longer: Slate | None, end: End) -> Story | None:
    """Take up the story, if the source really ends as it would; anybody can write a note."""
    if longer is None or longer.kind != "text":
        return None
    story = Story(longer)
    # Coding takes much of a painting's grain away, and nothing of what is seen at a glance.
    gap = float(np.abs(glance(story.frame(end.count - 1)) - end.glances[-1]).mean())
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


# ── a film from a picture ─────────────────────────────────────────────────────────────────────────


def _steering(longer: Slate | None, motion: Motion, ended: Fraction) -> Steering | None:
    """Take up the course of a film from a picture, if the source moves as it would."""
    if longer is None or longer.kind != "picture":
        return None
    steering = Steering(Course(longer), float(ended) - 1 / FPS)
    told = steering.at(1 / FPS)
    shifts = (
        (motion.pace.x, told.x + told.yaw / MEAN_INVERSE),
        (motion.pace.y, told.y + told.pitch / MEAN_INVERSE),
        (motion.pace.z, told.z),
    )
    fits = all(abs(a - b) < _NEARLY + max(abs(a), abs(b)) / 2 for a, b in shifts)
    return steering if fits else None
