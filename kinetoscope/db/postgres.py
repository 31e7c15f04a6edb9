"""Postgres: psycopg 3 in a few threads, one connection each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, create_engine, make_url

from kinetoscope.db.locks import Lock, ServerLock

T = TypeVar("T")

CONNECTIONS = 8
POOL_SECONDS = 30  # how long to wait for a free connection


class PostgresDatabase:
    """A Postgres server; READ COMMITTED is enough, since every change names its condition."""

    dialect = "postgresql"

    def __init__(self, address: str) -> None:
        url = make_url(address).set(drivername="postgresql+psycopg")
        self._engine = create_engine(
            url,
            pool_size=CONNECTIONS + 1,  # one of them may hold the lock
            max_overflow=0,
            hide_parameters=True,  # an error in a log does not repeat what customers wrote
            pool_timeout=POOL_SECONDS,
            connect_args={"connect_timeout": 10, "application_name": "kinetoscope"},
        )
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="kinetoscope-db")

    async def read(self, ask: Callable[[Connection], T]) -> T:
        """Run *ask* on a consistent view and return its answer."""
        return await self._run(partial(self._read_now, ask))

    async def glance(self, ask: Callable[[Connection], T]) -> T:
        """Run *ask* without a transaction around it, which saves two round trips."""
        return await self._run(partial(self._glance_now, ask))

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run *change* in a transaction and return its answer once the server keeps it."""
        return await self._run(partial(self.write_now, change))

    def write_now(self, change: Callable[[Connection], T]) -> T:
        """Do as ``write`` does, in this thread."""
        with self._engine.begin() as conn:
            return change(conn)

    def lock(self) -> Lock:
        """Make the lock of whoever runs the tasks of this database."""
        return ServerLock(self._engine)

    async def close(self) -> None:
        """Finish what was asked and close the connections."""
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """Do as ``close`` does, waiting in this thread."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _read_now(self, ask: Callable[[Connection], T]) -> T:
        with self._engine.connect() as conn:
            view = conn.execution_options(isolation_level="REPEATABLE READ")
            with view.begin():
                return ask(view)

    def _glance_now(self, ask: Callable[[Connection], T]) -> T:
        with self._engine.connect() as conn:
            return ask(conn.execution_options(isolation_level="AUTOCOMMIT"))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
