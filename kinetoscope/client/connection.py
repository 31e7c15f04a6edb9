"""Where a service is, who asks, and how long it may be silent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from kinetoscope import __version__
from kinetoscope.client.answers import Lost, TooSlow
from kinetoscope.client.errors import InvalidUse

LOCAL = "http://127.0.0.1:8787"
SILENCE_SECONDS = 60.0
RETRIES = 5
_CONNECT_SECONDS = 10.0
_LONGEST_KEY = 200
_LOOPBACK = ("127.", "localhost", "::1")
# What may come between: the rest is a fault in how the library is used, and to be seen.
FAULTS = (httpx2.TransportError, httpx2.DecodingError, TooSlow)
_UNHEARD = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Connection:
    """The service at *url*, asked with *key*."""

    url: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request says of whoever sends it."""
        agent = f"kinetoscope/{__version__} (python)"
        return {"authorization": f"Bearer {self.key}", "user-agent": agent}

    def told(self, silence: float) -> dict[str, Any]:
        """Say what httpx2 is told: no proxy stands before this machine, and only https has TLS."""
        host = urlsplit(self.url).hostname or ""
        return {
            "timeout": httpx2.Timeout(silence, connect=min(silence, _CONNECT_SECONDS)),
            "trust_env": not host.startswith(_LOOPBACK),
            "verify": self.url.startswith("https://"),
        }


def connection(url: str | None, key: str | None) -> Connection:
    """Find out whom to ask and as whom, or raise InvalidUse; the environment fills in."""
    given = url or os.environ.get("KINETOSCOPE_URL") or LOCAL
    secret = key or os.environ.get("KINETOSCOPE_KEY")
    if not secret:
        message = "a key is needed: give key='sk-…', or set KINETOSCOPE_KEY"
        raise InvalidUse(message)
    return Connection(_address(given), checked(secret))


def checked(key: str) -> str:
    """Get a key that can stand in a header, or raise InvalidUse; it is never shown."""
    if not (len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable() and " " not in key):
        message = "this key cannot be one: keys are letters and digits that begin with sk-"
        raise InvalidUse(message)
    return key


def lost(error: Exception) -> Lost:
    """Say what came between, and whether the service may have heard us."""
    return Lost(str(error) or "no answer in time", heard=not isinstance(error, _UNHEARD))


def _address(text: str) -> str:
    """Read what paths are put behind; people give /v1 along, as they do to OpenAI's clients."""
    url = text.strip().rstrip("/").removesuffix("/v1")
    try:
        read = urlsplit(url)
        is_address = read.scheme in ("http", "https") and read.hostname and read.port != 0
    except ValueError as error:
        raise _no_address(text) from error
    if not is_address or read.query or read.fragment or "@" in read.netloc:
        raise _no_address(text)
    return url


def _no_address(text: str) -> InvalidUse:
    return InvalidUse(f"{text[:200]!r} is no address of a service; one looks like {LOCAL}")
