"""What is drawn once and seen from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.air import View
from kinetoscope.engines.studio.scenes.passing import Drawn, Passing, nearness

EVERY = 4
_VIEW = View(width=160, height=90, focal=160.0, horizon=45.0, x=0.0, y=0.0, z=0.0)


def test_a_step_aside_moves_what_is_near_further_than_what_is_far() -> None:
    seen = [_stood(depth).seen(replace(_VIEW, x=0.5), _first_drawn())[0] for depth in (4.0, 16.0)]

    assert [_middle(picture) for picture in seen] == [80 - 20, 80 - 5]


def test_a_step_ahead_lets_things_grow() -> None:
    picture, _ = _stood(8.0).seen(replace(_VIEW, z=4.0), _first_drawn())

    assert np.count_nonzero(picture[45, :, 0] > 127) == 2 * 20


def test_between_two_drawn_moments_both_are_seen() -> None:
    drawn: list[float] = []

    def brighter(seconds: float) -> Drawn:
        drawn.append(seconds)
        return _flat(100 if len(drawn) == 1 else 200)

    picture, _ = Passing(brighter, every=EVERY).seen(_VIEW, _first_drawn() + EVERY / FPS / 2)

    assert len(drawn) == 2
    assert abs(int(picture[45, 80, 0]) - 150) <= 1


def test_no_frame_is_a_drawn_picture_itself() -> None:
    assert all(abs(number / FPS - _first_drawn()) > 1e-9 for number in range(2 * EVERY))


def _first_drawn() -> float:
    return (EVERY - 1) / 2 / FPS


def _stood(depth: float) -> Passing:
    """Let a bar of twenty columns stand in the middle, so far away."""
    picture = np.zeros((90, 160, 4), np.uint8)
    picture[:, 70:90] = 255
    near = nearness(np.full((90, 160), depth, np.float32))
    drawn = Drawn(_VIEW, picture, near, np.zeros(160, np.float32))
    return Passing(lambda _: drawn, every=EVERY)


def _flat(level: int) -> Drawn:
    picture = np.full((90, 160, 4), level, np.uint8)
    near = nearness(np.full((90, 160), 8.0, np.float32))
    return Drawn(_VIEW, picture, near, np.zeros(160, np.float32))


def _middle(picture: Frame) -> int:
    columns = np.flatnonzero(picture[45, :, 0] > 127)
    return round(float(columns.mean() + 0.5))
