"""Where files are kept: a folder, in which what was saved is still there after a power cut.

A save is whole or has not happened: bytes go to `.partial/` first, reach the disk, and only then
take their name. A bucket would be a second class with the same methods.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

LEAST_FREE_BYTES = 64 * 2**20
READ_BYTES = 2**20
_COPY_BYTES = 2**20
_PARTIAL = ".partial"
_PARTIAL_SECONDS = 24 * 3600  # no save takes a day: what is older was left by a crash
_KEY_CHARACTERS = 512


class StoreUnavailable(OSError):
    """The store cannot keep or hand out files now; the message says what the operator can do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the store: its *size* in bytes and the SHA-256 of its bytes, in hex."""

    key: str
    size: int
    sha256: str


class Store(Protocol):
    """Keeps files under keys such as ``videos/task_1.mp4``; a wrong key is a ValueError."""

    async def save(self, key: str, source: Path, *, move: bool = False) -> Kept:
        """Keep the bytes of *source*, durably, in place of what *key* held; *move* consumes it."""
        ...

    async def size(self, key: str) -> int:
        """Tell the bytes under *key*, or raise FileNotFoundError."""
        ...

    def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from *start* up to *stop*, or raise EOFError where there are fewer."""
        ...

    async def local(self, key: str) -> Path:
        """Tell a local file, to be read only, that holds *key*, or raise FileNotFoundError."""
        ...

    async def delete(self, prefix: str) -> None:
        """Drop the key *prefix* and everything below it; absent is fine."""
        ...

    async def keys(self, prefix: str) -> list[str]:
        """List the key *prefix*, if there is one, and all below it, in order; "" lists all."""
        ...

    async def ready(self) -> None:
        """Return if a video could be kept now; raise StoreUnavailable, saying why, if not."""
        ...


def open_store(address: str) -> Store:
    """Open the store at *address*: ``file:///absolute/folder`` or the path of a folder."""
    scheme, colon, _ = address.partition("://")
    if not colon:
        return FolderStore(Path(address).expanduser())
    parts = urlsplit(address)
    if scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path.strip("/"):
        message = f"{address!r} is no store: write file:///absolute/folder or the path of a folder"
        raise ValueError(message)
    return FolderStore(Path(unquote(parts.path)))


class FolderStore:
    """A store in the folder *root*, which must exist; its files are for this user only."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would ask the disk

    async def save(self, key: str, source: Path, *, move: bool = False) -> Kept:
        """Keep the bytes of *source*, durably, in place of what *key* held; *move* consumes it."""
        return await asyncio.to_thread(self._save, key, source, move=move)

    async def size(self, key: str) -> int:
        """Tell the bytes under *key*, or raise FileNotFoundError."""
        path = await self.local(key)
        return path.stat().st_size

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from *start* up to *stop*, or raise EOFError where there are fewer."""
        if not 0 <= start <= stop:
            raise ValueError(f"bytes {start} to {stop} are no range")
        descriptor = await asyncio.to_thread(_open, self._path(key))
        try:
            while start < stop:
                wanted = min(READ_BYTES, stop - start)
                chunk = await asyncio.to_thread(os.pread, descriptor, wanted, start)
                if not chunk:
                    raise EOFError(f"{key} ends at byte {start}, before byte {stop}")
                start += len(chunk)
                yield chunk
        finally:
            os.close(descriptor)

    async def local(self, key: str) -> Path:
        """Tell a local file, to be read only, that holds *key*, or raise FileNotFoundError."""
        path = self._path(key)
        if not await asyncio.to_thread(path.is_file):
            raise FileNotFoundError(f"the store has no {key}")
        return path

    async def delete(self, prefix: str) -> None:
        """Drop the key *prefix* and everything below it; absent is fine."""
        path = self._path(prefix)
        with _reported(self._root):
            await asyncio.to_thread(_delete, path)

    async def keys(self, prefix: str) -> list[str]:
        """List the key *prefix*, if there is one, and all below it, in order; "" lists all."""
        top = self._path(prefix) if prefix else self._root
        return await asyncio.to_thread(self._keys, top)

    async def ready(self) -> None:
        """Return if a video could be kept now; raise StoreUnavailable, saying why, if not."""
        with _reported(self._root):
            await asyncio.to_thread(self._try)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if (
            len(key) > _KEY_CHARACTERS
            or not key.isprintable()
            or "\\" in key
            or any(not part or part.startswith(".") for part in parts)
        ):
            message = f"{key!r} is no key: write names without a leading dot, divided by /"
            raise ValueError(message)
        return self._root.joinpath(*parts)

    def _save(self, key: str, source: Path, *, move: bool) -> Kept:
        path = self._path(key)
        with source.open("rb") as opened, _reported(self._root):
            partial = self._partial_folder() / f"{secrets.token_hex(8)}.part"
            _make_folders(path.parent, self._root)
            size, digest = _hash(opened) if move else (0, "")
            if not (move and _rename(source, path)):
                size, digest = _copy(opened, partial)
                partial.replace(path)
            _sync_folder(path.parent)
        if move:
            source.unlink(missing_ok=True)
        return Kept(key, size, digest)

    def _keys(self, top: Path) -> list[str]:
        if top.is_file():
            return [top.relative_to(self._root).as_posix()]
        found: list[str] = []
        for folder, below, names in os.walk(top):
            below[:] = [name for name in below if not name.startswith(".")]
            here = Path(folder).relative_to(self._root)
            found.extend((here / name).as_posix() for name in names if not name.startswith("."))
        return sorted(found)

    def _try(self) -> None:
        folder = self._partial_folder()
        _drop_old(folder)
        trial = folder / f"{secrets.token_hex(8)}.part"
        trial.touch(0o600, exist_ok=False)
        trial.unlink()
        free = shutil.disk_usage(self._root).free
        if free < LEAST_FREE_BYTES:
            message = (
                f"the disk of {self._root} has {free // 2**20} MiB free; free at least"
                f" {LEAST_FREE_BYTES // 2**20} MiB, or move the store to a larger disk"
            )
            raise StoreUnavailable(message)

    def _partial_folder(self) -> Path:
        if not self._root.is_dir():
            message = f"the folder {self._root} is missing: mount its disk, or create it"
            raise StoreUnavailable(message)
        folder = self._root / _PARTIAL
        folder.mkdir(0o700, exist_ok=True)
        return folder


@contextmanager
def _reported(root: Path) -> Iterator[None]:
    try:
        yield
    except StoreUnavailable:
        raise
    except OSError as error:
        message = (
            f"the folder {root} cannot be used ({error.strerror}): check that it belongs to this"
            " user, can be written, and that its disk is not full"
        )
        raise StoreUnavailable(message) from error


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)


def _rename(source: Path, target: Path) -> bool:
    """Bring *source* to the disk and give it the name *target*, if it can be done in one step."""
    if source.is_symlink():
        return False
    source.chmod(0o600)
    with source.open("rb") as opened:
        os.fsync(opened.fileno())
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _hash(source: BinaryIO) -> tuple[int, str]:
    """Tell the size and the SHA-256 of *source*."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_COPY_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _copy(source: BinaryIO, target: Path) -> tuple[int, str]:
    """Write *source* to *target* and to the disk, or leave nothing; tell its size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    source.seek(0)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        while chunk := source.read(_COPY_BYTES):
            digest.update(chunk)
            size += len(chunk)
            _write(descriptor, chunk)
        os.fsync(descriptor)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return size, digest.hexdigest()


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _make_folders(folder: Path, root: Path) -> None:
    """Create *folder* and those between it and *root*, so that each survives a power cut."""
    if folder == root or folder.is_dir():
        return
    _make_folders(folder.parent, root)
    folder.mkdir(0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink(missing_ok=True)
    else:
        return
    _sync_folder(path.parent)


def _drop_old(folder: Path) -> None:
    oldest = time.time() - _PARTIAL_SECONDS
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
