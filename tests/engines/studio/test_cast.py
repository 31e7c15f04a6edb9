import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio import cast
from kinetoscope.engines.studio.brief import Brief, CannotRender
from kinetoscope.engines.studio.camera import Pose
from kinetoscope.engines.studio.cutouts import card, cut_out, matched
from kinetoscope.engines.studio.film import Frame, facts, read_frames
from kinetoscope.engines.studio.roles import Part, Role, read_parts
from kinetoscope.engines.studio.subject import Contrast, Eye, best_eye

COLOURS = {
    "red": (20, 20, 230),
    "green": (30, 220, 30),
    "blue": (230, 40, 20),
    "yellow": (20, 230, 230),
    "magenta": (220, 20, 220),
    "cyan": (220, 220, 20),
    "white": (250, 250, 250),
}


def ball(path: Path, colour: str) -> Path:
    """Draw a ball on nothing."""
    image = np.zeros((120, 120, 4), np.uint8)
    cv2.circle(image, (60, 60), 45, (*COLOURS[colour], 255), -1)
    cv2.imwrite(str(path), image)
    return path


def place(path: Path, colour: tuple[int, int, int] = (200, 160, 120)) -> Path:
    """Draw a plain with a sky, and nobody on it."""
    image = np.zeros((120, 200, 3), np.uint8)
    image[:60], image[60:] = colour, tuple(part // 2 for part in colour)
    noise = np.random.default_rng(3).integers(0, 30, image.shape, np.uint8)
    cv2.imwrite(str(path), image + noise)
    return path


def made(
    tmp_path: Path, prompt: str, images: list[Path], eye: Eye | None = None, seconds: int = 1
) -> list[Frame]:
    brief = Brief(
        operation="reference_to_video",
        prompt=prompt,
        width=192,
        height=128,
        seconds=seconds,
        images=tuple(images),
        video=None,
        film=tmp_path / "film.mp4",
        seed=11,
    )
    told: list[float] = []
    cast.render(brief, told.append, eye or Contrast())
    assert told == sorted(told)
    assert told[-1] == 1
    assert facts(brief.film).frames == 24 * seconds
    return list(read_frames(brief.film))


def shows(frames: list[Frame], colour: str) -> bool:
    """Tell whether a patch of a hue like *colour* is to be seen in any frame."""
    wanted = cv2.cvtColor(np.array([[COLOURS[colour]]], np.uint8), cv2.COLOR_BGR2HSV)[0, 0]
    for frame in frames:
        hsv = cv2.cvtColor(frame, cv2.COLOR_BGR2HSV).astype(np.int16)
        if colour == "white":
            alike = (hsv[..., 1] < 40) & (hsv[..., 2] > 190)
        else:
            away = np.abs((hsv[..., 0] - int(wanted[0]) + 90) % 180 - 90)
            alike = (away < 9) & (hsv[..., 1] > 110) & (hsv[..., 2] > 90)
        if alike.sum() > 80:
            return True
    return False


def role(sure: float) -> Role:
    mask = np.zeros((20, 20), np.float32)
    mask[5:15, 5:15] = 1
    return Role(np.zeros((20, 20, 3), np.uint8), mask, Part.ACTOR, sure)


@pytest.mark.parametrize(
    "prompt, parts",
    [
        ("@Image1 stands in @Image2", "actor place"),
        ("In @Image1, @Image2 dances", "place actor"),
        ("@image2 walks along the beach of @image1", "place actor"),
        ("@Image1 and @Image2 meet", "actor actor"),
        ("use @Image2 as the background for @Image1", "actor place"),
        ("@Image1 holding @Image2 in front of @Image3", "actor actor place"),
    ],
)
def test_parts_are_given_by_the_sentence(prompt: str, parts: str) -> None:
    given = read_parts(prompt, [role(0.6) for _ in parts.split()])

    assert " ".join(one.part for one in given) == parts


def test_where_all_would_be_places_one_is_sent_on_stage() -> None:
    given = read_parts("wonderful", [role(-0.9), role(-0.2), role(-2.0)])

    assert [one.part for one in given] == [Part.PLACE, Part.ACTOR, Part.PLACE]


def test_an_actor_stands_in_the_place_it_was_sent_to(tmp_path: Path) -> None:
    images = [ball(tmp_path / "ball.png", "red"), place(tmp_path / "plain.png")]

    frames = made(tmp_path, "@Image1 stands in @Image2, push in", images)

    first = frames[0].astype(int)
    assert first[80, 96, 2] > first[80, 96, 0] + 80  # the ball
    assert first[15, 20, 0] > first[15, 20, 2] + 30  # the sky
    assert np.abs(frames[-1].astype(float) - frames[0]).mean() > 1


@pytest.mark.parametrize("eye", [Contrast, best_eye], ids=["contrast", "model"])
def test_who_is_who_can_be_seen_without_a_word(tmp_path: Path, eye: Callable[[], Eye]) -> None:
    actor = np.full((160, 160, 3), 225, np.uint8)
    cv2.circle(actor, (80, 80), 50, (20, 20, 220), -1, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "actor.png"), actor)

    frames = made(tmp_path, "over the ocean", [tmp_path / "actor.png"], eye())

    assert shows(frames, "red")
    assert frames[0][100:, :30].std() > 3, "the sea, and not the wall"


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_everybody_is_seen(tmp_path: Path, count: int) -> None:
    names = list(COLOURS)[:count]
    images = [ball(tmp_path / f"{name}.png", name) for name in names]

    frames = made(tmp_path, "a party", images)

    assert [name for name in names if not shows(frames[::6], name)] == []


def test_several_places_follow_each_other(tmp_path: Path) -> None:
    images = [
        ball(tmp_path / "ball.png", "green"),
        place(tmp_path / "one.png", (220, 60, 40)),
        place(tmp_path / "two.png", (40, 60, 220)),
    ]

    frames = made(tmp_path, "@Image1 walks in @Image2 and then in @Image3", images)

    sky = [frame[12, 20].astype(int) for frame in (frames[0], frames[-1])]
    assert sky[0][0] > sky[0][2] + 60
    assert sky[1][2] > sky[1][0] + 60


def test_what_is_straight_in_a_place_stays_straight() -> None:
    picture: Frame = np.full((360, 640, 3), (190, 150, 110), np.uint8)
    picture[220:] = np.random.default_rng(3).integers(60, 200, (140, 640, 3), np.uint8)
    picture[120:300, 380:520] = (60, 90, 140)
    stage = cast.photograph(picture, np.ones((360, 640), np.float32))

    across = stage.places(0, Pose(x=0.15), 0.9)[..., 0]

    rows = np.arange(360)
    for column in across.T[20:620:40]:
        line = np.polyval(np.polyfit(rows, column, 1), rows)
        assert np.abs(column - line).max() < 1.5, "pixels"


def test_who_does_not_fit_one_frame_comes_in_shots_with_cuts_between(tmp_path: Path) -> None:
    names = list(COLOURS)[:6]
    images = [ball(tmp_path / f"{name}.png", name) for name in names]

    frames = made(tmp_path, "a party, static camera", images, seconds=3)

    assert len(frames) == 72
    steps = [np.abs(b.astype(int) - a).mean() for a, b in itertools.pairwise(frames)]
    assert [index + 1 for index, step in enumerate(steps) if step > 8] == [24, 48]
    assert [name for name in names if not shows(frames[::6], name)] == []


def test_a_place_in_words_is_the_place_and_all_pictures_act_in_it(tmp_path: Path) -> None:
    roles = [Role(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.float32), Part.PLACE, -0.9)]

    assert read_parts("on mars", roles)[0].part is Part.ACTOR
    assert read_parts("everybody meets", roles)[0].part is Part.PLACE
    assert read_parts("mars as seen in @Image1", roles)[0].part is Part.PLACE


def test_a_place_that_the_sentence_names_is_drawn_and_lives(tmp_path: Path) -> None:
    frames = made(tmp_path, "@Image1 over the ocean at sunset", [ball(tmp_path / "b.png", "red")])

    edge = [frame[100:, :30].astype(float) for frame in (frames[0], frames[12])]
    assert edge[0].std() > 3
    assert np.abs(edge[1] - edge[0]).mean() > 0.5


def test_a_picture_without_a_subject_fills_the_film(tmp_path: Path) -> None:
    frames = made(tmp_path, "drone flight", [place(tmp_path / "plain.png")])

    assert len(frames) == 24
    assert np.abs(frames[-1].astype(float) - frames[0]).mean() > 0.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (33, 17)])
def test_odd_shapes_play_their_part(tmp_path: Path, shape: tuple[int, int]) -> None:
    cv2.imwrite(str(tmp_path / "odd.png"), np.full((*shape, 3), 90, np.uint8))
    images = [tmp_path / "odd.png", ball(tmp_path / "ball.png", "red"), tmp_path / "odd.png"]

    assert len(made(tmp_path, "@Image1 and @Image2 in @Image3", images)) == 24


def test_a_broken_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")

    with pytest.raises(CannotRender):
        made(tmp_path, "@Image1", [tmp_path / "broken.png"])


def test_a_cutout_carries_no_rim_of_its_old_place() -> None:
    still = np.full((80, 80, 3), (40, 240, 40), np.uint8)
    cv2.circle(still, (40, 40), 25, (40, 40, 220), -1, cv2.LINE_AA)
    mask = np.zeros((80, 80), np.float32)
    cv2.circle(mask, (40, 40), 25, 1.0, -1, cv2.LINE_AA)

    actor = cut_out(still, mask).picture

    edge = (actor[..., 3] > 40) & (actor[..., 3] < 220)
    assert (actor[edge][:, 1].astype(int) < 140).all()


def test_a_print_keeps_the_whole_picture() -> None:
    still = np.full((60, 100, 3), (200, 30, 30), np.uint8)

    shown = card(still).picture

    blue = (shown[..., 0] > 150) & (shown[..., 1] < 80)
    assert blue.mean() > 0.8
    assert shown[shown.shape[0] // 2, 12, 1] > 200


def test_an_actor_takes_on_some_of_the_light() -> None:
    still = np.full((40, 40, 4), (128, 128, 128, 255), np.uint8)
    night = np.full((40, 60, 3), (60, 20, 10), np.uint8)

    shown = matched(cut_out(still, np.ones((40, 40), np.float32)), night).picture

    assert shown[..., :3].mean() < 110
    assert shown[20, 20, 0] > shown[20, 20, 2]
