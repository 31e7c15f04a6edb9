"""The methods of ``xai_api.Video``: generate, extend, ask how it stands."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy.exc import OperationalError
from xai_sdk.proto import deferred_pb2, video_pb2

from kinetoscope.api.body import Bodies
from kinetoscope.api.door import is_id
from kinetoscope.api.rpc.answers import show
from kinetoscope.api.rpc.calls import Call, Undecided, Untyped, read
from kinetoscope.api.rpc.orders import read_more, read_new
from kinetoscope.api.videos import idempotency_key
from kinetoscope.api.wire import fingerprint
from kinetoscope.db import tasks
from kinetoscope.db.accounts import Key
from kinetoscope.db.ids import as_uuid, from_uuid
from kinetoscope.domain.errors import NotFound
from kinetoscope.domain.order import Order
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import Gateway
from kinetoscope.service.links import link
from kinetoscope.service.submit import Wish, submit

_SHOWN = 100  # characters of an id that is none
_Same: TypeAlias = tuple[str, str, str | None]  # account, fingerprint, idempotency key


@dataclass(frozen=True, slots=True)
class Videos:
    """The methods; *link_base* is what links begin with.

    Messages are read in two rows, so that no poll waits behind a slow order. *going* are the
    orders that are being accepted, by what tells each from others.
    """

    gateway: Gateway
    link_base: str
    orders: Bodies
    polls: Bodies
    going: dict[_Same, asyncio.Task[Task]] = field(default_factory=dict)

    async def generate(self, call: Call) -> Untyped:
        """Accept a video, or an edit of one, and answer at once."""
        return await self._create(call, video_pb2.GenerateVideoRequest, read_new)

    async def extend(self, call: Call) -> Untyped:
        """Accept an extension."""
        return await self._create(call, video_pb2.ExtendVideoRequest, read_more)

    async def get(self, call: Call) -> Untyped:
        """Answer how a video stands, from the database."""
        key = await call.caller(self.gateway)
        async with call.message(self.polls, key.account_id) as message:
            asked = read(video_pb2.GetDeferredVideoRequest, message).request_id
        task_id = from_uuid("task", asked) or asked
        if not is_id(task_id):
            raise NotFound(f"no video has the id {asked[:_SHOWN]!r}", "request_id")
        task = await self.gateway.db.glance(lambda conn: tasks.get(conn, task_id, key.account_id))
        return show(task, self._url(task))

    async def close(self) -> None:
        """End what is still being accepted, as a process that dies would."""
        going = list(self.going.values())
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _create(
        self, call: Call, kind: Untyped, read_order: Callable[[Gateway, Untyped], Order]
    ) -> Untyped:
        said = call.said
        idempotent = idempotency_key(said.get("idempotency-key") or said.get("x-idempotency-key"))
        key = await call.caller(self.gateway)
        async with call.message(self.orders, key.account_id) as message:
            order = read_order(self.gateway, read(kind, message))
            wish = Wish(order, fingerprint(order), idempotent, retry=call.retry)
            task = await self._accept(key, wish)
        return deferred_pb2.StartDeferredResponse(request_id=as_uuid(task.id))

    async def _accept(self, key: Key, wish: Wish) -> Task:
        """Submit *wish* to its end, even if its caller hangs up meanwhile.

        gRPC repeats a call by itself when the connection broke, a tenth of a second later: it is
        answered as the first one is, which may still be at work.
        """
        same = (key.account_id, wish.fingerprint, wish.idempotency_key)
        going = self.going.get(same) if wish.retry else None
        if going is None:
            going = asyncio.create_task(submit(self.gateway, key, wish), name="submit")
            self.going[same] = going
            going.add_done_callback(lambda ended: self._forget(same, ended))
        try:
            return await asyncio.shield(going)
        except (OperationalError, sqlite3.OperationalError) as error:
            raise Undecided from error
        except asyncio.CancelledError:
            await asyncio.wait([going])  # the message is kept until then, and so is its turn
            raise

    def _forget(self, same: _Same, ended: asyncio.Task[Task]) -> None:
        if self.going.get(same) is ended:
            del self.going[same]
        if not ended.cancelled():
            ended.exception()  # is told to whoever still waits

    def _url(self, task: Task) -> str | None:
        """Tell where the video of *task* is, while it is anywhere."""
        if task.status is not Status.COMPLETED or task.is_gone(self.gateway.now()):
            return None
        return self.link_base + link(self.gateway, task.id)
