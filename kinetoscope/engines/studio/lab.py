"""The lab: what is done to the frames of a film from pictures before they are coded."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kinetoscope.engines.studio.brief import FPS, Brief
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.finish import Finish
from kinetoscope.engines.studio.scenes.weather import weathers
from kinetoscope.engines.studio.script import read_script, read_weather
from kinetoscope.engines.studio.stills import GRAIN
from kinetoscope.engines.studio.styles import style_of


def printed(frames: Iterator[Frame], brief: Brief) -> Iterator[Frame]:
    """Paint *frames* in the style that *brief* asks for, let its weather fall, and add grain."""
    size = (brief.width, brief.height)
    style = read_script(brief.prompt, brief.seed).style
    if style is not None:
        frames = style_of(style, (*size, brief.seed)).film(frames, Fraction(FPS))
    finish, airs = Finish(size, grain=GRAIN), weathers(read_weather(brief.prompt), size, brief.seed)
    for number, frame in enumerate(frames):
        for air in airs:
            air(frame, number / FPS)
        yield finish(frame, number)
