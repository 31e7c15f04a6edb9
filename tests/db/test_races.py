"""Many at once: what there is money for is accepted, no more, and every end counts once."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from kinetoscope.db import Database, accounts, ledger
from kinetoscope.db.tasks import Filter, list_tasks
from kinetoscope.domain.errors import InsufficientBalance, KeyLimitReached, Overtaken
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.domain.task import Failure
from kinetoscope.service.submit import Wish, submit
from tests.db.books import (
    NOW,
    a_task,
    accept,
    begin,
    complete,
    fail,
    faults,
    open_with,
    standing,
    usd,
)
from tests.engines.scripted import Scripted
from tests.world import open_world


async def test_50_holds_at_once_on_a_balance_for_10_are_10(db: Database) -> None:
    """C38."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))

    answers = await asyncio.gather(
        *(db.write(lambda conn: accept(conn, a_task(alice.id, usd("1")))) for _ in range(50)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, InsufficientBalance) for answer in answers) == 40
    assert await standing(db, alice) == ("10.00", "10.00")
    assert await faults(db) == []


async def test_30_holds_at_once_on_a_key_for_7_are_7(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "100"))
    key, _ = await db.write(
        lambda conn: accounts.create_key(conn, alice.id, NOW, spend_limit=usd("7.5"))
    )

    answers = await asyncio.gather(
        *(
            db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"), key_id=key.id), key.id))
            for _ in range(30)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, KeyLimitReached) for answer in answers) == 23
    assert await standing(db, alice) == ("100.00", "7.00")
    assert await faults(db) == []


async def test_of_a_settlement_a_failure_and_a_cancel_at_once_one_counts(db: Database) -> None:
    """C36."""
    alice = await db.write(lambda conn: open_with(conn, "alice", "20"))
    made = [
        await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1")))) for _ in range(20)
    ]
    begun = [await db.write(partial(begin, task_id=task.id)) for task in made]

    answers = await asyncio.gather(
        *(
            db.write(end)
            for task in begun
            for end in (
                partial(complete, task=task, charge=usd("0.6")),
                partial(fail, task=task),
                partial(fail, task=task, failure=Failure.CANCELLED),
            )
        ),
        return_exceptions=True,
    )

    won = Counter(type(answer).__name__ for answer in answers)
    assert won == {"Task": 20, Overtaken.__name__: 40}
    charged = sum(usd("0.6").micros for answer in answers if getattr(answer, "charged", None))
    balance, held = await standing(db, alice)
    assert (usd(balance).micros, held) == (20_000_000 - charged, "0.00")
    assert await faults(db) == []


async def test_of_many_refunds_and_deposits_of_one_reference_one_counts(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    task = await db.write(lambda conn: accept(conn, a_task(alice.id, usd("1"))))
    await db.write(lambda conn: complete(conn, begin(conn, task.id), usd("1")))

    refunds = [
        db.write(lambda conn: ledger.refund(conn, task.id, NOW, note="sorry")) for _ in range(10)
    ]
    deposits = [
        db.write(lambda conn: ledger.deposit(conn, alice.id, usd("5"), NOW, reference="bank-1"))
        for _ in range(10)
    ]
    answers = await asyncio.gather(*refunds, *deposits, return_exceptions=True)

    assert sum(isinstance(answer, ledger.Entry) for answer in answers) == 2
    assert await standing(db, alice) == ("15.00", "0.00")
    assert await faults(db) == []


_BODY = {"prompt": "a fox in the snow", "duration": 6}
_ONCE = {"Idempotency-Key": "once"}


def _wish(idempotency_key: str | None = None) -> Wish:
    order = Order(
        model="grok-imagine",
        operation=Operation.TEXT,
        prompt="a fox in the snow",
        duration=10,
        tier=Tier.P480,
    )
    return Wish(order, "f" * 64, idempotency_key)


async def test_50_submits_at_once_on_a_balance_for_10_make_10_tasks(
    tmp_path: Path, engine: Scripted, address: str
) -> None:
    """C35: 10 s at 480p cost $0.50; there are $5.49."""
    database = SecretStr(address)
    async with open_world(tmp_path / "home", engine, run=False, database=database) as world:
        alice = await world.open("alice", "5.49")

        answers = await asyncio.gather(
            *(submit(world.gateway, alice.key, _wish()) for _ in range(50)),
            return_exceptions=True,
        )

        assert sum(isinstance(answer, InsufficientBalance) for answer in answers) == 40
        assert str((await world.account_of(alice)).available) == "0.49"
        await world.audit()


@pytest.mark.parametrize("money", ["5.49", "100"])
async def test_50_requests_at_once_cost_what_the_accepted_ones_cost(
    tmp_path: Path, engine: Scripted, address: str, money: str
) -> None:
    """C35: over HTTP; 402 for the others, and no task of theirs."""
    database = SecretStr(address)
    async with open_world(tmp_path / "home", engine, run=False, database=database) as world:
        alice = await world.open("alice", money)

        answers = await asyncio.gather(*(world.post(alice, duration=10) for _ in range(50)))

        fit = min(50, usd(money).micros // 500_000)
        assert Counter(answer.status for answer in answers) == Counter(
            {200: fit, 402: 50 - fit} if fit < 50 else {200: 50}
        )
        ids = {answer.json["id"] for answer in answers if answer.status == 200}
        listed = await world.gateway.db.read(
            lambda conn: list_tasks(conn, alice.account.id, Filter(), limit=100)
        )
        assert {task.id for task in listed} == ids
        assert len(ids) == fit
        assert (await world.account_of(alice)).held.micros == fit * 500_000
        await world.audit()


async def test_one_idempotency_key_20_times_at_once_is_one_task_and_one_charge(
    tmp_path: Path, engine: Scripted, address: str
) -> None:
    """C30."""
    database = SecretStr(address)
    async with open_world(tmp_path / "home", engine, database=database) as world:
        alice = await world.open("alice", "10")

        answers = await asyncio.gather(
            *(world.ask("POST", "/v1/videos", alice, json=_BODY, headers=_ONCE) for _ in range(20))
        )

        assert {answer.status for answer in answers} == {200}
        [task_id] = {answer.json["id"] for answer in answers}
        assert (await world.end_of(task_id, alice))["status"] == "completed"
        assert engine.started == {task_id: 1}
        assert str((await world.account_of(alice)).balance) == "9.70"
        await world.audit()


async def test_a_key_limit_holds_against_requests_at_once(
    tmp_path: Path, engine: Scripted, address: str
) -> None:
    database = SecretStr(address)
    async with open_world(tmp_path / "home", engine, run=False, database=database) as world:
        alice = await world.open("alice", "10", spend_limit=usd("1"))

        answers = await asyncio.gather(*(world.post(alice, duration=10) for _ in range(12)))

        assert sum(answer.status == 200 for answer in answers) == 2
        refused = {answer.json["error"]["code"] for answer in answers if answer.status != 200}
        assert refused == {"key_limit_reached"}
        assert str((await world.account_of(alice)).held) == "1.00"
        await world.audit()
