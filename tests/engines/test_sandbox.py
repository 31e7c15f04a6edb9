"""The sandbox ends tasks as their prompts ask, and gives its films their turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.engines import Inputs, Lost, Made, Refused, Ticket, Working
from kinetoscope.engines.sandbox import SLOW_SECONDS, WORDS, Sandbox
from tests.engines.scripted import Scripted


class Time:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def order(prompt: str) -> Order:
    return Order(
        model="grok-imagine",
        operation=Operation.TEXT,
        prompt=prompt,
        duration=6,
        tier=Tier.P480,
        ratio="16:9",
    )


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def draws(reel: Path) -> Scripted:
    return Scripted(reel)


@pytest.fixture
def sandbox(draws: Scripted, clock: Time) -> Sandbox:
    return Sandbox(draws, clock)


@pytest.mark.parametrize("word", WORDS)
async def test_a_word_is_an_end_after_a_moment(sandbox: Sandbox, clock: Time, word: str) -> None:
    ticket = await sandbox.start("task_1", order(f"A fox, {word.upper()}"), Inputs())
    assert isinstance(await sandbox.poll(ticket), Working)

    clock.now = 1
    report = await sandbox.poll(ticket)

    assert isinstance(report, Refused)
    assert report.code == WORDS[word][0]
    assert word in report.message
    assert not report.billed


async def test_a_slow_one_gets_on_for_20_seconds(sandbox: Sandbox, clock: Time) -> None:
    ticket = await sandbox.start("task_1", order("[slow] fox"), Inputs())

    seen = []
    for second in range(int(SLOW_SECONDS)):
        clock.now = second
        report = await sandbox.poll(ticket)
        assert isinstance(report, Working)
        seen.append(report.progress)
    clock.now = SLOW_SECONDS

    assert seen == list(range(0, 100, 5))
    assert isinstance(await sandbox.poll(ticket), Made)


async def test_a_film_waits_while_there_is_no_room(sandbox: Sandbox, draws: Scripted) -> None:
    draws.starting.extend(EngineUnavailable("it draws others") for _ in range(2))

    ticket = await sandbox.start("task_1", order("a fox"), Inputs())

    assert await sandbox.poll(ticket) == Working(0)
    assert isinstance(await sandbox.poll(ticket), Made)


async def test_what_it_does_not_know_is_lost_and_what_it_forgot_too(sandbox: Sandbox) -> None:
    ticket = await sandbox.start("task_1", order("a fox"), Inputs())
    await sandbox.forget(ticket)

    assert await sandbox.poll(ticket) == Lost()
    assert await sandbox.poll(Ticket("of another process")) == Lost()
