"""Wherever the process is killed, no task and no cent is lost, and nothing happens twice (C36)."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.app import open_books
from kinetoscope.db import Database, accounts, ledger, reports
from kinetoscope.db.tasks import Filter, list_tasks
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.service import video_key
from tests.journeys.doomed import FORBIDDEN, LOG, Plan
from tests.patience import PATIENCE
from tests.receiver import receiving
from tests.world import settings_for

PRICE = Money.parse("0.30")


class Lives:
    """The parent of processes that die."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.promised: dict[str, str] = {}

    async def live(self, plan: Plan) -> int:
        """Live one life and tell how it ended; remember what it promised."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(plan)) + "\n")
        self._process.stdin.flush()
        while "exit" not in (fact := await self._fact()):
            if "accepted" in fact:
                known = self.promised.setdefault(fact["prompt"], fact["accepted"])
                assert known == fact["accepted"], "one order became two tasks"
        return int(fact["exit"])

    async def _fact(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await asyncio.to_thread(self._process.stdout.readline)
        fact: dict[str, Any] = json.loads(line)
        return fact


@pytest.fixture(scope="module")
def parent() -> Iterator[subprocess.Popen[str]]:
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("doomed.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        start_new_session=True,
    ) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Scene:
    """A home with alice and her $10, and lives to spend in it."""

    plan: Plan
    lives: Lives
    db: Database
    account: str

    async def die(self, point: str, *orders: str) -> None:
        """Live a life that ends at *point*."""
        plan = replace(self.plan, orders=orders, point=point)
        assert await self.lives.live(plan) == -signal.SIGKILL, f"{point} was never reached"

    async def recover(self, *orders: str) -> list[Task]:
        """Live a life to its end, with the orders sent once more; check the books."""
        assert await self.lives.live(replace(self.plan, orders=orders)) == 0
        found = await self.db.read(
            lambda conn: list_tasks(conn, self.account, Filter(), limit=1000)
        )
        await self.check(found)
        return found

    async def check(self, found: list[Task]) -> None:
        """No promise broken, every task ended, every cent where it belongs."""
        assert (await self.db.read(reports.audit)).faults == []
        assert set(self.lives.promised.values()) == {task.id for task in found}
        assert all(task.ended for task in found)
        completed = [task for task in found if task.status is Status.COMPLETED]
        assert all(task.charged == PRICE for task in completed)
        account = await self.db.read(lambda conn: accounts.get(conn, self.account))
        assert account.held == ZERO
        assert account.balance == Money.parse("10") - PRICE * len(completed)
        lines = await self.db.read(
            lambda conn: ledger.statement(conn, self.account, after=None, limit=1000)
        )
        billed = [line.task_id for line in lines if line.kind == "settlement"]
        assert sorted(map(str, billed)) == sorted(task.id for task in completed)
        for task in completed:
            video = Path(self.plan.home, "assets", video_key(task.id))
            assert video.read_bytes() == Path(self.plan.reel).read_bytes()

    def starts(self) -> Counter[str]:
        """Tell how often the engine was asked for each task."""
        log = Path(self.plan.home, LOG)
        lines = log.read_text().splitlines() if log.exists() else []
        return Counter(line.split()[0] for line in lines)


NewScene = Callable[..., Any]


@pytest.fixture
async def new_scene(
    tmp_path: Path, reel: Path, parent: subprocess.Popen[str]
) -> AsyncIterator[NewScene]:
    opened: list[Database] = []

    async def make(database: str = "", *, repeatable: bool = False) -> Scene:
        home = tmp_path / f"home-{len(opened)}"
        chosen: dict[str, Any] = {"database": database} if database else {}
        db = await asyncio.to_thread(open_books, settings_for(home, **chosen), home)
        opened.append(db)

        def write(conn: Any) -> tuple[str, str]:
            account = accounts.open_account(conn, "alice", 1)
            ledger.deposit(conn, account.id, Money.parse("10"), 1, reference="start")
            return account.id, accounts.create_key(conn, account.id, 1)[1]

        account, secret = await db.write(write)
        plan = Plan(str(home), str(reel), secret, database=database, repeatable=repeatable)
        return Scene(plan, Lives(parent), db, account)

    yield make
    for db in opened:
        await db.close()


# The writes of one task are at least: accept, claim, start, keep the ticket, complete.
POINTS = [
    *(f"write:{number}:{side}" for number in range(1, 6) for side in ("before", "after")),
    "start:1:before",
    "start:1:after",
    "poll:1:before",
    "poll:2:after",
    "save:1:before",
    "save:1:after",
    "forget:1:before",
]


@pytest.mark.parametrize("point", POINTS)
async def test_a_process_that_is_killed_there_loses_and_doubles_nothing(
    new_scene: NewScene, point: str
) -> None:
    scene = await new_scene()

    await scene.die(point, "a fox")
    [task] = await scene.recover("a fox")

    assert scene.starts()[task.id] <= 1
    if task.status is Status.FAILED:
        assert task.error_code == Failure.LOST
    if point.startswith(("poll", "save", "forget")):
        assert task.status is Status.COMPLETED
    if point.startswith("start"):
        assert task.error_code == Failure.LOST


@pytest.mark.parametrize("point", ["start:1:after", "poll:2:after", "save:1:after"])
async def test_an_engine_that_may_be_asked_twice_makes_it_after_all(
    new_scene: NewScene, point: str
) -> None:
    scene = await new_scene(repeatable=True)

    await scene.die(point, "a fox")
    [task] = await scene.recover("a fox")

    assert task.status is Status.COMPLETED
    assert scene.starts()[task.id] == 2


@pytest.mark.parametrize("point", ["write:1:after", "start:1:after", "save:1:after"])
async def test_postgres_keeps_what_a_killed_process_promised(
    new_scene: NewScene, new_address: Callable[[str], str], point: str
) -> None:
    scene = await new_scene(new_address("postgres"))

    await scene.die(point, "a fox")
    [task] = await scene.recover("a fox")

    assert scene.starts()[task.id] <= 1
    expected = Failure.LOST if point.startswith("start") else None
    assert task.error_code == expected


@pytest.mark.parametrize(
    "kind,point,times",
    [
        ("sqlite", "post:1:before", 1),
        ("sqlite", "post:1:after", 2),
        ("postgres", "post:1:after", 2),
    ],
)
async def test_whoever_dies_before_it_has_told_is_followed_by_one_that_tells(
    new_scene: NewScene, new_address: Callable[[str], str], kind: str, point: str, times: int
) -> None:
    """What was heard and not noted is told twice, by the same id and in the same words."""
    async with receiving() as receiver:
        scene = await new_scene(new_address(kind))
        scene.plan = replace(scene.plan, webhook=receiver.url)
        await scene.die(point, "a fox")
        [task] = await scene.recover("a fox")

    assert len(receiver.heard) == times
    assert len({(heard.id, heard.body) for heard in receiver.heard}) == 1
    assert receiver.heard[0].event["data"]["id"] == task.id


async def test_kills_at_random_instants_leave_no_end_untold(new_scene: NewScene) -> None:
    chance = random.Random(7)
    orders: list[str] = []
    async with receiving() as receiver:
        scene = await new_scene()
        scene.plan = replace(scene.plan, webhook=receiver.url)
        for number in range(4):
            orders += [f"a fox {number}", f"{FORBIDDEN} {number}"]
            moment = chance.uniform(0.1, 0.8)
            await scene.lives.live(replace(scene.plan, orders=tuple(orders), kill_after=moment))
        found = await scene.recover(*orders)

    told = {heard.event["data"]["id"]: heard.event["type"] for heard in receiver.heard}
    assert told == {task.id: f"video.{task.status}" for task in found}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_five_kills_at_random_instants_with_tasks_in_flight(
    new_scene: NewScene, seed: int
) -> None:
    """Three orders a life, one of them refused; each life is killed at some instant."""
    chance = random.Random(seed)
    scene = await new_scene()
    orders: list[str] = []
    for number in range(5):
        orders += [f"a fox {number}", f"a hare {number}", f"{FORBIDDEN} {number}"]
        moment = chance.uniform(0.05, 0.7)
        await scene.lives.live(replace(scene.plan, orders=tuple(orders), kill_after=moment))

    found = await scene.recover(*orders)

    assert len(found) == len(orders)
    assert all(count == 1 for count in scene.starts().values())
    codes = {task.error_code for task in found if FORBIDDEN in task.prompt}
    assert codes <= {Failure.FAILED, Failure.LOST}
    others = {task.error_code for task in found if FORBIDDEN not in task.prompt}
    assert others <= {None, Failure.LOST}
