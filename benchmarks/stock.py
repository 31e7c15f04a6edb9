"""What the benchmarks ask for: an account that can pay, a finished video, and the requests."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

from kinetoscope.app import open_gateway
from kinetoscope.db import Conn, accounts, ledger, tasks
from kinetoscope.db.ids import new_id
from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Input, Operation, Order, Tier
from kinetoscope.domain.pricing import Rates, Usage, price
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import Gateway, video_key
from kinetoscope.service.terms import Terms, write_billing, write_output, write_quote, write_terms
from kinetoscope.settings import FILE, load

VIDEO_BYTES = 4 << 20
_RATES = Rates({Tier.P480: Money(50_000), Tier.P720: Money(70_000)}, Money(2000), Money(10_000))
_BODY = json.dumps(
    {"model": "grok-imagine", "prompt": "a fox walks through the snow", "duration": 6}
).encode()


@dataclass(frozen=True)
class Stock:
    """A key that can pay, and the id of a finished video."""

    secret: str
    task_id: str

    def bare(self, number: int) -> bytes:
        """Ask for nothing."""
        del number
        return b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n".replace(b"/healthz", b"/")

    def create(self, number: int) -> bytes:
        """Ask for a new video."""
        del number
        head = (
            f"POST /v1/videos HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {self.secret}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(_BODY)}\r\n\r\n"
        )
        return head.encode() + _BODY

    def get(self, number: int) -> bytes:
        """Ask how the finished video stands."""
        del number
        return self._get("")

    def content(self, number: int) -> bytes:
        """Ask for the bytes of the finished video."""
        del number
        return self._get("/content")

    def _get(self, more: str) -> bytes:
        return (
            f"GET /v1/videos/{self.task_id}{more} HTTP/1.1\r\nhost: bench\r\n"
            f"authorization: Bearer {self.secret}\r\n\r\n"
        ).encode()


def stock(home: Path) -> Stock:
    """Make a home with all that the benchmarks ask for."""
    home.mkdir(parents=True)
    (home / FILE).write_text("open_tasks = 1_000_000\n", encoding="utf-8")
    return asyncio.run(_stock(home))


async def _stock(home: Path) -> Stock:
    async with open_gateway(load(home), home) as gateway:
        file = home / "bytes"
        file.write_bytes(os.urandom(VIDEO_BYTES))

        def write(conn: Conn) -> tuple[str, Task]:
            account = accounts.open_account(conn, "bench", 1)
            ledger.deposit(conn, account.id, Money.parse("1000000"), 1, reference="bench")
            key, secret = accounts.create_key(conn, account.id, 1)
            task = _task(account.id, key.id)
            ledger.hold(conn, task.id, account.id, task.held)
            tasks.insert_task(conn, task, "")
            return secret, tasks.claim(conn, task.id)

        secret, task = await gateway.db.write(write)
        kept = await gateway.store.save(video_key(task.id), file)
        await gateway.db.write(lambda conn: _end(conn, task, kept.sha256))
        assert isinstance(gateway, Gateway)
        return Stock(secret, task.id)


def _task(account_id: str, key_id: str) -> Task:
    order = Order(
        model="grok-imagine", operation=Operation.TEXT, prompt="a fox", duration=6, tier=Tier.P480
    )
    usage = Usage(Tier.P480, 6)
    quote = price(usage, _RATES)
    return Task(
        id=new_id("task"),
        account_id=account_id,
        key_id=key_id,
        model=order.model,
        operation=order.operation,
        status=Status.QUEUED,
        progress=0,
        size="480p",
        seconds="6",
        prompt=order.prompt,
        created_at=1,
        engine="actor",
        held=quote.total,
        order=write_terms(Terms(order, (), None, usage, _RATES)),
        quote=write_quote(quote),
    )


def _end(conn: Conn, task: Task, sha256: str) -> None:
    result = Input(video_key(task.id), "video/mp4", VIDEO_BYTES, 848, 480, 6.0)
    lines = price(Usage(Tier.P480, 6), _RATES).lines
    tasks.complete(
        conn,
        task,
        2,
        {
            "charged": task.held,
            "billing": write_billing(lines, held=task.held, charged=task.held),
            "output": write_output(result, sha256),
        },
    )
    ledger.settle(conn, task.id, task.held, 2)
