"""C33, C36 to C40: one task, one bill, and every list adds up to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kinetoscope.db import ledger
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.pricing import Rates
from kinetoscope.engines import Refused
from kinetoscope.service import Gateway
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import World, open_world


async def journal(world: World) -> list[dict[str, str]]:
    """Read the whole ledger, page by page."""
    entries: list[dict[str, str]] = []
    query = ""
    while True:
        page = (await world.ask("GET", f"/v1/ledger?limit=2{query}")).json
        entries += page["data"]
        if not page["has_more"]:
            return entries
        query = f"&after={page['last_id']}"


async def test_balance_usage_and_ledger_add_up_to_the_last_digit(world: World) -> None:
    """C39: after videos, a failure, an edit and a refund."""
    first = await world.make(duration=6, size="720p")
    world.engine.will(Refused("task_failed", "no"))
    await world.make()
    await world.make(duration=..., video={"id": first["id"]})
    last = await world.make(duration=3)
    await world.gateway.db.write(
        lambda conn: ledger.refund(conn, last["id"], int(world.clock()), note="sorry")
    )

    balance = (await world.ask("GET", "/v1/balance")).json
    usage = (await world.ask("GET", "/v1/usage")).json
    entries = await journal(world)
    videos = (await world.ask("GET", "/v1/videos")).json["data"]

    signs = {True: -1, False: 1}
    total = sum(
        (
            Money.parse(entry["amount"].removeprefix("-")) * signs[entry["amount"][0] == "-"]
            for entry in entries
        ),
        start=ZERO,
    )
    charged = sum(
        (Money.parse(video["metadata"]["billing"]["charged"]) for video in videos), start=ZERO
    )
    assert balance["balance"] == balance["available"] == str(total) == "9.22"
    assert balance["held"] == "0.00"
    assert usage["total"] == "0.78"
    assert str(charged) == "0.93"
    assert sum((Money.parse(row["charged"]) for row in usage["data"]), start=ZERO) == charged
    assert [entry["kind"] for entry in entries] == [
        "refund",
        "settlement",
        "settlement",
        "settlement",
        "deposit",
    ]
    assert len({entry["reference"] for entry in entries}) == len(entries)
    csv = await world.ask("GET", "/v1/usage?format=csv")
    assert csv.headers["content-type"].startswith("text/csv")
    rows = [line.split(",") for line in csv.body.decode().splitlines()]
    assert rows[0] == ["day", "key", "operation", "videos", "charged", "refunded"]
    assert sum((Money.parse(row[4]) for row in rows[1:]), start=ZERO) == charged
    assert (await world.ask("GET", "/v1/usage", headers={"Accept": "text/csv"})).body == csv.body
    await world.audit()


async def test_accounts_see_their_own_books_only(world: World) -> None:
    """C5, C39."""
    await world.make()

    assert (await world.ask("GET", "/v1/usage", world.charlie)).json["data"] == []
    assert len((await world.ask("GET", "/v1/ledger", world.charlie)).json["data"]) == 1
    assert (await world.ask("GET", "/v1/balance", world.charlie)).json["balance"] == "10.00"


async def test_questions_that_make_no_sense_are_refused(world: World) -> None:
    """C28, C39."""
    for path in [
        "usage?from=yesterday",
        "usage?to=2026-13-01",
        "usage?format=xml",
        "ledger?limit=0",
        "ledger?limit=101",
        "ledger?after=x",
    ]:
        is_error(await world.ask("GET", f"/v1/{path}"), 400, "invalid_request")
    old = await world.ask("GET", "/v1/usage?from=2001-01-01&to=2001-01-02")
    assert (old.json["data"], old.json["total"]) == ([], "0.00")


@pytest.mark.parametrize(
    "billed, setting, charged", [(True, True, "0.30"), (True, False, "0.00"), (False, True, "0.00")]
)
async def test_moderation_costs_only_what_the_engine_billed_and_the_operator_passes_on(
    tmp_path: Path, engine: Scripted, *, billed: bool, setting: bool, charged: str
) -> None:
    """C37."""
    async with open_world(tmp_path / "home", engine, charge_moderated=setting) as world:
        await world.open("alice", "10")
        engine.will(Refused("moderation_blocked", "request rejected", billed=billed))

        task = await world.make()

        assert task["error"]["code"] == "moderation_blocked"
        billing = task["metadata"]["billing"]
        assert billing["charged"] == charged
        assert ("note" in billing) == (charged != "0.00")
        balance = (await world.account_of(world.alice)).balance
        assert balance == Money.parse("10") - Money.parse(charged)
        await world.audit()


def dearer(gateway: Gateway) -> Gateway:
    """Ask a dollar for everything."""
    one = Money.parse("1")
    models = {
        name: replace(model, rates=Rates(dict.fromkeys(model.rates.output_second, one), one, one))
        for name, model in gateway.models.items()
    }
    return replace(gateway, models=models)


async def test_a_price_that_changes_touches_no_accepted_task(
    tmp_path: Path, engine: Scripted
) -> None:
    """C40, C35: the quote is frozen; the service starts again with other prices."""
    async with open_world(tmp_path / "home", engine, run=False) as world:
        alice = await world.open("alice", "10")
        task_id = (await world.post()).json["id"]

    async with open_world(tmp_path / "home", engine, change=dearer) as world:
        world.cast["alice"] = alice
        task = await world.end_of(task_id)
        assert task["metadata"]["quote"]["total"] == "0.30"
        assert task["metadata"]["billing"]["charged"] == "0.30"
        fresh = await world.post(duration=2)
        assert fresh.json["metadata"]["quote"]["total"] == "2.00"
        await world.end_of(fresh.json["id"])
        await world.audit()


async def test_what_was_not_made_is_not_billed(world: World) -> None:
    """C36: nine seconds were promised and six were made; the rest goes back."""
    task = await world.make(duration=9)

    billing = task["metadata"]["billing"]
    assert (billing["held"], billing["charged"], billing["released"]) == ("0.45", "0.30", "0.15")
    await world.audit()
