"""Backdrops: drawn places behind somebody in focus, who is what one looks at."""

from __future__ import annotations

from typing import cast

import cv2

from kinetoscope.engines.studio.camera import Moves
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.script import ScenePlan
from kinetoscope.engines.studio.shot import Shot

# A place is seen a little out of focus, and costs a third as much.
_SHARE, _LEAST_ROWS = 0.5, 288


class Backdrop:
    """One take of *plan*, as a Shot would be, but no sharper than a lens would show it.

    It has *grain* of its own only if that is asked for: most films that it is for have theirs.
    """

    def __init__(
        self,
        plan: ScenePlan,
        moves: Moves,
        size: tuple[int, int],
        seconds: float,
        *,
        grain: float = 0.0,
    ) -> None:
        self._size = size
        scale = min(1.0, max(_SHARE, _LEAST_ROWS / min(size)))
        width, height = (round(side * scale / 2) * 2 for side in size)
        self._shot = Shot(plan, moves, (width, height), seconds, grain=grain)

    def frame(self, number: int) -> Frame:
        """Draw frame *number* of the shot."""
        drawn = self._shot.frame(number)
        if self._size == (drawn.shape[1], drawn.shape[0]):
            return drawn
        return cast("Frame", cv2.resize(drawn, self._size, interpolation=cv2.INTER_CUBIC))
