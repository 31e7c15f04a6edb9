"""The client for programs with an event loop; it does what the other does."""

from __future__ import annotations

import copy
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, Unpack

import anyio
import httpx2

from kinetoscope.client.answers import Answer, Lost, receiving
from kinetoscope.client.calls import MOST_LISTED, Calls, Done, Listener, Pause, Plan, Tell, advance
from kinetoscope.client.connection import (
    FAULTS,
    RETRIES,
    SILENCE_SECONDS,
    Connection,
    checked,
    connection,
    lost,
)
from kinetoscope.client.orders import Filters, Options, Request
from kinetoscope.client.values import Balance, Model, Quote, Usage, Video

T = TypeVar("T")


class AsyncClient:
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
        self._http = httpx2.AsyncClient(**self._connection.told(timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def with_key(self, key: str) -> Self:
        """Get a client that asks with another key over the same connections."""
        other = copy.copy(self)
        other._connection = Connection(self._connection.url, checked(key))  # noqa: SLF001 - it is one of us
        return other

    async def create(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Unpack[Options]
    ) -> Video:
        """Order a video and return at once; it is made and paid for once, however often asked.

        The same *idempotency_key* and order answer the first video again, for a day.
        """
        return await self._run(self._calls.create(prompt, options, idempotency_key))

    async def make(
        self,
        prompt: str,
        *,
        timeout: float = 3600,  # noqa: ASYNC109 - a service's time, and not that of one await
        on_progress: Listener | None = None,
        **options: Unpack[Options],
    ) -> Video:
        """Order a video and wait for its end, as ``create`` and ``wait`` do."""
        video = await self.create(prompt, **options)
        return await self.wait(video, timeout, on_progress=on_progress)

    async def wait(
        self,
        video: str | Video,
        timeout: float = 3600,  # noqa: ASYNC109 - as above
        *,
        on_progress: Listener | None = None,
        poll: float | None = None,
    ) -> Video:
        """Wait until a video is completed; raise VideoFailed or, after *timeout*, NotDone.

        It looks as often as the service asks for, or every *poll* seconds. What *on_progress*
        returns is awaited, if it can be.
        """
        plan = self._calls.wait(video, timeout=timeout, poll=poll, listener=on_progress)
        return await self._run(plan)

    async def get(self, video: str | Video) -> Video:
        """Look at a video as it stands."""
        return await self._run(self._calls.get(video))

    async def list(
        self, *, limit: int | None = None, **filters: Unpack[Filters]
    ) -> AsyncIterator[Video]:
        """Yield the videos of the account, newest first, page by page."""
        after, left = None, limit
        while left is None or left > 0:
            size = MOST_LISTED if left is None else min(left, MOST_LISTED)
            page = await self._run(self._calls.page(filters, after, size))
            for video in page.videos:
                yield video
            left = None if left is None else left - len(page.videos)
            after = page.next
            if after is None:
                return

    async def cancel(self, video: str | Video) -> Video:
        """Stop making a video that costs nothing yet."""
        return await self._run(self._calls.cancel(video))

    async def delete(self, video: str | Video) -> None:
        """Remove the file of a video that has ended; its bill stays."""
        await self._run(self._calls.delete(video))

    async def download(self, video: str | Video, path: str | Path) -> Path:
        """Save a completed video as *path*, or in that folder, whole or not at all."""
        return await self._run(self._calls.download(video, path))

    async def quote(self, prompt: str, **options: Unpack[Options]) -> Quote:
        """Ask what a video would cost; nothing is made or held."""
        return await self._run(self._calls.quote(prompt, options))

    async def balance(self) -> Balance:
        """Ask what the account has."""
        return await self._run(self._calls.balance())

    async def usage(self, first: str | None = None, last: str | None = None) -> Usage:
        """Ask what was charged, by default in 30 days; days are written 2026-01-31."""
        return await self._run(self._calls.usage(first, last))

    async def models(self) -> tuple[Model, ...]:
        """Ask for the models that the key may use."""
        return await self._run(self._calls.models())

    async def _run(self, plan: Plan[T]) -> T:
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
                        reply = await self._send(step)
                    case Pause(seconds):
                        await anyio.sleep(seconds)
                    case Tell(listener, video):
                        told = listener(video)
                        if inspect.isawaitable(told):
                            await told
        finally:
            plan.close()

    async def _send(self, request: Request) -> Answer | Lost:
        try:
            with anyio.fail_after(request.seconds):
                return await self._exchange(request)
        except (*FAULTS, TimeoutError) as error:
            return lost(error)

    async def _exchange(self, request: Request) -> Answer:
        headers = {**self._connection.headers, **request.headers}
        url = self._connection.url + request.path
        with request.opened() as more:
            async with self._http.stream(request.verb, url, headers=headers, **more) as got:
                return await _receive(request, got)


async def _receive(request: Request, got: httpx2.Response) -> Answer:
    with receiving(request, got.status_code) as body:
        async for chunk in got.aiter_bytes():
            body.add(chunk)
        return body.answer(got.status_code, got.headers)
