"""Fixtures of the tests around xAI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kinetoscope.engines.xai import Xai
from tests.engines.xai.stand import engine_at
from tests.engines.xai_server import XaiServer, xai_server


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the films that xAI makes are kept from one test to the next."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture
async def xai(films: Path) -> AsyncIterator[XaiServer]:
    """An xAI on loopback."""
    async with xai_server(films) as server:
        yield server


@pytest.fixture
async def engine(xai: XaiServer) -> AsyncIterator[Xai]:
    """Our engine, which asks it."""
    async with engine_at(xai) as engine:
        yield engine
