"""SQLite: a writer that commits what waits as one group, a few readers, and quick glances."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from kinetoscope.db.locks import FileLock, Lock
from kinetoscope.db.writer import BUSY_SECONDS, Wish, Writer, deliver, passing

T = TypeVar("T")

READERS = 2
_READ_GROUP = 8  # so that one slow question holds up few others
_AGAIN_SECONDS = 0.01
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",
)


class SqliteDatabase:
    """The embedded database: a file in WAL mode, committed to with full durability."""

    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._engine = _engine(self.path)
        self._writer = Writer(self._engine)
        self._reads: SimpleQueue[Wish | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()
        self._here: Connection | None = None  # of the thread that runs the loop

    async def glance(self, ask: Callable[[Connection], T]) -> T:
        """Run *ask* right here: finding a row by its key takes less than handing it to a thread."""
        if self._here is None:
            self._here = self._engine.connect()
        return ask(self._here)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run *change* in a transaction and return its answer once it is on the disk."""
        return await self._writer.write(change)

    def write_now(self, change: Callable[[Connection], T]) -> T:
        """Do as ``write`` does, waiting in this thread."""
        with self._engine.connect() as conn:
            driver = _driver(conn)
            try:
                conn.exec_driver_sql("BEGIN IMMEDIATE")  # so that SQLAlchemy knows of it as well
                result = change(conn)
                driver.execute("COMMIT")
            except BaseException as error:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise passing(error) from error
                raise
            return result

    def lock(self) -> Lock:
        """Make the lock of whoever runs the tasks of this file."""
        return FileLock(self.path.with_name(f"{self.path.name}.lock"))

    async def close(self) -> None:
        """Finish what was asked, then end the threads."""
        await self._writer.finish()
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """Do as ``close`` does, waiting in this thread."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._reads.put(None)
        for thread in threads:
            thread.join(timeout=BUSY_SECONDS)
        self._writer.close()
        if self._here is not None:
            self._here.close()
        self._engine.dispose()

    async def read(self, ask: Callable[[Connection], T]) -> T:
        """Run *ask* on a consistent view and return its answer."""
        if not self._threads:
            self._start()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._reads.put(Wish(ask, answer))
        return await answer

    def _start(self) -> None:
        with self._starting:
            if self._threads:
                return
            # What cannot be opened is said here: a thread that cannot begin would answer nobody.
            self._engine.connect().close()
            self._threads = [
                threading.Thread(target=self._read_on, name="kinetoscope-db-reader", daemon=True)
                for _ in range(READERS)
            ]
            for thread in self._threads:
                thread.start()

    def _read_on(self) -> None:
        with _connection(self._engine) as conn:
            driver = _driver(conn)
            while wishes := _next_group(self._reads, _READ_GROUP):
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


def _next_group(queue: SimpleQueue[Wish | None], most: int) -> list[Wish]:
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


def _read_one(conn: Connection, driver: sqlite3.Connection, wish: Wish) -> None:
    try:
        driver.execute("BEGIN")
        wish.result = wish.run(conn)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who knows it
        wish.error = error
    finally:
        if driver.in_transaction:
            driver.execute("ROLLBACK")


def _answer(wishes: list[Wish]) -> None:
    """Wake each waiting loop once, with all of its answers."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Wish]] = {}
    for wish in wishes:
        by_loop.setdefault(wish.answer.get_loop(), []).append(wish)
    for loop, mine in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, mine)
    wishes.clear()  # a thread that waits for the next ones holds on to none of these
