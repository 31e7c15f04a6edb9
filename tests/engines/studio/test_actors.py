"""Actors walk as their kind does, stand on the ground, and are lit by the scene they are in."""

from __future__ import annotations

import numpy as np
import pytest

from kinetoscope.engines.studio.actors.company import BUILDS, METRES, ROLES, Way, together
from kinetoscope.engines.studio.actors.lamps import LAMPS, coat_of, drawn, lit
from kinetoscope.engines.studio.actors.legs import stepped
from kinetoscope.engines.studio.actors.shapes import oval
from kinetoscope.engines.studio.actors.stage import Place, Stage
from kinetoscope.engines.studio.scenes.land import BIOMES, Land
from kinetoscope.engines.studio.scenes.terrain import light_over

SIZE = (640, 360)
MEADOW = Place(ground=0.86, air=0.3, wet=False)


@pytest.mark.parametrize("name", sorted(BUILDS))
@pytest.mark.parametrize("phase", [0.0, 0.15, 0.4, 0.7])
def test_somebody_of_every_kind_stands_on_the_ground(name: str, phase: float) -> None:
    lowest = min(part.outline[:, 1].min() for part in ROLES[name].draw(phase))

    assert abs(lowest) < 0.02


@pytest.mark.parametrize("name", ["person", "hiker", "child", "astronaut"])
def test_a_stride_comes_back_to_where_it_began(name: str) -> None:
    one, other = (ROLES[name].draw(phase) for phase in (0.3, 1.3))

    for part, same in zip(one, other, strict=True):
        assert np.allclose(part.outline, same.outline, atol=1e-6)


def test_a_dog_beside_a_man_is_smaller_than_he_is_and_smaller_than_alone() -> None:
    dog, man = together(("dog", "person"))
    [alone] = together(("dog",))

    assert dog.height < 0.6 * man.height
    assert dog.height < alone.height
    assert man == ROLES["person"]


def test_feet_follow_each_other_as_the_kind_has_it() -> None:
    horse, camel = (BUILDS[name].gait for name in ("horse", "camel"))

    assert horse.lag == 0.25  # one by one
    assert camel.lag < 0.1  # a side together


def test_a_foot_on_the_ground_goes_back_evenly_and_one_in_the_air_comes_forward() -> None:
    gait = BUILDS["horse"].gait
    standing = [stepped(gait, gait.down * share) for share in (0.1, 0.3, 0.5, 0.7)]
    ahead = [place for place, _, _ in standing]

    assert np.allclose(np.diff(ahead), np.diff(ahead)[0])
    assert ahead[0] > ahead[-1]
    assert all(height == 0 for _, height, _ in standing)
    assert stepped(gait, (1 + gait.down) / 2)[1] > 0.03


def test_a_body_is_bright_where_it_faces_the_light_and_dark_below() -> None:
    ball = [oval((0.0, 0.5), (1.0, 1.0), (120, 120, 120))]
    cut = lit(drawn(ball, 100, 0), LAMPS["day"], np.ones((4, 4), np.float32))
    tall, wide = cut.shape[:2]

    above, middle, below = (cut[int(tall * share), wide // 2, 1] for share in (0.2, 0.5, 0.85))
    assert above > middle > below
    assert above > below * 1.5


def test_a_low_sun_lights_one_side() -> None:
    ball = [oval((0.0, 0.5), (1.0, 1.0), (120, 120, 120))]
    cut = lit(drawn(ball, 100, 0), LAMPS["sunset"], coat_of(1))
    tall, wide = cut.shape[:2]

    away, toward = cut[tall // 3, int(wide * 0.2)], cut[tall // 3, int(wide * 0.85)]
    assert toward[2] > 2 * away[2]
    assert toward[2] > toward[0]


@pytest.mark.parametrize("time", sorted(LAMPS))
def test_the_ground_is_darker_where_somebody_stands(time: str) -> None:
    frame = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)

    Stage(("horse",), MEADOW, time, SIZE, seconds=6, seed=4).add(frame, 3)

    line = frame[int(SIZE[1] * MEADOW.ground) + 2].mean(axis=1)
    assert line[SIZE[0] // 2 - 60 : SIZE[0] // 2 + 60].min() < 100
    assert line[5] == 120


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["elephant", "camel", "castle"])
def test_a_shadow_has_no_edge(name: str, seed: int) -> None:
    frame = np.full((SIZE[1], SIZE[0], 3), 200, np.uint8)

    Stage((name,), MEADOW, "sunset", SIZE, seconds=6, seed=seed).add(frame, 3)

    ground = frame[int(SIZE[1] * MEADOW.ground) + 12 :].mean(axis=2)
    assert np.abs(np.diff(ground, axis=1)).max() < 25


def test_it_is_known_how_tall_everybody_is_who_walks() -> None:
    assert set(METRES) == {name for name, role in ROLES.items() if role.way is Way.WALKS}


def test_figures_are_the_same_each_time() -> None:
    frames = []
    for _ in range(2):
        frame = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
        Stage(("fox", "deer"), MEADOW, "night", SIZE, seconds=6, seed=4).add(frame, 2)
        frames.append(frame)

    assert np.array_equal(frames[0], frames[1])


def test_snow_at_sunrise_glows_in_the_sun_and_is_blue_in_the_shade() -> None:
    land = Land(BIOMES["snow"], light_over("snow", "sunrise", storm=False), seed=9)
    colours = land.near.wide[..., :3].reshape(-1, 3)
    brightness = colours.sum(axis=1)
    low, high = np.percentile(brightness, (20, 98))

    glow, shade = colours[brightness > high].mean(axis=0), colours[brightness < low].mean(axis=0)
    assert glow[0] > 1.4 * glow[2]
    assert shade[2] > 1.2 * shade[0]


def test_rock_lies_in_layers_where_a_river_cut_it() -> None:
    light = light_over("canyon", "day", storm=False)
    canyon, desert = (Land(BIOMES[name], light, seed=3) for name in ("canyon", "desert"))

    assert canyon.strata is not None
    assert canyon.strata.std() > 0.08
    assert desert.strata is None
