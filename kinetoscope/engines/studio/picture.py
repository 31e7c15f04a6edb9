"""Image to video: one picture, taken apart into near and far, and a camera that moves before it."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS, Brief, Notes, Tell
from kinetoscope.engines.studio.course import Course
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame
from kinetoscope.engines.studio.framing import framed
from kinetoscope.engines.studio.lab import printed
from kinetoscope.engines.studio.notes import notes_on_picture
from kinetoscope.engines.studio.parallax import stage_of
from kinetoscope.engines.studio.slate import Slate
from kinetoscope.engines.studio.sound import bed_for
from kinetoscope.engines.studio.stills import flat, open_still
from kinetoscope.engines.studio.subject import Eye, along_edges, best_eye, subject_mask
from kinetoscope.engines.studio.sway import Sway
from kinetoscope.engines.studio.vision import Map

_READ, _SEEN, _STAGED = 0.04, 0.10, 0.18  # shares of the work that come before the first frame


def render(brief: Brief, tell: Tell, eye: Eye | None = None) -> Notes:
    """Draw the film that *brief* asks for, as *eye* (or else the best one) sees its picture."""
    eye = eye or best_eye()
    picture, mask = _framed(brief, tell, eye)
    stage, sway = stage_of(picture, mask), Sway(picture, mask, brief.prompt)
    tell(_STAGED)
    slate, count = Slate.of(brief, "picture"), brief.seconds * FPS
    course = Course(slate)
    path = [stage.aimed(course(index / FPS)) for index in range(count)]
    zoom = stage.zoom_for(path[:: max(1, count // 8)])
    frames = (stage.frame(at, zoom, bend=sway(n / FPS)) for n, at in enumerate(path))
    size = (brief.width, brief.height)
    rate = RATE if brief.sound else None
    note = slate.to_note()
    with FilmWriter(brief.film, *size, audio_rate=rate, title=brief.prompt, note=note) as film:
        if brief.sound:
            film.add_audio(bed_for(brief))
        for frame in printed(frames, brief):
            film.add(frame)
            tell(1 - (1 - _STAGED) * (count - film.frames) / count)
    return notes_on_picture(brief.prompt)


def _framed(brief: Brief, tell: Tell, eye: Eye) -> tuple[Frame, Map]:
    """Crop the picture to the film's shape, with the subject in view; tell where that is.

    To look for it takes longer than all the rest before the first frame: it is done once.
    """
    still = flat(open_still(brief.images[0], brief.width, brief.height))
    tell(_READ)
    seen = subject_mask(still, eye, fine=False)
    tell(_SEEN)
    size, around = (brief.width, brief.height), seen if eye.sharp else None
    picture = framed(still, *size, around)
    marks = framed(cast("Frame", cv2.merge([(seen * 255).astype(np.uint8)] * 3)), *size, around)
    mask = (marks[..., 0] / np.float32(255)).astype(np.float32)
    return picture, along_edges(picture, mask) if mask.any() else mask
