"""The operator sees whose endpoints hear nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kinetoscope.cli.homes import open_home
from kinetoscope.db import Conn, accounts, deliveries, webhooks
from kinetoscope.db.deliveries import Try
from kinetoscope.db.ids import new_id
from kinetoscope.db.webhooks import Endpoint
from kinetoscope.domain.event import Event, event_id
from kinetoscope.domain.money import ZERO
from tests.cli.conftest import Said
from tests.db.books import NOW, a_task, accept, begin, complete

Command = Callable[..., Said]
WELL = Endpoint(
    id="hook_well",
    account_id="",
    name="mine",
    description="",
    url="https://example.com/told",
    event_types=tuple(Event),
    active=True,
    disabled=None,
    failing_since=None,
    salt="salt-of-a-secret",
    hint="hint",
    old_salt=None,
    old_until=None,
    created_at=NOW,
    updated_at=NOW,
)


def fill(home: Path) -> None:
    """Make an endpoint that is well, one that hears nothing, and one that is gone."""

    def write(conn: Conn) -> None:
        account = accounts.find(conn, "default").id
        for name in ("well", "deaf", "gone"):
            webhooks.add(conn, replace(WELL, id=f"hook_{name}", account_id=account))
        own = replace(WELL, id=new_id("hook"), account_id=account, url="")
        webhooks.add(conn, own)
        task = begin(conn, accept(conn, a_task(account, ZERO)).id)
        deliveries.record(conn, complete(conn, task, ZERO), None)
        for name, due in (("well", None), ("deaf", NOW + 5)):
            parcel = deliveries.parcel(conn, f"hook_{name}", event_id(task.id))
            assert parcel is not None
            deliveries.note(conn, parcel, Try(NOW, 500, 1, "no"), due)
        webhooks.disable(conn, "hook_gone", "it answered 410 Gone")

    with open_home(home) as books:
        books.write(write)


def test_failing_endpoints_are_listed_with_what_waits(command: Command, home: Path) -> None:
    command("init")
    fill(home)

    every, failing = command("webhook", "list"), command("webhook", "list", "--failing")

    assert (every.status, every.err) == (0, "")
    assert len(every.out.splitlines()) == 5
    assert "(webhook_url of tasks)" in every.out
    heading, *rows = failing.out.splitlines()
    assert heading.split() == ["id", "account", "url", "state", "waiting"]
    assert [row.split()[0] for row in rows] == ["hook_deaf", "hook_gone"]
    assert "failing since 2023-11-1" in rows[0]
    assert rows[0].split()[-1] == "1"
    assert "disabled: it answered 410 Gone" in rows[1]
    assert "salt-of" not in every.out


def test_programs_read_json(command: Command, home: Path) -> None:
    command("init")
    fill(home)

    found = command("webhook", "list", "--failing", "--json").json

    assert [(each["id"], each["waiting"]) for each in found] == [("hook_deaf", 1), ("hook_gone", 0)]
    assert found[1]["disabled"] == "it answered 410 Gone"
    assert set(found[0]) == {
        *("id", "account", "name", "url", "active", "disabled", "failing_since", "waiting")
    }
