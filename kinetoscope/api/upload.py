"""From a form with one file to that file on the disk: nothing of it stays in memory."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from kinetoscope.api.body import in_time
from kinetoscope.api.headers import header
from kinetoscope.assets.inspect import VIDEO_BYTES
from kinetoscope.domain.errors import InvalidOrder, TooLarge, UnsupportedBody
from kinetoscope.domain.file import FILENAME_CHARACTERS

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FORM = b"multipart/form-data"
_FILE = "file"
_GULP = 1 << 20  # bytes that are written to the disk at once
_FIELD_BYTES = 4096  # of all that is not the file
_MOST_PARTS = 20
_UNWRITABLE = re.compile("[\0-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class Upload:
    """What a form said: the name of its file, and its other fields."""

    filename: str = ""
    fields: dict[str, str] = field(default_factory=dict)


async def receive(request: Request, path: Path) -> Upload:
    """Write the file of a form to *path*, which must not exist; raise what is wrong with it."""
    kind, options = parse_options_header(header(request, b"content-type"))
    if kind != _FORM:
        said = kind.decode("latin-1")[:99]
        raise UnsupportedBody(f"the body is {said!r}; send multipart/form-data with a file in it")
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise InvalidOrder("the multipart/form-data body names no boundary")
    form = _Form()
    with await asyncio.to_thread(path.open, "xb") as file:
        await in_time(_read(request, form, boundary, file))
    return form.upload


def too_large() -> TooLarge:
    """Say that a file is larger than any that is taken."""
    return TooLarge(f"the file is larger than {VIDEO_BYTES >> 20} MiB, the most allowed")


async def _read(request: Request, form: _Form, boundary: bytes, file: BinaryIO) -> None:
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
            if len(form.waiting) >= _GULP:
                await asyncio.to_thread(file.write, form.take())
    except (FormParserError, UnicodeError) as error:
        message = f"the multipart/form-data body cannot be read: {error}"
        raise InvalidOrder(message) from error
    if not form.ended:
        raise InvalidOrder("the multipart/form-data body ends before its last boundary")
    if not form.has_file:
        raise InvalidOrder("file is required: a form with a file named so", _FILE)
    await asyncio.to_thread(file.write, form.take())


class _Form:
    """Listens to the parser; what belongs to the file waits here to be written."""

    def __init__(self) -> None:
        self.upload = Upload()
        self.waiting = bytearray()
        self.ended = self.has_file = False
        self._size = self._parts = self._field_bytes = 0
        self._name, self._value = bytearray(), bytearray()  # of the header that is being read
        self._disposition = b""
        self._field: str | None = None  # whose value is being read; None for the file's
        self._text = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """Say what the parser is to call."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._read_name,
            "on_header_value": self._read_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_head,
            "on_part_data": self._read_part,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def take(self) -> bytes:
        """Take what waits to be written."""
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InvalidOrder(f"the form has more than {_MOST_PARTS} parts; it needs one file")
        self._disposition = b""

    def _read_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _end_head(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self._text.clear()
        if name != _FILE:
            if b"filename" in options:
                raise InvalidOrder(f"the file must be named file, not {name[:99]!r}", _FILE)
            self._field = name
            return
        if self.has_file:
            raise InvalidOrder("one file is taken at a time; send the others by themselves", _FILE)
        self._field, self.has_file = None, True
        self.upload.filename = _plain(options.get(b"filename", b""))

    def _read_part(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self._field_bytes += end - start
            if self._field_bytes > _FIELD_BYTES:
                message = f"the fields beside the file have more than {_FIELD_BYTES} bytes"
                raise InvalidOrder(message)
            self._text += data[start:end]
            return
        self._size += end - start
        if self._size > VIDEO_BYTES:
            raise too_large()
        self.waiting += data[start:end]

    def _end_part(self) -> None:
        if self._field is not None:
            self.upload.fields[self._field] = self._text.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True


def _plain(filename: bytes) -> str:
    """Read a file name: without folders, and without what no database and no header can hold."""
    text = filename.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return _UNWRITABLE.sub("", text)[-FILENAME_CHARACTERS:] or "upload"
