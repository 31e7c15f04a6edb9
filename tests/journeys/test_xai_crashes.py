"""Wherever we are killed, xAI is asked once for each task, and every video that it made is kept."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kinetoscope.app import open_books
from kinetoscope.db import Conn, Database, accounts, ledger, reports
from kinetoscope.db.tasks import Filter, list_tasks
from kinetoscope.domain.money import Money
from kinetoscope.domain.task import Failure, Status, Task
from tests.engines.xai_server import Story, XaiServer, xai_server
from tests.films import film
from tests.journeys.doomed import xai_settings
from tests.journeys.test_crashes import NewScene, Scene, new_scene, parent
from tests.patience import PATIENCE
from tests.programs import greeting
from tests.world import settings_for

__all__ = ["new_scene", "parent"]

ROOT = Path(__file__).parents[2]
ORDERS = 200


async def scene_at(new_scene: NewScene, xai: XaiServer, films: Path) -> Scene:
    """A home whose engine is xAI, and the film that it will have made."""
    scene: Scene = await new_scene()
    reel = film(films / "reel.mp4", 6, 848, 480)
    scene.plan = replace(scene.plan, xai=xai.address, reel=str(reel))
    return scene


def asked_for(xai: XaiServer) -> Counter[str]:
    """Tell how often each prompt was accepted."""
    return Counter(made.request.prompt for made in xai.made)


# A task is written: accepted, claimed, started, its ticket kept, completed; and the sweep writes.
POINTS = [
    *(f"write:{number}:{side}" for number in range(2, 7) for side in ("before", "after")),
    "start:1:before",
    "start:1:after",
    "poll:1:after",
    "save:1:after",
]


@pytest.mark.parametrize("point", POINTS)
async def test_xai_is_asked_once_wherever_we_die(
    new_scene: NewScene, xai: XaiServer, films: Path, point: str
) -> None:
    scene = await scene_at(new_scene, xai, films)

    await scene.die(point, "a fox")
    [task] = await scene.recover("a fox")

    times = asked_for(xai)["a fox"]
    assert times <= 1
    if task.status is Status.COMPLETED:
        assert times == 1
        assert (task.cost, task.card) == (3_000_000_000, 3_000_000_000)
    else:
        assert task.error_code == Failure.LOST
        assert json.loads(task.evidence or "")["key"] == "…1234"
    if not point.startswith("write"):
        assert (task.error_code == Failure.LOST) == point.startswith("start")
        assert times == (point != "start:1:before")


@pytest.mark.timeout(900)
async def test_two_kills_while_200_tasks_are_made_lose_none_and_double_none(
    tmp_path: Path, films: Path
) -> None:
    """So many submits a second are answered and no more; we never make it refuse one."""
    chosen = xai_settings("", submits_per_second=15, requests_per_minute=2000, slots=30)
    # On a busy machine a few seconds' submits, sent one after the other, arrive all at once.
    limit = {"submits_per_second": 16, "burst": 4 * 15}
    async with xai_server(films, **limit, story=Story(render_seconds=0.5)) as xai:
        chosen["xai"]["main"]["host"] = xai.address
        home = await _Home.open(tmp_path / "home", chosen)
        async with home.served() as service:
            await asyncio.gather(*(service.order(f"fox {number}") for number in range(ORDERS)))
            await home.until(completed=10)
            service.process.send_signal(signal.SIGKILL)
        asked = await home.being_asked()
        async with home.served() as service:
            await home.until(completed=60)
            service.process.send_signal(signal.SIGKILL)
        asked |= await home.being_asked()
        async with home.served():
            await home.until(ended=ORDERS)
        found = await home.tasks()
        assert await home.faults() == []

    times = asked_for(xai)
    lost = {task.id for task in found if task.error_code == Failure.LOST}
    completed = [task for task in found if task.status is Status.COMPLETED]
    assert len(completed) + len(lost) == ORDERS
    assert lost == asked
    assert set(times.values()) == {1}
    assert {task.prompt for task in completed} <= times.keys()
    assert xai.throttled == 0
    assert await home.balance() == Money.parse("100") - Money.parse("0.05") * len(completed)
    await home.close()


class _Home:
    """A home with alice and her $100, served by the real command."""

    def __init__(self, path: Path, chosen: dict[str, Any], db: Database) -> None:
        self.path, self.chosen, self.db = path, chosen, db
        self.account = self.secret = ""

    @classmethod
    async def open(cls, path: Path, chosen: dict[str, Any]) -> _Home:
        db = await asyncio.to_thread(open_books, settings_for(path), path)
        home = cls(path, chosen, db)

        def write(conn: Conn) -> tuple[str, str]:
            account = accounts.open_account(conn, "alice", 1)
            ledger.deposit(conn, account.id, Money.parse("100"), 1, reference="start")
            return account.id, accounts.create_key(conn, account.id, 1)[1]

        home.account, home.secret = await home.db.write(write)
        return home

    @asynccontextmanager
    async def served(self) -> AsyncIterator[_Service]:
        """Serve it, as its operator would: all is chosen in the environment."""
        chosen = {
            "KINETOSCOPE_MODELS": json.dumps(self.chosen["models"]),
            "KINETOSCOPE_XAI": json.dumps(self.chosen["xai"]),
            "KINETOSCOPE_ALLOW_NETWORKS": '["127.0.0.0/8"]',
        }
        command = [sys.executable, "-m", "kinetoscope.cli", "serve", "--port", "0", "--json"]
        with (self.path / "serve.log").open("a") as log:
            process = subprocess.Popen(
                [*command, "--home", str(self.path)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **chosen},
            )
        headers = {"Authorization": f"Bearer {self.secret}"}
        try:
            async with asyncio.timeout(PATIENCE):
                url = (await asyncio.to_thread(greeting, process))["url"]
            async with aiohttp.ClientSession(url, headers=headers) as session:
                yield _Service(process, session)
        finally:
            process.kill()
            process.communicate()

    async def tasks(self) -> list[Task]:
        return await self.db.read(lambda conn: list_tasks(conn, None, Filter(), limit=1000))

    async def until(self, *, completed: int = 0, ended: int = 0) -> None:
        """Wait until so many tasks are completed or have ended."""
        async with asyncio.timeout(800):
            while True:
                found = await self.tasks()
                done = sum(task.status is Status.COMPLETED for task in found)
                if done >= completed and sum(task.ended for task in found) >= ended:
                    return
                await asyncio.sleep(0.1)

    async def being_asked(self) -> set[str]:
        """Tell for which tasks xAI was being asked in the very moment of a kill."""
        return {
            task.id
            for task in await self.tasks()
            if task.status is Status.IN_PROGRESS and task.started_at and not task.ticket
        }

    async def faults(self) -> list[str]:
        return (await self.db.read(reports.audit)).faults

    async def balance(self) -> Money:
        return (await self.db.read(lambda conn: accounts.get(conn, self.account))).balance

    async def close(self) -> None:
        await self.db.close()


class _Service:
    def __init__(self, process: subprocess.Popen[str], session: aiohttp.ClientSession) -> None:
        self.process, self._session = process, session

    async def order(self, prompt: str) -> None:
        body = {"prompt": prompt, "duration": 1}
        async with self._session.post("/v1/videos", json=body) as answer:
            assert answer.status == 200, await answer.text()
