"""One video, from the command line to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click

from kinetoscope.cli.homes import (
    FIRST_ACCOUNT,
    Books,
    guest_key,
    open_first_account,
    open_home,
)
from kinetoscope.cli.hosting import local_service, log_to_file
from kinetoscope.cli.making import make, open_client
from kinetoscope.cli.options import home_option, json_option
from kinetoscope.cli.show import Bar, bill_lines, dollars, say, show_json
from kinetoscope.cli.signals import run_until_interrupted
from kinetoscope.client import Options, Source, Video
from kinetoscope.client.naming import fresh_path
from kinetoscope.domain.order import ASPECT_RATIOS, AUTO, MOST_SEED, Operation

_WEB = ("http://", "https://")
_ADDRESSES = (*_WEB, "data:")
_TASK = "task_"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be made, where it goes, and how its maker is told."""

    prompt: str
    options: Options
    path: Path
    as_json: bool


@click.command()
@click.argument("prompt")
@click.option("--image", "images", multiple=True, metavar="FILE|URL", help="Repeat for several.")
@click.option("--video", metavar="FILE|URL|TASK", help="A video to edit or to extend.")
@click.option("--duration", type=int, help="Seconds to make.")
@click.option("--size", help="480p, 720p, or pixels such as 1280x720.")
@click.option("--aspect-ratio", type=click.Choice([*ASPECT_RATIOS, AUTO]))
@click.option("--operation", type=click.Choice([each.value for each in Operation]))
@click.option("--seed", type=click.IntRange(0, MOST_SEED), help="The same again, where it can be.")
@click.option("--silent", is_flag=True, help="Make it without sound.")
@click.option("--model", help="The model to ask; the service has a default.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Default: named after the prompt."
)
@click.option("--force", is_flag=True, help="Overwrite the output if it is there.")
@home_option
@json_option
def generate(
    *,
    prompt: str,
    images: tuple[str, ...],
    video: str | None,
    output: Path | None,
    silent: bool,
    force: bool,
    home: Path,
    as_json: bool,
    **plain: str | int | None,
) -> None:
    """Make one video of PROMPT and save it; Ctrl-C cancels it.

    The service at KINETOSCOPE_URL is asked with KINETOSCOPE_KEY. Without them, the one that serves
    the home is asked, or one runs for the occasion and logs to kinetoscope.log in the home.
    """
    options = Options(
        **cast(Options, plain),
        images=tuple(_source("--image", each) for each in images),
        video=None if video is None else _source("--video", video),
        generate_audio=False if silent else None,
    )
    wish = _Wish(prompt, options, _target(output, prompt, force=force), as_json)
    url, key = os.environ.get("KINETOSCOPE_URL"), os.environ.get("KINETOSCOPE_KEY")
    if not url:
        _make_at_home(home, key, wish)
        return
    if not url.startswith(_WEB):
        raise click.UsageError(f"KINETOSCOPE_URL must begin with http:// or https://: {url}")
    if not key:
        raise click.UsageError("KINETOSCOPE_URL is set and KINETOSCOPE_KEY is not; set both")
    run_until_interrupted(_make_at(url, key, wish))


def _make_at_home(home: Path, key: str | None, wish: _Wish) -> None:
    with open_home(home) as books:
        log_to_file(home, books.settings)
        if key:
            run_until_interrupted(_make_here(books, home, key, wish))
            return
        account, is_new = books.write(open_first_account)
        if is_new:
            money = dollars(account.available)
            say(f"opened the account {FIRST_ACCOUNT} in {home} with {money} of play money")
        with guest_key(books, account.id, "generate") as secret:
            run_until_interrupted(_make_here(books, home, secret, wish))


async def _make_here(books: Books, home: Path, key: str, wish: _Wish) -> None:
    async with local_service(books.settings, home) as url:
        await _make_at(url, key, wish)


async def _make_at(url: str, key: str, wish: _Wish) -> None:
    async with open_client(url, key) as client:
        video = await make(client, wish.prompt, wish.options, Bar(), _tell_price)
        await client.download(video, wish.path)
    if wish.as_json:
        show_json({**video.raw, "path": str(wish.path)})
        return
    click.echo(wish.path)
    more = video.raw["metadata"]
    if notes := more.get("engine_notes"):
        say(f"  {more['engine']}: {', '.join(notes)}")
    for line in bill_lines(more["billing"]):
        say(f"  {line}")


def _tell_price(video: Video) -> None:
    price = dollars(video.price)
    say(f"{video.operation}, {video.seconds} s, {video.size}: up to {price}")
    if video.ignored:
        say(f"ignored: {', '.join(video.ignored)}")


def _source(option: str, text: str) -> Source:
    """Tell a file from an address and from an earlier video; a file must be there."""
    if text.startswith((*_ADDRESSES, _TASK)):
        return text
    path = Path(text)
    if not path.is_file():
        raise click.BadParameter(f"there is no file {text}", param_hint=option)
    return path


def _target(output: Path | None, prompt: str, *, force: bool) -> Path:
    """Choose the file before anything is paid for; what is there stays, unless by *force*."""
    if output is None:
        return fresh_path(Path(), prompt)
    if output.is_dir():
        return fresh_path(output, prompt)
    if not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="--output")
    if output.exists() and not force:
        raise click.ClickException(f"{output} is there already; --force overwrites it")
    return output
