"""A course: where the camera is throughout a film, whose chapters were asked for one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise

from kinetoscope.engines.studio.camera import Moves, Pose, pose, read_moves, roll_on
from kinetoscope.engines.studio.slate import Slate

Stride = Callable[[Moves, Pose], Pose]
"""Takes a pose as moves have it; gives it as far out as the place is deep."""


class Course:
    """Tells the pose at each moment of *slate*: on as in its first chapter, without a stop.

    What a later chapter asks for comes on top of it.
    """

    def __init__(self, slate: Slate, stride: Stride = lambda _moves, place: place) -> None:
        self.moves = tuple(read_moves(chapter.prompt, slate.seed) for chapter in slate.chapters)
        self._spans = list(
            pairwise(accumulate((chapter.seconds for chapter in slate.chapters), initial=0))
        )
        self._stride = stride

    def __call__(self, seconds: float) -> Pose:
        """Tell where the camera is *seconds* after the film began."""
        whole = Pose()
        for number, (moves, (begin, end)) in enumerate(zip(self.moves, self._spans, strict=True)):
            length = end - begin
            place = pose(moves, (seconds - begin) / length, length, pace=roll_on)
            if number == 0:
                whole = self._stride(moves, place)
            elif moves.asked and seconds > begin:
                place = place.plus(pose(moves, 0.0, length, pace=roll_on), -1)
                whole = whole.plus(self._stride(moves, place))
        return whole
