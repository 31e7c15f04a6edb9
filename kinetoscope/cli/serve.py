"""The processes that stay: the service, and a worker beside it."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvloop

from kinetoscope.app import (
    allow_many_connections,
    build_rpc,
    configure_logging,
    listening,
    open_gateway,
    running,
    spare_the_collector,
)
from kinetoscope.cli.homes import load_settings, open_home
from kinetoscope.cli.hosting import address_of, announced, serving
from kinetoscope.cli.options import home_option, json_option
from kinetoscope.cli.show import say, show_json
from kinetoscope.cli.signals import told_to_stop
from kinetoscope.db import accounts
from kinetoscope.service import Gateway
from kinetoscope.settings import FILE, Settings, SettingsError

if TYPE_CHECKING:  # importing it loads gRPC
    from kinetoscope.api.rpc import RpcDoor


@click.command()
@click.option("--host", help="The address to listen at, instead of the one in the settings.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="The port, instead; 0 takes a free one."
)
@home_option
@json_option
def serve(host: str | None, port: int | None, home: Path, as_json: bool) -> None:
    """Answer requests and make videos until told to stop, then finish what is half done."""
    chosen = {"host": host, "port": port}
    settings = load_settings(home).model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )
    configure_logging(settings)
    allow_many_connections()
    _greet(home)
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(listening(settings.host, settings.port))
        except OSError as error:
            place = f"{settings.host}:{settings.port}"
            message = f"cannot listen at {place}: {error.strerror}; choose another with --port"
            raise click.ClickException(message) from error
        uvloop.run(_serve(settings, home, listener, as_json=as_json))


@click.command()
@home_option
def worker(home: Path) -> None:
    """Make the videos of a home, without answering requests, until told to stop."""
    settings = load_settings(home)
    configure_logging(settings)
    _greet(home)
    uvloop.run(_work(settings, home))


def _greet(home: Path) -> None:
    """Open the books once, so that what is wrong is said in a sentence."""
    with open_home(home) as books:
        if not books.read(accounts.list_all):
            say("nobody has an account here yet: run `kinetoscope init` with the same home")


async def _serve(settings: Settings, home: Path, listener: socket.socket, *, as_json: bool) -> None:
    url = address_of(listener)
    stop = asyncio.create_task(told_to_stop())
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(open_gateway(settings, home))
        rpc = _rpc(gateway, settings, url)
        if settings.run_tasks:
            await stack.enter_async_context(running(gateway, settings))
        answering = await stack.enter_async_context(serving(gateway, settings, listener, rpc))
        stack.enter_context(announced(home, url))
        spare_the_collector()
        if as_json:
            more = {"grpc": rpc.address} if rpc else {}
            show_json({"url": url, "pid": os.getpid(), "home": str(home), **more})
        else:
            click.echo(f"Kinetoscope answers at {url} (read {url}/docs; stop with Ctrl-C)")
            if rpc:
                click.echo(f"and xAI's own SDK with api_host={rpc.address!r}")
        await asyncio.wait({stop, answering}, return_when=asyncio.FIRST_COMPLETED)
        if stop.done():
            say("stopping …")


def _rpc(gateway: Gateway, settings: Settings, url: str) -> RpcDoor | None:
    try:
        return build_rpc(gateway, settings, url)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error}; choose another grpc.port in {FILE}") from error


async def _work(settings: Settings, home: Path) -> None:
    stop = asyncio.create_task(told_to_stop())
    async with open_gateway(settings, home) as gateway, running(gateway, settings):
        say(f"process {os.getpid()} makes the videos of {home}; stop with Ctrl-C")
        await stop
        say("stopping …")
