"""Files of accounts: whose they are, how many, and that a row outlives the bytes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kinetoscope.db import Database, files
from kinetoscope.domain.errors import FilesFull, NotFound, Overtaken
from kinetoscope.domain.file import File, Shelf
from tests.db.books import NOW, a_file, open_with


@pytest.fixture
async def alice(db: Database) -> str:
    return (await db.write(lambda conn: open_with(conn, "alice", "0"))).id


@pytest.fixture
async def bob(db: Database) -> str:
    return (await db.write(lambda conn: open_with(conn, "bob", "0"))).id


async def kept(db: Database, file: File) -> File:
    await db.write(lambda conn: files.reserve(conn, file, Shelf()))
    await db.write(lambda conn: files.keep(conn, file, NOW))
    return file


async def test_a_file_is_seen_once_it_is_kept_by_its_own_account(
    db: Database, alice: str, bob: str
) -> None:
    file = a_file(alice, seconds=6.25, media_type="video/mp4")
    await db.write(lambda conn: files.reserve(conn, file, Shelf()))

    async def find(who: str) -> File:
        return await db.read(lambda conn: files.get(conn, file.id, who, NOW))

    with pytest.raises(NotFound):
        await find(alice)
    await db.write(lambda conn: files.keep(conn, file, NOW))

    assert await find(alice) == file
    with pytest.raises(NotFound):
        await find(bob)
    assert await db.read(lambda conn: files.list_files(conn, bob, NOW)) == []


async def test_what_was_not_kept_in_time_falls_due_and_can_be_kept_no_more(
    db: Database, alice: str
) -> None:
    """A process that is killed between the row and the bytes leaves a row, and the sweep finds."""
    file = a_file(alice)
    await db.write(lambda conn: files.reserve(conn, file, Shelf()))

    assert await db.read(lambda conn: files.due(conn, NOW + 9)) == []
    assert await db.read(lambda conn: files.due(conn, NOW + 10)) == [file.id]
    with pytest.raises(Overtaken):
        await db.write(lambda conn: files.keep(conn, file, NOW + 10))
    await db.write(lambda conn: files.forget(conn, file.id, NOW + 10))
    with pytest.raises(Overtaken):
        await db.write(lambda conn: files.keep(conn, file, NOW))


async def test_a_dropped_file_is_seen_no_more_and_falls_due(
    db: Database, alice: str, bob: str
) -> None:
    file = await kept(db, a_file(alice))

    with pytest.raises(NotFound):
        await db.write(lambda conn: files.drop(conn, file.id, bob, NOW))
    await db.write(lambda conn: files.forget(conn, file.id, NOW))  # it is not due
    await db.write(lambda conn: files.drop(conn, file.id, alice, NOW))
    with pytest.raises(NotFound):
        await db.write(lambda conn: files.drop(conn, file.id, alice, NOW))

    assert await db.read(lambda conn: files.list_files(conn, alice, NOW)) == []
    assert await db.read(lambda conn: files.due(conn, NOW)) == [file.id]


async def test_pages_follow_each_other_in_either_order(db: Database, alice: str) -> None:
    made = [await kept(db, a_file(alice, purpose=f"{number % 2}")) for number in range(4)]

    async def page(**more: Any) -> list[int]:
        found = await db.read(lambda conn: files.list_files(conn, alice, NOW, **more))
        return [made.index(each) for each in found]

    assert await page() == [3, 2, 1, 0]
    assert await page(limit=2, after=made[2].id) == [1, 0]
    assert await page(ascending=True, after=made[1].id) == [2, 3]
    assert await page(purpose="1") == [3, 1]


async def test_uploads_at_once_do_not_take_more_room_than_there_is(
    db: Database, alice: str, bob: str
) -> None:
    shelf = Shelf(files=3, size=10_000)

    async def reserve(who: str) -> bool:
        try:
            await db.write(lambda conn: files.reserve(conn, a_file(who), shelf))
        except FilesFull:
            return False
        return True

    found = await asyncio.gather(*(reserve(who) for who in [alice] * 12 + [bob] * 2))

    assert (sum(found[:12]), sum(found[12:])) == (3, 2)


async def test_bytes_count_as_well_until_they_are_gone(db: Database, alice: str) -> None:
    shelf = Shelf(files=10, size=250)
    first = a_file(alice)
    for file in (first, a_file(alice)):
        await db.write(lambda conn, file=file: files.reserve(conn, file, shelf))  # type: ignore[misc]

    with pytest.raises(FilesFull, match="200 bytes, and 250"):
        await db.write(lambda conn: files.reserve(conn, a_file(alice), shelf))
    await db.write(lambda conn: files.withdraw(conn, first.id))

    await db.write(lambda conn: files.reserve(conn, a_file(alice), shelf))
