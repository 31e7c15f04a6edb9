"""Vercel's AI SDK with its package for xAI, at the address made for it and at OpenAI's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import HERE, Service, node

PACKAGES = {6: ("ai-6", "@ai-sdk/xai-3"), 7: ("ai", "@ai-sdk/xai")}
NATIVE, PLAIN = "/xai/v1", "/v1"


@pytest.fixture(
    scope="module",
    params=[(generation, base) for generation in PACKAGES for base in (NATIVE, PLAIN)],
    ids=lambda param: f"{param[0]}-at-{param[1].strip('/').replace('/', '-')}",
)
def told(request: pytest.FixtureRequest, service: Service) -> Any:
    """What one of its generations has to tell of its day at one of the addresses."""
    generation, base = request.param
    ai, xai = PACKAGES[generation]
    story = [*node(), str(HERE / "node" / "ai.mjs")]
    name = f"ai-{generation}-{base}"
    found = service.listen_to(story, name, BASE=base, AI=ai, XAI=xai)
    return {"generation": generation, "base": base, **found}


def made(ticks: int) -> list[Any]:
    """Say of a video what it should say: its length, its price, and that it is the film."""
    return ["video/mp4", 6, ticks, 100, True]


def test_all_five_operations_make_a_video(told: Any) -> None:
    assert told["text"] == made(2_800_000_000)
    assert told["model"] == "grok-imagine-video"
    assert told["image"] == made(2_020_000_000)
    assert told["references"] == made(2_040_000_000)
    assert told["edit"] == made(3_600_000_000)
    assert told["extend"] == made(600_000_000)  # it is no longer than its source


def test_a_video_is_begun_now_and_asked_for_later(told: Any) -> None:
    if told["generation"] == 6:
        assert told["resumed"] is None  # it cannot
    else:
        assert told["resumed"][-1] == "completed"


def test_every_request_of_the_newer_bears_a_key_of_its_own(told: Any) -> None:
    assert (told["has_keys"], told["keys"]) == (
        (False, 1) if told["generation"] == 6 else (True, 6)
    )


def test_refusals_reach_its_user_in_our_words(told: Any) -> None:
    """The last number is how often it asked."""
    _, status, message, requests = told["stranger"]
    assert (status, requests) == (401, 1)
    assert "API key" in message
    assert told["poor"][1::2] == [402, 1]
    assert "this costs" in told["poor"][2]
    assert told["unknown"][1::2] == [404, 1]
    assert told["large"][1::2] == [400, 1]
    assert "use 480p or 720p" in told["large"][2]


def test_the_kind_of_a_refusal_stands_before_it_where_xai_says_it(told: Any) -> None:
    kinds = ("unauthenticated:bad-credentials", "resource-exhausted:insufficient-balance")
    for name, kind in zip(("stranger", "poor"), kinds, strict=True):
        assert told[name][2].startswith(f"{kind}: ") == (told["base"] == NATIVE)


def test_a_failure_ends_the_polling(told: Any) -> None:
    message = told["failed"][2].removesuffix(": this is not shown here")
    assert message.startswith("Video generation failed")
    assert (message == told["failed"][2]) == (told["generation"] == 6)  # it does not say why


def test_what_xai_takes_or_refuses_is_up_to_the_address(told: Any) -> None:
    if told["base"] == NATIVE:
        assert told["wordless"] is None
        assert "leave keyframes out" in told["keyframes"][2]
    else:
        assert told["wordless"][1] == 400
        assert told["keyframes"] is None  # listed in metadata.ignored


def test_it_waits_no_longer_than_it_was_told_to(told: Any) -> None:
    assert told["endless"][2].startswith("Video generation timed out after 50ms")


def test_its_own_download_visits_no_address_of_this_machine(told: Any) -> None:
    assert told["its_download"] == "AI_DownloadError"
