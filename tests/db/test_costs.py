"""What engines charged us: exact sums by day, operation and engine, and all that differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kinetoscope.db import Conn, Database, ledger, reports, tasks
from kinetoscope.db.costs import CostRow, Costs, Sums, add_up, refunded
from kinetoscope.domain.cost import LARGEST
from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import Failure, Task
from tests.db.books import a_task, accept, begin, complete, fail, faults, open_with, usd

DAY = 24 * 3600
FIRST = 1_699_920_000  # 2023-11-14 begins
CENT = 10**8  # ticks
TRACE = '{"engine": "xai:main", "host": "api.x.ai"}'

End = Callable[[Conn, Task], Task]


@dataclass(frozen=True)
class Story:
    """How a task went: who was asked for what, and how it ended."""

    end: End
    engine: str = "xai:main"
    operation: Operation = Operation.TEXT
    evidence: str | None = TRACE


def made(charge: str = "0.3", now: int = FIRST, **known: int) -> Story:
    return Story(lambda conn, task: complete(conn, task, usd(charge), now, **known))


def fair(now: int = FIRST) -> Story:
    return made("0.3", now, cost=30 * CENT, card=30 * CENT)


def failed(charge: str = "0", now: int = FIRST, **known: int) -> Story:
    blocked = Failure.MODERATED
    return Story(lambda conn, task: fail(conn, task, blocked, usd(charge), now, **known))


async def play(db: Database, *stories: Story, who: str = "alice") -> list[Task]:
    """Let tasks of *who* go as they are told."""

    def write(conn: Conn) -> list[Task]:
        account = open_with(conn, who, "10")
        ended = []
        for story in stories:
            asked = a_task(account.id, usd("0.5"))
            asked = asked._replace(engine=story.engine, operation=story.operation)
            begun = begin(conn, accept(conn, asked).id, story.evidence)
            ended.append(story.end(conn, begun))
        return ended

    return await db.write(write)


async def look(db: Database, since: int = FIRST, until: int = FIRST + DAY) -> Costs:
    return await db.read(lambda conn: add_up(conn, since, until))


async def test_tasks_are_added_up_by_day_operation_and_engine(db: Database) -> None:
    studio = replace(made(), engine="studio", evidence=None)
    image = replace(made("0.302", cost=31 * CENT, card=30 * CENT), operation=Operation.IMAGE)
    await play(db, fair(), fair(FIRST + DAY - 1), image, studio)
    await play(db, fair(FIRST + DAY), fair(), who="bob")

    found = await look(db, FIRST, FIRST + 2 * DAY)

    three = Sums(videos=3, billed=3, charged=usd("0.9"), cost=90 * CENT)
    one = Sums(videos=1, billed=1, charged=usd("0.3"))
    other = replace(one, charged=usd("0.302"), cost=31 * CENT, differing=1)
    assert found.rows == (
        CostRow("2023-11-14", "image_to_video", "xai:main", other),
        CostRow("2023-11-14", "text_to_video", "studio", one),
        CostRow("2023-11-14", "text_to_video", "xai:main", three),
        CostRow("2023-11-15", "text_to_video", "xai:main", replace(one, cost=30 * CENT)),
    )
    assert found.total.margin == 30 * CENT - CENT * 8 // 10


async def test_only_what_ended_within_the_time_counts(db: Database) -> None:
    running = Story(lambda _, task: task)
    before, after = made(now=FIRST - 1), made(now=FIRST + DAY)
    await play(db, before, made(cost=7, card=8), after, running)

    found = await look(db)

    assert (found.total.videos, found.total.cost, len(found.differences)) == (1, 7, 1)


async def test_a_refund_counts_on_the_day_its_task_ended(db: Database) -> None:
    first, second = await play(db, made(cost=30 * CENT), made(cost=CENT))
    await db.write(lambda conn: ledger.refund(conn, first.id, FIRST + 9 * DAY, note="sorry"))

    total = (await look(db)).total

    assert (total.charged, total.refunded) == (usd("0.6"), usd("0.3"))
    assert total.margin == (60 - 30 - 31) * CENT
    back = await db.read(lambda conn: refunded(conn, [first.id, second.id, "task_none"]))
    assert back == {first.id: usd("0.3")}
    assert await faults(db) == []


async def test_sums_are_exact_however_large(db: Database) -> None:
    """An engine may say whatever fits 64 bits; the sum of two such costs does not."""
    await play(db, made(cost=LARGEST), made(cost=LARGEST), made(cost=LARGEST - 1))

    total = (await look(db)).total

    assert total.cost == 3 * LARGEST - 1
    assert total.margin == 90 * CENT - 3 * LARGEST + 1
    assert type(total.cost) is type(total.videos) is type(total.charged.micros) is int


async def test_what_differs_from_the_card_is_listed_newest_first(db: Database) -> None:
    card = 30 * CENT
    told = [
        made(now=FIRST + 1, cost=card + 1, card=card),
        made(now=FIRST + 2, cost=card, card=card),
        made(now=FIRST + 3, cost=card - 1, card=card),
        failed("0.5", now=FIRST + 4, cost=card - 2, card=card),
    ]
    dear, _, cheap, blocked = await play(db, *told)

    found = await look(db)

    shown = [(each.task_id, each.cost, each.card, each.amount) for each in found.differences]
    assert shown == [
        (blocked.id, card - 2, card, -2),
        (cheap.id, card - 1, card, -1),
        (dear.id, card + 1, card, 1),
    ]
    first = found.differences[-1]
    assert (first.account, first.ended_at, first.operation) == ("alice", FIRST + 1, "text_to_video")
    assert (first.engine, first.status, str(first.charged)) == ("xai:main", "completed", "0.30")
    assert found.total.differing == 3


async def test_of_a_failed_task_that_nobody_paid_the_card_says_nothing(db: Database) -> None:
    """What it cost differs, though it is what the card says for the video that was not made."""
    price = 30 * CENT
    paid, free, charged, unknown = await play(
        db,
        failed(cost=price, card=price),
        failed(cost=0, card=price),
        failed("0.5", cost=price, card=price),
        failed(),
    )

    found = await look(db)

    [difference] = found.differences
    assert (difference.task_id, difference.cost, difference.card) == (paid.id, price, 0)
    assert found.total.margin == (50 - 30 - 30) * CENT
    assert (found.total.videos, found.total.billed, found.total.differing) == (0, 1, 1)
    assert {free.error_code, charged.error_code, unknown.error_code} == {"moderation_blocked"}


async def test_a_cost_without_a_card_differs_from_nothing(db: Database) -> None:
    await play(db, made(cost=CENT), failed(cost=CENT))

    assert [each.status for each in (await look(db)).differences] == ["failed"]


async def test_videos_that_an_upstream_made_without_word_of_their_cost_are_counted(
    db: Database,
) -> None:
    """Not those that were drawn here, nor those that said it cost nothing, nor failures."""
    here = replace(made(), engine="studio", evidence=None)
    await play(db, made(), made(), made(cost=0, card=0), here, failed())

    found = await look(db)

    assert [(row.engine, row.sums.unreported) for row in found.rows] == [
        ("studio", 0),
        ("xai:main", 2),
    ]


async def test_as_many_differences_as_are_wanted_are_given_and_all_are_counted(
    db: Database,
) -> None:
    await play(db, *[made(now=FIRST + number, cost=number, card=9) for number in range(4)])

    found = await db.read(lambda conn: add_up(conn, FIRST, FIRST + DAY, most=2))

    assert [each.cost for each in found.differences] == [3, 2]
    assert found.total.differing == 4


async def test_a_deleted_video_was_paid_for_all_the_same(db: Database) -> None:
    [task] = await play(db, made(cost=CENT, card=2 * CENT))
    await db.write(lambda conn: tasks.delete_result(conn, task.id, FIRST))

    found = await look(db)

    assert (found.total.cost, len(found.differences)) == (CENT, 1)


async def test_charges_and_refunds_are_those_of_the_books(db: Database) -> None:
    """C39: what the accounts' own usage says adds up to what the operator sees."""
    [first, *_] = await play(db, made("0.123456"), failed("0.5"), failed(), made("0"))
    await play(db, made("0.000001"), who="bob")
    await db.write(lambda conn: ledger.refund(conn, first.id, FIRST, note=""))

    def spent(conn: Conn) -> Money:
        names = {first.account_id, *conn.exec_driver_sql("SELECT id FROM accounts").scalars()}
        rows = [row for name in names for row in reports.usage(conn, name, FIRST, FIRST + DAY)]
        return sum((row.charged - row.refunded for row in rows), start=Money())

    total = (await look(db)).total

    assert total.charged - total.refunded == await db.read(spent) == usd("0.500001")
    assert (total.videos, total.billed) == (3, 3)
