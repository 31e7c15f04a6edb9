"""An order becomes a task: measure, price, hold, remember."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from kinetoscope.db import Conn, ledger, tasks
from kinetoscope.db.accounts import Key
from kinetoscope.db.ids import new_id
from kinetoscope.domain.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidOrder,
    KinetoscopeError,
    NotAccepting,
    NotFound,
)
from kinetoscope.domain.money import ZERO
from kinetoscope.domain.order import LIMITS, Order, Tier, check
from kinetoscope.domain.pricing import FREE, Quote, Usage, at_most, price
from kinetoscope.domain.task import Status, Task
from kinetoscope.engines import Engine
from kinetoscope.service import Gateway, Model, endpoints, inputs_key
from kinetoscope.service.choice import first_choice
from kinetoscope.service.endpoints import check_address
from kinetoscope.service.inputs import Gathered, addressed, gathered, keep
from kinetoscope.service.pace import take_turn
from kinetoscope.service.terms import Terms, write_quote, write_terms

_BROKE = "[broke]"  # what a test key's prompt says to be refused as who has no money


@dataclass(frozen=True, slots=True)
class Wish:
    """An order and how its sender recognises it.

    *fingerprint* is the SHA-256 of the parsed request; *retry* says that the client's own library
    sends it again.
    """

    order: Order
    fingerprint: str
    idempotency_key: str | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order would be and cost, and who could make it."""

    order: Order
    found: Gathered
    usage: Usage
    quote: Quote
    engines: tuple[Engine, ...]


async def submit(gateway: Gateway, key: Key, wish: Wish) -> Task:
    """Accept *wish*: set its price aside and remember the task, or refuse and change nothing."""
    model = _model(gateway, key, wish.order)
    if earlier := await _earlier(gateway, key, wish):
        return earlier
    if not gateway.bell.accepting:
        raise NotAccepting("the service is shutting down; try again in a moment")
    await take_turn(gateway, key)
    if wish.order.webhook_url is not None:
        await check_address(gateway, wish.order.webhook_url, "webhook_url")
        await endpoints.default(gateway, key.account_id)  # which signs for it
    async with gathered(gateway, key.account_id, wish.order) as found:
        offer = _offer(gateway, model, wish.order, found)
        if key.is_test:
            offer = _rehearsal(gateway, offer)
        return await _accept(gateway, key, wish, offer, model)


async def quote(gateway: Gateway, key: Key, order: Order) -> Offer:
    """Tell what *order* would cost; make nothing, hold nothing, keep nothing."""
    model = _model(gateway, key, order)
    await take_turn(gateway, key)
    if order.webhook_url is not None:
        await check_address(gateway, order.webhook_url, "webhook_url")
    async with gathered(gateway, key.account_id, order) as found:
        return _offer(gateway, model, order, found)


def _model(gateway: Gateway, key: Key, order: Order) -> Model:
    model = gateway.allowed_model(key, order.model)
    check(order)
    if order.operation not in model.makes:
        makes = ", ".join(sorted(model.makes))
        raise InvalidOrder(f"{order.model} cannot make {order.operation}; it makes {makes}")
    return model


def _offer(gateway: Gateway, model: Model, order: Order, found: Gathered) -> Offer:
    usage = at_most(order, found.video)
    engines = model.able(order.operation, found.private_bytes)
    if not engines:
        found = addressed(gateway, order, found)
        engines = model.able(order.operation, found.private_bytes)
    if not engines:
        raise _too_much(model, order, found)
    if unheeded := _unheeded(order, engines):
        order = replace(order, ignored=(*order.ignored, *unheeded))
    return Offer(order, found, usage, price(usage, model.rates), engines)


def _rehearsal(gateway: Gateway, offer: Offer) -> Offer:
    """Let the sandbox make what was offered; it is asked for as if it were not for nothing."""
    if gateway.sandbox is None:
        raise NotAccepting("this service has no sandbox: test keys make nothing here")
    if _BROKE in offer.order.prompt.lower():
        total = offer.quote.total
        message = f"this costs up to ${total} and ${ZERO} is available; add ${total}"
        raise InsufficientBalance(f"{message} (said for {_BROKE}, by a test key)")
    return replace(offer, engines=(gateway.sandbox,))


def _unheeded(order: Order, engines: tuple[Engine, ...]) -> list[str]:
    """List the parameters that were given and make no difference to any of *engines* (C15)."""
    given = []
    if order.seed is not None:
        given.append("seed")
    if order.sound is not None:
        given.append("generate_audio")
    keeps_sound = LIMITS[order.operation].video
    return [
        name
        for name in given
        if (name == "generate_audio" and keeps_sound)
        or not any(name in engine.heeds for engine in engines)
    ]


def _too_much(model: Model, order: Order, found: Gathered) -> InvalidOrder:
    """Say that no engine takes the bytes of the inputs themselves."""
    able = [each for each in model.engines if order.operation in each.makes]
    most = max(each.most_bytes or 0 for each in able)
    message = (
        f"{order.model} takes {most / 10**6:g} MB of uploads and data: URLs together, and these"
        f" have {found.private_bytes / 10**6:.1f}; name them by public https addresses instead"
    )
    return InvalidOrder(message, "video" if found.video else "image")


async def _earlier(gateway: Gateway, key: Key, wish: Wish) -> Task | None:
    """Find the task that this very request made before, or raise IdempotencyConflict."""
    if wish.idempotency_key is None and not wish.retry:
        return None
    now = int(gateway.now())

    def look(conn: Conn) -> Task | None:
        if wish.idempotency_key is None:
            return tasks.retried(conn, key.account_id, wish.fingerprint, now)
        known = tasks.remembered(conn, key.account_id, wish.idempotency_key, now)
        if known is None:
            return None
        task_id, fingerprint = known
        if fingerprint != wish.fingerprint:
            message = "this Idempotency-Key was used for another request; use a new one"
            raise IdempotencyConflict(message, "Idempotency-Key")
        try:
            return tasks.get(conn, task_id, key.account_id)
        except NotFound:
            return None

    return await gateway.db.read(look)


async def _accept(gateway: Gateway, key: Key, wish: Wish, offer: Offer, model: Model) -> Task:
    task_id = new_id("task")
    try:
        kept = await keep(gateway, task_id, offer.found)
        task = _task(task_id, key, offer, kept, model=model, now=int(gateway.now()))
        accepted = await _insert(gateway, key, wish, task)
    except (KinetoscopeError, IntegrityError):
        # Only what surely was not accepted is removed here; the sweep finds the rest.
        if offer.found.files:
            await gateway.store.delete(inputs_key(task_id))
        raise
    if accepted.id == task_id:
        gateway.bell.queued(task_id, accepted.engine)
    elif offer.found.files:
        await gateway.store.delete(inputs_key(task_id))
    return accepted


async def _insert(gateway: Gateway, key: Key, wish: Wish, task: Task) -> Task:
    limited = key.id if key.is_counted else None
    most_open = gateway.rules.open_tasks

    def write(conn: Conn) -> Task:
        if wish.idempotency_key is not None:
            tasks.remember(
                conn,
                key.account_id,
                wish.idempotency_key,
                task.created_at,
                task_id=task.id,
                fingerprint=wish.fingerprint,
            )
        ledger.hold(
            conn,
            task.id,
            key.account_id,
            task.held,
            limited_key=limited,
            most_open=most_open,
            now=task.created_at,
        )
        tasks.insert_task(conn, task, wish.fingerprint)
        return task

    try:
        return await gateway.db.write(write)
    except IntegrityError:
        # The same idempotency key, a moment earlier: that task is the answer.
        if earlier := await _earlier(gateway, key, wish):
            return earlier
        raise


def _task(task_id: str, key: Key, offer: Offer, kept: Gathered, *, model: Model, now: int) -> Task:
    order = offer.order
    rates = FREE if key.is_test else model.rates
    terms = Terms(order, kept.images, kept.video, offer.usage, rates)
    return Task(
        id=task_id,
        account_id=key.account_id,
        key_id=key.id,
        model=order.model,
        operation=order.operation,
        status=Status.QUEUED,
        progress=0,
        size=shown_size(order, kept),
        seconds=shown_seconds(order, kept),
        prompt=order.prompt,
        created_at=now,
        engine=first_choice(offer.engines).name,
        held=ZERO if key.is_test else offer.quote.total,
        order=write_terms(terms),
        quote=write_quote(offer.quote),
        ignored=json.dumps(order.ignored),
        seed=None if "seed" in order.ignored else order.seed,
    )


def shown_size(order: Order, found: Gathered) -> str:
    """Tell the size in the caller's own words, or the tier of the source that it follows."""
    if order.size:
        return order.size
    if found.video is not None:
        return Tier.of(found.video.width, found.video.height)
    return order.tier or Tier.P480


def shown_seconds(order: Order, found: Gathered) -> str:
    """Tell the duration asked for; of an edit, the length of its source."""
    if LIMITS[order.operation].duration is not None:
        return str(order.duration)
    length = found.video.seconds if found.video else None
    return "" if length is None else f"{round(length, 2):g}"
