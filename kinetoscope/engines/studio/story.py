"""A story: one scene told in chapters. The camera never stops, and light and weather may change."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.camera import ease
from kinetoscope.engines.studio.course import Course
from kinetoscope.engines.studio.film import RATE, Frame, Sound
from kinetoscope.engines.studio.script import ScenePlan, read_script, turned
from kinetoscope.engines.studio.shot import Shot, strode
from kinetoscope.engines.studio.slate import Slate
from kinetoscope.engines.studio.sound import sound_bed

_TURN_SECONDS = 3.0  # in which a scene turns into what the next chapter says


class Story:
    """Tells what *slate* says; every frame depends on its own time alone."""

    def __init__(self, slate: Slate) -> None:
        self._slate = slate
        self._begins = [0, *accumulate(chapter.seconds for chapter in slate.chapters)]
        self._plans = list(_plans(slate))
        self._course = Course(slate, strode)
        self._shots: dict[ScenePlan, Shot] = {}

    def frame(self, number: int) -> Frame:
        """Draw frame *number* of the film."""
        seconds = number / FPS
        chapter = self._chapter_at(seconds)
        plan = self._plans[chapter]
        before = self._plans[max(0, chapter - 1)]
        share = self._turn(chapter, seconds)
        wanted = {before: 1 - share, plan: share} if share < 1 and before != plan else {plan: 1.0}
        self._shots = {one: self._shots.get(one) or self._shot(one) for one in wanted}
        drawn = [shot.frame(number) for shot in self._shots.values()]
        if len(drawn) == 1:
            return drawn[0]
        return cast("Frame", cv2.addWeighted(drawn[0], 1 - share, drawn[1], share, 0))

    def sound(self) -> Sound:
        """Play the sound bed of the whole story; it has no end yet."""
        seconds = self._begins[-1]
        total: Sound | None = None
        for chapter, plan in enumerate(self._plans):
            if total is not None and plan == self._plans[chapter - 1]:
                continue
            bed = sound_bed(plan.sounds, plan.mood, seconds, plan.seed)
            time = np.arange(bed.shape[1], dtype=np.float32) / RATE - self._begins[chapter]
            share = np.clip(time / _TURN_SECONDS, 0, 1).astype(np.float32)
            total = bed if total is None else total + (bed - total) * share
        assert total is not None
        return total

    def _chapter_at(self, seconds: float) -> int:
        later = [number for number, begin in enumerate(self._begins[:-1]) if begin <= seconds]
        return later[-1]

    def _turn(self, chapter: int, seconds: float) -> float:
        gone = seconds - self._begins[chapter]
        return ease(gone / min(_TURN_SECONDS, self._slate.chapters[chapter].seconds))

    def _shot(self, plan: ScenePlan) -> Shot:
        size = (self._slate.width, self._slate.height)
        return Shot(plan, self._course.moves[0], size, self._begins[1], camera=self._course)


def _plans(slate: Slate) -> Iterator[ScenePlan]:
    plan = read_script(slate.chapters[0].prompt, slate.seed)
    yield plan
    for chapter in slate.chapters[1:]:
        plan = turned(plan, chapter.prompt)
        yield plan
