"""C5, C6: who may ask for what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kinetoscope.db import accounts
from kinetoscope.domain.money import Money
from kinetoscope.service import Gateway
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.world import Actor, World, open_world


async def another_key(world: World, **limits: object) -> Actor:
    """Make alice a key that has limits."""
    account = world.alice.account
    key, secret = await world.gateway.db.write(
        lambda conn: accounts.create_key(conn, account.id, 1, **limits)  # type: ignore[arg-type]
    )
    return Actor(account, key, secret)


async def test_without_a_known_key_nobody_gets_in(world: World) -> None:
    """C5, C28: on every route of an account."""
    for verb, path in [
        ("POST", "/v1/videos"),
        ("POST", "/v1/videos/generations"),
        ("POST", "/v1/video/generations"),
        ("POST", "/v1/videos/quote"),
        ("POST", "/v1/videos/edits"),
        ("POST", "/v1/videos/extensions"),
        ("POST", "/v1/videos/task_x/remix"),
        ("POST", "/v1/videos/task_x/cancel"),
        ("GET", "/v1/videos"),
        ("GET", "/v1/videos/task_x"),
        ("GET", "/v1/videos/a-b"),
        ("GET", "/v1/videos/task_x/content"),
        ("DELETE", "/v1/videos/task_x"),
        ("GET", "/v1/balance"),
        ("GET", "/v1/usage"),
        ("GET", "/v1/ledger"),
        ("GET", "/v1/models"),
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/chat/completions"),
    ]:
        refused = await world.ask(verb, path, headers={"Authorization": "Bearer sk-wrong"})
        is_error(refused, 401, "invalid_api_key")
        assert refused.headers["www-authenticate"] == "Bearer", path
    for header in ["", "Bearer", "Bearer ", "Basic eDp5", "sk-x", "Bearer " + "x" * 300]:
        is_error(await world.ask("GET", "/v1/videos", headers={"Authorization": header}), 401)
    lower = {"Authorization": f"bearer  {world.alice.secret}"}
    assert (await world.ask("GET", "/v1/videos", headers=lower)).status == 200


async def test_a_revoked_key_is_unknown(world: World) -> None:
    """C5."""
    key = await another_key(world)
    assert (await world.ask("GET", "/v1/balance", key)).status == 200

    await world.gateway.db.write(lambda conn: accounts.revoke_key(conn, key.key.id, 2))

    is_error(await world.ask("GET", "/v1/balance", key), 401)


async def test_a_key_over_its_limit_still_gets_what_it_paid_for(world: World) -> None:
    """C6: polls and downloads; a new task is refused with what is left."""
    key = await another_key(world, spend_limit=Money.parse("0.31"))
    task = await world.make(key)

    message = is_error(await world.post(key), 402, "key_limit_reached")

    assert "0.01" in message
    assert (await world.ask("GET", f"/v1/videos/{task['id']}", key)).json["status"] == "completed"
    assert (await world.ask("GET", f"/v1/videos/{task['id']}/content", key)).status == 200
    await world.audit()


async def test_a_key_for_other_models_still_polls_and_downloads(world: World) -> None:
    """C6."""
    key = await another_key(world, models=("other",))
    task = await world.make()

    is_error(await world.post(key), 403, "model_not_allowed")
    is_error(await world.ask("POST", "/v1/videos/quote", key, json={"prompt": "a"}), 403)
    assert (await world.ask("GET", f"/v1/videos/{task['id']}", key)).status == 200
    assert (await world.ask("GET", f"/v1/videos/{task['id']}/content", key)).status == 200
    assert (await world.ask("GET", "/v1/models", key)).json["data"] == []


async def test_an_account_without_money_still_polls_and_downloads(world: World) -> None:
    """C6."""
    poor = await world.open("dora", "0.30")
    task = await world.make(poor)

    is_error(await world.post(poor, duration=1), 402, "insufficient_balance")
    assert (await world.ask("GET", f"/v1/videos/{task['id']}/content", poor)).status == 200


async def test_too_many_open_tasks_are_too_many_requests(tmp_path: Path, engine: Scripted) -> None:
    """C28: 429 with Retry-After, and nothing is held."""

    def at_most_two(gateway: Gateway) -> Gateway:
        return replace(gateway, rules=replace(gateway.rules, open_tasks=2))

    async with open_world(tmp_path / "home", engine, run=False, change=at_most_two) as world:
        await world.open("alice", "10")
        for _ in range(2):
            assert (await world.post(duration=1)).status == 200

        refused = await world.post(duration=1)

        is_error(refused, 429, "rate_limit_exceeded")
        assert int(refused.headers["retry-after"]) > 0
        assert str((await world.account_of(world.alice)).held) == "0.10"
