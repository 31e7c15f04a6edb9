"""What engines charged us beside what customers paid: for the operator, by day and engine.

Nothing here moves anybody's balance; sums are whole ticks, so they are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select

from kinetoscope.db import Conn
from kinetoscope.db.schema import accounts, entries, tasks
from kinetoscope.domain.cost import TICKS_PER_DOLLAR, margin
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.task import Status

_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Sums:
    """What some tasks came to; *cost* is in ticks.

    *videos* were completed, *billed* were charged for. *unreported* were made upstream and came
    without a cost; *differing* cost other than the card says.
    """

    videos: int = 0
    billed: int = 0
    charged: Money = ZERO
    refunded: Money = ZERO
    cost: int = 0
    unreported: int = 0
    differing: int = 0

    @property
    def margin(self) -> int:
        """What they brought, in ticks."""
        return margin(self.charged, self.refunded, self.cost)

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            videos=self.videos + other.videos,
            billed=self.billed + other.billed,
            charged=self.charged + other.charged,
            refunded=self.refunded + other.refunded,
            cost=self.cost + other.cost,
            unreported=self.unreported + other.unreported,
            differing=self.differing + other.differing,
        )


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one engine made of one operation on one day (UTC)."""

    day: str
    operation: str
    engine: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Difference:
    """A task that cost other than the card says; *cost* and *card* are in ticks.

    The card says nothing for a task that failed and was not charged: nothing was delivered.
    """

    task_id: str
    account: str
    ended_at: int
    operation: str
    engine: str
    status: str
    charged: Money
    cost: int
    card: int

    @property
    def amount(self) -> int:
        """How much more than the card it cost, in ticks."""
        return self.cost - self.card


@dataclass(frozen=True, slots=True)
class Costs:
    """All of it for the tasks that ended from *since* up to *until*, in Unix seconds."""

    since: int
    until: int
    rows: tuple[CostRow, ...]
    differences: tuple[Difference, ...]

    @property
    def total(self) -> Sums:
        """The sum of the rows."""
        return sum((row.sums for row in self.rows), start=Sums())


def add_up(conn: Conn, since: int, until: int, *, most: int | None = None) -> Costs:
    """Add up the tasks that ended from *since* up to *until*, whoever they belong to.

    A refund counts on the day on which its task ended. Of the differences, give the newest *most*.
    """
    return Costs(
        since,
        until,
        rows=tuple(_rows(conn, since, until)),
        differences=tuple(_differences(conn, since, until, most)),
    )


def refunded(conn: Conn, task_ids: Iterable[str]) -> dict[str, Money]:
    """Tell what was given back of each of some tasks, if anything was."""
    wanted = [f"{_REFUND}{task_id}" for task_id in task_ids]
    query = select(entries.c.task_id, entries.c.amount).where(entries.c.reference.in_(wanted))
    return {row.task_id: row.amount for row in conn.execute(query)}


_REFUND = "refund:"  # a task has one, since references are unique
_COMPLETED = tasks.c.status == Status.COMPLETED.value
_BILLED = tasks.c.charged > ZERO
# Only who asks an upstream leaves evidence of it: that such a task has no cost is worth knowing.
_UNREPORTED = and_(_COMPLETED, tasks.c.evidence.is_not(None), tasks.c.cost.is_(None))
_CARD = case((and_(~_COMPLETED, ~_BILLED), 0), else_=tasks.c.card)
_DIFFERS = tasks.c.cost != _CARD


def _within(since: int, until: int) -> ColumnElement[bool]:
    return and_(tasks.c.ended_at >= since, tasks.c.ended_at < until)


def _rows(conn: Conn, since: int, until: int) -> Iterator[CostRow]:
    day = (tasks.c.ended_at - tasks.c.ended_at % _DAY).label("day")
    names = (day, tasks.c.operation, tasks.c.engine)
    query = (
        select(
            *names,
            _count(_COMPLETED).label("videos"),
            _count(_BILLED).label("billed"),
            func.sum(tasks.c.charged).label("charged"),
            func.sum(entries.c.amount).label("refunded"),
            # In two parts: a sum of ticks might be too large for SQLite, which then fails.
            func.sum(tasks.c.cost // TICKS_PER_DOLLAR).label("cost_dollars"),
            func.sum(tasks.c.cost % TICKS_PER_DOLLAR).label("cost_ticks"),
            _count(_UNREPORTED).label("unreported"),
            _count(_DIFFERS).label("differing"),
        )
        .outerjoin_from(tasks, entries, entries.c.reference == literal(_REFUND) + tasks.c.id)
        .where(_within(since, until), or_(_COMPLETED, _BILLED, tasks.c.cost > 0))
        .group_by(*names)
        .order_by(*names)
    )
    for row in conn.execute(query):
        sums = Sums(
            videos=int(row.videos),
            billed=int(row.billed),
            charged=row.charged or ZERO,
            refunded=row.refunded or ZERO,
            cost=int(row.cost_dollars or 0) * TICKS_PER_DOLLAR + int(row.cost_ticks or 0),
            unreported=int(row.unreported),
            differing=int(row.differing),
        )
        named = datetime.fromtimestamp(row.day, UTC).strftime("%Y-%m-%d")
        yield CostRow(named, row.operation, row.engine, sums)


def _count(there: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((there, 1), else_=0))


def _differences(conn: Conn, since: int, until: int, most: int | None) -> Iterator[Difference]:
    query = (
        select(
            tasks.c.id,
            accounts.c.name,
            tasks.c.ended_at,
            tasks.c.operation,
            tasks.c.engine,
            tasks.c.status,
            tasks.c.charged,
            tasks.c.cost,
            _CARD,
        )
        .join_from(tasks, accounts, accounts.c.id == tasks.c.account_id)
        .where(_within(since, until), _DIFFERS)
        .order_by(tasks.c.ended_at.desc(), tasks.c.id.desc())
    )
    for row in conn.execute(query.limit(most)):
        yield Difference(*row)
