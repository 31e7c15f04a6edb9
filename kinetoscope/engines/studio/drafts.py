"""A child that draws drafts: cards that say what was asked, for tests of whoever asks.

Every draft has the size, the length, the rate and the sound of the film that it stands for, and
says on every frame that it is a test.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from PIL import Image, ImageDraw, ImageFont

from kinetoscope.engines.studio.brief import FPS, Brief, Notes, Tell
from kinetoscope.engines.studio.child import Renderer, run
from kinetoscope.engines.studio.sheets import (
    GREY,
    WHITE,
    DraftWriter,
    Sheet,
    film_size,
    read_film,
    read_picture,
    sheet_of,
)

_MARK, _MARK_STRENGTH = "TEST", 110
_PAPERS = ((38, 50, 66), (58, 42, 62), (34, 58, 54), (66, 50, 38), (40, 44, 72), (62, 38, 46))
_INK, _FAINT = (236, 238, 242), (150, 158, 172)
_LONGEST_READ = 400
_MOST_LINES = 3
_FARTHEST = 0.85  # how much of a picture is left at the end of its zoom


def main() -> int:
    """Draw one draft."""
    return run(_renderer_of)


def render(brief: Brief, tell: Tell) -> Notes:
    """Draw the draft of *brief*; tell the share that is done."""
    size = film_size(brief.video) if brief.video else (brief.width, brief.height)
    look = _Look(brief, size)
    made = _sheets(brief, look)
    heard = brief.video if brief.sound else None
    beeps = brief.sound and (brief.video is None or brief.seconds > 0)
    title = _one_line(brief.prompt)
    with DraftWriter(brief.film, size, beeps=beeps, heard=heard, title=title) as film:
        for sheet in made:
            film.add(sheet)
            tell(min(0.99, film.frames / max(1, brief.seconds * FPS)))
    return ()


def _renderer_of(operation: str) -> Renderer:
    del operation  # all of them are drawn by what they come with
    return render


def _sheets(brief: Brief, look: _Look) -> Iterator[Sheet]:
    """Yield the frames: of the source first, if there is one, and then of what is new."""
    last: Sheet | None = None
    before = 0
    if brief.video is not None:
        for number, last in enumerate(read_film(brief.video, look.size)):
            before = number + 1
            yield look.marked(last.copy(), number)
    total = brief.seconds * FPS
    scene = _scene(brief, look, last)
    for number in range(total):
        yield look.marked(scene(number, total), before + number)


_Scene = Callable[[int, int], Sheet]


def _scene(brief: Brief, look: _Look, last: Sheet | None) -> _Scene:
    """Choose what is new: the pictures one after the other, the last frame, or else a card."""
    zoom = _Zoom()
    if last is not None:
        return partial(zoom, last)
    if not brief.images:
        return look.card
    read = lru_cache(maxsize=1)(read_picture)

    def show(number: int, total: int) -> Sheet:
        each = -(-total // len(brief.images))
        return zoom(read(brief.images[number // each], look.size), number % each, each)

    return show


class _Zoom:
    """Comes nearer to a picture, a step for every second frame: each costs as much as a frame."""

    def __init__(self) -> None:
        self._made: Sheet | None = None

    def __call__(self, picture: Sheet, number: int, total: int) -> Sheet:
        """Show the picture at a frame of so many; the sheet may be drawn on."""
        if self._made is None or number % 2 == 0:
            self._made = picture.zoomed(1 - (1 - _FARTHEST) * number / max(1, total - 1))
        return self._made.copy()


@dataclass(frozen=True)
class _Place:
    """Where a text stands: its left upper corner, and its letters as a mask."""

    at: tuple[int, int]
    mask: Image.Image


class _Look:
    """What stands on every frame of a draft of one size, and how a card looks."""

    def __init__(self, brief: Brief, size: tuple[int, int]) -> None:
        self.size = size
        self._brief = brief
        self._unit = min(size) / 480
        width, height = size
        self._strip = (0, height - 2 * int(22 * self._unit), width, height)
        self._mark = self._stand(_MARK, 96, (0.5, 0.82), strength=_MARK_STRENGTH)
        said = f"{_MARK}  ·  {brief.operation}  ·  {width} x {height}"
        self._facts = self._stand(said, 15, (0.0, 1.0))
        self._card = None if brief.video or brief.images else self._draw_card()

    def marked(self, sheet: Sheet, number: int) -> Sheet:
        """Say on a frame that it is a test, of what, and how far it is."""
        sheet.darken(self._strip)
        for place in (self._mark, self._facts, self._clock(number)):
            sheet.light.paste(WHITE, place.at, place.mask)
        return sheet

    def card(self, number: int, total: int) -> Sheet:
        """Draw the card of a text: its words, and a hand that turns once in a second."""
        assert self._card is not None
        sheet = self._card.copy()
        draw = ImageDraw.Draw(sheet.light)
        turn = 360 * (number % FPS) / FPS
        draw.pieslice(self._dial(0.92), -90, turn - 90, fill=WHITE * 2 // 3)
        draw.ellipse(self._dial(0.55), fill=GREY // 2)
        second = self._stand(str(number // FPS), 44, (0.5, 0.3))
        sheet.light.paste(WHITE, second.at, second.mask)
        width, height = self.size
        done = int(width * (number + 1) / total)
        draw.rectangle((0, height - int(4 * self._unit) - 1, done, height), fill=WHITE)
        return sheet

    def _draw_card(self) -> Sheet:
        picture = Image.new("RGB", self.size, _PAPERS[self._brief.seed % len(_PAPERS)])
        draw = ImageDraw.Draw(picture)
        draw.ellipse(self._dial(1.0), outline=_FAINT, width=max(2, int(3 * self._unit)))
        font = _font(22 * self._unit)
        width, height = self.size
        top = height * 0.3 + 110 * self._unit
        for line in _lines(_one_line(self._brief.prompt), font, width * 0.86):
            draw.text((width / 2, top), line, _INK, font, anchor="mt")
            top += 30 * self._unit
        return sheet_of(picture)

    def _dial(self, share: float) -> tuple[float, float, float, float]:
        """Tell the box of a circle around the dial's middle."""
        radius = 84 * self._unit * share
        across, down = self.size[0] / 2, self.size[1] * 0.3
        return across - radius, down - radius, across + radius, down + radius

    def _clock(self, number: int) -> _Place:
        return self._stand(f"{number / FPS:.1f} s", 15, (1.0, 1.0))

    def _stand(
        self, text: str, points: float, place: tuple[float, float], strength: int = 255
    ) -> _Place:
        """Place a text by the share of the room beside and above it."""
        font = _font(points * self._unit)
        left, top, right, bottom = font.getbbox(text)
        margin = int(12 * self._unit)
        mask = Image.new("L", (int(right - left), int(bottom - top)))
        ImageDraw.Draw(mask).text((-left, -top), text, strength, font)
        across = (self.size[0] - mask.width - 2 * margin) * place[0] + margin
        down = (self.size[1] - mask.height - 2 * margin) * place[1] + margin
        return _Place((int(across), int(down)), mask)


@lru_cache(maxsize=8)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Get the letters that Pillow brings along."""
    return ImageFont.load_default(max(8.0, size))


def _one_line(text: str) -> str:
    words = "".join(each if each.isprintable() else " " for each in text[:_LONGEST_READ]).split()
    return " ".join(words)


def _lines(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float
) -> Iterator[str]:
    """Break a text into a few lines; what does not fit is left out, and a sign says so."""
    rest = text
    for number in range(_MOST_LINES):
        if not rest:
            return
        count = len(rest)
        while count > 1 and font.getlength(rest[:count]) > width:
            count = count * 3 // 4 if font.getlength(rest[: count * 3 // 4]) > width else count - 1
        if count < len(rest) and " " in rest[:count]:
            count = rest[:count].rindex(" ")
        line, rest = rest[:count], rest[count:].lstrip()
        is_cut = rest and number == _MOST_LINES - 1
        yield f"{line[:-1]}…" if is_cut else line


if __name__ == "__main__":
    sys.exit(main())
