"""Films from text: a story of one chapter, and the slate by which it can be gone on with."""

from __future__ import annotations

from kinetoscope.engines.studio.brief import FPS, Brief, Notes, Tell
from kinetoscope.engines.studio.film import RATE, FilmWriter
from kinetoscope.engines.studio.notes import notes_on_scene
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.slate import Slate
from kinetoscope.engines.studio.sound import fading
from kinetoscope.engines.studio.story import Story

_SET_UP = 0.06  # the share of the work that is done before the first frame


def render(brief: Brief, tell: Tell) -> Notes:
    """Draw the film of *brief*; tell the share that is done from the first moment on."""
    tell(0.01)
    slate = Slate.of(brief)
    story = Story(slate)
    story.frame(0)
    tell(_SET_UP)
    frames = brief.seconds * FPS
    size = (brief.width, brief.height)
    rate, note = RATE if brief.sound else None, slate.to_note()
    with FilmWriter(brief.film, *size, audio_rate=rate, title=brief.prompt, note=note) as film:
        if brief.sound:
            sound = story.sound()
            film.add_audio(sound * fading(sound.shape[1]))
        for number in range(frames):
            film.add(story.frame(number))
            tell(_SET_UP + (0.99 - _SET_UP) * (number + 1) / frames)
    return notes_on_scene(brief.prompt, read_script(brief.prompt, brief.seed))
