"""The folder store: what it has kept is there, whole, or is not there at all (C27)."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kinetoscope.assets import FolderStore, StoreUnavailable, open_store
from kinetoscope.assets.store import READ_BYTES

KEY = "videos/task_1.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(0o700)
    return folder


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(3 * READ_BYTES + 17))
    return path


async def content(store: FolderStore, key: str, start: int, stop: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start, stop)])


def files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


@contextmanager
def disk_that_is_full_after(size: int) -> Iterator[None]:
    """Let the kernel refuse to write past *size* bytes of a file, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_what_was_saved_is_read_back_in_any_range(store: FolderStore, source: Path) -> None:
    data = source.read_bytes()

    kept = await store.save(KEY, source)

    assert (kept.key, kept.size) == (KEY, len(data))
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    assert await store.size(KEY) == len(data)
    for start, stop in [(0, len(data)), (0, 1), (5, 5), (READ_BYTES - 1, 2 * READ_BYTES + 1)]:
        assert await content(store, KEY, start, stop) == data[start:stop]
    assert (await store.local(KEY)).read_bytes() == data
    assert source.read_bytes() == data


@pytest.mark.parametrize("move", [False, True])
async def test_saving_over_a_key_replaces_it(
    store: FolderStore, root: Path, source: Path, tmp_path: Path, *, move: bool
) -> None:
    await store.save(KEY, source)
    second = tmp_path / "second"
    second.write_bytes(b"second")

    kept = await store.save(KEY, second, move=move)

    assert kept.sha256 == hashlib.sha256(b"second").hexdigest()
    assert await content(store, KEY, 0, 6) == b"second"
    assert files(root) == [KEY]
    assert second.exists() is not move


async def test_a_move_takes_the_file_itself(store: FolderStore, source: Path) -> None:
    inode = source.stat().st_ino

    await store.save(KEY, source, move=True)

    assert (await store.local(KEY)).stat().st_ino == inode


async def test_a_move_across_disks_copies_and_drops_the_source(store: FolderStore) -> None:
    elsewhere = Path("/dev/shm")
    if not os.access(elsewhere, os.W_OK):
        pytest.skip("no second file system here")
    source = elsewhere / f"kinetoscope-{os.getpid()}"
    source.write_bytes(b"moved")

    kept = await store.save(KEY, source, move=True)

    assert kept.size == 5
    assert not source.exists()
    assert await content(store, KEY, 0, 5) == b"moved"


async def test_a_reader_keeps_the_bytes_it_began_with(
    store: FolderStore, source: Path, tmp_path: Path
) -> None:
    data = source.read_bytes()
    await store.save(KEY, source)
    reading = store.read(KEY, 0, len(data))
    got = [await anext(reading)]
    other = tmp_path / "other"
    other.write_bytes(b"other")

    await store.save(KEY, other)
    got.extend([chunk async for chunk in reading])

    assert b"".join(got) == data


async def test_nobody_else_may_read_what_is_kept(
    store: FolderStore, root: Path, source: Path
) -> None:
    source.chmod(0o644)

    await store.save(KEY, source, move=True)

    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((root / "videos").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "key",
    [
        *("", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".", "..", ".partial/x"),
        *("a\0b", "a\\b", "a/.hidden", "a\nb", "x" * 513),
    ],
)
async def test_a_key_cannot_leave_the_store(store: FolderStore, source: Path, key: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        await store.save(key, source)
    with pytest.raises(ValueError, match="is no key"):
        await store.delete(key)
    with pytest.raises(ValueError, match="is no key"):
        await store.size(key)


async def test_a_link_in_the_store_is_not_followed(
    store: FolderStore, root: Path, source: Path
) -> None:
    (root / "videos").mkdir()
    (root / KEY).symlink_to(source)

    with pytest.raises(OSError, match="symbolic"):
        await content(store, KEY, 0, 1)


async def test_what_is_not_there_is_not_found(store: FolderStore) -> None:
    with pytest.raises(FileNotFoundError):
        await store.size(KEY)
    with pytest.raises(FileNotFoundError):
        await store.local(KEY)
    with pytest.raises(FileNotFoundError):
        await content(store, KEY, 0, 1)


async def test_a_range_past_the_end_does_not_end_in_silence(
    store: FolderStore, source: Path
) -> None:
    size = (await store.save(KEY, source)).size

    with pytest.raises(EOFError):
        await content(store, KEY, 0, size + 1)
    with pytest.raises(ValueError, match="no range"):
        await content(store, KEY, 2, 1)


async def test_delete_drops_a_key_or_all_below_and_no_neighbour(
    store: FolderStore, source: Path
) -> None:
    for key in ["inputs/task_1/1", "inputs/task_1/2", "inputs/task_10/1", KEY]:
        await store.save(key, source)

    await store.delete("inputs/task_1")
    await store.delete(KEY)
    await store.delete("inputs/absent")

    assert await store.keys("") == ["inputs/task_10/1"]
    assert await store.keys("inputs/task_10/1") == ["inputs/task_10/1"]
    assert await store.keys("videos") == []
    assert await store.keys("absent") == []


@pytest.mark.parametrize("held", [False, True])
async def test_a_full_disk_leaves_no_partial_file_and_keeps_the_old_one(
    store: FolderStore, root: Path, source: Path, tmp_path: Path, *, held: bool
) -> None:
    if held:
        old = tmp_path / "old"
        old.write_bytes(b"old")
        await store.save(KEY, old)

    with disk_that_is_full_after(READ_BYTES), pytest.raises(StoreUnavailable, match="not full"):
        await store.save(KEY, source)

    assert files(root) == ([KEY] if held else [])
    assert source.exists()


async def test_a_missing_folder_is_reported_and_not_created(tmp_path: Path, source: Path) -> None:
    store = FolderStore(tmp_path / "unmounted")

    with pytest.raises(StoreUnavailable, match="missing: mount its disk"):
        await store.ready()
    with pytest.raises(StoreUnavailable, match="missing"):
        await store.save(KEY, source, move=True)

    assert source.exists()
    assert not (tmp_path / "unmounted").exists()


async def test_a_folder_that_cannot_be_written_is_reported(root: Path, store: FolderStore) -> None:
    (root / ".partial").write_text("in the way")

    with pytest.raises(StoreUnavailable, match="can be written"):
        await store.ready()


async def test_ready_drops_what_a_crash_left_a_day_ago(store: FolderStore, root: Path) -> None:
    await store.ready()
    left, current = root / ".partial" / "left.part", root / ".partial" / "current.part"
    left.touch()
    current.touch()
    os.utime(left, (0, 0))

    await store.ready()

    assert files(root) == [".partial/current.part"]
    assert await store.keys("") == []


async def test_a_store_opens_at_a_path_or_a_file_address(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()

    await open_store(folder.as_uri()).save(KEY, source)

    assert await open_store(str(folder)).keys("") == [KEY]


@pytest.mark.parametrize("address", ["s3://bucket/x", "http://host/x", "file://host/x", "file:///"])
def test_other_addresses_are_refused_and_told_what_is_allowed(address: str) -> None:
    with pytest.raises(ValueError, match="file:///absolute/folder"):
        open_store(address)
