"""The API described for programs at ``/openapi.json``, and for people at ``/docs`` and ``/``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

import kinetoscope
from kinetoscope.api.reference import dialects
from kinetoscope.api.reference.events import events
from kinetoscope.api.reference.fields import asked, sources
from kinetoscope.api.reference.files import TAG, file_paths, file_samples, file_schemas
from kinetoscope.api.reference.guide import guide
from kinetoscope.api.reference.keys import key_example, key_paths, key_schemas
from kinetoscope.api.reference.page import style, write_home, write_page
from kinetoscope.api.reference.paths import Paths
from kinetoscope.api.reference.refusals import every_refusal
from kinetoscope.api.reference.samples import Samples
from kinetoscope.api.reference.schemas import answers, headers
from kinetoscope.api.reference.tags import ACCOUNT, TAGS, VIDEOS
from kinetoscope.api.reference.webhook_shapes import webhook_samples, webhook_schemas
from kinetoscope.api.reference.webhooks import WEBHOOKS, webhook_paths
from kinetoscope.api.show import to_json
from kinetoscope.service import GROK_NAMES, Gateway

Json = dict[str, Any]

_CACHE = "no-cache"  # asked for again each time, and sent again only if it changed


@dataclass(frozen=True, slots=True)
class Reference:
    """Answers the document and its pages; each is written when it is first asked for."""

    gateway: Gateway
    _written: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)

    async def document(self, request: Request) -> Response:
        """Answer the OpenAPI document."""
        return self._keep(request, "application/json", lambda: to_json(describe(self.gateway)))

    async def page(self, request: Request) -> Response:
        """Answer the reference for people, written from the same document."""
        return self._keep(request, "text/html", lambda: write_page(describe(self.gateway)).encode())

    async def home(self, request: Request) -> Response:
        """Answer what this is and where to go from here."""
        return self._keep(request, "text/html", lambda: write_home(describe(self.gateway)).encode())

    def _keep(self, request: Request, media_type: str, write: Callable[[], bytes]) -> Response:
        path = request.url.path
        if path not in self._written:
            self._written[path] = write()
        body = self._written[path]
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        more = {"etag": etag, "cache-control": _CACHE, "x-content-type-options": "nosniff"}
        if media_type == "text/html":
            more |= _guards()
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=more)
        return Response(body, headers=more, media_type=media_type)


def describe(gateway: Gateway) -> Json:
    """Write the OpenAPI document of a gateway, with its own models and prices."""
    chosen = sorted({*gateway.models, *gateway.aliases})
    names = [*chosen, *(name for name in GROK_NAMES if name not in chosen)]
    bodies = asked(gateway.default_model, names)
    samples = Samples(gateway)
    tags = TAGS | dialects.TAGS | TAG | WEBHOOKS
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Kinetoscope",
            "version": kinetoscope.__version__,
            "summary": "Videos from text, images and other videos, paid from a balance.",
            "description": guide(gateway.models),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This service."}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "security": [{"key": []}],
        "paths": {
            **Paths(samples, bodies).every(),
            **events(samples, VIDEOS),
            **file_paths(),
            **webhook_paths(),
            **key_paths(ACCOUNT),
            **dialects.dialect_paths(samples.model),
        },
        "components": {
            "schemas": {
                **bodies,
                **sources(),
                **answers(),
                **file_schemas(),
                **webhook_schemas(),
                **key_schemas(),
                **dialects.dialect_schemas(names),
            },
            "headers": headers(),
            "examples": _examples(gateway, samples),
            "securitySchemes": _security(),
        },
    }


def _examples(gateway: Gateway, samples: Samples) -> Json:
    answered = {**samples.answers(), **webhook_samples()}
    return {
        **{name: {"summary": text, "value": value} for name, (text, value) in answered.items()},
        **{each.code: {"summary": each.code, "value": each.example} for each in every_refusal()},
        **dialects.dialect_examples(gateway, samples),
        **file_samples(),
        **key_example(),
    }


def _security() -> Json:
    return {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "sk-…",
            "description": "An API key. It sees the tasks of its own account; that of an operator"
            " also sees what engines charged for those of all.",
        },
        "link": {
            "type": "apiKey",
            "in": "query",
            "name": "signature",
            "description": "A part of a signed link, which goes with `expires`.",
        },
    }


def _guards() -> dict[str, str]:
    """Let the page load nothing at all, and stand in nobody's frame."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {"content-security-policy": "; ".join(policy), "referrer-policy": "no-referrer"}
