"""What an engine charged us: exact ticks, finer than money, never taken from anybody's balance."""

from __future__ import annotations

from kinetoscope.domain.money import Money

TICKS_PER_DOLLAR = 10**10  # xAI's unit: cost_in_usd_ticks, in usage.proto of its SDK
LARGEST = 2**63 - 1  # what a 64-bit column keeps
_TICKS_PER_MICRO = TICKS_PER_DOLLAR // 10**6


def ticks_of(money: Money) -> int:
    """Tell how many ticks *money* is."""
    return money.micros * _TICKS_PER_MICRO


def margin(charged: Money, refunded: Money, cost: int) -> int:
    """Tell in ticks what is left of what was *charged*; negative if we paid for it."""
    return ticks_of(charged - refunded) - cost


def show_ticks(ticks: int) -> str:
    """Write the exact decimal of dollars, with no more zeros than cents need: ``0.4203``."""
    sign = "-" if ticks < 0 else ""
    whole, rest = divmod(abs(ticks), TICKS_PER_DOLLAR)
    decimals = f"{rest:010}"
    return f"{sign}{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"
