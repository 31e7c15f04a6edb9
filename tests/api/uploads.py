"""Uploads as clients send them."""

from __future__ import annotations

import io

import aiohttp

from tests.world import Actor, Answer, World


async def send(
    world: World,
    content: bytes,
    who: Actor | None = None,
    name: str = "fox.png",
    **fields: str,
) -> Answer:
    """Upload *content*, with *fields* beside it; ``__`` stands for brackets."""
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for field, value in fields.items():
        first, _, inner = field.partition("__")
        form.add_field(f"{first}[{inner}]" if inner else first, value)
    form.add_field("file", io.BytesIO(content), filename=name)
    return await world.ask("POST", "/v1/files", who, data=form)
