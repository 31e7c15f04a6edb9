"""Endpoints: who of an account is told of the end of its tasks, and by which secret it knows us.

No secret is kept, only the salt that it is made from, with the signing key of the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update

from kinetoscope.db import Conn
from kinetoscope.db.schema import accounts, deliveries, endpoints
from kinetoscope.domain.errors import Conflict, NotFound
from kinetoscope.domain.event import Event

MOST_ENDPOINTS = 20  # of one account
OVERLAP_SECONDS = 24 * 3600  # for which a replaced secret may still sign


@dataclass(frozen=True, slots=True)
class Salt:
    """What a secret is made from, and the last letters of that secret."""

    salt: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an account is told events; without a *url* each task has named its own.

    *disabled* says why it is not *active*, if the customer did not want it so.
    """

    id: str
    account_id: str
    name: str
    description: str
    url: str
    event_types: tuple[Event, ...]
    active: bool
    disabled: str | None
    failing_since: int | None
    salt: str
    hint: str
    old_salt: str | None
    old_until: int | None
    created_at: int
    updated_at: int


COLUMNS = [endpoints.c[name] for name in Endpoint.__dataclass_fields__]
_THERE = endpoints.c.deleted_at.is_(None)
_NAMED = endpoints.c.url != ""


def default_id(account_id: str) -> str:
    """Name the endpoint of the tasks of an account that bring their own address."""
    return f"hook_{account_id.rpartition('_')[2]}"


def add(conn: Conn, endpoint: Endpoint) -> None:
    """Remember a new endpoint, or raise Conflict if the account has as many as it may."""
    mine = endpoints.c.account_id == endpoint.account_id
    # Changing the account's row lets two that come at once count one after the other.
    conn.execute(
        update(accounts).where(accounts.c.id == endpoint.account_id).values(open=accounts.c.open)
    )
    count = conn.scalar(select(func.count()).select_from(endpoints).where(mine, _THERE, _NAMED))
    if endpoint.url and (count or 0) >= MOST_ENDPOINTS:
        message = f"the account has {count} endpoints, the most allowed; delete one first"
        raise Conflict(message)
    values = {name: getattr(endpoint, name) for name in Endpoint.__dataclass_fields__}
    conn.execute(insert(endpoints).values({**values, **_written(endpoint.event_types)}))


def get(conn: Conn, endpoint_id: str, account_id: str) -> Endpoint:
    """Get an endpoint of an account; another's is NotFound as well."""
    mine = (endpoints.c.id == endpoint_id) & (endpoints.c.account_id == account_id)
    row = conn.execute(select(*COLUMNS).where(mine, _THERE)).first()
    if row is None:
        raise NotFound(f"no webhook endpoint has the id {endpoint_id!r}", "id")
    return read_endpoint(row)


def get_named(conn: Conn, endpoint_id: str, account_id: str) -> Endpoint:
    """Get an endpoint that has an address of its own, or raise NotFound."""
    found = get(conn, endpoint_id, account_id)
    if not found.url:
        message = f"{endpoint_id!r} stands for the webhook_url of tasks; it has no address itself"
        raise NotFound(message, "id")
    return found


def find_default(conn: Conn, account_id: str) -> Endpoint | None:
    """Get the endpoint of the tasks that bring their own address, if one did before."""
    query = select(*COLUMNS).where(endpoints.c.id == default_id(account_id))
    row = conn.execute(query).first()
    return None if row is None else read_endpoint(row)


def list_named(
    conn: Conn, account_id: str, *, after: str | None = None, limit: int = 20
) -> list[Endpoint]:
    """List the endpoints of an account that have an address, newest first, beyond *after*."""
    mine = endpoints.c.account_id == account_id
    query = select(*COLUMNS).where(mine, _THERE, _NAMED).order_by(endpoints.c.id.desc())
    if after is not None:
        query = query.where(endpoints.c.id < after)
    return [read_endpoint(row) for row in conn.execute(query.limit(limit))]


def change(conn: Conn, endpoint: Endpoint, values: Mapping[str, Any], now: int) -> Endpoint:
    """Change some columns of an endpoint; who makes it inactive gives up what waits for it."""
    changed = {**values, "updated_at": now}
    if "event_types" in values:
        changed |= _written(values["event_types"])
    if "active" in values:
        changed |= {"disabled": None, "failing_since": None}
    row = conn.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint.id, _THERE)
        .values(**changed)
        .returning(*COLUMNS)
    ).first()
    if row is None:
        raise NotFound(f"no webhook endpoint has the id {endpoint.id!r}", "id")
    if not row.active:
        _give_up(conn, endpoint.id)
    return read_endpoint(row)


def rotate(conn: Conn, endpoint: Endpoint, new: Salt, now: int, *, keep_old: bool) -> Endpoint:
    """Sign with another secret from now on; *keep_old* lets the one before sign for a day more."""
    old = {"old_salt": endpoint.salt, "old_until": now + OVERLAP_SECONDS}
    kept = old if keep_old else {"old_salt": None, "old_until": None}
    return change(conn, endpoint, {"salt": new.salt, "hint": new.hint, **kept}, now)


def remove(conn: Conn, endpoint: Endpoint, now: int) -> None:
    """Remove an endpoint and give up what waits for it; its log goes when its time has come."""
    gone = {"deleted_at": now, "active": False}
    conn.execute(update(endpoints).where(endpoints.c.id == endpoint.id, _THERE).values(**gone))
    _give_up(conn, endpoint.id)


def disable(conn: Conn, endpoint_id: str, why: str) -> bool:
    """Tell an endpoint nothing any more, and give up what waits for it; False if so before."""
    mine = (endpoints.c.id == endpoint_id) & endpoints.c.active.is_(True)
    off = conn.execute(update(endpoints).where(mine).values(active=False, disabled=why))
    _give_up(conn, endpoint_id)
    return off.rowcount == 1


def list_all(conn: Conn, *, failing: bool) -> list[tuple[str, Endpoint, int]]:
    """List the endpoints of all accounts: whose each is, and how much waits for it.

    With *failing* only those that are, or were disabled for it.
    """
    waiting = (
        select(func.count())
        .select_from(deliveries)
        .where(deliveries.c.endpoint_id == endpoints.c.id, deliveries.c.due_at.is_not(None))
        .scalar_subquery()
    )
    query = (
        select(accounts.c.name, waiting, *COLUMNS)
        .join_from(endpoints, accounts, accounts.c.id == endpoints.c.account_id)
        .where(_THERE)
        .order_by(accounts.c.name, endpoints.c.id)
    )
    if failing:
        query = query.where(
            endpoints.c.failing_since.is_not(None) | endpoints.c.disabled.is_not(None)
        )
    return [(row[0], read_endpoint(row[2:]), row[1]) for row in conn.execute(query)]


def read_endpoint(row: Sequence[Any]) -> Endpoint:
    """Make an endpoint of a row of COLUMNS."""
    fields = dict(zip(Endpoint.__dataclass_fields__, row, strict=True))
    events = fields["event_types"].strip(",").split(",")
    fields["active"] = bool(fields["active"])
    fields["event_types"] = tuple(Event(each) for each in events)
    return Endpoint(**fields)


def _written(events: Iterable[Event]) -> dict[str, str]:
    return {"event_types": f",{','.join(events)},"}


def _give_up(conn: Conn, endpoint_id: str) -> None:
    waits = (deliveries.c.endpoint_id == endpoint_id) & deliveries.c.due_at.is_not(None)
    conn.execute(update(deliveries).where(waits).values(state="failed", due_at=None))
