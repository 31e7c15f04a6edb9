"""One step of one task: start, poll, keep, settle or release.

Correct however often and wherever it is called: every effect is a conditional change of the task's
row that names the attempt, so of two runners one changes nothing and stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import OperationalError

from kinetoscope.assets.inspect import VIDEO_BYTES, inspect_video
from kinetoscope.db import Conn, ledger, tasks
from kinetoscope.db.ids import new_id
from kinetoscope.db.tasks import Note
from kinetoscope.domain.errors import (
    EngineUnavailable,
    InputUnreachable,
    InvalidOrder,
    KinetoscopeError,
    NotCancellable,
    Overtaken,
)
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.order import LIMITS, Input
from kinetoscope.domain.pricing import Quote, exactly, price
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.engines import Engine, Inputs, Lost, Made, Refused, Ticket, Working
from kinetoscope.service import Gateway, inputs_key, video_key
from kinetoscope.service.terms import (
    Terms,
    read_terms,
    write_billing,
    write_output,
)

log = logging.getLogger(__name__)

_MOST_PROGRESS = 99  # before the end
MOST_ATTEMPTS = 10  # takes of one task before we believe that it brings its runner down

_TRIES, _AGAIN_SECONDS = 300, 1
_RESULT_SECONDS = 300  # for looking at a result: a busy machine must not cost a good video


@dataclass(frozen=True, slots=True)
class _Kept:
    """A result in the store, and its measures."""

    result: Input
    sha256: str


async def advance(gateway: Gateway, engine: Engine, task: Task) -> Task:
    """Take *task* one step further and return how it stands now.

    Raise EngineUnavailable if it must wait, Overtaken if it is no longer this attempt's.
    """
    if overdue := _overdue(gateway, task):
        ended = await fail(gateway, task, *overdue)
        await _stop(engine, task)
        return ended
    if task.started_at is None:
        return await _begin(gateway, engine, task)
    if task.ticket is None:
        # It died between asking and keeping the ticket: the engine may have heard.
        return await _lost(gateway, engine, task)
    return await _ask(gateway, engine, task, Ticket(task.ticket))


async def _ask(gateway: Gateway, engine: Engine, task: Task, ticket: Ticket) -> Task:
    match await engine.poll(ticket):
        case Working(progress):
            if progress:
                gateway.bell.moved(Note(task.id, task.attempt, min(_MOST_PROGRESS, progress)))
            return task
        case Made(source):
            return await _finish(gateway, engine, task, source)
        case Refused() as refusal:
            ended = await _refuse(gateway, task, refusal)
            await engine.forget(ticket)
            return ended
        case Lost():
            return await _lost(gateway, engine, task)


async def fail(gateway: Gateway, task: Task, failure: Failure, message: str) -> Task:
    """End *task* without a video and give back all that was held for it."""
    return await _fail(gateway, task, failure, message, charge=ZERO)


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


def _overdue(gateway: Gateway, task: Task) -> tuple[Failure, str] | None:
    """Say what kept *task* from its end in time, if its time is up."""
    now, rules = gateway.now(), gateway.rules
    if task.started_at is None:
        message = f"no engine could be asked within {rules.queue_time} seconds"
        late = now > task.created_at + rules.queue_time
        return (Failure.UNAVAILABLE, message) if late else None
    message = f"the engine was not done within {rules.task_time} seconds"
    late = now > task.started_at + rules.task_time
    return (Failure.TIMED_OUT, message) if late else None


async def _begin(gateway: Gateway, engine: Engine, task: Task) -> Task:
    if task.attempt > MOST_ATTEMPTS:
        message = "rendering this was interrupted too often"
        return await fail(gateway, task, Failure.FAILED, message)
    terms = read_terms(task.order)
    inputs = await _inputs(gateway, terms)
    begun = await _start(gateway, task)
    try:
        ticket = await engine.start(task.id, terms.order, inputs)
    except EngineUnavailable:
        await _insist(gateway, lambda conn: tasks.unstart(conn, begun))
        raise
    try:
        return await _insist(gateway, lambda conn: tasks.keep_ticket(conn, begun, ticket))
    except Overtaken:
        await engine.stop(ticket)
        raise


async def _start(gateway: Gateway, task: Task) -> Task:
    """Say that the engine may have been asked; it is not, if that cannot be known to be written."""

    def undo(conn: Conn) -> Task:
        found = tasks.find(conn, task.id)
        if found.attempt != task.attempt:
            raise Overtaken(task.id)
        return tasks.unstart(conn, found)

    try:
        return await gateway.db.write(lambda conn: tasks.start(conn, task, int(gateway.now())))
    except OperationalError:
        await _insist(gateway, undo)
        raise


async def _insist(gateway: Gateway, change: Callable[[Conn], Task]) -> Task:
    """Write what nobody else knows, even if the database is away for some minutes."""
    for _ in range(_TRIES):
        with contextlib.suppress(OperationalError):
            return await gateway.db.write(change)
        await asyncio.sleep(_AGAIN_SECONDS)
    return await gateway.db.write(change)


async def _inputs(gateway: Gateway, terms: Terms) -> Inputs:
    return Inputs(
        images=terms.images,
        video=terms.video,
        image_paths=tuple([await gateway.store.local(each.key) for each in terms.images]),
        video_path=await gateway.store.local(terms.video.key) if terms.video else None,
    )


async def _lost(gateway: Gateway, engine: Engine, task: Task) -> Task:
    """Nobody knows what became of it: start over if that is free, or give up."""
    if engine.repeatable:
        return await gateway.db.write(lambda conn: tasks.retake(conn, task))
    message = "the service was interrupted while it asked the engine; the outcome is unknown"
    return await fail(gateway, task, Failure.LOST, message)


async def _finish(gateway: Gateway, engine: Engine, task: Task, source: Path | str) -> Task:
    """Keep the video, then complete and settle in one transaction."""
    terms = read_terms(task.order)
    try:
        kept = await _keep(gateway, task, source)
    except InvalidOrder as error:
        log.warning("%s: the engine's result is no good: %s", task.id, error.message)
        return await fail(gateway, task, Failure.FAILED, "the engine made no playable video")
    made = price(exactly(terms.order, terms.usage, kept.result), terms.rates)
    bill = min(made, _promised(task), key=lambda each: each.total)
    ended = await _complete(gateway, task, terms, kept, bill)
    await engine.forget(Ticket(task.ticket or ""))
    await gateway.store.delete(inputs_key(task.id))
    return ended


async def _keep(gateway: Gateway, task: Task, source: Path | str) -> _Kept:
    fetched: Path | None = None
    try:
        if isinstance(source, str):
            fetched = gateway.work / new_id("made")
            await _fetch(gateway, source, fetched)
        path = fetched or Path(str(source))
        facts = await inspect_video(path, param="video", seconds=_RESULT_SECONDS)
        saved = await gateway.store.save(video_key(task.id), path)
    finally:
        if fetched is not None:
            fetched.unlink(missing_ok=True)
    result = Input(
        saved.key, facts.media_type, saved.size, facts.width, facts.height, facts.seconds
    )
    return _Kept(result, saved.sha256)


async def _fetch(gateway: Gateway, source: str, into: Path) -> None:
    """Fetch what the engine made; it is paid for there, so a network that fails is waited for."""
    try:
        await gateway.outbound.fetch(source, into, most_bytes=VIDEO_BYTES, param="video")
    except InputUnreachable as error:
        raise EngineUnavailable(f"its video cannot be fetched: {error.message}") from error


async def _complete(gateway: Gateway, task: Task, terms: Terms, kept: _Kept, bill: Quote) -> Task:
    cost = bill.total
    now = int(gateway.now())
    retention = gateway.rules.retention
    result = {
        "charged": cost,
        "billing": write_billing(bill.lines, held=task.held, charged=cost),
        "output": write_output(kept.result, kept.sha256),
        "expires_at": now + retention if retention else None,
    }
    if LIMITS[terms.order.operation].duration is None:
        result["seconds"] = f"{round(kept.result.seconds or 0, 2):g}"

    def end(conn: Conn) -> Task:
        ended = tasks.complete(conn, task, now, result)
        ledger.settle(conn, task.id, cost, now)
        return ended

    return await gateway.db.write(end)


async def _refuse(gateway: Gateway, task: Task, refusal: Refused) -> Task:
    failure = Failure(refusal.code)
    billed = failure is Failure.MODERATED and refusal.billed and gateway.rules.charge_moderated
    charge = task.held if billed else ZERO
    return await _fail(gateway, task, failure, refusal.message, charge=charge)


async def _fail(
    gateway: Gateway, task: Task, failure: Failure, message: str, *, charge: Money
) -> Task:
    now = int(gateway.now())
    lines = _promised(task).lines if charge else ()
    note = "moderation blocked this video after the engine had billed it" if charge else None
    bill = write_billing(lines, held=task.held, charged=charge, note=note)

    def end(conn: Conn) -> Task:
        ended = tasks.fail(conn, task, now, failure, message, charged=charge, billing=bill)
        if charge:
            ledger.settle(conn, task.id, charge, now)
        else:
            ledger.release(conn, task.id)
        return ended

    ended = await gateway.db.write(end)
    try:
        await gateway.store.delete(inputs_key(task.id))
        await gateway.store.delete(video_key(task.id))  # of a run that died before it settled
    except (OSError, KinetoscopeError):  # the sweep will find them
        log.warning("%s: its inputs could not be removed yet", task.id, exc_info=True)
    return ended


def _promised(task: Task) -> Quote:
    terms = read_terms(task.order)
    return price(terms.usage, terms.rates)


async def _stop(engine: Engine, task: Task) -> None:
    if task.ticket and engine.stoppable:
        await engine.stop(Ticket(task.ticket))
