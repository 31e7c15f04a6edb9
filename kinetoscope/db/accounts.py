"""Accounts, their sandboxes and their keys: open, authenticate, revoke."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from kinetoscope.db import Conn
from kinetoscope.db.bounds import COLUMNS, read_bounds, recount, write_bounds
from kinetoscope.db.hot import Hot
from kinetoscope.db.ids import new_id
from kinetoscope.db.schema import accounts, keys
from kinetoscope.domain.bounds import UNBOUND, Bounds, is_within
from kinetoscope.domain.errors import (
    Conflict,
    KeyExpired,
    NetworkNotAllowed,
    NotFound,
    Unauthenticated,
)
from kinetoscope.domain.money import ZERO, Money

OPERATOR, TEST = "operator", "test"
_SECRET_BYTES = 32
_HINT_CHARACTERS = 7  # after how all begin


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays; *open* is how many of its tasks have not ended.

    *live_id* is the account whose sandbox this is: its test keys make tasks here, and no money
    ever moves.
    """

    id: str
    name: str
    balance: Money
    held: Money
    open: int
    created_at: int
    live_id: str | None = None

    @property
    def available(self) -> Money:
        """What can still be held."""
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class Key:
    """A secret that speaks for an account; *models* None means all of them.

    The key of an operator may also ask what engines charged, for whichever account. A test key
    speaks for a sandbox.
    """

    id: str
    account_id: str
    hint: str
    name: str
    models: tuple[str, ...] | None
    spend_limit: Money | None
    committed: Money
    created_at: int
    revoked_at: int | None
    role: str | None = None
    bounds: Bounds = UNBOUND

    @property
    def is_test(self) -> bool:
        """Whether what it makes is for nothing, and only for looks."""
        return self.role == TEST

    @property
    def is_counted(self) -> bool:
        """Whether its tasks count towards some limit of its own."""
        bounds = self.bounds
        limits = (self.spend_limit, bounds.running, bounds.per_day, bounds.per_month)
        return limits != (None, None, None, None)

    @property
    def is_operator(self) -> bool:
        """Whether it may know what is nobody's account's."""
        return self.role == OPERATOR


def open_account(conn: Conn, name: str, now: int) -> Account:
    """Open an account with nothing on it, or raise Conflict if *name* is taken."""
    account = Account(new_id("acct"), name, ZERO, ZERO, 0, now)
    row = {"id": account.id, "name": name, "balance": ZERO, "held": ZERO}
    row |= {"open": 0, "created_at": now}
    taken = conn.execute(select(accounts.c.id).where(accounts.c.name == name)).first()
    if taken:
        raise Conflict(f"there is an account named {name!r} already", "name")
    try:
        conn.execute(insert(accounts).values(row))
    except IntegrityError as error:  # somebody was quicker
        raise Conflict(f"there is an account named {name!r} already", "name") from error
    return account


def find(conn: Conn, name_or_id: str) -> Account:
    """Get an account by its name or its id, or raise NotFound."""
    wanted = (accounts.c.id == name_or_id) | (accounts.c.name == name_or_id)
    row = conn.execute(select(accounts).where(wanted)).first()
    if row is None:
        raise NotFound(f"no account is named {name_or_id!r}: kinetoscope account list", "account")
    return Account(**row._mapping)  # noqa: SLF001 - the public way to a row's names


_GET = select(accounts).where(accounts.c.id == bindparam("id"))


def get(conn: Conn, account_id: str) -> Account:
    """Get an account by its id, or raise NotFound."""
    row = conn.execute(_GET, {"id": account_id}).first()
    if row is None:
        raise NotFound(f"no account has the id {account_id!r}", "account")
    return Account(*row)


def list_all(conn: Conn, *, sandboxes: bool = True) -> list[Account]:
    """List every account, oldest first; without *sandboxes*, only those that pay."""
    query = select(accounts).order_by(accounts.c.id)
    if not sandboxes:
        query = query.where(accounts.c.live_id.is_(None))
    return [Account(*row) for row in conn.execute(query)]


def sandbox(conn: Conn, live: Account, now: int) -> Account:
    """Get the sandbox of an account; it is opened with the first test key."""
    row = conn.execute(select(accounts).where(accounts.c.live_id == live.id)).first()
    if row is not None:
        return Account(*row)
    if live.live_id is not None:
        raise Conflict(f"{live.name!r} is a sandbox itself; name the account it belongs to", "name")
    name = f"{live.name} (test)"
    taken = conn.execute(select(accounts.c.id).where(accounts.c.name == name)).first()
    opened = open_account(conn, f"{name} {live.id}" if taken else name, now)
    change = update(accounts).where(accounts.c.id == opened.id).values(live_id=live.id)
    try:
        conn.execute(change)
    except IntegrityError as error:  # somebody was quicker
        message = f"the sandbox of {live.name!r} was opened just now; try again"
        raise Conflict(message, "name") from error
    return replace(opened, live_id=live.id)


def create_key(
    conn: Conn,
    account_id: str,
    now: int,
    *,
    name: str = "",
    models: tuple[str, ...] | None = None,
    spend_limit: Money | None = None,
    role: str | None = None,
    bounds: Bounds = UNBOUND,
) -> tuple[Key, str]:
    """Make a key and its secret; the secret is returned once and never kept.

    With the *role* TEST the account must be a sandbox, and with any other it must be none.
    """
    _check_purpose(conn, account_id, role)
    start = "sk-test-" if role == TEST else "sk-"
    secret = f"{start}{secrets.token_urlsafe(_SECRET_BYTES)}"
    hint = secret[: len(start) + _HINT_CHARACTERS]
    key = Key(
        new_id("key"), account_id, hint, name, models, spend_limit, ZERO, now, None, role, bounds
    )
    conn.execute(
        insert(keys).values(
            id=key.id,
            account_id=account_id,
            hash=hash_secret(secret),
            hint=hint,
            name=name,
            models=None if models is None else json.dumps(models),
            spend_limit=spend_limit,
            committed=ZERO,
            created_at=now,
            role=role,
            **write_bounds(bounds),
        )
    )
    return key, secret


def _check_purpose(conn: Conn, account_id: str, role: str | None) -> None:
    """Raise Conflict if a test key would open an account with money, or another key a sandbox."""
    account = get(conn, account_id)
    if (role == TEST) != (account.live_id is not None):
        there = "a sandbox" if account.live_id else "an account that pays"
        wanted = "only test keys open it" if account.live_id else "test keys open its sandbox"
        raise Conflict(f"{account.name!r} is {there}; {wanted}", "account")


def change_key(
    conn: Conn,
    key_id: str,
    *,
    models: tuple[str, ...] | None,
    spend_limit: Money | None,
    bounds: Bounds,
) -> Key:
    """Let a key be as it is now with these limits; what it used already counts towards them.

    Raise Conflict if it has committed more than *spend_limit* before.
    """
    before = find_key(conn, key_id)
    after = replace(before, models=models, spend_limit=spend_limit, bounds=bounds)
    if after.is_counted and not before.is_counted:
        recount(conn, before.account_id, key_id)
    fits = true() if spend_limit is None else keys.c.committed <= spend_limit
    kept = conn.execute(
        update(keys)
        .where(keys.c.id == key_id, fits)
        .values(
            models=None if models is None else json.dumps(models),
            spend_limit=spend_limit,
            **write_bounds(bounds),
        )
    )
    found = find_key(conn, key_id)
    if kept.rowcount != 1:
        message = f"{key_id} has committed ${found.committed} already: the least limit that it can"
        raise Conflict(f"{message} have is {found.committed}, with which it spends nothing more")
    return found


def hash_secret(secret: str) -> str:
    """Hash the secret of a key; it is 256 random bits, so a quick hash is a safe one."""
    return hashlib.sha256(secret.encode()).hexdigest()


_KEY = (
    keys.c.id,
    keys.c.account_id,
    keys.c.hint,
    keys.c.name,
    keys.c.models,
    keys.c.spend_limit,
    keys.c.committed,
    keys.c.created_at,
    keys.c.revoked_at,
    keys.c.role,
    *COLUMNS,
)
_PLAIN = len(_KEY) - len(COLUMNS)
_AUTHENTICATE = Hot(
    select(*_KEY).where(keys.c.hash == bindparam("hash"), keys.c.revoked_at.is_(None))
)


def authenticate(conn: Conn, secret_hash: str, now: float, address: str) -> Key:
    """Get the key whose secret hashes to *secret_hash*, for whoever asks *now* from an *address*.

    Raise Unauthenticated, KeyExpired or NetworkNotAllowed; *address* is empty if nobody knows it.
    """
    row = _AUTHENTICATE.one(conn, {"hash": secret_hash})
    if row is None:
        message = "this API key is not known or was revoked; send Authorization: Bearer sk-…"
        raise Unauthenticated(message)
    spend_limit = None if row[5] is None else Money(row[5])
    key = _key((*row[:5], spend_limit, Money(row[6]), *row[7:]))
    if key.bounds is not UNBOUND:
        _check_bounds(key.bounds, now, address)
    return key


def _check_bounds(bounds: Bounds, now: float, address: str) -> None:
    if bounds.expires_at is not None and now >= bounds.expires_at:
        when = datetime.fromtimestamp(bounds.expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise KeyExpired(f"this API key expired at {when}; ask the operator for another")
    if bounds.networks is not None and not is_within(address, bounds.networks):
        where = f"from {address}" if address else "from an address that is not known"
        message = f"this API key may not be used {where}; ask the operator which networks it is for"
        raise NetworkNotAllowed(message)


def list_keys(conn: Conn, account_id: str) -> list[Key]:
    """List the keys of an account, oldest first, revoked ones included."""
    rows = conn.execute(select(*_KEY).where(keys.c.account_id == account_id).order_by(keys.c.id))
    return [_key(row) for row in rows]


def revoke_key(conn: Conn, key_id: str, now: int) -> Key:
    """Revoke a key from this instant on; twice is the same as once."""
    conn.execute(
        update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return find_key(conn, key_id)


def find_key(conn: Conn, key_id: str) -> Key:
    """Get a key by its id, or raise NotFound."""
    row = conn.execute(select(*_KEY).where(keys.c.id == key_id)).first()
    if row is None:
        raise _no_key(key_id)
    return _key(row)


def _no_key(key_id: str) -> NotFound:
    return NotFound(f"no key has the id {key_id!r}: kinetoscope key list", "key")


def _key(row: Sequence[Any]) -> Key:
    id_, account_id, hint, name, models, *rest = row[:_PLAIN]
    models = models and tuple(json.loads(models))
    return Key(id_, account_id, hint, name, models, *(*rest, read_bounds(row[_PLAIN:])))
