"""What every route shares: who asks, one shape of error, a request id."""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import os
import sqlite3
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from kinetoscope.api.headers import address_of, header
from kinetoscope.api.show import to_json
from kinetoscope.assets import StoreUnavailable
from kinetoscope.db import Conn, accounts
from kinetoscope.db.accounts import Key
from kinetoscope.db.ids import from_uuid
from kinetoscope.domain import errors
from kinetoscope.domain.bounds import Allowance
from kinetoscope.domain.errors import InvalidOrder, KinetoscopeError, NotFound, Unauthenticated
from kinetoscope.service import Gateway

log = logging.getLogger(__name__)

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

STATUS: Mapping[type[KinetoscopeError], int] = {
    errors.InvalidOrder: 400,
    errors.InputUnreachable: 400,
    errors.InputForbidden: 400,
    errors.VideoNotReady: 400,
    errors.Unauthenticated: 401,
    errors.KeyExpired: 401,
    errors.InsufficientBalance: 402,
    errors.KeyLimitReached: 402,
    errors.ModelNotAllowed: 403,
    errors.NetworkNotAllowed: 403,
    errors.NotFound: 404,
    errors.ModelNotFound: 404,
    errors.VideoNotAvailable: 404,
    errors.Conflict: 409,
    errors.IdempotencyConflict: 409,
    errors.NotCancellable: 409,
    errors.FilesFull: 409,
    errors.StillRunning: 409,
    errors.VideoExpired: 410,
    errors.TooLarge: 413,
    errors.UnsupportedBody: 415,
    errors.TooManyRequests: 429,
    errors.NotOffered: 501,
    errors.TooManyRunning: 429,
    errors.NotAccepting: 503,
}
_KINDS = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
_FINAL = frozenset((402, 409, 501))  # the SDKs repeat 409 and 5xx unless they are told not to
_WAIT_SECONDS = {
    errors.VideoNotReady: "2",
    errors.TooManyRequests: "5",
    errors.TooManyRunning: "5",
    errors.NotAccepting: "5",
}
_BEARER = "bearer "
_LONGEST_SECRET = 200
_LONGEST_NUMBER = 18
_LONGEST_ID = 100
_OUR_FAULT = 500
_SECOND, _MILLI = 1_000_000, 1000


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401 - whatever JSON can say
    """Answer with JSON."""
    return Response(to_json(value), status, headers, media_type="application/json")


def show_error(
    status: int,
    message: str,
    code: str,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with an error, in the one shape that all of them have."""
    kind = _KINDS.get(status, "invalid_request_error" if status < _OUR_FAULT else "server_error")
    body = {"error": {"message": message, "type": kind, "code": code, "param": param}}
    more = dict(headers or {})
    if status in _FINAL:
        more["x-should-retry"] = "false"
    return answer(body, status, more)


def show_known_error(error: KinetoscopeError) -> Response:
    """Answer with an error that its reader can mend."""
    status = STATUS[type(error)]
    headers = {}
    if wait := _WAIT_SECONDS.get(type(error)):
        headers["retry-after"] = wait
    if isinstance(error, errors.TooManyRequests) and error.allowance is not None:
        headers["retry-after"] = str(-(-error.allowance.wait // _SECOND))
        headers |= pace_headers(error.allowance)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return show_error(status, error.message, error.code, error.param, headers)


def pace_headers(allowance: Allowance) -> dict[str, str]:
    """Tell what is left of a key's requests a minute, as OpenAI does."""
    return {
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": _span(allowance.reset),
    }


def _span(microseconds: int) -> str:
    """Write a time as OpenAI does: ``6ms``, ``1.5s``, ``1m0s``."""
    milliseconds = -(-microseconds // 1000)
    if milliseconds < _MILLI:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60 * _MILLI)
    seconds = f"{rest / _MILLI:g}s"
    return f"{minutes}m{seconds}" if minutes else seconds


_REQUEST = f"req_{os.urandom(8).hex()}"  # of this process; the requests are numbered
_numbers = itertools.count(1)


def new_request_id() -> str:
    """Name a request, so that a caller's question leads to our log."""
    return f"{_REQUEST}{next(_numbers):x}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A handler as an ASGI application: nothing stands between it and the server but this."""

    handler: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong has the shape of an error."""
        request = Request(scope, receive, send)
        request_id = new_request_id()
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
            await send(message)

        response = await self._answer(request, request_id)
        response.raw_headers.append((b"x-request-id", request_id.encode()))
        try:
            await response(scope, receive, watch)
        except (OSError, EOFError) as error:
            if started:  # in the middle of an answer there is no second one
                log.info("%s: the answer to %s was cut off", request_id, scope["path"])
                raise
            log.error("%s: %s cannot be read: %s", request_id, scope["path"], error)  # noqa: TRY400 - the cause is known
            response = _internal_error(request_id)
            response.raw_headers.append((b"x-request-id", request_id.encode()))
            await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        try:
            return await self.handler(request)
        except asyncio.CancelledError:  # nothing cancels requests but a server that must end
            message = "the service is shutting down; try again in a moment"
            return show_error(503, message, "service_unavailable", None, {"retry-after": "5"})
        except Exception as error:  # noqa: BLE001 - the last place that can answer it
            shown = _show_failure(request, request_id, error)
            # What failed in a thread is in a circle with its frames; they would keep the body of
            # the request, which may be large, until the garbage collector came.
            traceback.clear_frames(error.__traceback__)
            error.__traceback__ = None
            return shown


def _show_failure(request: Request, request_id: str, error: Exception) -> Response:
    """Answer with an error, and log it if it is one for the operator."""
    match error:
        case KinetoscopeError():
            return show_known_error(error)
        case StoreUnavailable() | OperationalError() | sqlite3.OperationalError():
            cause = error.orig if isinstance(error, OperationalError) else error
            log.error("%s: %s %s: %s", request_id, request.method, request.scope["path"], cause)
            message = "the service cannot reach its storage right now; nothing was charged"
            return show_error(503, message, "service_unavailable", None, {"retry-after": "5"})
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            log.error("%s: %s %s: %s", request_id, request.method, request.scope["path"], error)
            message = "the service has no room on its disk right now; nothing was kept or charged"
            return show_error(503, message, "service_unavailable", None, {"retry-after": "60"})
        case _:
            log.error(
                "%s: %s %s", request_id, request.method, request.scope["path"], exc_info=error
            )
            return _internal_error(request_id)


def _internal_error(request_id: str) -> Response:
    message = f"internal error; ask the operator about request {request_id}"
    return show_error(500, message, "internal_error")


def secret_hash(request: Request) -> str:
    """Hash the key that a request bears, or raise Unauthenticated."""
    return hash_bearer(header(request, b"authorization") or "")


def hash_bearer(given: str) -> str:
    """Hash the key in an ``Authorization`` of *given* words, or raise Unauthenticated."""
    secret = given[len(_BEARER) :].strip()
    if given[: len(_BEARER)].lower() != _BEARER or not 0 < len(secret) <= _LONGEST_SECRET:
        raise Unauthenticated("an API key is needed: send the header Authorization: Bearer sk-…")
    return accounts.hash_secret(secret)


def whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    """Read a whole number from a query, or raise InvalidOrder."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise InvalidOrder(f"{name} must be a whole number", name)
    return int(text)


def is_id(text: str) -> bool:
    """Tell whether *text* may be the id of anything; what no database could hold is none."""
    return len(text) <= _LONGEST_ID and text.isascii() and text.replace("_", "").isalnum()


def path_id(request: Request) -> str:
    """Get the id of a video from the path, or raise NotFound if it cannot be one.

    A UUID, which xAI's clients have, is turned into the id that it stands for.
    """
    task_id: str = request.path_params["id"]
    if "-" in task_id:
        task_id = from_uuid("task", task_id) or task_id
    if not is_id(task_id):
        raise NotFound(f"no video has the id {task_id[:_LONGEST_ID]!r}", "id")
    return task_id


async def read_as(gateway: Gateway, request: Request, ask: Callable[[Conn, Key], T]) -> T:
    """Run *ask* for the key that a request bears, in one go with finding out whose it is."""
    authenticate = _authentication(gateway, request)
    return await gateway.db.read(lambda conn: ask(conn, authenticate(conn)))


async def glance_as(gateway: Gateway, request: Request, ask: Callable[[Conn, Key], T]) -> T:
    """Do as ``read_as`` does, for what finds a few rows by their keys."""
    authenticate = _authentication(gateway, request)
    return await gateway.db.glance(lambda conn: ask(conn, authenticate(conn)))


async def caller(gateway: Gateway, request: Request) -> Key:
    """Get the key that a request bears, or raise Unauthenticated."""
    return await glance_as(gateway, request, lambda _, key: key)


def _authentication(gateway: Gateway, request: Request) -> Callable[[Conn], Key]:
    """Say how the key that a request bears is found and let in, or raise Unauthenticated."""
    hashed, now = secret_hash(request), gateway.now()
    address = address_of(request, gateway.proxies)
    return lambda conn: accounts.authenticate(conn, hashed, now, address)
