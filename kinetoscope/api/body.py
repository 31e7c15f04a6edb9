"""From the bytes of a request to its fields: JSON, or a form with nested names in brackets."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from kinetoscope.api.headers import header
from kinetoscope.domain.errors import (
    InvalidOrder,
    NotAccepting,
    TooLarge,
    UnsupportedBody,
)

Fields = dict[str, Any]
T = TypeVar("T")

BODY_BYTES = 150 << 20  # a video of 100 MiB as base64, and room for the rest
SMALL_BYTES = 1 << 20  # below this nobody waits for anybody
BODY_SECONDS = 300  # in which a body must have arrived
TURN_SECONDS = 60  # in which one of the large ones before it must have been dealt with
LARGE_AT_ONCE = 4
LARGE_EACH = 2  # of one account: who sends slowly holds up nobody else
MOST_FIELDS = 200
MOST_FILES = 10
MOST_INDEX = 20  # of images[3]
_DEEPEST = 4

_JSON, _FORM = "application/json", "multipart/form-data"
_CHARSETS = ("", "utf-8", "utf8")  # others could bring in what cannot be written down again

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_decoder = msgspec.json.Decoder()


class Bodies:
    """Reads bodies; only a few large ones are in memory at a time, and fewer of one account."""

    def __init__(self, at_once: int = LARGE_AT_ONCE, each: int = LARGE_EACH) -> None:
        self._at_once, self._each = at_once, each
        self._large: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def fields(self, request: Request, account_id: str) -> AsyncIterator[Fields]:
        """Read the fields of a body; uploads among them are files until this ends.

        Raise InvalidOrder, TooLarge or UnsupportedBody, saying what is allowed.
        """
        kind = (header(request, b"content-type") or _JSON).partition(";")[0].strip()
        length = announced_length(request)
        if kind.lower() not in (_JSON, _FORM):
            message = f"the body is {kind[:99]!r}; send {_JSON} or {_FORM}"
            raise UnsupportedBody(message)
        read = _json_fields if kind.lower() == _JSON else _form_fields
        if length is not None and length <= SMALL_BYTES:
            async with read(request) as fields:
                yield fields
            return
        async with self.turn(account_id), read(request) as fields:
            yield fields

    @asynccontextmanager
    async def turn(self, account_id: str) -> AsyncIterator[None]:
        """Wait until one more of an account's may be read, or raise NotAccepting."""
        try:
            async with asyncio.timeout(TURN_SECONDS), self._changed:
                await self._changed.wait_for(lambda: self._has_room(account_id))
                self._large[account_id] += 1
        except TimeoutError:
            message = "too many large bodies are being read just now; try again"
            raise NotAccepting(message) from None
        try:
            yield
        finally:
            self._large[account_id] -= 1
            self._large += Counter()  # forget accounts that have none
            async with self._changed:
                self._changed.notify_all()

    def _has_room(self, account_id: str) -> bool:
        return self._large.total() < self._at_once and self._large[account_id] < self._each


@asynccontextmanager
async def _json_fields(request: Request) -> AsyncIterator[Fields]:
    yield _json(await in_time(_collect(request)))


@asynccontextmanager
async def _form_fields(request: Request) -> AsyncIterator[Fields]:
    form = await in_time(_form(request))
    try:
        yield _nest(form)
    finally:
        await form.close()


def announced_length(request: Request) -> int | None:
    """Tell the length of a body, if it is said, or raise TooLarge."""
    announced = header(request, b"content-length") or ""
    length = int(announced) if announced.isascii() and announced.isdigit() else None
    if length is not None and length > BODY_BYTES:
        raise _too_large()
    return length


def _too_large() -> TooLarge:
    return TooLarge(f"the body is larger than {BODY_BYTES >> 20} MiB, the most allowed")


async def in_time(reading: Awaitable[T]) -> T:
    """Wait for what reads a body, or raise InvalidOrder if that does not arrive."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await reading
    except TimeoutError as error:
        message = f"the body did not arrive within {BODY_SECONDS} seconds"
        raise InvalidOrder(message) from error
    except ClientDisconnect as error:
        raise InvalidOrder("the connection ended before the body did") from error


async def _collect(request: Request) -> bytearray:
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > BODY_BYTES:
            raise _too_large()
    return chunks


def _json(body: bytearray) -> Fields:
    try:
        fields = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidOrder(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidOrder('the body must be a JSON object, such as {"prompt": "…"}')
    return fields


async def _form(request: Request) -> FormData:
    read = 0

    async def limited() -> AsyncGenerator[bytes, None]:
        nonlocal read
        async for chunk in request.stream():
            read += len(chunk)
            if read > BODY_BYTES:
                raise _too_large()
            yield chunk

    _, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"").decode("latin-1").lower()
    if charset not in _CHARSETS:
        raise UnsupportedBody(f"the form is written in {charset[:99]!r}; use utf-8")
    parser = MultiPartParser(
        request.headers,
        limited(),
        max_files=MOST_FILES,
        max_fields=MOST_FIELDS,
        max_part_size=BODY_BYTES,
    )
    try:
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError, UnicodeError) as error:
        said = getattr(error, "message", None) or "it is broken"
        raise InvalidOrder(f"the multipart/form-data body cannot be read: {said}") from error


def _nest(form: FormData) -> Fields:
    """Undo bracket notation: ``a[b]``, ``a[]``, ``a[0]``, ``a[][b]`` become objects and lists."""
    fields: Fields = {}
    for name, value in form.multi_items():
        match = _NAME.fullmatch(name)
        path = _PART.findall(match[2]) if match else []
        if match is None or len(path) > _DEEPEST:
            raise InvalidOrder(f"the form field {name[:100]!r} is not a name such as a[b] or a[]")
        _put(fields, match[1], path, value, name)
    return fields


def _put(place: Any, key: str | int, path: list[str], value: object, name: str) -> None:  # noqa: ANN401 - an object or a list
    """Put *value* below *key* of *place*, along *path*."""
    if not path:
        if isinstance(place, dict) and key in place:  # the same name twice is a list
            earlier = place[key]
            value = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        place[key] = value
        return
    step, rest = path[0], path[1:]
    is_list = step == "" or step.isdigit()
    below: Any = place[key] if _has(place, key) else None
    if below is None:
        below = place[key] = [] if is_list else {}
    if not isinstance(below, list if is_list else dict):
        raise InvalidOrder(f"the form field {name[:100]!r} contradicts one before it")
    inner = _index(below, step, rest, name) if isinstance(below, list) else step
    _put(below, inner, rest, value, name)


def _has(place: Any, key: str | int) -> bool:  # noqa: ANN401 - an object or a list
    if isinstance(place, list):
        return place[int(key)] is not None
    return key in place


def _index(below: list[Any], step: str, rest: list[str], name: str) -> int:
    """Tell which element ``[]`` or ``[3]`` means, making room for it."""
    if step:
        index = int(step) if len(step) <= len(str(MOST_INDEX)) else MOST_INDEX
        if index >= MOST_INDEX:
            raise InvalidOrder(f"the form field {name[:100]!r} counts too far")
    elif rest and below and isinstance(below[-1], Mapping) and rest[0] not in below[-1]:
        index = len(below) - 1  # a[][b] goes on with the last element until b repeats
    else:
        index = len(below)
    below.extend([None] * (index + 1 - len(below)))
    return index
