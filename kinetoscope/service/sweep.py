"""What falls due by itself: results past their retention, tasks nobody took, leftovers."""

from __future__ import annotations

import contextlib
import logging
from functools import partial

from kinetoscope.db import Conn, deliveries, due, tasks
from kinetoscope.db.ids import first_id
from kinetoscope.domain.errors import Overtaken
from kinetoscope.domain.task import Failure, Status
from kinetoscope.service import Gateway, inputs_key, video_key
from kinetoscope.service.advance import fail
from kinetoscope.service.choice import able
from kinetoscope.service.notify import PATIENCE_SECONDS

log = logging.getLogger(__name__)

_MOST = 1000  # leftovers looked at in one sweep


async def sweep(gateway: Gateway) -> None:
    """Do all that is due now; doing it twice is the same as once."""
    now = int(gateway.now())
    await _end_overdue(gateway, now)
    await _end_abandoned(gateway, now)
    await gateway.db.write(lambda conn: _forget(conn, now))
    await _drop_expired(gateway, now)
    await _drop_orphans(gateway)


def _forget(conn: Conn, now: int) -> None:
    """Forget what answers nobody any more, and tell nobody what is too old to be news."""
    tasks.forget_keys(conn, now)
    deliveries.give_up_late(conn, now - PATIENCE_SECONDS)
    deliveries.forget(conn, now - deliveries.KEPT_SECONDS)


async def _drop_expired(gateway: Gateway, now: int) -> None:
    for task_id in await gateway.db.read(lambda conn: due.expired(conn, now)):
        await gateway.store.delete(video_key(task_id))
        await gateway.db.write(partial(tasks.mark_dropped, task_id=task_id))


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


def _old(gateway: Gateway, task_id: str) -> bool:
    """Whether a task of this name would be minutes old: a younger one may be on its way in."""
    return task_id < first_id("task", int(gateway.now()) - 600)
