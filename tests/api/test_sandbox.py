"""Test keys: the same routes and refusals, films for nothing, and ends that a word forces."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from kinetoscope.db import accounts, ledger
from kinetoscope.db.accounts import TEST
from kinetoscope.db.tasks import Filter, list_tasks
from kinetoscope.domain.errors import Conflict
from kinetoscope.domain.money import Money
from kinetoscope.engines.sandbox import WORDS
from tests.api.shapes import is_error
from tests.world import Actor, World

_FREE = {"held": "0.00", "charged": "0.00", "released": "0.00"}


async def a_test_key(world: World, **limits: Any) -> Actor:
    """Make a test key of alice's."""

    def make(conn: Any) -> Actor:
        sandbox = accounts.sandbox(conn, world.alice.account, 1)
        return Actor(sandbox, *accounts.create_key(conn, sandbox.id, 1, role=TEST, **limits))

    return await world.gateway.db.write(make)


async def test_a_test_key_makes_a_film_for_nothing(world: World) -> None:
    tester = await a_test_key(world)
    before = await world.account_of(world.alice)

    made = await world.make(tester, size="848x480", seed=7)
    film = await world.ask("GET", f"/v1/videos/{made['id']}/content", tester)

    assert (made["status"], made["seconds"], made["size"]) == ("completed", "6", "848x480")
    assert made["metadata"]["test"] is True
    assert made["metadata"]["quote"]["total"] == "0.30"
    assert made["metadata"]["billing"].items() >= _FREE.items()
    assert "test key" in made["metadata"]["billing"]["note"]
    assert made["metadata"]["output"].items() >= {"width": 848, "height": 480}.items()
    assert abs(made["metadata"]["output"]["seconds"] - 6) < 0.05
    assert (film.status, film.body[4:8]) == (200, b"ftyp")
    assert await world.account_of(world.alice) == before
    await world.audit()


@pytest.mark.parametrize("word", WORDS)
async def test_a_word_forces_the_end_and_costs_nothing(world: World, word: str) -> None:
    tester = await a_test_key(world)

    made = await world.make(tester, prompt=f"a fox {word.upper()}")

    assert (made["status"], made["error"]["code"]) == ("failed", WORDS[word][0])
    assert made["metadata"]["billing"].items() >= _FREE.items()
    await world.audit()


async def test_of_two_words_the_first_counts(world: World) -> None:
    tester = await a_test_key(world)

    made = await world.make(tester, prompt="[lost] and [fail]")

    assert made["error"]["code"] == "engine_lost"


async def test_a_live_key_may_say_the_words_and_is_billed(world: World) -> None:
    made = await world.make(prompt="a fox [fail] [broke] [slow]")

    assert made["status"] == "completed"
    assert "test" not in made["metadata"]
    assert made["metadata"]["billing"]["charged"] == "0.30"


async def test_broke_is_refused_like_who_has_no_money(world: World) -> None:
    tester = await a_test_key(world)

    is_error(await world.post(tester, prompt="[broke]"), 402, "insufficient_balance")
    quoted = await world.ask(
        "POST", "/v1/videos/quote", tester, json={"prompt": "[broke]", "duration": 6}
    )

    assert (quoted.status, quoted.json["total"]) == (200, "0.30")


async def test_what_is_refused_live_is_refused_in_the_sandbox(world: World) -> None:
    tester = await a_test_key(world, models=("grok-imagine",))

    is_error(await world.post(tester, duration=20), 400, "invalid_request")
    is_error(await world.post(tester, model="sora-9"), 404, "model_not_found")
    is_error(await world.post(tester, image="http://10.0.0.1/a.png"), 400, "input_forbidden")
    repeated = {"headers": {"Idempotency-Key": "once"}}
    asked = {"prompt": "[fail]", "duration": 6}
    first = await world.ask("POST", "/v1/videos", tester, json=asked, **repeated)
    again = await world.ask("POST", "/v1/videos", tester, json=asked, **repeated)
    assert first.json["id"] == again.json["id"]


async def test_test_and_live_never_meet(world: World) -> None:
    tester = await a_test_key(world)
    tried, paid = await world.make(tester, prompt="[fail]"), await world.make()

    for owner, other in ((tester, paid), (world.alice, tried)):
        for verb, end in (("GET", ""), ("GET", "/content"), ("DELETE", ""), ("POST", "/cancel")):
            answer = await world.ask(verb, f"/v1/videos/{other['id']}{end}", owner)
            is_error(answer, 404, "not_found")
        listed = await world.ask("GET", "/v1/videos", owner)
        assert other["id"] not in [each["id"] for each in listed.json["data"]]
    assert (await world.ask("GET", "/v1/balance", tester)).json["balance"] == "0.00"
    assert (await world.ask("GET", "/v1/ledger", tester)).json["data"] == []


async def test_money_cannot_be_put_into_a_sandbox(world: World) -> None:
    tester = await a_test_key(world)

    with pytest.raises(Conflict, match="takes no money"):
        await world.gateway.db.write(
            lambda conn: ledger.deposit(conn, tester.account.id, Money(1), 1, reference="no")
        )


async def test_a_key_opens_what_it_is_for(world: World) -> None:
    tester = await a_test_key(world)

    for account, role in ((world.alice.account, TEST), (tester.account, None)):
        with pytest.raises(Conflict, match="test keys open"):
            await world.gateway.db.write(
                partial(accounts.create_key, account_id=account.id, now=1, role=role)
            )


async def test_an_account_has_one_sandbox(world: World) -> None:
    first, second = await a_test_key(world), await a_test_key(world)

    assert first.account == second.account
    assert first.account.name == "alice (test)"
    made = await world.make(first, prompt="[fail]")
    seen = await world.gateway.db.read(
        lambda conn: list_tasks(conn, second.account.id, Filter(), limit=9)
    )
    assert [task.id for task in seen] == [made["id"]]
