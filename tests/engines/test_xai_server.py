"""The xAI that our engine is tested against does what xAI does, and every wrong it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from xai_sdk import AsyncClient
from xai_sdk.proto import deferred_pb2

from tests.engines.xai_files import HUGE_BYTES, MODEL, Reel, Refusal, measure
from tests.engines.xai_server import STATUS_ENDS, Story, XaiServer, xai_server
from tests.films import film, picture
from tests.outbound.strangers import Server, ok, saying
from tests.patience import PATIENCE, eventually

PICTURE = picture(width=64, height=48)
ONE_TRY = [
    ("grpc.enable_retries", 0),
    ("grpc.service_config", "{}"),
    ("grpc.use_local_subchannel_pool", 1),  # no other client's failures are waited for
]


def data(body: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(body).decode()}"


class Customer:
    """Talks to a server through the SDK."""

    def __init__(self, xai: XaiServer, sdk: AsyncClient) -> None:
        self.xai, self.sdk = xai, sdk

    async def start(self, story: Story | None = None, **asked: Any) -> str:
        """Ask for a video, of one second unless told otherwise, which meets *story*."""
        self.xai.will(*([story] if story else []))
        asked = {"prompt": "a fox", "model": MODEL, "duration": 1, **asked}
        return str((await self.sdk.video.start(**asked)).request_id)

    async def get(self, request_id: str) -> Any:
        return await self.sdk.video.get(request_id)

    async def make(self, story: Story | None = None, **asked: Any) -> Any:
        """Tell the response of a request that has ended."""
        return (await self.get(await self.start(story, **asked))).response

    async def extend(self, video: str, duration: int) -> Any:
        made = await self.sdk.video.extend_start("on", MODEL, video, duration=duration)
        return (await self.get(made.request_id)).response


@asynccontextmanager
async def customer_of(xai: XaiServer, **chosen: Any) -> AsyncIterator[Customer]:
    usual = {"api_key": "key", "use_insecure_channel": True, "channel_options": ONE_TRY}
    async with AsyncClient(api_host=xai.address, **usual | chosen) as sdk:
        yield Customer(xai, sdk)


async def status_of(call: Awaitable[Any]) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, caught.value.details()


async def answer_to(url: str) -> tuple[int, str, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, answer.content_type, await answer.read()


@pytest.fixture
async def xai(tmp_path: Path) -> AsyncIterator[XaiServer]:
    async with xai_server(tmp_path) as server:
        yield server


@pytest.fixture
async def customer(xai: XaiServer) -> AsyncIterator[Customer]:
    async with customer_of(xai) as customer:
        yield customer


async def test_a_text_becomes_a_film_of_its_length_size_and_price(customer: Customer) -> None:
    request_id = await customer.start()
    said = await customer.get(request_id)

    assert (said.status, said.response.progress) == (deferred_pb2.DONE, 100)
    assert (said.response.model, said.response.video.duration) == (MODEL, 1)
    assert said.response.video.respect_moderation
    assert said.response.usage.cost_in_usd_ticks == 500_000_000
    status, content_type, body = await answer_to(said.response.video.url)
    assert (status, content_type, measure(body)) == (200, "video/mp4", Reel(1, 848, 480))
    xai, [commission] = customer.xai, customer.xai.made
    assert (commission.operation, commission.key) == ("text", "key")
    assert (commission.request_id, commission.request.prompt) == (request_id, "a fox")
    assert (xai.submits, xai.polls, xai.downloads) == (1, 1, {request_id: 1})


@pytest.mark.parametrize(
    "asked, reel, dollars",
    [
        ({"duration": None}, Reel(8, 848, 480), 0.40),
        ({"duration": 6, "resolution": "720p"}, Reel(6, 1280, 720), 0.42),
        ({"resolution": "720p", "aspect_ratio": "2:3"}, Reel(1, 720, 1080), 0.07),
        ({"aspect_ratio": "9:16"}, Reel(1, 480, 848), 0.05),
        ({"duration": 10, "image_url": data(PICTURE)}, Reel(10, 640, 480), 0.502),
        ({"image_url": "https://a/b", "aspect_ratio": "1:1"}, Reel(1, 480, 480), 0.052),
        ({"duration": 10, "reference_image_urls": [data(PICTURE)] * 2}, Reel(10, 848, 480), 0.504),
        ({"video_url": "https://a/b"}, Reel(6, 848, 480), 0.36),
    ],
)
async def test_an_order_has_its_size_and_costs_what_the_card_says(
    customer: Customer, asked: dict[str, Any], reel: Reel, dollars: float
) -> None:
    made = await customer.make(**asked)

    assert customer.xai.made[0].reel == reel
    assert made.usage.cost_in_usd_ticks == round(dollars * 10**10)


async def test_an_edit_and_an_extension_follow_their_video(
    customer: Customer, tmp_path: Path
) -> None:
    clip = film(tmp_path / "clip.mp4", 2).read_bytes()
    edited = await customer.make(video_url=data(clip, "video/mp4"))
    longer = await customer.extend(data(clip, "video/mp4"), 3)
    too_long = await customer.extend("https://a/b", 11)

    reels = [measure((await answer_to(each.video.url))[2]) for each in (edited, longer)]
    assert reels == [Reel(2, 128, 72), Reel(5, 128, 72)]
    assert edited.usage.cost_in_usd_ticks == 1_200_000_000
    assert longer.usage.cost_in_usd_ticks == 1_700_000_000
    assert [commission.video for commission in customer.xai.made] == [clip, clip, None]
    assert too_long.error.message == "Duration must be between 2 and 10 seconds"
    assert Reel(6, 1920, 1080).capped() == Reel(6, 1280, 720)


@pytest.mark.parametrize(
    "asked, text",
    [
        ({"duration": 16}, "Duration must be between 1 and 15 seconds"),
        ({"duration": 11, "reference_image_urls": ["https://a/b"]}, "Duration 11s exceeds the"),
        ({"reference_image_urls": ["https://a/b"] * 8}, "Too many reference images: 8."),
        ({"prompt": "x" * 4097}, "Prompt length exceeds the maximum allowed length of 4096"),
        ({"prompt": ""}, "Prompt cannot be empty. Please provide a prompt."),
        ({"resolution": "1080p"}, "1080p video resolution is not supported"),
        ({"model": "veo"}, "The model veo does not exist."),
        ({"image_url": "data:image/png;base64,%"}, "base64"),
        ({"image_url": data(PICTURE[:60])}, "Failed to decode image."),
        ({"video_url": data(bytes(99), "video/mp4")}, "Failed to decode video."),
        ({"image_url": "ftp://a/b"}, "Invalid URL"),
    ],
)
async def test_what_xai_refuses_is_refused_in_its_words_and_not_made(
    customer: Customer, asked: dict[str, Any], text: str
) -> None:
    code, details = await status_of(customer.start(**asked))

    assert code == ("NOT_FOUND" if "model" in asked else "INVALID_ARGUMENT")
    assert text in details
    assert (customer.xai.submits, customer.xai.made) == (1, [])


async def test_addresses_are_fetched_only_if_told_to(customer: Customer) -> None:
    async with Server(saying(ok(PICTURE))) as good, Server(saying(b"")) as bad:
        await customer.start(image_url=bad.url())
        customer.xai.fetches = True
        await customer.start(image_url=good.url())
        failure = await status_of(customer.start(image_url=bad.url()))

    assert [commission.images for commission in customer.xai.made] == [[], [PICTURE]]
    assert b"XaiImageApiFetch/1.0" in good.heard[0]
    assert failure == ("DATA_LOSS", f"Failed to fetch {bad.url()}")


@pytest.mark.parametrize(
    "story, status, made",
    [
        (Story(refusal=("PERMISSION_DENIED", "no")), "PERMISSION_DENIED", 0),
        (Story(fault=("INTERNAL", "oops")), "INTERNAL", 1),
        (Story(fault=("UNAVAILABLE", "later")), "UNAVAILABLE", 1),
        (Story(hangs_up=True), "UNAVAILABLE", 1),
        (Story(unanswered=True), "DEADLINE_EXCEEDED", 1),
    ],
)
async def test_what_is_answered_is_not_what_is_made(
    xai: XaiServer, story: Story, status: str, made: int
) -> None:
    async with customer_of(xai, timeout=3 if story.unanswered else PATIENCE) as customer:
        code, _ = await status_of(customer.start(story))

    assert (code, xai.submits, len(xai.made)) == (status, 1, made)
    async with customer_of(xai) as other:
        for commission in xai.made:
            assert (await other.get(commission.request_id)).status == deferred_pb2.DONE


async def test_a_client_that_retries_by_itself_buys_twice(xai: XaiServer) -> None:
    async with customer_of(xai, channel_options=[]) as hasty:
        await hasty.start(Story(hangs_up=True))

    assert (xai.submits, len(xai.made)) == (2, 2)


async def test_a_hang_up_breaks_no_connection_but_its_own(customer: Customer) -> None:
    slow = asyncio.create_task(customer.start(Story(answer_after=0.3)))
    await eventually(lambda: len(customer.xai.made) == 1)
    async with customer_of(customer.xai) as other:
        await status_of(other.start(Story(hangs_up=True)))

    assert await slow == customer.xai.made[0].request_id


async def test_work_grows_or_stalls_until_its_end(customer: Customer) -> None:
    stalled = await customer.make(Story(end="never", stalls_at=40))
    endless = await customer.make(Story(end="never"))
    growing = await customer.start(Story(render_seconds=1))
    seen = [await customer.get(growing)]
    async with asyncio.timeout(PATIENCE):
        while seen[-1].status == deferred_pb2.PENDING:
            await asyncio.sleep(0.05)
            seen.append(await customer.get(growing))

    progress = [said.response.progress for said in seen]
    assert progress == sorted(progress)
    assert (stalled.progress, endless.progress) == (40, 99)


async def test_polls_meet_refusals_absence_and_bare_answers(customer: Customer) -> None:
    unwell = await customer.start(Story(poll_refusals=(("UNAVAILABLE", ""), ("ABORTED", "x"))))
    unseen = await customer.start(Story(unseen_for=60))
    bare = await customer.get(await customer.start(Story(end="never", pending_bare=True)))

    assert await status_of(customer.get(unwell)) == ("UNAVAILABLE", "")
    assert await status_of(customer.get(unwell)) == ("ABORTED", "x")
    assert (await customer.get(unwell)).status == deferred_pb2.DONE
    assert (await status_of(customer.get(unseen)))[0] == "NOT_FOUND"
    assert (await status_of(customer.get("nobody's")))[0] == "NOT_FOUND"
    assert (bare.status, bare.HasField("response")) == (deferred_pb2.PENDING, False)
    assert customer.xai.polls == 6


@pytest.mark.parametrize("end", STATUS_ENDS)
async def test_an_end_may_be_a_status(customer: Customer, end: str) -> None:
    assert await status_of(customer.make(Story(end=end))) == STATUS_ENDS[end]


@pytest.mark.parametrize(
    "end, status",
    [
        ("moderated", deferred_pb2.DONE),
        ("failed", deferred_pb2.FAILED),
        ("failed_bare", deferred_pb2.FAILED),
        ("expired", deferred_pb2.EXPIRED),
        ("empty", deferred_pb2.DONE),
        ("unknown", 99),
    ],
)
async def test_an_end_without_a_film(customer: Customer, end: str, status: int) -> None:
    said = await customer.get(await customer.start(Story(end=end)))

    assert said.status == status
    assert said.HasField("response") == (end in ("moderated", "failed"))
    assert not said.response.video.url
    assert not said.response.video.respect_moderation
    assert (said.response.usage.cost_in_usd_ticks > 0) == (end == "moderated")
    assert said.response.error.code == ("internal_error" if end == "failed" else "")


async def test_the_cost_is_what_the_story_says(customer: Customer) -> None:
    stories = [Story(cost=None), Story(cost=7), Story(end="failed", cost=7)]
    usages = [(await customer.make(story)).usage for story in stories]

    assert [usage.cost_in_usd_ticks for usage in usages] == [0, 7, 7]
    assert not usages[0].HasField("cost_in_usd_ticks")


async def test_a_download_is_what_the_story_says(customer: Customer) -> None:
    async def download(file: Any) -> tuple[int, str, bytes]:
        return await answer_to((await customer.make(Story(file=file))).video.url)

    better = (await customer.make(Story(file="dead", good_after=2))).video.url
    assert [(await answer_to(better))[0] for _ in range(4)] == [404, 404, 200, 200]
    status, kind, whole = await download("good")
    assert (await download("html"))[:2] == (200, "text/html")
    assert (await download("dead"))[0] == 404
    assert await download("cut") == (status, kind, whole[: len(whole) // 2])
    with pytest.raises(Refusal):
        measure((await download("garbage"))[2])
    with pytest.raises(aiohttp.ClientPayloadError):
        await download("truncated")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(download("slow"), 0.3)
    assert len((await download("huge"))[2]) == HUGE_BYTES > 100 * 2**20


async def test_only_the_keys_that_are_known_are_served(customer: Customer) -> None:
    customer.xai.keys, customer.xai.blocked = {"key"}, {"team_blocked"}
    known = await customer.sdk.auth.get_api_key_info()
    request_id = await customer.start()
    customer.xai.keys = {"another"}
    calls = [customer.start(), customer.get(request_id), customer.sdk.auth.get_api_key_info()]
    codes = [(await status_of(call))[0] for call in calls]

    assert (known.team_blocked, known.api_key_blocked) == (True, False)
    assert codes == ["UNAUTHENTICATED"] * 3
    assert len(customer.xai.made) == 1


async def test_a_bucket_holds_two_and_a_storm_nothing(xai: XaiServer, customer: Customer) -> None:
    xai.submits_per_second = 0.001
    await customer.start()
    await customer.start()
    assert (await status_of(customer.start()))[0] == "RESOURCE_EXHAUSTED"
    xai.submits_per_second, xai.storm = None, True
    assert (await status_of(customer.start()))[0] == "RESOURCE_EXHAUSTED"
    xai.storm = False
    await customer.start()

    assert (xai.submits, xai.throttled, len(xai.made)) == (5, 2, 3)


async def test_a_message_of_more_than_20_mib_is_not_even_heard(xai: XaiServer) -> None:
    options = [*ONE_TRY, ("grpc.max_send_message_length", -1)]
    async with customer_of(xai, channel_options=options) as bold:
        code, _ = await status_of(bold.start(prompt="x" * (20 * 2**20)))

    assert (code, xai.submits) == ("RESOURCE_EXHAUSTED", 0)


async def test_an_outage_ends_where_it_began(xai: XaiServer, customer: Customer) -> None:
    waiting = asyncio.create_task(status_of(customer.start(Story(unanswered=True))))
    await eventually(lambda: len(xai.made) == 1)
    places = xai.address, xai.files

    await xai.stop()
    assert (await waiting)[0] == "UNAVAILABLE"
    async with customer_of(xai) as early:
        assert "failed to connect" in (await status_of(early.start()))[1]

    await xai.start()
    assert places == (xai.address, xai.files)
    async with customer_of(xai) as late:
        said = await late.get(xai.made[0].request_id)
    assert (await answer_to(said.response.video.url))[0] == 200


async def test_a_process_of_its_own_tells_its_state_and_obeys(tmp_path: Path) -> None:
    async with (
        process_in(tmp_path) as places,
        AsyncClient(api_key="key", api_host=places["address"], use_insecure_channel=True) as sdk,
        aiohttp.ClientSession(places["files"]) as http,
    ):
        will = [{"refusal": ["INTERNAL", "no"]}, {"end": "expired"}]
        async with http.post("/command", json={"will": will, "keys": ["key"]}) as answer:
            assert answer.status == 200
        assert await status_of(sdk.video.start("a fox", MODEL)) == ("INTERNAL", "no")
        request_id = (await sdk.video.start("a fox", MODEL)).request_id
        assert (await sdk.video.get(request_id)).status == deferred_pb2.EXPIRED
        async with http.get("/state") as answer:
            state = await answer.json()

    [commission] = state.pop("made")
    what = {"request_id": request_id, "operation": "text", "prompt": "a fox", "key": "key"}
    assert commission == {**what, "accepted_at": commission["accepted_at"]}
    assert state == {"submits": 2, "polls": 1, "throttled": 0, "downloads": {}}


@asynccontextmanager
async def process_in(folder: Path) -> AsyncIterator[dict[str, str]]:
    script, root = Path(__file__).with_name("xai_server.py"), Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, script, "--control", "--folder", folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
