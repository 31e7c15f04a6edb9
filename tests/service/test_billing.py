"""The bill follows what was really made, and never goes above what was held (C33, C36, C39)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.task import Status, Task
from kinetoscope.engines import Made
from tests.engines.scripted import Scripted
from tests.films import film
from tests.service.stage import ended, money, order, runner, set_stage
from tests.world import World


@pytest.fixture
async def stage(tmp_path: Path, engine: Scripted) -> AsyncIterator[World]:
    async with set_stage(tmp_path / "home", engine) as world:
        yield world


def _url(path: Path) -> str:
    return "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()


async def _made(stage: World, result: Path, **fields: Any) -> Task:
    """Order something that becomes *result*, and check that its bill adds up."""
    task = await order(stage, **fields)
    stage.engine.will(Made(result))
    async with runner(stage):
        done = await ended(stage, task.id)
    assert done.status is Status.COMPLETED
    bill = json.loads(done.billing or "")
    lines = [Money.parse(line["unit_price"]) * line["quantity"] for line in bill["lines"]]
    assert [str(line) for line in lines] == [line["amount"] for line in bill["lines"]]
    assert sum(lines, start=ZERO) == done.charged == Money.parse(bill["charged"])
    assert Money.parse(bill["released"]) == done.held - done.charged
    return done


@pytest.mark.parametrize("seconds, charged", [(2, "0.10"), (5.5, "0.30"), (6, "0.30"), (9, "0.30")])
async def test_a_text_is_billed_by_its_seconds_up_to_those_asked_for(
    stage: World, tmp_path: Path, seconds: float, charged: str
) -> None:
    done = await _made(stage, film(tmp_path / "made.mp4", seconds))

    assert (str(done.held), str(done.charged)) == ("0.30", charged)
    assert await money(stage) == (str(Money.parse("10") - Money.parse(charged)), "0.00")


async def test_an_edit_is_billed_by_the_picture_that_was_made(stage: World, tmp_path: Path) -> None:
    """The 720p that was expected became 480p: 2 × 0.01 + 2 × 0.05."""
    source = film(tmp_path / "source.mp4", 2)

    done = await _made(stage, source, video=_url(source), duration=..., size="720p")

    assert (str(done.held), str(done.charged)) == ("0.16", "0.12")
    assert await money(stage) == ("9.88", "0.00")


async def test_an_edit_that_became_larger_than_promised_costs_what_was_promised(
    stage: World, tmp_path: Path
) -> None:
    """The engine made 720p of a 480p source; the hold was for 480p."""
    source = film(tmp_path / "source.mp4", 2)
    larger = film(tmp_path / "larger.mp4", 2, 1280, 720)

    done = await _made(stage, larger, video=_url(source), duration=...)

    assert (str(done.held), str(done.charged)) == ("0.12", "0.12")
    assert done.seconds == "2"
    assert await money(stage) == ("9.88", "0.00")


@pytest.mark.parametrize("seconds, charged", [(5, "0.17"), (4, "0.12"), (1, "0.02"), (9, "0.17")])
async def test_an_extension_is_billed_by_what_was_appended(
    stage: World, tmp_path: Path, seconds: int, charged: str
) -> None:
    """2 s extended by 3 s: 2 × 0.01 + 3 × 0.05, less where less was appended."""
    source = film(tmp_path / "source.mp4", 2)

    done = await _made(stage, film(tmp_path / "made.mp4", seconds), video=_url(source), duration=3)

    assert (str(done.held), str(done.charged)) == ("0.17", charged)
    assert await money(stage) == (str(Money.parse("10") - Money.parse(charged)), "0.00")
