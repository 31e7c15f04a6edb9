"""The routes of files: what they take, what they answer, and the shapes of it."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.files import MOST_LISTED, show_file
from kinetoscope.api.reference.curl import Curl
from kinetoscope.api.reference.good import good, headers_of
from kinetoscope.api.reference.parameters import READING
from kinetoscope.api.reference.refusals import BAD_RANGE, refused
from kinetoscope.api.reference.schemas import ref
from kinetoscope.assets.inspect import IMAGE_BYTES, IMAGES, VIDEO_BYTES, VIDEOS
from kinetoscope.domain import errors
from kinetoscope.domain.file import (
    FILENAME_CHARACTERS,
    LEAST_SECONDS,
    MOST_SECONDS,
    PURPOSES,
    File,
)

Json = dict[str, Any]

FILES = "Files"
TAG = {FILES: "Images and videos that are sent once and named in many requests, by `file_id`."}

_FILE = "file_019f3c1a7be2c0d94e5f60718293a4b5"
_TYPES = (*sorted(IMAGES), *sorted(VIDEOS))
_TIME: Json = {"type": "integer", "description": "Unix time, in seconds."}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TEXT: Json = {"type": "string"}
_PURPOSE: Json = {"type": "string", "enum": list(PURPOSES)}
_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of the file, as it was answered.",
    "schema": _TEXT,
}
_HEADERS = ("ETag", "Accept-Ranges", "Content-Length", "Content-Disposition", "Cache-Control")
_FINDS = (errors.Unauthenticated, errors.NotFound)


def file_paths() -> Json:
    """Give the path items of the routes of files."""
    return {
        "/v1/files": {"post": _upload(), "get": _list()},
        "/v1/files/{id}": {"get": _get(), "delete": _delete()},
        "/v1/files/{id}/content": {"get": _content()},
    }


def file_schemas() -> Json:
    """Describe the answers of the routes of files."""
    measures = {
        "media_type": {"type": "string", "enum": list(_TYPES)},
        "width": _COUNT,
        "height": _COUNT,
        "seconds": {"type": ["number", "null"], "description": "The length of a video."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    file = {
        "id": {"type": "string", "description": "What `file_id` names in a request."},
        "object": {"const": "file"},
        "bytes": _COUNT,
        "created_at": _TIME,
        "expires_at": _TIME,
        "filename": {"type": "string", "maxLength": FILENAME_CHARACTERS},
        "purpose": _PURPOSE,
        "status": {"const": "processed"},
        "metadata": _object(measures, "What the file is by its bytes."),
    }
    page = {
        "object": {"const": "list"},
        "data": {"type": "array", "items": ref("File")},
        "has_more": {"type": "boolean"},
        "first_id": {"type": ["string", "null"]},
        "last_id": {"type": ["string", "null"]},
    }
    deleted = {"id": _TEXT, "object": {"const": "file"}, "deleted": {"const": True}}
    return {
        "File": _object(file, "An image or a video that the account keeps."),
        "FileList": _object(page, "A page of files."),
        "FileDeleted": _object(deleted, "A file that is gone."),
    }


def file_samples() -> Json:
    """Give the examples of answers."""
    shown = show_file(
        File(
            id=_FILE,
            account_id="acct_example",
            filename="fox.png",
            purpose=PURPOSES[0],
            media_type="image/png",
            size=734_003,
            sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            width=1280,
            height=720,
            seconds=None,
            created_at=1_790_000_000,
            expires_at=1_790_000_000 + MOST_SECONDS,
        )
    )
    page = {"object": "list", "data": [shown], "has_more": False}
    return {
        "file": {"summary": "A file", "value": shown},
        "files": {"summary": "A page", "value": {**page, "first_id": _FILE, "last_id": _FILE}},
        "file_deleted": {
            "summary": "Deleted",
            "value": {"id": _FILE, "object": "file", "deleted": True},
        },
    }


def _upload() -> Json:
    seconds = {"type": "integer", "minimum": LEAST_SECONDS, "maximum": MOST_SECONDS}
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {
                "type": "string",
                "contentMediaType": "application/octet-stream",
                "description": f"A PNG, JPEG or WebP of at most {IMAGE_BYTES >> 20} MiB, or an MP4"
                f" of at most {VIDEO_BYTES >> 20} MiB.",
            },
            "purpose": {
                **_PURPOSE,
                "default": PURPOSES[0],
                "description": "What OpenAI's clients say; it makes no difference here.",
            },
            "expires_after[anchor]": {"const": "created_at"},
            "expires_after[seconds]": {
                **seconds,
                "description": "How long to keep it; 30 days unless said otherwise.",
            },
        },
    }
    encoding = {"file": {"contentType": ", ".join(_TYPES)}}
    kinds = (errors.InvalidOrder, errors.Unauthenticated, errors.FilesFull, errors.TooLarge)
    return {
        "operationId": "createFile",
        "tags": [FILES],
        "summary": "Upload a file",
        "description": "Keeps an image or a video, checked as any input is. A request names it as"
        ' `{"file_id": …}` wherever it could name an address; a task that was accepted needs'
        " it no more.",
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": form, "encoding": encoding}},
        },
        "responses": {**good("File", "file"), **refused(*kinds, errors.UnsupportedBody)},
        "x-codeSamples": [
            Curl(path="/v1/files", form={"purpose": PURPOSES[0], "file": "@fox.png"}).sample
        ],
    }


def _list() -> Json:
    order = {"type": "string", "enum": ["desc", "asc"], "default": "desc"}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": MOST_LISTED}
    return {
        "operationId": "listFiles",
        "tags": [FILES],
        "summary": "List files",
        "description": "Answers the account's files, newest first.",
        "parameters": [
            _query("after", "The `last_id` of the page before.", _TEXT),
            _query("limit", "How many to answer at most.", limit),
            _query("order", "Newest first, or oldest first.", order),
            _query("purpose", "Only those of this purpose.", _PURPOSE),
        ],
        "responses": {
            **good("FileList", "files"),
            **refused(errors.InvalidOrder, errors.Unauthenticated),
        },
        "x-codeSamples": [Curl(path="/v1/files?limit=10").sample],
    }


def _get() -> Json:
    return {
        "operationId": "getFile",
        "tags": [FILES],
        "summary": "Get a file",
        "description": "Answers what is known of a file.",
        "parameters": [_ID],
        "responses": {**good("File", "file"), **refused(*_FINDS)},
        "x-codeSamples": [Curl(path="/v1/files/$FILE").sample],
    }


def _delete() -> Json:
    return {
        "operationId": "deleteFile",
        "tags": [FILES],
        "summary": "Delete a file",
        "description": "Removes a file. Tasks that were accepted with it are not touched.",
        "parameters": [_ID],
        "responses": {**good("FileDeleted", "file_deleted"), **refused(*_FINDS)},
        "x-codeSamples": [Curl(verb="DELETE", path="/v1/files/$FILE").sample],
    }


def _content() -> Json:
    bytes_of = {each: {"schema": {"type": "string", "contentMediaType": each}} for each in _TYPES}
    return {
        "operationId": "downloadFile",
        "tags": [FILES],
        "summary": "Download a file",
        "description": "Answers the bytes as they were sent.",
        "parameters": [_ID, *READING],
        "responses": {
            "200": {
                "description": "The whole file.",
                "headers": headers_of(_HEADERS),
                "content": bytes_of,
            },
            "206": {
                "description": "The part that `Range` asked for.",
                "headers": headers_of((*_HEADERS, "Content-Range")),
                "content": bytes_of,
            },
            "304": {
                "description": "The file that the caller has is still the one.",
                "headers": headers_of(("ETag",)),
            },
            **refused(*_FINDS, more=(BAD_RANGE,)),
        },
        "x-codeSamples": [Curl(path="/v1/files/$FILE/content", options=("-o fox.png",)).sample],
    }


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _object(properties: Json, description: str) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }
