"""Tools for an agent: on this machine over stdin and stdout, or for several over HTTP."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from kinetoscope.cli.occasion import Occasion
from kinetoscope.cli.options import home_option
from kinetoscope.cli.show import say
from kinetoscope.client import ClientError

_WEB = ("http://", "https://")
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KILLED = 128  # what the shell adds to the number of a signal
_DRAIN_SECONDS = 5
_MOST_PORT = 65535


@click.command()
@click.option("--url", envvar="KINETOSCOPE_URL", help="The service to ask; also KINETOSCOPE_URL.")
@click.option("--key", envvar="KINETOSCOPE_KEY", help="The key to ask with; also KINETOSCOPE_KEY.")
@click.option(
    "--http", "place", metavar="HOST:PORT", help="Answer there, each caller with a key of its own."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    help="Where an agent may read inputs and save videos; by default the current folder.",
)
@home_option
def mcp(*, url: str | None, key: str | None, place: str | None, folder: Path, home: Path) -> None:
    """Give an agent tools that make videos, over the Model Context Protocol.

    Without --url, the service that serves the home is asked, or one runs for the occasion.
    """
    if find_spec("mcp") is None:
        message = "agents need the extra mcp: pip install 'kinetoscope[mcp]'"
        raise click.ClickException(message)
    if url and not url.startswith(_WEB):
        message = f"--url must begin with http:// or https://: {url}"
        raise click.UsageError(message)
    if url and not key and not place:
        message = "a service at an address is asked with a key: --key, or KINETOSCOPE_KEY"
        raise click.UsageError(message)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    service = Occasion(home, url, "" if place else key)  # over HTTP, everybody has one
    if place:
        host, port = _host_and_port(place)
        try:
            asyncio.run(_answer(service, host, port))
        except ClientError as error:
            raise click.ClickException(str(error)) from error
    else:
        asyncio.run(_talk(service, folder.resolve()))


async def _talk(service: Occasion, folder: Path) -> None:
    """Answer on stdin and stdout until stdin ends; nothing else is written there."""
    from kinetoscope.agents.desks import OwnDesk  # noqa: PLC0415 - of an extra
    from kinetoscope.agents.folder import Folder  # noqa: PLC0415 - of an extra
    from kinetoscope.agents.server import build  # noqa: PLC0415 - of an extra

    def leave(number: int) -> None:
        # Whoever reads stdin in a thread cannot be stopped; all else is tidied up first.
        service.close()
        os._exit(_KILLED + number)

    loop = asyncio.get_running_loop()
    for number in _ENDINGS:
        loop.add_signal_handler(number, leave, number)
    desk = OwnDesk(service.find, Folder(folder))
    try:
        await build(desk).run_stdio_async()
    finally:
        await desk.close()
        service.close()


async def _answer(service: Occasion, host: str, port: int) -> None:
    """Answer over HTTP until told to stop."""
    import uvicorn  # noqa: PLC0415 - only for this

    from kinetoscope.agents.desks import SharedDesk  # noqa: PLC0415 - of an extra
    from kinetoscope.agents.server import PATH, build, web_app  # noqa: PLC0415 - of an extra
    from kinetoscope.app import listening  # noqa: PLC0415 - only for this
    from kinetoscope.cli.hosting import address_of, answering  # noqa: PLC0415 - only for this
    from kinetoscope.cli.signals import told_to_stop  # noqa: PLC0415 - only for this

    stop = asyncio.create_task(told_to_stop())
    url, _ = await service.find()
    desk = SharedDesk(url)
    config = uvicorn.Config(
        web_app(build(desk), host),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    try:
        with listening(host, port) as listener:
            async with answering(config, listener) as server:
                say(f"tools for agents at {address_of(listener)}{PATH}; they ask {url}")
                await asyncio.wait({stop, server}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await desk.close()
        service.close()


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > _MOST_PORT:
        message = f"write an address and a port, such as 127.0.0.1:8788, not {text}"
        raise click.BadParameter(message, param_hint="--http")
    return host, int(port)
