"""Accounts and their keys: open, authenticate, revoke."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kinetoscope.db import Conn
from kinetoscope.db.hot import Hot
from kinetoscope.db.ids import new_id
from kinetoscope.db.schema import accounts, keys
from kinetoscope.domain.errors import Conflict, NotFound, Unauthenticated
from kinetoscope.domain.money import ZERO, Money

OPERATOR = "operator"
_SECRET_BYTES = 32
_HINT_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays; *open* is how many of its tasks have not ended."""

    id: str
    name: str
    balance: Money
    held: Money
    open: int
    created_at: int

    @property
    def available(self) -> Money:
        """What can still be held."""
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class Key:
    """A secret that speaks for an account; *models* None means all of them.

    The key of an operator may also ask what engines charged, for whichever account.
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


def list_all(conn: Conn) -> list[Account]:
    """List every account, oldest first."""
    return [Account(*row) for row in conn.execute(select(accounts).order_by(accounts.c.id))]


def create_key(
    conn: Conn,
    account_id: str,
    now: int,
    *,
    name: str = "",
    models: tuple[str, ...] | None = None,
    spend_limit: Money | None = None,
    role: str | None = None,
) -> tuple[Key, str]:
    """Make a key and its secret; the secret is returned once and never kept."""
    secret = f"sk-{secrets.token_urlsafe(_SECRET_BYTES)}"
    hint = secret[:_HINT_CHARACTERS]
    key = Key(new_id("key"), account_id, hint, name, models, spend_limit, ZERO, now, None, role)
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
        )
    )
    return key, secret


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
)
_AUTHENTICATE = Hot(
    select(*_KEY).where(keys.c.hash == bindparam("hash"), keys.c.revoked_at.is_(None))
)


def authenticate(conn: Conn, secret_hash: str) -> Key:
    """Get the key whose secret hashes to *secret_hash*, or raise Unauthenticated."""
    row = _AUTHENTICATE.one(conn, {"hash": secret_hash})
    if row is None:
        message = "this API key is not known or was revoked; send Authorization: Bearer sk-…"
        raise Unauthenticated(message)
    spend_limit = None if row[5] is None else Money(row[5])
    return _key((*row[:5], spend_limit, Money(row[6]), *row[7:]))


def list_keys(conn: Conn, account_id: str) -> list[Key]:
    """List the keys of an account, oldest first, revoked ones included."""
    rows = conn.execute(select(*_KEY).where(keys.c.account_id == account_id).order_by(keys.c.id))
    return [_key(row) for row in rows]


def revoke_key(conn: Conn, key_id: str, now: int) -> Key:
    """Revoke a key from this instant on; twice is the same as once."""
    conn.execute(
        update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    row = conn.execute(select(*_KEY).where(keys.c.id == key_id)).first()
    if row is None:
        raise NotFound(f"no key has the id {key_id!r}: kinetoscope key list", "key")
    return _key(row)


def _key(row: Sequence[Any]) -> Key:
    id_, account_id, hint, name, models, *rest = row
    return Key(id_, account_id, hint, name, models and tuple(json.loads(models)), *rest)
