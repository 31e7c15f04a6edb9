"""The gallery shows what it says, and every prompt in it is one that the studio can show."""

from __future__ import annotations

import pytest

from kinetoscope.engines.studio.gallery import PROMPTS, sheet
from kinetoscope.engines.studio.notes import notes_on_scene
from kinetoscope.engines.studio.script import read_script


def test_two_films_are_shown_beside_each_other() -> None:
    shown = sheet(("the sea by day", "a planet in space"))

    assert shown.shape[1] > 3 * shown.shape[0]
    day, space = shown[:220, :390], shown[:220, 410:790]
    assert day.mean() > space.mean() + 30


@pytest.mark.parametrize("prompt", PROMPTS)
def test_nothing_in_the_gallery_is_asked_in_vain(prompt: str) -> None:
    assert notes_on_scene(prompt, read_script(prompt, 1)) == ()


def test_the_gallery_shows_most_places() -> None:
    assert len(PROMPTS) == 24
    assert len({read_script(prompt, 1).place for prompt in PROMPTS}) >= 15
