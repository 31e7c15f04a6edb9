"""What a program does that uses OpenAI's client for Python; says as JSON what came of it.

Knows nothing of ours: it runs beside either generation of the client.
"""

# mypy: disable-error-code="deprecated"

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai

BASE, KEY, POOR_KEY = f"{os.environ['URL']}/v1", os.environ["KEY"], os.environ["POOR_KEY"]
REEL, PICTURE = Path(os.environ["REEL"]), Path(os.environ["PICTURE"])
QUICK = {"poll_interval_ms": 20}
AS_JSON = {"Content-Type": "application/json"}

sent: list[str] = []


def client_of(key: str, **more: Any) -> Any:
    """Make a client whose requests are counted."""
    client = openai.OpenAI(api_key=key, base_url=BASE, **more)
    client._client.event_hooks["request"].append(lambda request: sent.append(request.url.path))
    return client


def made(client: Any) -> Any:
    video = client.videos.create_and_poll(
        prompt="a fox", model="grok-imagine", seconds="4", size="1280x720", **QUICK
    )
    film = client.videos.download_content(video.id).read()
    again = client.videos.retrieve(video.id)
    return {
        "status": video.status,
        "progress": video.progress,
        "seconds": video.seconds,
        "size": video.size,
        "model": video.model,
        "charged": video.metadata["billing"]["charged"],
        "has_link": video.url == video.metadata["url"],
        "same": again.id == video.id,
        "is_reel": hashlib.sha256(film).digest() == hashlib.sha256(REEL.read_bytes()).digest(),
    }


def made_of_json(client: Any) -> Any:
    asked = {"prompt": "a fox", "seconds": "4", "size": "480p"}
    return summary(client.videos.create(extra_headers=AS_JSON, **asked))


def polled(client: Any) -> Any:
    raw = client.videos.with_raw_response.create(prompt="a fox", seconds="1")
    return {
        "after": raw.headers["openai-poll-after-ms"],
        "status": client.videos.poll(raw.parse().id).status,
    }


def listed(client: Any) -> Any:
    before = [video.id for video in client.videos.list(limit=100)]
    new = [client.videos.create(prompt="an owl", seconds="1").id for _ in range(5)]
    pages = list(client.videos.list(limit=2).iter_pages())
    oldest = next(iter(client.videos.list(limit=1, order="asc")))
    return {
        "newest_first": [video.id for page in pages for video in page.data]
        == [*reversed(new), *before],
        "pages": [len(page.data) for page in pages[:3]],
        "oldest": oldest.id == before[-1],
        "after": [video.id for video in client.videos.list(after=new[1], limit=1).data] == [new[0]],
    }


def deleted(client: Any) -> Any:
    video = finished(client)
    gone = client.videos.delete(video.id)
    return {
        "deleted": gone.deleted,
        "object": gone.object,
        "then": refusal(lambda: client.videos.retrieve(video.id)),
    }


def made_of_others(client: Any) -> Any:
    source = finished(client)
    named = {"video": {"id": source.id}}
    videos = [
        client.videos.remix(source.id, prompt="in snow"),
        client.videos.edit(prompt="noir", video=openai.omit, extra_body=named),
        client.videos.edit(prompt="noir", video=REEL.read_bytes()),
        client.videos.extend(prompt="on", seconds="4", video=openai.omit, extra_body=named),
        client.videos.extend(prompt="on", seconds="4", video=REEL),
    ]
    return [summary(client.videos.poll(video.id, **QUICK)) for video in videos]


def made_of_images(client: Any) -> Any:
    two = [{"url": data_url()}, {"url": data_url()}]
    asked: list[dict[str, Any]] = [
        {"input_reference": PICTURE.read_bytes(), "seconds": "4"},
        {"input_reference": ("fox.png", PICTURE.read_bytes(), "image/png"), "seconds": "4"},
        {"extra_body": {"input_reference": {"image_url": data_url()}, "duration": 4}},
        {"extra_body": {"image": {"url": data_url()}, "duration": "4"}},
        {"extra_body": {"images": [data_url(), data_url()], "duration": 4}},
        {"extra_body": {"reference_images": two, "duration": 4, "generate_audio": False}},
        {"input_reference": [PICTURE.read_bytes(), PICTURE.read_bytes()], "seconds": "4"},
        {"extra_body": {"extra_body": {"operation": "text_to_video", "duration": 4}}},
    ]
    return [summary(client.videos.create(prompt="it moves", **each)) for each in asked]


def failed(client: Any) -> Any:
    asked = {"prompt": "forbidden", "seconds": "4", "size": "1280x720"}
    video = client.videos.create_and_poll(**asked, **QUICK)
    return {"status": video.status, "code": video.error.code, "message": video.error.message}


def repeated(client: Any) -> Any:
    key = {"Idempotency-Key": "once"}
    ids = [client.videos.create(prompt="a", seconds="4", extra_headers=key).id for _ in range(2)]
    return {
        "same": ids[0] == ids[1],
        "other": refusal(lambda: client.videos.create(prompt="b", seconds="4", extra_headers=key)),
    }


def refused(client: Any) -> Any:
    running = client.videos.create(prompt="endless", seconds="4").id
    poor, stranger = client_of(POOR_KEY), client_of("sk-nobody")
    asked: dict[str, Callable[[], Any]] = {
        "stranger": lambda: stranger.videos.create(prompt="a", seconds="4"),
        "poor": lambda: poor.videos.create(prompt="a", seconds="4"),
        "model": lambda: client.videos.create(prompt="a", seconds="4", model="sora-9"),
        "seconds": lambda: client.videos.create(prompt="a", seconds="99"),
        "size": lambda: client.videos.create(prompt="a", seconds="4", size="1080p"),
        "unknown": lambda: client.videos.retrieve("video_123"),
        "early": lambda: client.videos.download_content(running),
        "remix": lambda: client.videos.remix(running, prompt="a"),
        "running": lambda: client.videos.delete(running),
        "character": lambda: client.videos.create_character(name="a", video=REEL.read_bytes()),
        "characters": lambda: client.videos.get_character("char_1"),
        "private": lambda: client.videos.create(
            prompt="a", extra_body={"image": "http://127.0.0.1:1/a.png", "duration": 4}
        ),
    }
    return {name: refusal(ask) for name, ask in asked.items()}


def models(client: Any) -> Any:
    names = [model.id for model in client.models.list()]
    return {"names": names, "one": client.models.retrieve(names[0]).owned_by}


def made_in_a_loop(client: Any) -> Any:
    """Do it with the client for event loops as well."""
    del client

    async def run() -> Any:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=BASE) as other:
            return await other.videos.create_and_poll(
                prompt="a",
                seconds="4",
                poll_interval_ms=20,
            )

    return asyncio.run(run()).status


def summary(video: Any) -> Any:
    return [video.object, video.seconds, video.size, video.metadata["operation"]]


def finished(client: Any) -> Any:
    return client.videos.create_and_poll(prompt="a fox", seconds="4", **QUICK)


def refusal(ask: Callable[[], Any]) -> Any:
    """Tell how a request was refused, and how often it was made."""
    sent.clear()
    try:
        ask()
    except openai.APIStatusError as error:
        named = bool(error.request_id)
        return [error.status_code, error.code, error.param, len(sent)] if named else None
    return None


def data_url() -> str:
    import base64  # noqa: PLC0415 - of one story only

    return f"data:image/png;base64,{base64.b64encode(PICTURE.read_bytes()).decode()}"


def main() -> None:
    strict = client_of(KEY, _strict_response_validation=True)
    loose = client_of(KEY)
    told = {
        "version": openai.__version__,
        "made": made(strict),
        "made_of_json": made_of_json(loose),
        "polled": polled(loose),
        "listed": listed(loose),
        "deleted": deleted(loose),
        "made_of_others": made_of_others(loose),
        "made_of_images": made_of_images(loose),
        "failed": failed(strict),
        "repeated": repeated(loose),
        "refused": refused(loose),
        "models": models(loose),
        "made_in_a_loop": made_in_a_loop(loose),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
