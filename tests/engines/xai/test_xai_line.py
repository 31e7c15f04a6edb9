"""Were we heard? A request to begin is sent once; what surely was not sent may go elsewhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinetoscope.domain.errors import EngineUnavailable, OutcomeUnknown
from kinetoscope.domain.order import Operation
from kinetoscope.engines import Inputs, Made, Refused
from kinetoscope.engines.xai import Pace, Upstream, Xai
from kinetoscope.engines.xai.line import Line
from tests.engines.xai.stand import KEY, begun, engine_at, image, report_of, text, with_images
from tests.engines.xai_server import Story, XaiServer
from tests.patience import PATIENCE

_NONE = Inputs()


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address at which nobody listens, and nobody else can."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{deaf.getsockname()[1]}"


def at(host: str, key: str = KEY) -> Xai:
    upstream = Upstream(key=key, fault="set XAI_API_KEY", host=host, tls=False)
    return Xai(name="xai", upstream=upstream, slots=1, submits=Pace(1000, 60_000))


@pytest.mark.parametrize(
    "story",
    [
        Story(hangs_up=True),
        Story(fault=("UNAVAILABLE", "failed to connect to all addresses; last error: a proxy's")),
        Story(fault=("INTERNAL", "")),
        Story(fault=("UNKNOWN", "")),
        Story(fault=("ABORTED", "")),
        Story(fault=("CANCELLED", "")),
        Story(fault=("DEADLINE_EXCEEDED", "")),
    ],
    ids=lambda story: story.fault[0] if story.fault else "hangs up",
)
async def test_what_may_have_been_heard_is_never_sent_again(
    engine: Xai, xai: XaiServer, story: Story
) -> None:
    xai.will(story)
    await engine.admit()

    with pytest.raises(OutcomeUnknown):
        await engine.start("task_1", text(), _NONE)

    await asyncio.sleep(0.3)  # longer than the SDK's own first retries
    assert xai.submits == len(xai.made) == 1


async def test_an_answer_that_does_not_come_is_an_unknown_outcome(
    engine: Xai, xai: XaiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kinetoscope.engines.xai.line.SUBMIT_SECONDS", 3)
    xai.will(Story(unanswered=True))
    await engine.admit()

    with pytest.raises(OutcomeUnknown, match="DEADLINE_EXCEEDED"):
        await engine.start("task_1", text(), _NONE)

    assert xai.submits == len(xai.made) == 1


async def test_a_request_is_sent_only_over_a_connection_that_stands(nowhere: str) -> None:
    engine = at(nowhere)

    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await engine.admit()

    assert not engine.well
    await engine.close()


async def test_a_connection_that_breaks_just_then_is_not_believed_to_have_carried_it(
    engine: Xai, xai: XaiServer
) -> None:
    """It stood when we looked; nobody listens any more."""
    await engine.admit()
    await xai.stop()

    with pytest.raises((EngineUnavailable, OutcomeUnknown)):
        await engine.start("task_1", text(), _NONE)
    await xai.start()
    await asyncio.sleep(1.5)  # longer than a connection takes to come back

    assert xai.submits == 0


async def test_an_outage_is_got_over(engine: Xai, xai: XaiServer) -> None:
    ticket = await begun(engine, text())
    await xai.stop()
    with pytest.raises(EngineUnavailable):
        await engine.poll(ticket)
    with pytest.raises(EngineUnavailable):
        await engine.admit()
    await xai.start()

    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await engine.admit()
                break
            except EngineUnavailable:
                await asyncio.sleep(0.1)

    assert isinstance(await report_of(engine, ticket), Made)
    await begun(engine, text())
    assert len(xai.made) == 2


async def test_a_host_without_an_address_was_not_heard() -> None:
    engine = at("nowhere.invalid:443")

    with pytest.raises(EngineUnavailable):
        await engine.admit()

    await engine.close()


async def test_two_questions_too_many_are_told_apart(engine: Xai, xai: XaiServer) -> None:
    """Sent faster than xAI likes, nothing began; and it pauses by itself."""
    xai.storm = True
    await engine.admit()

    with pytest.raises(EngineUnavailable, match="slow down"):
        await engine.start("task_1", text(), _NONE)

    assert xai.made == []
    assert engine.well
    assert engine.room() == 0
    with pytest.raises(EngineUnavailable, match="slow down"):
        await engine.admit()


async def test_a_message_that_is_too_large_is_refused_and_not_repeated(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    found, path = image(tmp_path)
    path.write_bytes(bytes(17 * 2**20))
    await engine.admit()

    refused = await engine.start(
        "task_1", text(operation=Operation.IMAGE), with_images((found, path))
    )

    assert isinstance(refused, Refused)
    assert "too large" in refused.message
    assert xai.submits == 0


async def test_a_key_that_is_refused_is_the_operators_problem(xai: XaiServer) -> None:
    xai.keys = {"another"}
    async with engine_at(xai) as engine:
        with pytest.raises(EngineUnavailable, match="refuses the key"):
            await engine.ready()
        assert not engine.well
        with pytest.raises(EngineUnavailable, match="refuses the key"):
            await engine.admit()
        assert xai.submits == 0


async def test_a_key_that_is_blocked_is_found_before_an_order_is(xai: XaiServer) -> None:
    xai.blocked = {"team_blocked"}
    async with engine_at(xai) as engine:
        with pytest.raises(EngineUnavailable, match="team blocked"):
            await engine.ready()


async def test_a_key_that_is_good_again_is_used_again(
    xai: XaiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kinetoscope.engines.xai._FIRST_REST", 0.05)
    xai.keys = {"another"}
    async with engine_at(xai) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.admit()
        xai.keys = None
        await asyncio.sleep(0.2)

        assert engine.well
        assert engine.room() == 1
        ticket = await begun(engine, text())
        assert engine.room() > 1
        assert isinstance(await report_of(engine, ticket), Made)
        await engine.ready()


async def test_who_may_not_make_videos_does_not_count_as_well_because_it_is_known(
    engine: Xai, xai: XaiServer
) -> None:
    xai.will(Story(refusal=("PERMISSION_DENIED", "not enabled for this team")))
    await engine.admit()
    with pytest.raises(EngineUnavailable, match="not enabled"):
        await engine.start("task_1", text(), _NONE)

    assert not engine.well
    with pytest.raises(EngineUnavailable, match="not enabled"):
        await engine.ready()


async def test_an_engine_without_a_key_says_where_it_goes() -> None:
    engine = at("127.0.0.1:1", key="")

    for ask in (engine.ready, engine.admit):
        with pytest.raises(EngineUnavailable, match="no API key: set XAI_API_KEY"):
            await ask()
    assert not engine.well


async def test_readiness_does_not_ask_every_time(engine: Xai, xai: XaiServer) -> None:
    await engine.ready()
    await xai.stop()

    await engine.ready()

    await xai.start()


async def test_loading_the_sdk_does_not_hold_up_the_loop(xai: XaiServer) -> None:
    """It takes most of a second, so it is done in a thread."""
    line = await asyncio.to_thread(Line, Upstream(key=KEY, host=xai.address, tls=False))
    line.open()
    await line.connect()
    await line.check_key()
    await line.close()
