"""The routes of webhooks: what each is for, what it takes, and everything it may answer."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.pages import MOST_LISTED
from kinetoscope.api.reference.curl import Curl
from kinetoscope.api.reference.good import good
from kinetoscope.api.reference.refusals import refused
from kinetoscope.api.reference.webhook_shapes import URL
from kinetoscope.db.deliveries import State
from kinetoscope.db.webhooks import MOST_ENDPOINTS
from kinetoscope.domain import errors
from kinetoscope.domain.event import Event

Json = dict[str, Any]

_TAG = "Webhooks"
WEBHOOKS = {
    _TAG: "Be told when a video is done, instead of asking. Signed as the Standard Webhooks are;"
    " OpenAI's library manages and reads them."
}

_PATH = "/v1/webhook_endpoints"
_ONE = f"{_PATH}/$ENDPOINT"
_TEXT: Json = {"type": "string"}
_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of the endpoint, as it was answered.",
    "schema": _TEXT,
}
_OF: Json = {**_ID, "name": "event", "description": "The id of the event, as it was sent."}

_FINDS = (errors.Unauthenticated, errors.NotFound)
_READS = (errors.InvalidOrder, errors.Unauthenticated)
_BODY = (errors.InvalidOrder, errors.Unauthenticated, errors.TooLarge, errors.UnsupportedBody)
_VISITS = (errors.InputForbidden, errors.InputUnreachable)


def webhook_paths() -> Json:
    """Give the path items of the routes, in the order in which they are read."""
    one = f"{_PATH}/{{id}}"
    return {
        _PATH: {"post": _create(), "get": _list()},
        one: {"get": _get(), "post": _update(), "delete": _delete()},
        f"{one}/rotate_secret": {"post": _rotate()},
        f"{one}/test": {"post": _test()},
        f"{one}/deliveries": {"get": _deliveries()},
        f"{one}/deliveries/{{event}}/resend": {"post": _resend()},
        "/v1/webhook_event_types": {"get": _event_types()},
        "/v1/webhook_secret": {"get": _secret()},
    }


def _said(operation_id: str, summary: str, description: str, *parameters: Json) -> Json:
    return {
        "operationId": operation_id,
        "tags": [_TAG],
        "summary": summary,
        "description": description,
        **({"parameters": list(parameters)} if parameters else {}),
    }


def _taking(name: str, example: Json, *, required: bool = True) -> Json:
    content = {"application/json": {"schema": _ref(name), "example": example}}
    return {"requestBody": {"required": required, "content": content}}


def _ending(path: str, responses: Json, body: Json | None = None, verb: str = "GET") -> Json:
    sample = Curl(verb=verb, path=path, body=body).sample
    return {"responses": responses, "x-codeSamples": [sample]}


def _create() -> Json:
    asked = {"name": "my server", "url": URL, "event_types": [each.value for each in Event]}
    said = (
        f"At most {MOST_ENDPOINTS}. The `signing_secret` is in this answer and in no other. Each"
        " event is sent until the endpoint answers 2xx, with growing waits, for three days; 410"
        " disables the endpoint."
    )
    return {
        **_said("createWebhookEndpoint", "Add an endpoint", said),
        **_taking("WebhookEndpointRequest", asked),
        **_ending(
            _PATH,
            {
                **good("WebhookEndpointWithSecret", "endpoint_created"),
                **refused(*_BODY, *_VISITS, errors.Conflict),
            },
            asked,
        ),
    }


def _list() -> Json:
    return {
        **_said("listWebhookEndpoints", "List endpoints", "Newest first.", *_page_parameters()),
        **_ending(_PATH, {**good("WebhookEndpointList", "endpoints"), **refused(*_READS)}),
    }


def _get() -> Json:
    said = "Answers an endpoint, and whether it hears what it is told."
    return {
        **_said("getWebhookEndpoint", "Get an endpoint", said, _ID),
        **_ending(_ONE, {**good("WebhookEndpoint", "endpoint"), **refused(*_FINDS)}),
    }


def _update() -> Json:
    said = (
        "Changes what the body names. While `active` is false nothing is recorded for it, and what"
        " waited is given up; `true` brings back one that was disabled."
    )
    return {
        **_said("updateWebhookEndpoint", "Change an endpoint", said, _ID),
        **_taking("WebhookEndpointChange", {"active": True}),
        **_ending(
            _ONE,
            {
                **good("WebhookEndpoint", "endpoint"),
                **refused(*_BODY, *_VISITS, errors.NotFound),
            },
            {"active": True},
        ),
    }


def _delete() -> Json:
    said = "Removes an endpoint. What waits for it is not told any more."
    return {
        **_said("deleteWebhookEndpoint", "Remove an endpoint", said, _ID),
        **_ending(
            _ONE,
            {**good("WebhookEndpointDeleted", "endpoint_deleted"), **refused(*_FINDS)},
            verb="DELETE",
        ),
    }


def _rotate() -> Json:
    said = (
        "Answers another secret, which signs from now on. With"
        " `keep_old_secret_active_for_24_hours` the old one signs as well for a day. Also takes the"
        " id that `GET /v1/webhook_secret` answers."
    )
    asked = {"keep_old_secret_active_for_24_hours": True}
    return {
        **_said("rotateWebhookSecret", "Rotate a secret", said, _ID),
        **_taking("WebhookRotation", asked, required=False),
        **_ending(
            f"{_ONE}/rotate_secret",
            {
                **good("WebhookEndpointWithSecret", "endpoint_created"),
                **refused(*_BODY, errors.NotFound),
            },
            asked,
        ),
    }


def _test() -> Json:
    said = (
        "Sends a sample of an event now and answers which status came back. It is not tried again,"
        " and not in the list of deliveries."
    )
    asked = {"event_type": Event.COMPLETED.value}
    return {
        **_said("testWebhookEndpoint", "Try an endpoint", said, _ID),
        **_taking("WebhookTestRequest", asked),
        **_ending(
            f"{_ONE}/test",
            {
                **good("WebhookTest", "endpoint_test"),
                **refused(*_BODY, errors.InputUnreachable, errors.NotFound),
            },
            asked,
        ),
    }


def _deliveries() -> Json:
    said = (
        "What the endpoint was told, or is to be, newest tasks first: every try, what came back,"
        " and when the next one is due. Kept for 30 days. Also takes the id that `GET"
        " /v1/webhook_secret` answers, for the `webhook_url` of tasks."
    )
    schema = {"type": "string", "enum": [each.value for each in State]}
    status = {"name": "status", "in": "query", "description": "Only these.", "schema": schema}
    return {
        **_said("listWebhookDeliveries", "List deliveries", said, _ID, *_page_parameters(), status),
        **_ending(
            f"{_ONE}/deliveries",
            {
                **good("WebhookDeliveryList", "deliveries"),
                **refused(*_READS, errors.NotFound),
            },
        ),
    }


def _resend() -> Json:
    said = "Sends an event again, now, and as patiently as the first time; its id is the same."
    return {
        **_said("resendWebhookDelivery", "Send again", said, _ID, _OF),
        **_ending(
            f"{_ONE}/deliveries/$EVENT/resend",
            {**good("WebhookDelivery", "delivery"), **refused(*_FINDS, errors.Conflict)},
            verb="POST",
        ),
    }


def _event_types() -> Json:
    return {
        **_said("listWebhookEventTypes", "List events", "Answers what may be told."),
        **_ending(
            "/v1/webhook_event_types",
            {**good("WebhookEventTypes", "event_types"), **refused(errors.Unauthenticated)},
        ),
    }


def _secret() -> Json:
    said = (
        "Answers the secret that signs the events of tasks which brought a `webhook_url` of their"
        " own. The account has one; it is made when it is first needed."
    )
    return {
        **_said("getWebhookSecret", "The secret of webhook_url", said),
        **_ending(
            "/v1/webhook_secret",
            {**good("WebhookSecret", "webhook_secret"), **refused(errors.Unauthenticated)},
        ),
    }


def _page_parameters() -> list[Json]:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": 20}
    return [
        {
            "name": "after",
            "in": "query",
            "description": "The `last_id` of the page before.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_]{1,100}$"},
        },
        {"name": "limit", "in": "query", "description": "How many at most.", "schema": limit},
    ]


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
