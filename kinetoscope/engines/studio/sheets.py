"""Drafts on film, with nothing but Pillow and PyAV: a sheet is a frame as the encoder takes it.

NumPy and OpenCV take longer to load than a draft takes to draw.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from PIL import Image, ImageOps

from kinetoscope.engines.studio.brief import FPS, CannotRender

RATE = 48_000
WHITE, BLACK, GREY = 235, 16, 128  # of a film: bright, dark, and no colour at all
_BLOCK = 1024  # samples that the sound is encoded by
_PITCH = 375  # in hertz: whole waves in a block
_LOUDNESS = 0.05
_BEEP = 4 * _BLOCK  # samples at the beginning of each second
_BITS = 64_000  # of sound, in a second
_LONGEST_SECONDS = 30
_SHORT_SIDE, _LONG_SIDE, _LEAST_SIDE = 720, 1920, 16
_X264 = {"preset": "ultrafast", "crf": "26", "threads": "1"}
_UNREADABLE = "the video could not be read: it is damaged or of a kind that is not known"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A frame: its light, and its two colours at half the size."""

    light: Image.Image
    blue: Image.Image
    red: Image.Image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.light.size

    def copy(self) -> Sheet:
        """Make another one, on whose light can be drawn."""
        return Sheet(self.light.copy(), self.blue, self.red)

    def zoomed(self, share: float) -> Sheet:
        """Show the *share* of it that is around its middle, at the same size."""
        colours = (_zoomed(each, share, Image.Resampling.NEAREST) for each in (self.blue, self.red))
        return Sheet(_zoomed(self.light, share, Image.Resampling.BILINEAR), *colours)

    def darken(self, box: tuple[int, int, int, int], share: float = 0.15) -> None:
        """Leave a *share* of the light in a box, so that white can be read there."""
        shade = Image.new("L", (box[2] - box[0], box[3] - box[1]), round(255 * (1 - share)))
        self.light.paste(BLACK, box, shade)


def sheet_of(picture: Image.Image) -> Sheet:
    """Make a sheet of a picture with even sides."""
    frame = av.VideoFrame.from_image(picture.convert("RGB"))  # type: ignore[no-untyped-call]
    return _read(frame.reformat(format="yuv420p"))


def read_picture(path: Path, size: tuple[int, int]) -> Sheet:
    """Read an image and fit it into *size*, the right way up, covering all of it."""
    with Image.open(path) as image:
        image.draft("RGB", size)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return sheet_of(ImageOps.fit(upright, size, Image.Resampling.BILINEAR))


def film_size(path: Path) -> tuple[int, int]:
    """Tell at which size the film at *path* is kept: no larger than films of ours; even sides."""
    with _open(path) as film:
        frame = next(_decoded(film), None)
        if frame is None:
            raise CannotRender(_UNREADABLE)
        width, height = frame.width, frame.height
        if frame.rotation % 180:
            width, height = height, width
    short, long = sorted((width, height))
    scale = min(1.0, _SHORT_SIDE / short, _LONG_SIDE / long)
    return _even(width * scale), _even(height * scale)


def read_film(path: Path, size: tuple[int, int]) -> Iterator[Sheet]:
    """Yield what is seen of a film at each tick of ours, the right way up and scaled to *size*."""
    with _open(path) as film:
        stream = film.streams.video[0]
        tick = stream.time_base or Fraction(1, FPS)
        usual = Fraction(1) / (stream.average_rate or FPS)
        count, first, ends = 0, None, Fraction(0)
        seen: Sheet | None = None
        for frame in _decoded(film):
            begins = ends if frame.pts is None else frame.pts * tick
            first = begins if first is None else first
            due = min(math.ceil((begins - first) * FPS - Fraction(1, 4)), _LONGEST_SECONDS * FPS)
            while seen is not None and count < due:
                yield seen
                count += 1
            seen = _upright(frame, size)
            ends = begins + (frame.duration * tick if frame.duration else usual)
        last = min(round((ends - (first or 0)) * FPS), _LONGEST_SECONDS * FPS)
        while seen is not None and count < max(last, 1):
            yield seen
            count += 1


class DraftWriter:
    """Writes sheets and sound as an MP4 that plays while it loads; removed if an error leaves it.

    With *beeps* every second begins with one; before them comes the sound of the film *heard*.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], *, beeps: bool, heard: Path | None, title: str
    ) -> None:
        self._path, self._heard, self.frames = path, heard, 0
        self._film = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._film.metadata.update({"title": title, "comment": "A draft, made with a test key."})
        self._picture: Any = self._film.add_stream("libx264", rate=FPS, options=dict(_X264))
        self._picture.width, self._picture.height = size
        self._picture.pix_fmt = "yuv420p"
        self._beeps = beeps
        self._sound: Any = None
        if beeps or heard is not None:
            quickly = {"aac_coder": "fast"}
            self._sound = self._film.add_stream("aac", rate=RATE, layout="stereo", options=quickly)
            self._sound.bit_rate = _BITS

    def add(self, sheet: Sheet) -> None:
        """Append one frame."""
        frame = av.VideoFrame(*sheet.size, "yuv420p")
        for plane, image in zip(frame.planes, (sheet.light, sheet.blue, sheet.red), strict=True):
            plane.update(image.tobytes("raw", "L", plane.line_size, 1))
        frame.pts, frame.time_base = self.frames, Fraction(1, FPS)
        self.frames += 1
        self._film.mux(self._picture.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._film.mux(self._picture.encode(None))
            if self._sound is not None:
                self._add_sound()
        self._film.close()
        if kind is not None:
            self._path.unlink(missing_ok=True)

    def _add_sound(self) -> None:
        blocks = self.frames * RATE // FPS // _BLOCK  # whole ones, which do not outlast the frames
        for number, frame in zip(range(blocks), self._blocks(), strict=False):
            frame.pts, frame.time_base = number * _BLOCK, Fraction(1, RATE)
            self._film.mux(self._sound.encode(frame))
        self._film.mux(self._sound.encode(None))

    def _blocks(self) -> Iterator[av.AudioFrame]:
        """Yield blocks of sound without an end."""
        if self._heard is not None:
            yield from _heard(self._heard)
        number = 0
        while True:
            beeps = self._beeps and number * _BLOCK % RATE < _BEEP
            yield _block(beeps=beeps)
            number += 1


def _block(*, beeps: bool) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="stereo", samples=_BLOCK)
    frame.sample_rate = RATE
    for plane in frame.planes:
        plane.update(_wave() if beeps else bytes(4 * _BLOCK))
    return frame


@lru_cache(maxsize=1)
def _wave() -> bytes:
    turn = 2 * math.pi * _PITCH / RATE
    return array("f", [_LOUDNESS * math.sin(turn * each) for each in range(_BLOCK)]).tobytes()


def _heard(path: Path) -> Iterator[av.AudioFrame]:
    """Yield the sound of a film, in blocks; a damaged end is an early end."""
    with _open(path) as film:
        if not film.streams.audio:
            return
        resampler = av.AudioResampler("fltp", "stereo", RATE, frame_size=_BLOCK)
        try:
            for frame in film.decode(film.streams.audio[0]):
                yield from (each for each in resampler.resample(frame) if each.samples == _BLOCK)
        except av.error.FFmpegError:
            return


def _open(path: Path) -> Any:  # noqa: ANN401 - PyAV's own container
    try:
        film = av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise CannotRender(_UNREADABLE) from error
    if not film.streams.video:
        film.close()
        raise CannotRender("the video has sound only, and no picture")
    return film


def _decoded(film: Any) -> Iterator[av.VideoFrame]:  # noqa: ANN401 - PyAV's own container
    """Yield what can be decoded; a damaged end is an early end."""
    try:
        yield from film.decode(film.streams.video[0])
    except av.error.FFmpegError:
        return


def _upright(frame: av.VideoFrame, size: tuple[int, int]) -> Sheet:
    turns = round(frame.rotation / 90) % 4
    wanted = (size[1], size[0]) if turns % 2 else size
    sheet = _read(frame.reformat(*wanted, format="yuv420p"))
    if not turns:
        return sheet
    how = _TURNS[turns]
    return Sheet(*(plane.transpose(how) for plane in (sheet.light, sheet.blue, sheet.red)))


_TURNS = {
    1: Image.Transpose.ROTATE_90,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_270,
}


def _read(frame: av.VideoFrame) -> Sheet:
    """Take the planes of a frame of yuv420p."""
    planes = (
        Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size)
        for plane in frame.planes
    )
    return Sheet(*planes)


def _zoomed(plane: Image.Image, share: float, how: Image.Resampling) -> Image.Image:
    width, height = plane.size
    left, top = width * (1 - share) / 2, height * (1 - share) / 2
    box = (left, top, width - left, height - top)
    return plane.resize(plane.size, how, box)


def _even(pixels: float) -> int:
    return max(_LEAST_SIDE, round(pixels / 2) * 2)
