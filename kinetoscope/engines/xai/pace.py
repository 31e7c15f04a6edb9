"""When the next request may go out: slowly enough that xAI has no reason to refuse one.

Only requests that begin a video wait. Asking how one stands never does, or what is paid for would
be found late.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable

_MINUTE = 60.0
_AHEAD = 1.0  # seconds for which places are given away
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_JITTER = 0.2


class Pace:
    """The row of those who begin a video with one key, in the order in which they came."""

    def __init__(
        self,
        submits_per_second: float,
        requests_per_minute: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._gap = 1 / submits_per_second
        self._a_minute = requests_per_minute
        self._next = 0.0
        self._sent = 0.0
        self._given: deque[float] = deque(maxlen=requests_per_minute)
        self._pause = _FIRST_PAUSE
        self._paused_until = 0.0

    def room(self) -> int:
        """Tell how many places are left within a second from now."""
        until = self._clock() + _AHEAD
        first = self._first_free()
        if first >= until:
            return 0
        lately = sum(given > until - _MINUTE for given in self._given)
        return max(0, min(int((until - first) / self._gap) + 1, self._a_minute - lately))

    def turn(self) -> float:
        """Take the next place; return the seconds until it comes."""
        place = self._first_free()
        self._next = place + self._gap
        self._given.append(place)
        return max(0.0, place - self._clock())

    def gap(self) -> float:
        """Tell how many seconds to hold a request back that is ready to be sent.

        Those whose turn came while the connection was being made would all go out at once.
        """
        now = self._clock()
        self._sent = max(now, self._sent + self._gap)
        return self._sent - now

    @property
    def paused(self) -> bool:
        """Whether xAI asked us to slow down a moment ago."""
        return self._clock() < self._paused_until

    def slow_down(self) -> None:
        """Pause, twice as long as the last time if that was not enough."""
        if self.paused:
            return
        spread = 1 + random.uniform(0, _JITTER)  # noqa: S311 - no secret hangs on it
        self._paused_until = self._clock() + self._pause * spread
        self._pause = min(_LONGEST_PAUSE, self._pause * 2)

    def go_on(self) -> None:
        """Remember that a request was taken: the next pause is a short one again."""
        self._pause = _FIRST_PAUSE

    def _first_free(self) -> float:
        first = max(self._clock(), self._next, self._paused_until)
        if len(self._given) == self._a_minute:
            first = max(first, self._given[0] + _MINUTE)
        return first
