"""What the books say: usage for the customer, the audit for the operator."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Integer, Table, and_, case, cast, func, or_, select

from kinetoscope.db import Conn, bounds
from kinetoscope.db.schema import accounts, entries, holds, keys, tasks
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.task import OPEN, Status

_DAY = 24 * 3600
_OPEN = [status.value for status in OPEN]
_REFERENCES = {"settlement": "settle", "refund": "refund"}


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one key spent on one operation on one day (UTC)."""

    day: str
    key_id: str
    operation: str
    videos: int
    charged: Money
    refunded: Money


def usage(conn: Conn, account_id: str, since: int, until: int) -> list[UsageRow]:
    """Add up the settlements and refunds of an account from *since* up to *until*.

    The amounts of all rows, charged less refunded, are what the journal took in that time.
    """
    day = cast(entries.c.created_at - entries.c.created_at % _DAY, Integer)
    settled = entries.c.kind == "settlement"
    query = (
        select(
            day.label("day"),
            tasks.c.key_id,
            tasks.c.operation,
            func.sum(case((settled, 1), else_=0)).label("videos"),
            func.sum(case((settled, -entries.c.amount), else_=0)).label("charged"),
            func.sum(case((settled, 0), else_=entries.c.amount)).label("refunded"),
        )
        .join_from(entries, tasks, entries.c.task_id == tasks.c.id)
        .where(entries.c.account_id == account_id)
        .where(entries.c.created_at >= since, entries.c.created_at < until)
        .group_by(day, tasks.c.key_id, tasks.c.operation)
        .order_by(day, tasks.c.key_id, tasks.c.operation)
    )
    return [
        UsageRow(
            day=datetime.fromtimestamp(row.day, UTC).strftime("%Y-%m-%d"),
            key_id=row.key_id,
            operation=row.operation,
            videos=int(row.videos),
            charged=_money(row.charged),
            refunded=_money(row.refunded),
        )
        for row in conn.execute(query)
    ]


@dataclass(slots=True)
class Audit:
    """What was recomputed, and every sentence that did not hold."""

    accounts: int = 0
    entries: int = 0
    holds: int = 0
    tasks: int = 0
    faults: list[str] = field(default_factory=list)


def audit(conn: Conn) -> Audit:
    """Recompute every balance and every hold from the journal and compare."""
    found = Audit(
        accounts=_count(conn, accounts),
        entries=_count(conn, entries),
        holds=_count(conn, holds),
        tasks=_count(conn, tasks),
    )
    for check in (_balances, _key_limits, _sandboxes, _holds, _charges, _strays):
        found.faults.extend(check(conn))
    return found


def _count(conn: Conn, table: Table) -> int:
    return conn.scalar(select(func.count()).select_from(table)) or 0


def _balances(conn: Conn) -> Iterator[str]:
    sums: dict[str, Money] = defaultdict(Money)
    for account_id, total in conn.execute(
        select(entries.c.account_id, func.sum(entries.c.amount)).group_by(entries.c.account_id)
    ):
        sums[account_id] = _money(total)
    held: dict[str, Money] = defaultdict(Money)
    for account_id, total in conn.execute(
        select(holds.c.account_id, func.sum(holds.c.amount))
        .where(holds.c.state == "open")
        .group_by(holds.c.account_id)
    ):
        held[account_id] = _money(total)
    known = set(conn.scalars(select(accounts.c.id)))
    for stranger in sorted({*sums, *held} - known):
        yield f"{stranger}: the books name this account, and there is none"
    held_by = holds.c.account_id
    opened = select(held_by, func.count()).where(holds.c.state == "open").group_by(held_by)
    counts: dict[str, int] = {row[0]: row[1] for row in conn.execute(opened)}
    for row in conn.execute(select(accounts)):
        if row.open != counts.get(row.id, 0):
            yield f"{row.name}: open is {row.open}, its open holds are {counts.get(row.id, 0)}"
        if row.balance != sums[row.id]:
            yield f"{row.name}: balance is {row.balance}, its entries add up to {sums[row.id]}"
        if row.held != held[row.id]:
            yield f"{row.name}: held is {row.held}, its open holds add up to {held[row.id]}"
        if not ZERO <= row.held <= row.balance:
            yield f"{row.name}: {row.held} is held of a balance of {row.balance}"


def _key_limits(conn: Conn) -> Iterator[str]:
    """What a key has committed, of its day and its month as well, is what its holds took."""
    found = bounds.tally(conn)
    for row in conn.execute(select(keys)):
        mine = found.get(row.id, bounds.Tally())
        said = {
            "committed": (row.committed, mine.committed),
            "running": (row.running, mine.running),
            "day_committed": (row.day_committed, mine.on(row.day)),
            "month_committed": (row.month_committed, mine.in_the_month_of(row.day)),
        }
        for name, (there, taken) in said.items():
            if there != taken:
                yield f"{row.id}: {name} is {there}, its tasks took {taken}"


def _sandboxes(conn: Conn) -> Iterator[str]:
    """A sandbox moves no money, and test keys alone open it."""
    key_of = keys.c.account_id == accounts.c.id
    tests = keys.c.role.is_not_distinct_from("test")
    astray = select(keys.c.id, accounts.c.name).join_from(keys, accounts, key_of)
    for key_id, name in conn.execute(astray.where(tests != accounts.c.live_id.is_not(None))):
        yield f"{key_id}: a test key opens sandboxes and no other account; this is {name}"
    moved = (
        select(entries.c.reference, entries.c.amount, accounts.c.name)
        .join_from(entries, accounts, entries.c.account_id == accounts.c.id)
        .where(accounts.c.live_id.is_not(None), entries.c.amount != ZERO)
    )
    for reference, amount, name in conn.execute(moved):
        yield f"{reference}: {amount} moved in {name}, which is a sandbox"
    held = select(holds.c.task_id, holds.c.amount).join_from(holds, accounts)
    held = held.where(accounts.c.live_id.is_not(None), holds.c.amount != ZERO)
    for task_id, amount in conn.execute(held):
        yield f"{task_id}: {amount} was held in a sandbox"


def _holds(conn: Conn) -> Iterator[str]:
    """A hold is open just as long as its task, and no task is without one."""
    misfit = or_(
        holds.c.task_id.is_(None),
        and_(tasks.c.status.in_(_OPEN), holds.c.state != "open"),
        and_(tasks.c.status.not_in(_OPEN), holds.c.state == "open"),
        and_(tasks.c.status == Status.COMPLETED.value, holds.c.state != "settled"),
        holds.c.amount != tasks.c.held,
        holds.c.account_id != tasks.c.account_id,
    )
    query = select(tasks.c.id, tasks.c.status, holds.c.state).outerjoin_from(
        tasks, holds, holds.c.task_id == tasks.c.id
    )
    for row in conn.execute(query.where(misfit)):
        yield f"{row.id}: the task is {row.status}, its hold is {row.state or 'missing'}"
    orphans = select(holds.c.task_id).outerjoin_from(holds, tasks, holds.c.task_id == tasks.c.id)
    for row in conn.execute(orphans.where(tasks.c.id.is_(None))):
        yield f"{row.task_id}: there is a hold and no task"


def _charges(conn: Conn) -> Iterator[str]:
    """A settled task has one settlement, of what it says it was charged."""
    settled = and_(entries.c.task_id == tasks.c.id, entries.c.kind == "settlement")
    query = (
        select(
            tasks.c.id,
            tasks.c.charged,
            tasks.c.held,
            tasks.c.billing,
            holds.c.state,
            entries.c.amount,
        )
        .join_from(tasks, holds, holds.c.task_id == tasks.c.id)
        .outerjoin(entries, settled)
        .where(holds.c.state != "open")
    )
    for row in conn.execute(query):
        taken = -row.amount if row.amount is not None else ZERO
        if (row.state == "settled") != (row.amount is not None):
            yield f"{row.id}: the hold is {row.state}, and the journal does not say so"
        elif taken != (row.charged or ZERO) or taken > row.held:
            yield f"{row.id}: charged {row.charged}, the journal took {taken} of {row.held} held"
        if row.billing is None or _billed(row.billing) != (str(row.held), str(taken)):
            yield f"{row.id}: its bill does not say that {taken} of {row.held} was taken"


def _billed(billing: str) -> tuple[str, str]:
    bill = json.loads(billing)
    return bill["held"], bill["charged"]


def _strays(conn: Conn) -> Iterator[str]:
    """Settlements and refunds name a task of the same account; a refund is what was charged."""
    query = (
        select(entries, holds.c.account_id.label("holder"), holds.c.state, tasks.c.charged)
        .outerjoin_from(entries, holds, holds.c.task_id == entries.c.task_id)
        .outerjoin(tasks, tasks.c.id == entries.c.task_id)
        .where(entries.c.kind != "deposit")
    )
    for row in conn.execute(query):
        if (row.holder, row.state) != (row.account_id, "settled"):
            yield f"{row.reference}: {row.account_id} has no settled hold of this task"
        if row.reference != f"{_REFERENCES[row.kind]}:{row.task_id}":
            yield f"entry {row.number}: {row.reference} is not what the {row.kind} is called"
        if row.kind == "refund" and row.amount != row.charged:
            yield f"{row.reference}: {row.amount} was given back of {row.charged} charged"


def _money(total: Money | int | None) -> Money:
    return total if isinstance(total, Money) else Money(int(total or 0))
