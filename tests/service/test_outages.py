"""The database goes away for a while, and nothing goes with it (C36)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from kinetoscope.db import Conn, open_database
from kinetoscope.domain.order import Order
from kinetoscope.domain.task import Status
from kinetoscope.engines import Inputs, Refused, Ticket
from tests.engines.scripted import Scripted
from tests.service.stage import ended, money, order, runner, set_stage, until
from tests.world import World, open_world


def _fill_the_disk(conn: Conn) -> None:
    """Let the file not grow any more."""
    conn.execute(text("CREATE TABLE IF NOT EXISTS ballast (weight BLOB)"))
    pages = conn.scalar(text("PRAGMA page_count"))
    conn.execute(text(f"PRAGMA max_page_count = {pages}"))


def _empty_the_disk(conn: Conn) -> None:
    conn.execute(text("PRAGMA max_page_count = 1000000"))


async def _use_the_rest(world: World) -> None:
    """Take what room there is left within the file."""
    for size in (4000, 400, 40):
        with pytest.raises(OperationalError, match="full"):
            await _add_ballast(world, size)


async def _add_ballast(world: World, size: int) -> None:
    weigh = text("INSERT INTO ballast VALUES (zeroblob(:size))").bindparams(size=size)
    while True:
        await world.gateway.db.write(lambda conn: conn.execute(weigh))


async def test_a_full_disk_is_waited_for(tmp_path: Path, engine: Scripted) -> None:
    """What was made meanwhile is kept and settled, once, as soon as there is room."""
    async with set_stage(tmp_path / "home", engine) as stage:
        engine.wait()
        async with runner(stage):
            made = [await order(stage, prompt="a fox " * 100) for _ in range(3)]
            for task in made:
                await until(stage, task.id, lambda task: task.ticket is not None)
            await stage.gateway.db.write(_fill_the_disk)
            await _use_the_rest(stage)
            engine.go()
            refused = await stage.post(prompt="a hare " * 500)
            await asyncio.sleep(1)
            await stage.gateway.db.write(_empty_the_disk)
            done = [await ended(stage, task.id) for task in made]

        assert refused.status >= 500
        assert [task.status for task in done] == [Status.COMPLETED] * 3
        assert set(engine.started.values()) == {1}
        assert await money(stage) == ("9.10", "0.00")


class Slow(Scripted):
    """Answers that it began when it is let, and says that it was asked."""

    def __init__(self, reel: Path) -> None:
        super().__init__(reel)
        self.asked = asyncio.Semaphore(0)
        self.let = asyncio.Event()

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
        ticket = await super().start(task_id, order, inputs)
        self.asked.release()
        await self.let.wait()
        return ticket


async def test_a_server_that_hangs_up_on_everybody_loses_no_task_and_no_ticket(
    tmp_path: Path, reel: Path, new_address: Callable[[str], str]
) -> None:
    """The engine has begun, and its ticket is still to be written."""
    address = new_address("postgres")
    other = open_database(address)
    engine = Slow(reel)

    def cut() -> None:
        other.write_now(
            lambda conn: conn.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        )

    async with open_world(tmp_path / "home", engine, database=SecretStr(address)) as world:
        await world.open("alice", "10")
        made = [await order(world) for _ in range(3)]
        for _ in made:
            await engine.asked.acquire()
        await asyncio.to_thread(cut)
        engine.let.set()
        # Looked at by a connection that was not cut: those that were are for the service to find.
        beside = replace(world, gateway=replace(world.gateway, db=other))
        done = [await ended(beside, task.id) for task in made]

        assert [task.error_code for task in done] == [None] * 3
        assert engine.started == {task.id: 1 for task in made}
        assert await money(beside) == ("9.10", "0.00")
    await other.close()
