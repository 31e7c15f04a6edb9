"""A service that others in this home can find, and one for the length of a command."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from kinetoscope.app import listening, open_gateway, running, web_config
from kinetoscope.domain.errors import NotAccepting
from kinetoscope.service import Gateway
from kinetoscope.settings import Settings

if TYPE_CHECKING:  # importing it loads gRPC
    from kinetoscope.api.rpc import RpcDoor

LOG = "kinetoscope.log"
_NOTICE = "serve.json"
_PATIENCE_SECONDS = 10.0  # with a service that says it runs: it may be busy
_AGAIN_SECONDS = 1.0  # between two tries to become the runner of a home
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only to write an address


class _Server(uvicorn.Server):
    """Leaves the signals to the command that started it."""

    capture_signals = nullcontext  # type: ignore[assignment]


@asynccontextmanager
async def serving(
    gateway: Gateway, settings: Settings, listener: socket.socket, rpc: RpcDoor | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Answer the requests of a gateway as ``answering`` does.

    The door *rpc*, if there is one, is open for as long.
    """

    async def leave() -> None:
        gateway.watch.close()  # or the server would wait for those who wait
        if rpc is not None:
            await rpc.close(settings.drain_seconds / 2)

    if rpc is not None:
        await rpc.open()
    async with answering(web_config(gateway, settings), listener, leave) as server:
        yield server


@asynccontextmanager
async def answering(
    config: uvicorn.Config,
    listener: socket.socket,
    leave: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """Answer requests until this ends; yields what ends early only if it breaks.

    What the server still answers then goes on beside *leave*.
    """
    server = _Server(config)
    serves = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    try:
        yield serves
    finally:
        server.should_exit = True
        if leave is not None:
            await leave()
        await serves


def address_of(listener: socket.socket) -> str:
    """Tell the address by which a browser on this machine finds *listener*."""
    host, port = listener.getsockname()[:2]
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Tell other commands in this home, for as long as this lasts, where the service is."""
    path = home / _NOTICE
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
    fresh.replace(path)
    try:
        yield
    finally:
        if _announced_by(path) == (url, os.getpid()):
            path.unlink(missing_ok=True)


def running_service(home: Path) -> str | None:
    """Tell the address of the service that runs on *home*, if one does and it answers."""
    url, pid = _announced_by(home / _NOTICE)
    if not url or not _lives(pid):
        return None
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=_PATIENCE_SECONDS):  # noqa: S310 - it is http, see below
            return url
    except OSError:
        return None


@asynccontextmanager
async def local_service(settings: Settings, home: Path) -> AsyncIterator[str]:
    """Yield the address of the service that runs on *home*, or of one that ends with this."""
    if url := running_service(home):
        yield url
        return
    with listening("127.0.0.1", 0) as listener:
        async with (
            open_gateway(settings, home) as gateway,
            _running_when_free(gateway, settings),
            serving(gateway, settings, listener),
        ):
            yield address_of(listener)


def log_to_file(home: Path, settings: Settings) -> None:
    """Log into the home: the terminal belongs to the progress of a video."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    logging.basicConfig(
        filename=home / LOG,
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        force=True,
    )
    for noisy in ("uvicorn", "uvicorn.error", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@asynccontextmanager
async def _running_when_free(gateway: Gateway, settings: Settings) -> AsyncIterator[None]:
    """Run the tasks of *gateway* as soon as no other process does."""

    async def run() -> None:
        while True:
            try:
                async with running(gateway, settings):
                    await asyncio.Event().wait()
            except NotAccepting:  # a worker or another command does it meanwhile
                await asyncio.sleep(_AGAIN_SECONDS)

    runner = asyncio.create_task(run(), name="runner")
    try:
        yield
    finally:
        runner.cancel()
        await asyncio.wait([runner])


def _announced_by(path: Path) -> tuple[str, int]:
    """Read an address that begins with http and the process behind it; empty if there is none."""
    try:
        notice = json.loads(path.read_text(encoding="utf-8"))
        url, pid = str(notice["url"]), int(notice["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", 0
    return (url, pid) if url.startswith("http://") else ("", 0)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return pid > 0
