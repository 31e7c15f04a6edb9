"""The secrets that webhooks are signed with, and the events that bear their signatures.

A secret is made anew from the gateway's signing key and the salt of its endpoint whenever it is
needed: the database holds nothing that a thief of it could sign with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType
from standardwebhooks import Webhook

from kinetoscope.db.deliveries import Parcel
from kinetoscope.db.ids import as_uuid
from kinetoscope.db.webhooks import Endpoint, Salt

_SALT_BYTES = 32
_HINT = 4  # last letters of a secret, by which its owner tells it from others


class EventError(msgspec.Struct):
    """Why a task failed."""

    code: str
    message: str


class EventData(msgspec.Struct, omit_defaults=True):
    """The task that ended: by its id, and by the one that xAI's clients know it by."""

    id: str
    request_id: str
    status: str
    model: str
    error: EventError | UnsetType = UNSET


class ShownEvent(msgspec.Struct):
    """An event as it is sent."""

    id: str
    object: str
    type: str
    created_at: int
    data: EventData


def secret_of(signing_key: bytes, endpoint_id: str, salt: str) -> str:
    """Make the secret that an endpoint has by *salt*."""
    text = f"webhook.{endpoint_id}.{salt}".encode()
    digest = hmac.new(signing_key, text, hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def new_salt(signing_key: bytes, endpoint_id: str) -> Salt:
    """Draw what another secret of an endpoint is made from."""
    salt = secrets.token_hex(_SALT_BYTES)
    return Salt(salt, _hint(secret_of(signing_key, endpoint_id, salt)))


def is_ours(signing_key: bytes, endpoint: Endpoint) -> bool:
    """Tell whether the secret is the one that was shown: not if the signing key is another."""
    return _hint(secret_of(signing_key, endpoint.id, endpoint.salt)) == endpoint.hint


def sign(
    signing_key: bytes, endpoint: Endpoint, event_id: str, body: bytes, now: int
) -> dict[str, str]:
    """Make the headers of the Standard Webhooks: a signature by each secret that is good now."""
    at = datetime.fromtimestamp(now, UTC)
    signed = [
        Webhook(secret_of(signing_key, endpoint.id, salt)).sign(event_id, at, body.decode())
        for salt in _salts(endpoint, now)
    ]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signed),
    }


def write_event(parcel: Parcel) -> bytes:
    """Write the event that is told: the same bytes, however often."""
    told = parcel.delivery
    about = EventData(told.task_id, as_uuid(told.task_id), parcel.status, parcel.model)
    if parcel.error_code is not None:
        about.error = EventError(parcel.error_code, parcel.error_message or "")
    return msgspec.json.encode(
        ShownEvent(told.event_id, "event", told.event, parcel.ended_at, about)
    )


def _salts(endpoint: Endpoint, now: int) -> Iterator[str]:
    yield endpoint.salt
    if endpoint.old_salt is not None and now < (endpoint.old_until or 0):
        yield endpoint.old_salt


def _hint(secret: str) -> str:
    return secret.rstrip("=")[-_HINT:]
