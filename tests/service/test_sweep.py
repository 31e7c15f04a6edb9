"""What falls due by itself, and that one thing that cannot be done holds up no other."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.assets import StoreUnavailable
from kinetoscope.db import files, tasks
from kinetoscope.domain.task import Failure, Status
from kinetoscope.service import file_key, inputs_key, video_key
from kinetoscope.service.sweep import sweep
from tests.db.books import a_file
from tests.engines.scripted import Scripted
from tests.films import picture
from tests.service.stage import claimed, ended, money, order, row, runner, set_stage, started
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", engine, retention=DAY, queue_time=DAY) as world:
        yield world


class BrokenStore:
    """A store on a disk that lets nothing go."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def delete(self, prefix: str) -> None:
        raise StoreUnavailable(f"{prefix} stays")


async def test_a_result_past_its_retention_is_dropped_and_its_bill_stays(stage: World) -> None:
    """C26, C22."""
    task = await order(stage)
    async with runner(stage):
        done = await ended(stage, task.id)
    assert done.expires_at is not None

    await sweep(stage.gateway)
    assert await stage.gateway.store.keys("videos") == [video_key(task.id)]
    stage.clock.skip(DAY + 2)
    await sweep(stage.gateway)
    await sweep(stage.gateway)

    assert await stage.gateway.store.keys("videos") == []
    assert (await row(stage, task.id)) == done._replace(dropped=True)
    assert (await stage.ask("GET", f"/v1/videos/{task.id}/content")).status == 410
    assert await money(stage) == ("9.70", "0.00")


async def test_a_task_that_nobody_took_times_out_and_costs_nothing(stage: World) -> None:
    """C37."""
    task = await order(stage)

    await sweep(stage.gateway)
    assert (await row(stage, task.id)).status is Status.QUEUED
    stage.clock.skip(DAY + 2)
    await sweep(stage.gateway)

    assert (await row(stage, task.id)).error_code == Failure.TIMED_OUT
    assert await money(stage) == ("10.00", "0.00")


async def test_a_task_that_somebody_took_is_left_to_them(stage: World) -> None:
    task = await order(stage)
    mine = await claimed(stage, task)
    stage.clock.skip(DAY + 2)

    await sweep(stage.gateway)

    assert await row(stage, task.id) == mine


async def test_inputs_that_no_running_task_needs_are_removed(
    stage: World, tmp_path: Path, engine: Scripted
) -> None:
    """A process died between keeping them and accepting, or after the end."""
    running = await order(stage, image=_image())
    source = tmp_path / "orphan.png"
    source.write_bytes(picture())
    orphan = running.id[:-6] + "zzzzzz"
    await stage.gateway.store.save(f"{inputs_key(orphan)}/0", source)
    before = await stage.gateway.store.keys("inputs")

    await sweep(stage.gateway)
    assert await stage.gateway.store.keys("inputs") == before
    stage.clock.skip(3600)
    await sweep(stage.gateway)

    assert await stage.gateway.store.keys("inputs") == [f"{inputs_key(running.id)}/0"]
    async with runner(stage):
        await ended(stage, running.id)
    assert await stage.gateway.store.keys("inputs") == []


async def test_a_file_that_a_killed_process_was_keeping_is_removed(
    stage: World, tmp_path: Path
) -> None:
    """It died when the bytes were in the store, before the row said so."""
    source = tmp_path / "fox.png"
    source.write_bytes(picture())
    account = stage.alice.account.id
    reserved = a_file(account, expires_at=int(stage.clock()) + 3600)
    shelf = stage.gateway.rules.shelf
    await stage.gateway.db.write(lambda conn: files.reserve(conn, reserved, shelf))
    await stage.gateway.store.save(file_key(reserved.id), source)

    await sweep(stage.gateway)
    assert await stage.gateway.store.keys("files") == [file_key(reserved.id)]
    stage.clock.skip(3601)
    await sweep(stage.gateway)
    await sweep(stage.gateway)

    assert await stage.gateway.store.keys("files") == []
    assert await stage.gateway.db.read(lambda conn: files.due(conn, 2**40)) == []


async def test_idempotency_keys_are_forgotten_after_a_day(stage: World) -> None:
    """C30."""
    once = {"Idempotency-Key": "once"}
    body = {"prompt": "a fox", "duration": 6}
    first = await stage.ask("POST", "/v1/videos", json=body, headers=once)
    again = await stage.ask("POST", "/v1/videos", json=body, headers=once)
    assert first.json["id"] == again.json["id"]

    stage.clock.skip(DAY + 2)
    await sweep(stage.gateway)
    account = stage.alice.account.id
    found = await stage.gateway.db.read(
        lambda conn: tasks.remembered(conn, account, "once", int(stage.clock()) - DAY)
    )
    later = await stage.ask("POST", "/v1/videos", json=body, headers=once)

    assert found is None
    assert later.json["id"] != first.json["id"]


async def test_a_file_that_cannot_be_removed_holds_up_no_money(stage: World) -> None:
    kept = await order(stage)
    async with runner(stage):
        await ended(stage, kept.id)
    waiting = await order(stage)
    stage.clock.skip(DAY + 2)

    broken = replace(stage.gateway, store=BrokenStore(stage.gateway.store))
    with pytest.raises(StoreUnavailable):
        await sweep(broken)

    assert (await row(stage, waiting.id)).error_code == Failure.TIMED_OUT
    assert await money(stage) == ("9.70", "0.00")


async def test_a_file_that_cannot_be_removed_holds_up_no_task(stage: World) -> None:
    """A sweep that fails for ever must not keep the runner from its queue."""
    old = await order(stage)
    async with runner(stage):
        await ended(stage, old.id)
    stage.clock.skip(DAY + 2)
    fresh = await order(stage)

    healthy = stage.gateway
    stage.gateway = replace(healthy, store=BrokenStore(healthy.store))
    async with runner(stage):
        done = await ended(stage, fresh.id)
    stage.gateway = healthy

    assert done.status is Status.COMPLETED
    assert await money(stage) == ("9.40", "0.00")


async def test_a_task_of_an_engine_that_was_taken_out_ends_and_costs_nothing(
    stage: World,
) -> None:
    """C37: what nobody can make any more does not wait for ever."""
    waiting, begun = await order(stage), await order(stage)
    await started(stage, await claimed(stage, begun))
    stage.engine.name = "another"

    await sweep(stage.gateway)
    assert (await row(stage, begun.id)).status is Status.IN_PROGRESS
    stage.clock.skip(DAY + 1)
    await sweep(stage.gateway)

    assert (await row(stage, waiting.id)).error_code in (Failure.UNAVAILABLE, Failure.TIMED_OUT)
    assert (await row(stage, begun.id)).error_code == Failure.LOST
    assert await money(stage) == ("10.00", "0.00")


def _image() -> dict[str, str]:
    return {"url": "data:image/png;base64," + base64.b64encode(picture()).decode()}
