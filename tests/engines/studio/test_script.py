"""Prompts become plans: by their words where they have some, and prettily where they have none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetoscope.engines.studio.actors.company import ROLES
from kinetoscope.engines.studio.scenes.air import LIGHTS
from kinetoscope.engines.studio.scenes.land import BIOMES
from kinetoscope.engines.studio.scenes.weather import WEATHERS
from kinetoscope.engines.studio.script import ScenePlan, read_script, turned
from kinetoscope.engines.studio.styles import STYLES

PLACES = {*BIOMES, "city", "forest", "deep", "space", "galaxy", "table"}


@pytest.mark.parametrize(
    "prompt,place,time,subjects",
    [
        ("A sailboat glides over a calm ocean at golden sunset", "ocean", "sunset", ("sailboat",)),
        ("Neon cyberpunk street in heavy rain", "city", "night", ()),
        ("A red fox in a snowy pine forest at dusk", "forest", "dusk", ("fox",)),
        ("Hot air balloon above the clouds at sunrise", "clouds", "sunrise", ("balloon",)),
        ("drone flight over snow-capped mountains, an eagle", "mountains", "sunrise", ("eagle",)),
        ("a lone hiker in the dunes", "desert", "sunset", ("hiker",)),
        ("an astronaut on Mars by day", "mars", "day", ("astronaut",)),
        ("a polar bear", "snow", "day", ("polar bear",)),
        ("a whale", "ocean", "sunset", ("whale",)),
        ("fish", "deep", "day", ("fish",)),
        ("a shark under the sea", "deep", "day", ("shark",)),
        ("an alien planet", "alien", "dusk", ()),
        ("an astronaut in outer space", "space", "night", ("astronaut",)),
        ("the milky way", "galaxy", "night", ()),
        ("a vase of flowers on the windowsill, rain", "table", "sunrise", ()),
        ("a dog on the table", "table", "sunrise", ()),
        ("a horse and a dog in a meadow", "hills", "day", ("horse", "dog")),
        ("Ein Segelboot auf dem Meer bei Nacht", "ocean", "night", ("sailboat",)),
        ("un renard dans la forêt, le matin: aube", "forest", "sunrise", ("fox",)),
        ("un caballo en la playa al atardecer", "islands", "sunset", ("horse",)),
        ("日落时海上的帆船", "ocean", "sunset", ("sailboat",)),
        ("夜晚的城市街道", "city", "night", ()),
        ("a whale in the desert", "desert", "sunset", ()),
        ("a rocket launch from the sea", "ocean", "sunset", ("rocket",)),
        ("a seagull above the beach", "islands", "day", ("gull",)),
        ("a monkey in the jungle", "forest", "dusk", ()),
        ("a city by day, no cars and no rain", "city", "day", ()),
    ],
)
def test_words_choose_the_scene(
    prompt: str, place: str, time: str, subjects: tuple[str, ...]
) -> None:
    plan = read_script(prompt, 1)

    assert (plan.place, plan.time, plan.subjects) == (place, time, subjects)
    assert plan.sure


@pytest.mark.parametrize(
    "prompt,weather",
    [
        ("rain in the city", ("rain",)),
        ("snow capped mountains", ()),
        ("it is snowing in the woods", ("snow",)),
        ("snow falls on the roofs", ("snow",)),
        ("a bonfire", ("embers",)),
        ("fireflies in the mist", ("fog", "fireflies")),
        ("northern lights", ("aurora",)),
        ("a campfire", ("embers",)),
        ("fireworks over a lake", ("fireworks",)),
    ],
)
def test_words_make_the_weather(prompt: str, weather: tuple[str, ...]) -> None:
    assert read_script(prompt, 1).weather == weather


@pytest.mark.parametrize(
    "prompt,style",
    [
        ("a watercolor of a lake", "watercolour"),
        ("in the style of Van Gogh", "starry"),
        ("anime hills", "toon"),
        ("black and white street", "noir"),
        ("a lake", None),
    ],
)
def test_words_choose_the_look(prompt: str, style: str | None) -> None:
    assert read_script(prompt, 1).style == style


def test_a_prompt_without_a_known_word_gets_a_scene_of_its_own() -> None:
    prompts = [f"quixotic bureaucracy number {number}" for number in range(30)]
    plans = [read_script(prompt, 1) for prompt in prompts]

    assert len({plan.place for plan in plans}) > 3
    assert not any(plan.sure for plan in plans)
    assert plans == [read_script(prompt, 1) for prompt in prompts]


@pytest.mark.parametrize(
    "prompt, place, time",
    [
        ("a quantum computer", "city", "night"),
        ("a cup of coffee, steaming", "table", "sunrise"),
        ("a wedding", "islands", "sunset"),
        ("a birthday cake for grandmother", "table", "sunrise"),
        ("a dancing banana in space", "space", "night"),
        ("a wedding at night", "islands", "night"),
        ("a dog with a toy", "hills", "day"),
    ],
)
def test_what_cannot_be_drawn_gets_a_place_that_suits_it(
    prompt: str, place: str, time: str
) -> None:
    plan = read_script(prompt, 1)

    assert (plan.place, plan.time) == (place, time)


def test_a_scene_turns_into_what_is_said_next() -> None:
    begun = read_script("a sailboat on the sea at sunset, foggy", 1)

    assert turned(begun, "it sails on") == begun
    later = turned(begun, "night falls and it begins to rain")
    assert (later.time, later.weather) == ("night", ("fog", "rain"))
    assert (later.place, later.subjects) == (begun.place, begun.subjects)
    assert "rain" in later.sounds
    assert turned(begun, "northern lights appear").time == "night"


@given(st.text(max_size=300), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_no_prompt_is_an_error(prompt: str, seed: int) -> None:
    assert_can_be_drawn(read_script(prompt, seed))


@pytest.mark.parametrize(
    "prompt",
    [
        "\udc80\udcff",
        "🦊" * 900,
        "\n\t \u202e",
        "(((((",
        "a" * 5000,
        "%s {} \\d+",
        "ไทย العربية עברית",
    ],
)
def test_odd_prompts_are_drawn_too(prompt: str) -> None:
    assert_can_be_drawn(read_script(prompt, 3))


def assert_can_be_drawn(plan: ScenePlan) -> None:
    assert plan.place in PLACES
    assert plan.time in LIGHTS
    assert set(plan.weather) <= {*WEATHERS, "fog"}
    assert set(plan.subjects) <= {*ROLES}
    assert plan.style is None or set(plan.style.split("+")) <= STYLES
