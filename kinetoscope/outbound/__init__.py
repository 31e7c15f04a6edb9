"""Reading addresses that strangers chose, and nothing that they should not reach through us.

The address that was checked is the one connected to: names are resolved here, forbidden addresses
dropped, and every socket checks once more where it is about to go. So neither a redirect nor a
name that changes its mind leads inside. Any port of a public address may be read.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from kinetoscope import __version__
from kinetoscope.domain.errors import (
    InputForbidden,
    InputUnreachable,
    InvalidOrder,
    NotAccepting,
)
from kinetoscope.outbound.addresses import Gate, Network, SystemResolver, is_public
from kinetoscope.outbound.places import FAILURES, Failures, Place, read_url, translated
from kinetoscope.outbound.posting import Posted, Poster

URL_CHARACTERS = 2048
AT_ONCE = 16
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 10.0
POST_SECONDS = 15.0  # for all of it: name, connection, TLS, the head of the answer
_WRITE_BYTES = 2**20
_HEADERS = {
    "User-Agent": f"Kinetoscope/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read: from which address in the end, its bytes, and their SHA-256 in hex.

    *public* says that anybody on the Internet finds it over https at the very address asked for.
    """

    url: str
    size: int
    sha256: str
    public: bool = False


class Outbound:
    """Reads files from public addresses, and from the networks in *allow*."""

    def __init__(
        self,
        *,
        allow: Sequence[Network] = (),
        timeout_seconds: float = 20,
        post_seconds: float = POST_SECONDS,
        url_characters: int = URL_CHARACTERS,
        redirects: int = 5,
        resolver: AbstractResolver | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """*resolver* replaces the system's; *trust* replaces its certificate authorities.

        *timeout_seconds* are for fetching something, *post_seconds* for telling somebody.
        """
        names = resolver or SystemResolver()
        self._gate = Gate(tuple(allow), names)
        self._poster = Poster(
            tuple(allow), names, trust, longest=url_characters, seconds=post_seconds
        )
        self._seconds = timeout_seconds
        self._longest = url_characters
        self._redirects = redirects
        self._trust = trust
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, into: Path, *, most_bytes: int, param: str) -> Fetched:
        """Write what *url* answers *into* a file, or leave none and raise what is wrong with it.

        Raises InputForbidden, InputUnreachable or InvalidOrder, each naming the field *param*.
        """
        hop = _Hop(read_url(url, param, self._longest), param, into, most_bytes)
        async with self._slot():
            with _no_remains(into), translated(hop, self._seconds, _FAILURES):
                async with asyncio.timeout(self._seconds):
                    return await self._follow(hop)

    async def check(self, url: str, param: str) -> None:
        """Raise what is wrong with *url* as an address to post to, without asking it."""
        await self._poster.check(url, param)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send *body* to *url* and tell what came back; InvalidOrder if nothing did.

        Whoever posts bounds how often at a time; those who fetch do not wait for it.
        """
        return await self._poster.post(url, body, headers)

    async def close(self) -> None:
        """Close all connections; nothing can be fetched afterwards."""
        await self._poster.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._gate.close()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._slots.acquire(), self._seconds)
        except TimeoutError:
            raise NotAccepting("too many inputs are being read just now; try again") from None
        try:
            yield
        finally:
            self._slots.release()

    async def _follow(self, hop: _Hop) -> Fetched:
        asked = str(hop.url)
        for _ in range(self._redirects + 1):
            self._gate.check_literal(hop.host)
            async with self._open().get(hop.url, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    place = _other_end(answer)  # before the connection is given back
                    kept = await _keep(answer, hop)
                    direct = kept.url == asked
                    return replace(kept, public=direct and anybody_reads(hop.url, place))
                hop.url = _redirected(hop, answer.headers.get("Location", ""), self._longest)
        raise InputUnreachable(
            f"{hop.param}: {hop.host} redirects on; at most {self._redirects} redirects are"
            " followed",
            hop.param,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._gate,
                    socket_factory=self._gate.socket,
                    use_dns_cache=False,
                    force_close=True,
                    limit=AT_ONCE,
                    ssl=self._trust or True,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=IDLE_SECONDS
                ),
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=2**18,
            )
        return self._session


@dataclass(slots=True)
class _Hop(Place):
    """One address on the way to a file; a redirect changes its *url*."""

    into: Path
    most_bytes: int


def _redirected(hop: _Hop, location: str, longest: int) -> URL:
    try:
        target = hop.url.join(URL(location)) if location else None
    except ValueError:
        target = None
    if target is None:
        raise InputUnreachable(f"{hop.param}: {hop.host} redirects to no address", hop.param)
    if hop.url.scheme == "https" and target.scheme == "http":
        message = f"{hop.param}: {hop.host} redirects from https to http, which is not followed"
        raise InputForbidden(message, hop.param)
    return read_url(str(target), hop.param, longest)


async def _keep(answer: aiohttp.ClientResponse, hop: _Hop) -> Fetched:
    if answer.status != HTTPStatus.OK:
        message = f"{hop.param}: {hop.host} answered {answer.status}; 200 is needed"
        raise InputUnreachable(message, hop.param)
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        message = f"{hop.param}: {hop.host} sent a compressed body, which was not asked for"
        raise InputUnreachable(message, hop.param)
    _check_size(answer.content_length or 0, hop)
    file = _File(hop.into)
    try:
        async for chunk in answer.content.iter_any():
            _check_size(file.size + len(chunk), hop)
            if file.take(chunk):
                await asyncio.to_thread(file.write)
        await asyncio.to_thread(file.write)
    finally:
        file.close()
    return Fetched(str(hop.url), file.size, file.digest.hexdigest())


def anybody_reads(url: URL, place: str) -> bool:
    """Tell whether *url*, answered from the address *place*, is for anybody on the Internet."""
    try:
        return url.scheme == "https" and is_public(ip_address(place.partition("%")[0]))
    except ValueError:
        return False


def _other_end(answer: aiohttp.ClientResponse) -> str:
    """Tell the address that an answer comes from; empty if it is not known any more."""
    transport = answer.connection.transport if answer.connection else None
    peer = transport.get_extra_info("peername") if transport else None
    return str(peer[0]) if peer else ""


def _check_size(size: int, hop: _Hop) -> None:
    if size > hop.most_bytes:
        limit = f"at most {hop.most_bytes / 2**20:g} MiB ({hop.most_bytes:,} bytes) are allowed"
        raise InvalidOrder(f"{hop.param}: the file at {hop.host} is too large; {limit}", hop.param)


class _File:
    """A file being received: bytes wait in memory until there are enough of them to write."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)
        self._waiting = bytearray()
        # Who was cancelled closes the file while a thread may still be writing to it.
        self._writing = threading.Lock()
        self.size = 0
        self.digest = hashlib.sha256()

    def take(self, chunk: bytes) -> bool:
        """Take *chunk* and tell whether it is time to write."""
        self._waiting += chunk
        self.size += len(chunk)
        return len(self._waiting) >= _WRITE_BYTES

    def write(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        self.digest.update(waiting)
        left = memoryview(waiting)
        with self._writing:
            while left and not self._file.closed:
                left = left[self._file.write(left) :]

    def close(self) -> None:
        with self._writing:
            self._file.close()


@contextmanager
def _no_remains(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


_FAILURES: Failures = (
    (TimeoutError, "did not send the file in time; {seconds:g} seconds are allowed"),
    *FAILURES,
)
