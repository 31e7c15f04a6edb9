"""The door for programs: OpenAI's Videos API over HTTP, and what a prepaid account needs beside."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from kinetoscope.api.account import Accounts
from kinetoscope.api.body import Bodies
from kinetoscope.api.content import Content
from kinetoscope.api.door import Endpoint, Handler, show_error
from kinetoscope.api.health import Health
from kinetoscope.api.key import OwnKey
from kinetoscope.api.misfits import Misfits
from kinetoscope.api.openapi import Reference
from kinetoscope.api.videos import Videos
from kinetoscope.service import Gateway

FAMILIES = ("/v1/videos", "/v1/videos/generations", "/v1/video/generations")


def create_app(gateway: Gateway, public_url: str | None = None) -> ASGIApp:
    """Build the web application; *public_url* is what links to videos begin with."""
    table = _routes(gateway, public_url)
    routes = [Route(path, Endpoint(handler), methods=[verb]) for verb, path, handler in table]
    for path in dict.fromkeys(path for _, path, _ in table):
        allowed = sorted({verb for verb, each, _ in table if each == path})
        routes.append(Route(path, Endpoint(WrongMethod(allowed)), methods=None))
    return _Http(Router(routes, redirect_slashes=False, default=Endpoint(_unknown)))


def _routes(gateway: Gateway, public_url: str | None) -> list[tuple[str, str, Handler]]:
    """List every route: the busy ones first, and of one verb fixed names before ``{id}``."""
    bodies = Bodies()
    videos, content = Videos(gateway, bodies, public_url), Content(gateway)
    account, health = Accounts(gateway), Health(gateway)
    reference, misfits = Reference(gateway), Misfits(gateway, bodies)
    return [
        ("GET", "/v1/videos/{id}", videos.get),
        *[("POST", family, videos.create) for family in FAMILIES],
        ("POST", "/v1/videos/quote", videos.quote),
        ("POST", "/v1/videos/edits", videos.edit),
        ("POST", "/v1/videos/extensions", videos.extend),
        *[("GET", f"{family}/{{id}}", videos.get) for family in FAMILIES[1:]],
        ("GET", "/v1/videos/{id}/content", content.get),
        ("GET", "/v1/videos", videos.list),
        ("DELETE", "/v1/videos/{id}", videos.delete),
        ("POST", "/v1/videos/{id}/cancel", videos.cancel),
        ("POST", "/v1/videos/{id}/remix", videos.remix),
        ("GET", "/v1/key", OwnKey(gateway).get),
        ("GET", "/v1/balance", account.balance),
        ("GET", "/v1/usage", account.usage),
        ("GET", "/v1/ledger", account.ledger),
        ("GET", "/v1/models", account.models),
        ("GET", "/v1/pricing", account.pricing),
        ("POST", "/v1/images/generations", misfits.refuse),
        ("POST", "/v1/chat/completions", misfits.refuse),
        ("GET", "/healthz", health.lives),
        ("GET", "/readyz", health.ready),
        ("GET", "/openapi.json", reference.document),
        ("GET", "/docs", reference.page),
        ("GET", "/", reference.home),
    ]


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """Answers whatever a path is not for."""

    allowed: list[str]

    async def __call__(self, request: Request) -> Response:
        """Say which methods the path takes."""
        verbs = ", ".join(self.allowed)
        message = f"{request.scope['path'][:200]} takes {verbs}, not {request.method}"
        return show_error(405, message, "method_not_allowed", None, {"allow": verbs})


async def _unknown(request: Request) -> Response:
    message = f"there is no {request.scope['path'][:200]}; /docs lists what there is"
    return show_error(404, message, "unknown_route")


@dataclass(frozen=True, slots=True)
class _Http:
    """Lets only HTTP through: nothing here speaks over a websocket."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
