import itertools
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio import onward, picture
from kinetoscope.engines.studio.brief import Brief, CannotRender
from kinetoscope.engines.studio.continuing import gently
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame, facts, read_audio, read_frames
from kinetoscope.engines.studio.motion import best_jump, drift_of, flow, glance
from kinetoscope.engines.studio.sound import ended, prolonged
from kinetoscope.engines.studio.subject import Contrast

WIDTH, HEIGHT = 192, 128


def texture(width: int, height: int, seed: int = 1) -> Frame:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    return cv2.normalize(soft, np.zeros_like(soft), 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def panned(frames: int, step: int = 2) -> list[Frame]:
    """Move a camera over a wide wall."""
    wall = texture(WIDTH + frames * step, HEIGHT)
    return [wall[:, index * step : index * step + WIDTH].copy() for index in range(frames)]


def waving(frames: int) -> list[Frame]:
    """Let a picture wave before a camera that stands, every 16 frames alike."""
    still = texture(WIDTH, HEIGHT)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    out = []
    for index in range(frames):
        turn = index / 16 * 2 * np.pi
        at_x, at_y = x + 3 * np.sin(y / 9 + turn), y + 3 * np.cos(x / 11 + turn)
        moved = cv2.remap(still, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        out.append(moved.astype(np.uint8))
    return out


def clip(path: Path, frames: list[Frame], *, fps: int | Fraction = 24, sound: bool = False) -> Path:
    height, width = frames[0].shape[:2]
    with FilmWriter(path, width, height, fps=fps, audio_rate=RATE if sound else None) as film:
        for frame in frames:
            film.add(frame)
        if sound:
            tone = np.sin(np.arange(int(len(frames) / fps * RATE)) / 25).astype(np.float32) / 3
            film.add_audio(np.stack([tone, tone]))
    return path


def extended(tmp_path: Path, video: Path, prompt: str = "go on", seconds: int = 1) -> list[Frame]:
    brief = Brief(
        operation="video_extend",
        prompt=prompt,
        width=0,
        height=0,
        seconds=seconds,
        images=(),
        video=video,
        film=tmp_path / "extended.mp4",
        seed=9,
    )
    told: list[float] = []
    onward.render(brief, told.append, Contrast())
    assert told == sorted(told)
    assert told[-1] == 1
    return list(read_frames(brief.film))


def steps(frames: list[Frame]) -> list[float]:
    pairs = itertools.pairwise(frames)
    return [float(np.abs(a.astype(float) - b).mean()) for a, b in pairs]


@pytest.mark.parametrize(
    "frames, prompt",
    [
        (panned(48), "go on"),
        (panned(48), "push in"),
        (waving(60), "go on"),
        (waving(60), "zoom in"),
    ],
    ids=["pan", "pan, then push in", "waves", "waves, and zoom in"],
)
def test_the_seam_is_not_seen(tmp_path: Path, frames: list[Frame], prompt: str) -> None:
    video = clip(tmp_path / "clip.mp4", frames)

    shown = extended(tmp_path, video, prompt)

    assert len(shown) == len(frames) + 24
    usual = float(np.median(steps(shown[: len(frames)])))
    after = steps(shown[len(frames) - 1 :])
    assert max(after[:14]) < 2.0 * usual + 1
    assert min(after[:6]) > 0.1 * usual
    assert float(np.mean(after)) > 0.3


def test_the_source_comes_first_unchanged(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", waving(48))

    shown = extended(tmp_path, video)

    for before, after in zip(read_frames(video), shown, strict=False):
        assert np.abs(before.astype(float) - after).mean() < 4


def test_the_pictures_of_a_film_of_ours_are_not_coded_again(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", waving(48))

    extended(tmp_path, video)

    before, after = decoded(video), decoded(tmp_path / "extended.mp4")
    assert len(after) == 72
    assert before == after[:48]


def decoded(path: Path) -> list[bytes]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray().tobytes() for frame in film.decode(video=0)]


def test_a_pan_goes_on_as_it_was_going(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", panned(48, step=3))

    shown = extended(tmp_path, video)

    before = drift_of(flow(shown[45], shown[46], 0.5)).x
    after = drift_of(flow(shown[48], shown[49], 0.5)).x
    assert before == pytest.approx(-3, abs=0.6)
    assert before * 1.5 < after < before * 0.4


def from_picture(tmp_path: Path, prompt: str) -> Path:
    """Make a film of two seconds from a picture of nothing in particular."""
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), texture(WIDTH, HEIGHT, seed=5))
    path = tmp_path / "from picture.mp4"
    picture.render(
        Brief("image_to_video", prompt, WIDTH, HEIGHT, 2, (still,), None, path, seed=4),
        lambda _share: None,
        Contrast(),
    )
    return path


def shift(frames: list[Frame], axis: str = "x") -> float:
    """Tell how far the picture moves to the right, or down for "y", in pixels a frame."""
    moved = [getattr(drift_of(flow(a, b, 1)), axis) for a, b in itertools.pairwise(frames)]
    return float(np.median(moved))


def test_the_camera_before_a_picture_goes_on_as_it_was_told(tmp_path: Path) -> None:
    video = from_picture(tmp_path, "pan right")

    shown = extended(tmp_path, video, seconds=2)

    before, late = shift(shown[40:48]), shift(shown[80:92])
    assert before < -0.2, "what is seen goes to the left"
    assert late < 0.4 * before, "and still does so where any other camera would have come to rest"
    moved = steps(shown)
    assert max(moved[46:50]) < 2.0 * float(np.median(moved[24:48])) + 0.3


def test_a_film_from_a_picture_can_be_extended_again_and_told_to_move_otherwise(
    tmp_path: Path,
) -> None:
    first = from_picture(tmp_path, "static")
    extended(tmp_path, first, "go on")
    again = (tmp_path / "extended.mp4").rename(tmp_path / "again.mp4")

    shown = extended(tmp_path, again, "pan left", seconds=2)

    assert len(shown) == 5 * 24
    assert abs(shift(shown[30:70])) < 0.05
    assert shift(shown[90:110]) > 0.1


def test_the_way_of_another_camera_is_not_believed(tmp_path: Path) -> None:
    note = facts(from_picture(tmp_path, "tilt up, fast")).note
    video = tmp_path / "forged.mp4"
    with FilmWriter(video, WIDTH, HEIGHT, note=note) as film:
        for frame in panned(48, step=2)[::-1]:
            film.add(frame)

    shown = extended(tmp_path, video, seconds=2)

    assert shift(shown[46:54]) > 0.5, "it goes on as it went"
    assert abs(shift(shown[60:90], "y")) < 0.1, "and does not tilt"


def test_waves_go_on_waving(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", waving(60))

    after = steps(extended(tmp_path, video)[60:])

    assert min(after) > 0.4 * float(np.median(steps(waving(20))))


def test_snow_begins_to_fall(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", [np.full((HEIGHT, WIDTH, 3), 40, np.uint8)] * 48)

    shown = extended(tmp_path, video, "it starts to snow", seconds=2)

    assert shown[49].max() < 80
    assert shown[-1].max() > 120


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), 25, 60])
def test_the_pace_of_the_source_is_kept(tmp_path: Path, fps: int | Fraction) -> None:
    video = clip(tmp_path / "clip.mp4", panned(40), fps=fps)

    shown = extended(tmp_path, video)

    assert len(shown) == 40 + round(fps)


def test_sound_goes_on_to_the_end_and_fades(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", waving(48), sound=True)

    extended(tmp_path, video)

    sound = read_audio(tmp_path / "extended.mp4")
    assert sound is not None
    assert sound.shape[1] / RATE == pytest.approx(3, abs=0.05)
    loud = np.abs(sound).max(0)
    assert loud[int(2.1 * RATE) : int(2.5 * RATE)].max() > 0.2
    assert loud[-int(0.1 * RATE) :].max() < 0.1


def test_a_silent_source_stays_silent(tmp_path: Path) -> None:
    extended(tmp_path, clip(tmp_path / "clip.mp4", panned(30)))

    assert not facts(tmp_path / "extended.mp4").audio


def test_sound_has_no_click_where_it_is_prolonged() -> None:
    tone = np.sin(np.arange(RATE) / 25).astype(np.float32) / 3
    longer = prolonged(np.stack([tone, tone]), RATE, 3 * RATE, 1)

    assert longer.shape == (2, 3 * RATE)
    assert np.array_equal(longer[0, : RATE // 2], tone[: RATE // 2])
    assert np.abs(np.diff(longer[0])).max() < 0.08


@pytest.mark.parametrize("samples", [0, 1, 100, 10_000_000 // RATE])
def test_hardly_any_sound_is_no_obstacle(samples: int) -> None:
    longer = prolonged(np.zeros((2, samples), np.float32), RATE, 2 * RATE, 1)

    assert longer.shape == (2, 2 * RATE)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_film_of_few_frames_is_extended(tmp_path: Path, count: int) -> None:
    video = clip(tmp_path / "clip.mp4", panned(5)[:count])

    assert len(extended(tmp_path, video, "orbit")) >= 24


@pytest.mark.parametrize("size", [(18, 34), (400, 16)])
def test_odd_shapes_are_extended(tmp_path: Path, size: tuple[int, int]) -> None:
    frames = [np.roll(texture(*size), index, axis=1) for index in range(30)]

    assert len(extended(tmp_path, clip(tmp_path / "clip.mp4", frames), "pan left")) == 54


def test_nothing_to_jump_to_in_a_film_that_stands_still() -> None:
    still = glance(texture(WIDTH, HEIGHT))

    assert best_jump([still] * 60, 12) is None
    assert best_jump([still] * 3, 12) is None


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 200)

    with pytest.raises(CannotRender):
        extended(tmp_path, tmp_path / "broken.mp4")


def test_no_frame_after_the_seam_jumps_further_than_the_source_did() -> None:
    last = tuple(np.full((36, 64, 3), 100 + 2 * step, np.uint8) for step in range(4))
    wanted = [np.full((36, 64, 3), 200, np.uint8) for _ in range(40)]

    frames = [last[-1], *gently(iter(wanted), last)]

    steps = [np.abs(b.astype(int) - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) <= 3
    assert frames[-1].mean() > 140, "it gets there in time"
    calm = [np.full((36, 64, 3), 107, np.uint8)]
    assert np.array_equal(next(gently(iter(calm), last)), calm[0])


def test_without_sound_the_source_keeps_its_own_and_nothing_is_added() -> None:
    tone = np.ones((2, 2 * RATE), np.float32)

    sound = ended(tone, 2 * RATE, 3 * RATE)

    assert sound.shape == (2, 3 * RATE)
    assert np.array_equal(sound[:, :RATE], tone[:, :RATE])
    assert not sound[:, 2 * RATE :].any()
