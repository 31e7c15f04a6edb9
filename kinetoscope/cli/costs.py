"""What engines charged, as the audit shows it: days and engines, then every task that differs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from kinetoscope.api.show import show_day
from kinetoscope.cli.show import dollars, instant, show_table
from kinetoscope.db.costs import Costs, Difference, Sums
from kinetoscope.domain.cost import show_ticks

_DAY = 24 * 3600
_USUAL_DAYS = 30
_SUMS = (
    *("videos", "billed", "charged", "refunded", "cost", "margin"),
    *("unreported", "differing"),
)

a_day = click.DateTime(formats=["%Y-%m-%d"])


def days(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Tell the Unix times from and up to which the days are; by default the last 30."""
    last = _begins(until) if until else int(time.time()) // _DAY * _DAY
    first = _begins(since) if since else last - (_USUAL_DAYS - 1) * _DAY
    if first > last:
        message = f"{show_day(first)} is after {show_day(last)}, the last day"
        raise click.BadParameter(message, param_hint="--since")
    return first, last + _DAY


def show_costs_table(found: Costs) -> None:
    """Write what engines charged on each day, and what differs from their card."""
    first, last = show_day(found.since), show_day(found.until - 1)
    click.echo(f"what engines charged, {first} to {last} (UTC)")
    total = found.total
    rows = [(row.day, row.operation, row.engine, *_sums(row.sums)) for row in found.rows]
    click.echo()
    show_table(("day", "operation", "engine", *_SUMS), [*rows, ("in all", "", "", *_sums(total))])
    click.echo()
    if total.unreported:
        what = _many(total.unreported, "video")
        click.echo(f"{what} came without a cost, so the margin is too high")
    click.echo(f"{_many(total.differing, 'task')} cost other than the card says")
    if found.differences:
        click.echo()
        _show_differences(found.differences)


def _show_differences(differences: Iterable[Difference]) -> None:
    rows = [
        (
            each.task_id,
            each.account,
            instant(each.ended_at),
            each.operation,
            each.engine,
            each.status,
            each.charged,
            _dollars(each.cost),
            _dollars(each.card),
            _dollars(each.amount),
        )
        for each in differences
    ]
    names = ("task", "account", "ended", "operation", "engine", "state")
    show_table((*names, "charged", "cost", "card", "difference"), rows)


def _many(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number or 'no'} {what}s"


def _sums(sums: Sums) -> tuple[object, ...]:
    return (
        sums.videos,
        sums.billed,
        sums.charged,
        sums.refunded,
        _dollars(sums.cost),
        _dollars(sums.margin),
        sums.unreported,
        sums.differing,
    )


def _dollars(ticks: int) -> str:
    return dollars(show_ticks(ticks))


def _begins(day: datetime) -> int:
    """Tell the Unix time at which a day begins in UTC."""
    return int(day.replace(tzinfo=UTC).timestamp())
