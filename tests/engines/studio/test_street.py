"""A street: walls in perspective, their haze, and what is left out because nobody sees it."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.city import City
from kinetoscope.engines.studio.scenes.facades import DENSITY
from kinetoscope.engines.studio.scenes.fronts import Front, Fronts, open_part
from kinetoscope.engines.studio.scenes.planes import Box, Eye
from kinetoscope.engines.studio.scenes.reduced import Reduced
from kinetoscope.engines.studio.scenes.traffic import Traffic
from kinetoscope.engines.studio.scenes.walls import BLOCK, GAP, HALF_STREET, HEIGHT, PITCH, Row

SIZE = (320, 180)
FOG = np.zeros(3, np.float32)
EYE = Eye(x=0.0, y=0.3, z=0.0, focal=260.0, centre=160.0, horizon=108.0)


def test_a_frame_is_the_same_whenever_it_is_asked_for() -> None:
    onwards, back = (_city("night") for _ in "12")

    later = [onwards.frame(seconds) for seconds in (0.5, 4.0, 9.5)][::-1]
    earlier = [back.frame(seconds) for seconds in (9.5, 4.0, 0.5)]

    assert all(np.array_equal(a, b) for a, b in zip(later, earlier, strict=True))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_wall_is_seen_where_it_stands(side: int) -> None:
    frame = _nothing()
    _row(side, haze=0.0).draw(frame, EYE)

    for z, y in ((2.5, 0.2), (5.2, 2.0), (7.0, 2.6)):
        x, row = EYE.seen(side * HALF_STREET, y, z)
        assert frame[round(row), round(x), 0] > 250, (z, y)
    for z, y in ((12.5, 3.6), (BLOCK + GAP / 2, 0.5)):
        x, row = EYE.seen(side * HALF_STREET, y, z)
        assert frame[round(row), round(x), 0] < 200, (z, y)


@pytest.mark.parametrize("edge", [0.0, 0.3, 0.9, 1.4, 1.9])
@pytest.mark.parametrize("side", range(4))
def test_what_is_just_out_of_sight_is_not_seen(side: int, edge: float) -> None:
    width, height = SIZE
    low, high = -edge - 6.0, -edge
    outside = _front(
        *(
            (low, 40.0, high, 90.0),
            (60.0, low, 120.0, high),
            (width - high, 40.0, width - low, 90.0),
            (60.0, height - high, 120.0, height - low),
        )[side]
    )
    frame = _nothing()
    box = open_part(outside, None, height, (0, width))

    if box is not None:
        Fronts(0.0, FOG).draw(frame, outside, box)

    assert (frame[..., 0] > 250).mean() < 0.01


def test_haze_grows_with_distance_and_shows_no_joins() -> None:
    frame = _nothing()
    _row(1, haze=0.05).draw(frame, EYE)

    middle = frame[round(EYE.horizon), :, 0].astype(int)
    columns = np.arange(175, 320)
    away = HALF_STREET * EYE.focal / (columns - EYE.centre)
    solid = (away % PITCH > 0.3) & (away % PITCH < BLOCK - 0.3)
    expected = 255 * np.exp(-0.05 * away)
    assert np.abs(middle[columns] - expected)[solid].max() < 4


def test_of_a_front_only_what_is_hidden_is_left_out() -> None:
    skyline = np.repeat(np.array([90, 80, 20, 70], np.int32), (70, 20, 15, SIZE[0] - 105))
    front = _front(60.3, 40.6, 123.4, 103.0)
    box = open_part(front, skyline, SIZE[1], (0, SIZE[0]))
    assert box is not None
    every, some = _nothing(), _nothing()

    Fronts(0.1, FOG).draw(every, front, Box(0, 0, *SIZE))
    Fronts(0.1, FOG).draw(some, front, box)

    hidden = np.arange(SIZE[1])[:, None] >= skyline
    every[hidden] = some[hidden] = 0
    assert cv2.absdiff(every[..., :3], some[..., :3]).max() <= 8  # edges are rounded otherwise
    assert box.bottom == 90


def test_a_front_that_is_hidden_is_not_drawn() -> None:
    skyline = np.full(SIZE[0], 30, np.int32)

    assert open_part(_front(60, 40, 250, 130), skyline, SIZE[1], (0, SIZE[0])) is None


def test_the_edge_of_a_front_may_lie_between_two_pixels() -> None:
    frame = _nothing()
    Fronts(0.0, FOG).draw(frame, _front(60.0, 40.0, 123.0, 103.0), Box(0, 0, *SIZE))

    assert frame[70, 61:122, 0].min() == 255
    assert all(100 < frame[70, edge, 0] < 156 for edge in (60, 123))


def test_what_comes_into_sight_does_so_little_by_little() -> None:
    frame = np.full((SIZE[1], SIZE[0], 4), 55, np.uint8)
    front = replace(_front(60, 40, 123, 103), shown=0.25)
    Fronts(0.0, FOG).draw(frame, front, Box(0, 0, *SIZE))

    assert abs(int(frame[70, 90, 0]) - 105) <= 2


def test_a_car_leaves_the_picture_before_it_is_gone() -> None:
    traffic = Traffic(np.random.default_rng(3), lit=False, haze=0.0, fog=FOG)
    pictures = []
    for number in range(240):
        frame = _nothing()
        traffic.draw(frame, EYE, number / 24)
        pictures.append(frame[..., 0].max(axis=0) > 0)

    assert any(seen.any() for seen in pictures)
    jumps = [np.count_nonzero(a ^ b) for a, b in itertools.pairwise(pictures)]
    assert max(jumps) < 45


def test_what_is_seen_smaller_is_read_from_a_smaller_picture() -> None:
    picture = Reduced(np.zeros((960, 360, 3), np.uint8))

    assert picture.fitting(1.0, 1.0).shape == (960, 360, 3)
    assert picture.fitting(4.0, 2.0).shape == (480, 90, 3)
    assert picture.at(2, 3).shape == (120, 90, 3)


def _city(time: str) -> City:
    return City(time, SIZE, seed=5, sway=lambda now: (0.1, 0.0, 0.2 * now, 0.02 * math.sin(now)))


def _nothing() -> Frame:
    return np.zeros((SIZE[1], SIZE[0], 4), np.uint8)


def _row(side: int, haze: float) -> Row:
    """Set up walls of white, three units tall, before black fog."""
    white = Reduced(np.full((round(HEIGHT * DENSITY), round(BLOCK * DENSITY), 3), 255, np.uint8))
    return Row(side, lambda _: white, lambda _: 3.0, haze=haze, fog=FOG)


def _front(left: float, top: float, right: float, bottom: float) -> Front:
    wall = np.full((64, 64, 3), 255, np.uint8)
    picture = cv2.merge([*cv2.split(wall), np.zeros((64, 64), np.uint8)])
    return Front(Reduced(np.asarray(picture, np.uint8)), left, top, right, bottom, 1.0)
