"""Edit video: the looks that a sentence asks for, laid over every frame; the sound stays."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio import brushes, grades
from kinetoscope.engines.studio.brief import Brief, Notes, Tell
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame, read_audio, read_frames
from kinetoscope.engines.studio.following import (
    Canvas,
    Dye,
    Elsewhere,
    Look,
    Portrait,
    read_backdrop,
)
from kinetoscope.engines.studio.inbetweens import Painted
from kinetoscope.engines.studio.notes import notes_on_edit
from kinetoscope.engines.studio.pace import paced, read_pace
from kinetoscope.engines.studio.scenes.weather import weathers
from kinetoscope.engines.studio.script import mixed
from kinetoscope.engines.studio.sound import stretched
from kinetoscope.engines.studio.source import measure
from kinetoscope.engines.studio.styles import Drawn, style_of

_SET_UP = 0.04
_Build = Callable[[Canvas], list[Look]]


def render(brief: Brief, tell: Tell) -> Notes:
    """Lay the looks that *brief* asks for over its video."""
    source = measure(brief.video)
    path, size = source.path, source.size
    place, rest = read_backdrop(brief.prompt)
    pace = read_pace(rest)
    looks = read_looks(rest, Canvas(*size, brief.seed), fallback=not place and pace.usual)
    if place:
        looks.insert(0, Elsewhere(place, Canvas(*size, brief.seed)))
    tell(_SET_UP)
    whole = source.frames * (2 if pace.slow else 1)
    kept = None if pace.slow else path
    slowed = source.audio and pace.slow
    with FilmWriter(
        brief.film,
        *size,
        fps=source.fps,
        audio_from=kept,
        audio_rate=RATE if slowed else None,
        title=brief.prompt,
    ) as film:
        sound = read_audio(path) if slowed else None
        if sound is not None:
            film.add_audio(stretched(sound, 2))
        frames = paced(read_frames(path, size, fps=source.fps), pace)
        for index, frame in enumerate(laid(looks, frames, source.fps)):
            film.add(frame)
            tell(1 - (1 - _SET_UP) * max(0, whole - index - 1) / whole)
    tell(1.0)
    known = bool(place) or not pace.usual or names_a_look(rest)
    return notes_on_edit(brief.prompt, known=known)


def read_looks(prompt: str, canvas: Canvas, *, fallback: bool = True) -> list[Look]:
    """Find the looks that *prompt* asks for, in the order in which they are laid.

    There is always one, unless there may be none without a *fallback*.
    """
    text = _NOT_WANTED.sub(" ", prompt.lower())
    builders = _with_mixed_styles([build for words, build in _LOOKS if re.search(words, text)])
    found = [look for build in builders for look in build(canvas)]
    recoloured = _recolouring(text)
    if recoloured is not None:
        found.insert(0, recoloured)
    return found or ([_plain(_surprise(text))] if fallback else [])


def laid(looks: list[Look], frames: Iterator[Frame], fps: Fraction) -> Iterator[Frame]:
    """Lay *looks* over *frames*, *fps* of which are shown in a second, one look over the other."""
    for look in looks:
        if isinstance(look, Painted | Drawn):
            frames = look.film(frames, fps)
        else:
            frames = _each(look, frames, fps)
    return frames


def _each(look: Look, frames: Iterator[Frame], fps: Fraction) -> Iterator[Frame]:
    return (look(frame, float(number / fps)) for number, frame in enumerate(frames))


def names_a_look(prompt: str) -> bool:
    """Tell whether *prompt* names a look that is known."""
    text = _NOT_WANTED.sub(" ", prompt.lower())
    return _recolouring(text) is not None or any(re.search(words, text) for words, _ in _LOOKS)


_NOT_WANTED = re.compile(r"\b(no|without|instead of|not|remove the|less) (the |any )?\w+")


# ── looks that remember ───────────────────────────────────────────────────────────────────────────


class OldFilm:
    """A worn reel: sepia, grain, a gate that trembles, a lamp that flickers, dust and scratches."""

    def __init__(self, canvas: Canvas) -> None:
        width, height = canvas.width, canvas.height
        self._random = np.random.default_rng(canvas.seed)
        self._grains = [
            cv2.merge(
                [np.abs(self._random.normal(0, 9, (height, width))).clip(0, 60).astype(np.uint8)]
                * 3
            )
            for _ in range(4)
        ]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        fall = (1.05 - 0.55 * (x * x + y * y) ** 1.1).clip(0.15, 1) * 255
        self._fall = cv2.merge([fall.clip(0, 255).astype(np.uint8)] * 3)

    def __call__(self, picture: Frame, seconds: float) -> Frame:
        """Wear one frame out."""
        random, (height, width) = self._random, picture.shape[:2]
        aged = grades.SEPIA(picture)
        tremble = height / 720
        gate = np.array(
            [[1, 0, random.normal(0, 0.8) * tremble], [0, 1, random.normal(0, 1.1) * tremble]]
        )
        # Four values a pixel: OpenCV is twice as quick with them.
        four = cv2.cvtColor(aged, cv2.COLOR_BGR2BGRA)
        moved = cv2.warpAffine(four, gate, (width, height), borderMode=cv2.BORDER_REFLECT)
        steady = cv2.cvtColor(moved, cv2.COLOR_BGRA2BGR)
        lamp = 1 + 0.05 * math.sin(seconds * 41) + 0.03 * random.normal()
        grain = self._grains[int(random.integers(len(self._grains)))]
        grainy = cv2.add(steady, grain) if random.random() < 0.5 else cv2.subtract(steady, grain)
        aged = cast("Frame", cv2.multiply(grainy, self._fall, scale=lamp / 255))
        return self._scratched(aged)

    def _scratched(self, picture: Frame) -> Frame:
        random, (height, width) = self._random, picture.shape[:2]
        for _ in range(int(random.integers(0, 3))):
            x = int(random.integers(0, width))
            end = (x + int(random.integers(-3, 4)), height)
            cv2.line(picture, (x, 0), end, (200, 205, 210), 1, cv2.LINE_AA)
        if random.random() < 0.4:
            speck = (int(random.integers(0, width)), int(random.integers(0, height)))
            cv2.circle(picture, speck, max(1, height // 240), (20, 25, 30), -1, cv2.LINE_AA)
        return picture


# ── which words ask for which look ────────────────────────────────────────────────────────────────


def _plain(change: Callable[[Frame], Frame]) -> Look:
    def look(picture: Frame, _seconds: float) -> Frame:
        return change(picture)

    return look


def _simple(change: Callable[[Frame], Frame]) -> _Build:
    def build(_canvas: Canvas) -> list[Look]:
        return [_plain(change)]

    return build


@dataclass(frozen=True, slots=True)
class _Style:
    """Builds the look of a whole film that is painted, drawn or printed."""

    name: str

    def __call__(self, canvas: Canvas) -> list[Look]:
        return [style_of(self.name, (canvas.width, canvas.height, canvas.seed))]


def _with_mixed_styles(builders: list[_Build]) -> list[_Build]:
    """Let one painting show two styles, rather than paint one painting over another."""
    styles = mixed(build.name for build in builders if isinstance(build, _Style))
    first = next((n for n, build in enumerate(builders) if isinstance(build, _Style)), 0)
    others = [build for build in builders if not isinstance(build, _Style)]
    return [*others[:first], *map(_Style, styles), *others[first:]]


def _air(grade: grades.Grade, kind: str) -> _Build:
    def build(canvas: Canvas) -> list[Look]:
        [falls] = weathers([kind], (canvas.width, canvas.height), canvas.seed)

        def look(picture: Frame, seconds: float) -> Frame:
            graded = grade(picture)
            falls(graded, seconds)
            return graded

        return [look]

    return build


def _portrait(canvas: Canvas) -> list[Look]:
    return [Portrait(canvas)]


def _old_film(canvas: Canvas) -> list[Look]:
    return [OldFilm(canvas)]


_CRAYON = r"colou?red pencil|crayon|chalk|彩铅|蜡笔"
_WOODBLOCK = r"ukiyo|wood ?(block|cut)|hokusai|linocut|浮世绘|木版画"
_IMPRESSIONIST = r"impressionis|\bmonet\b|renoir|pastel (drawing|painting|style)|印象派|莫奈"
# Every painting may be in oil: it is said of another style, too.
_OILY = (
    r"^(?!.*(\bink\b|water ?colou?r|anime|pencil|van gogh"
    rf"|{_WOODBLOCK}|{_CRAYON}|{_IMPRESSIONIST}))"
    r".*(\boils?\b|油画|\bpaint(ing|ed|erly)\b(?! of))"
)

# In the order in which they are laid: what is drawn, then its light, then the air before it.
_LOOKS: tuple[tuple[str, _Build], ...] = (
    (r"mirror|\bflip(ped)? (it |horizontal|the)", _simple(grades.mirrored)),
    (r"upside[- ]?down", _simple(grades.upside_down)),
    (r"blur\w* (the |its )?background|bokeh|depth of field|portrait mode|背景虚化", _portrait),
    (r"\bcomics?\b|graphic novel|pop[- ]art|half-?tone|漫画|波普", _Style("comic")),
    (r"anime|cartoon|\bcel\b|manga|toon|ghibli|animated|动漫|卡通", _Style("toon")),
    (_CRAYON, _Style("crayon")),
    (rf"^(?!.*({_CRAYON})).*(pencil|sketch|line drawing|charcoal|素描)", _Style("sketch")),
    (_WOODBLOCK, _Style("woodblock")),
    (rf"^(?!.*({_WOODBLOCK})).*(\bink\b|sumi\b|calligraph|水墨)", _Style("ink")),
    (r"water ?colou?r|aquarelle|水彩", _Style("watercolour")),
    (r"van gogh|starry|梵高", _Style("starry")),
    (_IMPRESSIONIST, _Style("impressionist")),
    (_OILY, _Style("oil")),
    (r"pixel|8[- ]?bit|16[- ]?bit|minecraft|像素", _simple(brushes.pixels)),
    (r"noir|black[- ]and[- ]white|monochrome|b&w|gr[ae]yscale|黑白", _simple(grades.NOIR)),
    (r"(?<!starry )\bnight|midnight|moonl|nocturn|夜", _simple(grades.NIGHT)),
    (r"cyberpunk|neon|vaporwave|synthwave|blade runner|赛博", _simple(grades.neon)),
    (r"golden|sunset|sunrise|\bwarm|日落", _simple(grades.GOLDEN)),
    (r"\bcold|\bcool(er)?\b|winter|\bic[ey]|frozen|冬", _simple(grades.COLD)),
    (r"thermal|infrared|heat ?(cam|map|vision)|predator", _simple(grades.thermal)),
    (r"negative|invert", _simple(grades.negative)),
    (r"vivid|vibrant|colou?rful|saturat", _simple(grades.VIVID)),
    (r"\bdark(er|en)?\b|gloomy|ominous|horror|scary", _simple(grades.DARK)),
    (r"\bbright(er|en)?\b|lighter", _simple(grades.BRIGHT)),
    (r"\bfog|\bmist|\bhaz[ey]|雾", _simple(grades.fog)),
    (r"dream|\bglow|magic|fantasy|ethereal|梦", _air(grades.DREAMY, "fireflies")),
    (r"\brain|storm|downpour|雨", _air(grades.WET, "rain")),
    (r"\bsnow|blizzard|christmas|雪", _air(grades.COLD, "snow")),
    (r"ember|\bfire\b|sparks|flames|burning", _air(grades.FIRELIT, "embers")),
    (r"aurora|northern lights|极光", _air(grades.NIGHT, "aurora")),
    (r"firework|烟花", _air(grades.DARK, "fireworks")),
    (
        r"vintage|old (film|movie)|super[- ]?8|retro|sepia|19[0-8]0|film grain|silent|复古",
        _old_film,
    ),
)

_COLOUR = "|".join(grades.HUES)
_SWAP = re.compile(
    rf"\b({_COLOUR})\b[^.]{{0,30}}?\b(?:to|into|with|by)\b[^.]{{0,12}}?\b({_COLOUR})\b"
)
_DYE = re.compile(
    rf"\b(?:make|turn|chang\w*|paint|colou?r|recolou?r|dye|tint)\b[^.]{{0,40}}?\b({_COLOUR})\b"
)


def _recolouring(text: str) -> Look | None:
    swap = _SWAP.search(text)
    if swap is not None:
        found, wanted = grades.HUES[swap[1]], grades.HUES[swap[2]]
        return _plain(lambda picture: grades.swapped(picture, wanted, found))
    dye = _DYE.search(text)
    return Dye(grades.HUES[dye[1]]) if dye is not None else None


def _surprise(text: str) -> grades.Grade:
    """Choose a grade for a wish that none of the looks fulfils: by its words, else by its hash."""
    for words, grade in (
        (r"sad|lonel|melanchol|seri|drama|war|city|street", grades.MOODY),
        (r"happy|joy|beach|holiday|summer|sun", grades.SUMMER),
        (r"cute|baby|soft|love|spring|flower", grades.PASTEL),
        (r"action|cinema|movie|film|epic|hollywood|space", grades.TEAL_ORANGE),
    ):
        if re.search(words, text):
            return grade
    number = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0]
    return grades.SURPRISES[number % len(grades.SURPRISES)]
