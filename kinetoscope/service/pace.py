"""The pace of a key: how many requests a minute it may make, whichever door they come through."""

from __future__ import annotations

from kinetoscope.db import bounds
from kinetoscope.db.accounts import Key
from kinetoscope.domain.bounds import Allowance
from kinetoscope.service import Gateway


async def take_turn(gateway: Gateway, key: Key) -> None:
    """Count a request that makes or prices something, or raise TooManyRequests.

    In a transaction of its own, since what is refused later has made work as well.
    """
    per_minute = key.bounds.per_minute
    if per_minute is not None:
        now = gateway.now()
        await gateway.db.write(lambda conn: bounds.take_turn(conn, key.id, per_minute, now))


async def allowance(gateway: Gateway, key: Key) -> Allowance | None:
    """Tell what is left of a key's requests a minute; None if it has no pace."""
    if key.bounds.per_minute is None:
        return None
    now = gateway.now()
    return (await gateway.db.glance(lambda conn: bounds.used(conn, key.id, now))).allowance
