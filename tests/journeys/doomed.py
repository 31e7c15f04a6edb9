"""Processes that die: a parent that has imported everything, and forks one child for each life.

Each line on standard input is a *plan* in JSON. The child takes the orders of its plan, runs the
tasks of its home, says on standard output what it promised, and kills itself where it is told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import func, select

from kinetoscope.app import open_gateway, running
from kinetoscope.assets import Kept
from kinetoscope.db import Conn, Database, accounts, deliveries
from kinetoscope.db.accounts import Key
from kinetoscope.db.schema import tasks
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.domain.task import OPEN
from kinetoscope.engines import Engine, Inputs, Lost, Made, Refused, Report, Ticket, Working
from kinetoscope.outbound import Outbound
from kinetoscope.outbound.posting import Posted
from kinetoscope.service import Gateway
from kinetoscope.service.submit import Wish, submit
from tests.world import settings_for

T = TypeVar("T")
LOG = "starts.log"
LEAST_POLLS = 2  # of a film in a life, however late they come: a plan may name the second
FORBIDDEN = "forbidden"  # what the engine refuses, if a prompt has it


@dataclass(frozen=True)
class Plan:
    """One life. *point* is where it ends, such as ``write:3:after``: the third write, durable.

    Or it ends after *kill_after* seconds, wherever it is then.
    """

    home: str
    reel: str
    secret: str
    orders: tuple[str, ...] = ()
    database: str = ""
    point: str = ""
    repeatable: bool = False
    seconds: float = 0.05
    start_seconds: float = 0
    kill_after: float | None = None
    xai: str = ""  # the address of one that is asked instead of an engine of ours
    webhook: str = ""  # who is told of the end of every task


class Fate:
    """Counts what happens and kills this process at one point."""

    def __init__(self, point: str) -> None:
        self._point = point
        self._counts: Counter[str] = Counter()

    @asynccontextmanager
    async def watch(self, what: str) -> AsyncIterator[None]:
        self._counts[what] += 1
        name = f"{what}:{self._counts[what]}"
        self._meet(f"{name}:before")
        yield
        self._meet(f"{name}:after")

    def _meet(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)


class DoomedDatabase:
    """A database whose writes are watched."""

    def __init__(self, db: Database, fate: Fate) -> None:
        self._db, self._fate = db, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, change: Callable[[Conn], T]) -> T:
        async with self._fate.watch("write"):
            return await self._db.write(change)


class DoomedStore:
    """A store whose saves are watched."""

    def __init__(self, store: Any, fate: Fate) -> None:
        self._store, self._fate = store, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(self, key: str, source: Path, *, move: bool = False) -> Kept:
        async with self._fate.watch("save"):
            kept: Kept = await self._store.save(key, source, move=move)
            return kept


class DoomedOutbound:
    """A client whose posts are watched."""

    def __init__(self, outbound: Outbound, fate: Fate) -> None:
        self._outbound, self._fate = outbound, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbound, name)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        async with self._fate.watch("post"):
            return await self._outbound.post(url, body, headers)


class Ledgered(Engine):
    """An engine that writes every start to a file; it outlives us unless it is *repeatable*."""

    name = "ledgered"
    makes = frozenset(Operation)
    stoppable = False
    slots = 3
    pace = (0.01, 0.02)

    def __init__(self, plan: Plan, fate: Fate) -> None:
        self.repeatable = plan.repeatable
        self._plan, self._fate = plan, fate
        self._log = Path(plan.home, LOG)
        self._mine: set[str] = set()
        self._polled: Counter[str] = Counter()

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket:
        del inputs
        await asyncio.sleep(self._plan.start_seconds)
        async with self._fate.watch("start"):
            verdict = FORBIDDEN if FORBIDDEN in order.prompt else "fine"
            ticket = Ticket(f"{task_id} {verdict} {time.time()} {os.getpid()}")
            self._mine.add(ticket)
            with self._log.open("a") as log:
                log.write(f"{ticket}\n")
            return ticket

    async def poll(self, ticket: Ticket) -> Report:
        async with self._fate.watch("poll"):
            if ticket not in (self._mine if self.repeatable else self._log.read_text()):
                return Lost()
            _, verdict, begun, _ = ticket.split()
            self._polled[ticket] += 1
            early = time.time() < float(begun) + self._plan.seconds
            if early or self._polled[ticket] < LEAST_POLLS:
                return Working(50)
            if verdict == FORBIDDEN:
                return Refused("task_failed", "not that")
            return Made(Path(self._plan.reel))

    async def stop(self, ticket: Ticket) -> None:
        self._mine.discard(ticket)

    async def forget(self, ticket: Ticket) -> None:
        async with self._fate.watch("forget"):
            self._mine.discard(ticket)

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        """Nothing is held."""


class DoomedEngine:
    """A real engine that is watched."""

    def __init__(self, engine: Engine, fate: Fate) -> None:
        self._engine, self._fate = engine, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
        async with self._fate.watch("start"):
            return await self._engine.start(task_id, order, inputs)

    async def poll(self, ticket: Ticket) -> Report:
        async with self._fate.watch("poll"):
            return await self._engine.poll(ticket)


def xai_settings(address: str, **more: Any) -> dict[str, Any]:
    """Choose xAI at *address*, which may be asked as often as we like."""
    fast = {"submits_per_second": 1000, "requests_per_minute": 60_000}
    key = {"api_key": "xai-test-1234", "host": address, "tls": False, **fast, **more}
    return {"models": {"grok-imagine": {"engine": "xai"}}, "xai": {"main": key}}


def say(**fact: Any) -> None:
    """Tell the test a fact, whole: it may be the last thing that this process does."""
    os.write(1, json.dumps(fact).encode() + b"\n")


@asynccontextmanager
async def doomed_gateway(plan: Plan) -> AsyncIterator[Gateway]:
    """Build the real gateway, and put what is watched in its place."""
    home = Path(plan.home)
    chosen: dict[str, Any] = {"drain_seconds": 10}
    if plan.database:
        chosen["database"] = plan.database
    if plan.xai:
        chosen |= xai_settings(plan.xai)
    fate = Fate(plan.point)
    async with open_gateway(settings_for(home, **chosen), home) as real:
        engines: Any = (Ledgered(plan, fate),)
        if plan.xai:
            asked = next(iter(real.models.values())).engines
            engines = [DoomedEngine(each, fate) for each in asked]
        models = {
            name: replace(model, engines=tuple(engines)) for name, model in real.models.items()
        }
        db, store = DoomedDatabase(real.db, fate), DoomedStore(real.store, fate)
        outbound: Any = DoomedOutbound(real.outbound, fate)
        yield replace(real, models=models, db=db, store=store, outbound=outbound)


async def live(plan: Plan) -> None:
    """Take the orders, as a client that sends them again after a crash; leave when all ended."""
    async with doomed_gateway(plan) as gateway:
        digest = accounts.hash_secret(plan.secret)
        key = await gateway.db.read(lambda conn: accounts.authenticate(conn, digest, 1, ""))
        async with running(gateway, settings_for(Path(plan.home), drain_seconds=10)):
            await asyncio.gather(
                *(_order(gateway, key, each, plan.webhook) for each in plan.orders)
            )
            while await gateway.db.read(_unfinished):  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.02)
    say(done=True)


async def _order(gateway: Gateway, key: Key, prompt: str, webhook: str) -> None:
    order = Order(
        model="grok-imagine",
        operation=Operation.TEXT,
        prompt=prompt,
        duration=6,
        tier=Tier.P480,
        webhook_url=webhook or None,
    )
    task = await submit(
        gateway, key, Wish(order, hashlib.sha256(prompt.encode()).hexdigest(), prompt)
    )
    say(accepted=task.id, prompt=prompt)


def _unfinished(conn: Conn) -> bool:
    """Whether a task has not ended, or somebody has not heard of its end."""
    query = select(func.count()).where(tasks.c.status.in_([each.value for each in OPEN]))
    return bool(conn.scalar(query)) or deliveries.next_due(conn) is not None


def read_plan(line: str) -> Plan:
    return msgspec.json.decode(line, type=Plan)


def main() -> None:
    """Live one life for each plan, one after the other."""
    for line in sys.stdin:
        plan = read_plan(line)
        child = os.fork()
        if not child:
            status = 1
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(live(plan))
                status = 0
            os._exit(status)
        if plan.kill_after is not None:
            time.sleep(plan.kill_after)
            os.kill(child, signal.SIGKILL)  # dead or alive, the number is its own until waitpid
        say(exit=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    main()
