"""What an address must look like, and what its reader is told when it leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from kinetoscope.domain.errors import InputForbidden, InputUnreachable, InvalidOrder
from kinetoscope.outbound.addresses import Forbidden

_LONGEST_HOST = 253

Failures = tuple[tuple[type[Exception], str], ...]

FAILURES: Failures = (
    (aiohttp.ClientConnectorDNSError, "is a name that has no address"),
    (aiohttp.ClientConnectorCertificateError, "has a certificate that is not trusted"),
    (aiohttp.ClientConnectorSSLError, "does not speak TLS as it should"),
    (aiohttp.ClientConnectorError, "does not accept connections"),
    (aiohttp.ClientError, "broke off or did not speak HTTP as it should"),
)


@dataclass(slots=True)
class Place:
    """An address and the field *param* that named it."""

    url: URL
    param: str

    @property
    def host(self) -> str:
        """The host of the address."""
        return self.url.host or ""


def read_url(text: str, param: str, longest: int) -> URL:
    """Read *text* as an address that may be asked for, or raise what is wrong with it."""
    allowed = f"an http or https address of at most {longest:,} characters is allowed"
    if len(text) > longest:
        raise InvalidOrder(f"{param} has {len(text):,} characters; {allowed}", param)
    try:
        url = URL(text)
        usable = url.scheme in {"http", "https"} and bool(url.host) and url.port is not None
    except ValueError:
        raise InvalidOrder(f"{param} is not an address; {allowed}", param) from None
    if not usable:
        raise InvalidOrder(f"{param} is not an http or https address; {allowed}", param)
    if "@" in url.raw_authority:
        raise InputForbidden(f"{param} bears a user name or password; leave it out", param)
    return url.with_fragment(None)


@contextmanager
def translated(place: Place, seconds: float, failures: Failures) -> Iterator[None]:
    """Turn what a network can do to us into what the caller can do about it."""
    try:
        yield
    except Forbidden:
        message = (
            f"{place.param}: {place.host[:_LONGEST_HOST]} is a private or reserved address, which"
            " this service does not visit; use a public one"
        )
        raise InputForbidden(message, place.param) from None
    except aiohttp.InvalidURL:
        message = f"{place.param} is not an http or https address that can be asked for"
        raise InvalidOrder(message, place.param) from None
    except (TimeoutError, aiohttp.ClientError) as error:
        why = next(text for kind, text in failures if isinstance(error, kind))
        message = f"{place.param}: {place.host[:_LONGEST_HOST]} {why.format(seconds=seconds)}"
        raise InputUnreachable(message, place.param) from None
