"""The migrations lead to the very tables that the code speaks of."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text

from kinetoscope.db import Conn, Database, bounds, ledger, migrate, open_database
from kinetoscope.db.schema import metadata
from kinetoscope.domain.money import Money
from tests.db.books import NOW, faults, open_with


async def test_the_migrated_schema_is_the_one_in_the_code(db: Database) -> None:
    def differences(conn: Conn) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))

    assert await db.read(differences) == []


async def test_every_check_of_the_code_stands_in_the_database(db: Database) -> None:
    """C38: comparing metadata leaves CHECKs out, and they are what guards the money."""

    def there(conn: Conn) -> dict[str, str]:
        found = inspect(conn)
        return {
            f"{table}.{check['name']}": check["sqltext"]
            for table in metadata.tables
            for check in found.get_check_constraints(table)
        }

    wanted = {
        f"{table.name}.{check.name}": str(check.sqltext)
        for table in metadata.tables.values()
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }
    found = await db.read(there)
    assert found.keys() == wanted.keys()
    if db.dialect == "sqlite":  # Postgres rewrites them in its own words
        assert {name: _plain(sql) for name, sql in found.items()} == {
            name: _plain(sql) for name, sql in wanted.items()
        }


async def test_upgrading_twice_is_fine(db: Database) -> None:
    assert not await asyncio.to_thread(migrate.upgrade, db)

    assert await db.read(migrate.revision) == migrate.LATEST


def test_the_latest_migration_is_the_one_that_the_code_asks_for() -> None:
    assert ScriptDirectory(str(migrate._FOLDER)).get_heads() == [migrate.LATEST]


async def test_two_processes_may_upgrade_at_once(address: str) -> None:
    two = [open_database(address) for _ in range(2)]

    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, each) for each in two))

    for each in two:
        assert await each.read(migrate.revision) == migrate.LATEST
    await two[0].write(lambda conn: open_with(conn, "alice", "10"))
    assert await faults(two[1]) == []
    for each in two:
        await each.close()


async def test_a_key_with_a_limit_is_told_what_of_its_tasks_runs(address: str) -> None:
    """What was there before keys were counted."""
    older = open_database(address)

    def make(conn: Conn) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrate._FOLDER))
        config.attributes["connection"] = conn
        command.upgrade(config, "0002")
        for change in (
            "INSERT INTO accounts VALUES ('acct_1', 'alice', 9, 2, 1, 1)",
            "INSERT INTO keys VALUES ('key_1', 'acct_1', 'h', 's', '', NULL, 5, 3, 1, NULL, NULL)",
            "INSERT INTO holds VALUES ('task_1', 'acct_1', 'key_1', 2, 'open')",
            "INSERT INTO holds VALUES ('task_2', 'acct_1', 'key_1', 1, 'settled')",
        ):
            conn.execute(text(change))

    await asyncio.to_thread(older.write_now, make)
    assert await asyncio.to_thread(migrate.upgrade, older)

    used = await older.read(lambda conn: bounds.used(conn, "key_1", NOW))
    assert (used.running, used.committed, used.day) == (1, Money(3), Money(0))
    await older.write(lambda conn: ledger.release(conn, "task_1"))
    used = await older.read(lambda conn: bounds.used(conn, "key_1", NOW))
    assert (used.running, used.committed, used.month) == (0, Money(1), Money(0))
    await older.close()


async def test_money_stays_exact_up_to_64_bits(db: Database) -> None:
    """C38: a column that were a float would lose the last digits."""

    def largest(conn: Conn) -> int:
        alice = open_with(conn, "alice", "0")
        ledger.deposit(conn, alice.id, Money(2**63 - 1), NOW, reference="all there is")
        sql = "SELECT balance FROM accounts"
        return int(conn.exec_driver_sql(sql).scalar_one())

    assert await db.write(largest) == 2**63 - 1


def _plain(sql: str) -> str:
    return re.sub(r"[\s\"()]", "", sql)
