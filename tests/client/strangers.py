"""Servers that answer a client as they like, one answer after another."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any, Self

FILM = b"film"
Says = bytes | Callable[[asyncio.StreamWriter], Any]


class Stranger:
    """Gives these answers in turn, the last again and again, and remembers what it was asked."""

    def __init__(self, *says: Says) -> None:
        self._says = list(says)
        self.heard: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._talks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def told(self, name: str) -> list[str]:
        """Tell what a header said in each request."""
        return [
            line.partition(": ")[2]
            for request in self.heard
            for line in request.splitlines()
            if line.lower().startswith(f"{name.lower()}: ")
        ]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heard.append(request)
            if length := self.told("content-length")[-1:]:
                await reader.readexactly(int(length[0]) if "POST" in request else 0)
            say = self._says.pop(0) if len(self._says) > 1 else self._says[0]
            if isinstance(say, bytes):
                writer.write(say)
            else:
                await say(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(talk)
            writer.close()


async def silence(writer: asyncio.StreamWriter) -> None:
    """Say nothing, for ever."""
    await asyncio.Event().wait()


def answer(status: int, body: bytes, *headers: str) -> bytes:
    """Write an answer whose length is true."""
    lines = (f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


def said(value: object, status: int = 200, *headers: str) -> bytes:
    """Write an answer in JSON."""
    return answer(status, json.dumps(value).encode(), "Content-Type: application/json", *headers)


def refused(status: int, *headers: str) -> bytes:
    """Write an error as the service does."""
    error = {"message": "it went wrong", "type": "x", "code": "so", "param": None}
    return said({"error": error}, status, *headers)


def video(**more: Any) -> dict[str, Any]:
    """Show a video as the service does."""
    return {
        "id": "task_1",
        "status": "completed",
        "progress": 100,
        "model": "grok-imagine",
        "seconds": "1",
        "size": "480p",
        "created_at": 1,
        "prompt": "a fox",
        "metadata": {
            "operation": "text_to_video",
            "quote": {"total": "0.05"},
            "ignored": [],
            "output": {
                "width": 8,
                "height": 8,
                "seconds": 1.0,
                "bytes": len(FILM),
                "sha256": hashlib.sha256(FILM).hexdigest(),
            },
        },
        **more,
    }
