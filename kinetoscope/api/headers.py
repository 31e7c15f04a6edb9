"""Headers of a request, straight from the server's list, and who sent it."""

from __future__ import annotations

from starlette.requests import Request

from kinetoscope.domain.bounds import is_within


def header(request: Request, name: bytes) -> str | None:
    """Get the first header of a lower-case *name*, if there is one."""
    for each, value in request.scope["headers"]:
        if each == name:
            text: str = value.decode("latin-1")
            return text
    return None


def address_of(request: Request, proxies: tuple[str, ...]) -> str:
    """Tell the IP address that a request came from; empty if nobody knows.

    What stands in X-Forwarded-For is believed as far as *proxies* wrote it: from its end on, up to
    the first address that is none of theirs.
    """
    client = request.scope.get("client")
    address: str = client[0] if client else ""
    if not proxies or not is_within(address, proxies):
        return address
    for forwarded in _forwarded(request):
        if not is_within(forwarded, proxies):
            return forwarded
        address = forwarded
    return address


def _forwarded(request: Request) -> list[str]:
    """List the addresses of X-Forwarded-For, the nearest first."""
    lines = [value for name, value in request.scope["headers"] if name == b"x-forwarded-for"]
    text = b",".join(lines).decode("latin-1")
    return [each.strip() for each in reversed(text.split(","))] if text else []
