"""What the key of an operator is told of all accounts, and that nobody else is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kinetoscope.api.costs import MOST_DIFFERENCES
from kinetoscope.db import Conn, ledger
from kinetoscope.db.accounts import OPERATOR
from kinetoscope.domain.money import Money
from kinetoscope.engines import Made, Refused
from kinetoscope.service import Gateway
from tests.api.shapes import is_error
from tests.db.books import a_task, accept, begin, complete
from tests.engines.scripted import Scripted
from tests.world import Actor, World, open_world

CARD = 3_000_000_000  # ticks: what 6 seconds of 480p cost
MARKED = "…wxyz"


def carded(gateway: Gateway) -> Gateway:
    """Let the engine's price list be that of its customers."""
    return replace(gateway, cards={"scripted": gateway.models["grok-imagine"].rates})


@pytest.fixture
async def world(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    """A service whose engine bills; alice has $10, charlie has $10, the operator has a key."""
    engine.trace = {"engine": "scripted", "host": "upstream.example", "key": MARKED}
    async with open_world(tmp_path / "home", engine, change=carded) as world:
        await world.open("alice", "10")
        await world.open("charlie", "10")
        await world.open("operator", "0", role=OPERATOR)
        yield world


@pytest.fixture
def operator(world: World) -> Actor:
    return world.cast["operator"]


async def test_an_operator_sees_price_cost_and_margin_of_all_accounts(
    world: World, operator: Actor
) -> None:
    world.engine.will(Made(world.engine.reel, cost=CARD + 1))
    dear = await world.make()
    world.engine.will(Made(world.engine.reel, cost=CARD))
    back = await world.make(world.charlie)
    world.engine.will(Made(world.engine.reel))
    await world.make(world.charlie)
    now = int(world.clock())
    await world.gateway.db.write(lambda conn: ledger.refund(conn, back["id"], now, note="sorry"))

    found = (await world.ask("GET", "/v1/usage", operator)).json

    sums = {
        "videos": 3,
        "billed": 3,
        "charged": "0.90",
        "refunded": "0.30",
        "cost": "0.6000000001",
        "margin": "-0.0000000001",
        "unreported": 1,
        "differing": 1,
    }
    of = {"operation": "text_to_video", "engine": "scripted"}
    assert found["data"] == [{"day": found["to"], **of, **sums}]
    assert (found["object"], found["currency"], found["totals"]) == ("usage", "USD", sums)
    assert found["differences"] == {
        "object": "list",
        "data": [
            {
                "id": dear["id"],
                "account": "alice",
                "ended_at": dear["completed_at"],
                **of,
                "status": "completed",
                "charged": "0.30",
                "cost": "0.3000000001",
                "card": "0.30",
                "difference": "0.0000000001",
            }
        ],
        "has_more": False,
    }
    await world.audit()


async def test_an_operator_gets_the_rows_as_csv(world: World, operator: Actor) -> None:
    world.engine.will(Made(world.engine.reel, cost=CARD))
    await world.make()

    table = await world.ask("GET", "/v1/usage?format=csv", operator)
    accepted = await world.ask("GET", "/v1/usage", operator, headers={"Accept": "text/csv"})

    head, row = table.body.decode().splitlines()
    assert table.headers["content-type"].startswith("text/csv")
    assert head == (
        "day,operation,engine,videos,billed,charged,refunded,cost,margin,unreported,differing"
    )
    assert row.partition(",")[2] == "text_to_video,scripted,1,1,0.30,0.00,0.30,0.00,0,0"
    assert accepted.body == table.body


async def test_what_was_paid_for_and_not_delivered_differs(world: World, operator: Actor) -> None:
    world.engine.will(Refused("task_failed", "no", cost=CARD))
    failed = await world.make()
    world.engine.will(Refused("moderation_blocked", "no", billed=True, cost=CARD))
    await world.make()

    found = (await world.ask("GET", "/v1/usage", operator)).json

    [difference] = found["differences"]["data"]
    assert (difference["id"], difference["status"]) == (failed["id"], "failed")
    assert [difference[name] for name in ("charged", "cost", "card", "difference")] == [
        "0.00",
        "0.30",
        "0.00",
        "0.30",
    ]
    assert found["totals"]["margin"] == "-0.30"


async def test_the_days_narrow_what_an_operator_sees(world: World, operator: Actor) -> None:
    world.engine.will(Made(world.engine.reel, cost=1))
    await world.make()

    old = (await world.ask("GET", "/v1/usage?from=2001-01-01&to=2001-01-02", operator)).json

    assert (old["from"], old["to"]) == ("2001-01-01", "2001-01-02")
    assert (old["data"], old["differences"]["data"]) == ([], [])
    assert (old["totals"]["charged"], old["totals"]["margin"]) == ("0.00", "0.00")
    for query in ("from=yesterday", "format=xml"):
        is_error(await world.ask("GET", f"/v1/usage?{query}", operator), 400, "invalid_request")


async def test_differences_are_bounded_newest_first(world: World, operator: Actor) -> None:
    def make(conn: Conn) -> list[str]:
        now = int(world.clock())
        made = []
        for number in range(MOST_DIFFERENCES + 1):
            task = accept(conn, a_task(world.alice.account.id, Money.parse("0.01")))
            begun = begin(conn, task.id)
            complete(conn, begun, task.held, now, cost=number, card=MOST_DIFFERENCES * 2)
            made.append(task.id)
        return made

    made = await world.gateway.db.write(make)

    found = (await world.ask("GET", "/v1/usage", operator)).json

    listed = found["differences"]
    assert [each["id"] for each in listed["data"]] == made[:0:-1]
    assert listed["has_more"] is True
    assert found["totals"]["differing"] == MOST_DIFFERENCES + 1


async def test_customers_see_what_they_saw_before_and_nothing_of_costs(world: World) -> None:
    """Nor whom an engine asked, with which key, or what anybody else spent."""
    world.engine.will(Made(world.engine.reel, cost=CARD + 7))
    made = await world.make()
    world.engine.will(Refused("moderation_blocked", "blocked", cost=7, said="our own secret"))
    blocked = await world.make()
    await world.make(world.charlie)

    usage = await world.ask("GET", "/v1/usage")
    table = await world.ask("GET", "/v1/usage?format=csv")

    day = usage.json["to"]
    row = {
        "day": day,
        "key": world.alice.key.id,
        "operation": "text_to_video",
        "videos": 1,
        "charged": "0.30",
        "refunded": "0.00",
    }
    expected = {
        "object": "usage",
        "currency": "USD",
        "from": usage.json["from"],
        "to": day,
        "data": [row],
        "total": "0.30",
    }
    assert usage.body == json.dumps(expected, separators=(",", ":")).encode()
    assert table.body.decode().splitlines() == [
        "day,key,operation,videos,charged,refunded",
        ",".join(map(str, row.values())),
    ]
    for path in (
        *(f"/v1/videos/{each['id']}" for each in (made, blocked)),
        *(f"/v1/{name}" for name in ("videos", "usage", "ledger", "balance", "models")),
    ):
        body = (await world.ask("GET", path)).body.decode()
        for secret in ("upstream.example", "wxyz", "0.3000000007", "our own secret", '"cost"'):
            assert secret not in body, path


@pytest.mark.parametrize("role", [None, "", "Operator", "admin"])
async def test_no_other_role_is_an_operators(world: World, role: str | None) -> None:
    await world.make()
    stranger = await world.open("dora", "1", role=role)

    found = (await world.ask("GET", "/v1/usage", stranger)).json

    assert (found["data"], found["total"]) == ([], "0.00")
    assert "totals" not in found


async def test_the_key_of_an_operator_is_its_accounts_everywhere_else(
    world: World, operator: Actor
) -> None:
    """It sees no task of anybody's, and spends nobody's money."""
    made = await world.make()

    is_error(await world.ask("GET", f"/v1/videos/{made['id']}", operator), 404, "not_found")
    is_error(await world.ask("DELETE", f"/v1/videos/{made['id']}", operator), 404, "not_found")
    assert (await world.ask("GET", "/v1/videos", operator)).json["data"] == []
    assert (await world.ask("GET", "/v1/ledger", operator)).json["data"] == []
    is_error(await world.post(operator), 402, "insufficient_balance")
