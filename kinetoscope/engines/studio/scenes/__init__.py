"""Scenes: places that can be drawn. Each knows its light and where an actor may stand."""

from __future__ import annotations

from typing import Protocol

from kinetoscope.engines.studio.film import Frame


class Scene(Protocol):
    """A place seen by a moving camera.

    *ground* is the share of the picture's height where feet (or keels) stand; *air* where wings
    are. *wet* says that the ground mirrors; *deep* that all is under water; *open* that nothing
    stands or falls.
    """

    ground: float
    air: float
    wet: bool
    deep: bool
    open: bool

    def frame(self, seconds: float) -> Frame:
        """Draw the place as it looks *seconds* after the film began."""
        ...
