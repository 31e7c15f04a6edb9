"""Drafts have the measures of the films that they stand for, and say what they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest

from kinetoscope.engines.studio import drafts
from kinetoscope.engines.studio.brief import FPS, Brief, CannotRender
from tests.films import film, picture
from tests.patience import PATIENCE


def brief(folder: Path, **chosen: Any) -> Brief:
    """Order a draft of 2 seconds from text, unless *chosen* say otherwise."""
    asked: dict[str, Any] = {
        "operation": "text_to_video",
        "prompt": "a fox in the snow",
        "width": 480,
        "height": 272,
        "seconds": 2,
        "images": (),
        "video": None,
        "film": folder / "draft.mp4",
        "seed": 1,
    }
    return Brief(**asked | chosen)


def draw(order: Brief) -> tuple[int, int, int, float, bool]:
    """Draw a draft; tell its width, height, frames, rate, and whether there is a sound."""
    told: list[float] = []
    drafts.render(order, told.append)
    assert told == sorted(told)
    with av.open(str(order.film)) as made:
        stream = made.streams.video[0]
        frames = sum(1 for _ in made.decode(stream))
        rate = float(stream.average_rate or 0)
        return stream.width, stream.height, frames, rate, bool(made.streams.audio)


@pytest.mark.parametrize("size", [(848, 480), (480, 848), (480, 480), (720, 1280), (200, 480)])
def test_a_card_has_the_size_and_the_length_that_were_asked_for(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    order = brief(tmp_path, width=size[0], height=size[1])

    assert draw(order) == (*size, 2 * FPS, FPS, True)


def test_without_sound_there_is_none(tmp_path: Path) -> None:
    assert draw(brief(tmp_path, sound=False))[4] is False


@pytest.mark.parametrize("count", [1, 2, 7])
def test_pictures_are_shown_one_after_the_other(tmp_path: Path, count: int) -> None:
    images = []
    for number in range(count):
        images.append(tmp_path / f"{number}.jpg")
        images[-1].write_bytes(picture("JPEG", 64 + 40 * number, 48))
    order = brief(tmp_path, operation="reference_to_video", images=tuple(images))

    assert draw(order) == (480, 272, 2 * FPS, FPS, True)


def test_an_edit_is_as_long_as_its_source_and_an_extension_longer(tmp_path: Path) -> None:
    source = film(tmp_path / "source.mp4", 3, 320, 180)
    follows: dict[str, Any] = {"video": source, "width": 0, "height": 0}

    edit = draw(brief(tmp_path, operation="edit_video", seconds=0, **follows))
    longer = draw(brief(tmp_path, operation="video_extend", seconds=2, **follows))

    sizes = [(320, 180, seconds * FPS, FPS, True) for seconds in (3, 5)]
    assert [edit, longer] == sizes


def test_a_large_source_becomes_no_larger_film_than_ours(tmp_path: Path) -> None:
    source = film(tmp_path / "source.mp4", 0.5, 1920, 1080)
    order = brief(tmp_path, operation="edit_video", video=source, width=0, height=0, seconds=0)

    assert draw(order)[:2] == (1280, 720)


@pytest.mark.parametrize(
    "prompt", ["日本の狐", "\x1b[31m\n\n\t", "a" * 4096, "שלום 🦊", "a fox " * 600, "."]
)
def test_whatever_the_prompt_says_there_is_a_card(tmp_path: Path, prompt: str) -> None:
    assert draw(brief(tmp_path, prompt=prompt, seconds=1))[2] == FPS


def test_a_draft_says_that_it_is_one(tmp_path: Path) -> None:
    """The mark is brighter than the paper, on the first frame and on the last."""
    order = brief(tmp_path)
    draw(order)

    with av.open(str(order.film)) as made:
        assert "test key" in made.metadata["comment"]
        frames = [frame.to_ndarray(format="gray") for frame in made.decode(video=0)]
    for frame in (frames[0], frames[-1]):
        mark = frame[190:232, 160:320]
        assert int(mark.max()) - int(mark.min()) > 50


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))

    with pytest.raises(CannotRender):
        draw(brief(tmp_path, operation="edit_video", video=broken, width=0, height=0, seconds=0))
    assert not (tmp_path / "draft.mp4").exists()


def test_drafts_need_no_library_of_the_studio() -> None:
    """So that test keys work wherever the service does."""
    code = "import sys, kinetoscope.engines.studio.drafts; print({'cv2', 'numpy'} & {*sys.modules})"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True
    )

    assert told.stdout == "set()\n"
