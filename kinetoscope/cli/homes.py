"""The home of a service: its settings, its books, and what a new one begins with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from kinetoscope.app import open_books
from kinetoscope.db import Conn, Database, accounts, ledger
from kinetoscope.db.accounts import Account
from kinetoscope.domain.errors import NotFound
from kinetoscope.domain.money import Money
from kinetoscope.settings import Settings, SettingsError, load

T = TypeVar("T")

FIRST_ACCOUNT = "default"
PLAY_MONEY = Money.parse("10")


def load_settings(home: Path) -> Settings:
    """Read the settings of *home*, or fail with everything that is wrong with them."""
    try:
        return load(home)
    except SettingsError as error:
        raise click.ClickException("; ".join(error.faults)) from error


@dataclass(frozen=True, slots=True)
class Books:
    """The database of a home, for commands that have no event loop."""

    settings: Settings
    database: Database

    def read(self, ask: Callable[[Conn], T]) -> T:
        """Run *ask* on a consistent view; it keeps nobody from writing."""
        return asyncio.run(_read(self.database, ask))

    def write(self, change: Callable[[Conn], T]) -> T:
        """Run *change* in one transaction and return its answer once that is durable."""
        return self.database.write_now(change)


@contextmanager
def open_home(home: Path) -> Iterator[Books]:
    """Open the books of *home* beside whoever serves it."""
    settings = load_settings(home)
    try:
        database = open_books(settings, home)
        try:
            yield Books(settings, database)
        finally:
            asyncio.run(database.close())
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        message = f"the database of {home} does not answer: {str(reason).splitlines()[0]}"
        raise click.ClickException(message) from error


def open_first_account(conn: Conn) -> tuple[Account, bool]:
    """Get the account ``default``, opened with play money if there is none; say if it was."""
    try:
        return accounts.find(conn, FIRST_ACCOUNT), False
    except NotFound:
        account = open_with_play_money(conn, FIRST_ACCOUNT)
    return account, True


def open_with_play_money(conn: Conn, name: str) -> Account:
    """Open the account *name* with $10 on it that nobody paid."""
    now = int(time.time())
    account = accounts.open_account(conn, name, now)
    ledger.deposit(
        conn,
        account.id,
        PLAY_MONEY,
        now,
        reference=f"play-money:{account.id}",
        note="play money to begin with",
    )
    return accounts.get(conn, account.id)


@contextmanager
def guest_key(books: Books, account_id: str, name: str) -> Iterator[str]:
    """Make a key of an account and yield its secret; it is revoked when this ends."""

    def make(conn: Conn) -> tuple[accounts.Key, str]:
        return accounts.create_key(conn, account_id, int(time.time()), name=name)

    key, secret = books.write(make)
    try:
        yield secret
    finally:
        books.write(lambda conn: accounts.revoke_key(conn, key.id, int(time.time())))


async def _read(database: Database, ask: Callable[[Conn], T]) -> T:
    return await database.read(ask)
