"""Who is told: endpoints are made, changed, tested and given another secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy.exc import IntegrityError

from kinetoscope.db import Conn, deliveries, webhooks
from kinetoscope.db.deliveries import Delivery, Parcel, State
from kinetoscope.db.ids import new_id
from kinetoscope.db.webhooks import Endpoint
from kinetoscope.domain.errors import Conflict, InputUnreachable, InvalidOrder
from kinetoscope.domain.event import Event, event_id
from kinetoscope.domain.task import Failure, Status
from kinetoscope.service import Gateway
from kinetoscope.service.notify import attempt
from kinetoscope.service.signing import is_ours, new_salt, secret_of

DEFAULT_NAME = "the webhook_url of tasks"
_SAMPLES = {
    Event.COMPLETED: (Status.COMPLETED, None, None),
    Event.FAILED: (Status.FAILED, Failure.FAILED.value, "this is only a test"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the owner of an endpoint says of it; None is what was not said."""

    name: str | None = None
    url: str | None = None
    event_types: tuple[Event, ...] | None = None
    description: str | None = None
    active: bool | None = None

    def values(self) -> Mapping[str, Any]:
        """Give what was said, by the names of columns."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Shown:
    """An endpoint, and its secret in the moment in which it may be seen."""

    endpoint: Endpoint
    secret: str = field(repr=False)


async def check_address(gateway: Gateway, url: str, param: str) -> None:
    """Raise what is wrong with *url* as an address that is to be told events."""
    if not url.isprintable() or " " in url:
        message = f"{param} is not an address: it has characters that no address has"
        raise InvalidOrder(message, param)
    await gateway.outbound.check(url, param)


async def create(gateway: Gateway, account_id: str, wanted: Wanted) -> Shown:
    """Make an endpoint; its secret is shown this once."""
    assert wanted.url is not None
    await check_address(gateway, wanted.url, "url")
    made = replace(_new(gateway, new_id("hook"), account_id), **wanted.values())
    await gateway.db.write(partial(webhooks.add, endpoint=made))
    return _shown(gateway, made)


async def default(gateway: Gateway, account_id: str) -> Shown:
    """Get what the *webhook_url* of tasks is signed with; it is made when it is first needed."""
    find = partial(webhooks.find_default, account_id=account_id)
    found = await gateway.db.glance(find)
    if found is None:
        made = _new(gateway, webhooks.default_id(account_id), account_id)
        try:
            await gateway.db.write(partial(webhooks.add, endpoint=made))
        except IntegrityError:  # somebody was quicker: that one is it
            found = await gateway.db.glance(find)
        found = found or made
    if not is_ours(gateway.signing_key, found):  # nobody could have the old one any more
        return await rotate(gateway, account_id, found.id, keep_old=False)
    return _shown(gateway, found)


async def update(gateway: Gateway, account_id: str, endpoint_id: str, wanted: Wanted) -> Endpoint:
    """Change what was said of an endpoint, and nothing else."""
    if wanted.url is not None:
        await check_address(gateway, wanted.url, "url")
    now = int(gateway.now())

    def change(conn: Conn) -> Endpoint:
        found = webhooks.get_named(conn, endpoint_id, account_id)
        said = wanted.values()
        changed = {each: value for each, value in said.items() if getattr(found, each) != value}
        if not changed and not (wanted.active and found.failing_since):
            return found
        return webhooks.change(conn, found, said, now)

    return await gateway.db.write(change)


async def rotate(gateway: Gateway, account_id: str, endpoint_id: str, *, keep_old: bool) -> Shown:
    """Give an endpoint another secret; *keep_old* lets the old one sign beside it for a day."""
    salt = new_salt(gateway.signing_key, endpoint_id)
    now = int(gateway.now())

    def change(conn: Conn) -> Endpoint:
        found = webhooks.get(conn, endpoint_id, account_id)
        # A secret that nobody was ever shown signs nothing: the signing key is another since.
        good = keep_old and is_ours(gateway.signing_key, found)
        return webhooks.rotate(conn, found, salt, now, keep_old=good)

    return _shown(gateway, await gateway.db.write(change))


async def test(gateway: Gateway, endpoint: Endpoint, event: Event) -> int:
    """Send a sample of *event* now and tell the status that came back, or raise InputUnreachable.

    It is no delivery: nothing is noted of it, and nothing tried again.
    """
    now = int(gateway.now())
    status, code, message = _SAMPLES[event]
    task_id = new_id("task")
    sample = Delivery(
        endpoint_id=endpoint.id,
        event_id=event_id(task_id),
        task_id=task_id,
        event=event.value,
        url=None,
        state=State.WAITING,
        turn=0,
        tries=0,
        log=(),
        created_at=now,
        since=now,
        due_at=now,
    )
    parcel = Parcel(sample, endpoint, status.value, gateway.default_model, now, code, message)
    tried = await attempt(gateway, parcel)
    if tried.status is None:
        raise InputUnreachable(tried.said, "url")
    return tried.status


async def resend(
    gateway: Gateway, account_id: str, endpoint_id: str, event: str
) -> tuple[Endpoint, Delivery]:
    """Tell an event again, now; Conflict if its endpoint is not active."""
    now = int(gateway.now())

    def change(conn: Conn) -> tuple[Endpoint, Delivery]:
        endpoint = webhooks.get(conn, endpoint_id, account_id)
        if not endpoint.active:
            message = f"{endpoint_id} is not active: set active to true first"
            raise Conflict(message, "id")
        return endpoint, deliveries.resend(conn, endpoint_id, event, now)

    again = await gateway.db.write(change)
    gateway.bell.recorded(1)
    return again


def _new(gateway: Gateway, endpoint_id: str, account_id: str) -> Endpoint:
    now = int(gateway.now())
    salt = new_salt(gateway.signing_key, endpoint_id)
    return Endpoint(
        id=endpoint_id,
        account_id=account_id,
        name=DEFAULT_NAME,
        description="",
        url="",
        event_types=tuple(Event),
        active=True,
        disabled=None,
        failing_since=None,
        salt=salt.salt,
        hint=salt.hint,
        old_salt=None,
        old_until=None,
        created_at=now,
        updated_at=now,
    )


def _shown(gateway: Gateway, endpoint: Endpoint) -> Shown:
    return Shown(endpoint, secret_of(gateway.signing_key, endpoint.id, endpoint.salt))
