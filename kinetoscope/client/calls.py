"""Every call as a plan: it yields what is to be done and is told how that went.

A plan knows nothing of sockets, threads or event loops, so that one text serves both clients.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from kinetoscope.client import orders
from kinetoscope.client.answers import Answer, Lost, check, pause_before, read, read_video
from kinetoscope.client.errors import Damaged, NotDone, Unreadable, VideoFailed
from kinetoscope.client.orders import Filters, Options, Request
from kinetoscope.client.values import Balance, Failure, Model, Page, Quote, Raw, Usage, Video

T = TypeVar("T")

Listener = Callable[[Video], Awaitable[object] | object]
"""Is told of a video at every look; what the asynchronous client gets from it is awaited."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let some seconds go by."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the caller how a video stands."""

    listener: Listener
    video: Video


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The plan is through, and this is what it brought."""

    value: T


Step = Request | Pause | Tell
Plan = Generator[Step, Answer | Lost | None, T]

MOST_LISTED = 100


def advance(plan: Plan[T], reply: Answer | Lost | None) -> Step | Done[T]:
    """Tell a plan how its last step went, and get the next."""
    try:
        return plan.send(reply)
    except StopIteration as end:
        return Done(end.value)


@dataclass(frozen=True, slots=True)
class Calls:
    """The plans of the service at *url*; what fails in passing is asked again *retries* times."""

    url: str
    retries: int

    def create(self, prompt: str, options: Options, idempotency_key: str | None) -> Plan[Video]:
        """Ask for a video."""
        answer = yield from self._ask(orders.create(prompt, options, idempotency_key))
        return read_video(answer, self.url)

    def quote(self, prompt: str, options: Options) -> Plan[Quote]:
        """Ask what a video would cost."""
        answer = yield from self._ask(orders.quote(prompt, options))
        return read(Quote.read, answer, self.url)

    def get(self, video: str | Video) -> Plan[Video]:
        """Look at a video."""
        answer = yield from self._ask(orders.of_video("GET", video))
        return read_video(answer, self.url)

    def wait(
        self, video: str | Video, *, timeout: float, poll: float | None, listener: Listener | None
    ) -> Plan[Video]:
        """Look at a video until it has ended, and raise if it has failed."""
        end = time.monotonic() + timeout
        seen = yield from self.get(video)
        while True:
            if listener is not None:
                yield Tell(listener, seen)
            if seen.ended:
                return _made(seen)
            left = end - time.monotonic()
            if left <= 0:
                raise NotDone(seen, timeout)
            yield Pause(min(left, seen.poll_after if poll is None else poll))
            seen = yield from self.get(seen)

    def cancel(self, video: str | Video) -> Plan[Video]:
        """Ask to stop making a video."""
        answer = yield from self._ask(orders.of_video("POST", video, "/cancel"))
        return read_video(answer, self.url)

    def delete(self, video: str | Video) -> Plan[None]:
        """Ask to forget the file of a video."""
        yield from self._ask(orders.of_video("DELETE", video))

    def download(self, video: str | Video, path: str | Path) -> Plan[Path]:
        """Save the file of a completed video, whole or not at all."""
        seen = video if isinstance(video, Video) and video.ended else (yield from self.get(video))
        if not seen.ended:
            raise NotDone(seen, 0)
        output = _made(seen).output
        if output is None:
            message = f"{seen.id} is completed, and {self.url} does not say what its file is"
            raise Unreadable(message)
        target = Path(path)
        if target.is_dir():
            target /= f"{orders.id_of(seen)}.mp4"
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            answer = yield from self._ask(orders.download(seen, part))
            if answer.sha256 != output.sha256:
                message = f"{seen.id} was damaged on its way; download it again"
                raise Damaged(message)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def page(self, filters: Filters, after: str | None, limit: int) -> Plan[Page]:
        """Get a page of the list of videos."""
        answer = yield from self._ask(orders.page(filters, after, limit))
        page = read(Page.read, answer, self.url)
        if after is not None and page.next == after:
            message = f"the list at {self.url} goes round in a circle"
            raise Unreadable(message)
        return page

    def balance(self) -> Plan[Balance]:
        """Ask what the account has."""
        answer = yield from self._ask(orders.about_account("balance"))
        return read(Balance.read, answer, self.url)

    def usage(self, first: str | None, last: str | None) -> Plan[Usage]:
        """Ask what was charged."""
        answer = yield from self._ask(orders.about_account("usage", **{"from": first, "to": last}))
        return read(Usage.read, answer, self.url)

    def models(self) -> Plan[tuple[Model, ...]]:
        """Ask what the key may ask for."""
        answer = yield from self._ask(orders.about_account("models"))
        return read(_models, answer, self.url)

    def _ask(self, request: Request) -> Plan[Answer]:
        """Send a request until it is answered for good."""
        tries = 0
        while True:
            tries += 1
            reply = yield request
            if reply is None:  # of what was sent there is always news
                raise TypeError
            pause = pause_before(reply, request, tries)
            if pause is None or tries > self.retries:
                return check(reply, self.url)
            yield Pause(pause)


def _models(raw: Raw) -> tuple[Model, ...]:
    return tuple(map(Model.read, raw["data"]))


def _made(video: Video) -> Video:
    """Get a video that was made, or raise why it was not."""
    if video.status == "failed":
        why = video.error or Failure("task_failed", "no reason was given")
        raise VideoFailed(why.code, why.message, video)
    return video
