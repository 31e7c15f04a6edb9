"""What falls due by itself: results past their retention, tasks nobody took, leftovers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from functools import partial

from kinetoscope.db import Conn, deliveries, due, files, tasks
from kinetoscope.db.ids import first_id
from kinetoscope.domain.errors import Overtaken
from kinetoscope.domain.task import Failure, Status
from kinetoscope.service import Gateway, inputs_key
from kinetoscope.service.advance import fail
from kinetoscope.service.choice import able
from kinetoscope.service.files import forget_file
from kinetoscope.service.notify import PATIENCE_SECONDS
from kinetoscope.service.results import drop_result

log = logging.getLogger(__name__)

_ON_THEIR_WAY = ("in", "made", "still")  # what is below the folder for work, by its first name
_WORK_SECONDS = 6 * 3600
_MOST = 1000  # leftovers looked at in one sweep


async def sweep(gateway: Gateway) -> None:
    """Do all that is due now; doing it twice is the same as once."""
    now = int(gateway.now())
    await _end_overdue(gateway, now)
    await _end_abandoned(gateway, now)
    await gateway.db.write(lambda conn: _forget(conn, now))
    await _drop_expired(gateway, now)
    await _drop_files(gateway, now)
    await _drop_orphans(gateway)
    await asyncio.to_thread(_drop_work, gateway)


def _forget(conn: Conn, now: int) -> None:
    """Forget what answers nobody any more, and tell nobody what is too old to be news."""
    tasks.forget_keys(conn, now)
    deliveries.give_up_late(conn, now - PATIENCE_SECONDS)
    deliveries.forget(conn, now - deliveries.KEPT_SECONDS)


async def _drop_expired(gateway: Gateway, now: int) -> None:
    for task_id in await gateway.db.read(lambda conn: due.expired(conn, now)):
        await drop_result(gateway, task_id)


async def _drop_files(gateway: Gateway, now: int) -> None:
    """Remove files that have expired, were deleted, or were never kept to the end."""
    for file_id in await gateway.db.read(lambda conn: files.due(conn, now)):
        await forget_file(gateway, file_id)


async def _end_overdue(gateway: Gateway, now: int) -> None:
    before = now - gateway.rules.queue_time
    for task_id in await gateway.db.read(lambda conn: due.overdue(conn, before)):
        with contextlib.suppress(Overtaken):
            task = await gateway.db.read(partial(tasks.find, task_id=task_id))
            if task.status is not Status.QUEUED:
                continue
            seconds = gateway.rules.queue_time
            if any(engine.well for engine in able(gateway, task)):
                message = f"no engine was free within {seconds} seconds"
                await fail(gateway, task, Failure.TIMED_OUT, message)
            else:
                message = f"no engine could be asked within {seconds} seconds"
                await fail(gateway, task, Failure.UNAVAILABLE, message)


async def _end_abandoned(gateway: Gateway, now: int) -> None:
    """End what waits for an engine that is not in the settings any more."""
    rules = gateway.rules
    before = now - max(rules.queue_time, rules.task_time)
    known = gateway.engines()
    for task_id in await gateway.db.read(lambda conn: due.abandoned(conn, known, before)):
        with contextlib.suppress(Overtaken):
            task = await gateway.db.write(partial(tasks.claim, task_id=task_id))
            message = f"the engine {task.engine} is no longer there"
            failure = Failure.LOST if task.started_at else Failure.UNAVAILABLE
            await fail(gateway, task, failure, message)


async def _drop_orphans(gateway: Gateway) -> None:
    """Remove inputs whose task has ended, or was never accepted since we died before that."""
    keys = await gateway.store.keys("inputs")
    found = sorted({key.split("/")[1] for key in keys if key.count("/") > 1})[:_MOST]
    if not found:
        return
    running = await gateway.db.read(lambda conn: due.running(conn, found))
    for task_id in found:
        if task_id not in running and _old(gateway, task_id):
            log.info("%s: removing inputs that no running task needs", task_id)
            await gateway.store.delete(inputs_key(task_id))


def _drop_work(gateway: Gateway) -> None:
    """Remove what a process that was killed had on its way: nothing is on its way for hours."""
    for prefix in _ON_THEIR_WAY:
        oldest = first_id(prefix, int(gateway.now()) - _WORK_SECONDS)
        for path in gateway.work.glob(f"{prefix}_*"):
            if path.name < oldest:
                log.info("%s: removing what was left on its way", path.name)
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _old(gateway: Gateway, task_id: str) -> bool:
    """Whether a task of this name would be minutes old: a younger one may be on its way in."""
    return task_id < first_id("task", int(gateway.now()) - 600)
