"""The door for xAI's own SDK beside a world, and the SDK's clients as its users make them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import grpc
import xai_sdk

from kinetoscope.api.rpc import Place, RpcDoor, build_door
from tests.films import picture
from tests.patience import PATIENCE
from tests.world import Actor, World

T = TypeVar("T")

MODEL = "grok-imagine-video"
SOON: dict[str, Any] = {
    "interval": timedelta(milliseconds=20),
    "timeout": timedelta(seconds=PATIENCE),
}
PLAIN = Place("127.0.0.1", 0)


@asynccontextmanager
async def rpc_of(world: World, place: Place = PLAIN) -> AsyncIterator[RpcDoor]:
    """Open the door of *world* for a while."""
    door = build_door(world.gateway, place, world.url)
    await door.open()
    try:
        yield door
    finally:
        await door.close(PATIENCE)


def client(who: Actor, address: str, **said: str) -> Any:
    """Make the SDK's client, as *who*; *said* goes with every call, as metadata."""
    more = tuple((name.replace("_", "-"), value) for name, value in said.items())
    return xai_sdk.AsyncClient(
        api_key=who.secret,
        api_host=address,
        use_insecure_channel=True,
        metadata=more,
        channel_options=[("grpc.use_local_subchannel_pool", 1)],
    )


async def threaded(who: Actor, address: str, work: Callable[[Any], T]) -> T:
    """Do *work* in a thread with the SDK's client that blocks."""

    def run() -> T:
        blocking = xai_sdk.Client(api_key=who.secret, api_host=address, use_insecure_channel=True)
        try:
            return work(blocking)
        finally:
            blocking.close()

    return await asyncio.to_thread(run)


async def refusal(call: Any) -> tuple[str, str]:
    """Tell the status and the words that a call was refused with."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return error.code().name, error.details() or ""
    raise AssertionError(f"it was answered: {answer}")


def data(body: bytes, media_type: str = "image/png") -> str:
    """Write bytes as an address."""
    return f"data:{media_type};base64,{base64.b64encode(body).decode()}"


PICTURES = [data(picture(width=64, height=48)), data(picture(width=48, height=64))]
