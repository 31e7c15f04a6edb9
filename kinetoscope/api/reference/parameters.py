"""What stands in the path, the query and the headers of requests."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.account import MOST_ENTRIES
from kinetoscope.api.pages import MOST_LISTED
from kinetoscope.api.videos import MOST_PATIENCE
from kinetoscope.assets.stills import (
    FRAME_WIDTH,
    MOST_COLUMNS,
    MOST_FRAMES,
    THUMBNAIL_SIDE,
    Still,
)
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import Status

Json = dict[str, Any]

LONGEST_IDEMPOTENCY_KEY = 255
_PAGE = 20
_LONGEST_TIME = 10**12 - 1

ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of the video, as it was answered.",
    "schema": {"type": "string"},
}
IDEMPOTENCY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A name for this request, for 24 hours: the same again answers the first task"
    " and costs nothing more. `X-Idempotency-Key` is the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_IDEMPOTENCY_KEY},
}
VARIANT: Json = {
    "name": "variant",
    "in": "query",
    "description": "Which file: the MP4, a WebP `thumbnail` of at most"
    f" {THUMBNAIL_SIDE} pixels a side, or a JPEG `spritesheet` of a frame a second, at most"
    f" {MOST_FRAMES}, in rows of {MOST_COLUMNS}, each {FRAME_WIDTH} pixels wide; its header"
    " `x-spritesheet` says how many and how large they are.",
    "schema": {"type": "string", "enum": ["video", *Still], "default": "video"},
}
EXPIRES: Json = {
    "name": "expires",
    "in": "query",
    "description": "A part of a signed link: until when it is good, as Unix time.",
    "schema": {"type": "integer", "minimum": 0, "maximum": _LONGEST_TIME},
}


def _header(name: str, description: str, example: str) -> Json:
    schema = {"type": "string", "examples": [example]}
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


LAST_EVENT: Json = _header("Last-Event-ID", "The `id` of the last event that was heard.", "1-40")
WAIT: Json = _query(
    "wait",
    "Hold the answer until `status` or `progress` changes, for so many seconds at most.",
    {"type": "integer", "minimum": 0, "maximum": MOST_PATIENCE, "default": 0},
)


def _several(name: str, description: str, values: list[str]) -> Json:
    schema = {"type": "array", "items": {"type": "string", "enum": values}}
    return {**_query(name, description, schema), "style": "form", "explode": False}


def _limit(most: int) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": _PAGE}
    return _query("limit", "How many to answer at most.", schema)


def _time(name: str, description: str) -> Json:
    schema = {"type": "integer", "minimum": 0, "maximum": _LONGEST_TIME}
    return _query(name, description, schema)


_DAY: Json = {"type": "string", "format": "date", "examples": ["2026-01-31"]}

READING: list[Json] = [
    _header("Range", "One range of bytes; the answer is 206.", "bytes=0-1023"),
    _header(
        "If-None-Match",
        "An `ETag`; the answer is 304 if it is still the one.",
        '"9f86d081884c7d65"',
    ),
    _header(
        "If-Range", "An `ETag`; `Range` counts only if it is still the one.", '"9f86d081884c7d65"'
    ),
]
LIST: list[Json] = [
    _query("after", "The `last_id` of the page before.", {"type": "string"}),
    _limit(MOST_LISTED),
    _query(
        "order",
        "Newest first, or oldest first.",
        {"type": "string", "enum": ["desc", "asc"], "default": "desc"},
    ),
    _several("status", "One status, or several with commas.", [each.value for each in Status]),
    _several(
        "operation", "One operation, or several with commas.", [each.value for each in Operation]
    ),
    _time("created_after", "A Unix time: made then or later."),
    _time("created_before", "A Unix time: made before."),
]
DAYS: list[Json] = [
    _query("from", "The first day (UTC).", _DAY),
    _query("to", "The last day (UTC).", _DAY),
]
FORMAT: Json = _query(
    "format",
    "What to answer; the header `Accept: text/csv` asks for CSV as well.",
    {"type": "string", "enum": ["json", "csv"], "default": "json"},
)
LEDGER_PAGE: list[Json] = [
    _query(
        "after", "The `last_id` of the page before.", {"type": "string", "pattern": "^[0-9]{1,18}$"}
    ),
    _limit(MOST_ENTRIES),
]
