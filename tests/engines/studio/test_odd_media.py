"""Odd but valid media become films; every ratio is filled; no frame is black, frozen or missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from kinetoscope.domain.order import PIXELS, Tier
from kinetoscope.engines.studio import cast, looks, onward, picture, text
from kinetoscope.engines.studio.brief import FPS, Brief, Notes, Tell
from kinetoscope.engines.studio.film import Frame, facts, read_frames
from kinetoscope.engines.studio.source import measure
from kinetoscope.engines.studio.subject import Contrast

RATIOS = {ratio: size for (tier, ratio), size in PIXELS.items() if tier is Tier.P480}
_BT2020, _PQ = 9, 16


def brief(film: Path, operation: str, **more: object) -> Brief:
    told: dict[str, object] = {
        "operation": operation,
        "prompt": "the sea at sunset",
        "width": 0,
        "height": 0,
        "seconds": 0,
        "images": (),
        "video": None,
        "film": film,
        "seed": 4,
    }
    return Brief(**(told | more))  # type: ignore[arg-type]


def scene(index: int, width: int, height: int) -> Frame:
    image = np.full((height, width, 3), (200, 150, 90), np.uint8)
    image[height // 2 :] = (60, 140, 80)
    cv2.circle(image, (width // 4 + 2 * index, height // 2), height // 5, (40, 40, 220), -1)
    return image


def shot(
    path: Path, *, fps: int = 24, seconds: float = 2, sound: str = "", hdr: bool = False,
    uneven: bool = False, size: tuple[int, int] = (128, 72),
) -> Path:  # fmt: skip
    """Make a film as some camera or other would."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=Fraction(fps), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 600)
        if hdr:
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace = _BT2020, _PQ, _BT2020
        track = film.add_stream("aac", rate=44_100, layout=sound) if sound else None
        for index in range(round(fps * seconds)):
            frame = av.VideoFrame.from_ndarray(scene(index, *size), format="bgr24")
            wait = (index % 3 == 1) * 9 if uneven else 0
            frame.pts, frame.time_base = index * 600 // fps + wait, Fraction(1, 600)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if track is not None:
            tone = np.sin(np.arange(int(44_100 * seconds)) / 30).astype(np.float32)[None] / 4
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone), "fltp", sound)
            block.sample_rate = 44_100
            film.mux(track.encode(block))
            film.mux(track.encode(None))
    return path


CAMERAS: dict[str, dict[str, object]] = {
    "five a second": {"fps": 5},
    "a hundred and twenty a second": {"fps": 120, "seconds": 2.0},
    "tagged as HDR": {"hdr": True},
    "mono": {"sound": "mono"},
    "silent": {},
    "uneven": {"uneven": True},
    "upright and narrow": {"size": (32, 130)},
    "as small as it gets": {"size": (2, 2)},
}


@pytest.mark.parametrize("camera", CAMERAS)
def test_films_of_any_camera_are_edited_and_extended(tmp_path: Path, camera: str) -> None:
    video = shot(tmp_path / "source.mp4", **CAMERAS[camera])  # type: ignore[arg-type]
    source = measure(video)
    edited, longer = tmp_path / "edited.mp4", tmp_path / "longer.mp4"

    looks.render(brief(edited, "edit_video", prompt="noir", video=video), lambda _share: None)
    extend = brief(longer, "video_extend", prompt="it goes on", video=video, seconds=2)
    onward.render(extend, lambda _share: None, Contrast())

    for film, seconds in (
        (edited, source.frames / source.fps),
        (longer, source.frames / source.fps + 2),
    ):
        fact = facts(film)
        assert (fact.width, fact.height) == source.size
        assert fact.fps == source.fps
        assert fact.frames == round(seconds * source.fps)
        assert fact.audio == (camera == "mono")
        assert sum(1 for _ in read_frames(film)) == fact.frames


def test_the_largest_and_the_smallest_picture_become_films(tmp_path: Path) -> None:
    for name, side in (("dot.png", 1), ("vast.png", 4000)):
        cv2.imwrite(str(tmp_path / name), np.full((side, side, 3), (90, 140, 200), np.uint8))
        film = tmp_path / "film.mp4"
        order = brief(film, "image_to_video", width=128, height=72, seconds=1,
                      images=(tmp_path / name,))  # fmt: skip

        picture.render(order, lambda _share: None, Contrast())

        assert facts(film).frames == FPS
        assert all(frame.mean() > 80 for frame in read_frames(film))


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_ratio_is_filled_by_every_operation_that_makes_a_picture(
    tmp_path: Path, ratio: str
) -> None:
    width, height = (side // 12 * 2 for side in RATIOS[ratio])
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), scene(10, 160, 120))
    renders: dict[str, Callable[[Brief, Tell], Notes]] = {
        "text_to_video": text.render,
        "image_to_video": partial(picture.render, eye=Contrast()),
        "reference_to_video": partial(cast.render, eye=Contrast()),
    }
    for operation, render in renders.items():
        film, told = tmp_path / f"{operation}.mp4", list[float]()
        images = () if operation == "text_to_video" else (still,)
        render(
            brief(film, operation, width=width, height=height, seconds=1, images=images),
            told.append,
        )

        frames = list(read_frames(film))
        assert [frame.shape for frame in frames] == [(height, width, 3)] * FPS
        assert told == sorted(told)
        assert told[-1] > 0.98
        assert min(frame.mean() for frame in frames) > 12, "none is black"
        assert min(frame.std() for frame in frames) > 6, "none is empty"
        steps = [float(cv2.absdiff(a, b).mean()) for a, b in itertools.pairwise(frames)]
        assert np.median(steps) > 0.03, "it moves"
        assert max(steps) < 25, "and nothing tears it"


def test_the_same_request_and_seed_make_the_same_frames(tmp_path: Path) -> None:
    films = [tmp_path / "one.mp4", tmp_path / "two.mp4", tmp_path / "other.mp4"]
    for film, seed in zip(films, (7, 7, 8), strict=True):
        order = brief(film, "text_to_video", width=160, height=96, seconds=1, seed=seed,
                      prompt="fish over a coral reef")  # fmt: skip
        text.render(order, lambda _share: None)

    one, two, other = (list(read_frames(film)) for film in films)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert np.abs(one[0].astype(int) - other[0]).mean() > 1


def test_a_film_without_sound_has_none(tmp_path: Path) -> None:
    order = brief(tmp_path / "film.mp4", "text_to_video", width=64, height=64, seconds=1,
                  sound=False)  # fmt: skip

    text.render(order, lambda _share: None)

    assert not facts(order.film).audio
