"""Keys: who may spend an account's money, on which models, and how much."""

from __future__ import annotations

import time
from pathlib import Path

import click

from kinetoscope.cli.accounts import describe_key
from kinetoscope.cli.homes import open_home
from kinetoscope.cli.options import an_amount, home_option, json_option
from kinetoscope.cli.show import moment, say, show_json, show_table
from kinetoscope.db import Conn, accounts
from kinetoscope.db.accounts import Account, Key
from kinetoscope.domain.money import Money
from kinetoscope.settings import Settings


@click.group()
def key() -> None:
    """Create, list and revoke the keys of accounts."""


@key.command()
@click.argument("account_name", metavar="ACCOUNT")
@click.option("--name", default="", help="What the key is for.")
@click.option(
    "--limit", type=an_amount, metavar="AMOUNT", help="The most dollars that it may spend, ever."
)
@click.option("--model", "models", multiple=True, help="A model that it may ask for; repeatable.")
@click.option("--operator", is_flag=True, help="It may also ask what engines charged, for all.")
@home_option
@json_option
def create(
    *,
    account_name: str,
    name: str,
    limit: Money | None,
    models: tuple[str, ...],
    operator: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Create a key of ACCOUNT and print its secret, this once."""

    def make(conn: Conn) -> tuple[Account, Key, str]:
        found = accounts.find(conn, account_name)
        made, secret = accounts.create_key(
            conn,
            found.id,
            int(time.time()),
            name=name,
            models=models or None,
            spend_limit=limit,
            role=accounts.OPERATOR if operator else None,
        )
        return found, made, secret

    with open_home(home) as books:
        _check_models(books.settings, models)
        found, made, secret = books.write(make)
    if as_json:
        show_json({**describe_key(made, found.name), "key": secret})
        return
    click.echo(secret)
    say(f"{made.id} of {found.name}; the secret is not kept and cannot be shown again")


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
            "none" if each.spend_limit is None else each.spend_limit,
            moment(each.revoked_at) or "in use",
        )
        for owner, each in found
    ]
    show_table(("id", "account", "secret", "name", "role", "models", "limit", "revoked"), rows)


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
