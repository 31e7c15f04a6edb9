"""Accounts and keys: open, authenticate, revoke (C5)."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import text

from kinetoscope.db import Database, accounts
from kinetoscope.domain.errors import Conflict, NotFound, Unauthenticated
from kinetoscope.domain.money import ZERO
from tests.db.books import NOW, open_with, usd


async def test_an_account_is_found_by_its_name_and_its_id(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))

    assert await db.read(lambda conn: accounts.find(conn, "alice")) == alice
    assert await db.read(lambda conn: accounts.find(conn, alice.id)) == alice
    assert await db.read(lambda conn: accounts.get(conn, alice.id)) == alice
    assert (alice.balance, alice.held, alice.available) == (usd("10"), ZERO, usd("10"))
    with pytest.raises(NotFound):
        await db.read(lambda conn: accounts.find(conn, "nobody"))
    with pytest.raises(NotFound):
        await db.read(lambda conn: accounts.get(conn, "nobody"))


async def test_of_many_who_open_one_name_at_once_one_succeeds(db: Database) -> None:
    answers = await asyncio.gather(
        *(db.write(lambda conn: open_with(conn, "alice", "10")) for _ in range(12)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, accounts.Account) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 11
    [alice] = await db.read(accounts.list_all)
    assert alice.balance == usd("10")


async def test_a_secret_opens_its_key_and_is_not_kept(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    key, secret = await db.write(
        lambda conn: accounts.create_key(
            conn, alice.id, NOW, name="ci", models=("grok-imagine",), spend_limit=usd("2.5")
        )
    )
    digest = accounts.hash_secret(secret)

    assert secret.startswith("sk-")
    assert await db.read(lambda conn: accounts.authenticate(conn, digest, NOW, "")) == key
    assert (key.models, key.spend_limit, key.account_id) == (
        ("grok-imagine",),
        usd("2.5"),
        alice.id,
    )
    kept = await db.read(lambda conn: repr(conn.execute(text("SELECT * FROM keys")).all()))
    assert secret not in kept
    assert secret.startswith(key.hint)


async def test_only_a_key_that_was_made_so_is_an_operators(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    plain, secret = await db.write(lambda conn: accounts.create_key(conn, alice.id, NOW))
    other, its_secret = await db.write(
        lambda conn: accounts.create_key(conn, alice.id, NOW, role=accounts.OPERATOR)
    )

    known = [
        await db.read(
            partial(
                accounts.authenticate,
                secret_hash=accounts.hash_secret(each),
                now=NOW,
                address="",
            )
        )
        for each in (secret, its_secret)
    ]

    assert known == [plain, other]
    assert [key.is_operator for key in known] == [False, True]
    assert await db.read(lambda conn: accounts.list_keys(conn, alice.id)) == known


async def test_a_revoked_key_opens_nothing_and_stays_listed(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "10"))
    key, secret = await db.write(lambda conn: accounts.create_key(conn, alice.id, NOW))
    digest = accounts.hash_secret(secret)

    first = await db.write(lambda conn: accounts.revoke_key(conn, key.id, NOW + 1))
    again = await db.write(lambda conn: accounts.revoke_key(conn, key.id, NOW + 9))

    assert first.revoked_at == again.revoked_at == NOW + 1
    with pytest.raises(Unauthenticated):
        await db.read(lambda conn: accounts.authenticate(conn, digest, NOW, ""))
    with pytest.raises(NotFound):
        await db.write(lambda conn: accounts.revoke_key(conn, "key_none", NOW))
    assert await db.read(lambda conn: accounts.list_keys(conn, alice.id)) == [again]
