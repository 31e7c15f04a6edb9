"""The files of an account: upload, list, get, delete, so that orders can name them by their ids."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.body import SMALL_BYTES, Bodies, announced_length
from kinetoscope.api.door import answer, caller, glance_as, is_id, whole_number
from kinetoscope.api.pages import answer_page, read_page
from kinetoscope.api.sending import Stored, answer_file
from kinetoscope.api.upload import Upload, receive, too_large
from kinetoscope.assets.inspect import VIDEO_BYTES
from kinetoscope.db import files
from kinetoscope.db.ids import new_id
from kinetoscope.domain.errors import InvalidOrder, NotFound
from kinetoscope.domain.file import LEAST_SECONDS, MOST_SECONDS, PURPOSES, File
from kinetoscope.service import Gateway, file_key
from kinetoscope.service.files import Wanted, check_room, keep_file, remove_file

MOST_LISTED = 10_000
_AT_ONCE, _EACH = 16, 8  # uploads that arrive: they lie on the disk, and not in memory
_FORM_BYTES = 64 << 10  # of a body, beside the file
_ANCHOR, _SECONDS = "expires_after[anchor]", "expires_after[seconds]"


@dataclass(frozen=True, slots=True)
class Files:
    """The handlers of ``/v1/files``."""

    gateway: Gateway
    _bodies: Bodies = field(default_factory=lambda: Bodies(_AT_ONCE, _EACH), init=False)

    async def create(self, request: Request) -> Response:
        """Keep a file, after all that is asked of an input was found to be so."""
        key = await caller(self.gateway, request)
        length = announced_length(request)
        if length is not None and length > VIDEO_BYTES + _FORM_BYTES:
            raise too_large()
        await check_room(self.gateway, key.account_id)
        if length is not None and length <= SMALL_BYTES:
            return await self._create(request, key.account_id)
        async with self._bodies.turn(key.account_id):
            return await self._create(request, key.account_id)

    async def list(self, request: Request) -> Response:
        """Answer the account's files, newest first."""
        key = await caller(self.gateway, request)
        query = request.query_params
        wanted = read_page(query, MOST_LISTED, MOST_LISTED)
        purpose = _purpose(query)
        found = await self.gateway.db.read(
            lambda conn: files.list_files(
                conn,
                key.account_id,
                int(self.gateway.now()),
                purpose=purpose,
                after=wanted.after,
                ascending=wanted.ascending,
                limit=wanted.limit + 1,
            ),
        )
        return answer_page([show_file(each) for each in found], wanted.limit)

    async def get(self, request: Request) -> Response:
        """Answer what is known of a file."""
        return answer(show_file(await self._find(request)))

    async def content(self, request: Request) -> Response:
        """Answer the bytes of a file, or the part of them that was asked for."""
        found = await self._find(request)
        stored = Stored(
            file_key(found.id),
            found.size,
            found.media_type,
            f'"{found.sha256}"',
            found.filename,
            {"x-content-type-options": "nosniff"},
        )
        return answer_file(request, self.gateway.store, stored)

    async def delete(self, request: Request) -> Response:
        """Remove a file."""
        key = await caller(self.gateway, request)
        file_id = _path_id(request)
        await remove_file(self.gateway, key.account_id, file_id)
        return answer({"id": file_id, "object": "file", "deleted": True})

    async def _create(self, request: Request, account_id: str) -> Response:
        folder = self.gateway.work / new_id("in")
        await asyncio.to_thread(folder.mkdir, parents=True)
        try:
            upload = await receive(request, folder / "file")
            wanted = _read_wanted(upload)
            kept = await keep_file(self.gateway, account_id, folder / "file", wanted)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return answer(show_file(kept))

    async def _find(self, request: Request) -> File:
        file_id, now = _path_id(request), int(self.gateway.now())
        return await glance_as(
            self.gateway, request, lambda conn, key: files.get(conn, file_id, key.account_id, now)
        )


def show_file(file: File) -> dict[str, Any]:
    """Show a file as OpenAI does, and what was measured of it."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": file.created_at,
        "expires_at": file.expires_at,
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
        "metadata": {
            "media_type": file.media_type,
            "width": file.width,
            "height": file.height,
            "seconds": None if file.seconds is None else round(file.seconds, 3),
            "sha256": file.sha256,
        },
    }


def _path_id(request: Request) -> str:
    file_id: str = request.path_params["id"]
    if not is_id(file_id):
        raise NotFound(f"no file has the id {file_id[:100]!r}", "id")
    return file_id


def _read_wanted(upload: Upload) -> Wanted:
    purpose = _purpose(upload.fields) or PURPOSES[0]
    return Wanted(upload.filename, purpose, _lifetime(upload.fields))


def _purpose(given: Mapping[str, str]) -> str | None:
    purpose = given.get("purpose")
    if purpose is not None and purpose not in PURPOSES:
        message = f"purpose {purpose[:50]!r} is unknown; use one of {', '.join(PURPOSES)}"
        raise InvalidOrder(message, "purpose")
    return purpose


def _lifetime(given: Mapping[str, str]) -> int:
    if _ANCHOR not in given and _SECONDS not in given:
        return MOST_SECONDS
    if given.get(_ANCHOR, "created_at") != "created_at":
        raise InvalidOrder(f"{_ANCHOR} must be created_at", _ANCHOR)
    seconds = whole_number(given, _SECONDS, 0)
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        message = f"{_SECONDS} must be {LEAST_SECONDS:,} to {MOST_SECONDS:,}"
        raise InvalidOrder(message, _SECONDS)
    return seconds
