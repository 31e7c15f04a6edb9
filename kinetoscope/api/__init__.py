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
from kinetoscope.api.events import Events
from kinetoscope.api.files import Files
from kinetoscope.api.health import Health
from kinetoscope.api.key import OwnKey
from kinetoscope.api.misfits import Misfits
from kinetoscope.api.openapi import Reference
from kinetoscope.api.videos import Videos
from kinetoscope.api.webhooks import Webhooks
from kinetoscope.api.xai import Xai, XaiEndpoint
from kinetoscope.service import Gateway
from kinetoscope.service.stills import Stills

Row = tuple[str, str, Handler]  # a verb, a path and who answers

XAI = "/xai/"
FAMILIES = ("/v1/videos", "/v1/videos/generations", "/v1/video/generations")


def create_app(gateway: Gateway, public_url: str | None = None) -> ASGIApp:
    """Build the web application; *public_url* is what links to videos begin with."""
    table = _routes(gateway, public_url)
    routes = [
        Route(path, _endpoint(path, handler), methods=[verb]) for verb, path, handler in table
    ]
    # Fixed names first: what /v1/videos/edits takes is not what a video's own path takes.
    for path in sorted({path for _, path, _ in table}, key=lambda path: ("{" in path, path)):
        allowed = sorted({verb for verb, each, _ in table if each == path})
        routes.append(Route(path, _endpoint(path, WrongMethod(allowed)), methods=None))
    routes.append(Route(f"{XAI}{{rest:path}}", XaiEndpoint(_unknown), methods=None))
    return _Http(Router(routes, redirect_slashes=False, default=Endpoint(_unknown)))


def _endpoint(path: str, handler: Handler) -> Endpoint:
    return XaiEndpoint(handler) if path.startswith(XAI) else Endpoint(handler)


def _routes(gateway: Gateway, public_url: str | None) -> list[Row]:
    """List every route: the busy ones first, and of one verb fixed names before ``{id}``."""
    bodies = Bodies()
    videos, account = Videos(gateway, bodies, public_url), Accounts(gateway)
    misfits = Misfits(gateway, bodies)
    return [
        *_video_routes(gateway, videos, misfits),
        *_file_routes(Files(gateway)),
        *_account_routes(account, OwnKey(gateway)),
        *_webhook_routes(Webhooks(gateway, bodies)),
        ("POST", "/v1/images/generations", misfits.refuse),
        ("POST", "/v1/chat/completions", misfits.refuse),
        *_xai_routes(Xai(gateway, videos), videos, account),
        *_open_routes(Health(gateway), Reference(gateway)),
    ]


def _video_routes(gateway: Gateway, videos: Videos, misfits: Misfits) -> list[Row]:
    return [
        ("GET", "/v1/videos/{id}", videos.get),
        *[("POST", family, videos.create) for family in FAMILIES],
        ("POST", "/v1/videos/quote", videos.quote),
        ("POST", "/v1/videos/edits", videos.edit),
        ("POST", "/v1/videos/extensions", videos.extend),
        ("POST", "/v1/videos/characters", misfits.characters),
        ("GET", "/v1/videos/characters/{id}", misfits.characters),
        *[("GET", f"{family}/{{id}}", videos.get) for family in FAMILIES[1:]],
        ("GET", "/v1/videos/{id}/content", Content(gateway, Stills(gateway)).get),
        ("GET", "/v1/videos/{id}/events", Events(videos).follow),
        ("GET", "/v1/videos", videos.list),
        ("DELETE", "/v1/videos/{id}", videos.delete),
        ("POST", "/v1/videos/{id}/cancel", videos.cancel),
        ("POST", "/v1/videos/{id}/remix", videos.remix),
    ]


def _file_routes(files: Files) -> list[Row]:
    return [
        ("POST", "/v1/files", files.create),
        ("GET", "/v1/files", files.list),
        ("GET", "/v1/files/{id}", files.get),
        ("DELETE", "/v1/files/{id}", files.delete),
        ("GET", "/v1/files/{id}/content", files.content),
    ]


def _account_routes(account: Accounts, own: OwnKey) -> list[Row]:
    return [
        ("GET", "/v1/key", own.get),
        ("GET", "/v1/balance", account.balance),
        ("GET", "/v1/usage", account.usage),
        ("GET", "/v1/ledger", account.ledger),
        ("GET", "/v1/models", account.models),
        ("GET", "/v1/models/{id}", account.model),
        ("GET", "/v1/pricing", account.pricing),
    ]


def _xai_routes(xai: Xai, videos: Videos, account: Accounts) -> list[Row]:
    return [
        ("POST", "/xai/v1/videos/generations", xai.generate),
        ("POST", "/xai/v1/videos/edits", xai.edit),
        ("POST", "/xai/v1/videos/extensions", xai.extend),
        ("GET", "/xai/v1/videos/{id}", videos.get_as_xai),
        ("GET", "/xai/v1/video-generation-models", xai.models),
        ("GET", "/xai/v1/video-generation-models/{id}", xai.model),
        ("GET", "/xai/v1/models", account.models),
        ("GET", "/xai/v1/models/{id}", account.model),
    ]


def _open_routes(health: Health, reference: Reference) -> list[Row]:
    return [
        ("GET", "/healthz", health.lives),
        ("GET", "/readyz", health.ready),
        ("GET", "/openapi.json", reference.document),
        ("GET", "/docs", reference.page),
        ("GET", "/", reference.home),
    ]


def _webhook_routes(webhooks: Webhooks) -> list[Row]:
    every = "/v1/webhook_endpoints"
    one = f"{every}/{{id}}"
    return [
        ("POST", every, webhooks.create),
        ("GET", every, webhooks.list),
        ("GET", one, webhooks.get),
        ("POST", one, webhooks.update),
        ("DELETE", one, webhooks.delete),
        ("POST", f"{one}/rotate_secret", webhooks.rotate),
        ("POST", f"{one}/test", webhooks.test),
        ("GET", f"{one}/deliveries", webhooks.deliveries),
        ("POST", f"{one}/deliveries/{{event}}/resend", webhooks.resend),
        ("GET", "/v1/webhook_event_types", webhooks.event_types),
        ("GET", "/v1/webhook_secret", webhooks.secret),
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
