"""Tasks as the operator sees them: everybody's."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import click

from kinetoscope.app import open_gateway
from kinetoscope.cli.accounts import describe_account, describe_entry
from kinetoscope.cli.homes import load_settings, open_home
from kinetoscope.cli.options import home_option, json_option
from kinetoscope.cli.show import (
    bill_lines,
    dollars,
    moment,
    say,
    show_facts,
    show_json,
    show_table,
)
from kinetoscope.cli.upstream import Seen, asking_facts, cost_facts, describe_upstream, show_lost
from kinetoscope.db import Conn, accounts, costs, ledger, tasks
from kinetoscope.db.accounts import Account
from kinetoscope.db.ledger import Entry
from kinetoscope.db.tasks import Filter
from kinetoscope.domain.money import ZERO
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.service.advance import cancel as cancel_task
from kinetoscope.settings import Settings

_PROMPT_CHARACTERS = 40
_LOST = "lost"
_STATES = {
    **{each.value: Filter(statuses=(each,)) for each in Status},
    _LOST: Filter(failures=(Failure.LOST,), deleted_too=True),  # it may be on our bill
}


@click.group()
def task() -> None:
    """List, show and cancel tasks, whoever they belong to."""


@task.command("list")
@click.option(
    "--state",
    type=click.Choice(list(_STATES)),
    help="Only these; of lost ones all that is needed to look them up where they were asked for.",
)
@click.option("--account", "account_name", help="Only those of one account.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)
@home_option
@json_option
def list_(
    state: str | None, account_name: str | None, limit: int, home: Path, as_json: bool
) -> None:
    """List tasks, newest first."""

    def look(conn: Conn) -> list[Seen]:
        account_id = accounts.find(conn, account_name).id if account_name else None
        wanted = _STATES[state] if state else Filter()
        return _see(conn, tasks.list_tasks(conn, account_id, wanted, limit=limit + 1))

    with open_home(home) as books:
        found = books.read(look)
    page = found[:limit]
    if as_json:
        show_json([_describe(each) for each in page])
    elif state == _LOST:
        show_lost(page)
    else:
        _show_rows(page)
    if len(found) > limit:
        say(f"there are more than these {limit}: --limit")


@task.command()
@click.argument("task_id", metavar="TASK")
@home_option
@json_option
def show(task_id: str, home: Path, as_json: bool) -> None:
    """Show all that is known of TASK."""
    with open_home(home) as books:
        [seen] = books.read(lambda conn: _see(conn, [tasks.find(conn, task_id)]))
    if as_json:
        show_json(_describe(seen))
        return
    found = seen.task
    show_facts(
        {
            "id": found.id,
            "account": seen.owner,
            "key": found.key_id,
            "model": f"{found.model}, made by {found.engine}",
            "operation": found.operation,
            "prompt": found.prompt,
            "seconds": found.seconds,
            "size": found.size,
            "state": _how_it_stands(found),
            "attempts": found.attempt,
            "accepted": moment(found.created_at),
            **asking_facts(found),
            "ended": moment(found.ended_at),
            "error": found.error_message,
            "held": found.held,
            **cost_facts(seen),
            "result": _result(found),
        }
    )
    if found.billing:
        click.echo()
        for line in bill_lines(json.loads(found.billing)):
            click.echo(line)


@task.command()
@click.argument("task_id", metavar="TASK")
@home_option
@json_option
def cancel(task_id: str, home: Path, as_json: bool) -> None:
    """Cancel TASK and release what was held for it; whoever draws it stops."""
    settings = load_settings(home)
    with open_home(home):  # says at once, and in a sentence, if the books cannot be opened
        ended, owner = asyncio.run(_cancel(settings, home, task_id))
    if as_json:
        show_json(_describe(Seen(ended, owner.name)))
        return
    click.echo(f"{ended.id} is cancelled; {dollars(ended.held)} went back to {owner.name}")


@click.command()
@click.argument("task_id", metavar="TASK")
@click.option("--reason", default="refunded by the operator", help="What the journal says.")
@home_option
@json_option
def refund(task_id: str, reason: str, home: Path, as_json: bool) -> None:
    """Give back all that TASK was charged, once."""

    def give_back(conn: Conn) -> tuple[Entry, Account]:
        found = tasks.find(conn, task_id)
        entry = ledger.refund(conn, found.id, int(time.time()), note=reason)
        return entry, accounts.get(conn, found.account_id)

    with open_home(home) as books:
        entry, owner = books.write(give_back)
    if as_json:
        show_json({**describe_entry(entry), "account": describe_account(owner)})
        return
    click.echo(
        f"{dollars(entry.amount)} went back to {owner.name},"
        f" who has {dollars(owner.available)} available"
    )


async def _cancel(settings: Settings, home: Path, task_id: str) -> tuple[Task, Account]:
    async with open_gateway(settings, home) as gateway:
        ended = await cancel_task(gateway, task_id, None)
        owner = await gateway.db.read(lambda conn: accounts.get(conn, ended.account_id))
    return ended, owner


def _see(conn: Conn, found: list[Task]) -> list[Seen]:
    """Learn of tasks whose they are and what was given back."""
    names = {each.id: each.name for each in accounts.list_all(conn)}
    back = costs.refunded(conn, [each.id for each in found])
    return [Seen(each, names[each.account_id], back.get(each.id, ZERO)) for each in found]


def _show_rows(found: list[Seen]) -> None:
    rows = [
        (
            each.task.id,
            each.owner,
            _how_it_stands(each.task),
            each.task.operation,
            each.task.held if each.task.charged is None else each.task.charged,
            moment(each.task.created_at),
            _shorten(each.task.prompt),
        )
        for each in found
    ]
    show_table(("id", "account", "state", "operation", "price", "accepted", "prompt"), rows)


def _describe(seen: Seen) -> dict[str, Any]:
    found = seen.task
    return {
        "id": found.id,
        "account": seen.owner,
        "key_id": found.key_id,
        "model": found.model,
        "engine": found.engine,
        "operation": found.operation.value,
        "prompt": found.prompt,
        "seconds": found.seconds,
        "size": found.size,
        "status": found.status.value,
        "progress": found.progress,
        "attempt": found.attempt,
        "created_at": found.created_at,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "expires_at": found.expires_at,
        "held": str(found.held),
        "charged": None if found.charged is None else str(found.charged),
        "billing": found.billing and json.loads(found.billing),
        "output": found.output and json.loads(found.output),
        "error": found.error_code and {"code": found.error_code, "message": found.error_message},
        "deleted": found.deleted,
        **describe_upstream(seen),
    }


def _how_it_stands(found: Task) -> str:
    if found.status is Status.IN_PROGRESS:
        return f"{found.status} {found.progress} %"
    return f"{found.status}: {found.error_code}" if found.error_code else found.status


def _result(found: Task) -> str:
    if not found.output:
        return ""
    output = json.loads(found.output)
    gone = ", not kept any more" if found.dropped else ""
    return f"{output['width']}×{output['height']}, {output['seconds']:g} s{gone}"


def _shorten(prompt: str) -> str:
    short = prompt[:_PROMPT_CHARACTERS]
    return short if short == prompt else f"{short[:-1]}…"
