"""The shapes of what webhooks' routes take and answer, and an example of each."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.webhooks import DESCRIPTION_CHARACTERS, NAME_CHARACTERS
from kinetoscope.db.deliveries import State
from kinetoscope.domain.event import Event
from kinetoscope.outbound import URL_CHARACTERS

Json = dict[str, Any]

URL = "https://example.com/told"
EVENT_TYPE: Json = {"type": "string", "enum": [each.value for each in Event]}
_CREATED = 1_790_000_000
_ENDPOINT = "hook_0c3kj8f2m9x4q7v1b5n6s8t0w2"
_TASK = "task_0c3kj8f2m9x4q7v1b5n6s8t0w2"
_EVENT = "evt_0c3kj8f2m9x4q7v1b5n6s8t0w2"
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the example of the standard

_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TIME: Json = {"type": "integer", "description": "Unix time, in seconds."}


def webhook_schemas() -> Json:
    """Describe the bodies and the answers."""
    line = {"type": "string", "minLength": 1, "maxLength": NAME_CHARACTERS}
    events = {"type": "array", "minItems": 1, "items": EVENT_TYPE}
    asked: Json = {
        "name": {**line, "description": "For people, on one line."},
        "url": {
            "type": "string",
            "maxLength": URL_CHARACTERS,
            "description": "An https address on the public Internet, or of a network that the"
            " operator allows.",
        },
        "event_types": events,
        "description": {"type": "string", "maxLength": DESCRIPTION_CHARACTERS},
        "active": {"type": "boolean"},
    }
    flag = {"keep_old_secret_active_for_24_hours": {"type": "boolean", "default": False}}
    needed = ("name", "url", "event_types")
    return {
        "WebhookEndpointRequest": _asks(asked, needed),
        "WebhookEndpointChange": _asks(asked),
        "WebhookRotation": _asks(flag),
        "WebhookTestRequest": _asks({"event_type": EVENT_TYPE}, ("event_type",)),
        **_endpoints(),
        **_told(),
    }


def _endpoints() -> Json:
    endpoint: Json = {
        "id": _TEXT,
        "object": {"const": "webhook_endpoint"},
        "name": _TEXT,
        "description": _TEXT,
        "url": {**_TEXT, "description": "Empty where each task has named its own."},
        "event_types": {"type": "array", "items": EVENT_TYPE},
        "signing_secret_hint": {**_TEXT, "description": "The last letters of the secret."},
        "created_at": _TIME,
        "updated_at": _TIME,
        "active": {"type": "boolean", "description": "Whether it is told anything."},
        "disabled": {
            "type": ["string", "null"],
            "description": "Why it is told nothing any more, if its owner did not wish so.",
        },
        "failing_since": {
            "type": ["integer", "null"],
            "description": "Since when it has not heard what it was told; after 5 days of that it"
            " is disabled.",
        },
    }
    secret = {"signing_secret": {**_TEXT, "description": "Shown only now. Keep it."}}
    deleted = {
        "id": _TEXT,
        "object": {"const": "webhook_endpoint.deleted"},
        "deleted": {"const": True},
    }
    own = {
        "id": _TEXT,
        "object": {"const": "webhook_secret"},
        **secret,
        "signing_secret_hint": _TEXT,
    }
    return {
        "WebhookEndpoint": _object(endpoint, "Who is told of the end of tasks."),
        "WebhookEndpointWithSecret": _object({**endpoint, **secret}, "It, and its new secret."),
        "WebhookEndpointList": _page("WebhookEndpoint"),
        "WebhookEndpointDeleted": _object(deleted, "It is told nothing any more."),
        "WebhookSecret": _object(own, "What signs the events of tasks with a `webhook_url`."),
    }


def _told() -> Json:
    none_or_text = {"type": ["string", "null"]}
    tried = {
        "at": _TIME,
        "status_code": {"type": ["integer", "null"]},
        "milliseconds": _COUNT,
        "answer": {**none_or_text, "description": "The first bytes of the answer."},
        "error": {**none_or_text, "description": "Why there was none."},
    }
    delivery = {
        "id": {**_TEXT, "description": "Of the event: the header `webhook-id`, in every try."},
        "object": {"const": "webhook_endpoint.delivery"},
        "event_type": EVENT_TYPE,
        "video_id": _TEXT,
        "url": _TEXT,
        "status": {"type": "string", "enum": [each.value for each in State]},
        "created_at": _TIME,
        "next_try_at": {"type": ["integer", "null"]},
        "tries": {"type": "array", "items": _object(tried, "One try.")},
    }
    test = {
        "object": {"const": "webhook_endpoint.test"},
        "webhook_endpoint_id": _TEXT,
        "event_type": EVENT_TYPE,
        "status_code": {"type": "integer", "description": "What the endpoint answered."},
        "success": {"const": True},
    }
    types = {
        "object": {"const": "list"},
        "data": {"type": "array", "items": EVENT_TYPE},
    }
    return {
        "WebhookDelivery": _object(delivery, "One event on its way to one endpoint."),
        "WebhookDeliveryList": _page("WebhookDelivery"),
        "WebhookTest": _object(test, "The sample was sent, and something came back."),
        "WebhookEventTypes": _object(types, "What may be told."),
    }


def webhook_samples() -> dict[str, tuple[str, Json]]:
    """Give an example of every answer by its name, each with its summary."""
    endpoint = {
        "id": _ENDPOINT,
        "object": "webhook_endpoint",
        "name": "my server",
        "description": "",
        "url": URL,
        "event_types": [each.value for each in Event],
        "signing_secret_hint": "whsec_…LaSw",
        "created_at": _CREATED,
        "updated_at": _CREATED,
        "active": True,
        "disabled": None,
        "failing_since": None,
    }
    delivery = _delivered()
    gone = {"id": _ENDPOINT, "object": "webhook_endpoint.deleted", "deleted": True}
    own = {"id": _ENDPOINT, "object": "webhook_secret", "signing_secret": _SECRET}
    test = {
        "object": "webhook_endpoint.test",
        "webhook_endpoint_id": _ENDPOINT,
        "event_type": Event.COMPLETED.value,
        "status_code": 200,
        "success": True,
    }
    return {
        "endpoint": ("An endpoint", endpoint),
        "endpoint_created": ("With its secret", {**endpoint, "signing_secret": _SECRET}),
        "endpoints": ("A page", _sample_page(endpoint)),
        "endpoint_deleted": ("Removed", gone),
        "endpoint_test": ("It answered", test),
        "delivery": ("Delivered", delivery),
        "deliveries": ("A page", _sample_page(delivery)),
        "event_types": ("All", {"object": "list", "data": [each.value for each in Event]}),
        "webhook_secret": ("The secret", {**own, "signing_secret_hint": "whsec_…LaSw"}),
    }


def _delivered() -> Json:
    tried = {
        "at": _CREATED + 41,
        "status_code": 200,
        "milliseconds": 87,
        "answer": "ok",
        "error": None,
    }
    return {
        "id": _EVENT,
        "object": "webhook_endpoint.delivery",
        "event_type": Event.COMPLETED.value,
        "video_id": _TASK,
        "url": URL,
        "status": State.DELIVERED.value,
        "created_at": _CREATED + 41,
        "next_try_at": None,
        "tries": [tried],
    }


def _sample_page(one: Json) -> Json:
    ends = {"first_id": one["id"], "last_id": one["id"]}
    return {"object": "list", "data": [one], "has_more": False, **ends}


def _page(name: str) -> Json:
    end = {"type": ["string", "null"]}
    fields = {
        "object": {"const": "list"},
        "data": {"type": "array", "items": _ref(name)},
        "has_more": {"type": "boolean"},
        "first_id": end,
        "last_id": end,
    }
    return _object(fields, "A page; `after` with its `last_id` gives the next one.")


def _asks(properties: Json, required: tuple[str, ...] = ()) -> Json:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **needed}


def _object(properties: Json, description: str) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
