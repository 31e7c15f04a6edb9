"""Films are as long as their frames, play while they load, and come back as they went in."""

from __future__ import annotations

import itertools
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from kinetoscope.domain.order import PIXELS, Tier
from kinetoscope.engines.studio.brief import FPS, CannotRender
from kinetoscope.engines.studio.film import (
    RATE,
    FilmWriter,
    Frame,
    Sound,
    facts,
    read_audio,
    read_frames,
)


def flat(width: int, height: int, level: int = 90) -> Frame:
    return np.full((height, width, 3), level, np.uint8)


def tone(seconds: float) -> Sound:
    wave = np.sin(np.arange(int(seconds * RATE)) * 0.05) * 0.3
    return np.stack([wave, wave]).astype(np.float32)


def write(path: Path, frames: int = FPS, *, sound: float = 0.0, fps: int = FPS) -> Path:
    """Write frames that say their number by their brightness."""
    with FilmWriter(path, 64, 48, fps=fps, audio_rate=RATE if sound else None) as film:
        if sound:
            film.add_audio(tone(sound))
        for number in range(frames):
            film.add(flat(64, 48, 40 + number * 5 % 200))
    return path


def boxes(path: Path) -> list[str]:
    """List the top boxes of an MP4 in their order."""
    content, names, at = path.read_bytes(), [], 0
    while at < len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        names.append(name.decode())
        at += size
    return names


@pytest.mark.parametrize("tier,ratio", [*PIXELS], ids=[f"{tier}-{ratio}" for tier, ratio in PIXELS])
def test_every_size_is_even_exact_and_plays_while_it_loads(
    tmp_path: Path, tier: Tier, ratio: str
) -> None:
    """Seven shapes at two tiers: 24 fps, yuv420p, and as long as asked, to the tick."""
    width, height = PIXELS[tier, ratio]
    path = tmp_path / "film.mp4"
    with FilmWriter(path, width, height, audio_rate=RATE) as film:
        film.add_audio(tone(1.3))
        for _ in range(FPS):
            film.add(flat(width, height))

    with av.open(str(path)) as read:
        video = read.streams.video[0]
        assert (video.width, video.height) == (width, height)
        assert width % 2 == height % 2 == 0
        assert video.codec_context.pix_fmt == "yuv420p"
        assert video.codec_context.name == "h264"
        assert video.average_rate == FPS
        assert video.frames == FPS
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == 1
        assert read.duration == av.time_base
    assert boxes(path).index("moov") < boxes(path).index("mdat")


@pytest.mark.parametrize("seconds,sound", [(1, 0.4), (2, 2.0), (7, 7.5), (15, 20.0)])
def test_sound_never_outlasts_the_frames(tmp_path: Path, seconds: int, sound: float) -> None:
    path = write(tmp_path / "film.mp4", seconds * FPS, sound=sound)

    with av.open(str(path)) as read:
        assert read.duration == seconds * av.time_base
        audio = read.streams.audio[0]
        assert audio.duration is not None
        assert audio.time_base is not None
        assert seconds - 0.03 <= audio.duration * audio.time_base <= seconds


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    picture = flat(64, 48)
    picture[:, :32], picture[:, 32:] = (40, 120, 200), (200, 60, 30)
    with FilmWriter(path, 64, 48, audio_rate=RATE) as film:
        film.add_audio(tone(1))
        for _ in range(FPS):
            film.add(picture)

    frames = list(read_frames(path))
    sound = read_audio(path)

    assert len(frames) == FPS
    assert np.abs(frames[9][24, 8].astype(int) - (40, 120, 200)).max() <= 6
    assert np.abs(frames[9][24, 56].astype(int) - (200, 60, 30)).max() <= 6
    assert sound is not None
    assert sound.shape[0] == 2
    assert 0.15 < np.abs(sound).max() < 0.45
    told = facts(path)
    assert (told.width, told.height, told.frames) == (64, 48, FPS)
    assert told.fps == FPS
    assert told.seconds == pytest.approx(1)
    assert told.audio


def test_a_film_says_what_it_is(tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "film.mp4"))) as read:
        assert "not the output of a generative model" in read.metadata["comment"]
        assert read.streams.video[0].codec_context.colorspace == 1
        assert read.streams.video[0].codec_context.color_range == 1
        assert read.streams.video[0].profile == "High"


def test_odd_sides_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="even sides"):
        FilmWriter(tmp_path / "film.mp4", 63, 48)


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="a frame of 32 × 32"),
        FilmWriter(tmp_path / "film.mp4", 64, 48) as film,
    ):
        film.add(flat(32, 32))
    assert not (tmp_path / "film.mp4").exists()


def test_frames_can_be_read_at_another_rate_and_size(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mp4", 2 * FPS)

    half = list(read_frames(path, (32, 24), fps=12))
    double = list(read_frames(path, fps=48))

    assert len(half) == 24
    assert half[0].shape == (24, 32, 3)
    assert len(double) == 96
    assert half[3].mean() == pytest.approx(double[12].mean(), abs=3)


def test_an_uneven_film_becomes_even(tmp_path: Path) -> None:
    """Three pictures that are shown for 0.5, 0.25 and 0.25 seconds."""
    path = tmp_path / "uneven.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        for start, level in ((0, 50), (12, 120), (18, 200), (23, 200)):
            frame = av.VideoFrame.from_ndarray(flat(64, 48, level), format="bgr24")
            frame.pts, frame.time_base = start, Fraction(1, 24)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))

    levels = [round(frame.mean() / 10) * 10 for frame in read_frames(path, fps=24)]

    runs = [(level, len(list(run))) for level, run in itertools.groupby(levels)]
    assert [level for level, _ in runs] == [50, 120, 200]
    assert [count for _, count in runs] == [12, 6, 6]


def test_a_turned_film_is_read_upright(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mp4", 3)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(with_quarter_turn(path.read_bytes()))

    told = facts(turned)

    assert (told.width, told.height) == (48, 64)
    assert next(read_frames(turned)).shape == (64, 48, 3)


def with_quarter_turn(content: bytes) -> bytes:
    """Write a rotation of 90° into the track's display matrix, as telephones do."""
    one = 1 << 16
    straight = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    track = content.index(b"tkhd")
    return content[:track] + content[track:].replace(straight, turned, 1)


def test_the_sound_of_a_source_is_kept_bit_by_bit(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", 2 * FPS, sound=2)
    copy = tmp_path / "copy.mp4"
    with FilmWriter(copy, 64, 48, audio_from=source) as film:
        for frame in read_frames(source):
            film.add(frame)

    assert packets(copy) == packets(source)
    assert facts(copy).seconds == pytest.approx(2)
    with av.open(str(copy)) as read:
        assert read.duration == 2 * av.time_base


def test_a_source_without_sound_gives_none(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4")
    with FilmWriter(tmp_path / "copy.mp4", 64, 48, audio_from=source) as film:
        film.add(flat(64, 48))

    assert read_audio(source) is None
    assert not facts(tmp_path / "copy.mp4").audio


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.audio[0]) if packet.size]


@pytest.mark.parametrize("content", [b"", b"no film at all", b"\0" * 5000])
def test_what_is_no_film_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)

    with pytest.raises(CannotRender, match="could not be read"):
        facts(path)
    with pytest.raises(CannotRender, match="could not be read"):
        next(read_frames(path))


def test_a_film_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write(tmp_path / "film.mp4", 2 * FPS).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: int(len(whole) * 0.8)])

    frames = list(read_frames(cut))

    assert 0 < len(frames) <= 2 * FPS
