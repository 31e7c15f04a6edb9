"""The videos of an account: create, get, list, cancel, delete, quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.body import Bodies
from kinetoscope.api.door import (
    answer,
    caller,
    glance_as,
    is_id,
    pace_headers,
    path_id,
    read_as,
    whole_number,
)
from kinetoscope.api.headers import header
from kinetoscope.api.show import Video, poll_after_ms, show_task
from kinetoscope.api.wire import fingerprint, read_order
from kinetoscope.db import Conn, tasks
from kinetoscope.db.accounts import Key
from kinetoscope.domain.errors import InvalidOrder, NotFound, StillRunning
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import Gateway, video_key
from kinetoscope.service.advance import cancel
from kinetoscope.service.links import link
from kinetoscope.service.pace import allowance
from kinetoscope.service.submit import Offer, Wish, quote, shown_seconds, shown_size, submit
from kinetoscope.service.terms import write_quote

E = TypeVar("E", bound=StrEnum)

MOST_LISTED = 100
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Videos:
    """The handlers; *public_url* is what links begin with, or None for what the caller used."""

    gateway: Gateway
    bodies: Bodies
    public_url: str | None

    async def create(self, request: Request) -> Response:
        """Accept a task and answer at once."""
        return await self._create(request)

    async def edit(self, request: Request) -> Response:
        """Accept an edit, as OpenAI's ``videos.edit`` asks for one."""
        return await self._create(request, Operation.EDIT)

    async def extend(self, request: Request) -> Response:
        """Accept an extension, as OpenAI's ``videos.extend`` asks for one."""
        return await self._create(request, Operation.EXTEND)

    async def remix(self, request: Request) -> Response:
        """Accept an edit of an earlier video, as OpenAI's ``videos.remix`` asks for one."""
        return await self._create(request, Operation.EDIT, {"id": request.path_params["id"]})

    async def quote(self, request: Request) -> Response:
        """Tell what a request would be and cost; make nothing and hold nothing."""
        key = await caller(self.gateway, request)
        async with self.bodies.fields(request, key.account_id) as fields:
            order = read_order(fields, self.gateway.default_model)
            offer = await quote(self.gateway, key, order)
        return answer(_show_offer(offer), headers=await self._pace(key))

    async def get(self, request: Request) -> Response:
        """Answer a task, from the database."""
        task = await glance_as(
            self.gateway, request, lambda conn, key: _visible(conn, path_id(request), key)
        )
        return self._answer(request, task)

    async def list(self, request: Request) -> Response:
        """Answer the account's tasks, newest first."""
        query = request.query_params
        limit = whole_number(query, "limit", 20)
        if not 1 <= limit <= MOST_LISTED:
            raise InvalidOrder(f"limit must be 1 to {MOST_LISTED}", "limit")
        order = query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise InvalidOrder("order must be asc or desc", "order")
        after = query.get("after")
        if after is not None and not is_id(after):
            raise InvalidOrder("after must be the id of a video", "after")
        wanted = tasks.Filter(
            statuses=_names(query, "status", Status),
            operations=_names(query, "operation", Operation),
            created_after=_time(query, "created_after"),
            created_before=_time(query, "created_before"),
        )
        found = await read_as(
            self.gateway,
            request,
            lambda conn, key: tasks.list_tasks(
                conn,
                key.account_id,
                wanted,
                after=after,
                ascending=order == "asc",
                limit=limit + 1,
            ),
        )
        page = [self._show(request, task) for task in found[:limit]]
        return answer(
            {
                "object": "list",
                "data": page,
                "has_more": len(found) > limit,
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            }
        )

    async def cancel(self, request: Request) -> Response:
        """End a task that costs nothing yet."""
        key = await caller(self.gateway, request)
        task = await cancel(self.gateway, path_id(request), key.account_id)
        return self._answer(request, task)

    async def delete(self, request: Request) -> Response:
        """Remove the file of an ended task; its bill stays."""
        key = await caller(self.gateway, request)
        task_id = path_id(request)

        def remove(conn: Conn) -> None:
            task = _visible(conn, task_id, key)
            if not tasks.delete_result(conn, task_id) and not task.ended:
                message = f"{task_id} is {task.status}; cancel it first, or wait for its end"
                raise StillRunning(message, "id")

        await self.gateway.db.write(remove)
        await self.gateway.store.delete(video_key(task_id))
        return answer({"id": task_id, "object": "video.deleted", "deleted": True})

    async def _create(
        self,
        request: Request,
        forced: Operation | None = None,
        source: Mapping[str, str] | None = None,
    ) -> Response:
        key = await caller(self.gateway, request)
        idempotency_key = _idempotency_key(request)
        async with self.bodies.fields(request, key.account_id) as sent:
            if source is not None and "video" in sent:
                raise InvalidOrder("the video is the one in the path; leave video out", "video")
            fields = sent if source is None else {**sent, "video": dict(source)}
            order = read_order(fields, self.gateway.default_model, forced)
            wish = Wish(
                order,
                fingerprint(order),
                idempotency_key,
                retry=(header(request, b"x-stainless-retry-count") or "0") != "0",
            )
            task = await submit(self.gateway, key, wish)
        return self._answer(request, task, await self._pace(key))

    async def _pace(self, key: Key) -> Mapping[str, str]:
        """Tell what is left of a key's requests a minute."""
        if key.bounds.per_minute is None:
            return {}
        left = await allowance(self.gateway, key)
        return {} if left is None else pace_headers(left)

    def _answer(
        self, request: Request, task: Task, more: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        headers = {} if task.ended else {"openai-poll-after-ms": str(poll_after_ms(task))}
        return answer(self._show(request, task), headers={**headers, **more})

    def _show(self, request: Request, task: Task) -> Video:
        gone = task.expires_at is not None and task.expires_at <= self.gateway.now()
        if gone or task.status is not Status.COMPLETED:
            return show_task(task, None)
        base = self.public_url or f"{request.scope['scheme']}://{header(request, b'host') or ''}"
        return show_task(task, base.rstrip("/") + link(self.gateway, task.id))


def _visible(conn: Conn, task_id: str, key: Key) -> Task:
    """Get a task of the key's account that was not deleted."""
    task = tasks.get(conn, task_id, key.account_id)
    if task.deleted:
        raise NotFound(f"no video has the id {task_id!r}", "id")
    return task


def _idempotency_key(request: Request) -> str | None:
    key = header(request, b"idempotency-key") or header(request, b"x-idempotency-key")
    if key is not None and len(key) > _LONGEST_KEY:
        message = f"Idempotency-Key has {len(key)} characters; at most {_LONGEST_KEY} are allowed"
        raise InvalidOrder(message, "Idempotency-Key")
    return key or None


def _show_offer(offer: Offer) -> Mapping[str, Any]:
    order = offer.order
    return {
        "object": "video.quote",
        "model": order.model,
        "operation": order.operation,
        "parameters": {
            "prompt": order.prompt,
            "duration": order.duration,
            "seconds": shown_seconds(order, offer.found),
            "size": shown_size(order, offer.found),
            "aspect_ratio": order.ratio,
            "images": len(order.images),
            "input_video_seconds": offer.found.video and offer.found.video.seconds,
        },
        "quote": Raw(write_quote(offer.quote).encode()),
        "total": str(offer.quote.total),
        "currency": "USD",
        "ignored": order.ignored,
    }


def _time(query: Mapping[str, str], name: str) -> int | None:
    return whole_number(query, name, 0) if name in query else None


def _names(query: Mapping[str, str], name: str, kind: type[E]) -> tuple[E, ...]:
    """Read one name or several with commas between them."""
    text = query.get(name)
    if text is None:
        return ()
    try:
        return tuple(kind(each) for each in text.split(","))
    except ValueError as error:
        raise InvalidOrder(f"{name} must be one of {', '.join(kind)}", name) from error
