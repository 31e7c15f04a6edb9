"""What we remember. ``Database.write`` is the only place that commits.

Functions in this wing take a connection first, never commit, and are synchronous: no transaction
can stay open while somebody waits for the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from kinetoscope.db.locks import Lock
from kinetoscope.db.postgres import PostgresDatabase
from kinetoscope.db.sqlite import SqliteDatabase

Conn = Connection
T = TypeVar("T")


class Database(Protocol):
    """SQLite or Postgres, behind the same few words."""

    dialect: str

    async def read(self, ask: Callable[[Conn], T]) -> T:
        """Run *ask* on a consistent view and return its answer; it changes nothing."""
        ...

    async def glance(self, ask: Callable[[Conn], T]) -> T:
        """Run *ask*, which finds a few rows by their keys and needs no consistent view."""
        ...

    async def write(self, change: Callable[[Conn], T]) -> T:
        """Run *change* in one transaction and return its answer once that is durable.

        An exception undoes everything that *change* did, and nothing that others did.
        """
        ...

    def write_now(self, change: Callable[[Conn], T]) -> T:
        """Do as ``write`` does, in this thread: for programs without an event loop."""
        ...

    def lock(self) -> Lock:
        """Make the lock of whoever runs the tasks of this database."""
        ...

    async def close(self) -> None:
        """Finish what was asked and let go of the database."""
        ...


def open_database(address: str) -> Database:
    """Open ``sqlite:///path`` or ``postgresql://…``; ValueError names what is allowed."""
    if address.startswith("sqlite:///"):
        return SqliteDatabase(address.removeprefix("sqlite:///"))
    if address.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(address)
    message = f"database {address.partition(':')[0]}: use sqlite:///FILE or postgresql://HOST/NAME"
    raise ValueError(message)
