"""The other side: servers that say whatever they like, and names that lead anywhere."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

from aiohttp.abc import AbstractResolver, ResolveResult

Conversation = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers every request with *says*, and remembers the requests."""

    def __init__(
        self, says: Conversation, trust: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._says, self._trust, self._host = says, trust, host
        self.heard: list[bytes] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, self._host, 0, ssl=self._trust)
        self.port = self._server.sockets[0].getsockname()[1]
        self._talks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._trust else 'http'}://{host}:{self.port}{path}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.heard.append(request)
            await self._says(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(talk)
            writer.close()


class Names(AbstractResolver):
    """Resolves a name to one list of addresses after another; the last one stays."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._names = names
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answers = self._names.get(host.partition(".")[0], [[]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in found
        ]

    async def close(self) -> None:
        pass


def saying(answer: bytes) -> Conversation:
    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return say


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def to(place: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
