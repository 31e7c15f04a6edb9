"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.door import answer
from kinetoscope.assets import StoreUnavailable
from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.engines import SANDBOX, Engine
from kinetoscope.service import Gateway

_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Health:
    """The handlers."""

    gateway: Gateway

    async def lives(self, request: Request) -> Response:
        """Answer at all."""
        del request
        return answer({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Answer whether the database, the storage and at least one engine answer."""
        del request
        engines = self.gateway.engines()
        engines.pop(SANDBOX, None)  # it makes nothing that anybody pays for
        names = ["database", "storage", *(f"engine {name}" for name in engines)]
        asked = [self._database(), self._storage(), *map(_engine, engines.values())]
        found = dict(zip(names, await asyncio.gather(*asked), strict=True))
        answering = [found[f"engine {name}"] == "ok" for name in engines]
        good = found["database"] == found["storage"] == "ok" and any(answering)
        if not self.gateway.bell.accepting:
            good, found["service"] = False, "shutting down"
        body = {"status": "ok" if good else "unavailable", "checks": found}
        return answer(body, 200 if good else 503)

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(_SECONDS):
                await self.gateway.db.read(lambda conn: conn.execute(text("SELECT 1")).all())
        except TimeoutError:
            return "did not answer in time"
        except SQLAlchemyError:
            return "does not answer"
        return "ok"

    async def _storage(self) -> str:
        try:
            await self.gateway.store.ready()
        except StoreUnavailable as error:
            return str(error)
        return "ok"


async def _engine(engine: Engine) -> str:
    try:
        async with asyncio.timeout(_SECONDS):
            await engine.ready()
    except TimeoutError:
        return "did not answer in time"
    except EngineUnavailable as error:
        return str(error)
    return "ok"
