"""Webhooks: who is told of the end of an account's tasks, as OpenAI's library manages it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.body import Bodies, Fields
from kinetoscope.api.door import answer, caller, glance_as, is_id
from kinetoscope.api.headers import header
from kinetoscope.api.pages import MOST_LISTED, answer_page, read_after, read_limit
from kinetoscope.db import Conn, deliveries, webhooks
from kinetoscope.db.deliveries import Delivery, State
from kinetoscope.db.webhooks import Endpoint
from kinetoscope.domain.errors import InvalidOrder, NotFound
from kinetoscope.domain.event import Event
from kinetoscope.service import Gateway, endpoints
from kinetoscope.service.endpoints import Shown, Wanted

NAME_CHARACTERS = 100
DESCRIPTION_CHARACTERS = 500
_SAID = {
    "name": NAME_CHARACTERS,
    "description": DESCRIPTION_CHARACTERS,
}
_FIELDS = ("name", "url", "event_types", "description", "active")
_NEEDED = ("name", "url", "event_types")
_KEEP = "keep_old_secret_active_for_24_hours"
_WORDS: Mapping[Any, bool] = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What answers."""

    gateway: Gateway
    bodies: Bodies

    async def create(self, request: Request) -> Response:
        """Make an endpoint; its secret is in this answer and in no other."""
        key = await caller(self.gateway, request)
        async with self.bodies.fields(request, key.account_id) as fields:
            if missing := [name for name in _NEEDED if fields.get(name) is None]:
                message = f"{missing[0]} is required; an endpoint has {', '.join(_NEEDED)}"
                raise InvalidOrder(message, missing[0])
            wanted = _wanted(fields)
        return _show_secret(await endpoints.create(self.gateway, key.account_id, wanted))

    async def list(self, request: Request) -> Response:
        """Answer the endpoints of the account, newest first."""
        key = await caller(self.gateway, request)
        after, limit = _page_of(request)
        found = await self.gateway.db.read(
            lambda conn: webhooks.list_named(conn, key.account_id, after=after, limit=limit + 1)
        )
        return answer_page([show_endpoint(each) for each in found], limit)

    async def get(self, request: Request) -> Response:
        """Answer an endpoint."""
        found = await glance_as(
            self.gateway,
            request,
            lambda conn, key: webhooks.get_named(conn, _id(request), key.account_id),
        )
        return answer(show_endpoint(found))

    async def update(self, request: Request) -> Response:
        """Change what the body names."""
        key = await caller(self.gateway, request)
        async with self.bodies.fields(request, key.account_id) as fields:
            wanted = _wanted(fields)
        found = await endpoints.update(self.gateway, key.account_id, _id(request), wanted)
        return answer(show_endpoint(found))

    async def delete(self, request: Request) -> Response:
        """Remove an endpoint; nothing more is told it."""
        key = await caller(self.gateway, request)
        endpoint_id, now = _id(request), int(self.gateway.now())

        def remove(conn: Conn) -> None:
            webhooks.remove(conn, webhooks.get_named(conn, endpoint_id, key.account_id), now)

        await self.gateway.db.write(remove)
        gone = {"id": endpoint_id, "object": "webhook_endpoint.deleted", "deleted": True}
        return answer(gone)

    async def rotate(self, request: Request) -> Response:
        """Give an endpoint another secret, and answer it."""
        key = await caller(self.gateway, request)
        keep_old = False
        if not _is_empty(request):
            async with self.bodies.fields(request, key.account_id) as fields:
                _only(fields, (_KEEP,))
                keep_old = _flag(fields, _KEEP) or False
        shown = await endpoints.rotate(
            self.gateway, key.account_id, _id(request), keep_old=keep_old
        )
        return _show_secret(shown)

    async def test(self, request: Request) -> Response:
        """Send a sample event now, and answer which status came back."""
        key = await caller(self.gateway, request)
        async with self.bodies.fields(request, key.account_id) as fields:
            _only(fields, ("event_type",))
            event = _event(fields.get("event_type"), "event_type")
        endpoint_id = _id(request)
        endpoint = await self.gateway.db.read(
            lambda conn: webhooks.get_named(conn, endpoint_id, key.account_id)
        )
        status = await endpoints.test(self.gateway, endpoint, event)
        return answer(
            {
                "object": "webhook_endpoint.test",
                "webhook_endpoint_id": endpoint.id,
                "event_type": event.value,
                "status_code": status,
                "success": True,
            }
        )

    async def event_types(self, request: Request) -> Response:
        """Answer what may be told."""
        await caller(self.gateway, request)
        return answer({"object": "list", "data": [each.value for each in Event]})

    async def secret(self, request: Request) -> Response:
        """Answer what the events of tasks with a *webhook_url* are signed with."""
        key = await caller(self.gateway, request)
        shown = await endpoints.default(self.gateway, key.account_id)
        return answer(
            {
                "id": shown.endpoint.id,
                "object": "webhook_secret",
                "signing_secret": shown.secret,
                "signing_secret_hint": _hint(shown.endpoint),
            }
        )

    async def deliveries(self, request: Request) -> Response:
        """Answer what an endpoint was told, or is to be: every try, and when the next is due."""
        key = await caller(self.gateway, request)
        after, limit = _page_of(request)
        state = _state(request)

        def look(conn: Conn) -> tuple[Endpoint, list[Delivery]]:
            endpoint = webhooks.get(conn, _id(request), key.account_id)
            found = deliveries.list_deliveries(
                conn, endpoint.id, state=state, after=after, limit=limit + 1
            )
            return endpoint, found

        endpoint, found = await self.gateway.db.read(look)
        return answer_page([show_delivery(each, endpoint.url) for each in found], limit)

    async def resend(self, request: Request) -> Response:
        """Tell an event again, now."""
        key = await caller(self.gateway, request)
        event = request.path_params["event"]
        if not is_id(event):
            raise NotFound(f"no delivery has the id {event[:100]!r}", "event")
        endpoint, again = await endpoints.resend(self.gateway, key.account_id, _id(request), event)
        return answer(show_delivery(again, endpoint.url))


def show_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """Show an endpoint as OpenAI does, and how it is."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "name": endpoint.name,
        "description": endpoint.description,
        "url": endpoint.url,
        "event_types": list(endpoint.event_types),
        "signing_secret_hint": _hint(endpoint),
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
        "active": endpoint.active,
        "disabled": endpoint.disabled,
        "failing_since": endpoint.failing_since,
    }


def show_delivery(delivery: Delivery, url: str) -> dict[str, Any]:
    """Show a delivery to an endpoint at *url*, or at the address that its task named."""
    return {
        "id": delivery.event_id,
        "object": "webhook_endpoint.delivery",
        "event_type": delivery.event,
        "video_id": delivery.task_id,
        "url": delivery.url or url,
        "status": delivery.state.value,
        "created_at": delivery.created_at,
        "next_try_at": delivery.due_at,
        "tries": [
            {
                "at": each.at,
                "status_code": each.status,
                "milliseconds": each.milliseconds,
                "answer": None if each.status is None else each.said,
                "error": each.said if each.status is None else None,
            }
            for each in delivery.log
        ],
    }


def _show_secret(shown: Shown) -> Response:
    return answer({**show_endpoint(shown.endpoint), "signing_secret": shown.secret})


def _hint(endpoint: Endpoint) -> str:
    return f"whsec_…{endpoint.hint}"


def _wanted(fields: Fields) -> Wanted:
    """Read what a body says of an endpoint; null is what it does not say."""
    _only(fields, _FIELDS)
    return Wanted(
        name=_text(fields, "name"),
        url=_url(fields),
        event_types=_events(fields),
        description=_text(fields, "description"),
        active=_flag(fields, "active"),
    )


def _only(fields: Fields, known: tuple[str, ...]) -> None:
    """Refuse what would otherwise be silently without effect."""
    for name in fields:
        if name not in known:
            raise InvalidOrder(
                f"{name[:100]!r} is unknown here; use {', '.join(known)}", name[:100]
            )


def _text(fields: Fields, name: str) -> str | None:
    value, most = fields.get(name), _SAID[name]
    if value is None or (value == "" and name == "description"):
        return value
    if not isinstance(value, str) or not 1 <= len(value) <= most or not value.isprintable():
        message = f"{name} must be a string of 1 to {most} characters, on one line"
        raise InvalidOrder(message, name)
    return value


def _url(fields: Fields) -> str | None:
    value = fields.get("url")
    if value is not None and (not isinstance(value, str) or not value):
        raise InvalidOrder("url must be an https address", "url")
    return value


def _events(fields: Fields) -> tuple[Event, ...] | None:
    value = fields.get("event_types")
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        known = ", ".join(Event)
        raise InvalidOrder(f"event_types must be a list of some of: {known}", "event_types")
    return tuple(dict.fromkeys(_event(each, "event_types") for each in value))


def _event(value: object, name: str) -> Event:
    if isinstance(value, str) and value in set(Event):
        return Event(value)
    said = f"{name} is required" if value is None else f"{name}: there is no {str(value)[:100]!r}"
    raise InvalidOrder(f"{said}; events here are: {', '.join(Event)}", name)


def _flag(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    value = _WORDS.get(value.lower(), value) if isinstance(value, str) else value
    if value is None or isinstance(value, bool):
        return value
    raise InvalidOrder(f"{name} must be true or false", name)


def _is_empty(request: Request) -> bool:
    announced = header(request, b"content-length")
    return announced == "0" or (announced is None and not header(request, b"transfer-encoding"))


def _id(request: Request) -> str:
    endpoint_id: str = request.path_params["id"]
    if not is_id(endpoint_id):
        raise NotFound(f"no webhook endpoint has the id {endpoint_id[:100]!r}", "id")
    return endpoint_id


def _state(request: Request) -> State | None:
    text = request.query_params.get("status")
    if text is not None and text not in set(State):
        raise InvalidOrder(f"status must be one of {', '.join(State)}", "status")
    return None if text is None else State(text)


def _page_of(request: Request) -> tuple[str | None, int]:
    query = request.query_params
    return read_after(query), read_limit(query, MOST_LISTED)
