"""The audit that looks upstream: what engines charged is shown, and is no fault of the books."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kinetoscope.api.costs import MOST_DIFFERENCES
from kinetoscope.cli.homes import open_home
from kinetoscope.db import Conn, accounts
from tests.cli.conftest import Said
from tests.db.books import NOW, a_task, accept, begin, complete, fail, usd

Command = Callable[..., Said]

CENT = 10**8  # ticks
DAY = "2023-11-14"  # of NOW


def charge(home: Path, *costs: int | None, now: int = NOW, card: int = 30 * CENT) -> list[str]:
    """Let an engine bill videos of the first account, for which it pays $0.01 each."""

    def write(conn: Conn) -> list[str]:
        account = accounts.find(conn, "default")
        made = []
        for cost in costs:
            task = accept(conn, a_task(account.id, usd("0.01"))._replace(engine="xai:main"))
            begun = begin(conn, task.id, '{"host": "api.x.ai"}')
            complete(conn, begun, usd("0.01"), now, cost=cost, card=card)
            made.append(task.id)
        return made

    with open_home(home) as books:
        return books.write(write)


def test_the_audit_shows_what_engines_charged_and_what_is_left(
    command: Command, home: Path
) -> None:
    command("init")
    charge(home, 30 * CENT, 30 * CENT + 1, None)

    said = command("audit", "--upstream", "--since", DAY, "--until", DAY)

    lines = said.out.splitlines()
    assert (said.status, said.err) == (0, "")
    assert lines[0].endswith("the books add up")
    assert lines[1] == f"what engines charged, {DAY} to {DAY} (UTC)"
    sums = ["3", "3", "$0.03", "$0.00", "$0.6000000001", "-$0.5700000001", "1", "1"]
    assert lines[4].split() == [DAY, "text_to_video", "xai:main", *sums]
    assert lines[5].split() == ["in", "all", *sums]


def test_a_difference_is_news_and_no_fault(command: Command, home: Path) -> None:
    command("init")
    _, dear = charge(home, 30 * CENT, 30 * CENT + 1)

    said = command("audit", "--upstream", "--since", DAY, "--until", DAY)

    assert said.status == 0
    assert "1 task cost other than the card says\n" in said.out
    assert "came without a cost" not in said.out
    assert said.out.splitlines()[-1].split() == [
        dear, "default", DAY, "22:13:20", "UTC", "text_to_video", "xai:main", "completed",
        "$0.01", "$0.3000000001", "$0.30", "$0.0000000001",
    ]  # fmt: skip


def test_what_an_upstream_did_not_say_is_said(command: Command, home: Path) -> None:
    command("init")
    charge(home, None, None)

    out = command("audit", "--upstream", "--since", DAY, "--until", DAY).out

    assert "2 videos came without a cost, so the margin is too high\n" in out
    assert out.endswith("no tasks cost other than the card says\n")


def test_programs_get_every_difference(command: Command, home: Path) -> None:
    """The API bounds its answer; here nothing is left out."""
    command("init")
    made = charge(home, *range(MOST_DIFFERENCES + 1))

    shown = command("audit", "--upstream", "--since", DAY, "--until", DAY, "--json").json

    found = shown["upstream"]
    assert shown["faults"] == []
    assert (found["object"], found["from"], found["to"]) == ("usage", DAY, DAY)
    assert [each["id"] for each in found["differences"]["data"]] == made[::-1]
    assert found["differences"]["has_more"] is False
    assert found["totals"]["differing"] == MOST_DIFFERENCES + 1


def test_only_the_days_that_are_asked_for_count(command: Command, home: Path) -> None:
    command("init")
    charge(home, 1, 2)
    charge(home, 5, now=int(time.time()))

    usual = command("audit", "--upstream", "--json").json["upstream"]
    before = command("audit", "--upstream", "--until", "2023-11-13", "--json").json["upstream"]
    until = command("audit", "--upstream", "--until", DAY, "--json").json["upstream"]

    assert [each["totals"]["cost"] for each in (usual, before, until)] == [
        "0.0000000005",
        "0.00",
        "0.0000000003",
    ]
    assert (before["from"], before["to"]) == ("2023-10-15", "2023-11-13")


def test_what_cost_us_and_was_not_delivered_is_listed(command: Command, home: Path) -> None:
    command("init")

    def write(conn: Conn) -> None:
        account = accounts.find(conn, "default")
        begun = begin(conn, accept(conn, a_task(account.id, usd("0.3"))).id)
        fail(conn, begun, cost=30 * CENT, card=30 * CENT)

    with open_home(home) as books:
        books.write(write)

    said = command("audit", "--upstream", "--since", DAY, "--until", DAY)

    assert said.out.splitlines()[-1].split()[-5:] == ["failed", "$0.00", "$0.30", "$0.00", "$0.30"]


def test_an_audit_that_does_not_look_upstream_is_what_it_was(command: Command, home: Path) -> None:
    command("init")
    charge(home, 1)

    assert command("audit").out.count("\n") == 1
    assert command("audit", "--json").json.keys() == {
        "accounts",
        "entries",
        "holds",
        "tasks",
        "faults",
    }


def test_books_that_do_not_add_up_fail_whatever_engines_charged(
    command: Command, home: Path
) -> None:
    command("init")
    charge(home, 30 * CENT)
    with closing(sqlite3.connect(home / "kinetoscope.db")) as books:
        books.execute("UPDATE accounts SET balance = balance + 1")
        books.commit()

    said = command("audit", "--upstream", "--since", DAY, "--until", DAY)
    shown = command("audit", "--upstream", "--json")

    assert said.status == shown.status == 1
    assert "balance is" in said.err
    assert "the books add up" not in said.out
    assert "what engines charged" in said.out
    assert len(shown.json["faults"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", DAY),
        ("--until", DAY),
        ("--upstream", "--since", "yesterday"),
        ("--upstream", "--since", "2023-11-15", "--until", DAY),
        ("--upstream", "--since", "9999-12-31"),
    ],
)
def test_days_that_make_no_sense_are_a_wrong_use(
    command: Command, arguments: tuple[str, ...]
) -> None:
    command("init")

    said = command("audit", *arguments)

    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("Usage: kinetoscope audit")
