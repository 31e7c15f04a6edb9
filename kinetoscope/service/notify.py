"""Tells customers that their tasks have ended: sign, send, try again.

At least once: what is to be told stands in the database until an endpoint has said that it heard.
Whoever runs the tasks runs this as well. It sleeps until a task ends that somebody is to hear of,
or until the next try is due. Endpoints do not wait for one another: each has a *line* of its own,
which grows wider while it is well, and rests when it is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from kinetoscope.db import Conn, deliveries, webhooks
from kinetoscope.db.deliveries import Parcel, Try
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.service import Gateway
from kinetoscope.service.signing import is_ours, sign, write_event

log = logging.getLogger(__name__)

AT_ONCE = 64  # posts under way, to all endpoints together
WIDEST = 8  # of them to one endpoint
WAITS = (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600)  # the last one again and again
PATIENCE_SECONDS = 3 * 24 * 3600  # for which one event is tried
FAILING_SECONDS = 5 * 24 * 3600  # without success, after which an endpoint is disabled
LOOK_SECONDS = 5.0  # between looks when nobody rang: other processes may end tasks as well
_LONGEST_REST = 60.0
_JITTER = 0.2
_BATCH = 200  # events that one line takes at a time
_LEAST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # between two looks
_PART = 20  # a look may take one part in so many of the time
_GOOD = range(200, 300)


@dataclass(slots=True)
class _Line:
    """How it goes with one endpoint."""

    width: int = 1
    failures: int = 0
    rests_until: float = 0.0

    def well(self) -> None:
        self.failures, self.rests_until = 0, 0.0
        self.width = min(WIDEST, self.width * 2)

    def unwell(self, now: float, *, rest: bool) -> None:
        self.width = 1
        if rest:
            self.failures += 1
            self.rests_until = now + min(_LONGEST_REST, 2.0 ** min(self.failures - 1, 10))

    def rest(self, now: float) -> float:
        """Tell for how many seconds it rests yet; a clock that was set back does not prolong it."""
        left = self.rests_until - now
        return left if 0 < left <= _LONGEST_REST else 0.0


class Notifier:
    """Delivers what is due, for as long as it is running."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rung = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lines: dict[str, _Line] = {}
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._gateway.bell.told = self._rung.set
        self._loop = asyncio.create_task(self._run(), name="notifier")

    def stop(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        self._gateway.bell.told = None
        if self._loop is not None:
            self._loop.cancel()
            self._loop = None

    async def drain(self, seconds: float) -> None:
        """Stop, and wait up to *seconds* for what is under way; the rest is told another time."""
        self.stop()
        serving = list(self._serving.values())
        if serving:
            _, late = await asyncio.wait(serving, timeout=seconds)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._rung.clear()
            began = time.monotonic()
            try:
                wait = await self._look()
            except Exception:
                log.exception("webhooks cannot be looked after; that is tried again")
                wait = LOOK_SECONDS
            # However often the bell rings, looking takes a small part of the time.
            pause = max(_LEAST_PAUSE, _PART * (time.monotonic() - began))
            await asyncio.sleep(min(_LONGEST_PAUSE, pause))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._rung.wait()

    async def _look(self) -> float:
        """Let every line go on that has something due; tell for how long there is nothing to do."""
        db, now = self._gateway.db, self._gateway.now()
        due = await db.glance(deliveries.next_due)
        if due is None:
            self._lines = {name: self._lines[name] for name in self._serving}
            return LOOK_SECONDS
        if due > now:
            return min(LOOK_SECONDS, due - now)
        wait = LOOK_SECONDS
        for endpoint_id in await db.read(partial(deliveries.due_endpoints, now=int(now))):
            line = self._lines.setdefault(endpoint_id, _Line())
            if endpoint_id in self._serving:
                continue
            if rest := line.rest(now):
                wait = min(wait, rest)
                continue
            serving = asyncio.create_task(self._serve(endpoint_id, line), name=endpoint_id)
            self._serving[endpoint_id] = serving
            serving.add_done_callback(self._served)
        return wait

    def _served(self, serving: asyncio.Task[None]) -> None:
        name = serving.get_name()
        del self._serving[name]
        if not self._lines[name].failures:
            del self._lines[name]
        self._rung.set()
        if not serving.cancelled() and (error := serving.exception()):
            log.error("deliveries to %s broke off", name, exc_info=error)

    async def _serve(self, endpoint_id: str, line: _Line) -> None:
        """Tell one endpoint what is due, as many events at a time as its line is wide."""
        now = int(self._gateway.now())
        find = partial(deliveries.due_events, endpoint_id=endpoint_id, now=now, limit=_BATCH)
        waiting = deque(await self._gateway.db.read(find))
        telling: set[asyncio.Task[None]] = set()
        try:
            while True:
                while waiting and self._may_go_on(line) and len(telling) < line.width:
                    tell = self._tell(endpoint_id, waiting.popleft(), line)
                    telling.add(asyncio.create_task(tell))
                if not telling:
                    return
                done, telling = await asyncio.wait(telling, return_when=asyncio.FIRST_COMPLETED)
                for error in filter(None, (each.exception() for each in done)):
                    log.error("an event could not be told to %s", endpoint_id, exc_info=error)
                    line.unwell(self._gateway.now(), rest=True)
        finally:
            for each in telling:
                each.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    def _may_go_on(self, line: _Line) -> bool:
        return self._loop is not None and not line.rest(self._gateway.now())

    async def _tell(self, endpoint_id: str, event_id: str, line: _Line) -> None:
        """Tell one event once, and note what came of it."""
        async with self._slots:
            find = partial(deliveries.parcel, endpoint_id=endpoint_id, event=event_id)
            parcel = await self._gateway.db.glance(find)
            if parcel is None:  # told, given up or removed meanwhile
                return
            tried = await attempt(self._gateway, parcel)
        if why := await self._gateway.db.write(partial(_note, parcel=parcel, tried=tried)):
            log.warning("%s is told nothing any more: %s", endpoint_id, why)
        if tried.status in _GOOD:
            line.well()
        else:
            line.unwell(self._gateway.now(), rest=bool(parcel.endpoint.url))


async def attempt(gateway: Gateway, parcel: Parcel) -> Try:
    """Tell an event once."""
    endpoint, told = parcel.endpoint, parcel.delivery
    now = int(gateway.now())
    if not is_ours(gateway.signing_key, endpoint):
        message = "the service has another signing key since this secret was made; rotate it"
        return Try(now, None, 0, message)
    body = write_event(parcel)
    headers = sign(gateway.signing_key, endpoint, told.event_id, body, now)
    began = time.monotonic()
    try:
        answer = await gateway.outbound.post(told.url or endpoint.url, body, headers)
    except InvalidOrder as error:
        return Try(now, None, round((time.monotonic() - began) * 1000), error.message)
    return Try(now, answer.status, answer.milliseconds, answer.answer)


def _note(conn: Conn, parcel: Parcel, tried: Try) -> str | None:
    """Note a try, and what follows from it: another one, the end, or the end of the endpoint.

    Return why the endpoint was disabled, if it was.
    """
    told, endpoint = parcel.delivery, parcel.endpoint
    if tried.status in _GOOD:
        deliveries.note(conn, parcel, tried, None)
        return None
    wait = WAITS[min(told.tries, len(WAITS) - 1)]
    due = tried.at + round(wait * random.uniform(1, 1 + _JITTER))  # noqa: S311 - no secret hangs on it
    if tried.status == HTTPStatus.GONE or due > told.since + PATIENCE_SECONDS:
        deliveries.give_up(conn, parcel, tried)
    else:
        deliveries.note(conn, parcel, tried, due)
    why = _why_no_more(parcel, tried) if endpoint.url else None
    return why if why and webhooks.disable(conn, endpoint.id, why) else None


def _why_no_more(parcel: Parcel, tried: Try) -> str | None:
    """Tell why an endpoint is to be told nothing any more, if it is so."""
    if tried.status == HTTPStatus.GONE:
        return "it answered 410 Gone"
    since = parcel.endpoint.failing_since
    if since is not None and tried.at - since > FAILING_SECONDS:
        return f"it has heard nothing for {FAILING_SECONDS // 86400} days"
    return None
