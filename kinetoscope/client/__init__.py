"""Kinetoscope from Python: ``from kinetoscope.client import Client, AsyncClient``.

This room stands alone. It needs a service's address and a key and nothing else of this house, and
what it is made of is read when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinetoscope.client.asynchronous import AsyncClient as AsyncClient
    from kinetoscope.client.blocking import Client as Client
    from kinetoscope.client.errors import ClientError as ClientError
    from kinetoscope.client.errors import Damaged as Damaged
    from kinetoscope.client.errors import InvalidUse as InvalidUse
    from kinetoscope.client.errors import NotDone as NotDone
    from kinetoscope.client.errors import ServiceError as ServiceError
    from kinetoscope.client.errors import Unreachable as Unreachable
    from kinetoscope.client.errors import Unreadable as Unreadable
    from kinetoscope.client.errors import VideoFailed as VideoFailed
    from kinetoscope.client.orders import Filters as Filters
    from kinetoscope.client.orders import Options as Options
    from kinetoscope.client.orders import Source as Source
    from kinetoscope.client.values import Balance as Balance
    from kinetoscope.client.values import Model as Model
    from kinetoscope.client.values import Output as Output
    from kinetoscope.client.values import Quote as Quote
    from kinetoscope.client.values import Usage as Usage
    from kinetoscope.client.values import Video as Video

_ROOMS = {
    "asynchronous": ("AsyncClient",),
    "blocking": ("Client",),
    "errors": (
        *("ClientError", "Damaged", "InvalidUse", "NotDone", "ServiceError"),
        *("Unreachable", "Unreadable", "VideoFailed"),
    ),
    "orders": ("Filters", "Options", "Source"),
    "values": ("Balance", "Model", "Output", "Quote", "Usage", "Video"),
}
_PLACES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_PLACES)  # noqa: PLE0605 - one table says what there is and where


def __getattr__(name: str) -> object:
    """Read the room in which *name* lives, once."""
    if name not in _PLACES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    found: object = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = found
    return found
