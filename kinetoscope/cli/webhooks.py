"""Webhooks as the operator sees them: everybody's, and which of them hear nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kinetoscope.cli.homes import open_home
from kinetoscope.cli.options import home_option, json_option
from kinetoscope.cli.show import moment, show_json, show_table
from kinetoscope.db import webhooks
from kinetoscope.db.webhooks import Endpoint

_OWN = "(webhook_url of tasks)"


@click.group()
def webhook() -> None:
    """Show who is told of the end of tasks, and who does not hear."""


@webhook.command("list")
@click.option("--failing", is_flag=True, help="Only those that hear nothing, or were disabled.")
@home_option
@json_option
def list_(*, failing: bool, home: Path, as_json: bool) -> None:
    """List the endpoints of all accounts, and how many events wait for each."""
    with open_home(home) as books:
        found = books.read(lambda conn: webhooks.list_all(conn, failing=failing))
    if as_json:
        show_json([_describe(*each) for each in found])
        return
    rows = [
        (each.id, account, each.url or _OWN, _state(each), waiting)
        for account, each, waiting in found
    ]
    show_table(("id", "account", "url", "state", "waiting"), rows)


def _state(endpoint: Endpoint) -> str:
    if not endpoint.active:
        return f"disabled: {endpoint.disabled}" if endpoint.disabled else "inactive"
    since = moment(endpoint.failing_since)
    return f"failing since {since}" if since else "well"


def _describe(account: str, endpoint: Endpoint, waiting: int) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "account": account,
        "name": endpoint.name,
        "url": endpoint.url or None,
        "active": endpoint.active,
        "disabled": endpoint.disabled,
        "failing_since": endpoint.failing_since,
        "waiting": waiting,
    }
