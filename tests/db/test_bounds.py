"""What keys may do at most: no race gets past it, and what comes back goes where it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text

from kinetoscope.db import Conn, Database, accounts, bounds, ledger, open_database
from kinetoscope.db.accounts import Key
from kinetoscope.db.ids import new_id
from kinetoscope.db.schema import keys
from kinetoscope.domain.bounds import MINUTE, UNBOUND, Bounds, Period
from kinetoscope.domain.errors import (
    Conflict,
    KeyLimitReached,
    TooManyRequests,
    TooManyRunning,
)
from kinetoscope.domain.money import Money
from kinetoscope.domain.task import Task
from tests.db.books import NOW, a_task, accept, begin, complete, fail, faults, open_with, usd

_DAY = 24 * 3600
_MIDNIGHT = NOW - NOW % _DAY  # 2023-11-14


async def a_key(db: Database, limits: Bounds = UNBOUND, limit: Money | None = None) -> Key:
    def make(conn: Conn) -> Key:
        account = open_with(conn, new_id("name"), "100")
        return accounts.create_key(conn, account.id, NOW, spend_limit=limit, bounds=limits)[0]

    return await db.write(make)


def task_of(key: Key, dollars: str = "1", at: int = NOW) -> Task:
    return a_task(key.account_id, usd(dollars), key_id=key.id, created_at=at)


async def take(db: Database, key: Key, dollars: str = "1", at: int = NOW) -> Task:
    return await db.write(lambda conn: accept(conn, task_of(key, dollars, at), key.id))


async def counts(db: Database, key: Key) -> tuple[Any, ...]:
    """Tell what is running, and committed in all, of the day and of the month."""
    columns = (keys.c.running, keys.c.committed, keys.c.day_committed, keys.c.month_committed)
    query = select(*columns).where(keys.c.id == key.id)
    running, *amounts = await db.read(lambda conn: conn.execute(query).one())
    return (running, *map(str, amounts))


@pytest.mark.parametrize(
    "limits,error",
    [
        (Bounds(running=5), TooManyRunning),
        (Bounds(per_day=usd("5.5")), KeyLimitReached),
        (Bounds(per_month=usd("5.5")), KeyLimitReached),
    ],
    ids=["running", "day", "month"],
)
async def test_50_at_once_on_a_limit_of_5_are_5_over_several_processes(
    address: str, db: Database, limits: Bounds, error: type[Exception]
) -> None:
    key = await a_key(db, limits)
    others = [open_database(address) for _ in range(2)]  # as other processes would

    answers = await asyncio.gather(
        *(take(each, key) for _ in range(17) for each in (db, *others)), return_exceptions=True
    )

    assert Counter(map(type, answers)) == {Task: 5, error: 46}
    assert (await counts(others[0], key))[0] == 5
    assert await faults(db) == []
    for each in others:
        await each.close()


async def test_50_turns_at_once_on_a_pace_of_5_are_5_over_several_processes(
    address: str, db: Database
) -> None:
    key = await a_key(db, Bounds(per_minute=5))
    other = open_database(address)
    turn = partial(bounds.take_turn, key_id=key.id, per_minute=5, now=NOW)

    answers = await asyncio.gather(
        *(each.write(turn) for _ in range(25) for each in (db, other)), return_exceptions=True
    )

    left = [each.remaining for each in answers if not isinstance(each, BaseException)]
    assert sorted(left) == [0, 1, 2, 3, 4]
    assert sum(isinstance(each, TooManyRequests) for each in answers) == 45
    await other.close()


async def test_a_turn_comes_back_at_the_pace_and_no_earlier(db: Database) -> None:
    key = await a_key(db, Bounds(per_minute=6))
    turn = partial(bounds.take_turn, key_id=key.id, per_minute=6)
    for _ in range(6):
        await db.write(partial(turn, now=NOW))

    with pytest.raises(TooManyRequests) as early:
        await db.write(partial(turn, now=NOW + 9.9))
    again = await db.write(partial(turn, now=NOW + 10))

    assert early.value.allowance is not None
    assert 0 < early.value.allowance.wait <= MINUTE // 600
    assert (again.remaining, again.reset) == (0, MINUTE)


async def test_a_clock_that_is_behind_gives_no_turn_twice(db: Database) -> None:
    key = await a_key(db, Bounds(per_minute=1))
    turn = partial(bounds.take_turn, key_id=key.id, per_minute=1)
    await db.write(partial(turn, now=NOW))

    with pytest.raises(TooManyRequests) as refused:
        await db.write(partial(turn, now=NOW - 1))

    assert refused.value.allowance is not None
    assert refused.value.allowance.wait == MINUTE + 1_000_000


async def test_a_clock_that_was_set_back_keeps_no_key_out(db: Database) -> None:
    key = await a_key(db, Bounds(per_minute=1))
    turn = partial(bounds.take_turn, key_id=key.id, per_minute=1)
    await db.write(partial(turn, now=NOW + 10 * _DAY))

    left = await db.write(partial(turn, now=NOW))

    assert (left.remaining, left.reset) == (0, MINUTE)
    with pytest.raises(TooManyRequests):
        await db.write(partial(turn, now=NOW + 1))


async def test_what_is_given_back_goes_to_the_day_it_was_committed_in(db: Database) -> None:
    key = await a_key(db, Bounds(per_day=usd("10"), per_month=usd("50")))
    first = await take(db, key, "3", at=_MIDNIGHT)
    second = await take(db, key, "2", at=_MIDNIGHT + _DAY)
    assert await counts(db, key) == (2, "5.00", "2.00", "5.00")

    await db.write(lambda conn: fail(conn, begin(conn, first.id)))
    assert await counts(db, key) == (1, "2.00", "2.00", "2.00")

    await db.write(lambda conn: complete(conn, begin(conn, second.id), usd("0.5")))
    assert await counts(db, key) == (0, "0.50", "0.50", "0.50")
    assert await faults(db) == []


async def test_what_ends_a_month_later_gives_nothing_back_to_it(db: Database) -> None:
    key = await a_key(db, Bounds(per_month=usd("50")))
    late = await take(db, key, "3", at=_MIDNIGHT)
    await take(db, key, "2", at=_MIDNIGHT + 40 * _DAY)
    assert await counts(db, key) == (2, "5.00", "2.00", "2.00")

    await db.write(lambda conn: fail(conn, begin(conn, late.id)))

    assert await counts(db, key) == (1, "2.00", "2.00", "2.00")
    assert await faults(db) == []


async def test_a_clock_that_is_behind_does_not_begin_the_day_anew(db: Database) -> None:
    key = await a_key(db, Bounds(per_day=usd("3")))
    await take(db, key, "2", at=_MIDNIGHT + _DAY)

    with pytest.raises(KeyLimitReached):
        await take(db, key, "2", at=_MIDNIGHT + _DAY - 1)
    behind = await take(db, key, "1", at=_MIDNIGHT + _DAY - 1)
    await db.write(lambda conn: fail(conn, begin(conn, behind.id)))

    assert await counts(db, key) == (1, "2.00", "2.00", "2.00")
    assert await faults(db) == []


async def test_a_limit_counts_what_was_made_before_it_was_set(db: Database) -> None:
    key = await a_key(db)
    free = await db.write(lambda conn: accept(conn, task_of(key, "2")))
    done = await db.write(lambda conn: accept(conn, task_of(key, "4")))
    await db.write(lambda conn: complete(conn, begin(conn, done.id), usd("3")))
    assert await counts(db, key) == (0, "0.00", "0.00", "0.00")

    changed = await db.write(
        lambda conn: accounts.change_key(
            conn, key.id, models=None, spend_limit=usd("6"), bounds=Bounds(running=1)
        )
    )

    assert (changed.committed, changed.spend_limit) == (usd("5"), usd("6"))
    assert await counts(db, key) == (1, "5.00", "5.00", "5.00")
    with pytest.raises(TooManyRunning):
        await take(db, key)
    await db.write(lambda conn: fail(conn, begin(conn, free.id)))
    assert await counts(db, key) == (0, "3.00", "3.00", "3.00")
    assert await faults(db) == []


async def test_a_limit_may_be_lowered_below_what_is_used_but_not_below_what_is_spent(
    db: Database,
) -> None:
    key = await a_key(db, Bounds(running=5, per_day=usd("5")), limit=usd("9"))
    for _ in range(3):
        await take(db, key)
    change = partial(accounts.change_key, key_id=key.id, models=None)

    await db.write(
        partial(change, spend_limit=usd("3"), bounds=Bounds(running=1, per_day=usd("1")))
    )
    with pytest.raises(Conflict, match=r"has committed \$3\.00 already"):
        await db.write(partial(change, spend_limit=usd("2"), bounds=UNBOUND))

    with pytest.raises(TooManyRunning):
        await take(db, key)
    assert await faults(db) == []


async def test_a_change_races_with_ends_and_nothing_is_lost(db: Database) -> None:
    key = await a_key(db)
    made = [await db.write(lambda conn: accept(conn, task_of(key))) for _ in range(12)]
    begun = [await db.write(partial(begin, task_id=task.id)) for task in made]
    change = partial(
        accounts.change_key,
        key_id=key.id,
        models=None,
        spend_limit=usd("50"),
        bounds=Bounds(running=50, per_day=usd("50")),
    )

    await asyncio.gather(
        *(db.write(partial(complete, task=task, charge=usd("0.25"))) for task in begun[:8]),
        db.write(change),
        *(db.write(partial(fail, task=task)) for task in begun[8:]),
    )

    assert await counts(db, key) == (0, "2.00", "2.00", "2.00")
    assert await faults(db) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE keys SET running = running + 1",
        "UPDATE keys SET month_committed = month_committed + 1",
        "UPDATE keys SET day_committed = day_committed - 1",
        "UPDATE holds SET day = day - 1",
        "UPDATE keys SET role = 'test'",
    ],
)
async def test_the_audit_finds_what_was_tampered_with(db: Database, change: str) -> None:
    key = await a_key(db, Bounds(running=5))
    await take(db, key)
    assert await faults(db) == []

    await db.write(lambda conn: conn.execute(text(change)))

    assert await faults(db)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE keys SET running = running - 2",
        "UPDATE keys SET day_committed = month_committed + 1",
        "UPDATE accounts SET live_id = id",
    ],
)
async def test_the_database_refuses_what_cannot_be(db: Database, change: str) -> None:
    key = await a_key(db, Bounds(running=5))
    await take(db, key)

    with pytest.raises(Exception, match=r"CHECK|check constraint"):
        await db.write(lambda conn: conn.execute(text(change)))


async def test_a_sandbox_holds_nothing(db: Database) -> None:
    key = await a_key(db)

    def make(conn: Conn) -> str:
        return accounts.sandbox(conn, accounts.get(conn, key.account_id), NOW).id

    sandbox = await db.write(make)
    assert await db.write(make) == sandbox
    await db.write(lambda conn: ledger.hold(conn, "task_free", sandbox, Money(0)))
    with pytest.raises(Exception, match="available"):
        await db.write(lambda conn: ledger.hold(conn, "task_1", sandbox, Money(1)))


@pytest.mark.parametrize(
    "day,first,end",
    [(0, 0, 31), (31, 31, 59), (59, 59, 90), (19_782, 19_754, 19_783), (20_088, 20_058, 20_089)],
)
def test_a_month_has_the_days_of_the_calendar(day: int, first: int, end: int) -> None:
    assert Period.of(day) == Period(day, first, end)
