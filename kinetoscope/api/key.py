"""What the key that asks may do, and what is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.door import answer, read_as
from kinetoscope.db import Conn, accounts, bounds
from kinetoscope.db.accounts import Key
from kinetoscope.db.bounds import Used
from kinetoscope.domain.bounds import Period
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.service import Gateway

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnKey:
    """Answers for the key of a request."""

    gateway: Gateway

    async def get(self, request: Request) -> Response:
        """Answer what the key may do at most, and what is left of that."""
        now = self.gateway.now()

        def look(conn: Conn, key: Key) -> Mapping[str, Any]:
            account = accounts.get(conn, key.account_id)
            used = bounds.used(conn, key.id, now)
            return show_key(key, account.name, used, int(now))

        return answer(await read_as(self.gateway, request, look))


def show_key(key: Key, account: str, used: Used, now: int) -> Json:
    """Show a key to whoever bears it; what has no limit is null."""
    limits, period = key.bounds, Period.at(now)
    pace = used.allowance
    return {
        "object": "key",
        "id": key.id,
        "name": key.name,
        "account": account,
        "test": key.is_test,
        "models": key.models,
        "networks": limits.networks,
        "expires_at": limits.expires_at,
        "limits": {
            "per_minute": pace and {"limit": pace.limit, "remaining": pace.remaining},
            "running": None
            if limits.running is None
            else {"limit": limits.running, "remaining": max(0, limits.running - used.running)},
            "per_day": _left(limits.per_day, used.day, period.next_day),
            "per_month": _left(limits.per_month, used.month, period.next_month),
            "in_all": _left(key.spend_limit, used.committed, None),
        },
    }


def _left(limit: Money | None, spent: Money, resets_at: int | None) -> Json | None:
    if limit is None:
        return None
    left = max(ZERO, limit - spent)
    return {"limit": str(limit), "remaining": str(left), "resets_at": resets_at}
