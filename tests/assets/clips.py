"""Videos and pictures as strangers send them: right, odd, broken and lying."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

QUIET = {
    "libx265": {"x265-params": "log-level=none:pools=none"},
    "libx264": {"preset": "ultrafast"},
}


def clip(  # noqa: PLR0913 - one argument for each way to be odd
    path: Path,
    *,
    codec: str = "libx264",
    pts: Sequence[int] = tuple(range(24)),
    rate: int = 24,
    size: tuple[int, int] = (64, 48),
    turned: int | None = None,
    sound: bool = False,
    pictures: bool = True,
    options: dict[str, str] | None = None,
    kind: str | None = None,
) -> Path:
    """Make a video whose pictures are shown at *pts*, in ticks of 1/*rate* s."""
    with av.open(str(path), "w", format=kind, options=options or {}) as container:
        video: Any = container.add_stream(codec, rate=rate) if pictures else None
        audio: Any = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        if video is not None:
            video.width, video.height = size
            video.pix_fmt = "yuv420p"
            video.options = {"threads": "1", **QUIET.get(codec, {})}
            video.codec_context.time_base = Fraction(1, rate)
            video.codec_context.gop_size = 12
            if turned is not None:
                video.set_display_rotation(turned)
            for frame in frames(pts, size, Fraction(1, rate)):
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if audio is not None:
            for number in range(20):
                silence = np.zeros((1, 1024), np.float32)
                heard = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
                heard.rate, heard.pts = 44100, number * 1024
                container.mux(audio.encode(heard))
            container.mux(audio.encode())
    return path


def frames(pts: Sequence[int], size: tuple[int, int], clock: Fraction) -> Iterator[av.VideoFrame]:
    noise = np.random.default_rng(7).integers(0, 255, (size[1], size[0], 3), np.uint8)
    for number, when in enumerate(pts):
        frame = av.VideoFrame.from_ndarray(np.roll(noise, number, axis=1), format="rgb24")
        frame.pts, frame.time_base = when, clock
        yield frame


def with_header(path: Path, seconds: int) -> Path:
    """Let the movie, track and media headers of *path* claim that it lasts *seconds*."""
    data = bytearray(path.read_bytes())
    for box, clock_at, length_at in ((b"mvhd", 16, 20), (b"mdhd", 16, 20), (b"tkhd", None, 24)):
        at = data.index(box)
        clock = struct.unpack_from(">I", data, at + clock_at)[0] if clock_at else 1000
        struct.pack_into(">I", data, at + length_at, seconds * clock)
    path.write_bytes(data)
    return path


def png(width: int, height: int, *, rows: int | None = None, kind: int = 0) -> bytes:
    """Make a black PNG that claims *width* × *height* pixels and has *rows* of them."""
    samples = {0: 1, 2: 3, 6: 4}[kind]
    packer = zlib.compressobj(1)
    row = bytes(1 + width * samples)
    there = height if rows is None else rows
    body = b"".join(packer.compress(row) for _ in range(there)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk)) + name + chunk + struct.pack(">I", zlib.crc32(name + chunk))
        for name, chunk in chunks
    )
