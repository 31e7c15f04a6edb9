"""What a newcomer sees first: three videos made, paid for and saved."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import av
import click

from kinetoscope.cli.homes import Books, guest_key, open_home, open_with_play_money
from kinetoscope.cli.hosting import local_service, log_to_file
from kinetoscope.cli.making import make, open_client
from kinetoscope.cli.options import program
from kinetoscope.cli.show import Bar, bill_rows, dollars
from kinetoscope.cli.signals import run_until_interrupted
from kinetoscope.client import AsyncClient, Options, Video
from kinetoscope.client.naming import fresh_path
from kinetoscope.db import Conn, accounts
from kinetoscope.db.accounts import Account
from kinetoscope.domain.money import Money
from kinetoscope.settings import PREFIX

_NAME = "demo"
_INDENT = "   "
_RULE = 60  # columns


@dataclass(frozen=True, slots=True)
class _Pace:
    """How long the videos are, in whole seconds, and how large."""

    text: int
    image: int
    extension: int
    size: str


_FULL = _Pace(text=6, image=4, extension=3, size="720p")
_QUICK = _Pace(text=2, image=1, extension=2, size="480p")


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("kinetoscope-demo"),
    show_default=True,
    help="Where the videos and the home of the service go.",
)
@click.option("--quick", is_flag=True, hidden=True, help="Make short and small videos.")
def demo(folder: Path, quick: bool) -> None:
    """Make three videos in a folder, and show what they cost.

    A service starts on a free port with a home of its own; nothing leaves this machine.
    """
    _forget_settings()
    home = folder / "home"
    with open_home(home) as books:
        log_to_file(home, books.settings)
        account = books.write(_open_account)
        with guest_key(books, account.id, "demo") as secret:
            run_until_interrupted(_show(books, folder, account, secret, _QUICK if quick else _FULL))
    click.echo("Go on with a service of your own:")
    click.echo(f"{_INDENT}{program()} init     # makes a home and prints a key")
    click.echo(f"{_INDENT}{program()} serve    # then read http://127.0.0.1:8787/docs")


async def _show(books: Books, folder: Path, account: Account, secret: str, pace: _Pace) -> None:
    async with (
        local_service(books.settings, folder / "home") as url,
        open_client(url, secret) as client,
    ):
        click.echo(f"Kinetoscope answers at {url}; its home is {folder / 'home'}.")
        click.echo(f"The account {account.name} has {dollars(account.available)} of play money.\n")
        show = _Show(client, folder)
        await _three_videos(show, pace)
        left = await client.balance()
    click.echo("─" * _RULE)
    spent = account.available - Money.parse(str(left.balance))
    click.echo(_across("spent on three videos", dollars(spent)))
    click.echo(_across(f"left on {account.name}", dollars(left.balance)) + "\n")


async def _three_videos(show: _Show, pace: _Pace) -> None:
    prompt = "a sailboat on a calm ocean at golden sunset"
    text = Options(duration=pace.text, size=pace.size)
    first, film = await show.make("A video from text", "sailboat", prompt, text)
    still = film.with_suffix(".png")
    _save_last_frame(film, still)
    prompt = "snow falls while the camera drifts closer"
    picture = Options(duration=pace.image, size=pace.size, image=still)
    await show.make(f"A video from an image, {still}", "snow", prompt, picture)
    prompt = "the sailboat drifts on in the last light"
    more = Options(duration=pace.extension, video=first)
    await show.make("The first video, extended", "last-light", prompt, more)


class _Show:
    """Makes one video after the other, as any client would, and tells how it goes."""

    def __init__(self, client: AsyncClient, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._number = 0

    async def make(
        self, title: str, name: str, prompt: str, options: Options
    ) -> tuple[Video, Path]:
        """Make a video, save it by its *name*, and show the file and the bill."""
        self._number += 1
        click.echo(f"{self._number}  {title}")
        click.echo(f"{_INDENT}“{prompt}”")
        began = time.monotonic()
        video = await make(self._client, prompt, options, Bar(_INDENT))
        seconds = time.monotonic() - began
        path = fresh_path(self._folder, name)
        await self._client.download(video, path)
        made = video.raw["metadata"]["output"]
        click.echo(
            f"{_INDENT}{path}: {made['width']}×{made['height']}, {made['seconds']:g} s,"
            f" {made['bytes'] / 1e6:.1f} MB, made in {seconds:.0f} s"
        )
        for what, amount in bill_rows(video.raw["metadata"]["billing"]):
            click.echo(_across(f"{_INDENT}{what}", amount))
        click.echo()
        return video, path


def _across(what: str, amount: str) -> str:
    return what + amount.rjust(_RULE - len(what))


def _open_account(conn: Conn) -> Account:
    """Open an account for this run, with play money: an earlier run had its own."""
    runs = len(accounts.list_all(conn))
    return open_with_play_money(conn, f"{_NAME}-{runs + 1}" if runs else _NAME)


def _save_last_frame(film: Path, still: Path) -> None:
    """Save the last frame of *film* as a PNG."""
    with av.open(film) as container:
        frames = deque(container.decode(video=0), maxlen=1)
    if not frames:
        message = f"{film} has no picture"
        raise click.ClickException(message)
    frames[0].to_image().save(still)  # type: ignore[no-untyped-call]


def _forget_settings() -> None:
    """Stand alone: what is set on this machine must not lead a demonstration to a real service."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
