"""Files that accounts keep: checked as any input is, once, so that orders need not look again."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from kinetoscope.assets.inspect import VideoFacts, inspect_any
from kinetoscope.db import files
from kinetoscope.db.ids import new_id
from kinetoscope.domain.errors import KinetoscopeError, NotAccepting, Overtaken
from kinetoscope.domain.file import MOST_SECONDS, File
from kinetoscope.domain.order import check_file_seconds
from kinetoscope.service import Gateway, file_key

_SAVE_SECONDS = 3600  # in which the bytes of a file must be in the store


@dataclass(frozen=True, slots=True)
class Wanted:
    """What its sender says of a file; *lifetime* is how many seconds it is kept."""

    filename: str
    purpose: str
    lifetime: int = MOST_SECONDS


async def check_room(gateway: Gateway, account_id: str) -> None:
    """Raise what would keep a file of an account out, before its bytes are read."""
    if not gateway.bell.accepting:
        raise NotAccepting("the service is shutting down; try again in a moment")
    shelf = gateway.rules.shelf
    await gateway.db.read(lambda conn: files.check_room(conn, account_id, shelf))
    await gateway.store.ready()


async def keep_file(gateway: Gateway, account_id: str, path: Path, wanted: Wanted) -> File:
    """Check the file at *path* and keep it for an account; InvalidOrder says what is wrong."""
    facts = await inspect_any(path, param="file")
    seconds = facts.seconds if isinstance(facts, VideoFacts) else None
    if seconds is not None:
        check_file_seconds(seconds)
    now = int(gateway.now())
    size = (await asyncio.to_thread(path.stat)).st_size
    file = File(
        id=new_id("file"),
        account_id=account_id,
        filename=wanted.filename,
        purpose=wanted.purpose,
        media_type=facts.media_type,
        size=size,
        sha256="",
        width=facts.width,
        height=facts.height,
        seconds=seconds,
        created_at=now,
        expires_at=now + wanted.lifetime,
    )
    reserved = file._replace(expires_at=now + _SAVE_SECONDS)
    shelf = gateway.rules.shelf
    await gateway.db.write(lambda conn: files.reserve(conn, reserved, shelf))
    try:
        return await _save(gateway, file, path)
    except (KinetoscopeError, OSError):
        await _give_up(gateway, file)
        raise


async def remove_file(gateway: Gateway, account_id: str, file_id: str) -> None:
    """Remove a file of an account; tasks that were accepted have copies of their own."""
    now = int(gateway.now())
    await gateway.db.write(lambda conn: files.drop(conn, file_id, account_id, now))
    await forget_file(gateway, file_id)


async def forget_file(gateway: Gateway, file_id: str) -> None:
    """Remove the bytes of a file that has fallen due, and then its row."""
    await gateway.store.delete(file_key(file_id))
    now = int(gateway.now())
    await gateway.db.write(lambda conn: files.forget(conn, file_id, now))


async def _save(gateway: Gateway, file: File, path: Path) -> File:
    kept = await gateway.store.save(file_key(file.id), path, move=True)
    file = file._replace(sha256=kept.sha256)
    now = int(gateway.now())
    try:
        await gateway.db.write(lambda conn: files.keep(conn, file, now))
    except Overtaken as error:
        raise NotAccepting("keeping this file took too long; send it again") from error
    return file


async def _give_up(gateway: Gateway, file: File) -> None:
    """Let go of what was reserved; if that fails as well, the sweep finds it."""
    with contextlib.suppress(OSError):
        await gateway.store.delete(file_key(file.id))
        await gateway.db.write(lambda conn: files.withdraw(conn, file.id))
