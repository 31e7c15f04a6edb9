"""What any client does: speak to a service over HTTP, with a key."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import click

Video = Mapping[str, Any]
Source = str | Path

_QUICK = aiohttp.ClientTimeout(total=60, sock_connect=10)
_UPLOAD = aiohttp.ClientTimeout(total=900, sock_connect=10)
_DOWNLOAD = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
_TRIES = 6
_FIRST_PAUSE_SECONDS = 0.5  # doubled after each try
_PASSING = frozenset((429, 502, 503, 504))
_CHUNK = 1 << 18
_LEAST_ERROR = 400


class ServiceError(click.ClickException):
    """What the service answered instead, as its reader should see it."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(f"{message} ({code})")
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: plain fields, and sources that are addresses or local files."""

    fields: Mapping[str, Any]
    images: tuple[Source, ...] = ()
    video: Source | None = None

    @property
    def has_files(self) -> bool:
        """Whether a local file must travel along."""
        return any(isinstance(each, Path) for each in (*self.images, self.video))

    def as_json(self) -> Mapping[str, Any]:
        """Say it in JSON; only without local files."""
        fields = dict(self.fields)
        if len(self.images) == 1:
            fields["image"] = self.images[0]
        elif self.images:
            fields["images"] = self.images
        if isinstance(self.video, str):
            fields["video"] = {"id": self.video} if _is_task(self.video) else self.video
        return fields

    def as_parts(self) -> list[tuple[str, str | Path]]:
        """Say it as the fields of a form."""
        parts: list[tuple[str, str | Path]] = [(k, str(v)) for k, v in self.fields.items()]
        image = "image" if len(self.images) == 1 else "images[]"
        parts += [(image, each) for each in self.images]
        if self.video is not None:
            parts.append(("video[id]" if _is_task(self.video) else "video", self.video))
        return parts


class Client:
    """Speaks to the service at *url*; what fails in passing is asked again a few times."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def create(self, request: Request) -> Video:
        """Ask for a video; however often this is sent, it is made and charged once."""
        once = {"Idempotency-Key": str(uuid.uuid4())}
        if not request.has_files:
            return await self._ask("POST", "/v1/videos", json=request.as_json(), headers=once)
        with ExitStack() as stack:
            form = aiohttp.FormData(quote_fields=False)
            for name, value in request.as_parts():
                if isinstance(value, Path):
                    file = stack.enter_context(value.open("rb"))
                    form.add_field(name, file, filename="input")
                else:
                    form.add_field(name, value)
            return await self._ask(
                "POST", "/v1/videos", tries=1, data=form, headers=once, timeout=_UPLOAD
            )

    async def get(self, task_id: str) -> Video:
        """Ask how a video stands."""
        return await self._ask("GET", f"/v1/videos/{task_id}")

    async def cancel(self, task_id: str) -> Video:
        """Ask to stop making a video."""
        return await self._ask("POST", f"/v1/videos/{task_id}/cancel")

    async def balance(self) -> Mapping[str, Any]:
        """Ask what the account has."""
        return await self._ask("GET", "/v1/balance")

    async def download(self, video: Video, target: Path) -> None:
        """Save the file of a completed video as *target*, whole or not at all."""
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            sha256 = await self._fetch(f"/v1/videos/{video['id']}/content", part)
            if sha256 != video["metadata"]["output"]["sha256"]:
                raise click.ClickException(f"{video['id']} was damaged on its way; try again")
            part.replace(target)
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"the download of {video['id']} was cut off: {error}"
            raise click.ClickException(message) from error
        finally:
            part.unlink(missing_ok=True)

    async def _fetch(self, path: str, part: Path) -> str:
        """Save what stands at *path* and tell its SHA-256."""
        digest = hashlib.sha256()
        async with self._session.get(self._url + path, timeout=_DOWNLOAD) as answer:
            await _check(answer)
            with part.open("xb") as file:
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
        return digest.hexdigest()

    async def _ask(self, verb: str, path: str, *, tries: int = _TRIES, **more: Any) -> Video:  # noqa: ANN401 - what the library takes
        pause = _FIRST_PAUSE_SECONDS
        while True:
            tries -= 1
            try:
                return await self._ask_once(verb, path, **more)
            except ServiceError as error:
                if not tries or error.status not in _PASSING:
                    raise
            except (aiohttp.ClientError, TimeoutError) as error:
                nobody = verb == "POST" and isinstance(error, aiohttp.ClientConnectorError)
                if not tries or nobody:
                    reason = str(error) or "no answer in time"
                    message = f"the service at {self._url} does not answer: {reason}"
                    raise click.ClickException(message) from error
            await asyncio.sleep(pause)
            pause *= 2

    async def _ask_once(self, verb: str, path: str, **more: Any) -> Video:  # noqa: ANN401 - as above
        more.setdefault("timeout", _QUICK)
        async with self._session.request(verb, self._url + path, **more) as answer:
            await _check(answer)
            shown: Video = await answer.json()
            return shown


@asynccontextmanager
async def open_client(url: str, key: str) -> AsyncIterator[Client]:
    """Speak to the service at *url* with *key* until this ends."""
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Client(session, url.rstrip("/"))


async def _check(answer: aiohttp.ClientResponse) -> None:
    """Raise what the service says is wrong."""
    if answer.status < _LEAST_ERROR:
        return
    try:
        error = (await answer.json())["error"]
        message, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError, aiohttp.ClientError):
        message, code = "there is no Kinetoscope at this address", f"HTTP {answer.status}"
    raise ServiceError(message, code, answer.status)


def _is_task(source: Source) -> bool:
    return isinstance(source, str) and source.startswith("task_")
