"""The processes that are measured: the bare floor, and the service as it is."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from benchmarks.actor import Actor
from kinetoscope.app import (
    listening,
    open_gateway,
    running,
    spare_the_collector,
    web_config,
)
from kinetoscope.service import Model
from kinetoscope.settings import Settings, load


async def _bare(request: Request) -> Response:
    del request
    return Response(b'{"status":"ok"}', media_type="application/json")


async def floor() -> None:
    """Serve one route that does nothing."""
    app = Router([Route("/", _bare)])
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    with listening("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


async def service(home: Path, *, run: bool) -> None:
    """Serve the whole service, with an engine that is never done; *run* says if it is asked."""
    settings: Settings = load(home)
    async with open_gateway(settings, home) as built:
        models = {
            name: Model(name, (Actor(),), model.rates) for name, model in built.models.items()
        }
        gateway = replace(built, models=models)
        server = uvicorn.Server(web_config(gateway, settings))
        spare_the_collector()
        with listening("127.0.0.1", 0) as listener:
            print(listener.getsockname()[1], flush=True)
            if not run:
                await server.serve(sockets=[listener])
                return
            async with running(gateway, settings):
                await server.serve(sockets=[listener])


def main() -> None:
    """Run the server that the command line names, in the loop that serve uses."""
    logging.basicConfig(level=logging.WARNING)
    kind, *rest = sys.argv[1:]
    work = floor() if kind == "floor" else service(Path(rest[0]), run=kind == "running")
    config = uvicorn.Config("", loop="auto", log_config=None)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
