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
        ("a whale in the desert", "no whale"),
        ("ein Wal in der Wüste", "no whale"),
        ("沙漠里的鲸鱼", "no whale"),
        ("a ship in the desert", "no ship"),
        ("fish swimming in the clouds", "no fish"),
        ("un chat sur la table", "no cat"),
        ("a penguin on an iceberg", "no penguin"),
        ("a waterfall in the jungle", "no waterfall"),
        ("a motorcycle on a desert road", "no motorcycle"),
        ("a unicorn in the forest", "a horse in place of a unicorn"),
        ("a dragon fighting a knight", "a person in place of a knight"),
        ("two horses in a field", "only one horse"),
        ("a herd of elephants", "only one elephant"),
        ("wolves and foxes in the forest", "only one fox"),
        ("a city without cars", "cars all the same"),
        ("a camel on the moon", "no surface of the moon"),
    ],
)
def test_what_a_scene_lacks_is_said(prompt: str, note: str) -> None:
    assert note in scenic(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat sleeping in the grass",
        "a horse galloping over the hills",
        "a bear climbing a tree",
        "a tiger swimming in a lake",
        "a car flying over the city",
        "an astronaut riding a horse on mars",
    ],
)
def test_feats_are_said_to_be_none(prompt: str) -> None:
    assert "figures only go their way: they walk, swim, sail or fly" in scenic(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "an eagle flies over the mountains",
        "a dolphin swims in the ocean",
        "birds over the sea",
        "a street full of cars at night",
        "a car drives through the desert",
        "a fox in a forest, no snow",
    ],
)
def test_what_figures_do_is_not_said_to_lack(prompt: str) -> None:
    assert scenic(prompt) == ()


@pytest.mark.parametrize(
    "prompt",
    [
        "an empty street, no people",
        "a beach without people or boats",
        "a lake, no boats",
        "sans personne, une plage",
        "没有人的街道",
        "a mountain, no text, no logos, no music",
    ],
)
def test_what_nobody_wants_is_neither_shown_nor_said_to_lack(prompt: str) -> None:
    assert read_script(prompt, 1).subjects == ()
    assert scenic(prompt) == ()


def test_a_place_that_was_not_understood_is_said_to_be_chosen() -> None:
    [note] = scenic("quixotic bureaucracy")

    assert note.startswith("no place that can be drawn was named: it shows ")


def test_nobody_is_said_to_act_in_a_picture_that_only_the_camera_moves_in() -> None:
    assert notes_on_picture("push in slowly") == ()
    assert notes_on_picture("push in, in the style of van gogh") == ()
    assert notes_on_picture("in the style of Zorn") == ("no painted style of this name",)
    assert notes_on_picture("go on, as a watercolour", paints=False) == (
        "the film keeps the style that it has",
    )
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
