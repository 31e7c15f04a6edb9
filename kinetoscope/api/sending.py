"""Sends a file of the store: whole, in ranges, or only its headers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kinetoscope.api.door import show_error
from kinetoscope.assets import Store

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the store as it is sent; *etag* is quoted, *more* are headers of its own."""

    key: str
    size: int
    media_type: str
    etag: str
    filename: str
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that do not depend on what part of it is asked for."""
        return {
            "etag": self.etag,
            "accept-ranges": "bytes",
            "cache-control": "private, max-age=3600",
            "content-disposition": f"inline; {_named(self.filename)}",
            **self.more,
        }


def is_known(request: Request, etag: str) -> bool:
    """Tell whether the caller has what bears *etag* already."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    named = [each.strip().removeprefix("W/") for each in given.split(",")]
    return "*" in named or etag in named


def answer_file(request: Request, store: Store, file: Stored) -> Response:
    """Answer *file*, the part of it that was asked for, or that the caller has it."""
    headers = file.headers
    if is_known(request, file.etag):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    part = None
    if asked is not None and request.headers.get("if-range") in (None, file.etag):
        part = _RANGE.fullmatch(asked.strip())
    if part is None or not (part[1] or part[2]):
        return _Sent(store, file, (0, file.size), headers)
    start, stop = _bounds(part[1], part[2], file.size)
    if start >= min(stop, file.size):
        message = f"the file has {file.size} bytes; {asked} is not among them"
        more = {"content-range": f"bytes */{file.size}"}
        return show_error(416, message, "range_not_satisfiable", "Range", more)
    headers["content-range"] = f"bytes {start}-{stop - 1}/{file.size}"
    return _Sent(store, file, (start, stop), headers)


def _named(filename: str) -> str:
    """Write a file name as a header can hold it (RFC 6266)."""
    written = quote(filename, safe="")
    return f'filename="{filename}"' if written == filename else f"filename*=utf-8''{written}"


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Tell where a range begins and ends, its end excluded."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


class _Sent(Response):
    """A part of a file, sent as it is read."""

    def __init__(
        self, store: Store, file: Stored, part: tuple[int, int], headers: dict[str, str]
    ) -> None:
        status = 206 if "content-range" in headers else 200
        super().__init__(None, status, headers, media_type=file.media_type)
        self.headers["content-length"] = str(part[1] - part[0])
        self._store, self._key, self._part = store, file.key, part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers, and the bytes unless only the headers were asked for."""
        del receive
        chunks = self._read() if scope["method"] != "HEAD" else None
        # The first bytes are read before anything is said: a missing file is still an error.
        first = await anext(chunks, b"") if chunks else b""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        if chunks is not None:
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read(self) -> AsyncIterator[bytes]:
        async for chunk in self._store.read(self._key, *self._part):
            yield chunk
