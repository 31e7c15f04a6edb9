"""Wide country: land, water and sky hold together, in a frame and from one to the next."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio.camera import read_moves
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.shot import Shot

PLACES = ("the sea", "a lake", "an alien planet", "above the clouds", "mountains at night")


def test_land_is_about_as_crisp_in_one_frame_as_in_the_next() -> None:
    shot = _shot("hills by day, aerial flight", (424, 240))

    near = [shot.frame(number)[120:200] for number in range(20, 26)]
    crisp = [float(cv2.Laplacian(part, cv2.CV_32F).std()) for part in near]

    assert max(crisp) / min(crisp) < 1.1


@pytest.mark.parametrize("prompt", PLACES)
def test_a_frame_is_the_same_whatever_was_drawn_before_it(prompt: str) -> None:
    there, back = _shot(prompt), _shot(prompt)

    onward = {number: there.frame(number) for number in (0, 3, 9, 10)}
    backward = {number: back.frame(number) for number in (10, 3, 9, 0)}

    assert all(np.array_equal(onward[number], backward[number]) for number in onward)


@pytest.mark.parametrize("prompt", PLACES)
def test_a_picture_is_whole_up_to_its_edges(prompt: str) -> None:
    picture = _shot(prompt).frame(9)

    for turn in range(4):
        rows = np.rot90(picture, turn)[:6].astype(np.float32).mean(axis=(1, 2))
        assert abs(rows[0] - rows[3]) < 8


@pytest.mark.parametrize("size", [(424, 240), (240, 424), (198, 130), (64, 64)])
def test_water_fits_pictures_of_any_shape(size: tuple[int, int]) -> None:
    picture = _shot("a lake", size).frame(9)

    assert picture.shape == (size[1], size[0], 3)
    assert _blue(picture[-size[1] // 5 :]) > _blue(picture) / 2


def _shot(prompt: str, size: tuple[int, int] = (192, 108)) -> Shot:
    return Shot(read_script(prompt, 7), read_moves(prompt, 7), size, 2.0)


def _blue(picture: Frame) -> float:
    blue, _, red = cv2.mean(picture)[:3]
    return blue - red
