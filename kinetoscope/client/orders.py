"""From what a caller wishes to requests: pure, and the same for both clients."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypedDict

from kinetoscope.client.errors import InvalidUse
from kinetoscope.client.values import Video

Source = str | Path | bytes | IO[bytes]
"""An address (``http(s)://…``, ``data:…``), a file as Path, bytes or binary file object."""

VIDEOS = "/v1/videos"
QUICK_SECONDS, UPLOAD_SECONDS, DOWNLOAD_SECONDS = 60.0, 900.0, 3600.0
_ADDRESSES = ("http://", "https://", "data:")
_TASK = "task_"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_LARGEST = 100 << 20
_LONGEST_KEY = 255
_PART = "input", "application/octet-stream"  # the service looks at the bytes


class Options(TypedDict, total=False):
    """What may be said of a video beside its prompt; the service has a default for the most.

    *image*, *images* and *video* are sources; *video* may also be an earlier video or its id.
    """

    model: str | None
    duration: int | None
    size: str | None
    aspect_ratio: str | None
    image: Source | None
    images: tuple[Source, ...] | list[Source] | None
    video: Source | Video | None
    operation: str | None
    seed: int | None
    generate_audio: bool | None


class Filters(TypedDict, total=False):
    """Which videos a list has; times are Unix times."""

    status: str | None
    operation: str | None
    order: str | None
    created_after: int | None
    created_before: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent as often as it takes.

    The answer goes into the file *save*, if there is one, and has *most_bytes* at most.
    """

    verb: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    parts: tuple[tuple[str, str | bytes | Path], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = QUICK_SECONDS
    save: Path | None = None
    most_bytes: int = 0

    @contextmanager
    def opened(self) -> Iterator[dict[str, Any]]:
        """Yield what httpx2 is told of it, with the files open."""
        told: dict[str, Any] = {"params": self.query or None, "json": self.json}
        if not self.parts:
            yield told
            return
        name, kind = _PART
        with ExitStack() as stack:
            texts: dict[str, list[str]] = {}
            files: list[tuple[str, tuple[str, bytes | IO[bytes], str]]] = []
            for field_name, value in self.parts:
                match value:
                    case str():
                        texts.setdefault(field_name, []).append(value)
                    case bytes():
                        files.append((field_name, (name, value, kind)))
                    case _:
                        opened = stack.enter_context(value.open("rb"))
                        files.append((field_name, (name, opened, kind)))
            yield told | {"data": texts, "files": files}


def create(prompt: str, options: Options, idempotency_key: str | None) -> Request:
    """Ask for a video; the key of the request makes sure that it is made once."""
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        message = f"an idempotency_key has 1 to {_LONGEST_KEY} plain characters"
        raise InvalidUse(message)
    return _order(VIDEOS, prompt, options, {"Idempotency-Key": key})


def quote(prompt: str, options: Options) -> Request:
    """Ask what a video would cost."""
    return _order(f"{VIDEOS}/quote", prompt, options, {})


def of_video(verb: str, video: str | Video, end: str = "") -> Request:
    """Ask for something about one video."""
    return Request(verb, f"{VIDEOS}/{id_of(video)}{end}")


def download(video: Video, part: Path) -> Request:
    """Ask for the file of a video, to be saved as *part*."""
    most = video.output.bytes if video.output else 0
    return Request(
        "GET",
        f"{VIDEOS}/{id_of(video)}/content",
        seconds=DOWNLOAD_SECONDS,
        save=part,
        most_bytes=most,
    )


def page(filters: Filters, after: str | None, limit: int) -> Request:
    """Ask for the videos that follow *after*."""
    query = {**filters, "after": after, "limit": limit}
    return Request("GET", VIDEOS, _texts(query))


def about_account(what: str, **query: str | None) -> Request:
    """Ask for the balance, the usage or the models of an account."""
    return Request("GET", f"/v1/{what}", _texts(query))


def id_of(video: str | Video) -> str:
    """Tell the id of a video, or raise InvalidUse if it cannot be one."""
    found = video.id if isinstance(video, Video) else video
    if not _ID.fullmatch(found):
        message = f"{found[:100]!r} is no id of a video; one looks like task_…"
        raise InvalidUse(message)
    return found


def _order(path: str, prompt: str, options: Options, headers: Mapping[str, str]) -> Request:
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        message = "the prompt holds half a character (a lone surrogate), which cannot be sent"
        raise InvalidUse(message) from error
    image, images = options.get("image"), options.get("images") or ()
    if image is not None and images:
        message = "give image or images, not both"
        raise InvalidUse(message)
    sources: list[tuple[str, str | bytes | Path]] = []
    pictures = tuple(images) if image is None else (image,)
    name = "image" if len(pictures) == 1 else "images[]"
    sources += [(name, _source(each)) for each in pictures]
    if (video := options.get("video")) is not None:
        sources.append(_video(video))
    fields = {
        each: value
        for each, value in options.items()
        if value is not None and each not in ("image", "images", "video")
    }
    if all(isinstance(value, str) for _, value in sources):
        body = {"prompt": prompt, **fields, **_nested(sources)}
        return Request("POST", path, json=body, headers=headers)
    texts = [(each, _text(value)) for each, value in fields.items()]
    parts = (("prompt", prompt), *texts, *sources)
    return Request("POST", path, parts=parts, headers=headers, seconds=UPLOAD_SECONDS)


def _nested(sources: list[tuple[str, str | bytes | Path]]) -> dict[str, Any]:
    """Say in JSON what the names of a form say with brackets."""
    said: dict[str, Any] = {}
    for name, value in sources:
        match name:
            case "images[]":
                said.setdefault("images", []).append(value)
            case "video[id]":
                said["video"] = {"id": value}
            case _:
                said[name] = value
    return said


def _video(video: Source | Video) -> tuple[str, str | bytes | Path]:
    if isinstance(video, Video):
        return "video[id]", id_of(video)
    if isinstance(video, str) and video.startswith(_TASK):
        return "video[id]", id_of(video)
    return "video", _source(video)


def _source(source: Source) -> str | bytes | Path:
    match source:
        case str():
            if not source.startswith(_ADDRESSES):
                message = (
                    f"{source[:100]!r} is no address (http://, https:// or data:);"
                    " for a file on this machine, give a Path"
                )
                raise InvalidUse(message)
            return source
        case Path():
            if not source.is_file():
                message = f"there is no file {source}"
                raise InvalidUse(message)
            return source
        case bytes():
            return source
        case _:
            return _contents(source)


def _contents(file: IO[bytes]) -> bytes:
    """Read a file object to its end: it may have to be sent again, and not all can go back."""
    read: object = file.read(_LARGEST + 1)
    if not isinstance(read, bytes):
        message = "a file that is uploaded must be opened in binary mode: open(path, 'rb')"
        raise InvalidUse(message)
    if len(read) > _LARGEST:
        message = f"no input may be larger than {_LARGEST >> 20} MiB"
        raise InvalidUse(message)
    return read


def _texts(query: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in query.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
