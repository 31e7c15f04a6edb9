"""What is to be done: tasks that wait, that somebody left at work, and what has fallen due."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from kinetoscope.db import Conn
from kinetoscope.db.schema import tasks
from kinetoscope.db.tasks import COLUMNS, read_task
from kinetoscope.domain.task import OPEN, Status, Task

_OPEN = [status.value for status in OPEN]


def next_queued(conn: Conn, engine: str, limit: int) -> list[Task]:
    """List the oldest tasks that wait in the row of *engine*."""
    query = select(*COLUMNS).where(tasks.c.status == Status.QUEUED.value, tasks.c.engine == engine)
    return [read_task(row) for row in conn.execute(query.order_by(tasks.c.id).limit(limit))]


def unfinished(conn: Conn, engines: Iterable[str]) -> dict[str, str]:
    """Tell the ids of the tasks that some runner of *engines* took up, and the engine of each."""
    query = select(tasks.c.id, tasks.c.engine).where(
        tasks.c.status == Status.IN_PROGRESS.value, tasks.c.engine.in_(list(engines))
    )
    return {row.id: row.engine for row in conn.execute(query.order_by(tasks.c.id))}


def asked_engines(conn: Conn) -> list[str]:
    """List the names of the engines that open tasks wait for or are made by."""
    query = select(tasks.c.engine).where(tasks.c.status.in_(_OPEN)).distinct()
    return list(conn.scalars(query))


def overdue(conn: Conn, before: int, limit: int = 100) -> list[str]:
    """List the ids of tasks that were accepted *before* a time and that nobody has taken up."""
    query = select(tasks.c.id).where(
        tasks.c.status == Status.QUEUED.value, tasks.c.created_at < before
    )
    return list(conn.scalars(query.limit(limit)))


def abandoned(conn: Conn, known: Iterable[str], before: int, limit: int = 100) -> list[str]:
    """List the ids of open tasks from *before* a time whose engine is not one of *known*."""
    query = select(tasks.c.id).where(
        tasks.c.status.in_(_OPEN),
        tasks.c.engine.not_in(list(known)),
        tasks.c.created_at < before,
    )
    return list(conn.scalars(query.limit(limit)))


def expired(conn: Conn, now: int, limit: int = 100) -> list[str]:
    """List the ids of tasks whose results are past their retention but still kept."""
    query = select(tasks.c.id).where(tasks.c.expires_at <= now, tasks.c.dropped.is_(False))
    return list(conn.scalars(query.limit(limit)))


def running(conn: Conn, ids: Iterable[str]) -> set[str]:
    """Tell which of *ids* are tasks that still run."""
    query = select(tasks.c.id).where(tasks.c.id.in_(list(ids)))
    return set(conn.scalars(query.where(tasks.c.status.in_(_OPEN))))
