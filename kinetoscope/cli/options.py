"""Options and arguments that several commands share."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from kinetoscope.domain.money import Money

_USUAL = "~/.kinetoscope"

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="KINETOSCOPE_HOME",
    default=lambda: Path(_USUAL).expanduser(),
    show_default=f"$KINETOSCOPE_HOME, or {_USUAL}",
    help="The folder of settings, database and videos.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


def program() -> str:
    """Write how a suggested command calls this program from here."""
    called = Path(sys.argv[0])
    if called.name != "kinetoscope":
        return f"{Path(sys.executable).name} -m kinetoscope.cli"
    try:
        return shlex.quote(str(called.resolve().relative_to(Path.cwd())))
    except ValueError:
        return "kinetoscope"


def at(home: Path) -> str:
    """Write the option that a suggested command needs to mean *home*; empty if it needs none."""
    usual = Path(os.environ.get("KINETOSCOPE_HOME") or Path(_USUAL).expanduser())
    return "" if home == usual else f" --home {shlex.quote(str(home))}"


def an_amount(text: str | Money) -> Money:
    """Read an amount of dollars above zero, or fail as a wrong argument does."""
    if isinstance(text, Money):
        return text
    try:
        read = Money.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not read:
        raise click.BadParameter("an amount of nothing changes nothing")
    return read
