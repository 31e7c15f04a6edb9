"""Films from text: every place, time, actor, weather and look can be drawn, and moves steadily."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from kinetoscope.engines.studio.actors.company import ROLES
from kinetoscope.engines.studio.actors.stage import Place, Stage
from kinetoscope.engines.studio.brief import FPS, Brief, seed_of
from kinetoscope.engines.studio.camera import read_moves
from kinetoscope.engines.studio.film import RATE, Frame, facts, read_audio
from kinetoscope.engines.studio.scenes.air import LIGHTS
from kinetoscope.engines.studio.scenes.props import PROPS, Lamps, lit
from kinetoscope.engines.studio.scenes.weather import WEATHERS, weathers
from kinetoscope.engines.studio.script import read_script
from kinetoscope.engines.studio.shot import Shot
from kinetoscope.engines.studio.sound import SOUNDS, fading, sound_bed
from kinetoscope.engines.studio.styles import STYLES, style_of
from kinetoscope.engines.studio.text import render

SIZE = (160, 96)


def brief(path: Path, prompt: str, size: tuple[int, int] = SIZE, seconds: int = 1) -> Brief:
    return Brief(
        operation="text_to_video",
        prompt=prompt,
        width=size[0],
        height=size[1],
        seconds=seconds,
        images=(),
        video=None,
        film=path,
        seed=seed_of(prompt, "task_1"),
    )


def shot(prompt: str, size: tuple[int, int] = SIZE, seconds: float = 4) -> Shot:
    return Shot(read_script(prompt, 5), read_moves(prompt, 5), size, seconds)


@pytest.mark.parametrize("size", [(848, 480), (480, 848)], ids=["wide", "tall"])
def test_a_film_from_text_is_exact_and_has_sound(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "film.mp4"
    told: list[float] = []
    render(brief(path, "a sailboat at sunset", size), told.append)

    fact = facts(path)
    assert (fact.width, fact.height, fact.frames) == (*size, FPS)
    assert fact.fps == FPS
    with av.open(str(path)) as film:
        assert film.duration == av.time_base
    sound = read_audio(path)
    assert sound is not None
    assert 0.01 < np.abs(sound).max() < 1
    assert told == sorted(told)
    assert told[0] <= 0.02
    assert told[-1] <= 1


def test_the_same_brief_makes_the_same_film(tmp_path: Path) -> None:
    films = [tmp_path / f"{number}.mp4" for number in range(3)]
    for path in films:
        render(brief(path, "a deer in the forest, snowing"), lambda _share: None)

    one, two, three = (path.read_bytes() for path in films)
    assert one == two == three


PLACES = {
    "mountains": "mountains",
    "lake": "a lake",
    "snow": "a glacier",
    "desert": "dunes",
    "canyon": "a canyon",
    "mars": "mars",
    "hills": "meadows",
    "islands": "islands",
    "ocean": "the ocean",
    "clouds": "a sea of clouds",
    "city": "a city",
    "forest": "a forest",
    "alien": "an alien planet",
    "deep": "a coral reef",
    "space": "a planet",
    "galaxy": "a galaxy",
    "table": "a bowl of fruit",
}
TIMES = {
    "day": "by daylight",
    "sunrise": "at sunrise",
    "sunset": "at sunset",
    "dusk": "at dusk",
    "night": "at night",
    "storm": "in a storm",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_can_be_drawn_and_moves(place: str) -> None:
    assert set(TIMES) == set(LIGHTS)
    time = list(TIMES)[sorted(PLACES).index(place) % len(TIMES)]
    prompt = f"{PLACES[place]} {TIMES[time]}"
    assert (read_script(prompt, 5).place, read_script(prompt, 5).time) == (place, time)

    drawn = shot(prompt)
    first, later = drawn.frame(0), drawn.frame(60)

    assert first.shape == (SIZE[1], SIZE[0], 3)
    assert first.std() > 6, "a picture, not a plain colour"
    assert np.abs(first.astype(int) - later).mean() > 0.4, "something moves"


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("place", ["city", "forest", "deep", "table"])
def test_places_with_lights_of_their_own_know_every_time_of_day(place: str, time: str) -> None:
    assert shot(f"{PLACES[place]} {TIMES[time]}").frame(3).std() > 6


@pytest.mark.parametrize("prop", PROPS)
def test_every_prop_stands_on_its_table(prop: str) -> None:
    lamps = Lamps((-0.7, 0.7, -0.2), (0.8, 0.9, 1.0), (0.4, 0.4, 0.4))
    thing = lit(PROPS[prop](), lamps, 80)

    assert 0.03 < thing.cover.mean() < 0.5
    rows = np.flatnonzero(thing.cover.any(axis=1))
    assert rows[-1] == pytest.approx(thing.foot * 80, abs=10), "it stands and does not float"
    assert thing.shade.min() < 0.6, "and casts a shadow"
    assert thing.colour[thing.cover > 0].std() > 0.05


def test_the_same_space_turns_and_a_galaxy_is_another() -> None:
    world, galaxy = shot("a planet in space"), shot("a spiral galaxy")

    assert np.abs(world.frame(0).astype(int) - galaxy.frame(0)).mean() > 5
    assert np.array_equal(world.frame(20), shot("a planet in space").frame(20))


@pytest.mark.parametrize("name", ROLES)
def test_every_actor_can_be_seen(name: str) -> None:
    stage = Stage([name], Place(0.85, 0.3, wet=True), "day", SIZE, seconds=4, seed=2)
    seen = 0.0
    for seconds in (0.0, 1.0, 2.0, 3.9):
        frame = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
        stage.add(frame, seconds)
        seen = max(seen, float((np.abs(frame.astype(int) - 128).max(axis=2) > 20).mean()))
    assert 0.0005 < seen < 0.4


@pytest.mark.parametrize("kind", WEATHERS)
def test_every_weather_can_be_seen(kind: str) -> None:
    frame = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    [falls] = weathers([kind], SIZE, 3)
    falls(frame, 0.8)
    assert frame.max() > 60


@pytest.fixture(scope="module")
def lake() -> Frame:
    return shot("a lake by daylight").frame(0)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_look_can_be_painted(style: str, lake: Frame) -> None:
    frame = lake.copy()
    painted = style_of(style, (*SIZE, 3))(frame)
    assert painted.shape == frame.shape
    assert painted.dtype == np.uint8
    assert np.abs(painted.astype(int) - frame).mean() > 2


@pytest.mark.parametrize("prompt", ["🦊🌲", "\udc80", "x" * 4096, "@Image1 ..."])
def test_odd_prompts_become_pictures(prompt: str) -> None:
    assert shot(prompt).frame(0).std() > 3


@pytest.mark.parametrize("prompt", ["mountains by daylight", "ocean at sunset", "a city at night"])
def test_scenes_do_not_shimmer(prompt: str) -> None:
    """Noise changes all of itself from frame to frame: the second difference is twice the first."""
    drawn = shot(prompt, (424, 240))
    frames = [drawn.frame(number).astype(np.float32) for number in (0, 4, 8)]
    near = [drawn.frame(number).astype(np.float32) for number in (20, 22, 24, 26)]
    assert np.abs(frames[1] - frames[0]).mean() < 25
    assert shimmer(near) < 1.7


def test_a_street_rests_where_the_camera_does() -> None:
    drawn = shot("a neon city at night, static camera", (424, 240))
    frames = [drawn.frame(number).astype(np.float32) for number in range(20, 25)]

    walls = [frame[:110] for frame in frames]
    assert max(np.abs(b - a).mean() for a, b in itertools.pairwise(walls)) < 2.5
    assert abs(frames[0].mean() - frames[1].mean()) < 0.5, "grain does not let frames take turns"


def shimmer(frames: list[NDArray[np.float32]]) -> float:
    first = np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(frames)])
    second = np.mean(
        [
            np.abs(a - 2 * b + c).mean()
            for a, b, c in zip(frames, frames[1:], frames[2:], strict=False)
        ]
    )
    return float(second / first)


def test_the_sound_never_clips_and_can_be_played_on() -> None:
    kinds = tuple(SOUNDS)
    beds = [sound_bed(kinds, mood, 2, 7) for mood in ("warm", "dark", "wide")]
    for sound in beds:
        assert sound.shape == (2, 2 * RATE)
        assert np.abs(sound).max() <= 0.8
        assert 0.005 < float(np.sqrt(np.mean(sound**2))) < 0.5
    longer = sound_bed(kinds, "wide", 3, 7)
    assert np.abs(longer[:, : 2 * RATE] - beds[-1]).max() < 1e-5


def test_films_begin_and_end_in_silence() -> None:
    loud = fading(2 * RATE)
    assert loud[0] == 0
    assert loud[-1] < 0.001
    assert loud[RATE] == 1
