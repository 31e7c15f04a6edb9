"""Names for rows: 128 bits that sort by time, so that indexes stay tight."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator

_RANDOM_BITS = 80
_GULP = 256
_STEP_BYTES = 4  # by which names of one moment differ, so that none can be guessed


class _Clock:
    """Hands out 128-bit numbers, each larger than the one before in this process."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()
        self._drawn: Iterator[bytes] = iter(())

    def _random(self) -> bytes:
        """Draw from the system's randomness, in gulps: each draw costs a call of the system."""
        size = _RANDOM_BITS // 8 + _STEP_BYTES
        with self._lock:
            drawn = next(self._drawn, None)
            if drawn is None:
                gulp = os.urandom(size * _GULP)
                self._drawn = (gulp[at : at + size] for at in range(0, len(gulp), size))
                drawn = next(self._drawn)
            return drawn

    def next(self) -> int:
        random = self._random()
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS
        fresh |= int.from_bytes(random[_STEP_BYTES:])
        with self._lock:
            step = 1 + int.from_bytes(random[:_STEP_BYTES])
            self._last = max(fresh, self._last + step)
            return self._last


_clock = _Clock()


def new_id(prefix: str) -> str:
    """Make a name such as ``task_019f…`` that no other row has and that sorts by its birth."""
    return _write(prefix, _clock.next())


def first_id(prefix: str, seconds: int) -> str:
    """Make the smallest name that can have been made at the Unix time *seconds*."""
    return _write(prefix, (max(0, seconds) * 1000) << _RANDOM_BITS)


def as_uuid(name: str) -> str:
    """Write a *name* as the UUID of the same 128 bits, for clients that know no other ids."""
    digits = name.rpartition("_")[2]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def from_uuid(prefix: str, text: str) -> str | None:
    """Write the name that ``as_uuid`` made *text* of; None if that is no UUID as it writes them."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return _write(prefix, found.int) if str(found) == text.lower() else None


def _write(prefix: str, number: int) -> str:
    return f"{prefix}_{number:032x}"
