"""Agents for the tests: the official client, in front of our tools."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from kinetoscope.agents.desks import OwnDesk, SharedDesk
from kinetoscope.agents.folder import Folder
from kinetoscope.agents.server import PATH, build, web_app
from tests.patience import PATIENCE
from tests.world import Actor, World

MODES = ("auto", "legacy")  # the protocol of 2026-07-28, and the one before


class Agent:
    """Calls tools, and reads their answers."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, /, **arguments: Any) -> Any:
        """Call a tool that must succeed; tell its structured answer."""
        answer = await self.client.call_tool(tool, arguments)
        assert not answer.is_error, answer.content
        return answer.structured_content

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """Call a tool that must fail; tell what it says."""
        answer = await self.client.call_tool(tool, arguments)
        assert answer.is_error, answer.structured_content
        [text] = answer.content
        assert text.type == "text"
        return text.text


@asynccontextmanager
async def own_agent(
    world: World, folder: Path, mode: str = "auto", who: Actor | None = None
) -> AsyncIterator[Agent]:
    """Sit an agent at a desk of its own, as over stdio, with files below *folder*."""

    async def find() -> tuple[str, str]:
        return world.url, (who or world.alice).secret

    desk = OwnDesk(find, Folder(folder.resolve()))
    try:
        async with Client(build(desk), mode=mode, read_timeout_seconds=PATIENCE) as client:
            yield Agent(client)
    finally:
        await desk.close()


@asynccontextmanager
async def tools_over_http(world: World) -> AsyncIterator[str]:
    """Offer the tools over HTTP; yields their address."""
    desk = SharedDesk(world.url)
    app = web_app(build(desk), "127.0.0.1")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        finally:
            server.should_exit = True
            await serving
            await desk.close()


@asynccontextmanager
async def web_agent(url: str, who: Actor | None, mode: str = "auto") -> AsyncIterator[Agent]:
    """Seat an agent at the tools at *url*, with the key of somebody."""
    headers = {} if who is None else who.headers
    async with (
        httpx2.AsyncClient(headers=headers, timeout=PATIENCE) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield Agent(client)
