"""Accounts, keys, deposits and the audit."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Programs, Said, run_here

Command = Callable[..., Said]


def test_an_account_is_opened_paid_into_and_shown(command: Command) -> None:
    assert command("account", "open", "alice").status == 0
    paid = command("deposit", "alice", "5.5", "--note", "thank you")
    shown = command("account", "show", "alice", "--json").json

    assert paid.out == "alice has $5.50 available\n"
    assert shown["available"] == "5.50"
    assert [entry["note"] for entry in shown["entries"]] == ["thank you"]


def test_an_account_is_opened_once(command: Command) -> None:
    command("account", "open", "alice")

    again = command("account", "open", "alice")

    assert again.status == 1
    assert again.err == "kinetoscope: there is an account named 'alice' already\n"


def test_a_deposit_with_a_reference_is_added_once(command: Command) -> None:
    command("account", "open", "alice")
    first = command("deposit", "alice", "5", "--reference", "invoice-7", "--json")

    again = command("deposit", "alice", "5", "--reference", "invoice-7")

    assert first.json["account"]["balance"] == "5.00"
    assert again.status == 1
    assert command("account", "show", "alice", "--json").json["balance"] == "5.00"


def test_nothing_is_added_to_an_account_that_is_not_there(command: Command) -> None:
    said = command("deposit", "nobody", "5")

    assert said.status == 1
    assert "kinetoscope account list" in said.err


def test_a_key_is_created_listed_and_revoked(command: Command) -> None:
    command("account", "open", "alice")
    made = command(
        "key", "create", "alice", "--name", "shop", "--limit", "2.50",
        "--model", "grok-imagine", "--json",
    ).json  # fmt: skip
    listed = command("key", "list", "alice", "--json").json
    revoked = command("key", "revoke", made["id"], "--json").json

    assert made["key"].startswith(made["hint"])
    assert [(each["id"], each["limit"], each["models"]) for each in listed] == [
        (made["id"], "2.50", ["grok-imagine"])
    ]
    assert "key" not in listed[0]
    assert revoked["revoked_at"] is not None


def test_the_secret_of_a_key_is_all_that_is_on_standard_output(command: Command) -> None:
    command("account", "open", "alice")

    said = command("key", "create", "alice")

    assert said.out.startswith("sk-")
    assert len(said.out.split()) == 1
    assert "cannot be shown again" in said.err


def test_a_key_for_a_model_that_is_not_there_is_refused(command: Command) -> None:
    command("account", "open", "alice")

    said = command("key", "create", "alice", "--model", "gork")

    assert said.status == 2
    assert "there is: grok-imagine" in said.err


def test_the_key_of_an_operator_is_told_from_others(command: Command) -> None:
    command("init")
    made = command("key", "create", "default", "--operator", "--name", "books", "--json").json

    listed = command("key", "list", "--json").json
    shown = command("key", "list").out.splitlines()

    assert made["role"] == "operator"
    assert {each["name"]: each["role"] for each in listed} == {"first": None, "books": "operator"}
    assert ["operator" in line for line in shown] == [False, False, True]
    assert command("key", "revoke", made["id"], "--json").json["role"] == "operator"


def test_keys_and_accounts_are_listed_for_people_too(command: Command) -> None:
    command("init")

    keys, accounts = command("key", "list").out, command("account", "list").out

    assert keys.splitlines()[0].split() == [
        "id", "account", "secret", "name", "role", "models", "limits", "revoked",
    ]  # fmt: skip
    assert "in use" in keys
    assert "$10.00" in accounts


def test_the_audit_passes_on_books_that_add_up(command: Command) -> None:
    command("init")

    said = command("audit")

    assert said.status == 0
    assert said.out.endswith("the books add up\n")


def test_the_audit_fails_loudly_on_books_that_do_not(command: Command, home: Path) -> None:
    """C38"""
    command("init")
    with closing(sqlite3.connect(home / "kinetoscope.db")) as books:
        books.execute("UPDATE accounts SET balance = balance + 1")
        books.commit()

    said, shown = command("audit"), command("audit", "--json")

    assert said.status == shown.status == 1
    assert "default: balance is 10.000001" in said.err
    assert len(shown.json["faults"]) == 1


def test_what_is_suggested_next_can_be_copied_as_it_stands(programs: Programs) -> None:
    """The home is named, since it is not the usual one, and a name with blanks is quoted."""
    opened = programs.here("account", "open", "Ann & Co")

    words = shlex.split(opened.err.splitlines()[0])
    suggested = words[words.index("deposit") : -1]
    paid = run_here(*suggested, "5")

    assert "--home" in suggested
    assert paid.out == "Ann & Co has $5.00 available\n"
