"""A customer's server on loopback: it hears webhooks, and answers as the test says."""

from __future__ import annotations

import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

Reaction = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Heard:
    """One request, as it arrived."""

    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def verify(self, secret: str) -> Any:
        """Check the signature as any receiver would; WebhookVerificationError if it is wrong."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers 200 unless told otherwise: a status, or what to do with the request."""

    url: str = ""
    usual: int | Reaction = 200
    heard: list[Heard] = field(default_factory=list)
    next: deque[int | Reaction] = field(default_factory=deque)

    def will(self, *answers: int | Reaction) -> None:
        """Answer the next requests so."""
        self.next.extend(answers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append(Heard(headers, await request.read(), request.path))
        answer = self.next.popleft() if self.next else self.usual
        if isinstance(answer, int):
            return web.Response(status=answer, text=f"said {answer}")
        return await answer(request)


@asynccontextmanager
async def receiving(trust: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust)
    await site.start()
    place = runner.addresses[0]
    receiver.url = f"{'https' if trust else 'http'}://{place[0]}:{place[1]}/told"
    try:
        yield receiver
    finally:
        await runner.cleanup()
