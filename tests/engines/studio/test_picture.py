import itertools
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from kinetoscope.engines.studio import picture
from kinetoscope.engines.studio.brief import Brief, CannotRender
from kinetoscope.engines.studio.camera import pose, read_moves
from kinetoscope.engines.studio.film import Frame, facts, read_frames
from kinetoscope.engines.studio.parallax import stage_of
from kinetoscope.engines.studio.stills import cover, flat, open_still
from kinetoscope.engines.studio.subject import Contrast, Eye, Model, best_eye, subject_mask
from kinetoscope.engines.studio.vision import Map, depth, plate, sky_mask


def drawn(width: int = 320, height: int = 240) -> Frame:
    """Draw a red ball with rings before grass and sky."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2] = (230, 190, 140)
    image[height // 2 :] = (60, 140, 70)
    random = np.random.default_rng(1)
    image[height // 2 :] += random.integers(0, 40, (height - height // 2, width, 1), np.uint8)
    middle, size = (width // 2, height // 2), min(width, height)
    for part, colour in ((4, (30, 30, 210)), (6, (40, 60, 240)), (12, (20, 20, 160))):
        cv2.circle(image, middle, max(1, size // part), colour, -1, cv2.LINE_AA)
    return image


def ordered(tmp_path: Path, image: Path, prompt: str = "push in", seconds: int = 1) -> Brief:
    return Brief(
        operation="image_to_video",
        prompt=prompt,
        width=192,
        height=128,
        seconds=seconds,
        images=(image,),
        video=None,
        film=tmp_path / "film.mp4",
        seed=7,
    )


def made(
    tmp_path: Path, image: Path, prompt: str = "push in", eye: Eye | None = None
) -> list[Frame]:
    brief = ordered(tmp_path, image, prompt)
    told: list[float] = []
    picture.render(brief, told.append, eye or Contrast())
    assert told == sorted(told)
    assert told[-1] == 1
    return list(read_frames(brief.film))


@pytest.fixture
def still(tmp_path: Path) -> Path:
    path = tmp_path / "still.png"
    cv2.imwrite(str(path), drawn())
    return path


@pytest.mark.parametrize("style", ["watercolour", "pencil sketch", "van gogh"])
def test_a_picture_moves_in_the_style_that_is_asked_for(
    tmp_path: Path, still: Path, style: str
) -> None:
    plain = made(tmp_path, still, "push in")

    painted = made(tmp_path, still, f"push in, {style}")

    assert len(painted) == len(plain)
    for before, after in zip(plain[::6], painted[::6], strict=True):
        assert cv2.absdiff(before, after).mean() > 8
    steps = [cv2.absdiff(a, b).mean() for a, b in itertools.pairwise(painted)]
    assert max(steps) < 12, "it does not flicker"


def difference(one: Frame, other: Frame) -> float:
    return float(np.abs(one.astype(np.float32) - other).mean())


def test_the_film_is_as_long_and_as_large_as_ordered(tmp_path: Path, still: Path) -> None:
    brief = ordered(tmp_path, still, seconds=2)

    picture.render(brief, lambda _share: None, Contrast())

    found = facts(brief.film)
    assert (found.width, found.height, found.frames) == (192, 128, 48)
    assert found.seconds == pytest.approx(2)


@pytest.mark.parametrize("prompt", ["push in", "orbit", "pan left", "handheld", "it is raining"])
def test_the_picture_moves_and_stays_itself(tmp_path: Path, still: Path, prompt: str) -> None:
    frames = made(tmp_path, still, prompt)

    assert difference(frames[0], frames[-1]) > 1
    assert max(difference(a, b) for a, b in itertools.pairwise(frames)) < 20
    shown = cover(drawn(), 192, 128)
    assert difference(frames[12], shown) < 35


def test_near_things_move_more_than_far_ones(tmp_path: Path, still: Path) -> None:
    frames = made(tmp_path, still, "pan right")
    first, last = (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in (frames[0], frames[-1]))
    flow = np.zeros((*first.shape, 2), np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(first, last, flow)
    moved = np.abs(flow[..., 0])

    ball, sky = np.median(moved[50:78, 80:112]), np.median(moved[5:25, 20:60])
    assert ball > sky


def test_the_same_picture_is_drawn_alike() -> None:
    # Not compared as films: the encoder's threads may round differently.
    places = [pose(read_moves("orbit", 7), share, 1) for share in (0.0, 0.4, 1.0)]

    shown = cover(drawn(), 192, 128)

    one, other = (
        [stage_of(shown, subject_mask(shown, Contrast())).frame(place, 0.9) for place in places]
        for _ in "12"
    )

    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def odd_pictures() -> dict[str, Image.Image]:
    colours = Image.fromarray(cv2.cvtColor(drawn(64, 48), cv2.COLOR_BGR2RGB))
    deep = Image.fromarray((np.arange(64 * 48).reshape(48, 64) * 20).astype(np.uint16))
    palette = colours.convert("P")
    palette.info["transparency"] = 0
    clear = colours.copy()
    clear.putalpha(Image.fromarray(np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))))
    return {
        "one_pixel.png": Image.new("RGB", (1, 1), "red"),
        "one_row.png": Image.new("RGB", (90, 1), "green"),
        "deep.png": deep,
        "ink.jpg": colours.convert("CMYK"),
        "palette.png": palette,
        "grey_alpha.png": clear.convert("LA"),
        "clear.png": clear,
        "nothing_but_clear.png": Image.new("RGBA", (40, 30), (0, 0, 0, 0)),
        "bits.png": colours.convert("1"),
        "black.webp": Image.new("RGB", (33, 71)),
        "panorama.png": Image.new("RGB", (4000, 20), "orange"),
        "portrait.jpg": colours.resize((31, 257)),
    }


@pytest.mark.parametrize("name", odd_pictures())
def test_an_odd_picture_becomes_a_film_all_the_same(tmp_path: Path, name: str) -> None:
    odd_pictures()[name].save(tmp_path / name)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frames = made(tmp_path, tmp_path / name)

    assert len(frames) == 24


def test_a_camera_held_sideways_is_turned_upright(tmp_path: Path) -> None:
    colours = np.zeros((40, 80, 3), np.uint8)
    colours[:, :40] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(colours).save(tmp_path / "turned.jpg", exif=exif, quality=95)

    still = open_still(tmp_path / "turned.jpg", 64, 64)

    assert still.shape[:2] == (80, 40)
    assert still[10, 20, 2] > 200
    assert still[70, 20, 2] < 50


def test_of_an_animation_the_first_picture_is_shown(tmp_path: Path) -> None:
    first, then = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    first.save(tmp_path / "two.webp", save_all=True, append_images=[then], lossless=True)

    still = open_still(tmp_path / "two.webp", 32, 32)

    assert still[16, 16].tolist() == [0, 0, 255]


def test_deep_greys_keep_their_order(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 20_000, 65_535]], np.uint16)).save(tmp_path / "deep.png")

    still = open_still(tmp_path / "deep.png", 8, 8)

    assert still[0, :, 0].tolist() == pytest.approx([0, 78, 255], abs=1)


def test_what_is_no_picture_is_refused_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)

    with pytest.raises(CannotRender, match="could not be read"):
        made(tmp_path, tmp_path / "broken.png")


def test_transparent_parts_take_on_the_colours_beside_them() -> None:
    still = np.zeros((40, 40, 4), np.uint8)
    still[:, :20] = (10, 20, 200, 255)

    filled = flat(still)

    assert filled.shape[2] == 3
    assert filled[20, 30, 2] > 150


def test_a_crop_keeps_its_subject_whole() -> None:
    tall = np.zeros((400, 100, 3), np.uint8)
    mask = np.zeros((400, 100), np.float32)
    tall[330:380, 40:60] = 255
    mask[330:380, 40:60] = 1

    shown = cover(tall, 100, 80, mask)

    assert (shown.max(2) > 200).sum() == pytest.approx(50 * 20, rel=0.1)


class Glimpse:
    """Sees with the best eye, and counts how often it looked."""

    sharp = True
    looks = 0

    def __call__(self, bgr: Frame) -> Map:
        self.looks += 1
        return best_eye()(bgr)


def test_a_picture_is_looked_at_once_though_it_is_cropped(tmp_path: Path) -> None:
    tall, glimpse = tmp_path / "tall.png", Glimpse()
    picture = np.full((320, 200, 3), (150, 140, 120), np.uint8)
    cv2.imwrite(str(tall), cv2.circle(picture, (100, 120), 60, (30, 40, 210), -1))

    frames = made(tmp_path, tall, "static", glimpse)

    assert glimpse.looks == 1
    assert len(frames) > 0


def test_the_mask_model_is_at_hand() -> None:
    assert isinstance(best_eye(), Model), "its package is in requirements/models.txt"
    assert best_eye().sharp


@pytest.mark.parametrize("eye", [Contrast, best_eye], ids=["contrast", "model"])
def test_the_subject_is_found_and_can_be_painted_over(eye: Callable[[], Eye]) -> None:
    image = drawn()

    mask = subject_mask(image, eye())
    behind, painted = plate(image, mask)

    assert mask[120, 160] > 0.8
    assert mask[10, 10] < 0.1
    assert painted[120, 160] > 0.9
    assert behind[120, 160, 2] < image[120, 160, 2]


@pytest.mark.parametrize("eye", [Contrast, best_eye], ids=["contrast", "model"])
def test_nothing_stands_out_of_an_even_wall(eye: Callable[[], Eye]) -> None:
    assert subject_mask(np.full((80, 120, 3), 128, np.uint8), eye()).max() == 0


def test_the_model_sees_what_it_shows(tmp_path: Path, still: Path) -> None:
    frames = made(tmp_path, still, "orbit", best_eye())

    assert difference(frames[0], frames[-1]) > 1
    assert max(difference(a, b) for a, b in itertools.pairwise(frames)) < 20


def test_the_sky_is_far_and_the_ground_comes_nearer() -> None:
    image = drawn()

    near = depth(image, np.zeros(image.shape[:2], np.float32))

    assert sky_mask(image)[20, 40] > 0.8
    assert near[10].mean() < near[near.shape[0] * 3 // 4].mean() < near[-3].mean()
