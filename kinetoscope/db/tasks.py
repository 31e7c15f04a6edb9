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

_BATCH = 500  # ids that one statement asks for

COLUMNS = [tasks.c[name] for name in Task._fields]
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
    """Which tasks of an account to list; times are Unix seconds, inclusive and exclusive.

    Those that their owner deleted are left out, unless *deleted_too*.
    """

    statuses: tuple[Status, ...] = ()
    operations: tuple[Operation, ...] = ()
    failures: tuple[Failure, ...] = ()
    created_after: int | None = None
    created_before: int | None = None
    deleted_too: bool = False


_NEW = (
    *("id", "account_id", "key_id", "model", "operation", "status", "progress", "size", "seconds"),
    *("prompt", "created_at", "attempt", "engine", "held", "order", "quote", "ignored"),
    *("fingerprint", "deleted", "dropped", "seed"),
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
            "seed": task.seed,
        },
    )


_REMEMBERED = select(idempotency.c.task_id, idempotency.c.fingerprint).where(
    idempotency.c.account_id == bindparam("account"),
    idempotency.c.key == bindparam("key"),
    idempotency.c.created_at > bindparam("since"),
)
_RETRIED = (
    select(*COLUMNS)
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
    return read_task(row) if row else None


_GET = Hot(
    select(*COLUMNS).where(
        tasks.c.id == bindparam("id"), tasks.c.account_id == bindparam("account")
    )
)
_FIND = select(*COLUMNS).where(tasks.c.id == bindparam("id"))


def get(conn: Conn, task_id: str, account_id: str) -> Task:
    """Get a task of an account; another's is NotFound as well."""
    row = _GET.one(conn, {"id": task_id, "account": account_id})
    if row is None:
        raise NotFound(f"no video has the id {task_id!r}", "id")
    plain = list(row)
    for place in _MONEY:
        plain[place] = None if plain[place] is None else Money(plain[place])
    return read_task(plain)


def find(conn: Conn, task_id: str) -> Task:
    """Get a task, whoever it belongs to, or raise NotFound."""
    row = conn.execute(_FIND, {"id": task_id}).first()
    if row is None:
        raise NotFound(f"no task has the id {task_id!r}: kinetoscope task list", "id")
    return read_task(row)


def find_all(conn: Conn, task_ids: Sequence[str]) -> list[Task]:
    """List those tasks of *task_ids* that there are, whoever they belong to."""
    query = select(*COLUMNS)
    return [
        read_task(row)
        for some in _batches(task_ids)
        for row in conn.execute(query.where(tasks.c.id.in_(some)))
    ]


def places(conn: Conn, task_ids: Iterable[str]) -> dict[str, tuple[Status, int]]:
    """Tell how far tasks are: the status and the progress of each, by its id."""
    query = select(tasks.c.id, tasks.c.status, tasks.c.progress)
    return {
        row.id: (_STATUSES[row.status], row.progress)
        for some in _batches(list(task_ids))
        for row in conn.execute(query.where(tasks.c.id.in_(some)))
    }


def _batches(task_ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (task_ids[at : at + _BATCH] for at in range(0, len(task_ids), _BATCH))


def list_tasks(
    conn: Conn,
    account_id: str | None,
    wanted: Filter,
    *,
    after: str | None = None,
    ascending: bool = False,
    limit: int = 20,
) -> list[Task]:
    """List up to *limit* tasks that are *wanted*, newest first, beyond the task *after*."""
    query = _narrow(select(*COLUMNS), wanted)
    if account_id is not None:
        query = query.where(tasks.c.account_id == account_id)
    if after is not None:
        query = query.where(tasks.c.id > after if ascending else tasks.c.id < after)
    query = query.order_by(tasks.c.id.asc() if ascending else tasks.c.id.desc())
    return [read_task(row) for row in conn.execute(query.limit(limit))]


def _narrow(query: Select[Any], wanted: Filter) -> Select[Any]:
    if not wanted.deleted_too:
        query = query.where(tasks.c.deleted.is_(False))
    if wanted.statuses:
        query = query.where(tasks.c.status.in_([each.value for each in wanted.statuses]))
    if wanted.operations:
        query = query.where(tasks.c.operation.in_([each.value for each in wanted.operations]))
    if wanted.failures:
        query = query.where(tasks.c.error_code.in_([each.value for each in wanted.failures]))
    if wanted.created_after is not None:
        query = query.where(tasks.c.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        query = query.where(tasks.c.created_at < wanted.created_before)
    return query


def claim(conn: Conn, task_id: str, engine: str | None = None) -> Task:
    """Take up an open task: a new attempt, which fences off every earlier one; or Overtaken.

    It is in progress from now on; that an engine may have been asked, only ``start`` says. A task
    that waits in the row of one engine may be taken up for another *engine*.
    """
    row = conn.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.status.in_([each.value for each in OPEN]))
        .values(
            attempt=tasks.c.attempt + 1,
            status=Status.IN_PROGRESS.value,
            engine=tasks.c.engine if engine is None else engine,
        )
        .returning(*COLUMNS)
    ).first()
    if row is None:
        raise Overtaken(task_id)
    return read_task(row)


def hand_over(conn: Conn, task: Task, engine: str) -> Task:
    """Give a task that no engine was asked for to another *engine*; Overtaken if one was."""
    return _move(conn, task, {"engine": engine}, tasks.c.started_at.is_(None))


def adopt(conn: Conn, old: str, new: str) -> int:
    """Let the open tasks of the engine *old* be those of *new*, which is the same by another name.

    Return how many there were.
    """
    mine = tasks.c.status.in_([each.value for each in OPEN]) & (tasks.c.engine == old)
    return conn.execute(update(tasks).where(mine).values(engine=new)).rowcount


def start(conn: Conn, task: Task, now: int, evidence: str | None = None) -> Task:
    """Say that from here on an engine may have been asked; Overtaken if that was said before.

    *evidence* is what its owner would look the task up by, as JSON.
    """
    asked = {"started_at": now, "evidence": evidence}
    return _move(conn, task, asked, tasks.c.started_at.is_(None))


def unstart(conn: Conn, task: Task) -> Task:
    """Say that no engine is at work on this task after all: starting it again is safe."""
    return _move(conn, task, _UNSTARTED)


def retake(conn: Conn, task: Task) -> Task:
    """Unstart as a new attempt: what was lost may be lost again, but not for ever."""
    return _move(conn, task, {**_UNSTARTED, "attempt": task.attempt + 1})


_UNSTARTED: Mapping[str, Any] = {"started_at": None, "ticket": None, "evidence": None}


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
    """End a task well; *result* has its charge, billing, output, seconds, expiry and cost."""
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
    known: Mapping[str, Any],
) -> Task:
    """End a task without a video; *known* is its cost and evidence, as far as there is any."""
    end = {
        **known,
        "status": Status.FAILED.value,
        "progress": 100,
        "ended_at": now,
        "error_code": failure.value,
        "error_message": message,
        "charged": charged,
        "billing": billing,
    }
    return _move(conn, task, end)


def delete_result(conn: Conn, task_id: str, now: int) -> bool:
    """Let the result of an ended task fall due; the bill stays. False if it was deleted before."""
    gone = conn.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.deleted.is_(False))
        .where(tasks.c.status.not_in([each.value for each in OPEN]))
        .values(deleted=True, expires_at=now)
    )
    return gone.rowcount == 1


def mark_dropped(conn: Conn, task_id: str) -> None:
    """Say that the file of an expired task is gone, so that nobody looks for it again."""
    conn.execute(update(tasks).where(tasks.c.id == task_id).values(dropped=True))


def forget_keys(conn: Conn, now: int) -> None:
    """Drop the idempotency keys that no longer answer."""
    conn.execute(delete(idempotency).where(idempotency.c.created_at <= now - REMEMBERED_SECONDS))


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
        .returning(*COLUMNS)
    ).first()
    if row is None:
        raise Overtaken(task.id)
    return read_task(row)


def read_task(row: Sequence[Any]) -> Task:
    """Make a task of a row of COLUMNS."""
    fields = list(row)
    fields[_OPERATION] = _OPERATIONS[fields[_OPERATION]]
    fields[_STATUS] = _STATUSES[fields[_STATUS]]
    for place in _FLAGS:
        fields[place] = bool(fields[place])
    return Task._make(fields)
