"""C38: amounts are whole millionths of a dollar, and nothing rounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetoscope.domain.money import LARGEST, Money


@given(st.integers(0, 10**18 - 1))
def test_what_is_written_reads_back_to_the_last_digit(micros: int) -> None:
    """C38."""
    assert Money.parse(str(Money(micros))) == Money(micros)


@pytest.mark.parametrize(
    "text, micros",
    [("0.42", 420_000), ("$10", 10_000_000), (" 0.000001 ", 1), ("0.5", 500_000), ("0", 0)],
)
def test_plain_decimals_are_amounts(text: str, micros: int) -> None:
    """C32."""
    assert Money.parse(text).micros == micros


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1e3", "0.0000001", "NaN", "1,000", "1.", ".5", "٣", "1" * 13, "0x10", "1_0", "+1"],
)
def test_anything_else_is_no_amount(text: str) -> None:
    """C32."""
    with pytest.raises(ValueError, match="not an amount"):
        Money.parse(text)


def test_an_amount_shows_cents_and_no_more_zeros() -> None:
    """C39."""
    shown = [str(Money(micros)) for micros in (500_000, 502_000, 1, -420_000, 0)]

    assert shown == ["0.50", "0.502", "0.000001", "-0.42", "0.00"]


def test_the_largest_amount_fits_a_column_of_64_bits() -> None:
    """C38."""
    assert LARGEST == 2**63 - 1
