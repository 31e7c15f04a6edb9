"""The stills of videos: made when they are first asked for, kept beside the video, gone with it."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

from kinetoscope.assets.stills import Still, make_still
from kinetoscope.db import tasks
from kinetoscope.db.ids import new_id
from kinetoscope.domain.errors import NotAccepting
from kinetoscope.domain.task import Task
from kinetoscope.service import Gateway, stills_key, video_key
from kinetoscope.service.terms import read_output

_MOST_WAITING = 64  # for their turn; each is a moment's work


class Stills:
    """Makes each still once, however many ask for it at the same time."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._making: dict[str, asyncio.Task[int]] = {}

    async def size(self, task: Task, still: Still) -> int:
        """Make the *still* of a completed *task* unless it is there, and tell its bytes.

        Raise OSError if the video is missing or damaged, NotAccepting if too many wait.
        """
        key = still_key(task.id, still)
        with contextlib.suppress(FileNotFoundError):
            return await self._gateway.store.size(key)
        making = self._making.get(key)
        if making is None:
            if len(self._making) >= _MOST_WAITING:
                raise NotAccepting("too many pictures are being made just now; try again")
            making = asyncio.create_task(self._make(task, still), name=key)
            self._making[key] = making
            making.add_done_callback(self._made)
        return await asyncio.shield(making)  # who goes away stops nobody else's

    def _made(self, making: asyncio.Task[int]) -> None:
        del self._making[making.get_name()]
        if not making.cancelled():
            making.exception()  # told to whoever still waits

    async def _make(self, task: Task, still: Still) -> int:
        gateway = self._gateway
        width, height, seconds, _, _ = read_output(task.output or "")
        video = await gateway.store.local(video_key(task.id))
        picture = await make_still(still, video, (width, height), seconds)
        path = gateway.work / new_id("still")
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(path.write_bytes, picture)
            kept = await gateway.store.save(still_key(task.id, still), path, move=True)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        # It may have been deleted meanwhile, by somebody who could not see this one coming.
        now = await gateway.db.glance(partial(tasks.find, task_id=task.id))
        if now.deleted or now.dropped:
            await gateway.store.delete(stills_key(task.id))
        return kept.size


def still_key(task_id: str, still: Still) -> str:
    """Tell where the store keeps a still of a task's video."""
    return f"{stills_key(task_id)}/{still.filename}"
