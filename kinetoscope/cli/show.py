"""What people and programs read: JSON, tables, bills and a bar that grows."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import click

from kinetoscope.domain.money import Money

_BAR_CELLS = 32
_QUARTER = 25  # percent between two lines where nothing can be drawn in place
_ITEMS = {"input_image": "image", "input_second": "second of input"}
_OUTPUT = "output_second_"


def show_json(value: object) -> None:
    """Write *value* to standard output as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say(message: str) -> None:
    """Tell a person something, on standard error."""
    click.echo(message, err=True)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows below their headings, aligned; amounts of money to the right."""
    found = [[_cell(each) for each in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *found, strict=True)]
    for row in [list(headings), *found]:
        cells = [
            cell.rjust(width) if cell.lstrip("-").startswith("$") else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def show_facts(facts: Mapping[str, object]) -> None:
    """Write names and what they are, one a line; what is not known is left out."""
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    width = max(map(len, known), default=0)
    for name, value in known.items():
        click.echo(f"{name.ljust(width)}  {_cell(value)}")


def dollars(amount: Money | Decimal | str) -> str:
    """Write an amount, or the decimal of one, as people do: ``-$0.42``."""
    text = str(amount)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def moment(seconds: int | None) -> str:
    """Write a Unix time as the local day and time."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def instant(seconds: int) -> str:
    """Write a Unix time as the day and time that strangers far away read as well: in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def bill_rows(billing: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what the bill of a video counts and comes to: its lines, then what was charged.

    All amounts have as many decimals, so that they stand in a column.
    """
    rows = [
        (
            f"{line['quantity']} × {_item_name(line['item'])} at {dollars(line['unit_price'])}",
            dollars(line["amount"]),
        )
        for line in billing["lines"]
    ]
    rows.append(("charged", dollars(billing["charged"])))
    most = max(_decimals(amount) for _, amount in rows)
    return [(what, amount + "0" * (most - _decimals(amount))) for what, amount in rows]


def bill_lines(billing: Mapping[str, Any]) -> list[str]:
    """Write the bill of a video, aligned."""
    rows = bill_rows(billing)
    left, right = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"{what.ljust(left)}  {amount.rjust(right)}" for what, amount in rows]


def _item_name(item: str) -> str:
    """Say in words what a line of a bill counts."""
    if item.startswith(_OUTPUT):
        return f"second of {item.removeprefix(_OUTPUT)}"
    return _ITEMS.get(item, item)


class Bar:
    """Shows how far a video is: drawn in place on a terminal, else a line for each quarter."""

    def __init__(self, indent: str = "") -> None:
        self._indent = indent
        self._live = sys.stderr.isatty()
        self._drawn = False
        self._told = 0
        self._began = time.monotonic()

    def show(self, progress: int, status: str) -> None:
        """Show *progress*, in percent, and what is being done."""
        if self._live:
            self._draw(progress, status)
        elif progress // _QUARTER > self._told:
            self._told = progress // _QUARTER
            say(f"{self._indent}{progress:3} %")

    def close(self) -> None:
        """Leave the line on which the bar was drawn."""
        if self._drawn:
            self._drawn = False
            say("")

    def _draw(self, progress: int, status: str) -> None:
        room = shutil.get_terminal_size().columns - len(self._indent) - len(status) - 16
        cells = max(4, min(_BAR_CELLS, room))
        full = cells * progress // 100
        bar = click.style("━" * full, fg="green") + click.style("━" * (cells - full), dim=True)
        seconds = time.monotonic() - self._began
        line = f"\r{self._indent}{bar} {progress:3} %  {seconds:3.0f} s  {status}\x1b[K"
        click.echo(line, nl=False, err=True)
        self._drawn = True


def _decimals(amount: str) -> int:
    return len(amount.partition(".")[2])


def _cell(value: object) -> str:
    """Write one value; what strangers wrote must not steer the terminal."""
    if isinstance(value, Money):
        return dollars(value)
    return "".join(letter if letter.isprintable() else " " for letter in str(value))
