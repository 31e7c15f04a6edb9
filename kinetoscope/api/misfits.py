"""Requests that came to the wrong route: a model that makes videos, asked for something else."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.body import Bodies
from kinetoscope.api.door import caller
from kinetoscope.domain.errors import InvalidOrder, NotOffered
from kinetoscope.service import Gateway


@dataclass(frozen=True, slots=True)
class Misfits:
    """The handler of routes that other services have."""

    gateway: Gateway
    bodies: Bodies

    async def refuse(self, request: Request) -> Response:
        """Say where the model is to be asked, or that there is no such model."""
        key = await caller(self.gateway, request)
        async with self.bodies.fields(request, key.account_id) as fields:
            name = fields.get("model", self.gateway.default_model)
            if not isinstance(name, str):
                raise InvalidOrder("model must be a string", "model")
            self.gateway.model(name)
            raise InvalidOrder(f"{name} makes videos; use /v1/videos", "model")

    async def characters(self, request: Request) -> Response:
        """Say that no characters are kept here."""
        await caller(self.gateway, request)
        raise NotOffered("characters are not kept here; send their pictures as reference_images")
