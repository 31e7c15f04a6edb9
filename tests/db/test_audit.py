"""What no code may do the database refuses, and what was done to it the audit finds (C38)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy.exc import DBAPIError

from kinetoscope.db import Conn, Database, accounts, ledger, reports
from kinetoscope.domain.task import Failure
from tests.db.books import NOW, a_task, accept, begin, complete, fail, faults, open_with, usd


@dataclass(frozen=True)
class Books:
    """Tasks of alice in every state; bob has $5 and a task that runs."""

    db: Database
    names: dict[str, str]

    async def refuse(self, statement: str) -> bool:
        """Try to change the books by hand; {names} stand for ids."""
        try:
            await self.db.write(lambda conn: self._run(conn, statement))
        except DBAPIError:
            return True
        return False

    async def faults_after(self, *statements: str) -> list[str]:
        """Change the books by hand, audit them, and undo that."""

        def change(conn: Conn) -> None:
            self._run(conn, *_UNGUARDED[self.db.dialect], *statements)
            raise _Undone(reports.audit(conn).faults)

        with pytest.raises(_Undone) as undone:
            await self.db.write(change)
        return undone.value.faults

    def _run(self, conn: Conn, *statements: str) -> None:
        for statement in statements:
            conn.exec_driver_sql(statement.format_map(self.names))


class _Undone(Exception):
    def __init__(self, faults: list[str]) -> None:
        super().__init__()
        self.faults = faults


_UNGUARDED = {  # what only the owner of the database can do
    "sqlite": [f"DROP TRIGGER entries_no_{verb}" for verb in ("update", "delete", "replace")],
    "postgresql": ["ALTER TABLE entries DISABLE TRIGGER ALL"],
}


@pytest.fixture
async def books(db: Database) -> Books:
    def write(conn: Conn) -> dict[str, str]:
        alice, bob = open_with(conn, "alice", "10"), open_with(conn, "bob", "5")
        limited, _ = accounts.create_key(conn, alice.id, NOW, spend_limit=usd("3"))
        idle, _ = accounts.create_key(conn, alice.id, NOW, spend_limit=usd("3"))
        made = {
            name: accept(conn, a_task(alice.id, usd("0.5"), key_id=limited.id), limited.id).id
            for name in ("done", "refunded", "failed", "moderated", "running")
        }
        complete(conn, begin(conn, made["done"]), usd("0.4"))
        complete(conn, begin(conn, made["refunded"]), usd("0.4"))
        ledger.refund(conn, made["refunded"], NOW, note="")
        fail(conn, begin(conn, made["failed"]))
        fail(conn, begin(conn, made["moderated"]), Failure.MODERATED, usd("0.5"))
        begin(conn, made["running"])
        names = {"alice": alice.id, "bob": bob.id, "limited": limited.id, "idle": idle.id}
        return {**made, **names}

    return Books(db, await db.write(write))


async def test_honest_books_have_no_faults(books: Books) -> None:
    assert await faults(books.db) == []


_ENTRY = "INSERT INTO entries VALUES "  # number, reference, account, amount, kind, task, …

REFUSED = {
    "available goes below zero": "UPDATE accounts SET held = balance + 1",
    "balance goes below what is held": "UPDATE accounts SET balance = held - 1 WHERE held > 0",
    "held goes below zero": "UPDATE accounts SET held = -1",
    "an entry twice": "INSERT INTO entries SELECT number + 100, reference, account_id, amount,"
    " kind, task_id, created_at, note FROM entries",
    "an entry is changed": "UPDATE entries SET amount = amount + 1",
    "an entry's note is changed": "UPDATE entries SET note = 'x' WHERE number = 1",
    "an entry is removed": "DELETE FROM entries WHERE number = 1",
    "all entries are removed": "DELETE FROM entries",
    "a deposit takes money": _ENTRY + "(900, 'x', '{alice}', -1, 'deposit', NULL, 1, '')",
    "a settlement gives money": _ENTRY
    + "(900, 'x', '{alice}', 1, 'settlement', '{running}', 1, '')",
    "an entry of another kind": _ENTRY + "(900, 'x', '{alice}', 1, 'gift', NULL, 1, '')",
    "an entry of nobody": _ENTRY + "(900, 'x', 'acct_nobody', 1, 'deposit', NULL, 1, '')",
    "charged is more than held": "UPDATE tasks SET charged = held + 1",
    "charged is less than nothing": "UPDATE tasks SET charged = -1",
    "a hold of less than nothing": "UPDATE holds SET amount = -1",
    "a second hold of one task": "INSERT INTO holds (task_id, account_id, amount, state)"
    " VALUES ('{done}', '{alice}', 1, 'open', NULL)",
    "a hold in a state of its own": "UPDATE holds SET state = 'lost'",
    "a task in a state of its own": "UPDATE tasks SET status = 'paused'",
    "a key over its limit": "UPDATE keys SET committed = spend_limit + 1 WHERE id = '{limited}'",
    "a key below nothing": "UPDATE keys SET committed = -1",
    "an account goes while it has entries": "DELETE FROM accounts WHERE id = '{alice}'",
    "two accounts of one name": "UPDATE accounts SET name = 'alice'",
}


async def test_the_database_itself_refuses_what_must_never_be(books: Books) -> None:
    """C38: by a constraint of the database and not by a check in code."""
    accepted = [name for name, sql in REFUSED.items() if not await books.refuse(sql)]

    assert accepted == []
    assert await faults(books.db) == []


async def test_an_entry_cannot_be_replaced_or_truncated_either(books: Books) -> None:
    """C38: the two ways around a trigger on UPDATE and DELETE."""
    sly = {
        "sqlite": "INSERT OR REPLACE INTO entries SELECT number, reference, account_id, amount + 1,"
        " kind, task_id, created_at, note FROM entries WHERE kind = 'deposit'",
        "postgresql": "TRUNCATE entries",
    }

    assert await books.refuse(sly[books.db.dialect])
    assert await faults(books.db) == []


_TAKE_1 = "UPDATE accounts SET balance = balance - 1 WHERE id = '{alice}'"
_GIVE_1 = "UPDATE accounts SET balance = balance + 1 WHERE id = '{alice}'"

TAMPERED = {
    "a balance grew": (_GIVE_1,),
    "less is held": ("UPDATE accounts SET held = held - 1 WHERE id = '{alice}'",),
    "more tasks are open": ("UPDATE accounts SET open = open + 1 WHERE id = '{alice}'",),
    "a deposit grew": ("UPDATE entries SET amount = amount + 1 WHERE kind = 'deposit'",),
    "a deposit is gone": ("DELETE FROM entries WHERE kind = 'deposit'",),
    "a settlement is gone": (
        "UPDATE accounts SET balance = balance + 400000 WHERE id = '{alice}'",
        "DELETE FROM entries WHERE reference = 'settle:{done}'",
    ),
    "a settlement shrank": (
        _GIVE_1,
        "UPDATE entries SET amount = amount + 1 WHERE reference = 'settle:{done}'",
    ),
    "bob paid for alice": (
        "UPDATE accounts SET balance = balance + 400000 WHERE id = '{alice}'",
        "UPDATE accounts SET balance = balance - 400000 WHERE id = '{bob}'",
        "UPDATE entries SET account_id = '{bob}' WHERE reference = 'settle:{done}'",
    ),
    "a task was settled twice": (
        _TAKE_1,
        _ENTRY + "(900, 'again:{done}', '{alice}', -1, 'settlement', '{done}', 1, '')",
    ),
    "a task was settled twice, for nothing": (
        _ENTRY + "(900, 'again:{done}', '{alice}', 0, 'settlement', '{done}', 1, '')",
    ),
    "a settlement of no task": (
        _TAKE_1,
        _ENTRY + "(900, 'settle:task_x', '{alice}', -1, 'settlement', 'task_x', 1, '')",
    ),
    "a running task was charged": (
        _TAKE_1,
        _ENTRY + "(900, 'settle:{running}', '{alice}', -1, 'settlement', '{running}', 1, '')",
    ),
    "a failed task was charged": (
        _TAKE_1,
        _ENTRY + "(900, 'settle:{failed}', '{alice}', -1, 'settlement', '{failed}', 1, '')",
    ),
    "a refund of more than was charged": (
        "UPDATE accounts SET balance = balance + 400001 WHERE id = '{alice}'",
        _ENTRY + "(900, 'refund:{done}', '{alice}', 400001, 'refund', '{done}', 1, '')",
    ),
    "a refund of what was not charged": (
        _GIVE_1,
        _ENTRY + "(900, 'refund:{failed}', '{alice}', 1, 'refund', '{failed}', 1, '')",
    ),
    "a refund of a running task": (
        _GIVE_1,
        _ENTRY + "(900, 'refund:{running}', '{alice}', 1, 'refund', '{running}', 1, '')",
    ),
    "a second refund": (
        "UPDATE accounts SET balance = balance + 400000 WHERE id = '{alice}'",
        _ENTRY + "(900, 'refund:2', '{alice}', 400000, 'refund', '{refunded}', 1, '')",
    ),
    "a hold shrank": (
        "UPDATE holds SET amount = amount - 1 WHERE task_id = '{running}'",
        "UPDATE accounts SET held = held - 1 WHERE id = '{alice}'",
        "UPDATE keys SET committed = committed - 1 WHERE id = '{limited}'",
    ),
    "a hold is open again": (
        "UPDATE holds SET state = 'open' WHERE task_id = '{failed}'",
        "UPDATE accounts SET held = held + 500000 WHERE id = '{alice}'",
        "UPDATE keys SET committed = committed + 500000 WHERE id = '{limited}'",
    ),
    "a hold was released and its task runs": (
        "UPDATE holds SET state = 'released' WHERE task_id = '{running}'",
        "UPDATE accounts SET held = held - 500000 WHERE id = '{alice}'",
        "UPDATE keys SET committed = committed - 500000 WHERE id = '{limited}'",
    ),
    "a hold is gone": ("DELETE FROM holds WHERE task_id = '{failed}'",),
    "a hold of no task": (
        "INSERT INTO holds VALUES ('task_x', '{bob}', NULL, 1, 'open', NULL)",
        "UPDATE accounts SET held = held + 1 WHERE id = '{bob}'",
    ),
    "a task is gone": ("DELETE FROM tasks WHERE id = '{done}'",),
    "a task changed hands": ("UPDATE tasks SET account_id = '{bob}' WHERE id = '{running}'",),
    "a task says it was cheaper": ("UPDATE tasks SET charged = 1 WHERE id = '{done}'",),
    "a bill says it was cheaper": (
        "UPDATE tasks SET billing = REPLACE(billing, '0.40', '0.30') WHERE id = '{done}'",
    ),
    "a bill is gone": ("UPDATE tasks SET billing = NULL WHERE id = '{failed}'",),
    "an ended task runs again": ("UPDATE tasks SET status = 'in_progress' WHERE id = '{done}'",),
    "a failed task is completed": ("UPDATE tasks SET status = 'completed' WHERE id = '{failed}'",),
    "a key spent less": ("UPDATE keys SET committed = committed - 1 WHERE id = '{limited}'",),
    "an idle key spent": ("UPDATE keys SET committed = 1 WHERE id = '{idle}'",),
}


async def test_the_audit_finds_whatever_was_tampered_with(books: Books) -> None:
    """C38: `kinetoscope audit` recomputes both and fails loudly."""
    missed = [name for name, sql in TAMPERED.items() if not await books.faults_after(*sql)]

    assert missed == []
    assert await faults(books.db) == []
