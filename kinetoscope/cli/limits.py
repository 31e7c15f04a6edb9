"""What a key may do at most, as options: how they are read, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import click

from kinetoscope.cli.options import an_amount
from kinetoscope.cli.show import instant
from kinetoscope.db.accounts import Key
from kinetoscope.domain.bounds import MOST_PER_MINUTE, Bounds
from kinetoscope.domain.money import Money

_MOST_RUNNING = 10_000
_DAYS = 36_500
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What was chosen of the limits of a key; None and empty are what was not."""

    limit: Money | None
    models: tuple[str, ...]
    per_minute: int | None
    running: int | None
    per_day: Money | None
    per_month: Money | None
    networks: tuple[str, ...]
    expires: int | None

    @property
    def bounds(self) -> Bounds:
        """The bounds of a new key."""
        return Bounds(
            self.per_minute,
            self.running,
            self.per_day,
            self.per_month,
            self.networks or None,
            self.expires,
        )


NAMES = ("limit", "model", "per-minute", "running", "per-day", "per-month", "network", "expires")


def a_network(text: str) -> str:
    """Read a network such as ``10.0.0.0/8``, or a single address."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        message = f"{error}; write a network such as 10.0.0.0/8 or 2001:db8::/32"
        raise click.BadParameter(message) from error


def a_time(text: str | int) -> int:
    """Read when a key ends: a day or a moment in UTC, or a time from now such as ``90d``."""
    if isinstance(text, int):
        return text
    number, unit = text[:-1], text[-1:]
    now = datetime.now(UTC)
    if unit in _UNITS and number.isascii() and number.isdigit() and int(number) <= _DAYS:
        return int((now + int(number) * _UNITS[unit]).timestamp())
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no time: write 2027-01-31, 2027-01-31T12:00, 90d or 12h"
        raise click.BadParameter(message) from error
    when = found if found.tzinfo else found.replace(tzinfo=UTC)
    if when <= now:
        raise click.BadParameter(f"{instant(int(when.timestamp()))} is over already")
    return int(when.timestamp())


_OPTIONS = (
    click.option("--limit", type=an_amount, metavar="AMOUNT", help="Dollars that it may spend."),
    click.option("--model", "models", multiple=True, help="A model it may ask for; repeatable."),
    click.option(
        "--per-minute",
        type=click.IntRange(1, MOST_PER_MINUTE),
        help="Requests that make or price something, a minute.",
    ),
    click.option(
        "--running",
        type=click.IntRange(1, _MOST_RUNNING),
        help="Tasks that may not have ended at a time.",
    ),
    click.option("--per-day", type=an_amount, metavar="AMOUNT", help="Dollars a day (UTC)."),
    click.option("--per-month", type=an_amount, metavar="AMOUNT", help="Dollars a month (UTC)."),
    click.option(
        "--network",
        "networks",
        type=a_network,
        multiple=True,
        help="A network that it may be used from; repeatable.",
    ),
    click.option(
        "--expires",
        type=a_time,
        metavar="TIME",
        help="Until when it is good: 2027-01-31 (UTC), or 90d from now.",
    ),
)


def limits_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a key may do."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_limits(chosen: dict[str, Any]) -> Limits:
    """Take the limits out of the options of a command."""
    return Limits(**{name: chosen.pop(name) for name in Limits.__dataclass_fields__})


def changed(key: Key, limits: Limits, lifted: tuple[str, ...]) -> Limits:
    """Say what the limits of *key* are after those that are given and *lifted*."""
    bounds = key.bounds
    before = Limits(
        limit=key.spend_limit,
        models=key.models or (),
        per_minute=bounds.per_minute,
        running=bounds.running,
        per_day=bounds.per_day,
        per_month=bounds.per_month,
        networks=bounds.networks or (),
        expires=bounds.expires_at,
    )
    after: dict[str, Any] = {}
    for name in Limits.__dataclass_fields__:
        option = {"models": "model", "networks": "network"}.get(name, name.replace("_", "-"))
        given, kept = getattr(limits, name), getattr(before, name)
        if option in lifted and given:
            raise click.UsageError(f"--{option} and --lift {option} contradict each other")
        nothing = () if isinstance(kept, tuple) else None
        after[name] = nothing if option in lifted else given or kept
    return Limits(**after)


def show_limits(key: Key) -> str:
    """Say in a few words what a key may do at most."""
    bounds = key.bounds
    said = (
        (key.spend_limit, "${} in all"),
        (bounds.per_month, "${} a month"),
        (bounds.per_day, "${} a day"),
        (bounds.per_minute, "{} requests a minute"),
        (bounds.running, "{} running"),
        (bounds.networks and ", ".join(bounds.networks), "from {}"),
        (bounds.expires_at and instant(bounds.expires_at), "until {}"),
    )
    return "; ".join(words.format(value) for value, words in said if value) or "none"
