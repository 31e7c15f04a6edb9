import itertools

import pytest

from kinetoscope.engines.studio.camera import Moves, Pose, ease, pose, read_moves


@pytest.mark.parametrize(
    "prompt, name",
    [
        ("Dramatic push in on her face", "push_in"),
        ("The camera zooms out to reveal the valley", "pull_out"),
        ("slow pan to the left", "pan_left"),
        ("pan across the room", "pan_right"),
        ("Tilt up to the spire", "tilt_up"),
        ("crane down", "tilt_down"),
        ("orbit around the pagoda", "orbit"),
        ("hand-held documentary", "handheld"),
        ("Dutch angle", "roll"),
        ("locked-off shot", "static"),
        ("镜头推进", "push_in"),
    ],
)
def test_a_sentence_names_its_move(prompt: str, name: str) -> None:
    moves = read_moves(prompt)

    assert moves.names == (name,)
    assert moves.asked


def test_without_a_word_about_it_the_camera_comes_closer() -> None:
    moves = read_moves("a cat on a chair")

    assert not moves.asked
    assert pose(moves, 1.0, 6).z > pose(moves, 0.0, 6).z


def test_words_of_haste_make_moves_larger() -> None:
    slow, usual, fast = (
        pose(read_moves(words + "pan right"), 1.0, 6).x for words in ("slow ", "", "fast ")
    )

    assert slow < usual < fast


def test_left_is_left_and_up_is_up() -> None:
    assert pose(read_moves("pan left"), 1.0, 6).x < 0 < pose(read_moves("pan right"), 1.0, 6).x
    assert pose(read_moves("tilt up"), 1.0, 6).y < 0 < pose(read_moves("tilt down"), 1.0, 6).y


def test_a_fixed_camera_stays() -> None:
    moves = read_moves("static shot of the sea")

    assert {pose(moves, step / 10, 4) for step in range(11)} == {Pose()}


@pytest.mark.parametrize("name", ["push_in", "pull_out", "pan_left", "tilt_up", "orbit", "roll"])
def test_moves_start_and_stop_gently(name: str) -> None:
    moves = Moves((name,), 1.0, asked=True)
    path = [pose(moves, step / 48, 2) for step in range(49)]
    steps = [
        sum(abs(b - a) for a, b in zip(one, other, strict=True))
        for one, other in itertools.pairwise(path)
    ]

    assert steps[0] < max(steps) / 3
    assert steps[-1] < max(steps) / 3
    assert max(steps) < 0.05


def test_hands_shake_differently_with_another_seed() -> None:
    one, other = (pose(read_moves("handheld", seed), 0.4, 3) for seed in (1, 2))

    assert one != other


def test_ease_keeps_to_its_range() -> None:
    assert [ease(share) for share in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
