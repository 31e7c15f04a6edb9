"""Who asks, of which service, and whether files may be touched: one desk for each transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import anyio

from kinetoscope.agents.folder import Folder
from kinetoscope.client import AsyncClient, InvalidUse

Headers = Mapping[str, str]
_SILENCE_SECONDS, _RETRIES = 30.0, 2  # an agent's own patience is about a minute
_NOBODY = "sk-nobody"
_BEARER = "bearer "


class Desk(Protocol):
    """Finds the client that speaks for whoever sent a request."""

    @property
    def folder(self) -> Folder | None:
        """Tell where files may be read and written; None: nowhere."""

    async def client(self, headers: Headers | None) -> AsyncClient:
        """Get the client for a request with these *headers*; ClientError if there is none."""

    async def close(self) -> None:
        """Close what was opened."""


class OwnDesk:
    """Everything is asked for one person, at whose own machine the tools run."""

    def __init__(self, find: Callable[[], Awaitable[tuple[str, str]]], folder: Folder) -> None:
        self.folder: Folder | None = folder
        self._find = find
        self._client: AsyncClient | None = None
        self._turn = anyio.Lock()  # calls come side by side, the first ones too

    async def client(self, headers: Headers | None) -> AsyncClient:
        """Get the one client; the service is looked for when it is first needed."""
        del headers
        async with self._turn:
            if self._client is None:
                self._client = _open(*await self._find())
            return self._client

    async def close(self) -> None:
        """Close the client, if there is one."""
        if self._client is not None:
            await self._client.aclose()


class SharedDesk:
    """Everybody asks with the key that came with the request, and nobody's files are touched."""

    folder: Folder | None = None

    def __init__(self, url: str) -> None:
        self._client = _open(url, _NOBODY)

    async def client(self, headers: Headers | None) -> AsyncClient:
        """Get a client that asks with the caller's key, or raise InvalidUse."""
        given = (headers or {}).get("authorization", "")
        key = given[len(_BEARER) :].strip()
        if given[: len(_BEARER)].lower() != _BEARER or not key:
            message = "your key is needed: send the header Authorization: Bearer sk-… to the tools"
            raise InvalidUse(message)
        return self._client.with_key(key)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _open(url: str, key: str) -> AsyncClient:
    return AsyncClient(url, key, timeout=_SILENCE_SECONDS, retries=_RETRIES)
