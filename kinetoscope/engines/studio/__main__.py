"""A render child: reads one brief from its input, draws it, and tells on its output how it goes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from importlib import import_module

import cv2

from kinetoscope.engines.studio.brief import Brief, Notes, Tell
from kinetoscope.engines.studio.child import Renderer, run

_RENDERERS: Mapping[str, str] = {
    "text_to_video": "text",
    "image_to_video": "picture",
    "reference_to_video": "cast",
    "edit_video": "looks",
    "video_extend": "onward",
}
_HEAVY = ("story", "film")  # what takes long to load, and most films need
_THREADS = 1  # more of them cost half as much again, and end no sooner


def main() -> int:
    """Draw one film."""
    return run(_renderer_of, _prepare)


def _prepare() -> None:
    cv2.setNumThreads(_THREADS)
    with contextlib.suppress(MemoryError):  # which is told when there is something to draw
        for name in _HEAVY:
            import_module(f"kinetoscope.engines.studio.{name}")


def _renderer_of(operation: str) -> Renderer:
    module = _RENDERERS[operation]

    def render(brief: Brief, tell: Tell) -> Notes:
        try:
            renderer = import_module(f"kinetoscope.engines.studio.{module}")
            notes: Notes = renderer.render(brief, tell)
        except cv2.error as error:
            if error.code != cv2.Error.StsNoMem:
                raise
            raise MemoryError from error
        return notes

    return render


if __name__ == "__main__":
    sys.exit(main())
