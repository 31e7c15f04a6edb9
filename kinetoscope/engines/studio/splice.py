"""Splicing: a film goes on just where another ended, whose pictures are not coded a second time.

That can be where both were coded by the same rules; then a source comes through bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.packet import Packet

from kinetoscope.engines.studio.film import FilmWriter
from kinetoscope.engines.studio.source import Source

_NO_TICK = -1
_DELAY = 2  # ticks by which pictures are decoded before they are shown, to wait for each other


def coded_pictures(source: Source) -> list[Packet[av.VideoStream]] | None:
    """Give the pictures of *source* as they are, for FilmWriter.begin_with(); None if they differ.

    A film can only go on with them if it would have coded them so itself, at an even pace.
    """
    with av.open(str(source.path), metadata_errors="replace") as film:
        stream = film.streams.video[0]
        if stream.codec_context.name != "h264" or stream.codec_context.extradata != _ours(source):
            return None
        packets = list(_unpacked(film.demux(stream), stream))
    shown = sorted(_tick(packet.pts, packet.time_base, source.fps) for packet in packets)
    decoded = [_tick(packet.dts, packet.time_base, source.fps) for packet in packets]
    even = shown == list(range(source.frames)) and packets[0].is_keyframe
    return packets if even and max(decoded) < source.frames - _DELAY else None


def _unpacked(
    packets: Iterator[Packet[av.VideoStream]], stream: av.VideoStream
) -> Iterator[Packet[av.VideoStream]]:
    """Write pictures as an encoder gives them: with start codes, and not with lengths."""
    rewriter = BitStreamFilterContext("h264_mp4toannexb", stream)
    for packet in packets:
        yield from rewriter.filter(packet if packet.size else None)


def _tick(stamp: int | None, time_base: Fraction | None, fps: Fraction) -> int:
    """Tell which tick of *fps* a time stamp means, if it means one."""
    if stamp is None or time_base is None:
        return _NO_TICK
    tick = stamp * time_base * fps
    return round(tick) if abs(tick - round(tick)) < Fraction(1, 100) else _NO_TICK


def _ours(source: Source) -> bytes | None:
    """Tell by which rules a film of the same size and pace would be coded here."""
    width, height = source.size
    with TemporaryDirectory() as folder:
        path = Path(folder) / "one.mp4"
        with FilmWriter(path, width, height, fps=source.fps) as film:
            film.add(np.zeros((height, width, 3), np.uint8))
        with av.open(str(path)) as coded:
            return coded.streams.video[0].codec_context.extradata
