"""The tools put together into a server, for stdio and for HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from kinetoscope import __version__
from kinetoscope.agents.desks import Desk
from kinetoscope.agents.tools import Tools
from kinetoscope.agents.words import GUIDE, INSTRUCTIONS, Idea

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
TOOLS: Mapping[str, tuple[str, ToolAnnotations]] = {
    "quote_video": ("Price of a video", _READS),
    "create_video": (
        "Order a video",
        ToolAnnotations(
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=False,
            open_world_hint=True,
        ),
    ),
    "wait_for_video": ("Wait for a video", _READS),
    "get_video": ("Look at a video", _READS),
    "list_videos": ("List videos", _READS),
    "download_video": (
        "Get the file of a video",
        ToolAnnotations(
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=False,
            open_world_hint=False,
        ),
    ),
    "cancel_video": (
        "Cancel a video",
        ToolAnnotations(
            read_only_hint=False,
            destructive_hint=True,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    ),
    "list_models": ("Models and prices", _READS),
}


def build(desk: Desk) -> MCPServer[Any]:
    """Put the tools together for whoever sits at the *desk*."""
    server: MCPServer[Any] = MCPServer(
        "kinetoscope",
        title="Kinetoscope",
        instructions=INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
    )
    tools = Tools(desk)
    for name, (title, hints) in TOOLS.items():
        server.add_tool(getattr(tools, name), name=name, title=title, annotations=hints)
    server.resource(
        "video://{video_id}",
        name="video",
        title="A video and how it stands",
        mime_type="application/json",
    )(tools.video)
    server.prompt(
        name="video_prompt",
        title="Write a prompt for a video",
        description="A short guide to prompts that video models understand.",
    )(guide)
    return server


def guide(idea: Idea) -> str:
    """Say how to write a prompt about an *idea*."""
    return GUIDE.format(idea=idea)


def web_app(server: MCPServer[Any], host: str) -> ASGIApp:
    """Put a server behind HTTP; every request stands alone and bears its own key.

    At a loopback address only names of this machine are answered, so that no page in a browser
    can lead a name of its own here. Elsewhere a page must at least come from the same place.
    """
    elsewhere = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        host=host,
        transport_security=None if host in LOOPBACK else elsewhere,
    )
    return SameOrigin(app)


class SameOrigin:
    """Answers no page that comes from another place."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through that no page sent, or one of this place."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                await PlainTextResponse("pages of other places are not answered", 403)(
                    scope, receive, send
                )
                return
        await self._app(scope, receive, send)
