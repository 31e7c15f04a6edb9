"""Accounts: open them, put money on them, and see that the books add up."""

from __future__ import annotations

import secrets
import shlex
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kinetoscope.api.costs import show_costs
from kinetoscope.cli.costs import a_day, days, show_costs_table
from kinetoscope.cli.homes import open_home
from kinetoscope.cli.options import an_amount, at, home_option, json_option, program
from kinetoscope.cli.show import dollars, moment, say, show_facts, show_json, show_table
from kinetoscope.db import Conn, accounts, costs, ledger, reports
from kinetoscope.db.accounts import Account, Key
from kinetoscope.db.costs import Costs
from kinetoscope.db.ledger import Entry
from kinetoscope.db.reports import Audit
from kinetoscope.domain.money import Money

_ENTRIES = 20
_LONGEST_NAME = 100


@click.group()
def account() -> None:
    """Open, list and show accounts."""


@account.command("open")
@click.argument("name")
@home_option
@json_option
def open_(name: str, home: Path, as_json: bool) -> None:
    """Open an account called NAME, with nothing on it."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        message = f"a name has 1 to {_LONGEST_NAME} printable characters"
        raise click.BadParameter(message, param_hint="NAME")
    with open_home(home) as books:
        opened = books.write(lambda conn: accounts.open_account(conn, name, int(time.time())))
    if as_json:
        show_json(describe_account(opened))
        return
    click.echo(f"opened {opened.name} ({opened.id})")
    named = shlex.quote(name) if not name.startswith("-") else f"-- {shlex.quote(name)}"
    say(f"next: {program()} deposit{at(home)} {named} AMOUNT")
    say(f"and:  {program()} key create{at(home)} {named}")


@account.command("list")
@click.option("--test", is_flag=True, help="Also list the sandboxes that test keys work in.")
@home_option
@json_option
def list_(test: bool, home: Path, as_json: bool) -> None:
    """List all accounts that pay, oldest first."""
    with open_home(home) as books:
        found = books.read(lambda conn: accounts.list_all(conn, sandboxes=test))
    if as_json:
        show_json([describe_account(each) for each in found])
        return
    show_table(
        ("name", "balance", "held", "available", "opened"),
        [
            (each.name, each.balance, each.held, each.available, moment(each.created_at))
            for each in found
        ],
    )


@account.command()
@click.argument("name")
@home_option
@json_option
def show(name: str, home: Path, as_json: bool) -> None:
    """Show the account NAME: its money, its keys and its latest entries."""

    def look(conn: Conn) -> tuple[Account, list[Key], list[Entry]]:
        found = accounts.find(conn, name)
        latest = ledger.statement(conn, found.id, after=None, limit=_ENTRIES)
        return found, accounts.list_keys(conn, found.id), latest

    with open_home(home) as books:
        found, keys, entries = books.read(look)
    if as_json:
        shown = describe_account(found)
        shown["keys"] = [describe_key(key, found.name) for key in keys]
        shown["entries"] = [describe_entry(entry) for entry in entries]
        show_json(shown)
        return
    good = sum(key.revoked_at is None for key in keys)
    show_facts(
        {
            "name": found.name,
            "id": found.id,
            "opened": moment(found.created_at),
            "balance": found.balance,
            "held": found.held,
            "available": found.available,
            "sandbox of": found.live_id,
            "keys": f"{good} in use, {len(keys) - good} revoked",
        }
    )
    if entries:
        click.echo()
        rows = [
            (moment(each.created_at), each.amount, each.kind, each.task_id or each.note)
            for each in entries
        ]
        show_table(("time", "amount", "kind", "for"), rows)


@click.command()
@click.argument("account_name", metavar="ACCOUNT")
@click.argument("amount", type=an_amount)
@click.option("--note", default="", help="What the journal says about it.")
@click.option(
    "--reference", default=None, help="A name for this deposit; the same one is never added twice."
)
@home_option
@json_option
def deposit(
    *,
    account_name: str,
    amount: Money,
    note: str,
    reference: str | None,
    home: Path,
    as_json: bool,
) -> None:
    """Add AMOUNT dollars to ACCOUNT."""
    name = reference or f"cli-{secrets.token_hex(8)}"

    def add(conn: Conn) -> tuple[Entry, Account]:
        found = accounts.find(conn, account_name)
        now = int(time.time())
        entry = ledger.deposit(conn, found.id, amount, now, reference=name, note=note)
        return entry, accounts.get(conn, found.id)

    with open_home(home) as books:
        entry, found = books.write(add)
    if as_json:
        show_json({**describe_entry(entry), "account": describe_account(found)})
        return
    click.echo(f"{found.name} has {dollars(found.available)} available")


@click.command()
@click.option("--upstream", is_flag=True, help="Show what engines charged, and what differs.")
@click.option(
    "--since", type=a_day, metavar="DAY", help="The first day (UTC); by default 30 count."
)
@click.option("--until", type=a_day, metavar="DAY", help="The last day (UTC); by default today.")
@home_option
@json_option
def audit(
    *, upstream: bool, since: datetime | None, until: datetime | None, home: Path, as_json: bool
) -> None:
    """Add up every balance and every hold again; exit with 1 if the books do not agree.

    What an engine charged and its card does not say is shown, and is no fault of the books.
    """
    if not upstream and (since or until):
        raise click.UsageError("--since and --until go with --upstream")
    first, end = days(since, until)

    def look(conn: Conn) -> tuple[Audit, Costs | None]:
        return reports.audit(conn), costs.add_up(conn, first, end) if upstream else None

    with open_home(home) as books:
        found, charged = books.read(look)
    if as_json:
        show_json(asdict(found) | ({"upstream": show_costs(charged)} if charged else {}))
    else:
        _show_audit(found, charged)
    if found.faults:
        message = f"the books do not add up: {len(found.faults)} faults"
        raise click.ClickException(message)


def _show_audit(found: Audit, charged: Costs | None) -> None:
    for fault in found.faults:
        say(fault)
    if not found.faults:
        click.echo(
            f"accounts {found.accounts}, entries {found.entries}, holds {found.holds},"
            f" tasks {found.tasks}: the books add up"
        )
    if charged is not None:
        show_costs_table(charged)


def describe_account(found: Account) -> dict[str, Any]:
    """Say in JSON what an account is."""
    return {
        "id": found.id,
        "name": found.name,
        "currency": "USD",
        "balance": str(found.balance),
        "held": str(found.held),
        "available": str(found.available),
        "created_at": found.created_at,
        "sandbox_of": found.live_id,
    }


def describe_key(key: Key, account_name: str) -> dict[str, Any]:
    """Say in JSON what a key is; its secret is not known any more."""
    bounds = key.bounds
    return {
        "id": key.id,
        "account": account_name,
        "hint": key.hint,
        "name": key.name,
        "role": key.role,
        "models": key.models,
        "limit": None if key.spend_limit is None else str(key.spend_limit),
        "committed": str(key.committed),
        "per_minute": bounds.per_minute,
        "running": bounds.running,
        "per_day": None if bounds.per_day is None else str(bounds.per_day),
        "per_month": None if bounds.per_month is None else str(bounds.per_month),
        "networks": bounds.networks,
        "expires_at": bounds.expires_at,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Say in JSON what a line of the journal says."""
    return {
        "id": str(entry.number),
        "kind": entry.kind,
        "amount": str(entry.amount),
        "reference": entry.reference,
        "task_id": entry.task_id,
        "created_at": entry.created_at,
        "note": entry.note,
    }
