"""Events on their way to endpoints: recorded with the end of a task, told until they are heard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)

from kinetoscope.db import Conn
from kinetoscope.db.hot import Hot
from kinetoscope.db.schema import deliveries, endpoints, tasks
from kinetoscope.db.webhooks import COLUMNS as ENDPOINT_COLUMNS
from kinetoscope.db.webhooks import Endpoint, read_endpoint
from kinetoscope.domain.errors import NotFound
from kinetoscope.domain.event import event_id, event_of
from kinetoscope.domain.task import Task

LOGGED = 20  # tries of one delivery that are remembered
KEPT_SECONDS = 30 * 24 * 3600  # for which what is over can be looked at and asked for again


class State(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Try(NamedTuple):
    """One try: when, and what came back, or why nothing did."""

    at: int
    status: int | None
    milliseconds: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event and how far it is on its way to one endpoint; *due_at* is when it is tried next."""

    endpoint_id: str
    event_id: str
    task_id: str
    event: str
    url: str | None
    state: State
    turn: int
    tries: int
    log: tuple[Try, ...]
    created_at: int
    since: int
    due_at: int | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that telling takes: what, whom, and the task that it is about."""

    delivery: Delivery
    endpoint: Endpoint
    status: str
    model: str
    ended_at: int
    error_code: str | None
    error_message: str | None


_COLUMNS = [deliveries.c[name] for name in Delivery.__dataclass_fields__]
_NEW = [column.name for column in _COLUMNS]
_WAITS = deliveries.c.due_at.is_not(None)
_ACTIVE = endpoints.c.active.is_(True)


def _given(name: str) -> ColumnElement[str]:
    return cast(bindparam(name), Text)


_now: BindParameter[int] = bindparam("now")
_none: ColumnElement[int] = literal_column("0")
# One statement, whoever there is to be told: an account without endpoints costs one look at an
# index, and there is no moment in which an endpoint could come or go between two.
_RECORD = Hot(
    insert(deliveries).from_select(
        _NEW,
        select(
            endpoints.c.id,
            _given("event_id"),
            _given("task_id"),
            _given("event"),
            case((endpoints.c.url == literal_column("''"), _given("own"))),
            literal_column("'waiting'"),
            _none,
            _none,
            literal_column("'[]'"),
            _now,
            _now,
            _now,
        ).where(
            endpoints.c.account_id == bindparam("account"),
            _ACTIVE,
            or_(
                and_(
                    endpoints.c.url != literal_column("''"),
                    endpoints.c.event_types.like(bindparam("wanted")),
                ),
                and_(endpoints.c.url == literal_column("''"), _given("own").is_not(None)),
            ),
        ),
        include_defaults=False,
    )
)


def record(conn: Conn, task: Task, own_url: str | None) -> int:
    """Record that *task* has ended for all who are to be told; return how many that are.

    This belongs in the transaction that ends the task. *own_url* is the address it brought itself.
    """
    event = event_of(task.status).value
    return _RECORD.change(
        conn,
        {
            "event_id": event_id(task.id),
            "task_id": task.id,
            "event": event,
            "own": own_url,
            "now": task.ended_at,
            "account": task.account_id,
            "wanted": f"%,{event},%",
        },
    )


_NEXT = Hot(select(func.min(deliveries.c.due_at)).where(_WAITS))


def next_due(conn: Conn) -> int | None:
    """Tell when something is to be told, if anything is."""
    row = _NEXT.one(conn, {})
    return None if row is None else row[0]


def due_endpoints(conn: Conn, now: int) -> list[str]:
    """List the endpoints that are to be told something now, those that waited longest first."""
    query = (
        select(deliveries.c.endpoint_id)
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(_WAITS, deliveries.c.due_at <= now, _ACTIVE)
        .group_by(deliveries.c.endpoint_id)
        .order_by(func.min(deliveries.c.due_at))
    )
    return list(conn.scalars(query))


def due_events(conn: Conn, endpoint_id: str, now: int, limit: int) -> list[str]:
    """List the events that an endpoint is to be told now, oldest first."""
    mine = (deliveries.c.endpoint_id == endpoint_id) & _WAITS
    query = select(deliveries.c.event_id).where(mine, deliveries.c.due_at <= now)
    return list(conn.scalars(query.order_by(deliveries.c.due_at).limit(limit)))


_TOLD = ("status", "model", "ended_at", "error_code", "error_message")
_PARCEL = Hot(
    select(*_COLUMNS, *ENDPOINT_COLUMNS, *(tasks.c[name] for name in _TOLD))
    .join_from(deliveries, endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .join(tasks, tasks.c.id == deliveries.c.task_id)
    .where(deliveries.c.endpoint_id == bindparam("endpoint"))
    .where(deliveries.c.event_id == bindparam("event"))
    .where(_WAITS, _ACTIVE)
)


def parcel(conn: Conn, endpoint_id: str, event: str) -> Parcel | None:
    """Get what telling an event takes, unless nobody is to be told any more."""
    row = _PARCEL.one(conn, {"endpoint": endpoint_id, "event": event})
    if row is None:
        return None
    first, last = len(_COLUMNS), len(row) - len(_TOLD)
    return Parcel(_read(row[:first]), read_endpoint(row[first:last]), *row[last:])


_MINE = and_(
    deliveries.c.endpoint_id == bindparam("endpoint"),
    deliveries.c.event_id == bindparam("of_event"),
)
_THIS_TURN = deliveries.c.turn == bindparam("of_turn")
_LOG: dict[str, Any] = {"log": bindparam("tries_so_far")}
_TRIED = {**_LOG, "tries": deliveries.c.tries + literal_column("1")}
_HEARD = Hot(
    update(deliveries)
    .where(_MINE, _THIS_TURN)
    .values(**_TRIED, state=literal_column("'delivered'"), due_at=null())
)
_AGAIN = Hot(
    update(deliveries).where(_MINE, _THIS_TURN, _WAITS).values(**_TRIED, due_at=bindparam("due"))
)
_LOGGED = Hot(update(deliveries).where(_MINE).values(**_LOG))


def note(conn: Conn, told: Parcel, tried: Try, due_at: int | None) -> None:
    """Note a try; *due_at* is when to try again, or None if the event was heard.

    Who was asked for again meanwhile stays due: only the try is added to its log.
    """
    was = told.delivery
    log = json.dumps([*was.log, tried][-LOGGED:])
    mine = {"endpoint": was.endpoint_id, "of_event": was.event_id, "tries_so_far": log}
    if due_at is None:
        moved = _HEARD.change(conn, {**mine, "of_turn": was.turn})
    else:
        moved = _AGAIN.change(conn, {**mine, "of_turn": was.turn, "due": due_at})
    if not moved:
        _LOGGED.change(conn, mine)
    if told.endpoint.url:
        _note_health(conn, told.endpoint, tried.at, well=due_at is None)


def give_up(conn: Conn, told: Parcel, tried: Try) -> None:
    """Note the last try of an event that is not told any more, unless somebody asked for it."""
    note(conn, told, tried, tried.at)
    was = told.delivery
    mine = _is(was.endpoint_id, was.event_id)
    still = (deliveries.c.turn == was.turn) & _WAITS
    over = {"state": State.FAILED.value, "due_at": None}
    conn.execute(update(deliveries).where(mine, still).values(**over))


def resend(conn: Conn, endpoint_id: str, event: str, now: int) -> Delivery:
    """Let an event be told again, now and as patiently as the first time; or raise NotFound."""
    again = {"state": State.WAITING.value, "due_at": now, "since": now, "tries": 0}
    row = conn.execute(
        update(deliveries)
        .where(_is(endpoint_id, event))
        .values(**again, turn=deliveries.c.turn + 1)
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        raise NotFound(f"no delivery to {endpoint_id} has the id {event!r}", "id")
    return _read(row)


def list_deliveries(
    conn: Conn,
    endpoint_id: str,
    *,
    state: State | None = None,
    after: str | None = None,
    limit: int = 20,
) -> list[Delivery]:
    """List the deliveries to an endpoint, those of the newest tasks first, beyond *after*."""
    query = select(*_COLUMNS).where(deliveries.c.endpoint_id == endpoint_id)
    if state is not None:
        query = query.where(deliveries.c.state == state.value)
    if after is not None:
        query = query.where(deliveries.c.event_id < after)
    return [
        _read(row)
        for row in conn.execute(query.order_by(deliveries.c.event_id.desc()).limit(limit))
    ]


def forget(conn: Conn, before: int, limit: int = 1000) -> int:
    """Forget what was recorded *before* a time and is over; return how much that was."""
    key = tuple_(deliveries.c.endpoint_id, deliveries.c.event_id)
    old = (deliveries.c.created_at < before) & deliveries.c.due_at.is_(None)
    chosen = select(deliveries.c.endpoint_id, deliveries.c.event_id).where(old).limit(limit)
    gone = conn.execute(delete(deliveries).where(key.in_(chosen))).rowcount
    empty = (
        ~select(deliveries.c.event_id).where(deliveries.c.endpoint_id == endpoints.c.id).exists()
    )
    conn.execute(delete(endpoints).where(endpoints.c.deleted_at < before, empty))
    return gone


def give_up_late(conn: Conn, before: int) -> int:
    """Give up what has waited since *before* a time, tried or not; return how much that was."""
    late = _WAITS & (deliveries.c.since < before)
    over = {"state": State.FAILED.value, "due_at": None}
    return conn.execute(update(deliveries).where(late).values(**over)).rowcount


def _note_health(conn: Conn, endpoint: Endpoint, now: int, *, well: bool) -> None:
    """Keep since when an endpoint has heard nothing; most of the time there is nothing to say."""
    if well == (endpoint.failing_since is None):
        return
    values = {"failing_since": None if well else now}
    conn.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(**values))


def _is(endpoint_id: str, event: str) -> ColumnElement[bool]:
    return (deliveries.c.endpoint_id == endpoint_id) & (deliveries.c.event_id == event)


def _read(row: Sequence[Any]) -> Delivery:
    fields = dict(zip(Delivery.__dataclass_fields__, row, strict=True))
    fields["state"] = State(fields["state"])
    fields["log"] = tuple(Try(*each) for each in json.loads(fields["log"]))
    return Delivery(**fields)
