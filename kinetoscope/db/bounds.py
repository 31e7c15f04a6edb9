"""What keys have used of what they may: one row each, and one conditional UPDATE for all of it.

The amounts of a day and a month are those of ``keys.day``, which only moves forwards, whichever
clock is behind. A hold remembers the day that it was counted on, so what it gives back goes there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, case, func, select, text, update

from kinetoscope.db import Conn
from kinetoscope.db.hot import Hot
from kinetoscope.db.schema import entries, holds, keys, tasks
from kinetoscope.domain.bounds import (
    FAR,
    MINUTE,
    UNBOUND,
    Allowance,
    Bounds,
    Period,
    allowance,
    step,
)
from kinetoscope.domain.errors import (
    KeyLimitReached,
    KinetoscopeError,
    TooManyRequests,
    TooManyRunning,
)
from kinetoscope.domain.money import ZERO, Money

COLUMNS = (
    keys.c.per_minute,
    keys.c.running_limit,
    keys.c.day_limit,
    keys.c.month_limit,
    keys.c.networks,
    keys.c.expires_at,
)
_DAY = 24 * 3600
_NOTHING = (None,) * len(COLUMNS)


@dataclass(frozen=True, slots=True)
class Used:
    """What a key has used; *day* and *month* are what is committed of those that it is now."""

    running: int
    committed: Money
    day: Money
    month: Money
    allowance: Allowance | None


def read_bounds(values: Sequence[Any]) -> Bounds:
    """Make bounds of the values of COLUMNS; of none, always the same."""
    if tuple(values) == _NOTHING:
        return UNBOUND
    per_minute, running, day, month, networks, expires_at = values
    return Bounds(
        per_minute,
        running,
        _amount(day),
        _amount(month),
        None if networks is None else tuple(json.loads(networks)),
        expires_at,
    )


def write_bounds(bounds: Bounds) -> dict[str, Any]:
    """Write bounds as the values of COLUMNS."""
    return {
        "per_minute": bounds.per_minute,
        "running_limit": bounds.running,
        "day_limit": bounds.per_day,
        "month_limit": bounds.per_month,
        "networks": None if bounds.networks is None else json.dumps(bounds.networks),
        "expires_at": bounds.expires_at,
    }


_COMMIT = Hot(
    text(
        "UPDATE keys SET running = running + 1, committed = committed + :amount,"
        " day_committed = :amount + CASE WHEN day >= :day THEN day_committed ELSE 0 END,"
        " month_committed = :amount + CASE WHEN day >= :first THEN month_committed ELSE 0 END,"
        " day = CASE WHEN day >= :day THEN day ELSE :day END"
        " WHERE id = :key"
        " AND (running_limit IS NULL OR running_limit > running)"
        " AND (spend_limit IS NULL OR spend_limit >= committed + :amount)"
        " AND (day_limit IS NULL OR day_limit >="
        " :amount + CASE WHEN day >= :day THEN day_committed ELSE 0 END)"
        " AND (month_limit IS NULL OR month_limit >="
        " :amount + CASE WHEN day >= :first THEN month_committed ELSE 0 END)"
        " RETURNING day"
    )
)
_END = Hot(
    text(
        "UPDATE keys SET running = running - 1, committed = committed - :amount,"
        " day_committed = day_committed - CASE WHEN day = :day THEN :amount ELSE 0 END,"
        " month_committed = month_committed"
        " - CASE WHEN day >= :first AND day < :end THEN :amount ELSE 0 END"
        " WHERE id = :key"
    )
)
# Clocks of processes differ a little; a time beyond *far* is that of one which was set back.
_PACE = Hot(
    text(
        "UPDATE keys SET paced_until = :step"
        " + CASE WHEN paced_until > :now AND paced_until <= :far THEN paced_until ELSE :now END"
        " WHERE id = :key"
        " AND (paced_until IS NULL OR paced_until <= :full - :step OR paced_until > :far)"
        " RETURNING paced_until"
    )
)


def commit(conn: Conn, key_id: str, amount: Money, now: int) -> int:
    """Count a task that holds *amount* as one of a key's, and tell the day it was counted on.

    Raise KeyLimitReached or TooManyRunning, saying what is left, if the key may not.
    """
    period = Period.at(now)
    values = {"key": key_id, "amount": amount.micros, "day": period.day, "first": period.first}
    row = _COMMIT.one(conn, values)
    if row is None:
        raise _refusal(conn, key_id, amount, period)
    return int(row[0])


def end(conn: Conn, key_id: str, amount: Money, day: int | None) -> None:
    """Count a task as ended, and give *amount* back to the day and the month it was committed in.

    *day* None is one that was committed before days were counted.
    """
    period = Period(-1, -1, -1) if day is None else Period.of(day)
    values = {"key": key_id, "amount": amount.micros, "day": period.day}
    _END.change(conn, {**values, "first": period.first, "end": period.end})


def take_turn(conn: Conn, key_id: str, per_minute: int, now: float) -> Allowance:
    """Count a request of a key, and tell what is left; TooManyRequests if it has none left."""
    moment = int(now * 1_000_000)
    values = {"key": key_id, "step": step(per_minute), "now": moment}
    row = _PACE.one(conn, {**values, "full": moment + MINUTE, "far": moment + FAR})
    if row is not None:
        return allowance(per_minute, row[0], moment)
    left = allowance(per_minute, _paced_until(conn, key_id), moment)
    message = f"this key may make {per_minute} requests a minute; {_in_words(left.wait)}"
    raise TooManyRequests(message, allowance=left)


def used(conn: Conn, key_id: str, now: float) -> Used:
    """Tell what a key has used of what it may."""
    period = Period.at(int(now))
    row = conn.execute(select(keys).where(keys.c.id == key_id)).one()
    left = None
    if row.per_minute is not None:
        left = allowance(row.per_minute, row.paced_until, int(now * 1_000_000))
    return Used(
        row.running,
        row.committed,
        row.day_committed if row.day >= period.day else ZERO,
        row.month_committed if row.day >= period.first else ZERO,
        left,
    )


def recount(conn: Conn, account_id: str, key_id: str) -> None:
    """Count all tasks of a key as its own, those too that it made before it had a limit."""
    mine = select(tasks.c.id).where(tasks.c.account_id == account_id, tasks.c.key_id == key_id)
    born = select(tasks.c.created_at // _DAY).where(tasks.c.id == holds.c.task_id)
    day = func.coalesce(holds.c.day, born.scalar_subquery())
    # Holds before the key, as the end of a task does, so that neither waits for the other.
    conn.execute(update(holds).where(holds.c.task_id.in_(mine)).values(key_id=key_id, day=day))
    found = tally(conn, key_id).get(key_id, Tally())
    latest = max(found.days, default=0)
    conn.execute(
        update(keys)
        .where(keys.c.id == key_id)
        .values(
            committed=found.committed,
            running=found.running,
            day=latest,
            day_committed=found.on(latest),
            month_committed=found.in_the_month_of(latest),
        )
    )


@dataclass(slots=True)
class Tally:
    """What the holds of a key add up to, in all and by the days they were counted on."""

    running: int = 0
    committed: Money = ZERO
    days: dict[int, Money] = field(default_factory=dict)

    def on(self, day: int) -> Money:
        """Tell what is committed of a day."""
        return self.days.get(day, ZERO)

    def in_the_month_of(self, day: int) -> Money:
        """Tell what is committed of the month of a day."""
        month = Period.of(day)
        return sum((self.on(each) for each in range(month.first, month.end)), start=ZERO)


def tally(conn: Conn, key_id: str | None = None) -> dict[str, Tally]:
    """Add up the holds of a key, or of every key that has any."""
    is_open = holds.c.state == "open"
    taken = case((is_open, holds.c.amount), else_=-entries.c.amount)
    settled = and_(entries.c.task_id == holds.c.task_id, entries.c.kind == "settlement")
    query = (
        select(
            holds.c.key_id,
            holds.c.day,
            func.coalesce(func.sum(taken), 0).label("taken"),
            func.sum(case((is_open, 1), else_=0)).label("running"),
        )
        .outerjoin_from(holds, entries, settled)
        .where(holds.c.key_id.is_not(None) if key_id is None else holds.c.key_id == key_id)
        .group_by(holds.c.key_id, holds.c.day)
    )
    found: dict[str, Tally] = {}
    for row in conn.execute(query):
        mine = found.setdefault(row.key_id, Tally())
        amount = row.taken if isinstance(row.taken, Money) else Money(int(row.taken))
        mine.running += int(row.running)
        mine.committed += amount
        if row.day is not None:
            mine.days[row.day] = amount
    return found


def _amount(micros: int | Money | None) -> Money | None:
    return micros if micros is None or isinstance(micros, Money) else Money(micros)


def _paced_until(conn: Conn, key_id: str) -> int | None:
    found: int | None = conn.scalar(select(keys.c.paced_until).where(keys.c.id == key_id))
    return found


def _refusal(conn: Conn, key_id: str, amount: Money, period: Period) -> KinetoscopeError:
    """Say which limit was in the way, what is left of it, and when there is more."""
    row = conn.execute(select(keys).where(keys.c.id == key_id)).one()
    if row.running_limit is not None and row.running >= row.running_limit:
        message = f"{row.running} tasks of this key have not ended, and it may have"
        return TooManyRunning(f"{message} {row.running_limit}; wait for one to end")
    today = row.day_committed if row.day >= period.day else ZERO
    this_month = row.month_committed if row.day >= period.first else ZERO
    limits = (
        (row.spend_limit, row.committed, "in all, and it does not begin anew"),
        (row.month_limit, this_month, f"this month, which ends at {_utc(period.next_month)}"),
        (row.day_limit, today, f"today, which ends at {_utc(period.next_day)}"),
    )
    for limit, spent, when in limits:
        if limit is not None and spent + amount > limit:
            left = max(ZERO, limit - spent)
            message = f"this costs up to ${amount} and the key may still spend ${left} of ${limit}"
            return KeyLimitReached(f"{message} {when}")
    return KeyLimitReached(f"this costs up to ${amount}, which the key could not spend just now")


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _in_words(wait: int) -> str:
    return f"the next one in {-(-wait // 1_000_000)} s"
