"""SQLite's one writer: changes run where the loop runs, and a thread waits for the disk.

A commit with ``synchronous=FULL`` waits for the disk. Whatever was asked in the meantime is the
next group: every caller gets that durability for a share of one wait, and a SAVEPOINT each keeps
them strangers to one another. Changes do not run in the thread, since two threads that both run
Python stand in each other's way: that cost a third of a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

T = TypeVar("T")

GROUP = 128  # changes in one commit, at most
BUSY_SECONDS = 30  # how long to wait for another process that writes
_BEGIN, _COMMIT = "BEGIN IMMEDIATE", "COMMIT"


@dataclass(slots=True)
class Wish:
    """Something to run on a connection, and where its answer goes."""

    run: Callable[[Connection], Any]
    answer: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = field(default=None)


_Group = list[Wish]
_Then = Callable[[_Group, Exception | None], None]


class Writer:
    """Runs changes in groups on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._conn: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: _Group = []
        self._quiet = asyncio.Event()  # set while no group is under way
        self._orders: SimpleQueue[tuple[str, _Group, _Then] | None] = SimpleQueue()
        self._idle = threading.Event()
        self._thread: threading.Thread | None = None

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run *change* in a transaction and return its answer once it is on the disk."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Wish(change, answer))
        if self._quiet.is_set():
            self._quiet.clear()
            loop.call_soon(self._next)  # so that whoever asks in this round is in the group
        return await answer

    async def finish(self) -> None:
        """Wait until everything that was asked is on the disk."""
        if self._loop is asyncio.get_running_loop():
            async with asyncio.timeout(BUSY_SECONDS):
                await self._quiet.wait()

    def close(self) -> None:
        """End the thread and the connection."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join(timeout=BUSY_SECONDS)
            self._thread = None
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._loop = None

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, or go on in a new loop after an old one has ended."""
        if self._conn is None:
            self._conn = self._engine.connect()
            self._driver.execute("PRAGMA busy_timeout=0").close()  # the loop waits for nobody
            self._idle.set()
            self._thread = threading.Thread(
                target=self._obey, name="kinetoscope-db-writer", daemon=True
            )
            self._thread.start()
        self._idle.wait(BUSY_SECONDS)
        if self._driver.in_transaction:  # the old loop ended before it ran its group
            self._driver.execute("ROLLBACK")
        self._loop, self._waiting, self._quiet = loop, [], asyncio.Event()
        self._quiet.set()

    @property
    def _driver(self) -> sqlite3.Connection:
        assert self._conn is not None
        driver = self._conn.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver

    def _next(self) -> None:
        """Begin the next group; if another process writes, the thread waits for it."""
        group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        try:
            self._driver.execute(_BEGIN)
        except sqlite3.OperationalError:
            self._order(_BEGIN, group, self._begun)
            return
        self._begun(group, None)

    def _begun(self, group: _Group, error: Exception | None) -> None:
        try:
            if error is None:
                self._run(group)
        except sqlite3.Error as broken:  # a SAVEPOINT fails only with the whole transaction
            error = broken
        if error is None:
            self._order(_COMMIT, group, self._ended)
        else:
            self._ended(group, error)

    def _run(self, group: _Group) -> None:
        conn, driver = self._conn, self._driver
        assert conn is not None
        for wish in group:
            driver.execute("SAVEPOINT wish")
            try:
                wish.result = wish.run(conn)
            except Exception as error:  # noqa: BLE001 - handed to the caller, who knows it
                wish.error = error
                driver.execute("ROLLBACK TO wish")
            driver.execute("RELEASE wish")

    def _ended(self, group: _Group, error: Exception | None) -> None:
        """Tell every caller; if the group failed, nothing of it happened."""
        if error is not None:
            if self._driver.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._driver.execute("ROLLBACK")
            for wish in group:
                wish.error = wish.error or passing(error)
        deliver(group)
        if self._waiting and self._loop is not None:
            self._loop.call_soon(self._next)
        else:
            self._quiet.set()

    def _order(self, sql: str, group: _Group, then: _Then) -> None:
        self._idle.clear()
        self._orders.put((sql, group, then))

    def _obey(self) -> None:
        """In the thread: run what waits for the disk or for another process."""
        while order := self._orders.get():
            sql, group, then = order
            failed: Exception | None = None
            try:
                if sql == _BEGIN:
                    self._driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}").close()
                self._driver.execute(sql)
                if sql == _BEGIN:
                    self._driver.execute("PRAGMA busy_timeout=0").close()
            except sqlite3.Error as error:
                failed = error
            self._idle.set()
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                assert self._loop is not None
                self._loop.call_soon_threadsafe(then, group, failed)
            del order, group, then  # what waits for the next holds on to none of these


def deliver(wishes: list[Wish]) -> None:
    """Answer in the loop; who waits no more is passed over, though it happened all the same."""
    for wish in wishes:
        if wish.answer.done():
            continue
        if wish.error is not None:
            wish.answer.set_exception(wish.error)
        else:
            wish.answer.set_result(wish.result)


def passing(error: Exception) -> Exception:
    """Say of what may pass, such as a full disk, what SQLAlchemy would have said."""
    if isinstance(error, sqlite3.OperationalError):
        return OperationalError(_COMMIT, None, error)
    return error
