"""Styles: what a film is painted, drawn or printed with, with the painter and without it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.following import Canvas
from kinetoscope.engines.studio.inbetweens import Painted
from kinetoscope.engines.studio.looks import laid, read_looks
from kinetoscope.engines.studio.painter import WEIGHTS, Painter, best_painter
from kinetoscope.engines.studio.paints import Learned
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.styles import STYLES, Style, style_of

SIZE = (256, 144)
PAINTS = ("crayon", "impressionist", "oil", "starry", "watercolour", "woodblock")
FPS = Fraction(24)

Finds = Callable[[], Painter | None]


def nobody() -> None:
    """Find no painter, as where its package is not installed."""


either = pytest.mark.parametrize("painter", [best_painter, nobody], ids=["painter", "classic"])


def scene(aside: float = 0, noise: int = 0) -> Frame:
    """Draw a red ball on a green hill before a sunset, seen from *aside*."""
    wide, tall = SIZE
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32)
    sky = np.dstack([190 - y, 130 + y / 3, 150 + y * 0.7])
    hill = np.dstack(
        [40 + 20 * np.sin((x + aside) / 9), 110 + 30 * np.sin((x + aside) / 17), 60 + y / 4]
    )
    picture = np.where((y > 84 + 9 * np.sin((x + aside) / 40))[..., None], hill, sky)
    ball = ((x - 90 + aside) ** 2 + (y - 90) ** 2 < 26**2)[..., None]
    picture = np.where(ball, np.dstack([30 + y / 4, 30 + y / 4, 120 + y]), picture)
    grain = np.random.default_rng(noise).normal(0, 2, picture.shape) if noise else 0
    return (picture + grain).clip(0, 255).astype(np.uint8)


def style(name: str, painter: Finds = best_painter) -> Style:
    return style_of(name, (*SIZE, 5), painter=painter)


def light(frame: Frame) -> np.ndarray:
    return cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.float32)


def colourful(frame: Frame) -> float:
    """Tell how far colours are from grey, on average."""
    lab = cv2.cvtColor(frame, cv2.COLOR_BGR2LAB).astype(np.float32) - 128
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def strokes(frame: Frame) -> float:
    """Tell how much of what is seen is finer than forms."""
    grey = light(frame)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 3)).std())


def differ(one: Frame, other: Frame) -> float:
    return float(cv2.absdiff(one, other).mean())


# ── the painter ───────────────────────────────────────────────────────────────────────────────────


def test_the_painter_is_at_hand() -> None:
    assert best_painter() is not None, "its package is in the extra `studio`"


def test_a_painter_that_is_not_installed_is_done_without() -> None:
    assert replace(WEIGHTS, package="no-such-package-at-all").opened() is None
    assert replace(WEIGHTS, file="no_such_file.onnx").opened() is None


def test_a_file_that_is_not_the_known_one_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert replace(WEIGHTS, digest="0" * 64).opened() is None

    assert "is not the file that the studio knows" in caplog.text


def test_with_the_painter_and_without_it_paintings_differ() -> None:
    learned, classic = (
        style("watercolour", painter)(scene()) for painter in (best_painter, nobody)
    )

    assert differ(learned, classic) > 8


# ── what was promised ─────────────────────────────────────────────────────────────────────────────


@either
@pytest.mark.parametrize("name", PAINTS)
def test_what_is_painted_can_still_be_told(name: str, painter: Finds) -> None:
    source = scene()

    painted = style(name, painter)(source)

    own, forms = (cv2.GaussianBlur(light(one), (0, 0), 3) for one in (source, painted))
    assert float(cv2.matchTemplate(own, forms, cv2.TM_CCOEFF_NORMED)[0, 0]) > 0.75
    assert differ(source, painted) > 8
    assert painted.shape == source.shape


@either
def test_van_gogh_is_blue_and_yellow_in_strokes(painter: Finds) -> None:
    source = scene()

    painted = style("starry", painter)(source)

    blue, _, red = (float(painted[..., band].mean()) for band in range(3))
    own_blue, _, own_red = (float(source[..., band].mean()) for band in range(3))
    assert blue - red > own_blue - own_red + 20
    assert strokes(painted) > 1.5 * strokes(source)


@either
@pytest.mark.parametrize("name", ["oil", "watercolour"])
def test_oil_and_watercolour_keep_the_colours_and_make_them_richer(
    name: str, painter: Finds
) -> None:
    painted = style(name, painter)(scene())

    assert colourful(painted) > colourful(scene())
    blue, green, red = painted[90, 90].astype(int)
    assert red > max(blue, green) + 50, "the ball is red"


@either
def test_watercolour_is_light_on_paper(painter: Finds) -> None:
    dark = (scene() * 0.6).astype(np.uint8)

    painted = style("watercolour", painter)(dark)

    assert light(painted).mean() > 1.15 * light(dark).mean()
    assert strokes(painted) > strokes(dark)


@either
def test_a_woodblock_print_has_few_colours_and_strong_lines(painter: Finds) -> None:
    painted = style("woodblock", painter)(scene())

    assert colourful(painted) < 0.7 * colourful(scene())
    assert strokes(painted) > strokes(scene())


@either
def test_crayons_leave_the_paper_white(painter: Finds) -> None:
    drawn = style("crayon", painter)(scene())

    assert light(drawn).mean() > 160
    assert colourful(drawn) > 8


def test_a_comic_has_dots_where_there_is_shade_and_none_in_the_light() -> None:
    shade, bright = (np.full((*SIZE[::-1], 3), level, np.uint8) for level in (90, 245))

    assert light(style("comic")(shade)).std() > 8
    assert light(style("comic")(bright)).std() < 2


@pytest.mark.parametrize(
    "words, name",
    [
        ("in the style of van gogh", "starry"),
        ("an oil painting by van gogh", "starry"),
        ("oil painting", "oil"),
        ("watercolour", "watercolour"),
        ("a water color painting", "watercolour"),
        ("like Monet", "impressionist"),
        ("an impressionist painting", "impressionist"),
        ("a japanese woodblock print", "woodblock"),
        ("an ink painting", "ink"),
        ("drawn with coloured pencils", "crayon"),
        ("pencil sketch", "sketch"),
        ("comic book style", "comic"),
        ("anime", "toon"),
    ],
)
def test_words_choose_one_style_in_films_from_text_and_in_edits(words: str, name: str) -> None:
    assert name in STYLES
    assert read_script(f"hills, {words}", 3).style == name
    (look,) = read_looks(words, Canvas(*SIZE, 5))
    assert differ(look(scene(), 0), style(name)(scene())) == 0


def test_two_styles_are_mixed_into_one_painting() -> None:
    words = "in the style of van gogh and of a japanese woodblock"
    assert read_script(f"hills, {words}", 3).style == "woodblock+starry"
    (look,) = read_looks(words, Canvas(*SIZE, 5))

    both = look(scene(), 0)

    apart = differ(style("starry")(scene()), style("woodblock")(scene()))
    assert all(0.1 * apart < differ(both, style(name)(scene())) for name in ("starry", "woodblock"))


def test_of_two_styles_the_classic_brushes_show_the_first() -> None:
    both = style("watercolour+starry", nobody)(scene())

    assert np.array_equal(both, style("watercolour", nobody)(scene()))


def test_what_cannot_be_mixed_is_laid_one_over_the_other() -> None:
    assert len(read_looks("anime and watercolour", Canvas(*SIZE, 5))) == 2


# ── films ─────────────────────────────────────────────────────────────────────────────────────────


@either
@pytest.mark.parametrize("name", ["starry", "watercolour"])
def test_the_same_film_is_painted_alike(name: str, painter: Finds) -> None:
    films = [list(style(name, painter).film(map(scene, range(12)), FPS)) for _ in "12"]

    assert all(np.array_equal(a, b) for a, b in zip(*films, strict=True))


@either
def test_a_frame_is_the_same_whatever_was_asked_before(painter: Finds) -> None:
    forwards, backwards = style("oil", painter), style("oil", painter)

    once = {number: forwards.frame(number, scene) for number in range(20)}
    again = {number: backwards.frame(number, scene) for number in (19, 3, 8, 7, 0, 12)}

    assert all(np.array_equal(once[number], frame) for number, frame in again.items())


def test_every_frame_is_drawn_once_and_in_order() -> None:
    """A scene keeps what it has drawn for the next frame: to jump about would cost."""
    drawn: list[int] = []

    def draw(number: int) -> Frame:
        drawn.append(number)
        return scene(number)

    painted = style("oil")
    for number in range(20):
        painted.frame(number, draw)

    assert drawn == list(range(25)), "up to the next key"


@pytest.mark.parametrize("count", [0, 1, 2, 7, 9, 17])
def test_a_painted_film_is_as_long_as_its_source(count: int) -> None:
    looks = read_looks("oil painting, rain", Canvas(*SIZE, 5))

    assert len(list(laid(looks, map(scene, range(count)), FPS))) == count


@either
@pytest.mark.parametrize("name", ["starry", "oil", "watercolour"])
def test_what_rests_does_not_boil(name: str, painter: Finds) -> None:
    """Of a scene that rests, only the noise of a camera changes."""
    frames = [scene(noise=number) for number in range(1, 18)]

    film = list(style(name, painter).film(iter(frames), FPS))

    anew = [style(name, painter)(frame) for frame in frames]
    assert unrest(film) < max(0.5 * unrest(anew), 1.5 * unrest(frames))


def test_paint_sticks_to_what_moves() -> None:
    """A camera that pans takes its painting along: undo the pan, and hardly anything changes."""
    film = style("starry").film(map(scene, range(17)), FPS)

    still = [undone(frame, number) for number, frame in enumerate(film)]

    anew = [undone(style("starry")(scene(number)), number) for number in range(17)]
    assert unrest(still) < 0.6 * unrest(anew)


def undone(frame: Frame, aside: int) -> Frame:
    way = np.array([[1, 0, aside], [0, 1, 0]], np.float32)
    return cv2.warpAffine(frame, way, SIZE)[:, 20:-4].astype(np.uint8)


def unrest(frames: list[Frame]) -> float:
    return float(np.mean([differ(a, b) for a, b in itertools.pairwise(frames)]))


@either
def test_a_cut_starts_anew(painter: Finds) -> None:
    other = cv2.flip(255 - scene(), -1).astype(np.uint8)
    frames = [scene()] * 11 + [other] * 10

    film = list(style("oil", painter).film(iter(frames), FPS))

    before, after = (style("oil", painter)(one) for one in (scene(), other))
    apart = differ(before, after)
    assert max(differ(frame, before) for frame in film[:11]) < 0.12 * apart
    assert max(differ(frame, after) for frame in film[11:]) < 0.12 * apart


def test_who_walks_leaves_no_ghost() -> None:
    """Where the ball was, the sky and the hill are painted as if it had never been there."""

    def walks(number: int) -> Frame:
        picture = scene()
        picture[20:60, 20 + 9 * number : 44 + 9 * number] = (20, 20, 60)
        return picture

    film = list(style("oil").film(map(walks, range(17)), FPS))

    for number in (5, 12):
        alone = style("oil")(walks(number))
        assert differ(film[number][16:64], alone[16:64]) < 0.6 * differ(
            film[0][16:64], alone[16:64]
        )


def test_pictures_are_painted_no_larger_than_a_painter_can_afford() -> None:
    painter = best_painter()
    assert painter is not None
    painted = style_of("oil", (1920, 1080, 5))
    assert isinstance(painted, Painted)
    assert isinstance(painted._paint, Learned)

    wide, tall = painted._paint.size

    assert wide * tall < 420_000
    assert wide / tall == pytest.approx(16 / 9, rel=0.01)
