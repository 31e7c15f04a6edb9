"""``GET /v1/key``: its route, its shapes, and an example."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.key import show_key
from kinetoscope.api.reference.curl import Curl
from kinetoscope.api.reference.good import good
from kinetoscope.api.reference.refusals import refused
from kinetoscope.api.reference.schemas import ref
from kinetoscope.db.accounts import Key
from kinetoscope.db.bounds import Used
from kinetoscope.domain import errors
from kinetoscope.domain.bounds import MINUTE, Allowance, Bounds
from kinetoscope.domain.money import ZERO, Money

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TIME: Json = {"type": ["integer", "null"], "description": "Unix time, in seconds."}
_NOW = 1_790_000_000


def key_paths(tag: str) -> Json:
    """Describe the route."""
    return {
        "/v1/key": {
            "get": {
                "operationId": "getKey",
                "tags": [tag],
                "summary": "What this key may do",
                "description": "Answers what the key of the request may do at most, and what is"
                " left of that.",
                "responses": {**good("Key", "key"), **refused(errors.Unauthenticated)},
                "x-codeSamples": [Curl(path="/v1/key").sample],
            }
        }
    }


def key_schemas() -> Json:
    """Describe the answer."""
    many = _object({"limit": _COUNT, "remaining": _COUNT}, "What is left of a number.")
    amount = {"limit": ref("Amount"), "remaining": ref("Amount"), "resets_at": _TIME}
    texts = {"type": ["array", "null"], "items": _TEXT}
    limits = {
        "per_minute": _or_null("KeyCount", "Requests that make or price something, a minute."),
        "running": _or_null("KeyCount", "Tasks that have not ended."),
        "per_day": _or_null("KeyAmount", "Dollars a day (UTC)."),
        "per_month": _or_null("KeyAmount", "Dollars a month (UTC)."),
        "in_all": _or_null("KeyAmount", "Dollars, ever."),
    }
    key = {
        "object": {"const": "key"},
        "id": _TEXT,
        "name": _TEXT,
        "account": {**_TEXT, "description": "Who pays; of a test key, a sandbox."},
        "test": {"type": "boolean", "description": "Whether it makes films for nothing."},
        "models": {**texts, "description": "The models it may ask for; null is all."},
        "networks": {**texts, "description": "Where it may be used from; null is anywhere."},
        "expires_at": _TIME,
        "limits": ref("KeyLimits"),
    }
    return {
        "Key": _object(key, "A key, as its bearer sees it."),
        "KeyLimits": _object(limits, "What it may do at most; null where there is no limit."),
        "KeyCount": many,
        "KeyAmount": _object(amount, "What is left of an amount, and when all of it is back."),
    }


def key_example() -> Json:
    """Show a key with a pace and a limit a day."""
    bounds = Bounds(per_minute=60, per_day=Money.parse("5"))
    key = Key(
        "key_0c3kj8", "acct_0c3kj8", "sk-4f1c", "web", None, None, ZERO, 0, None, None, bounds
    )
    used = Used(1, ZERO, Money.parse("0.42"), ZERO, Allowance(60, 59, MINUTE // 60))
    value = show_key(key, "alice", used, _NOW)
    return {"key": {"summary": "A key with limits", "value": value}}


def _object(properties: Json, description: str) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


def _or_null(name: str, description: str) -> Json:
    return {"anyOf": [ref(name), {"type": "null"}], "description": description}
