"""A stage without a runner: rows are put as a crash left them, then a new runner finds them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinetoscope.app import running
from kinetoscope.db import tasks
from kinetoscope.domain.task import Task
from kinetoscope.engines import Engine, Inputs
from kinetoscope.service import Gateway
from kinetoscope.service.terms import read_terms
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE
from tests.world import World, open_world, settings_for


@asynccontextmanager
async def set_stage(home: Path, engine: Scripted, **rules: object) -> AsyncIterator[World]:
    """Serve without running tasks; alice has $10."""

    def change(gateway: Gateway) -> Gateway:
        return replace(gateway, rules=replace(gateway.rules, **rules))  # type: ignore[arg-type]

    async with open_world(home, engine, run=False, change=change) as world:
        await world.open("alice", "10")
        yield world


@asynccontextmanager
async def runner(world: World, engine: Engine | None = None) -> AsyncIterator[Gateway]:
    """Run the tasks of *world*, as the process after a crash would."""
    gateway = world.gateway
    if engine is not None:
        models = {name: replace(model, engines=(engine,)) for name, model in gateway.models.items()}
        gateway = replace(gateway, models=models)
    gateway.bell.accepting = True
    async with running(gateway, settings_for(world.home)):
        yield gateway
    gateway.bell.accepting = True


async def order(world: World, **fields: Any) -> Task:
    """Ask for a video over HTTP and get its row."""
    accepted = await world.post(**fields)
    assert accepted.status == 200, accepted.body
    return await row(world, accepted.json["id"])


async def row(world: World, task_id: str) -> Task:
    return await world.gateway.db.read(lambda conn: tasks.find(conn, task_id))


async def ended(world: World, task_id: str) -> Task:
    """Wait for the end of a task."""
    return await until(world, task_id, lambda task: task.ended)


async def until(world: World, task_id: str, there: Callable[[Task], bool]) -> Task:
    """Wait for a task to get *there*."""
    async with asyncio.timeout(PATIENCE):
        while not there(found := await row(world, task_id)):  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(0.01)
    return found


async def claimed(world: World, task: Task) -> Task:
    return await world.gateway.db.write(lambda conn: tasks.claim(conn, task.id))


async def started(world: World, task: Task) -> Task:
    """Leave *task* as a process does that dies before it has a ticket."""
    mine = await claimed(world, task)
    now = int(world.clock())
    return await world.gateway.db.write(lambda conn: tasks.start(conn, mine, now))


async def ticketed(world: World, task: Task) -> Task:
    """Leave *task* as a process does that dies while the engine works."""
    begun = await started(world, task)
    terms = read_terms(task.order)
    ticket = await world.engine.start(task.id, terms.order, Inputs())
    return await world.gateway.db.write(lambda conn: tasks.keep_ticket(conn, begun, str(ticket)))


async def money(world: World) -> tuple[str, str]:
    """Audit the books and tell what alice has and what is held of it."""
    await world.audit()
    account = await world.account_of(world.alice)
    return str(account.balance), str(account.held)
