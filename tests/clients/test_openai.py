"""OpenAI's own clients as they are sold: two generations for Python, and the one for Node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import HERE, Service, node, python_of

CLIENTS = ("python2", "python3", "node")


@pytest.fixture(scope="module", params=CLIENTS)
def told(request: pytest.FixtureRequest, service: Service) -> Any:
    """What a client has to tell of its day with us; all of them tell the same."""
    if request.param == "node":
        story = [*node(), str(HERE / "node" / "openai.mjs")]
        return service.listen_to(story, "node") | {"version": request.param}
    generation = int(request.param[-1])
    python, where = python_of(generation)
    found = service.listen_to([*python, str(HERE / "openai_story.py")], request.param, **where)
    assert found["version"].startswith(f"{generation}.")
    return found


def test_a_video_is_made_found_and_downloaded(told: Any) -> None:
    """C1 to C3, C20 to C26; in Python under the strictest reading that its client has."""
    assert told["made"] == {
        "status": "completed",
        "progress": 100,
        "seconds": "4",
        "size": "1280x720",
        "model": "grok-imagine",
        "charged": "0.28",
        "has_link": True,
        "same": True,
        "is_reel": True,
    }


def test_a_body_may_be_json(told: Any) -> None:
    """C7."""
    assert told["made_of_json"] == ["video", "4", "480p", "text_to_video"]


def test_its_own_polling_waits_as_long_as_it_is_told(told: Any) -> None:
    """C29."""
    if told["version"] == "node":  # it has none
        assert "polled" not in told
        return
    assert told["polled"] == {"after": "1000", "status": "completed"}
    assert told["made_in_a_loop"] == "completed"


def test_pages_follow_each_other(told: Any) -> None:
    """C41."""
    pages = {"newest_first": True, "pages": [2, 2, 2], "oldest": True, "after": True}
    assert told["listed"] == pages


def test_a_video_is_deleted(told: Any) -> None:
    """C42."""
    then = [404, "not_found", "id", 1]
    assert told["deleted"] == {"deleted": True, "object": "video.deleted", "then": then}


def test_videos_are_made_of_videos(told: Any) -> None:
    """C10, C14, C17, C24: by id and by file."""
    edit = ["video", "6", "480p", "edit_video"]
    extend = ["video", "4", "480p", "video_extend"]
    assert told["made_of_others"] == [edit, edit, edit, extend, extend]


def test_videos_are_made_of_images(told: Any) -> None:
    """C7, C10, C13, C14: files, objects, lists, flat and nested."""
    image = ["video", "4", "480p", "image_to_video"]
    several = ["video", "4", "480p", "reference_to_video"]
    text = ["video", "4", "480p", "text_to_video"]
    assert told["made_of_images"] == [image] * 4 + [several] * 3 + [text]


def test_a_failure_ends_the_polling(told: Any) -> None:
    """C23; it stands even the strictest reading."""
    message = "this is not shown here"
    assert told["failed"] == {"status": "failed", "code": "moderation_blocked", "message": message}


def test_a_repeated_request_is_known_again(told: Any) -> None:
    """C30."""
    conflict = [409, "idempotency_conflict", "Idempotency-Key", 1]
    assert told["repeated"] == {"same": True, "other": conflict}


def test_every_refusal_is_told_once_and_names_what_is_wrong(told: Any) -> None:
    """C5, C8, C26, C28, C35: the last number is how often it was asked."""
    assert told["refused"] == {
        "stranger": [401, "invalid_api_key", None, 1],
        "poor": [402, "insufficient_balance", None, 1],
        "model": [404, "model_not_found", "model", 1],
        "seconds": [400, "invalid_request", "duration", 1],
        "size": [400, "invalid_request", "size", 1],
        "unknown": [404, "not_found", "id", 1],
        "early": [400, "video_not_ready", "id", 1],
        "remix": [400, "invalid_request", "id", 1],
        "running": [409, "video_in_progress", "id", 1],
        "character": [501, "not_implemented", None, 1],
        "characters": [501, "not_implemented", None, 1],
        "private": [400, "input_forbidden", "image", 1],
    }


def test_models_are_listed_and_found(told: Any) -> None:
    """C44."""
    assert told["models"] == {"names": ["grok-imagine"], "one": "kinetoscope"}
