"""A shot: a scene, its actors, its weather and its light, put together frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import cv2

from kinetoscope.engines.studio.actors.company import LANDLUBBERS
from kinetoscope.engines.studio.actors.lamps import LAMPS
from kinetoscope.engines.studio.actors.stage import Place, Stage
from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.camera import Moves, Pose, pose
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.finish import Finish, bloom
from kinetoscope.engines.studio.inbetweens import Painted
from kinetoscope.engines.studio.scenes import Scene
from kinetoscope.engines.studio.scenes.city import City
from kinetoscope.engines.studio.scenes.deep import Deep
from kinetoscope.engines.studio.scenes.forest import Forest
from kinetoscope.engines.studio.scenes.shore import GROUND, Shore, lit_by
from kinetoscope.engines.studio.scenes.space import Space
from kinetoscope.engines.studio.scenes.table import Table
from kinetoscope.engines.studio.scenes.terrain import Sway, Terrain, light_over
from kinetoscope.engines.studio.scenes.weather import weathers
from kinetoscope.engines.studio.script import ScenePlan
from kinetoscope.engines.studio.styles import style_of

_FALLING = frozenset({"rain", "snow"})
_WATERS = frozenset({"ocean", "islands", "lake"})
_CITY_BLOOM = (0.45, 90)
_BLOOM: Mapping[str, tuple[float, int]] = {
    "night": (0.22, 170),
    "dusk": (0.25, 150),
    "sunset": (0.22, 170),
    "sunrise": (0.22, 180),
}


Camera = Callable[[float], Pose]
"""Tells where the camera is in a scene, at so many seconds."""


class Shot:
    """One take of *plan* under *moves*, in which the actors go their ways in *seconds*.

    A *camera* that is handed over goes its own way.
    """

    def __init__(
        self,
        plan: ScenePlan,
        moves: Moves,
        size: tuple[int, int],
        seconds: float,
        *,
        camera: Camera | None = None,
    ) -> None:
        self._scene = _scene(plan, moves, size, _sway(camera or _eased(moves, seconds)))
        scene = self._scene
        place = Place(scene.ground, scene.air, scene.wet, scene.deep, scene.open)
        self._shore: Shore | None = None
        if plan.place in _WATERS and any(name in LANDLUBBERS for name in plan.subjects):
            lamp = LAMPS[plan.time]
            self._shore = Shore(size, lit_by(lamp.kept, lamp.tint), plan.seed)
            place = Place(GROUND, self._scene.air, wet=False)
        self._stage = Stage(plan.subjects, place, plan.time, size, seconds=seconds, seed=plan.seed)
        self._style = style_of(plan.style, (*size, plan.seed)) if plan.style else None
        # What takes its time to paint cannot follow drops: they fall before the painting.
        last = _FALLING & set(plan.weather) if isinstance(self._style, Painted) else set()
        self._airs = weathers([kind for kind in plan.weather if kind not in last], size, plan.seed)
        self._falls = weathers(sorted(last), size, plan.seed)
        self._fog = "fog" in plan.weather
        lamps = plan.place == "city" and plan.time in {"night", "dusk"}
        self._bloom = _CITY_BLOOM if lamps else _BLOOM.get(plan.time)
        self._finish = Finish(size)

    def frame(self, number: int) -> Frame:
        """Draw frame *number* of the shot."""
        style = self._style
        frame = self._bare(number) if style is None else style.frame(number, self._bare)
        for falls in self._falls:
            falls(frame, number / FPS)
        return self._finish(frame, number)

    def _bare(self, number: int) -> Frame:
        """Draw frame *number* as the camera sees it, without any style."""
        seconds = number / FPS
        frame = self._scene.frame(seconds)
        if self._bloom:
            frame = bloom(frame, strength=self._bloom[0], threshold=self._bloom[1])
        if self._shore is not None:
            self._shore(frame, seconds)
        self._stage.add(frame, seconds)
        for airs in self._airs:
            airs(frame, seconds)
        if self._fog:
            grey = frame.mean() * 0.6 + 70
            frame = cast("Frame", cv2.convertScaleAbs(frame, alpha=0.78, beta=grey * 0.22))
        return frame


def _scene(plan: ScenePlan, moves: Moves, size: tuple[int, int], sway: Sway) -> Scene:
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
            seed=plan.seed,
            sway=sway,
            pace=pace,
            snow="snow" in plan.weather,
        ),
        "deep": lambda: Deep(plan.time, size, seed=plan.seed, sway=sway, pace=pace),
        "space": lambda: Space(size, seed=plan.seed, sway=sway, pace=pace),
        "galaxy": lambda: Space(size, seed=plan.seed, sway=sway, pace=pace, deep=True),
        "table": lambda: Table(plan.prop, plan.time, size, seed=plan.seed, sway=sway, pace=pace),
    }
    if plan.place in kinds:
        return kinds[plan.place]()
    return Terrain(
        plan.place,
        light_over(plan.place, plan.time, storm="rain" in plan.weather),
        size,
        seed=plan.seed,
        sway=sway,
        pace=pace,
        dry=bool(plan.subjects),
    )


def strode(moves: Moves, place: Pose) -> Pose:
    """Go as far ahead as a scene is deep; less far where nobody asked the camera to move."""
    return place._replace(z=place.z * (3.0 if moves.asked else 0.6))


def _eased(moves: Moves, seconds: float) -> Camera:
    return lambda now: strode(moves, pose(moves, now / max(seconds, 0.1), seconds))


def _sway(camera: Camera) -> Sway:
    """Turn what the *camera* does into steps aside, up and ahead in a scene."""

    def sway(now: float) -> tuple[float, float, float, float]:
        at = camera(now)
        return at.x * 1.4, -at.y * 1.4, at.z, at.yaw

    return sway
