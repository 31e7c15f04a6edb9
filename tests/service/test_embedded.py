"""The runner of a process: one at a time, no more than the engine can take, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from kinetoscope.db.tasks import Filter, list_tasks
from kinetoscope.domain.errors import NotAccepting
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.domain.task import Failure, Status
from kinetoscope.engines import Inputs, Refused, Report, Ticket, Working
from kinetoscope.service import Bell
from kinetoscope.service.advance import cancel
from kinetoscope.service.embedded import Embedded
from kinetoscope.service.submit import Wish, submit
from tests.engines.scripted import Scripted
from tests.patience import PATIENCE, eventually
from tests.service.stage import claimed, ended, money, order, row, runner, set_stage, until
from tests.world import World, open_world


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", engine) as world:
        yield world


async def test_a_second_runner_on_one_file_is_refused_until_the_first_is_gone(
    stage: World,
) -> None:
    async with runner(stage):
        second = Embedded(stage.gateway)
        with pytest.raises(NotAccepting, match="already runs the tasks"):
            second.start()
        task = await order(stage)
        assert (await ended(stage, task.id)).status is Status.COMPLETED

    async with runner(stage):
        task = await order(stage)
        assert (await ended(stage, task.id)).status is Status.COMPLETED


async def test_a_second_runner_on_postgres_stands_by_and_takes_over(
    tmp_path: Path, reel: Path, new_address: Callable[[str], str]
) -> None:
    database = SecretStr(new_address("postgres"))
    first, second = Scripted(reel), Scripted(reel)
    first.wait()
    async with open_world(tmp_path / "1", second, run=False, database=database) as stage:
        await stage.open("alice", "10")
        async with AsyncExitStack() as later:
            async with open_world(tmp_path / "2", first, database=database):
                await later.enter_async_context(runner(stage))
                task = await order(stage)
                await until(stage, task.id, lambda task: task.ticket is not None)
                second._known.update(first._known)
            done = await ended(stage, task.id)

        assert done.status is Status.COMPLETED
        assert (first.started, second.started) == ({task.id: 1}, {})
        assert await money(stage) == ("9.70", "0.00")


async def test_no_more_tasks_are_at_work_than_the_engine_has_slots(
    stage: World, reel: Path
) -> None:
    class Counting(Scripted):
        most = 0

        async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
            ticket = await super().start(task_id, order, inputs)
            self.most = max(self.most, len(self._known))
            return ticket

    engine = Counting(reel)
    engine.slots = 2
    engine.will(*[Working(10)] * 10, *[Refused("task_failed", "no")] * 7)
    async with runner(stage, engine):
        made = [await order(stage) for _ in range(7)]
        for task in made:
            await ended(stage, task.id)

    assert engine.most == 2
    assert len(engine.started) == 7
    assert await money(stage) == ("10.00", "0.00")


async def test_300_tasks_at_once_all_end_and_are_paid_for_once(
    stage: World, engine: Scripted
) -> None:
    rich = await stage.open("rich", "1000")
    engine.will(*[Refused("task_failed", "no")] * 285)
    wish = Wish(
        Order(
            model="grok-imagine",
            operation=Operation.TEXT,
            prompt="a fox",
            duration=6,
            tier=Tier.P480,
        ),
        "f" * 64,
    )
    async with runner(stage):
        made = await asyncio.gather(*(submit(stage.gateway, rich.key, wish) for _ in range(300)))
        done = [await ended(stage, task.id) for task in made]

    assert sum(task.status is Status.COMPLETED for task in done) == 15
    assert set(engine.started.values()) == {1}
    assert len(engine.started) == 300
    account = await stage.account_of(rich)
    assert (str(account.balance), str(account.held)) == ("995.50", "0.00")
    await stage.audit()


@pytest.mark.parametrize("repeatable", [False, True])
async def test_draining_hands_back_what_can_start_over_and_keeps_the_ticket_of_the_rest(
    stage: World, engine: Scripted, *, repeatable: bool
) -> None:
    engine.repeatable = repeatable
    engine.wait()
    task = await order(stage)
    async with runner(stage):
        working = await until(stage, task.id, lambda task: task.ticket is not None)

    left = await row(stage, task.id)
    assert left.status is Status.IN_PROGRESS
    assert left.ticket == (None if repeatable else working.ticket)
    assert engine.stopped == ([working.ticket] if repeatable else [])
    engine.go()
    async with runner(stage):
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED
    assert engine.started == {task.id: 2 if repeatable else 1}
    assert await money(stage) == ("9.70", "0.00")


async def test_draining_wakes_a_task_that_was_about_to_wait(stage: World, reel: Path) -> None:
    """Told to leave in the middle of a step, it does not sleep until its next poll first."""
    starting, go = asyncio.Event(), asyncio.Event()

    class Slow(Scripted):
        async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
            starting.set()
            await go.wait()
            return await super().start(task_id, order, inputs)

    engine = Slow(reel, repeatable=True)
    engine.pace = (600, 600)
    models = {name: replace(each, engines=(engine,)) for name, each in stage.gateway.models.items()}
    stage.gateway = replace(stage.gateway, models=models)
    embedded = Embedded(stage.gateway)
    embedded.start()
    task = await order(stage)
    await starting.wait()
    draining = asyncio.create_task(embedded.drain(PATIENCE))
    await asyncio.sleep(0.05)
    go.set()
    await draining

    left = await row(stage, task.id)
    assert (left.status, left.started_at, left.ticket) == (Status.IN_PROGRESS, None, None)
    assert engine.stopped == [f"ticket-{task.id}-1"]


async def test_a_draining_service_takes_no_order(stage: World) -> None:
    """C28: 503, and nothing is held."""
    embedded = Embedded(stage.gateway)
    embedded.start()
    await embedded.drain(5)

    answer = await stage.post()

    assert answer.status == 503
    assert await money(stage) == ("10.00", "0.00")


async def test_progress_is_written_and_never_falls(stage: World, engine: Scripted) -> None:
    """C21."""
    seen: list[int] = []

    class Slow(Scripted):
        async def poll(self, ticket: Ticket) -> Report:
            return Working(90 if not seen else 10)

    task = await order(stage)
    async with runner(stage, Slow(engine.reel)):
        seen.append((await until(stage, task.id, lambda task: task.progress > 0)).progress)
        await asyncio.sleep(1.2)  # which is longer than progress waits before it is written
        seen.append((await row(stage, task.id)).progress)

    assert seen == [90, 90]


async def test_a_task_that_another_process_cancelled_is_stopped(
    stage: World, engine: Scripted
) -> None:
    """The operator's command rings no bell here."""
    engine.wait()
    task = await order(stage)
    async with runner(stage):
        working = await until(stage, task.id, lambda task: task.ticket is not None)
        await cancel(replace(stage.gateway, bell=Bell()), task.id, None)
        await eventually(lambda: engine.stopped)

    assert set(engine.stopped) == {working.ticket}
    assert (await row(stage, task.id)).error_code == Failure.CANCELLED
    assert await money(stage) == ("10.00", "0.00")


async def test_a_task_that_another_process_accepted_is_taken_up(
    stage: World, engine: Scripted
) -> None:
    async with runner(stage):
        stage.gateway.bell.listener = None
        task = await order(stage)
        done = await ended(stage, task.id)

    assert done.status is Status.COMPLETED


async def test_a_runner_takes_up_all_that_was_left_and_the_queue(
    stage: World, engine: Scripted
) -> None:
    made = [await order(stage) for _ in range(6)]
    for task in made[:3]:
        await claimed(stage, task)
    engine.will(*[Refused("task_failed", "no")] * 6)

    async with runner(stage):
        for task in made:
            await ended(stage, task.id)

    found = await stage.gateway.db.read(lambda conn: list_tasks(conn, None, Filter(), limit=100))
    assert [task.attempt for task in found] == [1, 1, 1, 2, 2, 2]
    assert await money(stage) == ("10.00", "0.00")
