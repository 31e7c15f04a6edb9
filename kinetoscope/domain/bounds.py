"""What a key may do at most: how fast, how many at once, for how much, from where, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from kinetoscope.domain.money import Money

MINUTE = 60_000_000  # microseconds
FAR = 2 * MINUTE  # no clock that is right has paced a key until then
MOST_PER_MINUTE = 60_000
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a key may do at most; None bounds nothing.

    *per_minute* counts requests that make or price something, *running* tasks that have not ended,
    *per_day* and *per_month* (UTC) what they hold and cost. *networks* are CIDRs.
    """

    per_minute: int | None = None
    running: int | None = None
    per_day: Money | None = None
    per_month: Money | None = None
    networks: tuple[str, ...] | None = None
    expires_at: int | None = None


UNBOUND = Bounds()


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many of its requests a minute a key has left; times are in microseconds.

    All of them are back after *reset*, and the next one after *wait*.
    """

    limit: int
    remaining: int
    reset: int
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """A day (UTC), counted from 1970, in its month: the days from *first* up to *end*."""

    day: int
    first: int
    end: int

    @classmethod
    def at(cls, now: int) -> Period:
        """Tell the day and the month of the Unix time *now*."""
        return cls.of(now // _DAY)

    @classmethod
    def of(cls, day: int) -> Period:
        """Tell the month of a *day*."""
        date = datetime.fromtimestamp(day * _DAY, UTC)
        first = day - (date.day - 1)
        later = datetime.fromtimestamp((first + 31) * _DAY, UTC)
        return cls(day, first, first + 31 - (later.day - 1))

    @property
    def next_day(self) -> int:
        """When the day ends, as a Unix time."""
        return (self.day + 1) * _DAY

    @property
    def next_month(self) -> int:
        """When the month ends, as a Unix time."""
        return self.end * _DAY


def step(per_minute: int) -> int:
    """Tell after how many microseconds one more request of *per_minute* is back."""
    return MINUTE // per_minute


def allowance(per_minute: int, paced_until: int | None, now: int) -> Allowance:
    """Tell what is left *now* to a key whose minute is whole again at *paced_until*."""
    each = step(per_minute)
    used = max(0, (paced_until or 0) - now)
    if used > FAR:
        used = 0
    left = min(per_minute, max(0, MINUTE - used) // each)
    return Allowance(per_minute, left, used, wait=max(0, used + each - MINUTE))


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Tell whether an IP *address* is in one of some *networks*; what is no address is in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return any(plain in network for network in _networks(networks))


@lru_cache(maxsize=256)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)
