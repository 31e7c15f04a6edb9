"""Files that accounts keep: reserve, keep, get, list, drop, forget.

A row is there before the bytes are, and after them: so whatever a crash leaves in the store has a
row that falls due, and nobody has to look through the store for it.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, insert, select, update

from kinetoscope.db import Conn
from kinetoscope.db.schema import accounts, files
from kinetoscope.domain.errors import FilesFull, NotFound, Overtaken
from kinetoscope.domain.file import File, Shelf

_COLUMNS = [files.c[name] for name in File._fields]
_GET = select(*_COLUMNS).where(
    files.c.id == bindparam("id"),
    files.c.account_id == bindparam("account"),
    files.c.kept,
    files.c.expires_at > bindparam("now"),
)


def check_room(conn: Conn, account_id: str, shelf: Shelf, size: int = 0) -> None:
    """Raise FilesFull if one more file, of *size* bytes, is more than an account may keep."""
    count, total = conn.execute(
        select(func.count(), func.coalesce(func.sum(files.c.size), 0)).where(
            files.c.account_id == account_id
        )
    ).one()
    if count >= shelf.files:
        message = f"this account keeps {count:,} files, the most allowed; delete some of them"
        raise FilesFull(message, "file")
    if total + size > shelf.size:
        message = (
            f"this account keeps files of {total:,} bytes, and {shelf.size:,} are allowed in all;"
            " delete some of them"
        )
        raise FilesFull(message, "file")


def reserve(conn: Conn, file: File, shelf: Shelf) -> None:
    """Make the row of a *file* whose bytes are not in the store yet; nobody sees it.

    It falls due at its ``expires_at``, as what was kept does. Raise FilesFull if there is no room.
    """
    # Two at once of one account take turns here, so that both see what the other reserved.
    conn.execute(select(accounts.c.id).where(accounts.c.id == file.account_id).with_for_update())
    check_room(conn, file.account_id, shelf, file.size)
    conn.execute(insert(files).values(**file._asdict(), kept=False))


def keep(conn: Conn, file: File, now: int) -> None:
    """Say that the bytes of *file* are in the store; Overtaken if it fell due meanwhile."""
    kept = conn.execute(
        update(files)
        .where(files.c.id == file.id, files.c.kept.is_(False), files.c.expires_at > now)
        .values(kept=True, sha256=file.sha256, expires_at=file.expires_at)
    )
    if kept.rowcount != 1:
        raise Overtaken(file.id)


def withdraw(conn: Conn, file_id: str) -> None:
    """Remove the row of a file whose bytes were never kept."""
    conn.execute(delete(files).where(files.c.id == file_id, files.c.kept.is_(False)))


def get(conn: Conn, file_id: str, account_id: str, now: int) -> File:
    """Get a file of an account; another's is NotFound as well, and so is what has expired."""
    row = conn.execute(_GET, {"id": file_id, "account": account_id, "now": now}).first()
    if row is None:
        raise NotFound(f"no file has the id {file_id!r}", "id")
    return File._make(row)


def list_files(
    conn: Conn,
    account_id: str,
    now: int,
    *,
    purpose: str | None = None,
    after: str | None = None,
    ascending: bool = False,
    limit: int = 20,
) -> list[File]:
    """List up to *limit* files of an account, newest first, beyond the file *after*."""
    query = select(*_COLUMNS).where(
        files.c.account_id == account_id, files.c.kept, files.c.expires_at > now
    )
    if purpose is not None:
        query = query.where(files.c.purpose == purpose)
    if after is not None:
        query = query.where(files.c.id > after if ascending else files.c.id < after)
    query = query.order_by(files.c.id.asc() if ascending else files.c.id.desc())
    return [File._make(row) for row in conn.execute(query.limit(limit))]


def drop(conn: Conn, file_id: str, account_id: str, now: int) -> None:
    """Let a file of an account fall due now, so that nobody sees it; NotFound if there is none."""
    gone = conn.execute(
        update(files)
        .where(files.c.id == file_id, files.c.account_id == account_id)
        .where(files.c.kept, files.c.expires_at > now)
        .values(expires_at=now)
    )
    if gone.rowcount != 1:
        raise NotFound(f"no file has the id {file_id!r}", "id")


def due(conn: Conn, now: int, limit: int = 100) -> list[str]:
    """List the ids of files that have fallen due, whether they were ever kept or not."""
    return list(conn.scalars(select(files.c.id).where(files.c.expires_at <= now).limit(limit)))


def forget(conn: Conn, file_id: str, now: int) -> None:
    """Remove the row of a file that has fallen due, once its bytes are gone."""
    conn.execute(delete(files).where(files.c.id == file_id, files.c.expires_at <= now))
