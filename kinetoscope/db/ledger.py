"""The smallest ledger that cannot lie: deposit, hold, settle, release, refund.

A conditional UPDATE and its row count are the only lock; the constraints are a second pair of eyes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kinetoscope.db import Conn, bounds
from kinetoscope.db.hot import Hot
from kinetoscope.db.schema import accounts, entries, holds
from kinetoscope.domain.errors import (
    Conflict,
    InsufficientBalance,
    KinetoscopeError,
    NotFound,
    Overtaken,
    TooManyRequests,
)
from kinetoscope.domain.money import LARGEST, ZERO, Money

MOST_OPEN = 10_000  # tasks of one account that have not ended


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; *amount* is negative where money was taken."""

    number: int
    reference: str
    account_id: str
    amount: Money
    kind: str
    task_id: str | None
    created_at: int
    note: str


_HOLD = Hot(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .where(accounts.c.balance >= accounts.c.held + bindparam("amount", type_=accounts.c.held.type))
    .where(accounts.c.open < bindparam("most_open"))
    .values(
        held=accounts.c.held + bindparam("amount", type_=accounts.c.held.type),
        open=accounts.c.open + 1,
    )
)
_INSERT_HOLD = Hot(insert(holds), [column.name for column in holds.c])


def hold(
    conn: Conn,
    task_id: str,
    account_id: str,
    amount: Money,
    *,
    limited_key: str | None = None,
    most_open: int = MOST_OPEN,
    now: int = 0,
) -> None:
    """Set *amount* aside for a task, or raise InsufficientBalance or KeyLimitReached.

    *limited_key* is the id of the key that asks, if that key has a limit that its tasks count
    towards *now*; TooManyRunning if it has too many. With *most_open* tasks of the account that
    have not ended, raise TooManyRequests.
    """
    values = {"account": account_id, "amount": amount.micros, "most_open": most_open}
    if not _HOLD.change(conn, values):
        raise _refusal(conn, account_id, amount, most_open)
    day = None if limited_key is None else bounds.commit(conn, limited_key, amount, now)
    _INSERT_HOLD.change(
        conn,
        {
            "task_id": task_id,
            "account_id": account_id,
            "key_id": limited_key,
            "amount": amount.micros,
            "state": "open",
            "day": day,
        },
    )


def settle(conn: Conn, task_id: str, cost: Money, now: int) -> Money:
    """Take *cost*, give the rest of the hold back, and return what was held.

    Raise Overtaken if the hold was resolved before, ValueError if *cost* is above it.
    """
    resolved = _resolve(conn, task_id, "settled")
    account_id, held = resolved.account_id, resolved.amount
    if not ZERO <= cost <= held:
        message = f"{task_id}: a cost of {cost} does not fit a hold of {held}"
        raise ValueError(message)
    conn.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(
            held=accounts.c.held - held,
            balance=accounts.c.balance - cost,
            open=accounts.c.open - 1,
        )
    )
    _give_back(conn, resolved, held - cost)
    conn.execute(
        insert(entries).values(
            reference=f"settle:{task_id}",
            account_id=account_id,
            amount=-cost,
            kind="settlement",
            task_id=task_id,
            created_at=now,
            note="",
        )
    )
    return held


def release(conn: Conn, task_id: str) -> Money:
    """Give the whole hold back and return what it was; Overtaken if it was resolved before."""
    resolved = _resolve(conn, task_id, "released")
    account_id, held = resolved.account_id, resolved.amount
    conn.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(held=accounts.c.held - held, open=accounts.c.open - 1)
    )
    _give_back(conn, resolved, held)
    return held


def deposit(
    conn: Conn, account_id: str, amount: Money, now: int, *, reference: str, note: str = ""
) -> Entry:
    """Add *amount*, once for each *reference*: a second time raises Conflict.

    So does a sandbox, which has no money.
    """
    live = conn.scalar(select(accounts.c.live_id).where(accounts.c.id == account_id))
    if live is not None:
        message = f"{account_id} is the sandbox of {live}: it takes no money, and needs none"
        raise Conflict(message, "account")
    return _add(
        conn, account_id, amount, now, kind="deposit", reference=f"deposit:{reference}", note=note
    )


def refund(conn: Conn, task_id: str, now: int, *, note: str) -> Entry:
    """Give back all that a task was charged, once; Conflict if there is nothing to give back."""
    wanted = (entries.c.task_id == task_id) & (entries.c.kind == "settlement")
    settled = conn.execute(select(entries).where(wanted)).first()
    if settled is None or not settled.amount:
        raise Conflict(f"{task_id} was not charged, so there is nothing to refund", "task")
    return _add(
        conn,
        settled.account_id,
        -settled.amount,
        now,
        kind="refund",
        reference=f"refund:{task_id}",
        note=note,
        task_id=task_id,
    )


def statement(conn: Conn, account_id: str, *, after: int | None, limit: int) -> list[Entry]:
    """List up to *limit* entries of an account, newest first, older than entry *after*."""
    query = select(entries).where(entries.c.account_id == account_id)
    if after is not None:
        query = query.where(entries.c.number < after)
    rows = conn.execute(query.order_by(entries.c.number.desc()).limit(limit))
    return [Entry(*row) for row in rows]


def _add(
    conn: Conn,
    account_id: str,
    amount: Money,
    now: int,
    *,
    kind: str,
    reference: str,
    note: str,
    task_id: str | None = None,
) -> Entry:
    """Write an entry that adds to a balance."""
    if conn.execute(select(entries.c.number).where(entries.c.reference == reference)).first():
        raise Conflict(f"{reference} is in the journal already; nothing was added", "reference")
    row = {
        "reference": reference,
        "account_id": account_id,
        "amount": amount,
        "kind": kind,
        "task_id": task_id,
        "created_at": now,
        "note": note,
    }
    room = Money(LARGEST) - amount
    grown = conn.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.balance <= room)
        .values(balance=accounts.c.balance + amount)
    )
    if grown.rowcount != 1:
        raise NotFound(f"no account {account_id!r} can take {amount}", "account")
    try:
        number = conn.execute(insert(entries).values(row).returning(entries.c.number)).scalar_one()
    except IntegrityError as error:  # somebody was quicker
        raise Conflict(f"{reference} is in the journal already", "reference") from error
    return Entry(number, reference, account_id, amount, kind, task_id, now, note)


class _Hold(NamedTuple):
    """A hold as it is resolved."""

    account_id: str
    key_id: str | None
    amount: Money
    day: int | None


def _resolve(conn: Conn, task_id: str, state: str) -> _Hold:
    resolved = conn.execute(
        update(holds)
        .where(holds.c.task_id == task_id, holds.c.state == "open")
        .values(state=state)
        .returning(*(holds.c[name] for name in _Hold._fields))
    ).first()
    if resolved is None:
        raise Overtaken(task_id)
    return _Hold._make(resolved)


def _give_back(conn: Conn, resolved: _Hold, amount: Money) -> None:
    if resolved.key_id is not None:
        bounds.end(conn, resolved.key_id, amount, resolved.day)


def _refusal(conn: Conn, account_id: str, amount: Money, most_open: int) -> KinetoscopeError:
    """Say why nothing could be held."""
    query = select(accounts.c.balance, accounts.c.held, accounts.c.open)
    row = conn.execute(query.where(accounts.c.id == account_id)).one()
    if row.open >= most_open:
        message = f"{row.open} tasks of this account have not ended yet, the most allowed; wait"
        return TooManyRequests(message)
    available = row.balance - row.held
    missing = amount - available
    message = f"this costs up to ${amount} and ${available} is available; add ${missing}"
    return InsufficientBalance(message)
