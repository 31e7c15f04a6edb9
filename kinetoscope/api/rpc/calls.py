"""What every method shares: who calls, one message read within limits, one table of refusals.

The SDK repeats whatever it hears UNAVAILABLE for, five times within seconds. So that is said only
where surely nothing was accepted.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError
from sqlalchemy.exc import OperationalError

from kinetoscope.api.body import SMALL_BYTES, Bodies
from kinetoscope.api.door import hash_bearer, new_request_id
from kinetoscope.assets import StoreUnavailable
from kinetoscope.db import accounts
from kinetoscope.db.accounts import Key
from kinetoscope.domain import errors
from kinetoscope.domain.errors import InvalidOrder, KinetoscopeError, NotAccepting
from kinetoscope.service import Gateway

Untyped: TypeAlias = Any  # gRPC, and the messages of the SDK

log = logging.getLogger(__name__)

MESSAGE_SECONDS = 60.0  # in which a message must have arrived

Code = grpc.StatusCode


class NoSuchMethod(errors.NotFound):
    code = "unknown_route"


class Undecided(Exception):
    """The storage failed while something was being accepted: nobody can tell whether it was."""


STATUS: Mapping[type[KinetoscopeError], Untyped] = {
    errors.InvalidOrder: Code.INVALID_ARGUMENT,
    errors.InputUnreachable: Code.DATA_LOSS,  # which the SDK's README has for just that
    errors.InputForbidden: Code.INVALID_ARGUMENT,
    errors.VideoNotReady: Code.FAILED_PRECONDITION,
    errors.Unauthenticated: Code.UNAUTHENTICATED,
    # Not RESOURCE_EXHAUSTED: programs wait and try again for that, and money does not grow.
    errors.InsufficientBalance: Code.PERMISSION_DENIED,
    errors.KeyLimitReached: Code.PERMISSION_DENIED,
    errors.ModelNotAllowed: Code.PERMISSION_DENIED,
    errors.NotFound: Code.NOT_FOUND,
    errors.ModelNotFound: Code.NOT_FOUND,
    errors.VideoNotAvailable: Code.NOT_FOUND,
    NoSuchMethod: Code.UNIMPLEMENTED,
    errors.Conflict: Code.FAILED_PRECONDITION,
    errors.IdempotencyConflict: Code.FAILED_PRECONDITION,
    errors.NotCancellable: Code.FAILED_PRECONDITION,
    errors.StillRunning: Code.FAILED_PRECONDITION,
    errors.VideoExpired: Code.NOT_FOUND,
    errors.TooLarge: Code.INVALID_ARGUMENT,
    errors.UnsupportedBody: Code.INVALID_ARGUMENT,
    errors.TooManyRequests: Code.RESOURCE_EXHAUSTED,
    errors.NotAccepting: Code.UNAVAILABLE,
    errors.NotOffered: Code.UNIMPLEMENTED,
    errors.KeyExpired: Code.UNAUTHENTICATED,
    errors.NetworkNotAllowed: Code.PERMISSION_DENIED,
    errors.FilesFull: Code.FAILED_PRECONDITION,
    errors.TooManyRunning: Code.RESOURCE_EXHAUSTED,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its id, its method, what is said beside its message, and the line to the caller."""

    id: str
    path: str
    said: Mapping[str, str]
    context: Untyped

    async def caller(self, gateway: Gateway) -> Key:
        """Get the key that the call bears, or raise Unauthenticated."""
        hashed, now = hash_bearer(self.said.get("authorization", "")), gateway.now()
        address = _address(self.context.peer())
        return await gateway.db.glance(
            lambda conn: accounts.authenticate(conn, hashed, now, address)
        )

    @property
    def retry(self) -> bool:
        """Whether gRPC sends it again by itself: it may have been heard before."""
        return self.said.get("grpc-previous-rpc-attempts", "0") != "0"

    @asynccontextmanager
    async def message(self, bodies: Bodies, account_id: str) -> AsyncIterator[bytes]:
        """Read the message in its turn; a large one keeps the turn until this ends."""
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(bodies.turn(account_id))
            try:
                async with asyncio.timeout(MESSAGE_SECONDS):
                    message = await self.context.read()
            except TimeoutError:
                text = f"the message did not arrive within {MESSAGE_SECONDS:.0f} seconds"
                raise InvalidOrder(text) from None
            if message is grpc.aio.EOF:
                raise InvalidOrder("the call ended before its message, or it was too large")
            if len(message) <= SMALL_BYTES:
                await turn.aclose()
            yield message


Method = Callable[[Call], Awaitable[Untyped]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Answers the calls of one method, whose *path* is its name, well or with a status."""

    path: str
    method: Method

    async def answer(self, _: object, context: Untyped) -> bytes:
        """Answer one call; whatever goes wrong has one of the table's statuses."""
        call = Call(new_request_id(), self.path, _said(context), context)
        bears = ("x-request-id", call.id)
        try:
            answer = await self.method(call)
        except Exception as error:  # noqa: BLE001 - the last place that can answer it
            status, text, code = _refusal(call, error)
            traceback.clear_frames(error.__traceback__)  # they would keep the message, see api/door
            error.__traceback__ = None
        else:
            context.set_trailing_metadata((bears,))
            return bytes(answer.SerializeToString())
        if not context.done():  # there may be nobody left to hear it
            await context.abort(status, text, (bears, ("x-error-code", code)))
        return b""


def read(kind: Untyped, message: bytes) -> Untyped:
    """Read a *message* of its *kind*, or raise InvalidOrder."""
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise InvalidOrder(f"the message is no {kind.DESCRIPTOR.name}") from error


def _address(peer: str) -> str:
    """Get the IP address out of what gRPC says of a *peer*: ``ipv4:192.0.2.1:5000``."""
    kind, _, place = unquote(peer).partition(":")
    return place.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


def _said(context: Untyped) -> dict[str, str]:
    """Get the metadata of a call, of each name the first."""
    said: dict[str, str] = {}
    for name, value in context.invocation_metadata() or ():
        said.setdefault(name, value if isinstance(value, str) else "")
    return said


def _refusal(call: Call, error: Exception) -> tuple[Untyped, str, str]:
    """Tell the status, the words and the code for an error; log one that is the operator's."""
    match error:
        case KinetoscopeError():
            return STATUS[type(error)], error.message, error.code
        case StoreUnavailable() | OperationalError() | sqlite3.OperationalError():
            cause = error.orig if isinstance(error, OperationalError) else error
            log.error("%s: %s: %s", call.id, call.path, cause)
            text = "the service cannot reach its storage right now; nothing was charged"
            return Code.UNAVAILABLE, text, NotAccepting.code
        case Undecided():
            log.error("%s: %s: %s", call.id, call.path, error.__cause__)
            text = (
                "the service lost its storage while it accepted this; with the same"
                f" idempotency-key it is safe to ask again (request {call.id})"
            )
            return Code.INTERNAL, text, NotAccepting.code
        case _:
            log.error("%s: %s", call.id, call.path, exc_info=error)
            text = f"internal error; ask the operator about request {call.id}"
            return Code.INTERNAL, text, "internal_error"
