"""The unmodified OpenAI SDK manages webhooks and reads their events; so does the standard's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import openai
import pytest
from standardwebhooks import WebhookVerificationError

from kinetoscope.engines import Refused
from tests.patience import PATIENCE, eventually
from tests.receiver import Receiver, receiving
from tests.world import Actor, World

T = TypeVar("T")
BOTH: Any = ["video.completed", "video.failed"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A customer's server."""
    async with receiving() as server:
        yield server


async def using(world: World, work: Callable[[openai.OpenAI], T], who: Actor | None = None) -> T:
    """Do *work* in a thread with the SDK's own client."""

    def run() -> T:
        secret, url = (who or world.alice).secret, f"{world.url}/v1"
        with openai.OpenAI(
            api_key=secret, base_url=url, timeout=PATIENCE, _strict_response_validation=True
        ) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_the_sdk_creates_lists_changes_and_removes_endpoints(
    world: World, receiver: Receiver
) -> None:
    def work(client: openai.OpenAI) -> None:
        types = client.webhooks.event_types.list()
        made = [
            client.webhooks.create(name=f"server {n}", url=receiver.url, event_types=BOTH)
            for n in range(3)
        ]
        assert types.data == BOTH
        assert made[0].signing_secret.startswith("whsec_")
        assert made[0].signing_secret_hint
        assert made[0].signing_secret.rstrip("=").endswith(made[0].signing_secret_hint[-4:])

        listed = [each.id for each in client.webhooks.list(limit=2)]
        assert listed == [each.id for each in reversed(made)]

        found = client.webhooks.retrieve(made[0].id)
        changed = client.webhooks.update(made[0].id, name="other", event_types=["video.failed"])
        assert (found.name, found.url) == ("server 0", receiver.url)
        assert not hasattr(found, "signing_secret")
        assert (changed.name, changed.event_types) == ("other", ["video.failed"])
        assert changed.created_at == made[0].created_at

        gone = client.webhooks.delete(made[0].id)
        assert (gone.id, gone.object, gone.deleted) == (
            made[0].id,
            "webhook_endpoint.deleted",
            True,
        )
        with pytest.raises(openai.NotFoundError):
            client.webhooks.retrieve(made[0].id)

    await using(world, work)


async def test_the_sdk_tries_an_endpoint_and_unwraps_what_came(
    world: World, receiver: Receiver
) -> None:
    def work(client: openai.OpenAI) -> str:
        made = client.webhooks.create(name="mine", url=receiver.url, event_types=BOTH)
        told = client.webhooks.test(made.id, event_type="video.failed")
        assert (told.object, told.status_code, told.success) == ("webhook_endpoint.test", 418, True)
        assert (told.webhook_endpoint_id, told.event_type) == (made.id, "video.failed")
        return made.signing_secret

    receiver.will(418)
    secret = await using(world, work)

    [heard] = receiver.heard
    assert heard.verify(secret)["data"]["error"]["code"] == "task_failed"


async def test_the_end_of_a_task_is_told_and_both_libraries_verify_it(
    world: World, receiver: Receiver
) -> None:
    secret = await using(
        world,
        lambda client: (
            client.webhooks.create(name="mine", url=receiver.url, event_types=BOTH).signing_secret
        ),
    )
    made = await world.make()
    await eventually(lambda: receiver.heard)
    world.engine.will(Refused("moderation_blocked", "request rejected"))
    refused = await world.make()
    await eventually(lambda: len(receiver.heard) == 2)

    first, second = receiver.heard
    with openai.OpenAI(api_key="none", webhook_secret=secret) as client:
        event: Any = client.webhooks.unwrap(first.body, first.headers)
    assert (event.type, event.data.id) == ("video.completed", made["id"])
    assert event.object == "event"
    assert event.created_at == made["completed_at"]
    told = second.verify(secret)
    assert (told["type"], told["data"]["id"]) == ("video.failed", refused["id"])
    assert told["data"]["error"]["code"] == "moderation_blocked"
    assert second.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        first.verify("whsec_" + "A" * 43 + "=")


async def test_after_a_rotation_both_secrets_are_good_for_a_day(
    world: World, receiver: Receiver
) -> None:
    def work(client: openai.OpenAI) -> list[str]:
        made = client.webhooks.create(name="mine", url=receiver.url, event_types=BOTH)
        new = client.webhooks.rotate_secret(made.id, keep_old_secret_active_for_24_hours=True)
        client.webhooks.test(made.id, event_type="video.completed")
        last = client.webhooks.rotate_secret(made.id)
        client.webhooks.test(made.id, event_type="video.completed")
        return [made.signing_secret, new.signing_secret, last.signing_secret]

    first, second, third = await using(world, work)

    overlapping, after = receiver.heard
    assert len({first, second, third}) == 3
    for secret in (first, second):
        assert overlapping.verify(secret)
        with pytest.raises(WebhookVerificationError):
            after.verify(secret)
    assert after.verify(third)
