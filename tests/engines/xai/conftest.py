"""Fixtures of the tests around xAI."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kinetoscope.engines.xai import Xai
from tests.engines.xai.stand import engine_at
from tests.engines.xai_server import XaiServer


@pytest.fixture
async def engine(xai: XaiServer) -> AsyncIterator[Xai]:
    """Our engine, which asks it."""
    async with engine_at(xai) as engine:
        yield engine
