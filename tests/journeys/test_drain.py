"""A process that is told to stop hands its work to the next one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kinetoscope.app import open_books
from kinetoscope.db import Conn, Database, accounts, ledger, reports
from kinetoscope.db.tasks import Filter, list_tasks
from kinetoscope.domain.money import Money
from kinetoscope.domain.task import Status, Task
from tests.journeys.doomed import LOG, Plan
from tests.patience import PATIENCE
from tests.programs import greeting
from tests.world import settings_for

ROOT = Path(__file__).parent.parent.parent
DRAIN_SECONDS = 30


@dataclass
class Service:
    """A serving process."""

    process: subprocess.Popen[str]
    url: str
    session: aiohttp.ClientSession

    async def order(self) -> str:
        body = {"prompt": "a fox in the snow", "duration": 6}
        async with self.session.post(f"{self.url}/v1/videos", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["id"])

    async def answers(self) -> bool:
        """Tell whether it still answers anybody."""
        try:
            async with self.session.get(f"{self.url}/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def stop(self) -> int:
        """Tell it to stop and get its exit code; TimeoutExpired if that takes it too long."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, DRAIN_SECONDS)


@dataclass
class Home:
    """A home with alice and her $10."""

    plan: Plan
    db: Database

    @asynccontextmanager
    async def served(self, **change: Any) -> AsyncIterator[Service]:
        """Serve it with the real command."""
        plan = replace(self.plan, **change)
        program, port = Path(__file__).with_name("mortal.py"), ["--port", "0", "--json"]
        process = subprocess.Popen(
            [
                sys.executable,
                program,
                json.dumps(asdict(plan)),
                "serve",
                "--home",
                plan.home,
                *port,
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        headers = {"Authorization": f"Bearer {plan.secret}"}
        try:
            async with asyncio.timeout(PATIENCE):
                url = (await asyncio.to_thread(greeting, process))["url"]
            async with aiohttp.ClientSession(headers=headers) as session:
                yield Service(process, url, session)
        finally:
            process.kill()
            process.communicate()

    async def tasks(self) -> list[Task]:
        return await self.db.read(lambda conn: list_tasks(conn, None, Filter(), limit=100))

    async def all_are(self, status: Status) -> None:
        """Wait until every task has a *status*, and a ticket."""
        async with asyncio.timeout(PATIENCE):
            while not all(  # noqa: ASYNC110 - another process rings no bell
                task.status is status and task.ticket for task in await self.tasks()
            ):
                await asyncio.sleep(0.01)

    def starts(self) -> list[str]:
        """List the tasks that the engine was asked for, in order, as often as it was."""
        return [line.split()[0] for line in Path(self.plan.home, LOG).read_text().splitlines()]


@pytest.fixture
async def home(tmp_path: Path, reel: Path) -> AsyncIterator[Home]:
    folder = tmp_path / "home"
    db = await asyncio.to_thread(open_books, settings_for(folder), folder)
    (folder / "kinetoscope.toml").write_text(f"drain_seconds = {DRAIN_SECONDS}\n")

    def write(conn: Conn) -> str:
        account = accounts.open_account(conn, "alice", 1)
        ledger.deposit(conn, account.id, Money.parse("10"), 1, reference="start")
        return accounts.create_key(conn, account.id, 1)[1]

    yield Home(Plan(str(folder), str(reel), await db.write(write)), db)
    await db.close()


@pytest.mark.parametrize("repeatable", [False, True])
async def test_a_stopped_service_leaves_its_tasks_to_the_next(
    home: Home, *, repeatable: bool
) -> None:
    """An engine that outlives us is asked on; one that does not starts over. Nothing is lost."""
    async with home.served(seconds=60, repeatable=repeatable) as service:
        ids = [await service.order() for _ in range(3)]
        await home.all_are(Status.IN_PROGRESS)
        assert await service.stop() == 0

    left = await home.tasks()
    assert [task.status for task in left] == [Status.IN_PROGRESS] * 3
    assert all((task.started_at is None) == repeatable for task in left)

    async with home.served(seconds=0, repeatable=repeatable) as service:
        await home.all_are(Status.COMPLETED)
        assert await service.stop() == 0

    assert sorted(home.starts()) == sorted(ids * (2 if repeatable else 1))
    await _three_were_paid(home)


async def test_a_start_that_is_under_way_is_let_finish_and_no_new_order_is_taken(
    home: Home,
) -> None:
    """Else the engine would be at work and nobody could tell by which ticket to ask."""
    async with home.served(seconds=0, start_seconds=1) as service:
        ids = [await service.order() for _ in range(3)]
        stopped = asyncio.create_task(service.stop())
        async with asyncio.timeout(PATIENCE):
            while await service.answers():  # noqa: ASYNC110 - it rings no bell when it hangs up
                await asyncio.sleep(0.01)
        with pytest.raises(aiohttp.ClientError):
            await service.order()
        assert await stopped == 0

    async with home.served(seconds=0) as service:
        await home.all_are(Status.COMPLETED)
        assert await service.stop() == 0

    assert sorted(home.starts()) == sorted(ids)
    await _three_were_paid(home)


async def _three_were_paid(home: Home) -> None:
    assert (await home.db.read(reports.audit)).faults == []
    [account] = await home.db.read(accounts.list_all)
    assert (str(account.balance), str(account.held)) == ("9.10", "0.00")
