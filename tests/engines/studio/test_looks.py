import itertools
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio import looks
from kinetoscope.engines.studio.brief import Brief, CannotRender
from kinetoscope.engines.studio.brushes import Steady, cel
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame, facts, read_frames
from kinetoscope.engines.studio.following import Canvas, Follower, read_backdrop
from kinetoscope.engines.studio.looks import read_looks
from kinetoscope.engines.studio.pace import Pace, read_pace
from kinetoscope.engines.studio.source import measure

CANVAS = Canvas(160, 96, 5)


def scene(index: int, width: int = 160, height: int = 96) -> Frame:
    """Draw a red ball that rolls before a green hill and a blue sky."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2], image[height // 2 :] = (220, 170, 110), (40, 150, 60)
    texture = np.random.default_rng(2).integers(0, 40, image.shape, np.uint8)
    image += texture
    middle = (width // 4 + index * 2, height * 5 // 8)
    cv2.circle(image, middle, max(2, min(width, height) // 5), (30, 30, 210), -1, cv2.LINE_AA)
    return image


def clip(
    path: Path,
    frames: int = 12,
    *,
    size: tuple[int, int] = (160, 96),
    fps: int | Fraction = 24,
    sound: bool = False,
) -> Path:
    with FilmWriter(path, *size, fps=fps, audio_rate=RATE if sound else None) as film:
        for index in range(frames):
            film.add(scene(index, *size))
        if sound:
            beat = np.sin(np.arange(int(frames / fps * RATE)) / 20).astype(np.float32) / 3
            film.add_audio(np.stack([beat, beat]))
    return path


def edited(tmp_path: Path, video: Path, prompt: str) -> list[Frame]:
    brief = Brief(
        operation="edit_video",
        prompt=prompt,
        width=0,
        height=0,
        seconds=0,
        images=(),
        video=video,
        film=tmp_path / "edited.mp4",
        seed=3,
    )
    told: list[float] = []
    looks.render(brief, told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    return list(read_frames(brief.film))


def sound_packets(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as film:
        packets = film.demux(film.streams.audio[0])
        return [(packet.pts, bytes(packet)) for packet in packets if packet.size]


@pytest.mark.parametrize(
    "prompt",
    [
        "night", "film noir", "heavy rain", "snow", "watercolour", "pencil sketch", "anime",
        "super-8", "cyberpunk", "golden hour", "make it cold", "fog", "embers", "dreamy glow",
        "oil painting", "Van Gogh", "blur the background", "the green to purple", "make it blue",
        "mirror", "pixel art", "thermal camera", "ink", "northern lights", "fireworks",
        "black and white",
        "add a second moon", "let her smile", "下雨", "asdfgh",
    ],
)  # fmt: skip
def test_every_wish_can_be_seen(prompt: str) -> None:
    chosen = read_looks(prompt, CANVAS)

    picture = source = scene(0)
    for index in range(3):
        source = scene(index)
        picture = source.copy()
        for look in chosen:
            picture = look(picture, index / 24)

    assert picture.dtype == np.uint8
    assert picture.shape == source.shape
    assert np.abs(picture.astype(float) - source).mean() > 4


@pytest.mark.parametrize("size", [(16, 16), (16, 200), (200, 18), (34, 62)])
def test_looks_fit_any_shape(size: tuple[int, int]) -> None:
    everything = (
        "mirror, blur the background, anime, pencil, watercolour, van gogh, oil, pixel, noir, "
        "night, neon, golden, cold, thermal, vivid, fog, dream, rain, snow, embers, aurora, "
        "vintage; turn the green to red"
    )
    picture = scene(0, *size)

    for look in read_looks(everything, Canvas(*size, 1)):
        picture = look(picture, 0.5)

    assert picture.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("prompt", ["an ink painting", "a watercolor painting", "a painting"])
def test_one_kind_of_paint_is_enough(prompt: str) -> None:
    assert len(read_looks(prompt, CANVAS)) == 1


def test_looks_stack() -> None:
    assert len(read_looks("noir in heavy rain", CANVAS)) == 2


def test_what_is_not_wanted_is_left_out() -> None:
    alone = read_looks("night", CANVAS)

    assert len(read_looks("night without rain", CANVAS)) == len(alone)


def test_the_same_unknown_wish_gets_the_same_look() -> None:
    first, second = (read_looks("a wish nobody knows", CANVAS)[0] for _ in range(2))

    assert np.array_equal(first(scene(0), 0), second(scene(0), 0))


def test_green_becomes_purple_and_red_stays_red() -> None:
    (look,) = read_looks("change the green to purple", CANVAS)

    changed = look(scene(0), 0).astype(int)

    hill, ball = changed[85, 140], changed[60, 40]
    assert min(hill[0], hill[2]) > hill[1]
    assert ball[2] > ball[0] + 80


def test_what_rests_does_not_flicker() -> None:
    random = np.random.default_rng(1)
    still = scene(0)
    noisy = [
        (still + random.integers(0, 5, still.shape)).clip(0, 255).astype(np.uint8) for _ in "12345"
    ]
    plain, steady = [cel(frame) for frame in noisy], list(map(Steady(cel), noisy))

    def unrest(frames: list[Frame]) -> float:
        pairs = itertools.pairwise(frames)
        return sum(float(np.abs(a.astype(float) - b).mean()) for a, b in pairs)

    assert unrest(steady) < 0.7 * unrest(plain)


def test_the_edit_is_as_long_as_its_source_and_moves_like_it(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", 30)

    frames = edited(tmp_path, video, "golden hour")

    assert len(frames) == 30
    before, after = facts(video), facts(tmp_path / "edited.mp4")
    assert after.fps == before.fps
    assert after.seconds == pytest.approx(before.seconds)
    assert np.abs(frames[29].astype(float) - frames[0]).mean() > 3


def test_the_sound_is_copied_packet_by_packet(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", 36, sound=True)

    edited(tmp_path, video, "night")

    kept = sound_packets(tmp_path / "edited.mp4")
    assert kept
    assert kept == sound_packets(video)


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), 25, 12, 60])
def test_an_even_pace_is_kept(tmp_path: Path, fps: int | Fraction) -> None:
    video = clip(tmp_path / "clip.mp4", 20, fps=fps)

    assert len(edited(tmp_path, video, "noir")) == 20
    assert float(facts(tmp_path / "edited.mp4").fps) == pytest.approx(float(fps), rel=0.01)


def uneven(path: Path, ticks: list[int]) -> Path:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, tick in enumerate(ticks):
            frame = av.VideoFrame.from_ndarray(scene(index, 64, 48), format="bgr24")
            frame.pts, frame.time_base = tick, Fraction(1, 1000)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def test_an_uneven_pace_becomes_24_a_second(tmp_path: Path) -> None:
    video = uneven(tmp_path / "uneven.mp4", [0, 20, 150, 190, 400, 430, 700, 960])

    frames = edited(tmp_path, video, "noir")

    made = facts(tmp_path / "edited.mp4")
    assert made.fps == 24
    assert 0.96 < made.seconds < 1.2
    assert len(frames) == made.frames


def test_a_film_of_one_frame_is_edited(tmp_path: Path) -> None:
    assert len(edited(tmp_path, clip(tmp_path / "one.mp4", 1), "night and rain")) == 1


@pytest.mark.parametrize(
    "sent, kept",
    [((1600, 900), (1280, 720)), ((800, 1200), (720, 1080)), ((34, 18), (34, 18))],
)
def test_the_shape_is_kept_and_the_short_side_is_720_at_most(
    tmp_path: Path, sent: tuple[int, int], kept: tuple[int, int]
) -> None:
    assert measure(clip(tmp_path / "clip.mp4", 2, size=sent)).size == kept


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 200)

    with pytest.raises(CannotRender):
        edited(tmp_path, tmp_path / "broken.mp4", "night")


@pytest.mark.parametrize(
    "prompt, place, rest",
    [
        ("replace the background with a desert at sunset", "a desert at sunset", ""),
        ("Change the background to outer space, noir", "outer space, noir", ""),
        ("put her on the moon. make it black and white", "the moon", ". make it black and white"),
        ("noir, with a city as background", "a city", "noir,"),
        ("blur the background", "", "blur the background"),
        ("make it night", "", "make it night"),
    ],
)
def test_the_place_behind_is_read_apart_from_the_looks(prompt: str, place: str, rest: str) -> None:
    found, others = read_backdrop(prompt)

    assert (found, others.strip()) == (place, rest)


def test_a_background_is_replaced_and_the_subject_stays(tmp_path: Path) -> None:
    video = tmp_path / "ball.mp4"
    with FilmWriter(video, 160, 96) as film:
        for index in range(6):
            image = np.full((96, 160, 3), (225, 228, 230), np.uint8)
            cv2.circle(image, (70 + index, 56), 24, (30, 30, 210), -1, cv2.LINE_AA)
            film.add(image)

    frames = edited(tmp_path, video, "change the background to a coral reef, underwater")

    for frame in frames:
        blue, _, red = (int(level) for level in frame[56, 72])
        assert red > blue + 40, "the ball is still red"
        corner = frame[8:24, 8:40].reshape(-1, 3).mean(axis=0)
        assert corner[0] > corner[2] + 30, "and behind it is water"


def test_the_subject_is_found_again_after_a_cut() -> None:
    follow = Follower(Canvas(320, 192, 0))
    masks = [follow(ball_at(80)) for _ in range(6)] + [follow(ball_at(240)) for _ in range(10)]

    assert masks[5].share[96, 80] > 200
    assert masks[-1].share[96, 240] > 200
    assert masks[-1].share[96, 80] < 50


def test_the_subject_is_followed_where_it_goes_while_everything_changes() -> None:
    follow, noise = Follower(Canvas(320, 192, 0)), np.random.default_rng(3)

    for x in range(80, 170, 3):
        shaken = noise.integers(-25, 25, (192, 320, 1)) + ball_at(x)
        mask = follow(np.asarray(shaken.clip(0, 255), np.uint8))

        assert mask.share[96, x] > 200
        assert mask.share[96, x + 100] < 50


def ball_at(x: int) -> Frame:
    picture: Frame = np.full((192, 320, 3), (150, 140, 120), np.uint8)
    picture[140:] = (60, 110, 70)
    return np.asarray(cv2.circle(picture, (x, 96), 45, (30, 40, 210), -1), np.uint8)


@pytest.mark.parametrize(
    "prompt, pace",
    [
        ("in slow motion", Pace(slow=True)),
        ("play it in reverse", Pace(backwards=True)),
        ("rewind in slow-mo", Pace(slow=True, backwards=True)),
        ("slow fog", Pace()),
    ],
)
def test_words_choose_the_pace(prompt: str, pace: Pace) -> None:
    assert read_pace(prompt) == pace


def test_a_film_runs_backwards_with_its_sound_untouched(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", 12, sound=True)
    before = list(read_frames(video))

    frames = edited(tmp_path, video, "reverse it")

    assert len(frames) == len(before)
    gaps = [[np.abs(back.astype(int) - there).mean() for there in before] for back in frames]
    assert [int(np.argmin(gap)) for gap in gaps] == list(range(11, -1, -1))
    assert np.max([np.min(gap) for gap in gaps]) < 10
    assert sound_packets(tmp_path / "edited.mp4") == sound_packets(video)


def test_slow_motion_lasts_twice_as_long_and_shows_what_lies_between(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", 12, sound=True)
    before = list(read_frames(video))

    frames = edited(tmp_path, video, "slow motion")

    assert len(frames) == 24
    assert facts(tmp_path / "edited.mp4").audio
    between, neighbours = frames[9].astype(int), (frames[8].astype(int), frames[10].astype(int))
    gap = np.abs(neighbours[0] - neighbours[1]).mean()
    assert all(np.abs(between - other).mean() < 0.9 * gap for other in neighbours)
    assert np.abs(frames[8].astype(int) - before[4]).mean() < 5
