"""Films: frames and sound to MP4 and back. Frames are height × width × 3 bytes, in BGR order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from kinetoscope.engines.studio.brief import FPS, CannotRender

Frame = NDArray[np.uint8]
Sound = NDArray[np.float32]

RATE = 48_000
LONGEST_SECONDS = 30  # of a source; a checked input is never longer
FASTEST_FPS = 60
COMMENT = "A sketch drawn by the Kinetoscope studio; not the output of a generative model."

_AAC_BLOCK = 1024
_LONGEST_TITLE = 96
_COPIED_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
_BT709, _LIMITED, _FULL = 1, 1, 2
# The same frames make the same file. A second thread shares out the bit rate by what it has done
# so far, and the macroblock tree reads memory in its assembly that nobody has written: with either
# of them a film depends on the moment.
_X264 = {
    "preset": "veryfast",
    "crf": "21",
    "threads": "1",
    "profile": "high",
    "maxrate": "8M",
    "bufsize": "16M",
    "x264-params": "colorprim=bt709:transfer=bt709:colormatrix=bt709:no-mbtree=1"
    ":rc-lookahead=0:b-adapt=0:weightp=0:partitions=i8x8,i4x4",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a film is: size in pixels as it is shown, frames per second, length, sound or none.

    *note* is what its description says: a stranger's words.
    """

    width: int
    height: int
    fps: Fraction
    seconds: float
    frames: int
    audio: bool
    note: str


class FilmWriter:
    """Writes H.264 in an MP4 that plays while it loads; as long as its frames, to the tick.

    Give *audio_rate* to add sound with add_audio(), or *audio_from* to keep the sound of another
    film, packet by packet where MP4 can hold its codec. A *title* can be seen in players; a *note*
    becomes the film's description.
    A film that is left by an error is removed.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        *,
        fps: int | Fraction = FPS,
        audio_rate: int | None = None,
        audio_from: Path | None = None,
        title: str = "",
        note: str = "",
    ) -> None:
        if width % 2 or height % 2 or width < 2 or height < 2:
            message = f"a film needs even sides, not {width} × {height}"
            raise ValueError(message)
        self.path, self.size, self.fps = path, (width, height), Fraction(fps)
        self.frames = 0
        self._sounds: list[Sound] = []
        self._closing = ExitStack()
        self._film = av.open(
            str(path),
            "w",
            format="mp4",
            options={"movflags": "+faststart"},
            container_options={"max_interleave_delta": "0"},
        )
        named = {"title": _short(title), "artist": "Kinetoscope studio", "comment": COMMENT}
        self._film.metadata.update({**named, "description": note})
        self._picture = self._add_picture(width, height)
        self._source: InputContainer | None = None
        self._rate = audio_rate or 0
        self._track: Any = self._add_track(audio_from)

    @property
    def seconds(self) -> Fraction:
        """The length of what was added so far."""
        return self.frames / self.fps

    def begin_with(self, pictures: Sequence[Packet[av.VideoStream]]) -> None:
        """Put coded *pictures* first, as they are; they have to be coded as this film is."""
        for picture in pictures:
            picture.stream = self._picture
            self._film.mux(picture)
        self.frames += len(pictures)

    def add(self, bgr: Frame) -> None:
        """Append one frame."""
        if (bgr.shape[1], bgr.shape[0]) != self.size:
            message = f"a frame of {bgr.shape[1]} × {bgr.shape[0]} in a film of {self.size}"
            raise ValueError(message)
        picture = av.VideoFrame.from_ndarray(_i420(bgr), format="yuv420p")
        picture.pts, picture.time_base = self.frames, 1 / self.fps
        picture.colorspace, picture.color_range = _BT709, _LIMITED
        self.frames += 1
        self._film.mux(self._picture.encode(picture))

    def add_audio(self, stereo: Sound) -> None:
        """Append *stereo* sound, two rows of -1 to 1; what outlasts the frames is cut off."""
        self._sounds.append(np.ascontiguousarray(stereo, dtype=np.float32))

    def close(self) -> None:
        """Finish the file; nothing may be added after."""
        self._film.mux(self._picture.encode(None))
        if self._source is not None:
            self._copy_packets(self._source)
        elif self._track is not None:
            self._encode_sound()
        self._film.close()
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self.frames:
            self.close()
            return
        self._closing.close()
        self._film.close()
        self.path.unlink(missing_ok=True)

    def _add_picture(self, width: int, height: int) -> Any:  # noqa: ANN401 - PyAV's own stream
        picture = self._film.add_stream("libx264", rate=self.fps, options=dict(_X264))
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        picture.time_base = 1 / self.fps
        context = picture.codec_context
        context.color_range, context.colorspace = _LIMITED, _BT709
        context.color_primaries, context.color_trc = _BT709, _BT709
        return picture

    def _add_track(self, audio_from: Path | None) -> Any:  # noqa: ANN401 - PyAV's own stream
        if audio_from is not None:
            source = self._closing.enter_context(_open(audio_from))
            track = source.streams.audio[0] if source.streams.audio else None
            if track is None:
                return None
            if track.codec_context.name in _COPIED_CODECS:
                self._source = source
                return self._film.add_stream_from_template(track)
            self._rate = self._rate or RATE
            sound = read_audio(audio_from, self._rate)
            self._sounds = [] if sound is None else [sound]
        if not self._rate:
            return None
        track = self._film.add_stream("aac", rate=self._rate, layout="stereo")
        track.bit_rate = 128_000
        return track

    def _encode_sound(self) -> None:
        samples = int(self.seconds * self._rate)
        # Whole blocks only: a last block that is partly silence would outlast the frames.
        whole = samples // _AAC_BLOCK * _AAC_BLOCK
        sound = np.concatenate([*self._sounds, np.zeros((2, whole), np.float32)], axis=1)
        for start in range(0, whole, _AAC_BLOCK):
            block = np.ascontiguousarray(sound[:, start : start + _AAC_BLOCK])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = self._rate, start
            frame.time_base = Fraction(1, self._rate)
            self._film.mux(self._track.encode(frame))
        self._film.mux(self._track.encode(None))

    def _copy_packets(self, source: InputContainer) -> None:
        for packet in source.demux(source.streams.audio[0]):
            if packet.pts is None or packet.time_base is None:
                continue
            if (packet.pts + (packet.duration or 0)) * packet.time_base > self.seconds:
                break
            packet.stream = self._track
            self._film.mux(packet)


def facts(path: Path) -> Facts:
    """Measure the film at *path*; CannotRender if it is none."""
    with _open(path) as film:
        stream = film.streams.video[0]
        first = next(_decoded(film), None)
        if first is None:
            raise CannotRender(_UNREADABLE)
        fps = _rate_of(stream)
        tick = stream.time_base or Fraction(1, FPS)
        seconds = float(stream.duration * tick) if stream.duration else 0.0
        seconds = seconds or (film.duration or 0) / av.time_base
        frames = stream.frames or max(1, round(seconds * fps))
        width, height = first.width, first.height
        if first.rotation % 180:
            width, height = height, width
        return Facts(
            width=width,
            height=height,
            fps=fps,
            seconds=seconds or float(frames / fps),
            frames=frames,
            audio=bool(film.streams.audio),
            note=film.metadata.get("description", ""),
        )


def read_frames(
    path: Path, size: tuple[int, int] | None = None, *, fps: int | Fraction | None = None
) -> Iterator[Frame]:
    """Yield the frames of *path* the right way up and evenly spaced, *fps* of them a second.

    Without *fps* the source's average rate is kept; with *size* every frame is scaled to it.
    """
    with _open(path) as film:
        rate = Fraction(fps) if fps is not None else _rate_of(film.streams.video[0])
        for picture in _evenly(film, rate):
            yield _upright(picture, size)


def read_audio(path: Path, rate: int = RATE) -> Sound | None:
    """Read the whole sound of *path* as two rows at *rate* per second; None if it has none."""
    with _open(path) as film:
        blocks = list(_sounds(film, rate)) if film.streams.audio else []
    return np.concatenate(blocks, axis=1) if blocks else None


def _short(title: str) -> str:
    line = " ".join(title.encode("utf-8", "replace").decode().replace("\0", " ").split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"


_UNREADABLE = "the video could not be read: it is damaged or of a kind the studio does not know"


def _open(path: Path) -> InputContainer:
    try:
        film = av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise CannotRender(_UNREADABLE) from error
    if not film.streams.video:
        film.close()
        raise CannotRender("the video has sound only, and no picture")
    film.streams.video[0].thread_type = "AUTO"
    film.streams.video[0].codec_context.thread_count = 2
    return film


def _sounds(film: InputContainer, rate: int) -> Iterator[Sound]:
    """Yield what can be decoded of the sound, in blocks; a damaged end is an early end."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
    length = 0
    try:
        for frame in film.decode(film.streams.audio[0]):
            for part in resampler.resample(frame):
                length += part.samples
                yield cast("Sound", part.to_ndarray())
            if length > LONGEST_SECONDS * rate:
                return
        for part in resampler.resample(None):
            yield cast("Sound", part.to_ndarray())
    except av.error.FFmpegError as error:
        if not length:
            raise CannotRender(_UNREADABLE) from error


def _rate_of(stream: av.VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate or Fraction(FPS)
    return min(max(Fraction(rate), Fraction(1)), Fraction(FASTEST_FPS)).limit_denominator(1001)


def _decoded(film: InputContainer) -> Iterator[av.VideoFrame]:
    """Yield what can be decoded; a damaged end is an early end."""
    began = False
    try:
        for picture in film.decode(film.streams.video[0]):
            began = True
            yield picture
    except av.error.FFmpegError as error:
        if not began:
            raise CannotRender(_UNREADABLE) from error


def _timed(film: InputContainer) -> Iterator[tuple[Fraction, Fraction, av.VideoFrame]]:
    """Yield when each picture begins and ends, in seconds after the first one began."""
    tick = film.streams.video[0].time_base or Fraction(1, FPS)
    usual = 1 / _rate_of(film.streams.video[0])
    first: Fraction | None = None
    before = Fraction(0)
    for picture in _decoded(film):
        stamp = picture.pts * tick if picture.pts is not None else before + usual
        first = stamp if first is None else first
        begins = max(stamp - first, Fraction(0))
        lasts = picture.duration * tick if picture.duration else usual
        yield begins, begins + lasts, picture
        before = stamp


def _evenly(film: InputContainer, rate: Fraction) -> Iterator[av.VideoFrame]:
    """Yield the picture that is seen at each tick of *rate*."""
    count, limit = 0, int(LONGEST_SECONDS * rate)
    seen: av.VideoFrame | None = None
    end = Fraction(0)
    for begins, ends, picture in _timed(film):
        if seen is not None:
            # A quarter of a tick of patience: time stamps are rounded.
            due = min(limit, math.ceil(begins * rate - Fraction(1, 4)))
            yield from repeat(seen, max(0, due - count))
            count = max(count, due)
        if count >= limit:
            return
        seen, end = picture, ends
    if seen is not None:
        yield from repeat(seen, max(count == 0, min(limit, round(end * rate)) - count))


def _upright(picture: av.VideoFrame, size: tuple[int, int] | None) -> Frame:
    bgr = _bgr(picture)
    turns = round(picture.rotation / 90) % 4
    if turns:
        bgr = np.ascontiguousarray(np.rot90(bgr, turns))
    if size is not None and size != (bgr.shape[1], bgr.shape[0]):
        smaller = size[0] < bgr.shape[1]
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return cast("Frame", cv2.resize(bgr, size, interpolation=how))
    return bgr


def _bgr(picture: av.VideoFrame) -> Frame:
    bt709 = _looks_bt709(picture)
    even = picture.width % 2 == picture.height % 2 == 0
    if picture.format.name != "yuv420p" or not even or picture.color_range == _FULL:
        matrix = Colorspace.ITU709 if bt709 else Colorspace.ITU601
        return cast("Frame", picture.to_ndarray(format="bgr24", src_colorspace=matrix))
    # As in _i420(), the other way. What is read otherwise is a level darker than it was written.
    levels = [np.asarray(plane).reshape(-1, plane.line_size)[:, : plane.width].ravel()
              for plane in picture.planes]  # fmt: skip
    i420 = np.concatenate(levels).reshape(-1, picture.width)
    bgr = cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420)
    return cast("Frame", cv2.transform(bgr, _TURN_BACK) if bt709 else bgr)


def _looks_bt709(picture: av.VideoFrame) -> bool:
    unsaid, tallest_sd = 2, 576
    told = int(picture.colorspace)
    return told == _BT709 or (told == unsaid and min(picture.width, picture.height) > tallest_sd)


def _luma_chroma(red: float, blue: float) -> NDArray[np.float64]:
    green = 1 - red - blue
    return np.array(
        [
            [red, green, blue],
            [-red / (2 * (1 - blue)), -green / (2 * (1 - blue)), 0.5],
            [0.5, -green / (2 * (1 - red)), -blue / (2 * (1 - red))],
        ]
    )


def _i420(bgr: Frame) -> Frame:
    # OpenCV converts by BT.601 only: turn the colours first, so that the sum is BT.709.
    return cast("Frame", cv2.cvtColor(cv2.transform(bgr, _TURN), cv2.COLOR_BGR2YUV_I420))


_TURN = (np.linalg.inv(_luma_chroma(0.299, 0.114)) @ _luma_chroma(0.2126, 0.0722))[
    ::-1, ::-1
].astype(np.float32)
_TURN_BACK = np.linalg.inv(_TURN).astype(np.float32)
