"""The ledger keeps its rules, and the database refuses to break them (C35 to C39)."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from kinetoscope.db import Conn, Database, accounts, ledger
from kinetoscope.domain.errors import (
    Conflict,
    InsufficientBalance,
    KeyLimitReached,
    NotFound,
    Overtaken,
)
from kinetoscope.domain.money import LARGEST, ZERO, Money
from tests.db.books import (
    NOW,
    a_task,
    accept,
    begin,
    complete,
    fail,
    faults,
    open_with,
    standing,
    usd,
)


async def test_a_hold_sets_money_aside_and_a_settlement_takes_no_more_than_the_cost(
    db: Database,
) -> None:
    """C35, C36."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("0.42"))))
    assert await standing(db, alice) == ("10.00", "0.42")

    await db.write(lambda conn: complete(conn, begin(conn, task.id), usd("0.35")))

    assert await standing(db, alice) == ("9.65", "0.00")
    assert await faults(db) == []


async def test_a_release_gives_everything_back_and_writes_no_entry(db: Database) -> None:
    """C37."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("0.42"))))

    await db.write(lambda conn: fail(conn, begin(conn, task.id)))

    assert await standing(db, alice) == ("10.00", "0.00")
    lines = await db.read(lambda conn: ledger.statement(conn, alice.id, after=None, limit=10))
    assert [line.kind for line in lines] == ["deposit"]
    assert await faults(db) == []


async def test_a_hold_of_all_that_is_available_fits_and_a_millionth_more_does_not(
    db: Database,
) -> None:
    """C35, C38: nothing is created, and the refusal says what it costs and what there is."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "1"))
    await db.write(lambda conn: accept(conn, a_task(alice.id, usd("0.4"))))

    with pytest.raises(InsufficientBalance, match=r"0\.600001.*0\.60 .*0\.000001"):
        await db.write(lambda conn: accept(conn, a_task(alice.id, usd("0.600001"))))
    assert await standing(db, alice) == ("1.00", "0.40")

    await db.write(lambda conn: accept(conn, a_task(alice.id, usd("0.6"))))
    assert await standing(db, alice) == ("1.00", "1.00")
    assert await faults(db) == []


async def test_a_hold_is_resolved_once(db: Database) -> None:
    """C36: settle and release, twice and crosswise."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))
    await db.write(lambda conn: complete(conn, begin(conn, task.id), usd("1")))

    with pytest.raises(Overtaken):
        await db.write(lambda conn: ledger.settle(conn, task.id, usd("1"), NOW))
    with pytest.raises(Overtaken):
        await db.write(lambda conn: ledger.release(conn, task.id))
    with pytest.raises(Overtaken):
        await db.write(lambda conn: ledger.settle(conn, "task_unknown", ZERO, NOW))

    assert await standing(db, alice) == ("9.00", "0.00")
    assert await faults(db) == []


@pytest.mark.parametrize("cost", [Money(1_000_001), Money(-1)])
async def test_a_cost_that_does_not_fit_the_hold_undoes_everything(
    db: Database, cost: Money
) -> None:
    """C36: settled never exceeds held."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))

    with pytest.raises(ValueError, match="does not fit"):
        await db.write(lambda conn: ledger.settle(conn, task.id, cost, NOW))

    assert await standing(db, alice) == ("10.00", "1.00")
    assert await faults(db) == []


async def test_a_task_has_one_hold(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))

    with pytest.raises(IntegrityError):
        await db.write(lambda conn: ledger.hold(conn, task.id, alice.id, usd("1")))

    assert await standing(db, alice) == ("10.00", "1.00")


async def test_a_deposit_counts_once_for_each_reference(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "0"))
    for _ in range(2):
        try:
            await db.write(
                lambda conn: ledger.deposit(conn, alice.id, usd("3"), NOW, reference="bank-7")
            )
        except Conflict as conflict:
            assert "bank-7" in conflict.message  # noqa: PT017 - the first time must not raise

    assert await standing(db, alice) == ("3.00", "0.00")
    assert await faults(db) == []


async def test_a_refund_gives_back_what_was_charged_once(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    paid = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))
    free = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))
    await db.write(lambda conn: complete(conn, begin(conn, paid.id), usd("0.7")))
    await db.write(lambda conn: fail(conn, begin(conn, free.id)))

    await db.write(lambda conn: ledger.refund(conn, paid.id, NOW, note="it was blurred"))
    for task_id in (paid.id, free.id, "task_unknown"):
        with pytest.raises(Conflict):
            await db.write(partial(ledger.refund, task_id=task_id, now=NOW, note="once more"))

    assert await standing(db, alice) == ("10.00", "0.00")
    assert await faults(db) == []


async def test_a_deposit_that_no_column_can_hold_is_refused(db: Database) -> None:
    """C38: 64 bits."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "1"))

    with pytest.raises(NotFound):
        await db.write(
            lambda conn: ledger.deposit(conn, alice.id, Money(LARGEST), NOW, reference="all")
        )

    assert await standing(db, alice) == ("1.00", "0.00")
    assert await faults(db) == []


async def test_a_key_spends_up_to_its_limit_and_gets_back_what_was_released(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    key, _ = await db.write(
        lambda conn: accounts.create_key(conn, alice.id, NOW, spend_limit=usd("1"))
    )

    def order(dollars: str) -> str:
        task = a_task(alice.id, usd(dollars), key_id=key.id)
        return db.write_now(lambda conn: accept(conn, task, key.id)).id

    first, second = order("0.6"), order("0.4")
    with pytest.raises(KeyLimitReached, match=r"0\.000001.*0\.00 of \$1\.00"):
        order("0.000001")
    await db.write(lambda conn: fail(conn, begin(conn, first)))
    await db.write(lambda conn: complete(conn, begin(conn, second), usd("0.3")))

    third = order("0.7")
    assert await standing(db, alice) == ("9.70", "0.70")
    with pytest.raises(KeyLimitReached):
        order("0.1")
    await db.write(lambda conn: complete(conn, begin(conn, third), usd("0.7")))
    assert await faults(db) == []


async def test_the_statement_lists_every_entry_once_page_by_page(db: Database) -> None:
    """C39."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    bob = await db.write(lambda conn: open_with(conn, "bob", "10"))
    for number in range(5):
        owner = bob if number == 2 else alice
        task = await db.write(partial(accept, task=a_task(owner.id, usd("1"))))
        begun = await db.write(partial(begin, task_id=task.id))
        await db.write(partial(complete, task=begun, charge=usd("0.25")))

    seen: list[ledger.Entry] = []
    after: int | None = None
    while page := await db.read(
        partial(ledger.statement, account_id=alice.id, after=after, limit=2)
    ):
        seen += page
        after = page[-1].number

    assert [entry.kind for entry in seen] == ["settlement"] * 4 + ["deposit"]
    assert len({entry.number for entry in seen}) == 5
    total = sum((entry.amount for entry in seen), start=ZERO)
    assert total == usd("9") == (await db.read(lambda conn: accounts.get(conn, alice.id))).balance
    assert await standing(db, alice) == ("9.00", "0.00")


async def test_an_exception_after_the_money_moved_moves_it_back(db: Database) -> None:
    """C36: the end of a task and its settlement are one transaction."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))
    begun = await db.write(lambda conn: begin(conn, task.id))

    def crash(conn: Conn) -> None:
        complete(conn, begun, usd("1"))
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError):
        await db.write(crash)

    assert await standing(db, alice) == ("10.00", "1.00")
    assert await faults(db) == []
    await db.write(lambda conn: complete(conn, begun, usd("1")))
    assert await faults(db) == []


async def test_money_beyond_every_check_in_code_is_stopped_by_the_constraint(db: Database) -> None:
    """C38: the hold that the journal cannot pay fails inside the database."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "1"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))

    def rob(conn: Conn) -> None:
        conn.exec_driver_sql("UPDATE accounts SET balance = 0")

    with pytest.raises(DBAPIError):
        await db.write(rob)

    await db.write(lambda conn: fail(conn, begin(conn, task.id)))
    assert await standing(db, alice) == ("1.00", "0.00")
