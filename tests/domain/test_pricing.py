"""C33: one formula for the promise and for the delivery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Input, Operation, Order, Source, Tier
from kinetoscope.domain.pricing import Rates, at_most, exactly, price
from kinetoscope.settings import RatesSetting

CARD = RatesSetting()
RATES = Rates(
    output_second={tier: Money.parse(text) for tier, text in CARD.output_second.items()},
    input_image=Money.parse(CARD.input_image),
    input_second=Money.parse(CARD.input_second),
)


def order(operation: Operation, duration: int | None = None, **more: object) -> Order:
    return Order(
        model="grok-imagine",
        operation=operation,
        prompt="a fox",
        duration=duration,
        **more,  # type: ignore[arg-type]
    )


def source(seconds: float | None, short: int) -> Input:
    return Input("k", "video/mp4", 1, short * 2, short, seconds)


PICTURE = Source(url="https://example.com/a.png")
FILM = Source(url="https://example.com/a.mp4")
TEXT, IMAGE, REFERENCE = Operation.TEXT, Operation.IMAGE, Operation.REFERENCE
EDIT, EXTEND = Operation.EDIT, Operation.EXTEND
VECTORS = [
    (order(TEXT, 6, tier=Tier.P720), None, "0.42"),
    (order(IMAGE, 10, tier=Tier.P480, images=(PICTURE,)), None, "0.502"),
    (order(REFERENCE, 10, tier=Tier.P720, images=(PICTURE,) * 2), None, "0.704"),
    (order(EDIT, video=FILM), source(8, 720), "0.64"),
    (order(EDIT, video=FILM), source(8, 480), "0.48"),
    (order(EXTEND, 6, video=FILM), source(8, 720), "0.50"),
    (order(EXTEND, 6, video=FILM), source(8, 480), "0.38"),
]


@pytest.mark.parametrize("asked, video, total", VECTORS)
def test_the_vectors_are_exact_before_and_after(
    asked: Order, video: Input | None, total: str
) -> None:
    """C33, C36: what was promised is what a faithful engine's result costs."""
    promised = at_most(asked, video)
    seconds = (asked.duration or 0) + (video.seconds or 0 if video else 0)
    short = min(video.width, video.height) if video else (asked.tier or Tier.P480).short_side
    made = exactly(asked, promised, source(seconds, short))

    assert str(price(promised, RATES).total) == total
    assert str(price(made, RATES).total) == total


@pytest.mark.parametrize("operation, total", [(EDIT, "0.72"), (EXTEND, "0.57")])
def test_with_nothing_known_the_limit_of_the_operation_is_held(
    operation: Operation, total: str
) -> None:
    """C36: 9 s of an edit and 15 s of an extension, at the dearer tier."""
    duration = 6 if operation is EXTEND else None
    asked = order(operation, duration, video=FILM, input_video_seconds=1)

    assert str(price(at_most(asked, None), RATES).total) == total


def test_an_edit_holds_for_the_higher_of_the_expected_and_the_shown_tier() -> None:
    """C11: 720p was expected of a source of 480p; the bill follows the result (C33)."""
    asked = order(EDIT, video=FILM, tier=Tier.P720)
    promised = at_most(asked, source(8, 480))

    assert str(price(promised, RATES).total) == "0.64"
    assert str(price(exactly(asked, promised, source(8, 480)), RATES).total) == "0.48"


def test_a_result_of_a_higher_tier_than_promised_costs_what_was_promised() -> None:
    """C36: settled never exceeds held."""
    asked = order(EDIT, video=FILM)
    promised = at_most(asked, source(8, 480))

    assert exactly(asked, promised, source(8, 720)) == promised


@pytest.mark.parametrize(
    "width, height, tier",
    [(854, 480, "480p"), (480, 854, "480p"), (481, 900, "720p"), (1280, 720, "720p")],
)
def test_the_short_side_tells_the_tier(width: int, height: int, tier: str) -> None:
    """C33."""
    assert Tier.of(width, height) == tier


@given(
    operation=st.sampled_from(Operation),
    duration=st.integers(1, 15),
    tier=st.sampled_from([None, *Tier]),
    images=st.integers(1, 7),
    known=st.none() | st.floats(0.01, 15.04),
    made=st.floats(0, 100),
    sides=st.tuples(st.integers(2, 4000), st.integers(2, 4000)),
)
def test_the_delivery_never_costs_more_than_the_promise(
    *,
    operation: Operation,
    duration: int,
    tier: Tier | None,
    images: int,
    known: float | None,
    made: float,
    sides: tuple[int, int],
) -> None:
    """C36: whatever an engine delivers."""
    asked = order(operation, duration, tier=tier, images=(PICTURE,) * images)
    promised = at_most(asked, source(known, sides[0]))
    result = exactly(asked, promised, source(made, sides[1]))

    assert Money(0) <= price(result, RATES).total <= price(promised, RATES).total
