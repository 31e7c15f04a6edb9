"""Layers: laid piece by piece, they look as if each had been laid as a whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.scenes.layers import (
    Layer,
    lay,
    layer_of,
    padded,
    put_over,
    spread,
    stamp,
)

SIZE = (400, 240)
MOVES = {
    "as it is": ((1.0, 0.0, -60.0), (0.0, 1.0, 0.0)),
    "nearer": ((1.37, 0.0, -190.4), (0.0, 1.37, -60.2)),
    "leaning": ((1.02, 0.05, -30.7), (0.0, 1.02, 3.3)),
    "beyond its edge": ((1.1, 0.0, 55.5), (0.0, 1.1, -9.0)),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_what_is_left_out_of_a_layer_is_not_missed(
    move: tuple[tuple[float, ...], ...],
) -> None:
    matrix = np.array(move, np.float32)
    layer = _wood()
    whole, pieces = _ground(), _ground()

    seen = cv2.warpAffine(layer.picture, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)
    put_over(whole, np.asarray(seen, np.uint8))
    lay(pieces, layer, matrix)

    assert cv2.absdiff(whole, pieces)[..., :3].max() <= 3


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_what_a_layer_hides_need_not_be_drawn(move: tuple[tuple[float, ...], ...]) -> None:
    matrix = np.array(move, np.float32)
    behind, before = _wood(seed=2), _wood()
    far = np.array(MOVES["as it is"], np.float32)
    everything, what_is_seen = _ground(), _ground()

    lay(everything, behind, far)
    lay(everything, before, matrix)
    first, hidden = spread(behind, far, SIZE[0])[0], spread(before, matrix, SIZE[0])[1]
    lay(what_is_seen, behind, far, (first, hidden))
    lay(what_is_seen, before, matrix)

    assert np.array_equal(everything[..., :3], what_is_seen[..., :3])


def test_a_stamp_is_laid_only_where_it_is() -> None:
    frame = _ground()
    dot = np.zeros((10, 10, 4), np.uint8)

    stamp(frame, dot, np.array([[2.0, 0.0, 390.0], [0.0, 2.0, -5.0]]))

    assert frame[:14, 392:, :3].max() == 0
    assert frame[17:, :, :3].min() == frame[:, :388, :3].min() == 90


def test_what_is_warped_is_a_multiple_of_sixteen_broad() -> None:
    assert [padded(width) for width in (1, 16, 17, 848)] == [16, 16, 32, 848]


def _ground() -> Frame:
    return np.full((SIZE[1], SIZE[0], 4), 90, np.uint8)


def _wood(seed: int = 1) -> Layer:
    """Paint some trees on an uneven ground."""
    chance = np.random.default_rng(seed)
    cover = np.zeros((SIZE[1], 560), np.uint8)
    for x in chance.uniform(0, 560, 9):
        top = chance.uniform(20, 150)
        line = [(x, top), (x + 22, 230), (x - 22, 230)]
        cv2.fillPoly(cover, [np.array(line, np.int32)], 255, cv2.LINE_AA)
    foot = [(x, 200 + 12 * np.sin(x / 50)) for x in range(0, 561, 8)]
    edge = [*foot, (560, SIZE[1]), (0, SIZE[1])]
    cv2.fillPoly(cover, [np.array(edge, np.int32)], 255, cv2.LINE_AA)
    colour = chance.uniform(0, 255, (*cover.shape, 3)).astype(np.float32)
    return layer_of(cv2.blur(colour, (9, 9)).astype(np.float32), cover, 0.5, 210.0)
