"""The door for programs that were written for xAI's video API: its routes, shapes and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

import kinetoscope
from kinetoscope.api.account import named_models
from kinetoscope.api.body import Fields
from kinetoscope.api.door import Endpoint, answer, caller
from kinetoscope.api.headers import header
from kinetoscope.api.show import to_json
from kinetoscope.api.videos import Videos
from kinetoscope.api.xai_words import read_xai_order
from kinetoscope.db.ids import as_uuid
from kinetoscope.domain.order import LIMITS, Operation, Order
from kinetoscope.service import GROK_NAMES, Gateway, Model, may_ask

_FAMILIES: Mapping[int, str] = {
    400: "invalid-argument",
    401: "unauthenticated",
    402: "resource-exhausted",
    403: "permission-denied",
    404: "not-found",
    405: "unimplemented",
    409: "failed-precondition",
    410: "not-found",
    413: "invalid-argument",
    415: "invalid-argument",
    429: "resource-exhausted",
    501: "unimplemented",
    503: "unavailable",
}
_PLAIN = frozenset(("invalid_request", "not_found", "internal_error", "service_unavailable"))
_OURS = frozenset(("content-length", "content-type"))


@dataclass(frozen=True, slots=True)
class Xai:
    """The handlers; an order that comes in here is one like any other."""

    gateway: Gateway
    videos: Videos

    async def generate(self, request: Request) -> Response:
        """Accept a video from text, an image or references."""
        return await self._accept(request, None)

    async def edit(self, request: Request) -> Response:
        """Accept an edit of a video."""
        return await self._accept(request, Operation.EDIT)

    async def extend(self, request: Request) -> Response:
        """Accept an extension of a video."""
        return await self._accept(request, Operation.EXTEND)

    async def models(self, request: Request) -> Response:
        """Answer what the caller may ask for, as xAI lists its own."""
        key = await caller(self.gateway, request)
        shown = []
        for model in self.gateway.models.values():
            may = [each for each in _names(self.gateway, model) if may_ask(key, each, model)]
            shown += [show_xai_model(self.gateway, may[0], model)] if may else []
        return answer({"models": shown})

    async def model(self, request: Request) -> Response:
        """Answer one model, by any of its names."""
        key = await caller(self.gateway, request)
        name = request.path_params["id"]
        model = self.gateway.allowed_model(key, name)
        return answer(show_xai_model(self.gateway, name, model))

    async def _accept(self, request: Request, forced: Operation | None) -> Response:
        read = partial(self._read, forced=forced)
        task, pace = await self.videos.accept(request, read)
        ignored = msgspec.json.decode(task.ignored)
        told = {"request_id": as_uuid(task.id), **({"ignored": ignored} if ignored else {})}
        return answer(told, headers=pace)

    def _read(self, fields: Fields, forced: Operation | None) -> Order:
        return read_xai_order(fields, self.gateway.default_model, forced)


class XaiEndpoint(Endpoint):
    """An endpoint whose errors have xAI's shape."""

    __slots__ = ()

    async def _answer(self, request: Request, request_id: str) -> Response:
        response = await super()._answer(request, request_id)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        return in_xai_words(response, had_key=header(request, b"authorization") is not None)


def in_xai_words(error: Response, *, had_key: bool) -> Response:
    """Say an *error* of ours as xAI would: ``{"code": "invalid-argument", "error": "…"}``."""
    said = msgspec.json.decode(error.body)["error"]
    code = xai_code(error.status_code, said["code"], had_key=had_key)
    kept = {name: value for name, value in error.headers.items() if name not in _OURS}
    body = to_json({"code": code, "error": said["message"]})
    return Response(body, error.status_code, kept, media_type="application/json")


def xai_code(status: int, code: str, *, had_key: bool) -> str:
    """Write the *code* of an error of ours as xAI does: the kind, and behind a colon which."""
    if status == HTTPStatus.UNAUTHORIZED:
        code = "bad_credentials" if had_key else "no_credentials"
    family = _FAMILIES.get(status, "internal")
    return family if code in _PLAIN else f"{family}:{code.replace('_', '-')}"


def show_xai_model(gateway: Gateway, name: str, model: Model) -> Mapping[str, Any]:
    """Show a model as xAI lists its own, under the *name* it is asked for by."""
    limits = [LIMITS[operation] for operation in model.makes]
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "kinetoscope",
        "version": kinetoscope.__version__,
        "fingerprint": f"fp_{model.name}",
        "aliases": [each for each in _names(gateway, model) if each != name],
        "input_modalities": [
            "text",
            *(["image"] if any(each.images[1] for each in limits) else []),
            *(["video"] if any(each.video for each in limits) else []),
        ],
        "output_modalities": ["video"],
    }


def _names(gateway: Gateway, model: Model) -> list[str]:
    """List all names of a model, its own first."""
    chosen = named_models(gateway)
    names = [name for name, found in chosen.items() if found.name == model.name]
    if model.name == gateway.default_model:
        names += [name for name in GROK_NAMES if name not in chosen]
    return names
