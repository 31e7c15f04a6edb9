"""Reading and writing: strangers share a commit and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from kinetoscope.db import Conn, Database, accounts, ledger, open_database
from kinetoscope.db.migrate import upgrade
from kinetoscope.domain.errors import InsufficientBalance
from kinetoscope.domain.money import ZERO
from tests.db.books import NOW, a_task, accept, faults, open_with, standing, usd
from tests.patience import PATIENCE


async def test_an_exception_in_one_change_undoes_that_one_and_no_other(db: Database) -> None:
    """Changes that wait for the same commit are strangers to one another."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "100"))

    def change(number: int) -> Callable[[Conn], None]:
        def write(conn: Conn) -> None:
            accept(conn, a_task(alice.id, usd("1")))
            if number % 3 == 0:
                raise ZeroDivisionError(number)

        return write

    answers = await asyncio.gather(
        *(db.write(change(number)) for number in range(30)), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [
        type(None) if number % 3 else ZeroDivisionError for number in range(30)
    ]
    assert await standing(db, alice) == ("100.00", "20.00")
    assert await faults(db) == []


async def test_a_commit_that_fails_is_told_to_its_caller_and_nothing_happened(
    db: Database,
) -> None:
    """What is checked at the end of a transaction fails the commit itself."""
    await db.write(_make_a_promise_that_is_checked_at_the_end)

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await db.write(
            lambda conn: conn.execute(text("INSERT INTO late (account) VALUES ('nobody')"))
        )

    await db.write(lambda conn: open_with(conn, "alice", "10"))
    assert await db.read(lambda conn: conn.scalar(text("SELECT count(*) FROM late"))) == 0
    assert await faults(db) == []


async def test_a_commit_that_fails_is_told_to_every_caller_that_shares_it(
    new_address: Callable[[str], str],
) -> None:
    """SQLite commits in groups: all of a group are told, and none of it happened."""
    db = open_database(new_address("sqlite"))
    await asyncio.to_thread(upgrade, db)
    await db.write(_make_a_promise_that_is_checked_at_the_end)
    names = [asyncio.create_task(db.write(_named(f"name {each}"))) for each in range(5)]
    broken = asyncio.create_task(
        db.write(lambda conn: conn.execute(text("INSERT INTO late (account) VALUES ('nobody')")))
    )
    answers = await asyncio.gather(*names, broken, return_exceptions=True)

    kept = {each.name for each in await db.read(accounts.list_all)}
    told = {f"name {number}" for number, each in enumerate(answers[:5]) if each is None}
    assert isinstance(answers[-1], Exception)
    assert kept == told == set()
    await db.write(_named("afterwards"))
    await db.close()


async def test_whoever_stops_waiting_does_no_harm(db: Database) -> None:
    """A cancelled caller leaves its change whole or undone, and the others their answers."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "100"))

    async def order() -> None:
        await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))

    orders = [asyncio.create_task(order()) for _ in range(20)]
    await asyncio.sleep(0)
    for order_ in orders[::2]:
        order_.cancel()
    answers = await asyncio.gather(*orders, return_exceptions=True)

    assert [type(each) for each in answers[1::2]] == [type(None)] * 10
    _, held = await standing(db, alice)
    assert usd("10") <= usd(held) <= usd("20")
    assert await faults(db) == []


async def test_a_read_sees_one_instant(db: Database) -> None:
    """A report that asks twice is not told two truths."""
    await db.write(lambda conn: open_with(conn, "alice", "1"))
    looked, changed = threading.Event(), threading.Event()

    def ask(conn: Conn) -> tuple[int, int]:
        before = len(accounts.list_all(conn))
        looked.set()
        assert changed.wait(timeout=PATIENCE)
        return before, len(accounts.list_all(conn))

    reading = asyncio.create_task(db.read(ask))
    await asyncio.to_thread(looked.wait, PATIENCE)
    await db.write(lambda conn: open_with(conn, "bob", "1"))
    changed.set()

    assert await reading == (1, 1)
    assert len(await db.read(accounts.list_all)) == 2


async def test_a_write_is_there_for_the_next_read(db: Database) -> None:
    for number in range(20):
        await db.write(_named(f"name {number}"))
        assert len(await db.read(accounts.list_all)) == number + 1
        assert len(await db.glance(accounts.list_all)) == number + 1


async def test_closing_finishes_what_was_asked(address: str) -> None:
    db = open_database(address)
    await asyncio.to_thread(upgrade, db)
    asked = [asyncio.create_task(db.write(_named(f"name {each}"))) for each in range(20)]
    await asyncio.sleep(0)

    await db.close()
    await asyncio.gather(*asked)

    again = open_database(address)
    assert len(await again.read(accounts.list_all)) == 20
    await again.close()


async def test_an_address_of_no_database_is_refused() -> None:
    with pytest.raises(ValueError, match="use sqlite:///FILE or postgresql://HOST/NAME"):
        open_database("mysql://localhost/secret")


_BUYER = textwrap.dedent("""
    import sys
    from kinetoscope.db import open_database
    from kinetoscope.domain.errors import InsufficientBalance
    from tests.db.books import a_task, accept, usd

    database, accepted = open_database(sys.argv[1]), 0
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(30):
        try:
            database.write_now(lambda conn: accept(conn, a_task(sys.argv[2], usd("1"))))
            accepted += 1
        except InsufficientBalance:
            pass
    print(accepted)
""")


async def test_two_processes_on_one_database_share_one_balance(db: Database, address: str) -> None:
    """C38: 30 orders each on a balance for 40."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "40"))
    command = [sys.executable, "-c", _BUYER, address, alice.id]
    buyers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        for buyer in buyers:
            assert buyer.stdout is not None
            assert await asyncio.to_thread(buyer.stdout.readline) == "ready\n"
        answers = [asyncio.to_thread(buyer.communicate, "go\n", PATIENCE) for buyer in buyers]
        accepted = [int(answer) for answer, _ in await asyncio.gather(*answers)]
    finally:
        for buyer in buyers:
            buyer.kill()
            await asyncio.to_thread(buyer.wait)

    assert sum(accepted) == 40
    assert await standing(db, alice) == ("40.00", "40.00")
    assert await faults(db) == []


async def test_the_lock_of_a_database_is_one_runners_at_a_time(address: str) -> None:
    one, two = open_database(address), open_database(address)
    first, second = one.lock(), two.lock()

    assert await asyncio.to_thread(first.take) is None
    assert await asyncio.to_thread(second.take) is not None
    assert await asyncio.to_thread(first.held)
    assert not await asyncio.to_thread(second.held)
    first.give()
    first.give()
    assert not await asyncio.to_thread(first.held)
    assert await asyncio.to_thread(second.take) is None

    second.give()
    for each in (one, two):
        await each.close()


async def test_a_lock_whose_server_hung_up_is_lost_and_can_be_taken_again(
    new_address: Callable[[str], str],
) -> None:
    """A runner that went on believing in it would run tasks beside another one."""
    db = open_database(new_address("postgres"))
    lock = db.lock()
    assert await asyncio.to_thread(lock.take) is None

    await db.write(
        lambda conn: conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    )

    for _ in range(3):
        assert not await asyncio.to_thread(lock.held)
    lock.give()
    assert await asyncio.to_thread(lock.take) is None
    assert await asyncio.to_thread(lock.held)
    lock.give()
    await db.close()


async def test_a_balance_for_nothing_buys_nothing(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "0"))

    with pytest.raises(InsufficientBalance):
        await db.write(lambda conn: ledger.hold(conn, "task_1", alice.id, usd("0.000001")))
    await db.write(lambda conn: accept(conn, a_task(alice.id, ZERO)))

    assert await faults(db) == []


def _make_a_promise_that_is_checked_at_the_end(conn: Conn) -> None:
    conn.execute(
        text(
            "CREATE TABLE late (account VARCHAR(40)"
            " REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    )


def _named(name: str) -> Callable[[Conn], None]:
    def write(conn: Conn) -> None:
        accounts.open_account(conn, name, NOW)

    return write


def test_a_database_goes_on_in_another_loop(tmp_path: Path) -> None:
    """A loop that ended in the middle of a change leaves nothing half done behind."""
    db = open_database(f"sqlite:///{tmp_path / 'two.db'}")
    upgrade(db)

    async def leave_at_once() -> None:
        left = asyncio.create_task(db.write(_named("left alone")))
        await asyncio.sleep(0)
        assert not left.done()

    async def go_on() -> list[str]:
        await db.write(_named("after"))
        found = [each.name for each in await db.read(accounts.list_all)]
        await db.close()
        return found

    asyncio.run(leave_at_once())

    assert asyncio.run(go_on())[-1] == "after"


async def test_a_change_waits_for_another_process_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    db = open_database(f"sqlite:///{path}")
    await asyncio.to_thread(upgrade, db)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    asked = [asyncio.create_task(db.write(_named(f"name {each}"))) for each in range(5)]
    await asyncio.sleep(0.3)
    assert not any(each.done() for each in asked)

    other.execute("COMMIT")
    await asyncio.gather(*asked)

    assert len(await db.read(accounts.list_all)) == 5
    other.close()
    await db.close()
