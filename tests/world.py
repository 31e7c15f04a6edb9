"""The cast of the tests: a real gateway on a real database, with accounts that pay."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from kinetoscope.api import create_app
from kinetoscope.api.protocol import Protocol
from kinetoscope.app import open_gateway, running
from kinetoscope.db import accounts, ledger, reports
from kinetoscope.db.accounts import Account, Key
from kinetoscope.domain.money import Money
from kinetoscope.engines import Engine
from kinetoscope.service import Gateway, Model
from kinetoscope.settings import Settings, load
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE

LOOPBACK = ["127.0.0.0/8", "::1/128"]


class Clock:
    """Tells the time, and how much was skipped."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self.skipped = 0.0

    def __call__(self) -> float:
        return self._real() + self.skipped

    def stop(self) -> None:
        """Stand still from now on, but for what is skipped."""
        now = self._real()
        self._real = lambda: now

    def skip(self, seconds: float) -> None:
        self.skipped += seconds


@dataclass
class Actor:
    """Somebody with an account and a key."""

    account: Account
    key: Key
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


@dataclass
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Any
    body: bytes
    json: Any


@dataclass
class World:
    """A running service: alice has $10, bob has nothing, charlie has $10 on an account of his."""

    gateway: Gateway
    engine: Scripted
    clock: Clock
    home: Path
    url: str = ""
    cast: dict[str, Actor] = field(default_factory=dict)
    session: aiohttp.ClientSession | None = None

    @property
    def alice(self) -> Actor:
        return self.cast["alice"]

    @property
    def bob(self) -> Actor:
        return self.cast["bob"]

    @property
    def charlie(self) -> Actor:
        return self.cast["charlie"]

    async def open(self, name: str, dollars: str, **limits: Any) -> Actor:
        """Open an account, put *dollars* on it, make a key."""

        def write(conn: Any) -> Actor:
            account = accounts.open_account(conn, name, 1)
            if money := Money.parse(dollars):
                ledger.deposit(conn, account.id, money, 1, reference=f"start-{name}")
            key, secret = accounts.create_key(conn, account.id, 1, name=name, **limits)
            return Actor(account, key, secret)

        self.cast[name] = actor = await self.gateway.db.write(write)
        return actor

    async def ask(self, verb: str, path: str, who: Actor | None = None, **more: Any) -> Answer:
        """Send a request, as alice unless somebody else is named."""
        assert self.session is not None
        headers = {**(who or self.alice).headers, **more.pop("headers", {})}
        async with self.session.request(verb, self.url + path, headers=headers, **more) as reply:
            body = await reply.read()
            is_json = reply.headers.get("content-type", "").startswith("application/json")
            parsed = await reply.json() if is_json and body else None
            return Answer(reply.status, reply.headers, body, parsed)

    async def post(self, who: Actor | None = None, **fields: Any) -> Answer:
        """Ask for a video; a text of 6 seconds unless *fields* say otherwise."""
        asked = {"prompt": "a fox in the snow", "duration": 6, **fields}
        asked = {name: value for name, value in asked.items() if value is not ...}
        return await self.ask("POST", "/v1/videos", who, json=asked)

    async def end_of(self, task_id: str, who: Actor | None = None) -> Any:
        """Poll a task until it has ended."""
        async with asyncio.timeout(PATIENCE):
            while True:
                task = (await self.ask("GET", f"/v1/videos/{task_id}", who)).json
                if task["status"] in ("completed", "failed"):
                    return task
                await asyncio.sleep(0.01)

    async def make(self, who: Actor | None = None, **fields: Any) -> Any:
        """Ask for a video and wait for its end."""
        accepted = await self.post(who, **fields)
        assert accepted.status == 200, accepted.body
        return await self.end_of(accepted.json["id"], who)

    async def no_inputs_left(self) -> None:
        """Wait until nothing is kept of what came with orders: it goes just after their end."""
        async with asyncio.timeout(PATIENCE):
            while await self.gateway.store.keys("inputs"):  # noqa: ASYNC110 - a store rings no bell
                await asyncio.sleep(0.01)

    async def account_of(self, who: Actor) -> Account:
        """Look at an account as it stands."""
        return await self.gateway.db.read(lambda conn: accounts.get(conn, who.account.id))

    async def audit(self) -> None:
        """Fail if the books do not add up."""
        found = await self.gateway.db.read(reports.audit)
        assert found.faults == []


def settings_for(home: Path, **chosen: Any) -> Settings:
    """Read the settings of a home in which *chosen* was written."""
    home.mkdir(parents=True, exist_ok=True)
    base = load(home)
    given = {name: getattr(base, name) for name in base.model_fields_set}
    return Settings(**{"allow_networks": LOOPBACK, **given, **chosen})


@asynccontextmanager
async def open_world(
    home: Path,
    engine: Scripted,
    *,
    run: bool = True,
    change: Callable[[Gateway], Gateway] = lambda gateway: gateway,
    **chosen: Any,
) -> AsyncIterator[World]:
    """Serve on a loopback port with *engine*; *run* says whether tasks are run at all."""
    settings = settings_for(home, **chosen)
    async with open_gateway(settings, home) as built:
        clock = Clock(built.now)
        gateway = change(replace(built, models=_with(built, engine), now=clock))
        world = World(gateway, engine, clock, home)
        if not run:
            async with _serving(world):
                yield world
            return
        async with running(gateway, settings), _serving(world):
            yield world


def _with(gateway: Gateway, engine: Engine) -> dict[str, Model]:
    return {name: Model(name, (engine,), model.rates) for name, model in gateway.models.items()}


@asynccontextmanager
async def _serving(world: World) -> AsyncIterator[None]:
    config = uvicorn.Config(
        create_app(world.gateway),
        http=Protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,  # as in the service
        timeout_keep_alive=75,  # as in the service: a test that is held up finds its connection
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        world.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with aiohttp.ClientSession(auto_decompress=False) as session:
                world.session = session
                yield
        finally:
            server.should_exit = True
            await task
