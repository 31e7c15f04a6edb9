"""The other side of inspect: decodes one stranger's file in a process of its own.

Run by its path, `python -P probe.py KIND PATH`, so that nothing of the house is loaded. Prints
`ready` once its limits are set, then one line of JSON: the facts, or what is wrong. Whatever a
decoder raises ends the process, which tells as much.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from PIL.ImageFile import ImageFile

    VideoPacket = av.Packet[av.VideoStream]

IMAGE_SIDE = 16_384
IMAGE_PIXELS = 64_000_000
VIDEO_SIDES = (16, 8_192)
MOST_PACKETS = 100_000
MOST_FRAMES_PER_SECOND = 240

_MEMORY_BYTES = 1536 * 2**20
_CPU_SECONDS = 10
_TAIL_CPU_SECONDS = 3.0  # what decoding the end of a video may cost before we believe the rest
_FIRST_PACKETS = 128  # a decoder that has no frame by then will have none

_CODECS = {"h264": "h264", "hevc": "hevc", "av1": "av1", "libdav1d": "av1"}
# The MP4 reader and no other: a playlist would make it open files that a stranger names.
_READER = {"codec_whitelist": ",".join(_CODECS), "protocol_whitelist": "file", "enable_drefs": "0"}

_WEBP_HEAD = 30  # bytes that name the canvas
_ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 lie on their side
_EXIF_ERRORS = (SyntaxError, ValueError, TypeError, LookupError, OSError, struct.error)


class Wrong(Exception):
    """The file is not what is allowed; the message continues "the video …" or "the image …"."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it is displayed, in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Film:
    """A video as it is displayed: pixels, seconds from its first picture to the end of its last."""

    width: int
    height: int
    seconds: float
    fps: float
    has_audio: bool
    codec: str


def main(kind: str, path: str) -> None:
    """Print what the file at *path* is, of which *kind* is known from its first bytes."""
    read = READERS[kind]
    try:
        answer = asdict(read(Path(path)))
    except Wrong as wrong:
        answer = {"wrong": str(wrong)}
    print(json.dumps(answer))  # noqa: T201 - this is how it answers


def read_png(path: Path) -> Picture:
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415 - each kind loads only its own

    _confine()
    with PngImageFile(path) as image:
        return _decoded(image)


def read_jpeg(path: Path) -> Picture:
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415 - see read_png

    _confine()
    with JpegImageFile(path) as image:
        size = _check_picture(*image.size)
        image.draft(None, (max(1, size.width // 8), max(1, size.height // 8)))
        image.load()
        return _turned(image, size)


def read_webp(path: Path) -> Picture:
    from PIL.WebPImagePlugin import WebPImageFile  # noqa: PLC0415 - see read_png

    _confine()
    # Its decoder sets the memory for the whole canvas aside as soon as it opens the file.
    with path.open("rb") as file:
        head = file.read(_WEBP_HEAD)
    if len(head) == _WEBP_HEAD:
        _check_picture(*_webp_canvas(head))
    with WebPImageFile(path) as image:
        return _decoded(image)


def read_video(path: Path) -> Film:
    import av  # noqa: PLC0415 - see read_png

    _confine()
    with av.open(str(path), format="mov", options=_READER, metadata_errors="replace") as container:
        return _watch(container)


READERS: Mapping[str, Callable[[Path], Picture | Film]] = {
    "image/png": read_png,
    "image/jpeg": read_jpeg,
    "image/webp": read_webp,
    "video/mp4": read_video,
}


def _confine() -> None:
    """Give up what decoding does not need, and say that what follows is the file's doing."""
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
    )
    for limit, most in limits:
        # macOS does not know RLIMIT_AS; a lower hard limit of the operator's stays as it is.
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
    print("ready", flush=True)  # noqa: T201 - see main


def _decoded(image: ImageFile) -> Picture:
    size = _check_picture(*image.size)
    image.load()
    return _turned(image, size)


def _turned(image: ImageFile, size: Picture) -> Picture:
    with suppress(*_EXIF_ERRORS):
        if image.getexif().get(_ORIENTATION) in {5, 6, 7, 8}:
            return Picture(size.height, size.width)
    return size


def _check_picture(width: int, height: int) -> Picture:
    if min(width, height) < 1 or max(width, height) > IMAGE_SIDE or width * height > IMAGE_PIXELS:
        raise Wrong(
            f"has {width:,} × {height:,} pixels; 1 to {IMAGE_SIDE:,} a side and"
            f" {IMAGE_PIXELS // 10**6} million in all are allowed"
        )
    return Picture(width, height)


def _webp_canvas(head: bytes) -> tuple[int, int]:
    """Read the width and height that the first bytes of a WebP file claim."""
    kind, body = head[12:16], head[20:]
    if kind == b"VP8X":
        wide, high = body[4:7], body[7:10]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    wide, high = body[6:8], body[8:10]
    return int.from_bytes(wide, "little") & 0x3FFF, int.from_bytes(high, "little") & 0x3FFF


@dataclass(slots=True)
class _Reel:
    """What was seen while all packets went by, in ticks of the stream's clock."""

    packets: int = 0
    shown: int = 0  # an edit list may cut packets out of what is shown
    start: int | None = None
    end: int = 0
    first: av.VideoFrame | None = None
    group: list[VideoPacket] = field(default_factory=list)  # the latest key frame and what follows
    tail: list[VideoPacket] = field(default_factory=list)


def _watch(container: InputContainer) -> Film:
    stream = _only_video(container)
    codec = _CODECS[stream.codec_context.name]
    stream.codec_context.thread_count = 1
    _check_sides(stream.codec_context.width, stream.codec_context.height)
    reel = _unroll(container, stream)
    if reel.first is None or not stream.time_base:
        raise Wrong("has no picture that can be decoded; its file is damaged")
    first = _check_sides(reel.first.width, reel.first.height)
    seconds = (reel.end - (reel.start or 0)) * Fraction(stream.time_base)
    if reel.start is None or seconds <= 0:
        raise Wrong("has no length: its pictures bear no times")
    fps = reel.shown / seconds
    if fps > MOST_FRAMES_PER_SECOND:
        raise Wrong(
            f"has {reel.shown:,} pictures in {float(seconds):.3f} seconds; at most"
            f" {MOST_FRAMES_PER_SECOND} a second are allowed"
        )
    _check_tail(stream, reel.tail, first)
    lies = round(reel.first.rotation / 90) % 2 == 1
    width, height = reversed(first) if lies else first
    audio = bool(container.streams.audio)
    return Film(width, height, float(seconds), float(fps), audio, codec)


def _only_video(container: InputContainer) -> av.VideoStream:
    # A cover picture is kept as a video stream of one frame.
    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & type(stream.disposition).attached_pic
    ]
    if not videos:
        kind = "sound only" if container.streams.audio else "neither pictures nor sound"
        raise Wrong(f"has {kind}; one video stream is needed")
    if len(videos) > 1:
        raise Wrong(f"has {len(videos)} video streams; one is allowed")
    context: Any = videos[0].codec_context  # None where no decoder is known
    name = context.name if context is not None else "an unknown codec"
    if name not in _CODECS:
        raise Wrong(f"is coded as {name}; H.264, H.265 and AV1 are allowed")
    _check_count(videos[0].frames)
    return videos[0]


def _unroll(container: InputContainer, stream: av.VideoStream) -> _Reel:
    """Let all packets of *stream* go by, believing no header about how many or how long."""
    reel = _Reel()
    for packet in _packets(container, stream):
        reel.packets += 1
        _check_count(reel.packets)
        if packet.is_corrupt:
            raise Wrong("ends too early: its file is truncated")
        if packet.is_keyframe:
            reel.group = []
        reel.group.append(packet)
        if reel.first is None and reel.packets <= _FIRST_PACKETS:
            reel.first = next(iter(stream.codec_context.decode(packet)), None)
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None or packet.is_discard:
            continue
        reel.shown += 1
        reel.tail = reel.group
        reel.start = pts if reel.start is None else min(reel.start, pts)
        reel.end = max(reel.end, pts + max(packet.duration or 0, 0))
    if len(stream.index_entries) > reel.packets:
        raise Wrong("ends too early: its file is truncated")
    if reel.first is None:
        reel.first = next(iter(stream.codec_context.decode(None)), None)
    return reel


def _packets(container: InputContainer, stream: av.VideoStream) -> Iterator[VideoPacket]:
    for packet in container.demux(stream):
        if packet.size:  # the last one only says that there are no more
            yield packet


def _check_tail(stream: av.VideoStream, tail: list[VideoPacket], size: tuple[int, int]) -> None:
    """Decode from the last key frame to the end; raise Wrong if that fails or changes its size."""
    context = stream.codec_context
    context.flush_buffers()
    most = time.process_time() + _TAIL_CPU_SECONDS
    frames = 0
    for packet in (*tail, None):
        for frame in context.decode(packet):
            frames += 1
            if frame.is_corrupt:
                raise Wrong("cannot be decoded to its end: its file is damaged")
            if (frame.width, frame.height) != size:
                raise Wrong("changes its size on the way; one size is allowed")
        if time.process_time() > most:
            return
    if not frames:
        raise Wrong("cannot be decoded to its end: its file is damaged")


def _check_sides(width: int, height: int) -> tuple[int, int]:
    least, most = VIDEO_SIDES
    if min(width, height) < least or max(width, height) > most:
        raise Wrong(f"has {width:,} × {height:,} pixels; {least} to {most:,} a side are allowed")
    return width, height


def _check_count(packets: int) -> None:
    if packets > MOST_PACKETS:
        raise Wrong(f"has more than {MOST_PACKETS:,} pictures, which is the most allowed")


if __name__ == "__main__":
    main(*sys.argv[1:])
