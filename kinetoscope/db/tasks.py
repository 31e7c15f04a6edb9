"""Tasks: insert, claim, move, get, list. The row is the recovery point.

Every move names the attempt that makes it, so that a runner which wakes up after it was replaced
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select, update

from kinetoscope.db import Conn
from kinetoscope.db.hot import Hot
from kinetoscope.db.ids import first_id
from kinetoscope.db.schema import idempotency, tasks
from kinetoscope.domain.errors import NotFound, Overtaken
from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import OPEN, Failure, Status, Task

REMEMBERED_SECONDS = 24 * 3600  # how long an idempotency key answers the first task again
RETRY_SECONDS = 30  # within which a client's own retry is told from a second wish

_COLUMNS = [tasks.c[name] for name in Task._fields]
_OPERATION, _STATUS = Task._fields.index("operation"), Task._fields.index("status")
_MONEY = (Task._fields.index("held"), Task._fields.index("charged"))
_FLAGS = (Task._fields.index("deleted"), Task._fields.index("dropped"))
_OPERATIONS = {operation.value: operation for operation in Operation}
_STATUSES = {status.value: status for status in Status}


class Note(NamedTuple):
    """How far a task is, in per cent, by which attempt at it."""

    task_id: str
    by: int
    so_far: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks of an account to list; times are Unix seconds, inclusive and exclusive."""

    statuses: tuple[Status, ...] = ()
    operations: tuple[Operation, ...] = ()
    created_after: int | None = None
    created_before: int | None = None


_NEW = (
    *("id", "account_id", "key_id", "model", "operation", "status", "progress", "size", "seconds"),
    *("prompt", "created_at", "attempt", "engine", "held", "order", "quote", "ignored"),
    *("fingerprint", "deleted", "dropped"),
)
_INSERT = Hot(insert(tasks), list(_NEW))


def insert_task(conn: Conn, task: Task, fingerprint: str) -> None:
    """Remember a new task; its hold belongs in the same transaction."""
    _INSERT.change(
        conn,
        {
            "id": task.id,
            "account_id": task.account_id,
            "key_id": task.key_id,
            "model": task.model,
            "operation": task.operation.value,
            "status": task.status.value,
            "progress": task.progress,
            "size": task.size,
            "seconds": task.seconds,
            "prompt": task.prompt,
            "created_at": task.created_at,
            "attempt": task.attempt,
            "engine": task.engine,
            "held": task.held.micros,
            "order": task.order,
            "quote": task.quote,
            "ignored": task.ignored,
            "fingerprint": fingerprint,
            "deleted": False,
            "dropped": False,
        },
    )


_REMEMBERED = select(idempotency.c.task_id, idempotency.c.fingerprint).where(
    idempotency.c.account_id == bindparam("account"),
    idempotency.c.key == bindparam("key"),
    idempotency.c.created_at > bindparam("since"),
)
_RETRIED = (
    select(*_COLUMNS)
    .where(tasks.c.account_id == bindparam("account"))
    .where(tasks.c.fingerprint == bindparam("fingerprint"))
    .where(tasks.c.created_at >= bindparam("since"))
    .where(tasks.c.id > bindparam("first"))
    .order_by(tasks.c.id.desc())
    .limit(1)
)


def remembered(conn: Conn, account_id: str, key: str, now: int) -> tuple[str, str] | None:
    """Get the task id and the fingerprint of the request that *key* was used for, if any."""
    since = now - REMEMBERED_SECONDS
    row = conn.execute(_REMEMBERED, {"account": account_id, "key": key, "since": since}).first()
    return (row.task_id, row.fingerprint) if row else None


def remember(
    conn: Conn, account_id: str, key: str, now: int, *, task_id: str, fingerprint: str
) -> None:
    """Bind an idempotency key to a task; IntegrityError if somebody was quicker."""
    stale = (idempotency.c.account_id == account_id) & (idempotency.c.key == key)
    conn.execute(
        delete(idempotency).where(stale, idempotency.c.created_at <= now - REMEMBERED_SECONDS)
    )
    conn.execute(
        insert(idempotency).values(
            account_id=account_id,
            key=key,
            fingerprint=fingerprint,
            task_id=task_id,
            created_at=now,
        )
    )


def retried(conn: Conn, account_id: str, fingerprint: str, now: int) -> Task | None:
    """Get the task that the same request made a moment ago, for a client that says it retries."""
    row = conn.execute(
        _RETRIED,
        {
            "account": account_id,
            "fingerprint": fingerprint,
            "since": now - RETRY_SECONDS,
            "first": first_id("task", now - RETRY_SECONDS),
        },
    ).first()
    return _task(row) if row else None


_GET = Hot(
    select(*_COLUMNS).where(
        tasks.c.id == bindparam("id"), tasks.c.account_id == bindparam("account")
    )
)
_FIND = select(*_COLUMNS).where(tasks.c.id == bindparam("id"))


def get(conn: Conn, task_id: str, account_id: str) -> Task:
    """Get a task of an account; another's is NotFound as well."""
    row = _GET.one(conn, {"id": task_id, "account": account_id})
    if row is None:
        raise NotFound(f"no video has the id {task_id!r}", "id")
    plain = list(row)
    for place in _MONEY:
        plain[place] = None if plain[place] is None else Money(plain[place])
    return _task(plain)


def find(conn: Conn, task_id: str) -> Task:
    """Get a task, whoever it belongs to, or raise NotFound."""
    row = conn.execute(_FIND, {"id": task_id}).first()
    if row is None:
        raise NotFound(f"no task has the id {task_id!r}: kinetoscope task list", "id")
    return _task(row)


def list_tasks(
    conn: Conn,
    account_id: str | None,
    wanted: Filter,
    *,
    after: str | None = None,
    ascending: bool = False,
    limit: int = 20,
) -> list[Task]:
    """List up to *limit* tasks that were not deleted, newest first, beyond the task *after*."""
    query = _narrow(select(*_COLUMNS).where(tasks.c.deleted.is_(False)), wanted)
    if account_id is not None:
        query = query.where(tasks.c.account_id == account_id)
    if after is not None:
        query = query.where(tasks.c.id > after if ascending else tasks.c.id < after)
    query = query.order_by(tasks.c.id.asc() if ascending else tasks.c.id.desc())
    return [_task(row) for row in conn.execute(query.limit(limit))]


def _narrow(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.statuses:
        query = query.where(tasks.c.status.in_([each.value for each in wanted.statuses]))
    if wanted.operations:
        query = query.where(tasks.c.operation.in_([each.value for each in wanted.operations]))
    if wanted.created_after is not None:
        query = query.where(tasks.c.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        query = query.where(tasks.c.created_at < wanted.created_before)
    return query


def next_queued(conn: Conn, engine: str, limit: int) -> list[str]:
    """List the ids of the oldest queued tasks of *engine*."""
    query = select(tasks.c.id).where(
        tasks.c.status == Status.QUEUED.value, tasks.c.engine == engine
    )
    return list(conn.scalars(query.order_by(tasks.c.id).limit(limit)))


def unfinished(conn: Conn, engine: str) -> list[str]:
    """List the ids of the tasks that an earlier runner of *engine* left in progress."""
    query = select(tasks.c.id).where(
        tasks.c.status == Status.IN_PROGRESS.value, tasks.c.engine == engine
    )
    return list(conn.scalars(query.order_by(tasks.c.id)))


def claim(conn: Conn, task_id: str) -> Task:
    """Take up an open task: a new attempt, which fences off every earlier one; or Overtaken.

    It is in progress from now on; that an engine may have been asked, only ``start`` says.
    """
    row = conn.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.status.in_([each.value for each in OPEN]))
        .values(attempt=tasks.c.attempt + 1, status=Status.IN_PROGRESS.value)
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        raise Overtaken(task_id)
    return _task(row)


def start(conn: Conn, task: Task, now: int) -> Task:
    """Say that from here on an engine may have been asked; Overtaken if that was said before."""
    return _move(conn, task, {"started_at": now}, tasks.c.started_at.is_(None))


def unstart(conn: Conn, task: Task) -> Task:
    """Say that no engine is at work on this task after all: starting it again is safe."""
    return _move(conn, task, {"started_at": None, "ticket": None})


def retake(conn: Conn, task: Task) -> Task:
    """Unstart as a new attempt: what was lost may be lost again, but not for ever."""
    return _move(conn, task, {"started_at": None, "ticket": None, "attempt": task.attempt + 1})


def keep_ticket(conn: Conn, task: Task, ticket: str) -> Task:
    """Keep what to ask the engine by."""
    return _move(conn, task, {"ticket": ticket})


_NOTE = Hot(
    update(tasks)
    .where(tasks.c.id == bindparam("task_id"), tasks.c.attempt == bindparam("by"))
    .where(tasks.c.status == Status.IN_PROGRESS.value, tasks.c.progress < bindparam("so_far"))
    .values(progress=bindparam("so_far"))
)


def note(conn: Conn, noted: Iterable[Note]) -> None:
    """Note how far tasks are, all at once; never less than before, and only of their attempt."""
    if rows := [each._asdict() for each in noted]:
        _NOTE.change_many(conn, rows)


def complete(conn: Conn, task: Task, now: int, result: Mapping[str, Any]) -> Task:
    """End a task well; *result* has its charge, billing, output, seconds and expiry."""
    end = {"status": Status.COMPLETED.value, "progress": 100, "ended_at": now}
    return _move(conn, task, {**end, **result})


def fail(
    conn: Conn,
    task: Task,
    now: int,
    failure: Failure,
    message: str,
    *,
    charged: Money,
    billing: str,
) -> Task:
    """End a task without a video."""
    end = {
        "status": Status.FAILED.value,
        "progress": 100,
        "ended_at": now,
        "error_code": failure.value,
        "error_message": message,
        "charged": charged,
        "billing": billing,
    }
    return _move(conn, task, end)


def delete_result(conn: Conn, task_id: str) -> bool:
    """Mark the result of an ended task as gone; the bill stays. False if it was before."""
    gone = conn.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.deleted.is_(False))
        .where(tasks.c.status.not_in([each.value for each in OPEN]))
        .values(deleted=True, dropped=True)
    )
    return gone.rowcount == 1


def overdue(conn: Conn, before: int, limit: int = 100) -> list[str]:
    """List the ids of tasks that were accepted *before* a time and that nobody has taken up."""
    query = select(tasks.c.id).where(
        tasks.c.status == Status.QUEUED.value, tasks.c.created_at < before
    )
    return list(conn.scalars(query.limit(limit)))


def abandoned(conn: Conn, known: Iterable[str], before: int, limit: int = 100) -> list[str]:
    """List the ids of open tasks from *before* a time whose engine is not one of *known*."""
    query = select(tasks.c.id).where(
        tasks.c.status.in_([each.value for each in OPEN]),
        tasks.c.engine.not_in(list(known)),
        tasks.c.created_at < before,
    )
    return list(conn.scalars(query.limit(limit)))


def expired(conn: Conn, now: int, limit: int = 100) -> list[str]:
    """List the ids of tasks whose results are past their retention but still kept."""
    query = select(tasks.c.id).where(tasks.c.expires_at <= now, tasks.c.dropped.is_(False))
    return list(conn.scalars(query.limit(limit)))


def mark_dropped(conn: Conn, task_id: str) -> None:
    """Say that the file of an expired task is gone, so that nobody looks for it again."""
    conn.execute(update(tasks).where(tasks.c.id == task_id).values(dropped=True))


def forget_keys(conn: Conn, now: int) -> None:
    """Drop the idempotency keys that no longer answer."""
    conn.execute(delete(idempotency).where(idempotency.c.created_at <= now - REMEMBERED_SECONDS))


def running(conn: Conn, ids: Iterable[str]) -> set[str]:
    """Tell which of *ids* are tasks that still run."""
    query = select(tasks.c.id).where(tasks.c.id.in_(list(ids)))
    return set(conn.scalars(query.where(tasks.c.status.in_([each.value for each in OPEN]))))


def _move(conn: Conn, task: Task, values: Mapping[str, Any], *more: ColumnElement[bool]) -> Task:
    """Change the row of *task* if it is still open and still this attempt's, or Overtaken.

    Nor may it have been started since *task* was read: who cancels must not miss that.
    """
    seen = tasks.c.started_at.is_not_distinct_from(task.started_at)
    row = conn.execute(
        update(tasks)
        .where(tasks.c.id == task.id, tasks.c.attempt == task.attempt, seen)
        .where(tasks.c.status.in_([each.value for each in OPEN]), *more)
        .values(**values)
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        raise Overtaken(task.id)
    return _task(row)


def _task(row: Sequence[Any]) -> Task:
    fields = list(row)
    fields[_OPERATION] = _OPERATIONS[fields[_OPERATION]]
    fields[_STATUS] = _STATUSES[fields[_STATUS]]
    for place in _FLAGS:
        fields[place] = bool(fields[place])
    return Task._make(fields)
