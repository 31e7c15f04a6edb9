"""Films from text: a scene, its actors, its weather and its sound, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import cv2

from kinetoscope.engines.studio.actors.company import LANDLUBBERS
from kinetoscope.engines.studio.actors.stage import LAMPS, Place, Stage
from kinetoscope.engines.studio.brief import FPS, Brief, Tell
from kinetoscope.engines.studio.camera import Moves, pose, read_moves
from kinetoscope.engines.studio.film import RATE, FilmWriter, Frame
from kinetoscope.engines.studio.finish import Finish, bloom
from kinetoscope.engines.studio.painting import PAINTS
from kinetoscope.engines.studio.scenes import Scene
from kinetoscope.engines.studio.scenes.city import City
from kinetoscope.engines.studio.scenes.forest import Forest
from kinetoscope.engines.studio.scenes.shore import GROUND, Shore, lit_by
from kinetoscope.engines.studio.scenes.terrain import Sway, Terrain, light_over
from kinetoscope.engines.studio.scenes.weather import WEATHERS, Weather, weather
from kinetoscope.engines.studio.script import ScenePlan, read_script
from kinetoscope.engines.studio.sound import sound_bed

_SET_UP = 0.06  # the share of the work that is done before the first frame
_THREADS = 1  # more of them cost half as much again, and end no sooner
_WATERS = frozenset({"ocean", "islands", "lake"})
_CITY_BLOOM = (0.45, 90)
_BLOOM: Mapping[str, tuple[float, int]] = {
    "night": (0.22, 170),
    "dusk": (0.25, 150),
    "sunset": (0.22, 170),
    "sunrise": (0.22, 180),
}


def render(brief: Brief, tell: Tell) -> None:
    """Draw the film of *brief*; tell the share that is done from the first moment on."""
    cv2.setNumThreads(_THREADS)
    tell(0.01)
    plan = read_script(brief.prompt, brief.seed)
    shot = Shot(plan, brief.prompt, (brief.width, brief.height), brief.seconds)
    tell(_SET_UP)
    frames = brief.seconds * FPS
    with FilmWriter(brief.film, brief.width, brief.height, audio_rate=RATE) as film:
        film.add_audio(sound_bed(plan.sounds, plan.mood, brief.seconds, plan.seed))
        for number in range(frames):
            film.add(shot.frame(number))
            tell(_SET_UP + (0.99 - _SET_UP) * (number + 1) / frames)


class Shot:
    """One take of *plan*: everything that a frame of it is put together from."""

    def __init__(self, plan: ScenePlan, prompt: str, size: tuple[int, int], seconds: float) -> None:
        self._scene = _scene(plan, read_moves(prompt, plan.seed), size, seconds)
        place = Place(self._scene.ground, self._scene.air, self._scene.wet)
        self._shore: Shore | None = None
        if plan.place in _WATERS and any(name in LANDLUBBERS for name in plan.subjects):
            lamp = LAMPS[plan.time]
            self._shore = Shore(size, lit_by(lamp.kept, lamp.tint), plan.seed)
            place = Place(GROUND, self._scene.air, wet=False)
        self._stage = Stage(plan.subjects, place, plan.time, size, seconds=seconds, seed=plan.seed)
        self._weathers: list[Weather] = [
            weather(kind, size, plan.seed) for kind in plan.weather if kind in WEATHERS
        ]
        self._fog = "fog" in plan.weather
        lamps = plan.place == "city" and plan.time in {"night", "dusk"}
        self._bloom = _CITY_BLOOM if lamps else _BLOOM.get(plan.time)
        self._paint = PAINTS[plan.style](size) if plan.style else None
        self._finish = Finish(size)

    def frame(self, number: int) -> Frame:
        """Draw frame *number* of the shot."""
        seconds = number / FPS
        frame = self._scene.frame(seconds)
        if self._bloom:
            frame = bloom(frame, strength=self._bloom[0], threshold=self._bloom[1])
        if self._shore is not None:
            self._shore(frame, seconds)
        self._stage.add(frame, seconds)
        for falls in self._weathers:
            falls(frame, seconds)
        if self._fog:
            grey = frame.mean() * 0.6 + 70
            frame = cast("Frame", cv2.convertScaleAbs(frame, alpha=0.78, beta=grey * 0.22))
        if self._paint is not None:
            frame = self._paint(frame)
        return self._finish(frame, number)


def _scene(plan: ScenePlan, moves: Moves, size: tuple[int, int], seconds: float) -> Scene:
    sway = _sway(moves, seconds)
    pace = 0.0 if "static" in moves.names else 1.7 if plan.flight else 1.0
    kinds: Mapping[str, Callable[[], Scene]] = {
        "city": lambda: City(
            plan.time,
            size,
            seed=plan.seed,
            sway=sway,
            pace=pace,
            wet="rain" in plan.weather,
            fog="fog" in plan.weather,
        ),
        "forest": lambda: Forest(
            plan.time,
            size,
            seconds=seconds,
            seed=plan.seed,
            sway=sway,
            pace=pace,
            snow="snow" in plan.weather,
        ),
    }
    if plan.place in kinds:
        return kinds[plan.place]()
    return Terrain(
        plan.place,
        light_over(plan.place, plan.time, storm="rain" in plan.weather),
        size,
        seconds=seconds,
        seed=plan.seed,
        sway=sway,
        pace=pace,
        dry=bool(plan.subjects),
    )


def _sway(moves: Moves, seconds: float) -> Sway:
    """Turn the camera's *moves* into steps aside, up and ahead in a scene."""

    def sway(now: float) -> tuple[float, float, float, float]:
        at = pose(moves, now / max(seconds, 0.1), seconds)
        return at.x * 1.4, -at.y * 1.4, at.z * (3.0 if moves.asked else 0.6), at.yaw

    return sway
