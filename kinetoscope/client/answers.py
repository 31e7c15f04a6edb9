"""From what came back to values and errors, and whether to ask again: pure, but for the file."""

from __future__ import annotations

import hashlib
import io
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import IO, Any, TypeVar

from kinetoscope.client.errors import ClientError, ServiceError, Unreachable, Unreadable
from kinetoscope.client.orders import Request
from kinetoscope.client.values import Video

T = TypeVar("T")

_GOOD = 200
_LEAST_ERROR, _LEAST_FAULT = 400, 500
_PASSING = frozenset((408, 429))  # and what is from 500 upwards
_LONGEST_WAIT_SECONDS = 120.0
_UNHEARD_TRIES = 3  # of an order, where nobody listens: not a moment's trouble but a wrong address
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 8.0
_MOST_BYTES = 16 << 20  # of an answer in JSON
_LEAST_POLL_SECONDS, _MOST_POLL_SECONDS = 0.05, 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole; of what was saved only the SHA-256."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing came back, or not all; *heard* says whether the service may have read us."""

    reason: str
    heard: bool = True


class TooSlow(Exception):
    """An answer takes longer than any good one does."""


class Body:
    """Takes an answer bit by bit, within a length and a time."""

    def __init__(self, request: Request, file: IO[bytes] | None) -> None:
        self._most = _MOST_BYTES if file is None else request.most_bytes
        self._end = time.monotonic() + request.seconds
        self._kept = io.BytesIO() if file is None else file
        self._digest = hashlib.sha256()
        self._length = 0

    def add(self, chunk: bytes) -> None:
        """Keep a bit; what is longer or slower than any good answer is an error."""
        self._length += len(chunk)
        if self._length > self._most:
            message = f"what the service sends is longer than {self._most} bytes, and was not kept"
            raise Unreadable(message)
        if time.monotonic() > self._end:
            message = "its answer takes too long"
            raise TooSlow(message)
        self._digest.update(chunk)
        self._kept.write(chunk)

    def answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        """Tell what came, now that it is whole."""
        if isinstance(self._kept, io.BytesIO):
            return Answer(status, headers, self._kept.getvalue())
        return Answer(status, headers, sha256=self._digest.hexdigest())


@contextmanager
def receiving(request: Request, status: int) -> Iterator[Body]:
    """Open what takes the answer to *request*: a file, if it is to be saved and is good."""
    if request.save is None or status != _GOOD:
        yield Body(request, None)
        return
    with request.save.open("wb") as file:
        yield Body(request, file)


def pause_before(reply: Answer | Lost, request: Request, tries: int) -> float | None:
    """Tell how many seconds to wait before asking again after *tries*; None if it is no use."""
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** (tries - 1), _LONGEST_PAUSE_SECONDS)
    if isinstance(reply, Lost):
        is_useless = request.verb == "POST" and not reply.heard and tries >= _UNHEARD_TRIES
        return None if is_useless else pause
    told = reply.headers.get("x-should-retry")
    if told == "false" or reply.status < _LEAST_ERROR:
        return None
    if told != "true" and reply.status not in _PASSING and reply.status < _LEAST_FAULT:
        return None
    wait = _number(reply.headers.get("retry-after"), pause)
    return max(wait, 0.0) if wait <= _LONGEST_WAIT_SECONDS else None


def check(reply: Answer | Lost, url: str) -> Answer:
    """Get the answer, or raise what is wrong."""
    if isinstance(reply, Lost):
        message = f"the service at {url} does not answer: {reply.reason}"
        raise Unreachable(message)
    if _GOOD <= reply.status < _GOOD + 100:
        return reply
    if reply.status < _LEAST_ERROR:
        place = reply.headers.get("location", "another address")[:200]
        message = f"{url} sends on to {place}; give the address of the service itself"
        raise Unreadable(message)
    raise _refusal(reply)


def read(kind: Callable[[Any], T], answer: Answer, url: str) -> T:
    """Read what an answer says in JSON, or raise Unreadable if that is not what we ask for."""
    try:
        return kind(json.loads(answer.content))
    except (AttributeError, InvalidOperation, KeyError, RecursionError, TypeError, ValueError) as e:
        message = f"{url} answers, but not as Kinetoscope does; check the address"
        raise Unreadable(message) from e


def read_video(answer: Answer, url: str) -> Video:
    """Read a video, and when to ask for it again."""
    told = _number(answer.headers.get("openai-poll-after-ms"), 1000.0) / 1000
    poll_after = min(max(told, _LEAST_POLL_SECONDS), _MOST_POLL_SECONDS)
    return read(lambda raw: Video.read(raw, poll_after), answer, url)


def _refusal(answer: Answer) -> ClientError:
    """Say what the service says is wrong; what no Kinetoscope said is told by its status."""
    request_id = answer.headers.get("x-request-id")
    try:
        error = json.loads(answer.content)["error"]
        message, code, param = str(error["message"]), str(error["code"]), error.get("param")
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        message, code, param = "there is no Kinetoscope at this address", "", None
        code = f"HTTP {answer.status}"
        if answer.status >= _LEAST_FAULT:
            message = "what stands before the service answers in its place; see whether it runs"
    return ServiceError(
        message,
        status=answer.status,
        code=code,
        param=None if param is None else str(param),
        request_id=request_id,
    )


def _number(text: str | None, default: float) -> float:
    try:
        number = float(text or "")
    except ValueError:
        return default
    return number if math.isfinite(number) else default
