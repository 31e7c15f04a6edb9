"""A render child: reads one brief from its input, draws it, and tells on its output how it goes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TextIO

import cv2

from kinetoscope.engines.studio.brief import Brief, CannotRender
from kinetoscope.engines.studio.provenance import stamp

_RENDERERS: Mapping[str, str] = {
    "text_to_video": "text",
    "image_to_video": "picture",
    "reference_to_video": "cast",
    "edit_video": "looks",
    "video_extend": "onward",
}
_HEAVY = ("story", "film")  # what takes long to load, and most films need
_NICENESS = 10
_THREADS = 1  # more of them cost half as much again, and end no sooner
_BAD_BRIEF, _BROKEN, _ORPHANED = 2, 1, 3
_LONGEST_BRIEF = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM = "the service has no room on its disk to draw this: tell its operator"
_TOO_BIG = "drawing this took more memory than allowed: ask for a shorter or smaller video"


def main() -> int:
    """Draw the brief that stands on the first line of the input, whenever it comes."""
    _limit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    cv2.setNumThreads(_THREADS)
    tell = _telling(_own_output())
    with contextlib.suppress(MemoryError):  # which is told when there is something to draw
        for name in _HEAVY:
            import_module(f"kinetoscope.engines.studio.{name}")
    line = sys.stdin.readline(_LONGEST_BRIEF)
    try:
        brief = Brief.from_json(line)
        module = _RENDERERS[brief.operation]
    except (ValueError, KeyError, TypeError):
        if line:
            traceback.print_exc()
        return _BAD_BRIEF
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _draw(brief, module, tell)
    return 0


def _draw(brief: Brief, module: str, tell: Callable[[Mapping[str, object]], None]) -> None:
    try:
        tell({"progress": 1})
        renderer = import_module(f"kinetoscope.engines.studio.{module}")
        notes = renderer.render(brief, _progress(tell))
        stamp(brief.film, brief.operation)
    except CannotRender as refusal:
        tell({"refused": str(refusal)})
    except OSError as error:
        if error.errno not in _FULL:
            raise
        tell({"refused": _NO_ROOM})
    except MemoryError:
        tell({"refused": _TOO_BIG})
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        tell({"refused": _TOO_BIG})
    else:
        tell({"made": True, "notes": notes, "seed": brief.seed})


def _limit(memory_mib: int) -> None:
    """Take little: a low priority, no core files, and *memory_mib* where the system keeps count."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_mib and sys.platform == "linux":
        # Not RLIMIT_AS: thread stacks and arenas reserve far more addresses than they use.
        most = memory_mib << 20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _own_output() -> TextIO:
    """Take the output for ourselves; what a library prints goes to the log instead."""
    ours = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    return ours


def _telling(output: TextIO) -> Callable[[Mapping[str, object]], None]:
    def tell(told: Mapping[str, object]) -> None:
        output.write(json.dumps(told) + "\n")
        output.flush()

    return tell


def _progress(tell: Callable[[Mapping[str, object]], None]) -> Callable[[float], None]:
    last = 1

    def progress(share: float) -> None:
        nonlocal last
        percent = min(99, int(share * 100))
        if percent > last:
            last = percent
            tell({"progress": percent})

    return progress


def _end_with_the_parent() -> None:
    """Wait for the end of the input: the parent is gone, however it died."""
    while os.read(0, 4096):
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    sys.exit(main())
