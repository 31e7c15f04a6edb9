"""Which process runs the tasks of a database: one, and no other while it lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

_NUMBER = 0x6B696E65746F  # of our advisory lock; any number that others do not use


class Lock(Protocol):
    """What the runner holds while it runs tasks; it goes when the process dies."""

    def take(self) -> str | None:
        """Take the lock and return None, or tell who has it."""
        ...

    def held(self) -> bool:
        """Tell whether it is still ours."""
        ...

    def give(self) -> None:
        """Let go; twice is the same as once."""
        ...


class FileLock:
    """A lock on a file beside a SQLite database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> str | None:
        """Take the lock and return None, or tell which process has it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(file, 20).decode(errors="replace").strip()
            os.close(file)
            return f"process {owner}" if owner else "another process"
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file
        return None

    def held(self) -> bool:
        """Tell whether it is still ours: nothing but our end takes it away."""
        return self._file is not None

    def give(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class ServerLock:
    """An advisory lock of a Postgres server, held by a connection that does nothing else."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._conn: Connection | None = None

    def take(self) -> str | None:
        """Take the lock and return None, or say that somebody has it."""
        conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not conn.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": _NUMBER}):
            conn.close()
            return "another process"
        self._conn = conn
        return None

    def held(self) -> bool:
        """Tell whether it is still ours: it went with its connection."""
        if self._conn is None:
            return False
        try:
            self._conn.execute(text("SELECT 1"))
        except OperationalError:
            self.give()
            return False
        return True

    def give(self) -> None:
        """Let go, and end the connection."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        if not conn.invalidated:  # else the server has ended it already
            conn.detach()
            # Said as well, since a server notices the end of a connection only some time later.
            with contextlib.suppress(OperationalError):
                conn.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": _NUMBER})
        conn.close()
