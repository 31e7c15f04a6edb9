"""What every child that draws has in common: one brief in, news of how it goes out, and limits."""

from __future__ import annotations

import errno
import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import TextIO

from kinetoscope.engines.studio.brief import Brief, CannotRender, Notes, Tell
from kinetoscope.engines.studio.provenance import stamp

_NICENESS = 10
_BAD_BRIEF, _ORPHANED = 2, 3
_LONGEST_BRIEF = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM = "the service has no room on its disk to draw this: tell its operator"
_TOO_BIG = "drawing this took more memory than allowed: ask for a shorter or smaller video"

Renderer = Callable[[Brief, Tell], Notes]
_Tells = Callable[[Mapping[str, object]], None]


def run(renderer_of: Callable[[str], Renderer], prepare: Callable[[], None] | None = None) -> int:
    """Draw the brief that stands on the first line of the input, whenever it comes.

    *renderer_of* finds who draws an operation, or raises KeyError; *prepare* is what can be done
    before there is a brief.
    """
    _limit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    tell = _telling(_own_output())
    if prepare is not None:
        prepare()
    line = sys.stdin.readline(_LONGEST_BRIEF)
    try:
        brief = Brief.from_json(line)
        renderer = renderer_of(brief.operation)
    except (ValueError, KeyError, TypeError):
        if line:
            traceback.print_exc()
        return _BAD_BRIEF
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _draw(brief, renderer, tell)
    return 0


def _draw(brief: Brief, renderer: Renderer, tell: _Tells) -> None:
    try:
        tell({"progress": 1})
        notes = renderer(brief, _progress(tell))
        stamp(brief.film, brief.operation)
    except CannotRender as refusal:
        tell({"refused": str(refusal)})
    except OSError as error:
        if error.errno not in _FULL:
            raise
        tell({"refused": _NO_ROOM})
    except MemoryError:
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


def _telling(output: TextIO) -> _Tells:
    def tell(told: Mapping[str, object]) -> None:
        output.write(json.dumps(told) + "\n")
        output.flush()

    return tell


def _progress(tell: _Tells) -> Tell:
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
