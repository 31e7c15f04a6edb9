"""From what the caller named to bytes that were checked: fetch, look, measure, keep."""

from __future__ import annotations

import asyncio
import base64
import binascii
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, unquote_to_bytes

from kinetoscope.assets.inspect import (
    IMAGE_BYTES,
    IMAGES,
    VIDEO_BYTES,
    VIDEOS,
    inspect_image,
    inspect_video,
)
from kinetoscope.db import files, tasks
from kinetoscope.db.ids import new_id
from kinetoscope.domain.errors import InvalidOrder, NotFound
from kinetoscope.domain.order import Input, Order, Source, check_source_seconds
from kinetoscope.domain.task import Status
from kinetoscope.service import Gateway, file_key, inputs_key, video_key
from kinetoscope.service.links import link, linked_task
from kinetoscope.service.terms import private_bytes

_COPY = 1 << 20
_LONGEST_WRITTEN = 4  # characters for a byte: base64 of which each + and / is written %2B and %2F


@dataclass(frozen=True, slots=True)
class Gathered:
    """The inputs of an order, measured, and the files that hold them for the moment."""

    images: tuple[Input, ...] = ()
    video: Input | None = None
    files: tuple[Path, ...] = ()

    @property
    def private_bytes(self) -> int:
        """The bytes of the inputs that stand at no public address."""
        return private_bytes(self.images, self.video)


@asynccontextmanager
async def gathered(gateway: Gateway, account_id: str, order: Order) -> AsyncIterator[Gathered]:
    """Fetch and check the inputs of *order* side by side; their files go when this ends.

    Raise InvalidOrder, naming the field, for whatever cannot be read or is not what it should be.
    """
    if not order.images and order.video is None:
        yield Gathered()
        return
    folder = gateway.work / new_id("in")
    await asyncio.to_thread(folder.mkdir, parents=True)
    try:
        reader = _Reader(gateway, account_id, folder)
        yield await reader.read(order)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def addressed(gateway: Gateway, order: Order, found: Gathered) -> Gathered:
    """Give a video made here the address at which anybody finds it, if this service has one."""
    source = order.video
    if source is None or found.video is None or not gateway.public_url.startswith("https://"):
        return found
    task_id = source.task_id or (linked_task(gateway, source.url) if source.url else None)
    if task_id is None:
        return found
    url = gateway.public_url.rstrip("/") + link(gateway, task_id)
    return replace(found, video=replace(found.video, url=url))


async def keep(gateway: Gateway, task_id: str, found: Gathered) -> Gathered:
    """Put the files of *found* into the store, as the inputs of a task."""
    kept = [
        await gateway.store.save(f"{inputs_key(task_id)}/{number}", file, move=True)
        for number, file in enumerate(found.files)
    ]
    images = tuple(_keyed(each, place.key) for each, place in zip(found.images, kept, strict=False))
    video = _keyed(found.video, kept[-1].key) if found.video else None
    return Gathered(images, video)


def _keyed(each: Input, key: str) -> Input:
    return Input(key, each.media_type, each.size, each.width, each.height, each.seconds, each.url)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the sources of one order into one folder."""

    gateway: Gateway
    account_id: str
    folder: Path

    async def read(self, order: Order) -> Gathered:
        """Read every source at the same time; the first that fails stops the others."""
        try:
            return await self._side_by_side(order)
        except BaseExceptionGroup as errors:
            failed = _first(errors.with_traceback(None))
        # No frame may hold on to a failure whose traceback holds that frame, as TaskGroup's and
        # this would: until the garbage collector came, they would keep inputs of many megabytes.
        try:
            raise failed
        finally:
            del failed

    async def _side_by_side(self, order: Order) -> Gathered:
        many = len(order.images) > 1
        async with asyncio.TaskGroup() as group:
            images = [
                group.create_task(
                    self._image(source, number, f"images[{number}]" if many else "image")
                )
                for number, source in enumerate(order.images)
            ]
            video = group.create_task(self._video(order)) if order.video else None
        found = video.result() if video else None
        files = [self.folder / str(number) for number in range(len(images))]
        files += [self.folder / "video"] if found else []
        return Gathered(tuple(task.result() for task in images), found, tuple(files))

    async def _image(self, source: Source, number: int, field: str) -> Input:
        path = self.folder / str(number)
        if source.file_id is not None:
            return await self._file(source.file_id, path, field, IMAGES)
        url = await self._bytes(source, path, field, IMAGE_BYTES)
        facts = await inspect_image(path, param=field)
        size = path.stat().st_size
        return Input("", facts.media_type, size, facts.width, facts.height, url=url)

    async def _video(self, order: Order) -> Input:
        source, path = order.video, self.folder / "video"
        assert source is not None
        if source.file_id is not None:
            kept = await self._file(source.file_id, path, "video", VIDEOS)
            check_source_seconds(order.operation, kept.seconds or 0)
            return kept
        url = await self._bytes(source, path, "video", VIDEO_BYTES)
        facts = await inspect_video(path, param="video")
        check_source_seconds(order.operation, facts.seconds)
        return Input(
            "",
            facts.media_type,
            path.stat().st_size,
            facts.width,
            facts.height,
            facts.seconds,
            url,
        )

    async def _file(self, file_id: str, path: Path, field: str, kinds: frozenset[str]) -> Input:
        """Take a file that the account keeps; it was looked at when it came."""
        now = int(self.gateway.now())
        gone = InvalidOrder(f"{field} names a file that does not exist, or has expired", field)
        try:
            file = await self.gateway.db.glance(
                lambda conn: files.get(conn, file_id, self.account_id, now)
            )
            if file.media_type not in kinds:
                allowed = "PNG, JPEG and WebP are" if kinds is IMAGES else "MP4 is"
                message = f"{field} names a file that is {file.media_type}; {allowed} allowed"
                raise InvalidOrder(message, field)
            stored = await self.gateway.store.local(file_key(file_id))
            await asyncio.to_thread(_link, stored, path)
        except (NotFound, FileNotFoundError) as error:
            raise gone from error
        return Input("", file.media_type, file.size, file.width, file.height, file.seconds)

    async def _bytes(self, source: Source, path: Path, field: str, most: int) -> str | None:
        """Put the bytes of *source* into the file *path*, at most *most* of them.

        Return the address at which anybody finds the very same bytes, if there is one.
        """
        if source.upload is not None:
            await asyncio.to_thread(_copy, source.upload, path, most, field)
        elif source.task_id is not None:
            await self._own(source.task_id, path, field)
        elif source.url and source.url[:5].lower() == "data:":
            await asyncio.to_thread(_decode, source.url, path, most, field)
        elif source.url and (task_id := linked_task(self.gateway, source.url)):
            await self._own(task_id, path, field, linked=True)
        elif source.url:
            found = await self.gateway.outbound.fetch(
                source.url, path, most_bytes=most, param=field
            )
            return found.url if found.public else None
        return None

    async def _own(self, task_id: str, path: Path, field: str, *, linked: bool = False) -> None:
        """Take the video of an earlier task: one of the caller's, or one they have a link to."""
        now = self.gateway.now()
        try:
            task = await self.gateway.db.read(
                lambda conn: (
                    tasks.find(conn, task_id)
                    if linked
                    else tasks.get(conn, task_id, self.account_id)
                )
            )
        except NotFound as error:
            raise InvalidOrder(f"{field} names a video that does not exist", field) from error
        if task.status is not Status.COMPLETED or task.deleted:
            message = f"{field} names a video that is not there: its task is {task.status}"
            raise InvalidOrder(message, field)
        expired = f"{field} names a video that has expired"
        if task.is_gone(now):
            raise InvalidOrder(expired, field)
        try:
            file = await self.gateway.store.local(video_key(task_id))
            await asyncio.to_thread(shutil.copyfile, file, path)
        except FileNotFoundError as error:
            raise InvalidOrder(expired, field) from error


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _link(stored: Path, path: Path) -> None:
    """Give a file of the store, which never changes, a second name; or copy it."""
    try:
        path.hardlink_to(stored)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one that knows no second names
        shutil.copyfile(stored, path)


def _copy(upload: BinaryIO, path: Path, most: int, field: str) -> None:
    upload.seek(0)
    written = 0
    with path.open("wb") as file:
        while chunk := upload.read(_COPY):
            written += len(chunk)
            if written > most:
                raise _too_large(field, most)
            file.write(chunk)


def _decode(url: str, path: Path, most: int, field: str) -> None:
    """Write what a ``data:`` URL holds (RFC 2397)."""
    at = url.find(",")
    if at < 0:
        raise InvalidOrder(f"{field} is a data: URL without a comma before its data", field)
    if len(url) - at > most * _LONGEST_WRITTEN:  # before it is copied
        raise _too_large(field, most)
    body = url[at + 1 :]
    is_base64 = url[:at].lower().rstrip().endswith(";base64")
    if is_base64 and "%" in body:
        body = unquote(body)
    if len(body) > (most * 4 // 3 + 4 if is_base64 else most * 3):
        raise _too_large(field, most)
    try:
        data = base64.b64decode(body, validate=True) if is_base64 else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise InvalidOrder(f"{field} is a data: URL whose base64 is broken", field) from error
    if len(data) > most:
        raise _too_large(field, most)
    path.write_bytes(data)


def _too_large(field: str, most: int) -> InvalidOrder:
    return InvalidOrder(f"{field} is larger than {most >> 20} MiB, the most allowed", field)
