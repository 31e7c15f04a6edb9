"""Telling addresses that strangers chose: a small body out, a status and a few bytes back.

No redirect is followed. Over plain http only the networks that the operator allows are told: what
is said of a customer's videos does not cross the Internet in the clear.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver

from kinetoscope import __version__
from kinetoscope.domain.errors import InputForbidden, InputUnreachable
from kinetoscope.outbound.addresses import Gate, Network
from kinetoscope.outbound.places import FAILURES, Failures, Place, read_url, translated

_CONNECT_SECONDS = 5.0
_LAST_SECONDS = 2.0  # for the bytes after the head of an answer, which change nothing
_ANSWER_BYTES = 500
_HEADERS = {
    "User-Agent": f"Kinetoscope/{__version__}",
    "Content-Type": "application/json",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
_FAILURES: Failures = (
    (TimeoutError, "did not answer in time; {seconds:g} seconds are allowed"),
    *FAILURES,
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What came back: the status, the first bytes of the answer as text, and how long it took."""

    status: int
    answer: str
    milliseconds: int


class Poster:
    """Posts to public addresses over https, and to the networks in *allow* over http as well."""

    def __init__(
        self,
        allow: tuple[Network, ...],
        resolver: AbstractResolver,
        trust: ssl.SSLContext | None,
        *,
        longest: int,
        seconds: float,
    ) -> None:
        self._gates = {
            "https": Gate(allow, resolver),
            "http": Gate(allow, resolver, public=False),
        }
        self._trust = trust
        self._longest = longest
        self._seconds = seconds
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def check(self, url: str, param: str) -> None:
        """Raise what is wrong with *url*, as far as that can be known without asking it."""
        place = Place(read_url(url, param, self._longest), param)
        gate = self._gates[place.url.scheme]
        try:
            with _told(place, self._seconds):
                gate.check_literal(place.host)
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await gate.resolve(place.host, place.url.port or 0)
        except OSError:
            message = f"{param}: {place.host[:253]} is a name that has no address"
            raise InputUnreachable(message, param) from None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send *body* and tell what came back; InvalidOrder or one of its kind if nothing did."""
        place = Place(read_url(url, "url", self._longest), "url")
        began = time.monotonic()
        with _told(place, self._seconds):
            async with asyncio.timeout(self._seconds):
                self._gates[place.url.scheme].check_literal(place.host)
                async with self._open(place.url.scheme).post(
                    place.url, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    said = await _first_bytes(answer)
        return Posted(answer.status, said, round((time.monotonic() - began) * 1000))

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _open(self, scheme: str) -> aiohttp.ClientSession:
        if scheme not in self._sessions:
            gate = self._gates[scheme]
            self._sessions[scheme] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=gate,
                    socket_factory=gate.socket,
                    use_dns_cache=False,
                    # A kept connection may be closed by the other side just as we use it, and
                    # what was sent then is not sent again by itself.
                    force_close=True,
                    limit=0,  # who posts bounds how many there are
                    ssl=self._trust or True,
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[scheme]


@contextlib.contextmanager
def _told(place: Place, seconds: float) -> Iterator[None]:
    """Translate failures; of plain http say what it is for."""
    try:
        with translated(place, seconds, _FAILURES):
            yield
    except InputForbidden as error:
        if place.url.scheme == "https":
            raise
        message = f"{place.param}: use an https address; http is for networks that the operator"
        raise InputForbidden(f"{message} allows", error.param) from None


async def _first_bytes(answer: aiohttp.ClientResponse) -> str:
    """Read the beginning of an answer as text that any database can keep."""
    found = bytearray()
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_LAST_SECONDS):
            while len(found) < _ANSWER_BYTES and (more := await answer.content.readany()):
                found += more
    text = bytes(found[:_ANSWER_BYTES]).decode("utf-8", "replace")
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
