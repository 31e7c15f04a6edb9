"""Keys: who may spend an account's money, on what, how much and how fast."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from kinetoscope.cli.accounts import describe_key
from kinetoscope.cli.homes import open_home
from kinetoscope.cli.limits import NAMES, changed, limits_options, show_limits, take_limits
from kinetoscope.cli.options import home_option, json_option
from kinetoscope.cli.show import moment, say, show_json, show_table
from kinetoscope.db import Conn, accounts
from kinetoscope.db.accounts import Account, Key
from kinetoscope.settings import Settings


@click.group()
def key() -> None:
    """Create, change, list and revoke the keys of accounts."""


@key.command()
@click.argument("account_name", metavar="ACCOUNT")
@click.option("--name", default="", help="What the key is for.")
@limits_options
@click.option("--operator", is_flag=True, help="It may also ask what engines charged, for all.")
@click.option("--test", is_flag=True, help="It makes films for nothing, in a sandbox of ACCOUNT.")
@home_option
@json_option
def create(
    *,
    account_name: str,
    name: str,
    operator: bool,
    test: bool,
    home: Path,
    as_json: bool,
    **chosen: Any,  # noqa: ANN401 - options of every kind
) -> None:
    """Create a key of ACCOUNT and print its secret, this once.

    A test key makes free films with a mark, at once. Words in the prompt force what happens:
    [fail], [moderated], [timeout], [slow], [broke] and others.
    """
    limits = take_limits(chosen)
    if operator and test:
        raise click.UsageError("--operator and --test do not go together")

    def make(conn: Conn) -> tuple[Account, Key, str]:
        found, now = accounts.find(conn, account_name), int(time.time())
        if test:
            found = accounts.sandbox(conn, found, now)
        made, secret = accounts.create_key(
            conn,
            found.id,
            now,
            name=name,
            models=limits.models or None,
            spend_limit=limits.limit,
            role=accounts.OPERATOR if operator else accounts.TEST if test else None,
            bounds=limits.bounds,
        )
        return found, made, secret

    with open_home(home) as books:
        _check_models(books.settings, limits.models)
        found, made, secret = books.write(make)
    if as_json:
        show_json({**describe_key(made, found.name), "key": secret})
        return
    click.echo(secret)
    say(f"{made.id} of {found.name}; the secret is not kept and cannot be shown again")


@key.command()
@click.argument("key_id", metavar="KEY_ID")
@limits_options
@click.option("--lift", multiple=True, type=click.Choice(NAMES), help="A limit to take away.")
@home_option
@json_option
def change(
    *,
    key_id: str,
    lift: tuple[str, ...],
    home: Path,
    as_json: bool,
    **chosen: Any,  # noqa: ANN401 - options of every kind
) -> None:
    """Change what a key may do; what is not named stays as it is.

    What the key has made and spent so far counts towards the new limits.
    """
    limits = take_limits(chosen)
    if not lift and not any(getattr(limits, name) for name in limits.__dataclass_fields__):
        raise click.UsageError("name what is to change, such as --per-day 5 or --lift network")

    def write(conn: Conn) -> tuple[Key, Account]:
        after = changed(accounts.find_key(conn, key_id), limits, lift)
        found = accounts.change_key(
            conn,
            key_id,
            models=after.models or None,
            spend_limit=after.limit,
            bounds=after.bounds,
        )
        return found, accounts.get(conn, found.account_id)

    with open_home(home) as books:
        _check_models(books.settings, limits.models)
        found, owner = books.write(write)
    if as_json:
        show_json(describe_key(found, owner.name))
        return
    click.echo(f"{found.id} of {owner.name}: {show_limits(found)}")


@key.command("list")
@click.argument("account_name", metavar="[ACCOUNT]", required=False)
@home_option
@json_option
def list_(account_name: str | None, home: Path, as_json: bool) -> None:
    """List the keys of ACCOUNT, or of all accounts."""

    def look(conn: Conn) -> list[tuple[Account, Key]]:
        named = [accounts.find(conn, account_name)] if account_name else accounts.list_all(conn)
        return [(each, key) for each in named for key in accounts.list_keys(conn, each.id)]

    with open_home(home) as books:
        found = books.read(look)
    if as_json:
        show_json([describe_key(each, owner.name) for owner, each in found])
        return
    rows = [
        (
            each.id,
            owner.name,
            f"{each.hint}…",
            each.name,
            each.role or "",
            ", ".join(each.models) if each.models is not None else "all",
            show_limits(each),
            moment(each.revoked_at) or "in use",
        )
        for owner, each in found
    ]
    show_table(("id", "account", "secret", "name", "role", "models", "limits", "revoked"), rows)


@key.command()
@click.argument("key_id", metavar="KEY_ID")
@home_option
@json_option
def revoke(key_id: str, home: Path, as_json: bool) -> None:
    """Revoke a key from this instant on; what it made stays."""

    def change(conn: Conn) -> tuple[Key, Account]:
        revoked = accounts.revoke_key(conn, key_id, int(time.time()))
        return revoked, accounts.get(conn, revoked.account_id)

    with open_home(home) as books:
        revoked, owner = books.write(change)
    if as_json:
        show_json(describe_key(revoked, owner.name))
        return
    click.echo(f"{revoked.id} of {owner.name} is revoked")


def _check_models(settings: Settings, models: tuple[str, ...]) -> None:
    known = {alias for model in settings.models.values() for alias in model.aliases}
    known |= set(settings.models)
    if unknown := [name for name in models if name not in known]:
        message = f"there is no model {', '.join(unknown)}; there is: {', '.join(sorted(known))}"
        raise click.BadParameter(message, param_hint="--model")
