"""What is asked and cannot be shown is said, and nothing else."""

from __future__ import annotations

import pytest

from kinetoscope.engines.studio.notes import notes_on_edit, notes_on_picture, notes_on_scene
from kinetoscope.engines.studio.script import read_script


def scenic(prompt: str) -> tuple[str, ...]:
    return notes_on_scene(prompt, read_script(prompt, 1))


@pytest.mark.parametrize(
    "prompt",
    [
        "a sailboat on the ocean at sunset",
        "a fox in a snowy forest at night",
        "neon city street in the rain, push in",
        "a cup of coffee on a table",
        "fish over a coral reef",
        "an astronaut on mars",
        "mountains, a painting by van gogh",
    ],
)
def test_nothing_is_said_where_all_is_shown(prompt: str) -> None:
    assert scenic(prompt) == ()


@pytest.mark.parametrize(
    "prompt, note",
    [
        ("a crowd on the beach", "no people"),
        ("a woman walks along the beach", "people only as small figures, without faces"),
        ("a whale in the city", "no whale"),
        ("a cat on the table", "no cat"),
        ("a fox, a wolf, a deer and a bear in the forest", "no bear"),
        ("close-up of a lion in the grass", "no close-ups"),
        ("an old lighthouse keeper says hello", "no speech"),
        ("a mountain with the title Kinetoscope", "no readable text"),
        ("a lake in the style of Piranesi", "no painted style of this name"),
        ("a lake while an orchestra plays", "no music but a quiet chord"),
    ],
)
def test_what_a_scene_lacks_is_said(prompt: str, note: str) -> None:
    assert note in scenic(prompt)


def test_a_place_that_was_not_understood_is_said_to_be_chosen() -> None:
    [note] = scenic("quixotic bureaucracy")

    assert note.startswith("no place that can be drawn was named: it shows ")


def test_nobody_is_said_to_act_in_a_picture_that_only_the_camera_moves_in() -> None:
    assert notes_on_picture("push in slowly") == ()
    assert notes_on_picture("she smiles and talks") == (
        "nobody acts: only the camera, the air and the light move",
        "no speech",
    )


def test_an_edit_says_that_it_cannot_add_things() -> None:
    assert notes_on_edit("make it night", known=True) == ()
    assert notes_on_edit("replace the background with a desert", known=True) == ()
    assert notes_on_edit("add a hat", known=False) == (
        "nothing is added, removed or replaced in the picture",
        "no look of this name: a colour grade was chosen",
    )
