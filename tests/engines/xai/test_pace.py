"""Slow enough for xAI, in the order of coming, and never slower than that."""

from __future__ import annotations

import pytest

from kinetoscope.engines.xai import Pace


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_two_are_never_closer_than_the_pace(clock: Clock) -> None:
    pace = Pace(1.5, 60, clock)

    turns = [pace.turn() for _ in range(4)]

    assert turns == pytest.approx([0, 2 / 3, 4 / 3, 2])


def test_those_who_waited_for_the_connection_do_not_all_go_at_once(clock: Clock) -> None:
    pace = Pace(2, 60, clock)
    for _ in range(3):
        pace.turn()
    clock.now += 10

    assert [pace.gap() for _ in range(3)] == pytest.approx([0, 0.5, 1])


def test_a_minute_has_no_more_than_its_number(clock: Clock) -> None:
    pace = Pace(10, 6, clock)

    turns = [pace.turn() for _ in range(13)]

    assert turns[5] < 1
    assert turns[6] == pytest.approx(60)
    assert turns[12] == pytest.approx(120)


def test_who_was_quiet_saves_nothing_up(clock: Clock) -> None:
    pace = Pace(2, 60, clock)
    pace.turn()
    clock.now += 30

    assert [pace.turn() for _ in range(2)] == pytest.approx([0, 0.5])


def test_there_is_room_for_what_comes_within_a_second(clock: Clock) -> None:
    pace = Pace(2, 60, clock)

    assert pace.room() == 3  # now, and after half a second, and after one
    pace.turn()
    assert pace.room() == 2
    for _ in range(4):
        pace.turn()
    assert pace.room() == 0


def test_there_is_no_more_room_than_the_minute_has(clock: Clock) -> None:
    pace = Pace(100, 5, clock)

    for _ in range(3):
        pace.turn()

    assert pace.room() == 2
    clock.now += 61
    assert pace.room() == 5


def test_a_pause_grows_until_something_is_taken(clock: Clock) -> None:
    pace = Pace(1000, 60_000, clock)
    lengths = []
    for _ in range(9):
        pace.slow_down()
        pace.slow_down()  # the others that were under way say the same
        assert pace.paused
        assert pace.room() == 0
        lengths.append(pace.turn())
        clock.now += 80
        assert not pace.paused

    for length, least in zip(lengths, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert least <= length <= least * 1.2

    pace.go_on()
    pace.slow_down()
    assert pace.turn() <= 1.3
