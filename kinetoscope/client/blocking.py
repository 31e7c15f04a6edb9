"""The client for programs that wait for what they ask."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx2

from kinetoscope.client.answers import Answer, Lost, receiving
from kinetoscope.client.calls import MOST_LISTED, Calls, Done, Listener, Pause, Plan, Tell, advance
from kinetoscope.client.connection import FAULTS, RETRIES, SILENCE_SECONDS, connection, lost
from kinetoscope.client.orders import Filters, Options, Request
from kinetoscope.client.values import Balance, Model, Quote, Usage, Video

T = TypeVar("T")


class Client:
    """Speaks to the service at *url* with *key*, by default those in the environment.

    What fails in passing is asked again *retries* times; nothing is ever made or paid for twice.
    A service that is silent for *timeout* seconds is not waited for.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = SILENCE_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        self._connection = connection(url, key)
        self._calls = Calls(self._connection.url, retries)
        self._http = httpx2.Client(**self._connection.told(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Unpack[Options]
    ) -> Video:
        """Order a video and return at once; it is made and paid for once, however often asked.

        The same *idempotency_key* and order answer the first video again, for a day.
        """
        return self._run(self._calls.create(prompt, options, idempotency_key))

    def make(
        self,
        prompt: str,
        *,
        timeout: float = 3600,
        on_progress: Listener | None = None,
        **options: Unpack[Options],
    ) -> Video:
        """Order a video and wait for its end, as ``create`` and ``wait`` do."""
        video = self.create(prompt, **options)
        return self.wait(video, timeout, on_progress=on_progress)

    def wait(
        self,
        video: str | Video,
        timeout: float = 3600,
        *,
        on_progress: Listener | None = None,
        poll: float | None = None,
    ) -> Video:
        """Wait until a video is completed; raise VideoFailed or, after *timeout*, NotDone.

        It looks as often as the service asks for, or every *poll* seconds.
        """
        plan = self._calls.wait(video, timeout=timeout, poll=poll, listener=on_progress)
        return self._run(plan)

    def get(self, video: str | Video) -> Video:
        """Look at a video as it stands."""
        return self._run(self._calls.get(video))

    def list(self, *, limit: int | None = None, **filters: Unpack[Filters]) -> Iterator[Video]:
        """Yield the videos of the account, newest first, page by page."""
        after, left = None, limit
        while left is None or left > 0:
            size = MOST_LISTED if left is None else min(left, MOST_LISTED)
            page = self._run(self._calls.page(filters, after, size))
            yield from page.videos
            left = None if left is None else left - len(page.videos)
            after = page.next
            if after is None:
                return

    def cancel(self, video: str | Video) -> Video:
        """Stop making a video that costs nothing yet."""
        return self._run(self._calls.cancel(video))

    def delete(self, video: str | Video) -> None:
        """Remove the file of a video that has ended; its bill stays."""
        self._run(self._calls.delete(video))

    def download(self, video: str | Video, path: str | Path) -> Path:
        """Save a completed video as *path*, or in that folder, whole or not at all."""
        return self._run(self._calls.download(video, path))

    def quote(self, prompt: str, **options: Unpack[Options]) -> Quote:
        """Ask what a video would cost; nothing is made or held."""
        return self._run(self._calls.quote(prompt, options))

    def balance(self) -> Balance:
        """Ask what the account has."""
        return self._run(self._calls.balance())

    def usage(self, first: str | None = None, last: str | None = None) -> Usage:
        """Ask what was charged, by default in 30 days; days are written 2026-01-31."""
        return self._run(self._calls.usage(first, last))

    def models(self) -> tuple[Model, ...]:
        """Ask for the models that the key may use."""
        return self._run(self._calls.models())

    def _run(self, plan: Plan[T]) -> T:
        """Do what a plan says until it is through."""
        reply: Answer | Lost | None = None
        try:
            while True:
                step = advance(plan, reply)
                reply = None
                match step:
                    case Done(value):
                        return value
                    case Request():
                        reply = self._send(step)
                    case Pause(seconds):
                        time.sleep(seconds)
                    case Tell(listener, video):
                        listener(video)
        finally:
            plan.close()

    def _send(self, request: Request) -> Answer | Lost:
        headers = {**self._connection.headers, **request.headers}
        url = self._connection.url + request.path
        try:
            with (
                request.opened() as more,
                self._http.stream(request.verb, url, headers=headers, **more) as got,
                receiving(request, got.status_code) as body,
            ):
                for chunk in got.iter_bytes():
                    body.add(chunk)
                return body.answer(got.status_code, got.headers)
        except FAULTS as error:
            return lost(error)
