"""Vercel's AI SDK with its package for xAI, at the address made for it and at OpenAI's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import HERE, Service, node


def tell(service: Service, name: str, base: str) -> Any:
    story = [*node(), str(HERE / "node" / "ai.mjs")]
    return service.listen_to(story, name, BASE=base)


@pytest.fixture(scope="module")
def native(service: Service) -> Any:
    """What came of it at the address for xAI's clients."""
    return tell(service, "ai", "/xai/v1")


@pytest.fixture(scope="module")
def plain(service: Service) -> Any:
    """What came of it where OpenAI's clients go."""
    return tell(service, "ai-plain", "/v1")


@pytest.fixture(params=["native", "plain"])
def told(request: pytest.FixtureRequest) -> Any:
    """What came of it at either."""
    return request.getfixturevalue(request.param)


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
    assert told["resumed"][-1] == "completed"


def test_every_request_bears_a_key_of_its_own(told: Any) -> None:
    assert told["has_keys"]
    assert told["keys"] == 6


def test_refusals_reach_its_user_in_our_words(native: Any) -> None:
    assert native["failed"][2] == "Video generation failed: this is not shown here"
    name, status, message, requests = native["stranger"]
    assert (name, status, requests) == ("AI_APICallError", 401, 1)
    assert message.startswith("unauthenticated:bad-credentials: ")
    assert native["poor"][1::2] == [402, 1]
    assert "resource-exhausted:insufficient-balance: this costs" in native["poor"][2]
    assert native["unknown"][1::2] == [404, 1]
    assert native["large"][1::2] == [400, 1]
    assert "use 480p or 720p" in native["large"][2]
    assert "leave keyframes out" in native["keyframes"][2]


def test_refusals_are_understood_in_openais_shape_as_well(plain: Any) -> None:
    assert plain["stranger"][1::2] == [401, 1]
    assert plain["poor"][1::2] == [402, 1]
    assert plain["large"][2].startswith("resolution '1080p' is not made here")
    assert plain["failed"][2] == "Video generation failed: this is not shown here"
    assert plain["wordless"][1] == 400


def test_an_image_needs_no_words_where_xai_needs_none(native: Any) -> None:
    assert native["wordless"] is None


def test_it_waits_no_longer_than_it_was_told_to(told: Any) -> None:
    assert told["endless"][2] == "Video generation timed out after 50ms."


def test_its_own_download_visits_no_address_of_this_machine(told: Any) -> None:
    assert told["its_download"] == "AI_DownloadError"
