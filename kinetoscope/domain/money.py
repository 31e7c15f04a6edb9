"""Money: exact millionths of a US dollar. Nothing in the house rounds."""

from __future__ import annotations

import re
from dataclasses import dataclass

MICROS_PER_DOLLAR = 1_000_000
LARGEST = 2**63 - 1  # what a 64-bit column keeps

_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount, in *micros*: millionths of a US dollar."""

    micros: int = 0

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read a plain decimal of dollars such as ``0.42``; at most six decimals, or ValueError."""
        match = _AMOUNT.fullmatch(text.strip().removeprefix("$"))
        if match is None:
            message = f"{text!r} is not an amount: write dollars such as 10 or 0.42"
            raise ValueError(message)
        whole, decimals = match[1], match[2] or ""
        return cls(int(whole) * MICROS_PER_DOLLAR + int(decimals.ljust(6, "0")))

    def __add__(self, other: Money) -> Money:
        return Money(self.micros + other.micros)

    def __sub__(self, other: Money) -> Money:
        return Money(self.micros - other.micros)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.micros * quantity)

    def __neg__(self) -> Money:
        return Money(-self.micros)

    def __bool__(self) -> bool:
        return self.micros != 0

    def __str__(self) -> str:
        """Write the exact decimal of dollars, with no more zeros than cents need: ``0.50``."""
        sign = "-" if self.micros < 0 else ""
        whole, rest = divmod(abs(self.micros), MICROS_PER_DOLLAR)
        decimals = f"{rest:06}"
        return f"{sign}{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


ZERO = Money(0)
