"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from kinetoscope.domain.money import Money

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="KINETOSCOPE_HOME",
    default=lambda: Path("~/.kinetoscope").expanduser(),
    show_default="$KINETOSCOPE_HOME, or ~/.kinetoscope",
    help="The folder of settings, database and videos.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


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
