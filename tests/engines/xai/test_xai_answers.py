"""What xAI's answers become: made, refused, working, and who pays."""

from __future__ import annotations

import pytest

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.task import Failure
from kinetoscope.engines import Inputs, Made, Refused, Ticket, Working
from kinetoscope.engines.xai import Xai
from tests.engines.xai.stand import begun, report_of, text
from tests.engines.xai_server import Story, XaiServer

_NONE = Inputs()


async def test_a_video_is_made_with_its_address_and_its_cost(engine: Xai, xai: XaiServer) -> None:
    xai.will(Story(render_seconds=0.2))

    ticket = await begun(engine, text())
    report = await report_of(engine, ticket)

    assert report == Made(f"{xai.files}/{xai.made[0].request_id}.mp4", 500_000_000)


async def test_progress_is_told_and_never_complete(engine: Xai, xai: XaiServer) -> None:
    xai.will(Story(end="never"), Story(end="never", stalls_at=40), Story(end="unknown"))
    first, second = await begun(engine, text()), await begun(engine, text())
    strange = await begun(engine, text())

    assert await engine.poll(first) == Working(99)
    assert await engine.poll(second) == Working(40)
    assert await engine.poll(strange) == Working()  # a word that it may mean something by


async def test_pending_without_a_word_is_work(engine: Xai, xai: XaiServer) -> None:
    xai.will(Story(end="never", pending_bare=True))

    assert await engine.poll(await begun(engine, text())) == Working()


@pytest.mark.parametrize(
    "story, billed",
    [
        (Story(end="moderated"), True),
        (Story(end="moderated", cost=None), True),
        (Story(end="moderated", cost=0), False),
        (Story(end="moderated_status"), True),
        (Story(end="failed", cost=300_000_000), True),
        (Story(end="failed", error=("invalid_argument", "Content moderated.")), False),
    ],
)
async def test_moderation_has_three_shapes_and_costs_what_it_cost_us(
    engine: Xai, xai: XaiServer, story: Story, *, billed: bool
) -> None:
    """C37."""
    xai.will(story)

    report = await report_of(engine, await begun(engine, text()))

    assert isinstance(report, Refused)
    assert (report.code, report.billed) == (Failure.MODERATED, billed)
    assert "change the prompt" in report.message


async def test_moderation_of_the_prompt_is_free(engine: Xai, xai: XaiServer) -> None:
    xai.will(Story(refusal=("INVALID_ARGUMENT", "imagine:content-moderated: no")))

    refused = await engine.start("task_1", text(), _NONE)

    assert isinstance(refused, Refused)
    assert (refused.code, refused.billed) == (Failure.MODERATED, False)
    assert xai.made == []


@pytest.mark.parametrize(
    "story, code, word",
    [
        (Story(end="failed"), Failure.FAILED, "try again"),
        (Story(end="failed", error=("invalid-argument", "odd")), Failure.FAILED, "change"),
        (Story(end="failed_bare"), Failure.FAILED, "try again"),
        (Story(end="expired"), Failure.FAILED, "does not hold"),
        (Story(end="gone"), Failure.FAILED, "does not know"),
    ],
)
async def test_a_failure_costs_nothing_and_is_told_in_our_words(
    engine: Xai, xai: XaiServer, story: Story, code: Failure, word: str
) -> None:
    """C28: what the upstream says is for the operator."""
    xai.will(story)
    ticket = await begun(engine, text())
    old = Ticket(f"{ticket.partition('@')[0]}@1")  # past the grace of a request just made

    report = await report_of(engine, old)

    assert isinstance(report, Refused)
    assert (report.code, report.billed) == (code, False)
    assert word in report.message
    for theirs in ("something broke", "odd", "NOT_FOUND", "FAILED"):
        assert theirs not in report.message
    assert report.said


async def test_a_request_that_is_not_found_yet_is_waited_for(engine: Xai, xai: XaiServer) -> None:
    xai.will(Story(unseen_for=0.3))
    ticket = await begun(engine, text())

    assert await engine.poll(ticket) == Working()
    assert isinstance(await report_of(engine, ticket), Made)


async def test_done_without_a_video_is_asked_again(engine: Xai, xai: XaiServer) -> None:
    xai.will(Story(end="empty"))
    ticket = await begun(engine, text())

    with pytest.raises(EngineUnavailable, match="not with what"):
        await engine.poll(ticket)


@pytest.mark.parametrize(
    "status",
    [
        "UNAVAILABLE",
        "INTERNAL",
        "UNKNOWN",
        "RESOURCE_EXHAUSTED",
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "DEADLINE_EXCEEDED",
    ],
)
async def test_a_poll_that_goes_wrong_never_fails_the_video(
    engine: Xai, xai: XaiServer, status: str
) -> None:
    """Of those statuses the SDK itself asks again after the first."""
    xai.will(Story(poll_refusals=((status, "no"),) * 6))
    ticket = await begun(engine, text())

    for _ in range(6):
        try:
            report = await engine.poll(ticket)
        except EngineUnavailable:
            continue
        break
    else:
        report = await engine.poll(ticket)

    assert isinstance(report, Made)
    assert len(xai.made) == 1


@pytest.mark.parametrize(
    "refusal, code",
    [
        (("INVALID_ARGUMENT", "Duration must be between 1 and 15 seconds"), Failure.FAILED),
        (("FAILED_PRECONDITION", "their own words"), Failure.FAILED),
        (("OUT_OF_RANGE", "their own words"), Failure.FAILED),
        (("DATA_LOSS", "Could not fetch https://example.com/fox.png"), Failure.UNREACHABLE),
    ],
)
async def test_what_is_turned_down_is_final_and_free(
    engine: Xai, xai: XaiServer, refusal: tuple[str, str], code: Failure
) -> None:
    xai.will(Story(refusal=refusal))

    refused = await engine.start("task_1", text(), _NONE)

    assert isinstance(refused, Refused)
    assert (refused.code, refused.billed, refused.cost) == (code, False, None)
    assert refused.said == ": ".join(refusal)
    assert refusal[1] not in refused.message
