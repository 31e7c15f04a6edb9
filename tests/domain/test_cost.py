"""What an engine charged is exact to the tick, and so is what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetoscope.domain.cost import LARGEST, TICKS_PER_DOLLAR, margin, show_ticks, ticks_of
from kinetoscope.domain.money import Money


@pytest.mark.parametrize(
    "ticks, text",
    [
        (0, "0.00"),
        (3_000_000_000, "0.30"),
        (3_000_000_001, "0.3000000001"),
        (-1, "-0.0000000001"),
        (-12 * TICKS_PER_DOLLAR, "-12.00"),
        (LARGEST, "922337203.6854775807"),
    ],
)
def test_ticks_are_written_as_exact_dollars(ticks: int, text: str) -> None:
    assert show_ticks(ticks) == text


@given(st.integers(0, LARGEST), st.integers(0, LARGEST), st.integers(0, LARGEST))
def test_a_margin_and_what_was_spent_add_up_to_what_was_charged(
    charged: int, refunded: int, cost: int
) -> None:
    left = margin(Money(charged), Money(refunded), cost)

    assert left + cost + ticks_of(Money(refunded)) == ticks_of(Money(charged))
