"""Clients that send too slowly, too much, or the same mistake again and again."""

from __future__ import annotations

import asyncio
import gc
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import uvicorn
from sqlalchemy import text

from kinetoscope.api.body import LARGE_EACH
from kinetoscope.api.protocol import Protocol
from kinetoscope.db import Database
from kinetoscope.domain.errors import KinetoscopeError
from tests.patience import PATIENCE
from tests.world import Actor, Answer, World

MIB = 1 << 20


class Hasty(Protocol):
    """The protocol of the service, with less patience."""

    head_seconds = 1
    head_bytes = 1000


async def _hello(scope: object, receive: object, send: object) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await asyncio.sleep(2)
    await send({"type": "http.response.body", "body": b"hello"})  # type: ignore[operator]


@pytest.fixture
async def hasty() -> AsyncIterator[int]:
    """The port of a server that takes a while to answer and has little patience."""
    config = uvicorn.Config(_hello, http=Hasty, log_config=None, lifespan="off")
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Hasty(config, state, app_state={}, _loop=loop), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-a: "])
async def test_a_head_that_does_not_come_is_not_waited_for_for_ever(
    hasty: int, begun: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    writer.write(begun)

    async with asyncio.timeout(PATIENCE):
        assert await reader.read() == b""
    writer.close()


async def test_an_answer_is_not_cut_off_for_what_was_begun_behind_it(hasty: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX-a: ")

    async with asyncio.timeout(PATIENCE):
        assert (await reader.read()).endswith(b"hello\r\n0\r\n\r\n")
    writer.close()


async def test_a_head_without_an_end_is_refused(hasty: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    writer.write(b"GET / HTTP/1.1\r\nX-a: " + b"a" * 2000)

    async with asyncio.timeout(PATIENCE):
        assert b"its head is larger" in await reader.read()
    writer.close()


async def _post(world: World, who: Actor, **fields: str) -> Answer:
    """Ask for a video with a body that is sent piece by piece."""
    body = json.dumps({"prompt": "a fox", "duration": 1, **fields}).encode()
    kind = {"Content-Type": "application/json"}
    return await world.ask("POST", "/v1/videos", who, data=io.BytesIO(body), headers=kind)


@asynccontextmanager
async def _half_a_body(world: World, who: Actor) -> AsyncIterator[None]:
    """Send the head of a large request, and not its body."""
    host, port = world.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {who.secret}\r\n"
    writer.write(f"{head}Content-Length: {9 * MIB}\r\n\r\n{{".encode())
    try:
        yield
    finally:
        writer.close()


async def test_an_account_that_sends_slowly_holds_up_no_other(world: World) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(2 * LARGE_EACH):
            await stack.enter_async_context(_half_a_body(world, world.alice))
        await asyncio.sleep(0.2)

        async with asyncio.timeout(PATIENCE):
            made = await _post(world, world.charlie, junk="x" * (2 * MIB))

    assert made.status == 200
    assert (await _post(world, world.alice, junk="x" * (2 * MIB))).status == 200


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is collected that is in a circle."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "who, fields, status",
    [
        ("bob", {"junk": "x" * MIB}, 402),
        ("alice", {"image": "data:image/png;base64," + "A" * (14 * MIB)}, 400),
        ("alice", {"image": "data:image/png;base64,AAAA"}, 400),
    ],
)
async def test_a_refusal_leaves_nothing_in_memory(
    world: World, uncollected: None, who: str, fields: dict[str, str], status: int
) -> None:
    """What is kept until the garbage collector comes may be 150 MiB of a request."""
    refused = await _post(world, world.cast[who], **fields)

    assert refused.status == status
    assert await _errors_that_stay() == []


async def _errors_that_stay() -> list[str]:
    """List the errors in memory, once the threads that met them had time to let go."""
    for _ in range(100):
        if not _errors_in_memory():
            break
        await asyncio.sleep(0.1)
    return _errors_in_memory()


def _errors_in_memory() -> list[str]:
    return [repr(each) for each in gc.get_objects() if isinstance(each, KinetoscopeError)]


async def test_an_error_of_the_database_does_not_repeat_what_a_customer_wrote(
    db: Database,
) -> None:
    """The log shows such errors to operators."""
    with pytest.raises(Exception, match=r"no.such.table|no_such_table") as told:
        await db.write(
            lambda conn: conn.execute(
                text("INSERT INTO no_such_table VALUES (:a)"), {"a": "sesame"}
            )
        )

    assert "sesame" not in str(told.value)
