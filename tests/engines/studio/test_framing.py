"""Pictures of any shape are composed; lines in them stay straight; wind and water move them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kinetoscope.engines.studio.camera import pose, read_moves
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.framing import framed
from kinetoscope.engines.studio.parallax import stage_of
from kinetoscope.engines.studio.scenes.noise import fractal
from kinetoscope.engines.studio.sway import Sway

SIZES = [(192, 108), (108, 192), (128, 128), (160, 120)]


def landscape(width: int, height: int) -> Frame:
    """Draw a sky, hills and a lake."""
    tile = cv2.resize(fractal(3, 256), (width, height))
    picture: Frame = (np.dstack([tile * 60] * 3) + np.array((60, 120, 70))).astype(np.uint8)
    picture[: height // 3] = (230, 190, 150)
    picture[height * 3 // 4 :] = np.array((170, 120, 60)) + picture[height * 3 // 4 :] // 4
    return picture


@pytest.mark.parametrize("film", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("still", [(90, 160), (400, 100), (30, 300), (1, 1), (2, 90)])
def test_a_picture_of_any_shape_fills_the_frame_without_bars(
    still: tuple[int, int], film: tuple[int, int]
) -> None:
    shown = framed(np.full((still[1], still[0], 3), 180, np.uint8), *film)

    assert shown.shape == (film[1], film[0], 3)
    assert shown.min() > 100, "no black at its sides"


def test_a_tall_picture_in_a_wide_frame_keeps_most_of_itself_sharp_in_the_middle() -> None:
    still = np.random.default_rng(1).integers(40, 220, (320, 180, 3), np.uint8)
    still = cv2.resize(cv2.resize(still, (60, 100)), (180, 320))

    shown = framed(np.asarray(still, np.uint8), 320, 180)

    middle, edge = crispness(shown[:, 110:210]), crispness(shown[:, :30])
    assert middle > 4 * edge
    steps = np.abs(np.diff(shown.astype(int), axis=1)).mean(axis=(0, 2))
    assert steps[40:280].max() < 4 * np.median(steps[110:210]), "no edge where it runs on"


def crispness(picture: Frame) -> float:
    return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean())


@pytest.mark.parametrize("prompt", ["", "push in", "orbit", "pan left", "tilt up"])
def test_straight_lines_stay_straight_at_default_strength(prompt: str) -> None:
    """Measured in the places that are looked up: a line's pixels, against the best fitting line."""
    width, height = 424, 240
    stage = stage_of(landscape(width, height), np.zeros((height, width), np.float32))
    moves = read_moves(prompt, 5)
    for share in (0.0, 0.5, 1.0):
        places = stage.places(0, stage.aimed(pose(moves, share, 6)), 0.95)
        for column in range(20, width, 40):
            assert bend(places[:, column, 1], places[:, column, 0]) < 0.006 * width
        for row in range(20, height, 40):
            assert bend(places[row, :, 0], places[row, :, 1]) < 0.006 * width


def bend(along: NDArray[np.float32], across: NDArray[np.float32]) -> float:
    return float(np.abs(across - np.polyval(np.polyfit(along, across, 1), along)).max())


def test_only_what_the_words_name_sways_and_never_the_subject() -> None:
    picture, mask = landscape(192, 108), np.zeros((108, 192), np.float32)
    mask[20:, 70:120] = 1

    assert Sway(picture, mask, "push in")(1.0) is None
    found = [Sway(picture, mask, words)(1.0) for words in ("the lake ripples", "windy")]

    water, leaves = (cv2.resize(shift, (192, 108)) for shift in found if shift is not None)
    assert np.abs(water[90:, :50]).mean() > 5 * np.abs(water[10:30]).mean()
    assert np.abs(leaves[45:75, 5:50]).mean() > 0.02
    for shift in (water, leaves):
        assert np.abs(shift[30:, 85:105]).max() < 0.05
        assert np.abs(shift).max() < 0.02 * 108
