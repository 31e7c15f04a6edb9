"""Grok Imagine, made by xAI: whoever begins a video here pays for it, so nothing is asked twice.

The SDK is loaded on first use, in a thread; this page knows when to ask and when to leave it be.
"""

from __future__ import annotations

import asyncio
import logging
import time
from importlib.util import find_spec

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.order import Operation, Order
from kinetoscope.engines import Engine, Inputs, Refused, Report, Ticket
from kinetoscope.engines.xai import answers, words
from kinetoscope.engines.xai.line import Denied, Line, Rejected, SlowDown
from kinetoscope.engines.xai.pace import Pace
from kinetoscope.engines.xai.upstream import Upstream

__all__ = ["Pace", "Upstream", "Xai"]

_log = logging.getLogger(__name__)

_FIRST_REST, _LONGEST_REST = 2.0, 60.0  # seconds before one that is out of order is tried again
_NOT_NOW = (Denied, SlowDown, EngineUnavailable)
_KNOWN_GOOD = 60.0  # seconds for which an answer proves that key and connection are good


class Xai(Engine):
    """Makes videos at xAI with one key, at its pace."""

    makes = frozenset(Operation)
    repeatable = False
    stoppable = False  # it renders and bills to the end
    pace = (1.0, 5.0)
    heeds = frozenset({"generate_audio"})
    most_bytes = words.MOST_BYTES

    def __init__(self, *, name: str, upstream: Upstream, slots: int, submits: Pace) -> None:
        self.name = name
        self.slots = slots
        self.trace = {"engine": name, **upstream.trace}
        self._upstream = upstream
        self._submits = submits
        self._line: Line | None = None
        self._opening = asyncio.Lock()
        self._fault = ""
        self._denied = False  # asking for a video was: that the key is known proves nothing
        self._rest = _FIRST_REST
        self._rests_until = 0.0
        self._good_until = 0.0

    @property
    def well(self) -> bool:
        """Whether it answered the last time, or has rested since."""
        return not self._fault or time.monotonic() >= self._rests_until

    def room(self) -> int:
        """Tell how many it would begin within a second; one, to see whether it is well again."""
        return min(1, self._submits.room()) if self._fault else self._submits.room()

    def turn(self) -> float:
        """Take the next place in the row of this key."""
        return self._submits.turn()

    async def admit(self) -> None:
        """Return if it can be asked: connected, its key not refused, and not asked to slow down."""
        if self._submits.paused:
            raise EngineUnavailable("xAI asked us to slow down")
        if not self.well:
            raise EngineUnavailable(self._fault)
        try:
            await self._try(ask=bool(self._fault))
        except _NOT_NOW as error:
            raise self._out_of_order(error) from error
        if gap := self._submits.gap():
            await asyncio.sleep(gap)

    async def start(self, task_id: str, order: Order, inputs: Inputs) -> Ticket | Refused:
        """Ask for a video, once; what xAI turns down is refused."""
        del task_id
        line = await self._open()
        asked = await asyncio.to_thread(words.asked, order, inputs, self._upstream)
        try:
            request_id = await line.begin(asked, extend=order.operation is Operation.EXTEND)
        except Rejected as rejected:
            self._denied = False
            self._answered()
            return answers.read_rejection(rejected)
        except _NOT_NOW as error:
            self._denied = isinstance(error, Denied)
            raise self._out_of_order(error) from error
        self._submits.go_on()
        self._denied = False
        self._answered()
        return Ticket(f"{request_id}@{int(time.time())}")

    async def poll(self, ticket: Ticket) -> Report:
        """Ask how it stands; a key that is refused meanwhile costs no video."""
        request_id, _, asked_at = ticket.rpartition("@")
        line = await self._open()
        try:
            answer = await line.ask(request_id)
        except Rejected as rejected:
            self._answered()
            return answers.read_failed_poll(rejected, time.time() - int(asked_at))
        except (Denied, SlowDown) as error:
            raise self._out_of_order(error) from error
        self._answered()
        return answers.read_answer(answer)

    async def stop(self, ticket: Ticket) -> None:
        """Do nothing: it renders and bills to the end."""

    async def forget(self, ticket: Ticket) -> None:
        """Do nothing: it forgets by itself."""

    async def ready(self) -> None:
        """Return if xAI can be reached and knows the key; asked of it once a minute at the most."""
        if self._fault and not self.well:
            raise EngineUnavailable(self._fault)
        if time.monotonic() >= self._good_until:
            try:
                await self._try(ask=True)
            except _NOT_NOW as error:
                raise self._rests(error) from error
            self._answered()

    async def close(self) -> None:
        """Hang up."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _try(self, *, ask: bool) -> None:
        """Connect, and *ask* whether the key is good."""
        line = await self._open()
        await line.connect()
        if ask:
            await line.check_key()

    async def _open(self) -> Line:
        async with self._opening:
            if self._line is None:
                self._check_installed()
                line = await asyncio.to_thread(Line, self._upstream)
                line.open()
                self._line = line
            return self._line

    def _check_installed(self) -> None:
        if find_spec("xai_sdk") is None:
            message = f"{self.name} needs xai-sdk: run `pip install 'kinetoscope[xai]'`"
            raise EngineUnavailable(message)
        if not self._upstream.key:
            raise EngineUnavailable(f"{self.name} has no API key: {self._upstream.fault}")

    def _answered(self) -> None:
        """Remember that it is well, unless it is only that it talks to us."""
        if self._denied:
            return
        if self._fault:
            _log.info("%s is well again", self.name)
        self._fault, self._rest = "", _FIRST_REST
        self._good_until = time.monotonic() + _KNOWN_GOOD

    def _out_of_order(self, error: Exception) -> EngineUnavailable:
        """Say in the log that it is out of order, once, and let it rest."""
        was_well = not self._fault
        passing = self._rests(error)
        if was_well and self._fault:
            _log.error("%s is out of order: %s", self.name, self._fault)
        return passing

    def _rests(self, error: Exception) -> EngineUnavailable:
        """Remember what is wrong, for some seconds, and say so in words for the operator."""
        match error:
            case SlowDown():
                self._submits.slow_down()
                return EngineUnavailable("xAI asked us to slow down")
            case Denied():
                fault = f"xAI refuses the key or the model: {error}"
            case _:
                fault = str(error)
        if self.well:
            self._rests_until = time.monotonic() + self._rest
            self._rest = min(_LONGEST_REST, self._rest * 2)
        self._fault = fault
        self._good_until = 0.0
        return EngineUnavailable(fault)
