"""xAI's protocol at its edges: refusals, repeats, hang-ups, and what is no call at all."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from sqlalchemy import text
from xai_sdk.proto import video_pb2

from kinetoscope.api import door
from kinetoscope.api.rpc import MESSAGE_BYTES, Place, RpcDoor, build_door, calls
from kinetoscope.db import Conn
from kinetoscope.domain.money import Money
from tests.clients.rpc import MODEL, client, refusal, rpc_of
from tests.engines.xai_files import Line, keep
from tests.films import picture
from tests.outbound.strangers import Server
from tests.patience import PATIENCE, eventually
from tests.world import World

FOX: dict[str, Any] = {"prompt": "a fox in the snow", "model": MODEL, "duration": 1}
GENERATE = "/xai_api.Video/GenerateVideo"


@pytest.fixture
async def rpc(world: World) -> AsyncIterator[RpcDoor]:
    async with rpc_of(world) as opened:
        yield opened


@pytest.fixture
async def sdk(world: World, rpc: RpcDoor) -> AsyncIterator[Any]:
    async with client(world.alice, rpc.address) as made:
        yield made


class Slow(Server):
    """A picture that comes when it is let; *asked* counts how often it was asked for."""

    def __init__(self) -> None:
        super().__init__(self._give)
        self.let = asyncio.Event()

    async def _give(self, _: bytes, writer: asyncio.StreamWriter) -> None:
        await self.let.wait()
        body = picture()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


async def tasks_of(world: World) -> list[Any]:
    data: list[Any] = (await world.ask("GET", "/v1/videos")).json["data"]
    return data


@pytest.mark.parametrize(
    "asked, named",
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "<IMAGE_1> walks"}, "@Image1"),
        ({"duration": 16}, "1 to 15 seconds"),
        ({"duration": -1}, "duration"),
        ({"resolution": "1080p"}, "1080p"),
        ({"last_frame_url": "https://x.test/a.png"}, "last_frame"),
        ({"keyframes": [{"image_url": "https://x.test", "timestamp": 1.0}]}, "keyframes"),
        ({"reference_audios": [{"voice_id": "ara"}]}, "reference_audios"),
        ({"storage_options": {"filename": "a.mp4"}}, "storage_options"),
        ({"image_url": "https://x.test", "reference_image_urls": ["https://x.test"]}, "image and"),
        ({"image_url": "https://x.test", "video_url": "https://x.test"}, "takes no image"),
        ({"image_url": "ftp://x.test/a.png"}, "image must be"),
        ({"video_url": ""}, "video must be"),
        ({"image_url": "http://10.0.0.1/a.png"}, "image"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_cannot_be_made_is_refused_by_its_name(
    world: World, sdk: Any, asked: Any, named: str
) -> None:
    """C18, C19: and nothing is held."""
    status, said = await refusal(sdk.video.start(**{**FOX, **asked}))

    assert status == "INVALID_ARGUMENT"
    assert named in said
    assert await tasks_of(world) == []


async def test_who_may_not_is_told_so_and_never_to_try_again(world: World, rpc: RpcDoor) -> None:
    """C5, C35."""
    poor = await world.open("dora", "10", spend_limit=Money.parse("0.01"))
    bound = await world.open("emil", "10", models=())
    stranger = await world.open("zoe", "10")
    stranger.secret = "sk-unknown"

    found = {}
    for who in (world.bob, poor, bound, stranger):
        async with client(who, rpc.address) as sdk:
            found[who.account.name] = await refusal(sdk.video.start(**FOX))
    async with client(world.alice, rpc.address) as sdk:
        found["model"] = await refusal(sdk.video.start("a fox", "veo"))

    assert {name: status for name, (status, _) in found.items()} == {
        "bob": "PERMISSION_DENIED",
        "dora": "PERMISSION_DENIED",
        "emil": "PERMISSION_DENIED",
        "zoe": "UNAUTHENTICATED",
        "model": "NOT_FOUND",
    }
    assert "0.05" in found["bob"][1]
    assert "there is: grok-imagine" in found["model"][1]


@pytest.mark.parametrize("model", ["", MODEL, f"{MODEL}-1.5-preview", "grok-imagine"])
async def test_xais_names_stand_for_the_default_model(sdk: Any, model: str) -> None:
    started = await sdk.video.start(**{**FOX, "model": model})

    assert (await sdk.video.get(started.request_id)).response.model == (model or "grok-imagine")


async def test_the_same_idempotency_key_is_one_video(world: World, rpc: RpcDoor) -> None:
    """C30: as over HTTP, by either name."""
    async with client(world.alice, rpc.address, idempotency_key="k1") as sdk:
        first = await sdk.video.start(**FOX)
        again = await sdk.video.start(**FOX)
        other = await refusal(sdk.video.start(**{**FOX, "duration": 2}))
    async with client(world.alice, rpc.address, x_idempotency_key="k1") as sdk:
        renamed = await sdk.video.start(**FOX)
    async with client(world.alice, rpc.address, idempotency_key="k" * 256) as sdk:
        too_long = await refusal(sdk.video.start(**FOX))

    assert first == again == renamed
    assert other[0] == "FAILED_PRECONDITION"
    assert too_long[0] == "INVALID_ARGUMENT"
    assert len(await tasks_of(world)) == 1


@asynccontextmanager
async def breakable(address: str) -> AsyncIterator[tuple[Line, str]]:
    """A line to *address* that can be cut, and where it begins."""
    line = Line()
    with keep(0) as listener:
        port = listener.getsockname()[1]
        await line.start(port, int(address.rpartition(":")[2]))
        try:
            yield line, f"127.0.0.1:{port}"
        finally:
            await line.stop()


async def test_what_the_sdk_repeats_by_itself_is_made_once(world: World, rpc: RpcDoor) -> None:
    """C30: the connection breaks while the first call is still being accepted."""
    async with (
        Slow() as pictures,
        breakable(rpc.address) as (line, address),
        client(world.alice, address) as sdk,
    ):
        asked = asyncio.create_task(sdk.video.start(**FOX, image_url=pictures.url()))
        await eventually(lambda: pictures.heard)
        before = dict(line.ends)
        for end in before.values():
            end.transport.abort()
        await eventually(lambda: line.ends.keys() - before.keys())
        pictures.let.set()
        started = await asked

        assert len(pictures.heard) == 1
        (task,) = await tasks_of(world)
        assert started.request_id.replace("-", "") == task["id"].removeprefix("task_")
        await world.end_of(task["id"])
    assert str((await world.account_of(world.alice)).balance) == "9.948"
    await world.audit()


async def test_a_caller_that_hangs_up_leaves_nothing_half_done(world: World, sdk: Any) -> None:
    async with Slow() as pictures:
        asked = asyncio.create_task(sdk.video.start(**FOX, image_url=pictures.url()))
        await eventually(lambda: pictures.heard)
        asked.cancel()
        pictures.let.set()
        while not (made := await tasks_of(world)):  # noqa: ASYNC110 - a database rings no bell
            await asyncio.sleep(0.01)

    assert (await world.end_of(made[0]["id"]))["status"] == "completed"
    await world.no_inputs_left()
    await world.audit()


async def test_a_door_that_closes_lets_open_calls_finish(world: World) -> None:
    async with Slow() as pictures, rpc_of(world) as rpc, client(world.alice, rpc.address) as sdk:
        asked = asyncio.create_task(sdk.video.start(**FOX, image_url=pictures.url()))
        await eventually(lambda: pictures.heard)
        closing = asyncio.create_task(rpc.close(PATIENCE))
        pictures.let.set()
        started = await asked
        await closing

    assert started.request_id
    assert len(await tasks_of(world)) == 1


async def test_a_service_that_shuts_down_may_be_asked_again(world: World, sdk: Any) -> None:
    world.gateway.bell.accepting = False

    assert (await refusal(sdk.video.start(**FOX)))[0] == "UNAVAILABLE"
    assert await tasks_of(world) == []


async def test_a_storage_that_fails_is_never_a_reason_to_repeat_an_order(
    world: World, sdk: Any
) -> None:
    """The SDK repeats what is UNAVAILABLE: polls may be, orders may not."""
    started = await sdk.video.start(**FOX)

    def lose(conn: Conn) -> None:
        conn.execute(text("ALTER TABLE tasks RENAME TO lost"))

    def find_again(conn: Conn) -> None:
        conn.execute(text("ALTER TABLE lost RENAME TO tasks"))

    await world.gateway.db.write(lose)
    ordered = await refusal(sdk.video.start(**FOX))
    polled = await refusal(sdk.video.get(started.request_id))
    await world.gateway.db.write(
        lambda conn: conn.execute(text("ALTER TABLE lost RENAME TO tasks"))
    )

    assert ordered[0] == "INTERNAL"
    assert "same idempotency-key" in ordered[1]
    assert polled[0] == "UNAVAILABLE"
    assert "tasks" not in ordered[1] + polled[1]
    assert (await sdk.video.get(started.request_id)).response.model


async def test_a_message_is_as_large_as_the_sdk_sends_and_no_larger(
    world: World, rpc: RpcDoor
) -> None:
    no_limit = [("grpc.max_send_message_length", -1)]
    said = (("authorization", f"Bearer {world.alice.secret}"),)
    async with grpc.aio.insecure_channel(rpc.address, options=no_limit) as channel:
        send = channel.unary_unary(GENERATE)
        large = await refusal(send(b"\x0a" * MESSAGE_BYTES, metadata=said))
        huge = await refusal(send(b"\x0a" * (MESSAGE_BYTES + 1), metadata=said))

    assert large == ("INVALID_ARGUMENT", "the message is no GenerateVideoRequest")
    assert huge[0] == "RESOURCE_EXHAUSTED"
    assert "larger than max" in huge[1]


async def test_a_call_without_a_message_is_told_so(world: World, rpc: RpcDoor) -> None:
    said = (("authorization", f"Bearer {world.alice.secret}"),)
    async with grpc.aio.insecure_channel(rpc.address) as channel:
        call = channel.stream_unary(GENERATE)(metadata=said)
        await call.done_writing()
        empty = await refusal(call)

    assert empty[0] == "INVALID_ARGUMENT"


async def test_what_a_later_sdk_may_send_is_told_to_be_ignored(world: World, rpc: RpcDoor) -> None:
    """C15."""
    said = (("authorization", f"Bearer {world.alice.secret}"),)
    later = video_pb2.GenerateVideoRequest(prompt="a fox").SerializeToString() + b"\xa8\x01\x01"
    async with grpc.aio.insecure_channel(rpc.address) as channel:
        await channel.unary_unary(GENERATE)(later, metadata=said)

    (task,) = await tasks_of(world)
    assert task["metadata"]["ignored"] == ["field 21"]


async def test_a_message_is_no_larger_when_it_is_unpacked(world: World, rpc: RpcDoor) -> None:
    said = (("authorization", f"Bearer {world.alice.secret}"),)
    options = [("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(rpc.address, options=options) as channel:
        call = channel.unary_unary(GENERATE)
        packed = grpc.Compression.Gzip
        bomb = await refusal(call(bytes(2 * MESSAGE_BYTES), metadata=said, compression=packed))

    assert bomb[0] == "RESOURCE_EXHAUSTED"


async def test_a_stranger_is_refused_before_anything_is_read(rpc: RpcDoor) -> None:
    async with grpc.aio.insecure_channel(rpc.address) as channel:
        call = channel.stream_unary(GENERATE)()  # never writes
        assert (await refusal(call))[0] == "UNAUTHENTICATED"


async def test_what_is_not_here_is_said_with_what_is(sdk: Any) -> None:
    status, said = await refusal(sdk.models.list_language_models())

    assert status == "UNIMPLEMENTED"
    assert GENERATE in said


async def test_an_answer_bears_the_id_of_its_request(sdk: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sdk.video.get("nope")

    beside = dict(caught.value.trailing_metadata())
    assert beside["x-request-id"].startswith("req_")
    assert beside["x-error-code"] == "not_found"
    assert "Traceback" not in (caught.value.details() or "")


@pytest.mark.parametrize(
    "rubbish",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 999, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"x" * 99],
)
async def test_rubbish_is_hung_up_on_and_nobody_else(
    world: World, rpc: RpcDoor, sdk: Any, rubbish: bytes
) -> None:
    reader, writer = await asyncio.open_connection(*rpc.address.split(":"))
    writer.write(rubbish)
    async with asyncio.timeout(PATIENCE):
        await reader.read()
    writer.close()

    assert (await sdk.video.start(**FOX)).request_id


async def test_a_port_that_is_taken_is_an_error(world: World, rpc: RpcDoor) -> None:
    place = Place("127.0.0.1", int(rpc.address.rpartition(":")[2]))

    with pytest.raises(OSError, match=f"cannot listen at {rpc.address}"):
        build_door(world.gateway, place, world.url)


def test_every_error_has_a_status_here_as_over_http() -> None:
    assert set(calls.STATUS) == {*door.STATUS, calls.NoSuchMethod}
    repeated = [kind for kind, status in calls.STATUS.items() if status.name == "UNAVAILABLE"]
    assert [kind.__name__ for kind in repeated] == ["NotAccepting"]


def test_a_service_without_that_port_loads_nothing_of_it() -> None:
    look = (
        "import sys, kinetoscope.cli.serve;"
        "sys.exit(bool({'grpc', 'xai_sdk', 'google.protobuf'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", look], check=True, timeout=PATIENCE)


async def test_a_door_that_closes_waits_no_longer_than_it_may(world: World) -> None:
    async with Slow() as pictures, rpc_of(world) as rpc, client(world.alice, rpc.address) as sdk:
        asked = asyncio.create_task(refusal(sdk.video.start(**FOX, image_url=pictures.url())))
        await eventually(lambda: pictures.heard)
        await rpc.close(0.1)
        at_work = [each for each in asyncio.all_tasks() if each.get_name() == "submit"]
        status, _ = await asked

    assert at_work == []
    assert status in ("UNAVAILABLE", "CANCELLED")
    assert await tasks_of(world) == []
