"""Limits of keys on the command line: set, changed, lifted and shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Said

Command = Callable[..., Said]

LIMITS = (
    *("--per-minute", "60", "--running", "5", "--per-day", "20", "--per-month", "300"),
    *("--network", "203.0.113.0/24", "--network", "2001:db8::1", "--limit", "900"),
)


def test_what_a_key_may_do_is_said_and_shown(command: Command) -> None:
    command("init")

    made = command("key", "create", "default", *LIMITS, "--expires", "90d", "--json").json

    wanted: dict[str, Any] = {
        "per_minute": 60,
        "running": 5,
        "per_day": "20.00",
        "per_month": "300.00",
        "limit": "900.00",
        "networks": ["203.0.113.0/24", "2001:db8::1/128"],
    }
    assert made.items() >= wanted.items()
    assert abs(made["expires_at"] - time.time() - 90 * 86400) < 3600
    shown = command("key", "list").out
    assert "$900.00 in all; $300.00 a month; $20.00 a day; 60 requests a minute; 5 ru" in shown
    assert "from 203.0.113.0/24, 2001:db8::1/128; until " in shown


def test_a_change_leaves_what_it_does_not_name(command: Command) -> None:
    command("init")
    made = command("key", "create", "default", *LIMITS, "--json").json

    said = command("key", "change", made["id"], "--per-day", "7", "--lift", "network", "--json")

    assert said.json == {
        **{name: each for name, each in made.items() if name != "key"},
        "per_day": "7.00",
        "networks": None,
    }
    words = command("key", "change", made["id"], "--lift", "limit", "--lift", "per-month").out
    assert words.endswith("default: $7.00 a day; 60 requests a minute; 5 running\n")


@pytest.mark.parametrize(
    "arguments,message",
    [
        ((), "name what is to change"),
        (("--per-day", "3", "--lift", "per-day"), "contradict each other"),
        (("--per-day", "0"), "an amount of nothing"),
        (("--per-minute", "0"), "not in the range"),
        (("--network", "10.0.0.1/8"), "has host bits set"),
        (("--network", "here"), "write a network such as"),
        (("--expires", "2020-01-01"), "is over already"),
        (("--expires", "soon"), "write 2027-01-31"),
        (("--expires", "99999999d"), "write 2027-01-31"),
        (("--model", "gork"), "there is: grok-imagine"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    command: Command, arguments: tuple[str, ...], message: str
) -> None:
    said = command("key", "change", _first_key(command), *arguments)

    assert said.status == 2
    assert message in said.err


def test_a_key_that_is_not_there_cannot_be_changed(command: Command) -> None:
    command("init")

    said = command("key", "change", "key_none", "--running", "1")

    assert (said.status, "kinetoscope key list" in said.err) == (1, True)


def test_a_test_key_is_made_in_a_sandbox_that_is_not_in_the_way(command: Command) -> None:
    command("init")

    made = command("key", "create", "default", "--test", "--json").json

    assert made["key"].startswith("sk-test-")
    assert (made["role"], made["account"]) == ("test", "default (test)")
    assert [each["name"] for each in command("account", "list", "--json").json] == ["default"]
    listed = command("account", "list", "--test", "--json").json
    assert [each["sandbox_of"] for each in listed] == [None, listed[0]["id"]]
    refused = command("deposit", "default (test)", "5")
    assert (refused.status, "it takes no money" in refused.err) == (1, True)
    both = command("key", "create", "default", "--test", "--operator")
    assert (both.status, "do not go together" in both.err) == (2, True)
    assert command("audit").status == 0


def _first_key(command: Command) -> str:
    command("init")
    first: str = command("key", "list", "--json").json[0]["id"]
    return first
