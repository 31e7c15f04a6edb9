"""Films from text carry a slate, and are gone on with just where they ended."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetoscope.engines.studio import onward, text
from kinetoscope.engines.studio.brief import FPS, Brief
from kinetoscope.engines.studio.camera import roll_on
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame, facts, read_audio, read_frames
from kinetoscope.engines.studio.motion import glance
from kinetoscope.engines.studio.slate import LONGEST_NOTE, Chapter, Slate, read_slate
from kinetoscope.engines.studio.story import Story
from kinetoscope.engines.studio.subject import Contrast

SIZE = (256, 144)
PROMPT = "a sailboat on the ocean at golden sunset, pan right"


def brief(film: Path, prompt: str, seconds: int, video: Path | None = None) -> Brief:
    width, height = (0, 0) if video else SIZE
    return Brief(
        operation="video_extend" if video else "text_to_video",
        prompt=prompt,
        width=width,
        height=height,
        seconds=seconds,
        images=(),
        video=video,
        film=film,
        seed=77,
    )


@pytest.fixture(scope="module")
def sailing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "sailing.mp4"
    text.render(brief(path, PROMPT, 2), lambda _share: None)
    return path


def extended(tmp_path: Path, video: Path, prompt: str = "it sails on") -> Path:
    film = tmp_path / f"{video.stem}_further.mp4"
    onward.render(brief(film, prompt, 1, video), lambda _share: None, Contrast())
    return film


def steps(frames: list[Frame]) -> list[float]:
    return [float(cv2.absdiff(a, b).mean()) for a, b in itertools.pairwise(frames)]


def noted(video: Path, note: str, path: Path) -> Path:
    """Copy a film with another note."""
    with av.open(str(video)) as source, av.open(str(path), "w") as copy:
        copy.metadata["description"] = note
        tracks = {stream: copy.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream]
                copy.mux(packet)
    return path


def test_a_film_of_ours_is_gone_on_with_so_that_no_seam_is_seen(
    tmp_path: Path, sailing: Path
) -> None:
    film = extended(tmp_path, sailing)

    frames = list(read_frames(film))
    assert len(frames) == 3 * FPS
    moved = steps(frames)
    assert max(moved[2 * FPS - 2 : 2 * FPS + 2]) < 1.3 * float(np.median(moved[: 2 * FPS]))
    story = Story(Slate(77, *SIZE, (Chapter(PROMPT, 2), Chapter("it sails on", 1))))
    assert cv2.absdiff(frames[-1], story.frame(3 * FPS - 1)).mean() < 4


@pytest.mark.parametrize("style", ["van gogh", "oil painting", "watercolour", "comic"])
def test_a_painted_film_is_gone_on_with_by_the_same_hand(tmp_path: Path, style: str) -> None:
    painted, prompt = tmp_path / "painted.mp4", f"mountains at sunrise, pan right, {style}"
    text.render(brief(painted, prompt, 1), lambda _share: None)

    film = extended(tmp_path, painted)

    frames = list(read_frames(film))
    assert len(frames) == 2 * FPS
    moved = steps(frames)
    assert max(moved[FPS - 2 : FPS + 2]) < 1.3 * float(np.median(moved[:FPS]))
    story = Story(Slate(77, *SIZE, (Chapter(prompt, 1), Chapter("it sails on", 1))))
    for number in (FPS + 11, 2 * FPS - 1):
        gap = np.abs(glance(frames[number]) - glance(story.frame(number)))
        assert gap.mean() < 2, "coding takes grain away, and nothing else"


def test_it_can_be_gone_on_with_again(tmp_path: Path, sailing: Path) -> None:
    film = extended(tmp_path, extended(tmp_path, sailing), "night falls")

    slate = read_slate(facts(film).note)
    assert slate is not None
    assert [chapter.seconds for chapter in slate.chapters] == [2, 1, 1]
    frames = list(read_frames(film))
    assert len(frames) == 4 * FPS
    assert frames[-1].mean() < 0.6 * frames[0].mean(), "night has fallen"
    moved = steps(frames)
    assert moved[3 * FPS - 1] < 1.3 * float(np.median(moved[2 * FPS :]))


def test_its_sound_goes_on_where_it_had_begun_to_fade(tmp_path: Path, sailing: Path) -> None:
    sound = read_audio(extended(tmp_path, sailing))

    assert sound is not None
    assert sound.shape[1] / RATE == pytest.approx(3, abs=0.05)
    loud = np.sqrt((sound.reshape(2, -1, 256) ** 2).mean(axis=(0, 2)))
    seam = 2 * RATE // 256
    assert loud[seam - 60 : seam + 60].min() > 0.3 * loud[seam - 100 : seam + 100].mean()
    assert loud[-8:].max() < 0.1 * loud.mean()


FORGED = {
    "garbled": '{"kinetoscope":1,"kind":',
    "another length": Slate(77, *SIZE, (Chapter(PROMPT, 7),)).to_note(),
    "another size": Slate(77, 848, 480, (Chapter(PROMPT, 2),)).to_note(),
    "another film": Slate(77, *SIZE, (Chapter("a street by daylight", 2),)).to_note(),
}


@pytest.mark.parametrize("note", FORGED.values(), ids=FORGED)
def test_a_forged_note_is_no_obstacle(tmp_path: Path, sailing: Path, note: str) -> None:
    video = noted(sailing, note, tmp_path / "forged.mp4")

    frames = list(read_frames(extended(tmp_path, video)))

    assert len(frames) == 3 * FPS
    assert max(steps(frames)) < 3 * float(np.median(steps(frames)))


def test_a_film_with_a_true_note_and_other_pictures_is_believed_its_pictures(
    tmp_path: Path, sailing: Path
) -> None:
    with FilmWriter(tmp_path / "grey.mp4", *SIZE, note=facts(sailing).note) as film:
        for _ in range(2 * FPS):
            film.add(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))

    frames = list(read_frames(extended(tmp_path, tmp_path / "grey.mp4")))

    assert abs(frames[-1].astype(int) - 90).mean() < 6


def test_a_note_that_is_no_text_is_no_obstacle(tmp_path: Path, sailing: Path) -> None:
    written = noted(sailing, "what is this?", tmp_path / "odd.mp4")
    written.write_bytes(written.read_bytes().replace(b"what is this?", b"\xff\xfe\x80 is this?"))

    assert facts(written).frames == 2 * FPS
    assert len(list(read_frames(extended(tmp_path, written)))) == 3 * FPS


@pytest.mark.parametrize("prompt", ["a lake", "🦊" * 300, '"\\\n\0 {', "\udc80"])
def test_a_slate_is_read_as_it_was_written(prompt: str) -> None:
    slate = Slate(2**32 - 1, 848, 480, (Chapter(prompt, 15), Chapter("", 2)))

    assert read_slate(slate.to_note()) == slate
    assert slate.and_then("on", 3).seconds == 20


def test_what_is_too_long_to_be_carried_is_left_out() -> None:
    assert Slate(1, 848, 480, tuple(Chapter("🦊" * 4096, 1) for _ in range(3))).to_note() == ""


GOOD = {
    "kinetoscope": 1,
    "kind": "text",
    "seed": 7,
    "size": [848, 480],
    "chapters": [["a lake", 5]],
}


@pytest.mark.parametrize(
    "change",
    [
        {"kinetoscope": 2}, {"kind": None}, {"seed": -1}, {"seed": 2**32}, {"seed": True},
        {"seed": 1.0}, {"size": [848]}, {"size": [0, 480]}, {"size": [848, 10**9]},
        {"size": "848x480"}, {"chapters": []}, {"chapters": "a lake"}, {"chapters": [["a", 0]]},
        {"chapters": [["a", 31]]}, {"chapters": [["a", 20], ["b", 20]]},
        {"chapters": [["a", True]]}, {"chapters": [[1, 2]]}, {"chapters": [["a" * 4097, 2]]},
        {"chapters": [["a", 1]] * 17}, {"chapters": [["a", 1, 2]]}, {"chapters": [None]},
    ],
)  # fmt: skip
def test_what_is_no_slate_is_none(change: dict[str, object]) -> None:
    assert read_slate(json.dumps(GOOD)) is not None
    assert read_slate(json.dumps(GOOD | change)) is None


@pytest.mark.parametrize("note", ["", "[" * 40_000, " " * (LONGEST_NOTE + 1), "null", "\ufffd"])
def test_what_is_no_object_is_none(note: str) -> None:
    assert read_slate(note) is None


@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=5),
       lambda part: st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(sorted(GOOD)),
       part, max_size=5), max_leaves=12).map(json.dumps))  # fmt: skip
def test_no_note_is_an_error(note: str) -> None:
    assert read_slate(note) is None


@pytest.mark.parametrize(
    "prompt", ["a fox in the forest, orbit", "a car in the city", "a dragon over mountains", "mars"]
)
def test_scenes_go_on_past_their_length_as_they_went_before(prompt: str) -> None:
    story = Story(Slate(3, *SIZE, (Chapter(prompt, 2), Chapter("on", 10), Chapter("on", 10))))
    for seconds in (2, 12):
        around = [story.frame(seconds * FPS + number) for number in range(-3, 4)]
        moved = steps(around)
        assert max(moved) < 1.6 * min(moved) + 0.5
    assert story.frame(22 * FPS - 1).std() > 6


def test_a_camera_that_rolls_never_stops() -> None:
    speeds = [roll_on(at / 10 + 0.001) - roll_on(at / 10) for at in range(1, 60)]

    assert min(speeds) > 0
    assert all(abs(b - a) < 5e-4 for a, b in itertools.pairwise(speeds))
    assert roll_on(0.0) == 0
    assert roll_on(1.0) == pytest.approx(1)
    assert roll_on(100.0) <= 3
