"""Both clients under one set of tests: what one does in a thread, the other does in the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kinetoscope.client import AsyncClient, Client

KINDS = (Client, AsyncClient)


class Hands:
    """Calls the methods of either client."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self._client = client

    async def __call__(self, name: str, *arguments: Any, **more: Any) -> Any:
        """Call a method and wait for what it brings."""
        method = getattr(self._client, name)
        if isinstance(self._client, Client):
            return await asyncio.to_thread(method, *arguments, **more)
        return await method(*arguments, **more)

    async def all(self, **filters: Any) -> list[Any]:
        """List videos to the end."""
        if isinstance(self._client, Client):
            client = self._client
            return await asyncio.to_thread(lambda: list(client.list(**filters)))
        return [video async for video in self._client.list(**filters)]


@asynccontextmanager
async def hands(
    kind: type[Client | AsyncClient], url: str, key: str = "sk-test", **more: Any
) -> AsyncIterator[Hands]:
    """Open a client of a kind."""
    client = kind(url, key, **more)
    try:
        yield Hands(client)
    finally:
        if isinstance(client, Client):
            client.close()
        else:
            await client.aclose()
