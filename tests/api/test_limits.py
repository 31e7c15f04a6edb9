"""What keys may do at most: every refusal, what it says, and that nobody is kept from polling."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.domain.bounds import Bounds, Period
from kinetoscope.domain.money import Money
from tests.api.shapes import is_error
from tests.api.test_keys import another_key
from tests.engines.scripted import Refused, Scripted
from tests.world import Answer, World, open_world

_PACE = "x-ratelimit-{}-requests"


def pace(answer: Answer) -> list[str]:
    return [answer.headers[_PACE.format(name)] for name in ("limit", "remaining", "reset")]


async def ask_for(world: World, bounds: Bounds, **fields: Any) -> tuple[Any, list[Answer]]:
    """Ask as often as it takes to be refused, at most ten times."""
    key = await another_key(world, bounds=bounds)
    answers: list[Answer] = []
    while len(answers) < 10:
        answers.append(await world.post(key, **fields))
        if answers[-1].status != 200:
            break
    return key, answers


async def test_a_key_makes_so_many_requests_a_minute(world: World) -> None:
    world.clock.stop()
    key, answers = await ask_for(world, Bounds(per_minute=3), duration=1)

    assert [pace(each)[:2] for each in answers] == [["3", "2"], ["3", "1"], ["3", "0"], ["3", "0"]]
    message = is_error(answers[-1], 429, "rate_limit_exceeded")
    assert "3 requests a minute" in message
    wait = int(answers[-1].headers["retry-after"])
    assert wait == 20
    assert [pace(each)[2] for each in answers] == ["20s", "40s", "1m0s", "1m0s"]

    world.clock.skip(wait)
    again = await world.post(key, duration=1)

    assert (again.status, pace(again)[1]) == (200, "0")


async def test_a_quote_counts_and_polling_does_not(world: World) -> None:
    """C6."""
    world.clock.stop()
    key = await another_key(world, bounds=Bounds(per_minute=2))
    made = await world.make(key, duration=1)
    asked = {"json": {"prompt": "a fox", "duration": 1}}

    quoted = await world.ask("POST", "/v1/videos/quote", key, **asked)

    assert (quoted.status, pace(quoted)[1]) == (200, "0")
    refused = await world.ask("POST", "/v1/videos/quote", key, **asked)
    is_error(refused, 429, "rate_limit_exceeded")
    for path in ("", "/content"):
        assert (await world.ask("GET", f"/v1/videos/{made['id']}{path}", key)).status == 200
    for path in ("/v1/videos", "/v1/balance", "/v1/key", "/v1/models"):
        assert (await world.ask("GET", path, key)).status == 200


async def test_the_same_request_again_is_answered_without_a_turn(world: World) -> None:
    key = await another_key(world, bounds=Bounds(per_minute=1))
    asked = {"json": {"prompt": "a fox", "duration": 1}, "headers": {"Idempotency-Key": "one"}}

    first = await world.ask("POST", "/v1/videos", key, **asked)
    again = await world.ask("POST", "/v1/videos", key, **asked)

    assert first.json["id"] == again.json["id"]


async def test_what_is_refused_before_it_was_looked_at_takes_no_turn(world: World) -> None:
    key = await another_key(world, bounds=Bounds(per_minute=1))

    is_error(await world.post(key, duration=99), 400)

    assert (await world.post(key, duration=1)).status == 200


async def test_a_key_without_a_pace_is_told_of_none(world: World) -> None:
    answer = await world.post(duration=1)

    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]


async def test_so_many_tasks_run_at_once(tmp_path: Path, engine: Scripted) -> None:
    async with open_world(tmp_path / "home", engine, run=False) as world:
        await world.open("alice", "10")

        key, answers = await ask_for(world, Bounds(running=2), duration=1)

        message = is_error(answers[2], 429, "too_many_running")
        assert "2 tasks of this key" in message
        assert int(answers[2].headers["retry-after"]) > 0
        await world.ask("POST", f"/v1/videos/{answers[0].json['id']}/cancel", key)
        assert (await world.post(key, duration=1)).status == 200
        await world.audit()


async def test_what_may_be_spent_a_day_is_back_the_day_after(world: World) -> None:
    world.clock.stop()
    key, answers = await ask_for(world, Bounds(per_day=Money.parse("0.12")), duration=1)
    now = int(world.clock())

    message = is_error(answers[2], 402, "key_limit_reached")

    tomorrow = datetime.fromtimestamp(Period.at(now).next_day, UTC).strftime("%Y-%m-%d %H:%M UTC")
    assert message == (
        "this costs up to $0.05 and the key may still spend $0.02 of $0.12"
        f" today, which ends at {tomorrow}"
    )
    world.clock.skip(Period.at(now).next_day - now)
    assert (await world.post(key, duration=1)).status == 200
    await world.audit()


async def test_what_may_be_spent_a_month_is_back_the_month_after(world: World) -> None:
    world.clock.stop()
    key, answers = await ask_for(world, Bounds(per_month=Money.parse("0.05")), duration=1)
    now = int(world.clock())

    assert "this month, which ends at" in is_error(answers[1], 402, "key_limit_reached")

    world.clock.skip(Period.at(now).next_month - now)
    assert (await world.post(key, duration=1)).status == 200


async def test_what_a_failed_task_gives_back_can_be_spent_the_same_day(world: World) -> None:
    world.clock.stop()
    key = await another_key(world, bounds=Bounds(per_day=Money.parse("0.05")))
    world.engine.will(Refused("task_failed", "no luck"))
    await world.make(key, duration=1)

    assert (await world.post(key, duration=1)).status == 200


async def test_an_expired_key_opens_nothing(world: World) -> None:
    soon = int(world.clock()) + 100
    key = await another_key(world, bounds=Bounds(expires_at=soon))
    made = await world.make(key, duration=1)

    world.clock.skip(100)

    for verb, path in (
        ("POST", "/v1/videos"),
        ("GET", f"/v1/videos/{made['id']}"),
        ("GET", f"/v1/videos/{made['id']}/content"),
        ("GET", "/v1/key"),
    ):
        message = is_error(await world.ask(verb, path, key), 401, "api_key_expired")
        assert "expired at" in message


async def test_a_key_of_other_networks_opens_nothing(world: World) -> None:
    key = await another_key(world, bounds=Bounds(networks=("10.0.0.0/8", "2001:db8::/32")))
    forged = {"X-Forwarded-For": "10.1.1.1"}

    for verb, path in (("POST", "/v1/videos"), ("GET", "/v1/videos"), ("GET", "/v1/key")):
        answer = await world.ask(verb, path, key, headers=forged)
        message = is_error(answer, 403, "network_not_allowed")
        assert "from 127.0.0.1" in message
        assert "10.0.0.0" not in message


async def test_a_key_of_this_network_is_let_in(world: World) -> None:
    key = await another_key(world, bounds=Bounds(networks=("127.0.0.0/8",)))

    assert (await world.post(key, duration=1)).status == 200


@pytest.mark.parametrize(
    "forwarded,status",
    [
        ("10.1.1.1", 200),
        ("8.8.8.8, 10.1.1.1", 200),
        ("10.1.1.1, 8.8.8.8", 403),
        ("10.1.1.1, 127.0.0.9", 200),
        ("10.1.1.1, 8.8.8.8, 127.0.0.9", 403),
        ("::ffff:10.1.1.1", 200),
        ("10.1.1.1, rubbish", 403),
        ("", 403),
    ],
)
async def test_only_what_our_proxies_wrote_is_believed(
    tmp_path: Path, engine: Scripted, forwarded: str, status: int
) -> None:
    async with open_world(tmp_path / "home", engine, proxies=["127.0.0.0/8"]) as world:
        await world.open("alice", "10")
        key = await another_key(world, bounds=Bounds(networks=("10.0.0.0/8",)))

        answer = await world.ask("GET", "/v1/key", key, headers={"X-Forwarded-For": forwarded})

        assert answer.status == status, answer.body


async def test_a_key_is_told_what_it_may_do(world: World) -> None:
    world.clock.stop()
    bounds = Bounds(per_minute=60, running=5, per_day=Money.parse("1"), expires_at=2**33)
    key = await another_key(
        world, name="web", bounds=bounds, spend_limit=Money.parse("9"), models=("grok-imagine",)
    )
    await world.make(key)

    shown = (await world.ask("GET", "/v1/key", key)).json

    limits = shown["limits"]
    assert shown.items() >= {"name": "web", "account": "alice", "test": False}.items()
    assert (shown["models"], shown["networks"], shown["expires_at"]) == (
        ["grok-imagine"],
        None,
        2**33,
    )
    assert limits["per_minute"] == {"limit": 60, "remaining": 59}
    assert limits["running"] == {"limit": 5, "remaining": 5}
    assert limits["per_day"]["remaining"] == "0.70"
    assert limits["per_month"] is None
    assert limits["in_all"] == {"limit": "9.00", "remaining": "8.70", "resets_at": None}


async def test_50_at_once_on_a_pace_of_5_are_5(world: World) -> None:
    world.clock.stop()
    key = await another_key(world, bounds=Bounds(per_minute=5))

    answers = await asyncio.gather(*(world.post(key, duration=1) for _ in range(50)))

    assert sorted(each.status for each in answers) == [200] * 5 + [429] * 45
