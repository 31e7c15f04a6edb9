"""Tasks go forward only, and only for the attempt that holds them (C21, C30, C41)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from kinetoscope.db import Conn, Database, due, tasks
from kinetoscope.db.tasks import Filter
from kinetoscope.domain.errors import NotFound, Overtaken
from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import Failure, Status, Task
from tests.db.books import NOW, a_task, accept, begin, complete, fail, faults, open_with, usd


async def _tasks(db: Database, number: int = 1) -> list[Task]:
    """Accept tasks of alice, a second apart."""

    def write(conn: Conn) -> list[Task]:
        alice = open_with(conn, "alice", "10")
        made = [a_task(alice.id, usd("0.1"), created_at=NOW + each) for each in range(number)]
        return [accept(conn, task) for task in made]

    return await db.write(write)


async def test_a_task_is_remembered_as_it_was_accepted(db: Database) -> None:
    [task] = await _tasks(db)

    assert await db.read(lambda conn: tasks.get(conn, task.id, task.account_id)) == task
    assert await db.read(lambda conn: tasks.find(conn, task.id)) == task


async def test_anothers_task_is_as_unknown_as_none(db: Database) -> None:
    """C5."""
    [task] = await _tasks(db)

    with pytest.raises(NotFound) as another:
        await db.read(lambda conn: tasks.get(conn, task.id, "acct_another"))
    with pytest.raises(NotFound) as none:
        await db.read(lambda conn: tasks.get(conn, "task_none", task.account_id))

    assert str(another.value).replace(task.id, "") == str(none.value).replace("task_none", "")


def _moves(task: Task) -> list[Callable[[Conn], object]]:
    """List everything that a runner of *task* may try."""
    return [
        lambda conn: tasks.start(conn, task, NOW),
        lambda conn: tasks.unstart(conn, task),
        lambda conn: tasks.retake(conn, task),
        lambda conn: tasks.keep_ticket(conn, task, "ticket"),
        lambda conn: complete(conn, task, Money()),
        lambda conn: fail(conn, task),
    ]


async def test_an_older_attempt_changes_nothing(db: Database) -> None:
    """A runner that was paused and replaced finds every door closed."""
    [task] = await _tasks(db)
    old = await db.write(lambda conn: tasks.claim(conn, task.id))
    new = await db.write(lambda conn: tasks.claim(conn, task.id))
    assert (old.attempt, new.attempt) == (1, 2)

    for move in _moves(old):
        with pytest.raises(Overtaken):
            await db.write(move)
    await db.write(lambda conn: tasks.note(conn, [tasks.Note(old.id, old.attempt, 50)]))

    assert await db.read(lambda conn: tasks.find(conn, task.id)) == new


async def test_an_ended_task_never_changes_again(db: Database) -> None:
    """C21: completed and failed are never left."""
    first, second = await _tasks(db, 2)
    done = await db.write(lambda conn: complete(conn, begin(conn, first.id), usd("0.1")))
    lost = await db.write(lambda conn: fail(conn, begin(conn, second.id)))

    for ended in (done, lost):
        for move in _moves(ended):
            with pytest.raises(Overtaken):
                await db.write(move)
        with pytest.raises(Overtaken):
            await db.write(partial(tasks.claim, task_id=ended.id))
        await db.write(partial(tasks.note, noted=[tasks.Note(ended.id, ended.attempt, 50)]))
        assert await db.read(partial(tasks.find, task_id=ended.id)) == ended
    assert await faults(db) == []


async def test_an_engine_is_asked_once(db: Database) -> None:
    [task] = await _tasks(db)
    claimed = await db.write(lambda conn: tasks.claim(conn, task.id))
    started = await db.write(lambda conn: tasks.start(conn, claimed, NOW))

    for seen in (claimed, started):
        with pytest.raises(Overtaken):
            await db.write(partial(tasks.start, task=seen, now=NOW + 1))

    again = await db.write(lambda conn: tasks.unstart(conn, started))
    assert (again.started_at, again.ticket) == (None, None)
    assert (await db.write(lambda conn: tasks.start(conn, again, NOW + 2))).started_at == NOW + 2


async def test_who_has_not_seen_the_start_cannot_end_the_task(db: Database) -> None:
    """C43: a cancel that looked before the engine was asked must look again."""
    [task] = await _tasks(db)
    seen = await db.write(lambda conn: tasks.claim(conn, task.id))
    await db.write(lambda conn: tasks.start(conn, seen, NOW))

    with pytest.raises(Overtaken):
        await db.write(lambda conn: fail(conn, seen, Failure.CANCELLED))

    assert (await db.read(lambda conn: tasks.find(conn, task.id))).status is Status.IN_PROGRESS
    assert await faults(db) == []


async def test_progress_never_falls_and_stays_below_100_until_the_end(db: Database) -> None:
    """C21."""
    [task] = await _tasks(db)
    begun = await db.write(lambda conn: begin(conn, task.id))
    seen = []
    for progress in (10, 60, 30, 99, 5):
        await db.write(partial(tasks.note, noted=[tasks.Note(begun.id, begun.attempt, progress)]))
        seen.append((await db.read(lambda conn: tasks.find(conn, task.id))).progress)

    assert seen == [10, 60, 60, 99, 99]
    assert (await db.write(lambda conn: complete(conn, begun, Money()))).progress == 100


def _page(conn: Conn, account_id: str, after: str | None, *, ascending: bool) -> list[Task]:
    wanted = Filter()
    return tasks.list_tasks(conn, account_id, wanted, after=after, ascending=ascending, limit=3)


async def test_pages_show_every_task_once_in_either_order(db: Database) -> None:
    """C41."""
    made = [task.id for task in await _tasks(db, 7)]
    account = (await db.read(lambda conn: tasks.find(conn, made[0]))).account_id

    for ascending, expected in ((True, made), (False, made[::-1])):
        seen: list[str] = []
        after: str | None = None
        while page := await db.read(
            partial(_page, account_id=account, after=after, ascending=ascending)
        ):
            seen += [task.id for task in page]
            after = page[-1].id
        assert seen == expected


async def test_filters_narrow_the_list(db: Database) -> None:
    """C41: by status, operation and time; the first second counts, the last does not."""
    made = await _tasks(db, 4)
    await db.write(lambda conn: complete(conn, begin(conn, made[0].id), usd("0.1")))
    await db.write(lambda conn: fail(conn, begin(conn, made[1].id)))
    await db.write(lambda conn: begin(conn, made[2].id))

    async def numbers(wanted: Filter, account: str | None = made[0].account_id) -> list[int]:
        found = await db.read(lambda conn: tasks.list_tasks(conn, account, wanted))
        ids = [task.id for task in made]
        return sorted(ids.index(task.id) for task in found)

    assert await numbers(Filter()) == [0, 1, 2, 3]
    assert await numbers(Filter(), account=None) == [0, 1, 2, 3]
    assert await numbers(Filter(), account="acct_another") == []
    assert await numbers(Filter(statuses=(Status.COMPLETED, Status.QUEUED))) == [0, 3]
    assert await numbers(Filter(operations=(Operation.EDIT,))) == []
    assert await numbers(Filter(operations=(Operation.EDIT, Operation.TEXT))) == [0, 1, 2, 3]
    assert await numbers(Filter(created_after=NOW + 1, created_before=NOW + 3)) == [1, 2]


async def test_a_deleted_result_leaves_the_list_and_its_bill_stays(db: Database) -> None:
    """C42."""
    done, running = await _tasks(db, 2)
    await db.write(lambda conn: complete(conn, begin(conn, done.id), usd("0.1")))

    assert await db.write(lambda conn: tasks.delete_result(conn, done.id, NOW))
    assert not await db.write(lambda conn: tasks.delete_result(conn, done.id, NOW))
    assert not await db.write(lambda conn: tasks.delete_result(conn, running.id, NOW))

    left = await db.read(lambda conn: tasks.list_tasks(conn, done.account_id, Filter()))
    every = await db.read(lambda conn: tasks.list_tasks(conn, None, Filter(deleted_too=True)))
    assert [task.id for task in left] == [running.id]
    assert [task.id for task in every] == [running.id, done.id]
    assert (await db.read(lambda conn: tasks.find(conn, done.id))).charged == usd("0.1")
    assert await faults(db) == []


async def test_the_queue_gives_out_the_oldest_and_a_crash_leaves_the_unfinished(
    db: Database,
) -> None:
    made = [task.id for task in await _tasks(db, 4)]
    await db.write(lambda conn: tasks.claim(conn, made[1]))
    await db.write(lambda conn: complete(conn, begin(conn, made[3]), Money()))

    async def row(engine: str, limit: int) -> list[str]:
        found = await db.read(lambda conn: due.next_queued(conn, engine, limit))
        return [task.id for task in found]

    assert await row("scripted", 1) == made[:1]
    assert await row("scripted", 9) == [made[0], made[2]]
    assert await row("another", 9) == []
    left = await db.read(lambda conn: due.unfinished(conn, ["scripted", "another"]))
    assert left == {made[1]: "scripted"}


async def test_an_idempotency_key_is_remembered_for_a_day(db: Database) -> None:
    """C30."""
    first, second = await _tasks(db, 2)
    account, day = first.account_id, 24 * 3600

    def remember(conn: Conn, task: Task, now: int) -> None:
        tasks.remember(conn, account, "key-1", now, task_id=task.id, fingerprint="f" * 64)

    await db.write(lambda conn: remember(conn, first, NOW))
    assert await db.read(lambda conn: tasks.remembered(conn, account, "key-1", NOW + day - 1)) == (
        first.id,
        "f" * 64,
    )
    assert await db.read(lambda conn: tasks.remembered(conn, "acct_2", "key-1", NOW)) is None
    assert await db.read(lambda conn: tasks.remembered(conn, account, "key-1", NOW + day)) is None

    await db.write(lambda conn: remember(conn, second, NOW + day))
    found = await db.read(lambda conn: tasks.remembered(conn, account, "key-1", NOW + day))
    assert found is not None
    assert found[0] == second.id
