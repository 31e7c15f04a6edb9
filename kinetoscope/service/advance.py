"""One step of one task: start, poll, keep, settle or release.

Correct however often and wherever it is called: every effect is a conditional change of the task's
row that names the attempt, so of two runners one changes nothing and stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.exc import OperationalError

from kinetoscope.db import Conn, deliveries, ledger, tasks
from kinetoscope.db.tasks import Note
from kinetoscope.domain.cost import ticks_of
from kinetoscope.domain.errors import (
    EngineUnavailable,
    InvalidOrder,
    KinetoscopeError,
    NotCancellable,
    OutcomeUnknown,
    Overtaken,
    UnusableResult,
)
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.order import LIMITS
from kinetoscope.domain.pricing import Quote, Usage, exactly, price
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.engines import SANDBOX, Engine, Inputs, Lost, Made, Refused, Ticket, Working
from kinetoscope.service import Gateway, inputs_key, video_key
from kinetoscope.service.results import Kept, keep_result
from kinetoscope.service.terms import (
    Terms,
    read_terms,
    write_billing,
    write_output,
)

log = logging.getLogger(__name__)

_MOST_PROGRESS = 99  # before the end
MOST_ATTEMPTS = 10  # takes of one task before we believe that it brings its runner down

_AGAIN_SECONDS = 1
_KEPT_SECONDS = 24 * 3600  # for which engines keep what they made; xAI's SDK says so of its links
_LONGEST_SAYING = 2000
_TEST = "made with a test key: nothing was held and nothing charged"
_BILLED = "moderation blocked this video after the engine had billed it"


async def advance(gateway: Gateway, engine: Engine, task: Task) -> Task:
    """Take *task* one step further and return how it stands now.

    Raise EngineUnavailable if it must wait, UnusableResult if what the engine made must be fetched
    again, Overtaken if it is no longer this attempt's.
    """
    if task.started_at is None:
        if gateway.now() > task.created_at + gateway.rules.queue_time:
            message = f"no engine could be asked within {gateway.rules.queue_time} seconds"
            return await fail(gateway, task, Failure.UNAVAILABLE, message)
        return await _begin(gateway, engine, task)
    if task.ticket is None:
        # It died between asking and keeping the ticket: the engine may have heard.
        return await _lost(gateway, engine, task)
    return await _ask(gateway, engine, task, Ticket(task.ticket))


async def _ask(gateway: Gateway, engine: Engine, task: Task, ticket: Ticket) -> Task:
    try:
        report = await engine.poll(ticket)
    except EngineUnavailable as error:
        if not is_late(gateway, task):
            raise
        message = f"the engine did not answer within {gateway.rules.task_time} seconds"
        known = _learnt(task, said=str(error))
        return await fail(gateway, task, Failure.UNAVAILABLE, message, known)
    match report:
        case Working(progress):
            if is_late(gateway, task):
                return await _time_out(gateway, engine, task)
            if progress:
                gateway.bell.moved(Note(task.id, task.attempt, min(_MOST_PROGRESS, progress)))
            return task
        case Made() as made:
            return await _finish(gateway, engine, task, made)
        case Refused() as refusal:
            ended = await _refuse(gateway, task, refusal)
            await engine.forget(ticket)
            return ended
        case Lost():
            return await _lost(gateway, engine, task)


async def fail(
    gateway: Gateway,
    task: Task,
    failure: Failure,
    message: str,
    known: Mapping[str, Any] = MappingProxyType({}),
) -> Task:
    """End *task* without a video and give back all that was held for it.

    *known* are columns of its row: what it cost us, and what the operator may want to read.
    """
    return await _fail(gateway, task, failure, message, charge=ZERO, known=known)


def is_late(gateway: Gateway, task: Task) -> bool:
    """Tell whether an engine had all the time that it may take for *task*."""
    began = task.started_at
    return began is not None and gateway.now() > began + gateway.rules.task_time


async def cancel(gateway: Gateway, task_id: str, account_id: str | None) -> Task:
    """Cancel a task that costs nothing yet, or raise NotCancellable; twice is the same as once.

    *account_id* None is the operator, who may cancel anybody's.
    """
    while True:
        task = await gateway.db.read(
            lambda conn: (
                tasks.find(conn, task_id)
                if account_id is None
                else tasks.get(conn, task_id, account_id)
            )
        )
        if task.error_code == Failure.CANCELLED:
            return task
        _may_cancel(gateway, task)
        with contextlib.suppress(Overtaken):  # it moved meanwhile: look again
            ended = await fail(gateway, task, Failure.CANCELLED, "cancelled on request")
            gateway.bell.ended(task_id)
            return ended


async def abandon(gateway: Gateway, engine: Engine, task: Task) -> None:
    """Let go of a task that somebody else ended or took over; drop what only it needed."""
    now = await gateway.db.read(lambda conn: tasks.find(conn, task.id))
    if now.ended or now.ticket != task.ticket:  # else its next runner asks by the same ticket
        await _stop(engine, task)
    if now.status is Status.FAILED:
        await gateway.store.delete(video_key(task.id))


def _may_cancel(gateway: Gateway, task: Task) -> None:
    if task.ended:
        message = f"{task.id} has ended already: it is {task.status}"
        raise NotCancellable(message, "id")
    engine = gateway.engines().get(task.engine)
    if task.started_at is not None and engine is not None and not engine.stoppable:
        message = f"{engine.name} is rendering {task.id} and bills it to the end; it cannot stop"
        raise NotCancellable(message, "id")


async def _time_out(gateway: Gateway, engine: Engine, task: Task) -> Task:
    message = f"the engine was not done within {gateway.rules.task_time} seconds"
    ended = await fail(gateway, task, Failure.TIMED_OUT, message)
    await _stop(engine, task)
    return ended


async def _begin(gateway: Gateway, engine: Engine, task: Task) -> Task:
    if task.attempt > MOST_ATTEMPTS:
        message = "rendering this was interrupted too often"
        return await fail(gateway, task, Failure.FAILED, message)
    terms = read_terms(task.order)
    inputs = await _inputs(gateway, terms)
    await engine.admit()
    begun = await _start(gateway, engine, task)
    try:
        answer = await engine.start(task.id, terms.order, inputs)
    except EngineUnavailable:
        await _insist(gateway, lambda conn: tasks.unstart(conn, begun), f"{task.id} did not begin")
        raise
    except OutcomeUnknown as unknown:
        return await _lost(gateway, engine, begun, str(unknown))
    if isinstance(answer, Refused):
        return await _refuse(gateway, begun, answer)
    try:
        news = f"{task.id} has the ticket {answer} at {engine.name}"
        return await _insist(gateway, lambda conn: tasks.keep_ticket(conn, begun, answer), news)
    except Overtaken:
        await engine.stop(answer)
        raise


async def _start(gateway: Gateway, engine: Engine, task: Task) -> Task:
    """Say that the engine may have been asked; it is not, if that cannot be known to be written."""
    trace = json.dumps(dict(engine.trace)) if engine.trace else None

    def undo(conn: Conn) -> Task:
        found = tasks.find(conn, task.id)
        if found.attempt != task.attempt:
            raise Overtaken(task.id)
        return tasks.unstart(conn, found)

    try:
        return await gateway.db.write(
            lambda conn: tasks.start(conn, task, int(gateway.now()), trace)
        )
    except OperationalError:
        await _insist(gateway, undo, f"{task.id} did not begin")
        raise


async def _insist(gateway: Gateway, change: Callable[[Conn], Task], news: str) -> Task:
    """Write what nobody else knows, however long the database is away; log the *news* meanwhile."""
    told = False
    while True:
        try:
            return await gateway.db.write(change)
        except OperationalError as error:
            if not told:
                log.error("%s, and the database cannot be told: %s", news, error.orig)  # noqa: TRY400 - the cause is known
            told = True
        await asyncio.sleep(_AGAIN_SECONDS)


async def _inputs(gateway: Gateway, terms: Terms) -> Inputs:
    return Inputs(
        images=terms.images,
        video=terms.video,
        image_paths=tuple([await gateway.store.local(each.key) for each in terms.images]),
        video_path=await gateway.store.local(terms.video.key) if terms.video else None,
    )


async def _lost(gateway: Gateway, engine: Engine, task: Task, said: str = "") -> Task:
    """Nobody knows what became of it: start over if that is free, or give up."""
    if engine.repeatable:
        return await gateway.db.write(lambda conn: tasks.retake(conn, task))
    message = "the service was interrupted while it asked the engine; the outcome is unknown"
    if said:
        message = "the engine broke off while it was asked; the outcome is unknown"
        log.error("%s is lost at %s: %s", task.id, engine.name, said)
    return await fail(gateway, task, Failure.LOST, message, _learnt(task, said=said))


async def _finish(gateway: Gateway, engine: Engine, task: Task, made: Made) -> Task:
    """Keep the video, then complete and settle in one transaction."""
    terms = read_terms(task.order)
    try:
        kept = await keep_result(gateway, task, terms, made.source)
    except UnusableResult as error:
        raise UnusableResult(str(error), made.cost) from error
    except InvalidOrder as error:
        log.warning("%s: the engine's result is no good: %s", task.id, error.message)
        return await give_up(gateway, engine, task, error.message, made.cost)
    except EngineUnavailable as error:
        if not _is_forsaken(gateway, task):
            raise
        return await give_up(gateway, engine, task, f"{made.source}: {error}", made.cost)
    usage = exactly(terms.order, terms.usage, kept.result)
    bill = min(price(usage, terms.rates), _promised(task), key=lambda each: each.total)
    known = _costs(gateway, engine, made.cost, usage) | _remarks(made)
    ended = await _complete(gateway, task, terms, kept, bill=bill, known=known)
    await engine.forget(Ticket(task.ticket or ""))
    await gateway.store.delete(inputs_key(task.id))
    return ended


async def give_up(
    gateway: Gateway, engine: Engine, task: Task, said: str, cost: int | None
) -> Task:
    """End *task*: what its engine made, at a *cost* in ticks, is no video that can be kept."""
    known = _learnt(task, said=said)
    known |= _costs(gateway, engine, cost, read_terms(task.order).usage)
    return await fail(gateway, task, Failure.FAILED, "the engine made no playable video", known)


def _is_forsaken(gateway: Gateway, task: Task) -> bool:
    """Whether a video that was made could not be fetched for as long as engines keep one."""
    began = task.started_at or 0
    return gateway.now() > began + gateway.rules.task_time + _KEPT_SECONDS


def _costs(gateway: Gateway, engine: Engine, cost: int | None, usage: Usage) -> dict[str, Any]:
    """Tell what the engine charged us, next to what its price list says."""
    card = gateway.cards.get(engine.name)
    if cost is None or card is None:
        return {"cost": cost}
    return {"cost": cost, "card": ticks_of(price(usage, card).total)}


def _remarks(made: Made) -> dict[str, Any]:
    """Tell what the engine says of its work, for the customer."""
    seed = {} if made.seed is None else {"seed": made.seed}
    return {**seed, "notes": json.dumps(made.notes) if made.notes else None}


def _learnt(task: Task, *, said: str) -> dict[str, Any]:
    """Add what an engine *said* to the evidence of a task."""
    if not said:
        return {}
    found = json.loads(task.evidence or "{}")
    return {"evidence": json.dumps({**found, "said": said[:_LONGEST_SAYING]})}


async def _complete(
    gateway: Gateway, task: Task, terms: Terms, kept: Kept, *, bill: Quote, known: dict[str, Any]
) -> Task:
    cost = bill.total
    now = int(gateway.now())
    retention = gateway.rules.retention
    result = {
        "charged": cost,
        "billing": write_billing(bill.lines, held=task.held, charged=cost, note=_note(task)),
        "output": write_output(kept.result, kept.sha256),
        "expires_at": now + retention if retention else None,
        **known,
    }
    if LIMITS[terms.order.operation].duration is None:
        result["seconds"] = f"{round(kept.result.seconds or 0, 2):g}"

    def end(conn: Conn) -> tuple[Task, int]:
        ended = tasks.complete(conn, task, now, result)
        ledger.settle(conn, task.id, cost, now)
        return ended, deliveries.record(conn, ended, terms.order.webhook_url)

    ended, events = await gateway.db.write(end)
    gateway.watch.ring(task.id)
    gateway.bell.recorded(events)
    return ended


async def _refuse(gateway: Gateway, task: Task, refusal: Refused) -> Task:
    failure = Failure(refusal.code)
    billed = failure is Failure.MODERATED and refusal.billed and gateway.rules.charge_moderated
    charge = task.held if billed else ZERO
    known = _learnt(task, said=refusal.said)
    if refusal.cost is not None:
        engine, terms = gateway.engines()[task.engine], read_terms(task.order)
        known |= _costs(gateway, engine, refusal.cost, terms.usage)
    if refusal.said:
        log.warning("%s: %s said: %s", task.id, task.engine, refusal.said)
    return await _fail(gateway, task, failure, refusal.message, charge=charge, known=known)


async def _fail(
    gateway: Gateway,
    task: Task,
    failure: Failure,
    message: str,
    *,
    charge: Money,
    known: Mapping[str, Any],
) -> Task:
    now = int(gateway.now())
    lines = _promised(task).lines if charge else ()
    note = _BILLED if charge else _note(task)
    bill = write_billing(lines, held=task.held, charged=charge, note=note)

    own_url = read_terms(task.order).order.webhook_url

    def end(conn: Conn) -> tuple[Task, int]:
        ended = tasks.fail(
            conn, task, now, failure, message, charged=charge, billing=bill, known=known
        )
        if charge:
            ledger.settle(conn, task.id, charge, now)
        else:
            ledger.release(conn, task.id)
        return ended, deliveries.record(conn, ended, own_url)

    ended, events = await gateway.db.write(end)
    gateway.watch.ring(task.id)
    gateway.bell.recorded(events)
    try:
        await gateway.store.delete(inputs_key(task.id))
        await gateway.store.delete(video_key(task.id))  # of a run that died before it settled
    except (OSError, KinetoscopeError):  # the sweep will find them
        log.warning("%s: its inputs could not be removed yet", task.id, exc_info=True)
    return ended


def _note(task: Task) -> str | None:
    return _TEST if task.engine == SANDBOX else None


def _promised(task: Task) -> Quote:
    terms = read_terms(task.order)
    return price(terms.usage, terms.rates)


async def _stop(engine: Engine, task: Task) -> None:
    if task.ticket and engine.stoppable:
        await engine.stop(Ticket(task.ticket))
