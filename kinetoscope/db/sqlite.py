"""SQLite: one writer that commits whatever is waiting as one group, and a few readers.

A commit with ``synchronous=FULL`` waits for the disk. Grouping gives every caller that
durability for a share of one wait; a SAVEPOINT each keeps them strangers to one another.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from kinetoscope.db.locks import FileLock, Lock

T = TypeVar("T")

READERS = 2
GROUP = 128  # changes in one commit, at most
READ_GROUP = 8  # so that one slow question holds up few others
BUSY_SECONDS = 30  # how long to wait for another process that writes
_AGAIN_SECONDS = 0.01
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",
)


@dataclass(slots=True)
class _Wish:
    """Something to run on a connection, and where its answer goes."""

    run: Callable[[Connection], Any]
    answer: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None
    result: Any = None
    error: BaseException | None = field(default=None)


class SqliteDatabase:
    """The embedded database: a file in WAL mode, committed to with full durability."""

    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._engine = _engine(self.path)
        self._writes: SimpleQueue[_Wish | None] = SimpleQueue()
        self._reads: SimpleQueue[_Wish | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()
        self._here: Connection | None = None  # of the thread that runs the loop

    async def read(self, ask: Callable[[Connection], T]) -> T:
        """Run *ask* on a consistent view and return its answer."""
        return await self._enqueue(self._reads, ask)

    async def glance(self, ask: Callable[[Connection], T]) -> T:
        """Run *ask* right here: finding a row by its key takes less than handing it to a thread."""
        if self._here is None:
            self._here = self._engine.connect()
        return ask(self._here)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run *change* in a transaction and return its answer once it is on the disk."""
        return await self._enqueue(self._writes, change)

    def write_now(self, change: Callable[[Connection], T]) -> T:
        """Do as ``write`` does, waiting in this thread."""
        self._start()
        answer: Future[T] = Future()
        self._writes.put(_Wish(change, answer, None))
        return answer.result()

    def lock(self) -> Lock:
        """Make the lock of whoever runs the tasks of this file."""
        return FileLock(self.path.with_name(f"{self.path.name}.lock"))

    async def close(self) -> None:
        """Finish what was asked, then end the threads."""
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """Do as ``close`` does, waiting in this thread."""
        threads, self._threads = self._threads, []
        for thread in threads:
            (self._writes if thread.name.endswith("writer") else self._reads).put(None)
        for thread in threads:
            thread.join(timeout=BUSY_SECONDS)
        if self._here is not None:
            self._here.close()
        self._engine.dispose()

    async def _enqueue(self, queue: SimpleQueue[_Wish | None], run: Callable[[Connection], T]) -> T:
        if not self._threads:
            self._start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        queue.put(_Wish(run, answer, loop))
        return await answer

    def _start(self) -> None:
        with self._starting:
            if self._threads:
                return
            # What cannot be opened is said here: a thread that cannot begin would answer nobody.
            self._engine.connect().close()
            work = [("writer", self._write_on)] + [("reader", self._read_on)] * READERS
            self._threads = [
                threading.Thread(target=run, name=f"kinetoscope-db-{name}", daemon=True)
                for name, run in work
            ]
            for thread in self._threads:
                thread.start()

    def _write_on(self) -> None:
        with _connection(self._engine) as conn:
            while wishes := _next_group(self._writes, GROUP):
                try:
                    _commit_group(conn, wishes)
                except Exception as error:  # noqa: BLE001 - each caller is told instead
                    _fail_all(conn, wishes, error)
                _answer(wishes)

    def _read_on(self) -> None:
        with _connection(self._engine) as conn:
            driver = _driver(conn)
            while wishes := _next_group(self._reads, READ_GROUP):
                for wish in wishes:
                    _read_one(conn, driver, wish)
                _answer(wishes)


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        hide_parameters=True,  # an error in a log does not repeat what customers wrote
        connect_args={"check_same_thread": False},  # one of them is closed by another thread
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: sqlite3.Connection, _record: object) -> None:
        _switch_to_wal(driver)
        for pragma in _PRAGMAS:
            driver.execute(pragma).close()

    return engine


def _switch_to_wal(driver: sqlite3.Connection) -> None:
    """Switch a new file to WAL; of two processes that do, SQLite lets one fail at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            driver.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


@contextlib.contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    """Open a connection on which we, not the library, say BEGIN and COMMIT."""
    with engine.connect() as conn:
        yield conn


def _driver(conn: Connection) -> sqlite3.Connection:
    driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _next_group(queue: SimpleQueue[_Wish | None], most: int) -> list[_Wish]:
    """Wait for one wish, take those that wait behind it; nothing left means: end."""
    first = queue.get()
    if first is None:
        return []
    wishes = [first]
    while len(wishes) < most:
        try:
            wish = queue.get_nowait()
        except Empty:
            break
        if wish is None:
            queue.put(None)
            break
        wishes.append(wish)
    return wishes


def _commit_group(conn: Connection, wishes: list[_Wish]) -> None:
    driver = _driver(conn)
    driver.execute("BEGIN IMMEDIATE")
    for wish in wishes:
        driver.execute("SAVEPOINT wish")
        try:
            wish.result = wish.run(conn)
        except Exception as error:  # noqa: BLE001 - handed to the caller, who knows it
            wish.error = error
            driver.execute("ROLLBACK TO wish")
        driver.execute("RELEASE wish")
    driver.execute("COMMIT")


def _fail_all(conn: Connection, wishes: list[_Wish], error: Exception) -> None:
    """Tell every caller of a group that could not be committed; none of it happened."""
    if isinstance(error, sqlite3.OperationalError):  # such as a full disk: it may pass
        error = OperationalError("COMMIT", None, error)
    driver = _driver(conn)
    if driver.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            driver.execute("ROLLBACK")
    for wish in wishes:
        wish.error = wish.error or error


def _read_one(conn: Connection, driver: sqlite3.Connection, wish: _Wish) -> None:
    try:
        driver.execute("BEGIN")
        wish.result = wish.run(conn)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who knows it
        wish.error = error
    finally:
        if driver.in_transaction:
            driver.execute("ROLLBACK")


def _answer(wishes: list[_Wish]) -> None:
    """Wake each waiting loop once, with all of its answers."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[_Wish]] = {}
    for wish in wishes:
        by_loop.setdefault(wish.loop, []).append(wish)
    for loop, mine in by_loop.items():
        if loop is None:
            _deliver(mine)
            continue
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver, mine)
    wishes.clear()  # a thread that waits for the next ones holds on to none of these


def _deliver(wishes: list[_Wish]) -> None:
    for wish in wishes:
        if wish.answer.done():
            continue
        if wish.error is not None:
            wish.answer.set_exception(wish.error)
        else:
            wish.answer.set_result(wish.result)
