"""From the fields of a request to an order: every alias and every shape is here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import msgspec
from starlette.datastructures import UploadFile

from kinetoscope.api.body import Fields
from kinetoscope.api.door import is_id
from kinetoscope.db.ids import from_uuid
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import (
    ASPECT_RATIOS,
    AUTO,
    LIMITS,
    MOST_SEED,
    PIXELS,
    Operation,
    Order,
    Source,
    Tier,
)

_DURATION = ("duration", "seconds")
_IMAGES = ("image", "images", "image_url", "image_urls", "input_reference", "reference_images")
VIDEO_NAMES = ("video", "videos", "video_url")
_CHOICES = ("operation", "input_video_seconds", "seed", "generate_audio")
_PLAIN = ("model", "prompt", "size", "resolution", "aspect_ratio", "webhook_url", *_CHOICES)
_KNOWN = frozenset((*_DURATION, *_IMAGES, *VIDEO_NAMES, *_PLAIN, "extra_body"))
_KNOWN_INSIDE = _KNOWN - {"extra_body"}
_LISTS = frozenset(("images", "image_urls", "videos", "reference_images"))
_MOST_SOURCES = 64  # of one name, before they are counted by the operation's own limit
_LONGEST_NAME = 100
_MOST_SECONDS = 999_999_999  # that can be said, whatever an operation allows
_MOST_LISTED = 64  # names that mean nothing here

_DIGITS = re.compile(r"[0-9]{1,9}")
_LONG_DIGITS = re.compile(r"[0-9]{1,10}")
_WORDS: Mapping[str, object] = {"true": True, "false": False}
_PIXELS = re.compile(r"([0-9]{2,5})x([0-9]{2,5})")
_SHAPE_TOLERANCE = 0.015  # 854x480 is 16:9 as well
_COPY = 1 << 20
_FILE = "file_"  # what the ids of files begin with, and no address


def read_order(fields: Fields, default_model: str, forced: Operation | None = None) -> Order:
    """Read an order from *fields*, or raise InvalidOrder naming the field and what is allowed.

    *forced* is the operation of a route that knows no other.
    """
    reader = _Reader(fields)
    images, video = reader.sources(_IMAGES), reader.video()
    duration = reader.duration()
    operation = reader.operation(forced) or _infer(images, video, duration)
    takes_text = not LIMITS[operation].video
    tier, ratio, size = reader.picture(shaped=takes_text)
    if takes_text and tier is None:
        tier, size = Tier.P480, Tier.P480.value
    if takes_text and ratio is None:
        ratio = AUTO if operation is Operation.IMAGE else "16:9"
    return Order(
        model=reader.text("model") or default_model,
        operation=operation,
        prompt=reader.text("prompt") or "",
        duration=duration,
        tier=tier,
        ratio=ratio,
        size=size,
        images=images,
        video=video,
        input_video_seconds=reader.input_video_seconds(),
        seed=reader.seed(),
        sound=reader.sound(),
        webhook_url=reader.text("webhook_url") or None,
        ignored=reader.unknown(),
    )


def fingerprint(order: Order) -> str:
    """Hash what was asked, so that the same request is known again whatever its bytes were."""
    asked = [
        order.model,
        order.operation,
        order.prompt,
        order.duration,
        order.size,
        order.ratio,
        order.input_video_seconds,
        order.seed,
        order.sound,
        [_named(each) for each in order.images],
        order.video and _named(order.video),
    ]
    if order.webhook_url is not None:  # added later: without it a request is the one it was before
        asked.append(order.webhook_url)
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def listed(names: Iterable[str]) -> tuple[str, ...]:
    """Shorten the *names* of what is ignored to what an answer has room for."""
    short = [name[:_LONGEST_NAME] for name in names]
    if more := len(short[_MOST_LISTED:]):
        short[_MOST_LISTED:] = [f"… and {more} more"]
    return tuple(short)


def _named(source: Source) -> tuple[str | None, ...]:
    kept = (source.file_id,) if source.file_id else ()
    return (source.url, source.digest, source.task_id, *kept)


def _infer(images: tuple[Source, ...], video: Source | None, duration: int | None) -> Operation:
    if images and video:
        message = "image and video were both given, and no operation takes both; leave one out"
        raise InvalidOrder(message, "video")
    if video:
        return Operation.EDIT if duration is None else Operation.EXTEND
    if not images:
        return Operation.TEXT
    return Operation.IMAGE if len(images) == 1 else Operation.REFERENCE


@dataclass(slots=True)
class _Reader:
    """Reads fields at the top level and in ``extra_body``, where some clients put them."""

    fields: Fields
    extra: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        extra = self.fields.get("extra_body")
        if isinstance(extra, str):  # a form field that holds JSON
            try:
                extra = msgspec.json.decode(extra)
            except (msgspec.DecodeError, RecursionError) as error:
                raise InvalidOrder("extra_body is not JSON", "extra_body") from error
        if extra is not None and not isinstance(extra, dict):
            raise InvalidOrder("extra_body must be an object", "extra_body")
        self.extra = extra or {}

    def value(self, name: str) -> Any:  # noqa: ANN401 - whatever the caller sent
        """Get a field from either place; two different values are an error."""
        top, nested = self.fields.get(name), self.extra.get(name)
        if top is None or nested is None:
            return nested if top is None else top
        if _plain(top) != _plain(nested):
            message = f"{name} and extra_body.{name} differ; give one of them"
            raise InvalidOrder(message, name)
        return top

    def text(self, name: str) -> str | None:
        """Get a string."""
        value = self.value(name)
        if value is not None and not isinstance(value, str):
            raise InvalidOrder(f"{name} must be a string", name)
        return value

    def operation(self, forced: Operation | None) -> Operation | None:
        """Get the operation by its name; *forced* is the only one that will do, if there is one."""
        name = self.text("operation")
        if name is None or name == forced:
            return forced
        if forced is not None:
            raise InvalidOrder(f"this route takes no operation but {forced}", "operation")
        try:
            return Operation(name)
        except ValueError as error:
            allowed = ", ".join(Operation)
            message = f"operation {name[:_LONGEST_NAME]!r} is unknown; use one of {allowed}"
            raise InvalidOrder(message, "operation") from error

    def duration(self) -> int | None:
        """Get the seconds asked for, under one of two names."""
        given = [name for name in _DURATION if self.value(name) is not None]
        if len(given) > 1:
            message = "duration and seconds mean the same; give one of them"
            raise InvalidOrder(message, "seconds")
        return _whole(self.value(given[0]), given[0]) if given else None

    def input_video_seconds(self) -> int | None:
        """Get the caller's estimate of the length of the video."""
        value = self.value("input_video_seconds")
        seconds = None if value is None else _whole(value, "input_video_seconds")
        if seconds == 0:
            message = "input_video_seconds must be 1 or more whole seconds"
            raise InvalidOrder(message, "input_video_seconds")
        return seconds

    def seed(self) -> int | None:
        """Get the number that makes the same request the same film again."""
        value = self.value("seed")
        if isinstance(value, str) and _LONG_DIGITS.fullmatch(value):
            value = int(value)
        if value is None or (type(value) is int and 0 <= value <= MOST_SEED):
            return value
        raise InvalidOrder(f"seed must be a whole number from 0 to {MOST_SEED}", "seed")

    def sound(self) -> bool | None:
        """Get whether the film is to have sound; a form says so in a word."""
        value = self.value("generate_audio")
        value = _WORDS.get(value.lower(), value) if isinstance(value, str) else value
        if value is None or isinstance(value, bool):
            return value
        raise InvalidOrder("generate_audio must be true or false", "generate_audio")

    def picture(self, *, shaped: bool) -> tuple[Tier | None, str | None, str]:
        """Get tier, aspect ratio and the caller's own word for the size.

        A size in pixels says the aspect ratio as well where the picture is *shaped* by the order.
        """
        size, ratio = self.text("size"), self.text("aspect_ratio")
        if ratio is not None and ratio not in (*ASPECT_RATIOS, AUTO):
            allowed = ", ".join((*ASPECT_RATIOS, AUTO))
            message = f"aspect_ratio {ratio[:_LONGEST_NAME]!r} is unknown; use one of {allowed}"
            raise InvalidOrder(message, "aspect_ratio")
        tier = self.resolution()
        if size is None:
            return tier, ratio, tier.value if tier else ""
        name = size.strip().lower()
        found, shape = (Tier(name), None) if name in set(Tier) else _read_pixels(size, name)
        if tier not in (None, found):
            message = f"size {name} is {found}, and resolution says {tier}; give one of them"
            raise InvalidOrder(message, "resolution")
        if shape is None or not shaped:
            return found, ratio, name
        if ratio not in (None, shape):
            message = f"size {name} is {shape}, and aspect_ratio says {ratio}; give one of them"
            raise InvalidOrder(message, "aspect_ratio")
        return found, shape, name

    def resolution(self) -> Tier | None:
        """Get the tier by the name that xAI gives it."""
        value = self.text("resolution")
        if value is None:
            return None
        name = value.strip().lower()
        if name in set(Tier):
            return Tier(name)
        message = f"resolution {value[:_LONGEST_NAME]!r} is not made here; use {' or '.join(Tier)}"
        raise InvalidOrder(message, "resolution")

    def sources(self, names: Iterable[str]) -> tuple[Source, ...]:
        """Get the images or the video under any of their names, which must agree."""
        found: tuple[Source, ...] = ()
        found_as = ""
        for name in names:
            value = self.value(name)
            if value is None:
                continue
            sources = _sources(value, name)
            if found and sources and sources != found:
                message = f"{found_as} and {name} differ; give one of them"
                raise InvalidOrder(message, name)
            if sources and not found:
                found, found_as = sources, name
        return found

    def video(self) -> Source | None:
        """Get the one video."""
        found = self.sources(VIDEO_NAMES)
        if len(found) > 1:
            raise InvalidOrder(f"one video is allowed; {len(found)} were given", "videos")
        return found[0] if found else None

    def unknown(self) -> tuple[str, ...]:
        """List the names that mean nothing here."""
        top = [name for name in self.fields if name not in _KNOWN]
        nested = [f"extra_body.{name}" for name in self.extra if name not in _KNOWN_INSIDE]
        return listed(top + nested)


def _whole(value: object, name: str) -> int:
    """Read a whole number, or a string of decimal digits."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_SECONDS:
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    message = f'{name} must be a whole number of seconds, such as 6 or "6"'
    raise InvalidOrder(message, name)


def _read_pixels(size: str, name: str) -> tuple[Tier, str]:
    match = _PIXELS.fullmatch(name)
    if match is not None:
        width, height = int(match[1]), int(match[2])
        for (tier, ratio), (wide, high) in PIXELS.items():
            near = abs(width / height / (wide / high) - 1) <= _SHAPE_TOLERANCE
            if near and min(width, height) == tier.short_side:
                return tier, ratio
    sizes = ", ".join(f"{wide}x{high}" for wide, high in PIXELS.values())
    message = f"size {size[:_LONGEST_NAME]!r} is not made here; use 480p, 720p or one of {sizes}"
    raise InvalidOrder(message, "size")


def _sources(value: object, name: str) -> tuple[Source, ...]:
    """Read one source or a list of them."""
    if value is None:
        return ()
    if not isinstance(value, list):
        if name in _LISTS and not isinstance(value, UploadFile):
            raise InvalidOrder(f"{name} must be a list", name)
        return (_source(value, name),)
    if len(value) > _MOST_SOURCES:
        raise InvalidOrder(f"{name} has {len(value)} elements; that is too many", name)
    return tuple(_source(each, f"{name}[{number}]") for number, each in enumerate(value))


def _source(value: object, name: str) -> Source:
    """Read an address, an upload, or an object that has one of them."""
    if isinstance(value, UploadFile):
        return Source(upload=value.file, digest=_digest(value.file))
    if isinstance(value, str):
        is_file = value.startswith(_FILE) and is_id(value)
        return Source(file_id=value) if is_file else Source(url=_address(value, name))
    if isinstance(value, dict):
        for key, read in _OBJECTS.items():
            inner = value.get(key)
            if isinstance(inner, dict):
                inner = inner.get("url")
            if isinstance(inner, str):
                return read(inner, name)
            if isinstance(inner, UploadFile):
                return _source(inner, name)
    message = (
        f'{name} must be an address (http, https or data:), {{"url": …}}, {{"file_id": …}} or an'
        " uploaded file"
    )
    raise InvalidOrder(message, name)


def _by_address(value: str, name: str) -> Source:
    return Source(url=_address(value, name))


def _by_id(value: str, name: str) -> Source:
    value = from_uuid("task", value) or value
    if not is_id(value):
        raise InvalidOrder(f"{name}.id must be the id of a video made here", name)
    return Source(file_id=value) if value.startswith(_FILE) else Source(task_id=value)


def _by_file_id(value: str, name: str) -> Source:
    if not is_id(value):
        message = f"{name}.file_id must be the id of a file, as POST /v1/files answered it"
        raise InvalidOrder(message, name)
    return Source(file_id=value)


_OBJECTS: Mapping[str, Callable[[str, str], Source]] = {
    "url": _by_address,
    "image_url": _by_address,
    "video_url": _by_address,
    "file_id": _by_file_id,
    "id": _by_id,
}


def _address(value: str, name: str) -> str:
    address = value.strip()
    scheme = address.partition(":")[0].lower()
    if scheme not in ("http", "https", "data"):
        message = f"{name} must be an http, https or data: address, or an uploaded file"
        raise InvalidOrder(message, name)
    return address


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_COPY):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _plain(value: object) -> object:
    """Let ``6`` and ``"6"`` be the same, as they are to us."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
