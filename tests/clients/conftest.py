"""Fixtures for programs that were written for somebody else's service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kinetoscope.api.rpc import RpcDoor
from tests.clients.rpc import client, rpc_of
from tests.world import World


@pytest.fixture
async def rpc(world: World) -> AsyncIterator[RpcDoor]:
    """The door for xAI's own SDK."""
    async with rpc_of(world) as door:
        yield door


@pytest.fixture
async def sdk(world: World, rpc: RpcDoor) -> AsyncIterator[object]:
    """The SDK's client that does not block, as alice."""
    async with client(world.alice, rpc.address) as made:
        yield made
