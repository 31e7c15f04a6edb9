"""Endpoints and deliveries on both databases: what ends is recorded, once for each who is told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from kinetoscope.db import Conn, Database, deliveries, tasks, webhooks
from kinetoscope.db.deliveries import LOGGED, Parcel, State, Try
from kinetoscope.db.ids import new_id
from kinetoscope.db.webhooks import MOST_ENDPOINTS, Endpoint, Salt, default_id
from kinetoscope.domain.errors import Conflict, NotFound, Overtaken
from kinetoscope.domain.event import Event, event_id
from kinetoscope.domain.money import ZERO
from kinetoscope.domain.task import Task
from tests.db.books import NOW, a_task, accept, begin, complete, fail, faults, open_with, usd

HEARD, DEAF = Try(NOW, 200, 5, "ok"), Try(NOW, None, 5, "broke off")


def an_endpoint(account_id: str, *events: Event, **more: Any) -> Endpoint:
    """Describe an endpoint that nobody remembers yet."""
    made = Endpoint(
        id=new_id("hook"),
        account_id=account_id,
        name="mine",
        description="",
        url="https://example.com/told",
        event_types=events or tuple(Event),
        active=True,
        disabled=None,
        failing_since=None,
        salt="salt",
        hint="hint",
        old_salt=None,
        old_until=None,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **more)


def add(conn: Conn, account_id: str, *events: Event, **more: Any) -> Endpoint:
    """Remember an endpoint."""
    made = an_endpoint(account_id, *events, **more)
    webhooks.add(conn, made)
    return made


def ended(conn: Conn, account_id: str, *, well: bool = True, own: str | None = None) -> Task:
    """End a task, and record that."""
    task = begin(conn, accept(conn, a_task(account_id, ZERO)).id)
    over = complete(conn, task, ZERO) if well else fail(conn, task)
    deliveries.record(conn, over, own)
    return over


def parcel_of(conn: Conn, endpoint: Endpoint, task: Task) -> Parcel:
    """Get what is told an endpoint of a task."""
    found = deliveries.parcel(conn, endpoint.id, event_id(task.id))
    assert found is not None
    return found


def state_of(conn: Conn, endpoint: Endpoint) -> list[State]:
    """Tell how all deliveries to an endpoint stand."""
    return [each.state for each in deliveries.list_deliveries(conn, endpoint.id)]


async def test_what_ends_is_recorded_for_those_who_are_to_be_told(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice, charlie = (open_with(conn, name, "0").id for name in ("alice", "charlie"))
        every = add(conn, alice)
        failed = add(conn, alice, Event.FAILED)
        add(conn, alice, active=False)
        own = add(conn, alice, id=default_id(alice), url="")
        add(conn, charlie)

        task = ended(conn, alice)
        bad = ended(conn, alice, well=False, own="https://example.com/own")

        def told(endpoint: Endpoint) -> list[tuple[str, str, str | None]]:
            rows = deliveries.list_deliveries(conn, endpoint.id)
            return [(each.task_id, each.event, each.url) for each in rows]

        done, not_done = Event.COMPLETED.value, Event.FAILED.value
        assert told(every) == [(bad.id, not_done, None), (task.id, done, None)]
        assert told(failed) == [(bad.id, not_done, None)]
        assert told(own) == [(bad.id, not_done, "https://example.com/own")]
        due = deliveries.due_endpoints(conn, NOW)
        assert set(due) == {every.id, failed.id, own.id}
        assert deliveries.next_due(conn) == NOW
        assert deliveries.due_endpoints(conn, NOW - 1) == []

    await db.write(story)


async def test_who_has_no_endpoint_costs_nothing_to_record(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        task = begin(conn, accept(conn, a_task(alice, ZERO)).id)
        assert deliveries.record(conn, complete(conn, task, ZERO), None) == 0
        assert deliveries.next_due(conn) is None

    await db.write(story)


async def test_what_is_undone_was_never_recorded(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "0").id)
    made = await db.write(lambda conn: add(conn, alice))
    task = await db.write(lambda conn: begin(conn, accept(conn, a_task(alice, ZERO)).id))

    def end(conn: Conn, *, then: Exception | None = None) -> None:
        deliveries.record(conn, complete(conn, task, ZERO), None)
        if then:
            raise then

    with pytest.raises(ZeroDivisionError):
        await db.write(partial(end, then=ZeroDivisionError()))
    assert await db.read(partial(state_of, endpoint=made)) == []
    ends = [db.write(end) for _ in range(5)]
    outcomes = await asyncio.gather(*ends, return_exceptions=True)

    assert [type(each) for each in outcomes if each] == [Overtaken] * 4
    assert await db.read(partial(state_of, endpoint=made)) == [State.WAITING]


async def test_tries_are_noted_and_only_so_many(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        made = add(conn, alice)
        task = ended(conn, alice)
        for number in range(LOGGED + 5):
            tried = Try(NOW + number, 500, 1, "no")
            deliveries.note(conn, parcel_of(conn, made, task), tried, NOW + number)
        [found] = deliveries.list_deliveries(conn, made.id)
        assert (len(found.log), found.tries) == (LOGGED, LOGGED + 5)
        assert found.log[-1].at == NOW + LOGGED + 4
        assert webhooks.get(conn, made.id, alice).failing_since == NOW

        deliveries.note(conn, parcel_of(conn, made, task), HEARD, None)

        assert state_of(conn, made) == [State.DELIVERED]
        assert webhooks.get(conn, made.id, alice).failing_since is None
        assert deliveries.parcel(conn, made.id, event_id(task.id)) is None

    await db.write(story)


@pytest.mark.parametrize("outcome", ["heard", "deaf", "given up"])
async def test_a_resend_is_stronger_than_a_try_that_was_under_way(
    db: Database, outcome: str
) -> None:
    notes: dict[str, Callable[[Conn, Parcel], None]] = {
        "heard": lambda conn, parcel: deliveries.note(conn, parcel, HEARD, None),
        "deaf": lambda conn, parcel: deliveries.note(conn, parcel, DEAF, NOW + 999),
        "given up": lambda conn, parcel: deliveries.give_up(conn, parcel, DEAF),
    }

    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        made = add(conn, alice)
        task = ended(conn, alice)
        under_way = parcel_of(conn, made, task)
        again = deliveries.resend(conn, made.id, event_id(task.id), NOW + 7)

        notes[outcome](conn, under_way)

        [found] = deliveries.list_deliveries(conn, made.id)
        assert (found.state, found.due_at, found.turn, found.tries) == (
            State.WAITING,
            NOW + 7,
            again.turn,
            0,
        )
        assert len(found.log) == 1

    await db.write(story)


async def test_an_endpoint_that_goes_takes_with_it_what_waits(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        removed, disabled, off = (add(conn, alice) for _ in range(3))
        first = ended(conn, alice)
        under_way = [parcel_of(conn, each, first) for each in (removed, disabled, off)]

        webhooks.remove(conn, removed, NOW)
        assert webhooks.disable(conn, disabled.id, "gone")
        assert not webhooks.disable(conn, disabled.id, "twice")
        webhooks.change(conn, off, {"active": False}, NOW + 1)
        ended(conn, alice)
        for parcel in under_way:
            deliveries.note(conn, parcel, DEAF, NOW + 1)

        for each in (removed, disabled, off):
            assert state_of(conn, each) == [State.FAILED]
        assert deliveries.due_endpoints(conn, NOW + 99) == []
        assert deliveries.next_due(conn) is None
        assert webhooks.get(conn, disabled.id, alice).disabled == "gone"
        on = webhooks.change(conn, off, {"active": True}, NOW + 2)
        assert (on.active, on.updated_at) == (True, NOW + 2)
        with pytest.raises(NotFound):
            webhooks.get(conn, removed.id, alice)
        with pytest.raises(NotFound):
            webhooks.change(conn, removed, {"name": "x"}, NOW)

    await db.write(story)


async def test_the_limit_holds_however_many_come_at_once(db: Database) -> None:
    alice = await db.write(lambda conn: open_with(conn, "alice", "0").id)
    asked = [db.write(partial(add, account_id=alice)) for _ in range(MOST_ENDPOINTS + 10)]

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(each, Conflict) for each in outcomes) == 10
    listed = await db.read(partial(webhooks.list_named, account_id=alice, limit=100))
    assert len(listed) == MOST_ENDPOINTS


async def test_a_rotation_keeps_the_old_salt_only_if_asked_to(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        made = add(conn, alice)
        first = webhooks.rotate(conn, made, Salt("new", "wen"), NOW, keep_old=True)
        second = webhooks.rotate(conn, first, Salt("newer", "rewen"), NOW, keep_old=False)
        day = NOW + webhooks.OVERLAP_SECONDS
        assert (first.salt, first.old_salt, first.old_until) == ("new", "salt", day)
        assert (second.salt, second.old_salt, second.old_until) == ("newer", None, None)
        assert second.hint == "rewen"

    await db.write(story)


async def test_failing_endpoints_are_found_for_the_operator(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        well, deaf, gone = (add(conn, alice) for _ in range(3))
        task = ended(conn, alice)
        deliveries.note(conn, parcel_of(conn, deaf, task), DEAF, NOW + 5)
        webhooks.disable(conn, gone.id, "it answered 410 Gone")

        every = webhooks.list_all(conn, failing=False)
        failing = webhooks.list_all(conn, failing=True)

        assert [(name, each.id, n) for name, each, n in every] == [
            ("alice", well.id, 1),
            ("alice", deaf.id, 1),
            ("alice", gone.id, 0),
        ]
        assert [each.id for _, each, _ in failing] == [deaf.id, gone.id]

    await db.write(story)


async def test_what_is_over_is_forgotten_and_what_waits_is_not(db: Database) -> None:
    def story(conn: Conn) -> None:
        alice = open_with(conn, "alice", "0").id
        kept, removed = add(conn, alice), add(conn, alice)
        first, second = ended(conn, alice), ended(conn, alice)
        deliveries.note(conn, parcel_of(conn, kept, first), HEARD, None)
        webhooks.remove(conn, removed, NOW)

        assert deliveries.forget(conn, NOW) == 0
        assert deliveries.forget(conn, NOW + 1) == 3
        assert deliveries.forget(conn, NOW + 1) == 0

        [left] = deliveries.list_deliveries(conn, kept.id)
        assert (left.task_id, left.state) == (second.id, State.WAITING)
        assert deliveries.give_up_late(conn, NOW) == 0
        assert deliveries.give_up_late(conn, NOW + 1) == 1

    await db.write(story)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_as_many_events_are_recorded_as_tasks_have_ended(db: Database, seed: int) -> None:
    """A random walk: whoever ends tasks at once, however it goes, each end is recorded once."""
    chance = random.Random(seed)
    alice = await db.write(lambda conn: open_with(conn, "alice", "10").id)
    made = await db.write(lambda conn: add(conn, alice))
    open_tasks: list[Task] = []

    def start(conn: Conn) -> Task:
        return begin(conn, accept(conn, a_task(alice, usd("0.01"))).id)

    def end(conn: Conn, task: Task, *, well: bool, broken: bool) -> None:
        over = complete(conn, task, task.held) if well else fail(conn, task)
        deliveries.record(conn, over, None)
        if broken:
            raise ZeroDivisionError

    for _ in range(10):
        begun = [db.write(start) for _ in range(chance.randint(1, 6))]
        open_tasks += await asyncio.gather(*begun)
        chosen = [chance.choice(open_tasks) for _ in range(8)]
        moves = [
            db.write(
                partial(end, task=each, well=chance.random() < 0.5, broken=chance.random() < 0.3)
            )
            for each in chosen
        ]
        outcomes = await asyncio.gather(*moves, return_exceptions=True)
        assert {type(each) for each in outcomes if each} <= {Overtaken, ZeroDivisionError}
        rows = await db.read(lambda conn: deliveries.list_deliveries(conn, made.id, limit=1000))
        listed = await db.read(
            lambda conn: tasks.list_tasks(conn, alice, tasks.Filter(), limit=1000)
        )
        over = {each.id: each.status.value for each in listed if each.ended}
        assert {each.task_id: each.event for each in rows} == {
            task_id: f"video.{status}" for task_id, status in over.items()
        }
        open_tasks = [each for each in open_tasks if each.id not in over]
    assert await faults(db) == []
