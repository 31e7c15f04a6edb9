"""What a file is: its bytes decide, whatever its name or its sender says.

Decoders have faults, and strangers look for them. So a glance at the first bytes happens here, and
decoding in a child process that has little memory, little time and none of our secrets.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinetoscope.assets.child import run
from kinetoscope.domain.errors import InvalidOrder

IMAGE_BYTES = 10 * 2**20
VIDEO_BYTES = 100 * 2**20
IMAGES = frozenset({"image/png", "image/jpeg", "image/webp"})
VIDEOS = frozenset({"video/mp4", "video/quicktime"})

_PICTURES, _FILMS = "PNG, JPEG and WebP", "MP4 with H.264, H.265 or AV1"
_HEAD_BYTES = 64
WALL_SECONDS = 20.0
_AT_ONCE = 2
_PROBE = Path(__file__).with_name("probe.py")
_CHILDREN = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="inspect")

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"OggS", "application/ogg"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"<svg", "image/svg+xml"),
    (0, b"<?xml", "application/xml"),
    (0, b"<!DOCTYPE html", "text/html"),
    (0, b"<html", "text/html"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS = {  # of files that begin like an MP4; all others are video
    b"qt  ": "video/quicktime",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"crx ": "image/x-canon-cr3",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4P ": "audio/mp4",
}


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image: its true media type, and its pixels as it is displayed."""

    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """A video: pixels as displayed, and *seconds* from its first picture to the end of its last.

    *fps* is the mean; *codec* is ``h264``, ``hevc`` or ``av1``.
    """

    media_type: str
    width: int
    height: int
    seconds: float
    fps: float
    has_audio: bool
    codec: str


def sniff(head: bytes) -> str | None:
    """Tell the media type of a file from its first 16 *head* bytes, or None."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    for offset, magic, media_type in _MAGIC:
        if head.startswith(magic, offset):
            return media_type
    return None


async def inspect_any(path: Path, *, param: str) -> ImageFacts | VideoFacts:
    """Decode the image or the video at *path*, or raise InvalidOrder naming field *param*."""
    head = await asyncio.to_thread(_head, path)
    media_type = sniff(head)
    if media_type in IMAGES:
        return await inspect_image(path, param=param)
    if media_type in VIDEOS:
        return await inspect_video(path, param=param)
    seems = f"{media_type} by its bytes" if media_type else "of no kind that we know"
    seems = seems if head else "empty"
    raise InvalidOrder(f"the file is {seems}; {_PICTURES} are allowed, and {_FILMS}", param)


async def inspect_image(path: Path, *, param: str) -> ImageFacts:
    """Decode the image at *path*, or raise InvalidOrder saying what is wrong with field *param*."""
    asked = _Question(path, "image", IMAGES, IMAGE_BYTES, f"{_PICTURES} are allowed", param)
    media_type, facts = await _answer(asked)
    return ImageFacts(media_type, **facts)


async def inspect_video(path: Path, *, param: str, seconds: float = WALL_SECONDS) -> VideoFacts:
    """Decode the video at *path*, or raise InvalidOrder saying what is wrong with field *param*.

    It may take *seconds*.
    """
    asked = _Question(path, "video", VIDEOS, VIDEO_BYTES, f"{_FILMS} is allowed", param)
    media_type, facts = await _answer(asked, seconds)
    return VideoFacts(media_type, **facts)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


@dataclass(frozen=True, slots=True)
class _Question:
    path: Path
    noun: str
    kinds: frozenset[str]
    most_bytes: int
    allowed: str
    param: str

    def wrong(self, what: str) -> InvalidOrder:
        return InvalidOrder(f"the {self.noun} {what}", self.param)

    def glance(self) -> str:
        """Tell the media type from the size and the first bytes, or raise InvalidOrder."""
        with self.path.open("rb") as file:
            size, head = os.fstat(file.fileno()).st_size, file.read(_HEAD_BYTES)
        if not size:
            raise self.wrong(f"is an empty file; {self.allowed}")
        if size > self.most_bytes:
            limit = f"at most {self.most_bytes // 2**20} MiB ({self.most_bytes:,} bytes)"
            raise self.wrong(f"has {size:,} bytes; {limit} are allowed")
        media_type = sniff(head)
        if media_type not in self.kinds:
            seems = f"{media_type} by its bytes" if media_type else "of no kind that we know"
            raise self.wrong(f"is {seems}; {self.allowed}")
        return media_type


async def _answer(asked: _Question, seconds: float = WALL_SECONDS) -> tuple[str, Mapping[str, Any]]:
    media_type = await asyncio.to_thread(asked.glance)
    kind = "video/mp4" if media_type in VIDEOS else media_type
    ended = await run(_CHILDREN, _PROBE, (kind, str(asked.path.absolute())), seconds)
    if ended.status is None:
        raise asked.wrong("takes too long to decode; send it at a smaller size")
    if ended.status:
        raise asked.wrong(f"cannot be decoded: its file is damaged or truncated; {asked.allowed}")
    answer: dict[str, Any] = json.loads(ended.output)
    if "wrong" in answer:
        raise asked.wrong(answer["wrong"])
    return media_type, answer
