"""Which addresses strangers may send us to, and sockets that go to no others."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

RESOLVERS = 16

# What IANA set aside, and 168.63.129.16, by which Azure's machines reach their host.
_CLOSED_4 = tuple(
    IPv4Network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ]
)
# Of IPv6 only global unicast is open, without Teredo, documentation and 6to4.
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")


class Forbidden(Exception):
    """All addresses of a host are closed to strangers."""


def is_public(address: Address) -> bool:
    """Tell whether *address* is one that anybody on the Internet may be at."""
    match address:
        case IPv4Address():
            return not any(address in network for network in _CLOSED_4)
        case IPv6Address():
            inner = _embedded(address)
            if inner is not None:
                return is_public(inner)
            return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)


class Gate(AbstractResolver):
    """Resolves names to addresses that may be visited, and opens sockets to no others.

    Those are the public ones, if *public* says so, and those in *allow*.
    """

    def __init__(
        self, allow: tuple[Network, ...], resolver: AbstractResolver, *, public: bool = True
    ) -> None:
        self._allow = allow
        self._public = public
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not found:
            raise OSError(f"{host} has no address")
        allowed = [each for each in found if self._allows(each["host"])]
        if not allowed:
            raise Forbidden
        return allowed

    async def close(self) -> None:
        await self._resolver.close()

    def socket(self, target: tuple[Any, ...]) -> socket.socket:
        """Open the socket for *target*, an entry as of getaddrinfo, unless it is forbidden."""
        family, kind, protocol, _, place = target
        if not self._allows(place[0]):
            raise PermissionError("this address is forbidden")
        return socket.socket(family, kind, protocol)

    def check_literal(self, host: str) -> None:
        """Raise Forbidden if *host* is a forbidden address in any notation that systems read."""
        text = host.rstrip(".")
        if ":" not in text:
            try:
                text = socket.inet_ntoa(socket.inet_aton(text))
            except (OSError, UnicodeEncodeError):
                return  # a name: resolve() sees what it stands for
        if not self._allows(text):
            raise Forbidden

    def _allows(self, text: str) -> bool:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return False
        inner = _embedded(address) if isinstance(address, IPv6Address) else None
        if any(place in network for network in self._allow for place in (address, inner) if place):
            return True
        return self._public and is_public(address)


class SystemResolver(AbstractResolver):
    """Asks the system, in threads of its own: a name server that stalls holds up nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        def ask() -> list[Any]:
            try:
                return socket.getaddrinfo(host, port, family, type=socket.SOCK_STREAM)
            except UnicodeError as error:
                raise OSError(f"no name: {error}") from error

        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(place[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Tell the IPv4 address that packets to *address* really go to, if there is one."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
