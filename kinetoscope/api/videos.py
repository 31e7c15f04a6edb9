"""The videos of an account: create, get, list, cancel, delete, quote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.body import Bodies, Fields
from kinetoscope.api.door import (
    answer,
    caller,
    glance_as,
    pace_headers,
    path_id,
    whole_number,
)
from kinetoscope.api.headers import header
from kinetoscope.api.pages import answer_page, read_page
from kinetoscope.api.show import Video, poll_after_ms, show_task
from kinetoscope.api.wire import VIDEO_NAMES, fingerprint, read_order
from kinetoscope.api.xai_words import show_xai
from kinetoscope.db import Conn, tasks
from kinetoscope.db.accounts import Key
from kinetoscope.domain.errors import InvalidOrder, NotFound, StillRunning
from kinetoscope.domain.order import Operation, Order
from kinetoscope.domain.task import Status, Task
from kinetoscope.service import Gateway
from kinetoscope.service.advance import cancel
from kinetoscope.service.links import link
from kinetoscope.service.pace import allowance
from kinetoscope.service.results import drop_result
from kinetoscope.service.submit import Offer, Wish, quote, shown_seconds, shown_size, submit
from kinetoscope.service.terms import write_quote

E = TypeVar("E", bound=StrEnum)

MOST_PATIENCE = 60  # seconds that an answer is held at most
_LONGEST_KEY = 255
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Videos:
    """The handlers; *public_url* is what links begin with, or None for what the caller used."""

    gateway: Gateway
    bodies: Bodies
    public_url: str | None

    async def create(self, request: Request) -> Response:
        """Accept a task and answer at once."""
        return self._answer(request, *await self.accept(request, self._read))

    async def edit(self, request: Request) -> Response:
        """Accept an edit, as OpenAI's ``videos.edit`` asks for one."""
        read = partial(self._read, forced=Operation.EDIT)
        return self._answer(request, *await self.accept(request, read))

    async def extend(self, request: Request) -> Response:
        """Accept an extension, as OpenAI's ``videos.extend`` asks for one."""
        read = partial(self._read, forced=Operation.EXTEND)
        return self._answer(request, *await self.accept(request, read))

    async def remix(self, request: Request) -> Response:
        """Accept an edit of an earlier video, as OpenAI's ``videos.remix`` asks for one."""

        def read(sent: Fields) -> Order:
            if any(sent.get(name) is not None for name in VIDEO_NAMES):
                raise InvalidOrder("the video is the one in the path; leave video out", "video")
            return self._read({**sent, "video": {"id": path_id(request)}}, Operation.EDIT)

        try:
            return self._answer(request, *await self.accept(request, read))
        except InvalidOrder as error:
            if error.param == "video":  # it is the path that names it: say so, if that is why
                await glance_as(
                    self.gateway,
                    request,
                    lambda conn, key: _check_source(conn, path_id(request), key),
                )
            raise

    async def accept(
        self, request: Request, read: Callable[[Fields], Order]
    ) -> tuple[Task, Mapping[str, str]]:
        """Accept the order that *read* finds in the body, whatever dialect it speaks.

        Return its task, and headers that tell of the pace of the key.
        """
        key = await caller(self.gateway, request)
        idempotency_key = _idempotency_key(request)
        async with self.bodies.fields(request, key.account_id) as fields:
            order = read(fields)
            wish = Wish(
                order,
                fingerprint(order),
                idempotency_key,
                retry=(header(request, b"x-stainless-retry-count") or "0") != "0",
            )
            task = await submit(self.gateway, key, wish)
        return task, await self._pace(key)

    async def quote(self, request: Request) -> Response:
        """Tell what a request would be and cost; make nothing and hold nothing."""
        key = await caller(self.gateway, request)
        async with self.bodies.fields(request, key.account_id) as fields:
            order = read_order(fields, self.gateway.default_model)
            offer = await quote(self.gateway, key, order)
        return answer(_show_offer(offer), headers=await self._pace(key))

    async def get(self, request: Request) -> Response:
        """Answer a task, from the database; by its UUID, in the shape that xAI's clients read."""
        if "-" in request.path_params["id"]:
            return await self.get_as_xai(request)
        task = await glance_as(
            self.gateway, request, lambda conn, key: visible(conn, path_id(request), key)
        )
        return self._answer(request, await self._awaited(request, task))

    async def get_as_xai(self, request: Request) -> Response:
        """Answer a task in xAI's shape: 202 until it has ended."""
        task = await glance_as(
            self.gateway,
            request,
            lambda conn, key: tasks.get(conn, path_id(request), key.account_id),
        )
        task = await self._awaited(request, task)
        shown = show_xai(task, self._link(request, task), gone=task.is_gone(self.gateway.now()))
        return answer(shown, 200 if task.ended else 202, _poll_headers(task))

    async def list(self, request: Request) -> Response:
        """Answer the account's tasks, newest first."""
        key = await caller(self.gateway, request)
        query = request.query_params
        page = read_page(query)
        wanted = tasks.Filter(
            statuses=_names(query, "status", Status),
            operations=_names(query, "operation", Operation),
            created_after=_time(query, "created_after"),
            created_before=_time(query, "created_before"),
        )
        found = await self.gateway.db.read(
            lambda conn: tasks.list_tasks(
                conn,
                key.account_id,
                wanted,
                after=page.after,
                ascending=page.ascending,
                limit=page.limit + 1,
            ),
        )
        return answer_page([self.show(request, task) for task in found], page.limit)

    async def cancel(self, request: Request) -> Response:
        """End a task that costs nothing yet."""
        key = await caller(self.gateway, request)
        task = await cancel(self.gateway, path_id(request), key.account_id)
        return self._answer(request, task)

    async def delete(self, request: Request) -> Response:
        """Remove the file of an ended task; its bill stays."""
        key = await caller(self.gateway, request)
        task_id, now = path_id(request), int(self.gateway.now())

        def remove(conn: Conn) -> None:
            task = visible(conn, task_id, key)
            if not tasks.delete_result(conn, task_id, now) and not task.ended:
                message = f"{task_id} is {task.status}; cancel it first, or wait for its end"
                raise StillRunning(message, "id")

        await self.gateway.db.write(remove)
        await drop_result(self.gateway, task_id)
        return answer({"id": task_id, "object": "video.deleted", "deleted": True})

    def _read(self, fields: Fields, forced: Operation | None = None) -> Order:
        return read_order(fields, self.gateway.default_model, forced)

    async def _pace(self, key: Key) -> Mapping[str, str]:
        """Tell what is left of a key's requests a minute."""
        if key.bounds.per_minute is None:
            return _NOTHING
        left = await allowance(self.gateway, key)
        return _NOTHING if left is None else pace_headers(left)

    def _answer(self, request: Request, task: Task, more: Mapping[str, str] = _NOTHING) -> Response:
        return answer(self.show(request, task), headers={**_poll_headers(task), **more})

    async def _awaited(self, request: Request, task: Task) -> Task:
        """Hold *task* until it moves, for as long as *request* says that it would wait."""
        if request.scope["query_string"] and (seconds := _patience(request)) and not task.ended:
            return await self.gateway.watch.moved(task, seconds)
        return task

    def show(self, request: Request, task: Task) -> Video:
        """Show a task to whoever sent *request*."""
        return show_task(task, self._link(request, task))

    def _link(self, request: Request, task: Task) -> str | None:
        """Write the address at which anybody gets the video of *task*, if there is one."""
        if task.status is not Status.COMPLETED or task.is_gone(self.gateway.now()):
            return None
        base = self.public_url or f"{request.scope['scheme']}://{header(request, b'host') or ''}"
        return base.rstrip("/") + link(self.gateway, task.id)


def _poll_headers(task: Task) -> Mapping[str, str]:
    return _NOTHING if task.ended else {"openai-poll-after-ms": str(poll_after_ms(task))}


def visible(conn: Conn, task_id: str, key: Key) -> Task:
    """Get a task of the key's account that was not deleted."""
    task = tasks.get(conn, task_id, key.account_id)
    if task.deleted:
        raise NotFound(f"no video has the id {task_id!r}", "id")
    return task


def _patience(request: Request) -> int:
    seconds = whole_number(request.query_params, "wait", 0)
    if seconds > MOST_PATIENCE:
        raise InvalidOrder(f"wait must be 0 to {MOST_PATIENCE} seconds", "wait")
    return seconds


def _check_source(conn: Conn, task_id: str, key: Key) -> None:
    """Raise what keeps a task from being the source of another."""
    task = visible(conn, task_id, key)
    if task.status is not Status.COMPLETED:
        message = f"{task_id} is {task.status}; only a completed video can be remixed"
        raise InvalidOrder(message, "id")


def _idempotency_key(request: Request) -> str | None:
    given = header(request, b"idempotency-key") or header(request, b"x-idempotency-key")
    return idempotency_key(given)


def idempotency_key(key: str | None) -> str | None:
    """Get the key that a request is known again by, or raise InvalidOrder if it is too long."""
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
