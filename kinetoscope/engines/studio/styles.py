"""Styles: what a whole film can be painted, drawn or printed with, by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from kinetoscope.engines.studio.brushes import Brush, Comic, Crayon, Ink, Pencil, Steady, cel
from kinetoscope.engines.studio.classic import Graded, Oil, Watercolour
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.grades import BRIGHT, NOIR, SEPIA, STARRY
from kinetoscope.engines.studio.inbetweens import Paint, Painted
from kinetoscope.engines.studio.painter import Painter, best_painter
from kinetoscope.engines.studio.paints import Learned, Recipe


class Drawn:
    """Draws every frame anew with a quick *brush*."""

    def __init__(self, brush: Brush) -> None:
        self._brush = brush

    def __call__(self, picture: Frame, _seconds: float = 0) -> Frame:
        """Draw a picture that stands alone."""
        return self._brush(picture)

    def frame(self, number: int, draw: Callable[[int], Frame]) -> Frame:
        """Draw frame *number*."""
        return self._brush(draw(number))

    def film(self, frames: Iterator[Frame], _fps: Fraction) -> Iterator[Frame]:
        """Draw *frames* one after the other."""
        return map(Steady(self._brush), frames)


Style = Painted | Drawn
"""Lays one style over frames that come one by one, are asked for by number, or follow."""

_LEARNED: Mapping[str, Recipe] = {
    "starry": Recipe({19: 1}, forms=0.35, colours=0.1, vivid=1.4, edges=0.3, mood=0.05, broad=0.9),
    "oil": Recipe(
        {0: 0.5, 5: 0.5},
        forms=0.3,
        colours=0.75,
        vivid=1.45,
        edges=0.3,
        mood=0.6,
        relief=0.35,
        paper=0.025,
    ),
    "watercolour": Recipe(
        {14: 0.75, 2: 0.25},
        forms=0.15,
        colours=0.85,
        vivid=1.7,
        edges=0.25,
        paper=0.03,
    ),
    "impressionist": Recipe(
        {12: 1}, forms=0.2, colours=0.4, vivid=1.6, edges=0.25, mood=0.25, relief=0.2, paper=0.025
    ),
    "woodblock": Recipe({24: 1}, forms=0.15, colours=0.15, vivid=1.2, edges=0.2, paper=0.03),
    "crayon": Recipe({8: 1}, forms=0.15, colours=0.7, vivid=1.5, edges=0.3, paper=0.045),
}


def _starry(width: int, height: int, seed: int) -> Paint:
    return Graded(Oil(width, height, seed, swirl=1.6), STARRY)


def _impressionist(width: int, height: int, seed: int) -> Paint:
    return Graded(Oil(width, height, seed, swirl=1.3), BRIGHT)


_CLASSIC: Mapping[str, Callable[[int, int, int], Paint]] = {
    "watercolour": Watercolour,
    "oil": Oil,
    "starry": _starry,
    "impressionist": _impressionist,
}
_BRUSHES: Mapping[str, Callable[[int, int, int], Brush]] = {
    "ink": Ink,
    "woodblock": Ink,
    "sketch": Pencil,
    "crayon": Crayon,
    "comic": Comic,
    "toon": lambda _width, _height, _seed: cel,
    "noir": lambda _width, _height, _seed: NOIR,
    "vintage": lambda _width, _height, _seed: SEPIA,
}

STYLES = frozenset(_LEARNED) | frozenset(_CLASSIC) | frozenset(_BRUSHES)


def style_of(
    name: str,
    canvas: tuple[int, int, int],
    *,
    painter: Callable[[], Painter | None] = best_painter,
) -> Style:
    """Prepare the style *name*, or two that are joined by `+`, for a width, a height and a seed.

    *painter* finds the network that some are better painted with; they do without it, too, and
    then of two only the first is seen.
    """
    first, *more = name.split("+")
    found = painter() if first in _LEARNED else None
    if found is not None:
        recipe = functools.reduce(Recipe.mixed, (_LEARNED[one] for one in more), _LEARNED[first])
        return Painted(Learned(found, recipe, canvas))
    if first in _CLASSIC:
        return Painted(_CLASSIC[first](*canvas))
    return Drawn(_BRUSHES[first](*canvas))
