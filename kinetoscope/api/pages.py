"""Lists, page by page: OpenAI's cursors, read and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from kinetoscope.api.door import answer, is_id, whole_number
from kinetoscope.domain.errors import InvalidOrder

MOST_LISTED = 100
_USUAL = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted: up to *limit* rows beyond the one named *after*."""

    after: str | None
    limit: int
    ascending: bool


def read_page(query: Mapping[str, str], most: int = MOST_LISTED, usual: int = _USUAL) -> Page:
    """Read which page is wanted, *usual* rows unless it is said, or raise InvalidOrder."""
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise InvalidOrder("order must be asc or desc", "order")
    return Page(read_after(query), read_limit(query, most, usual), order == "asc")


def read_after(query: Mapping[str, str]) -> str | None:
    """Read beyond which row the page begins, or raise InvalidOrder."""
    after = query.get("after")
    if after is not None and not is_id(after):
        raise InvalidOrder("after must be the last_id of the page before", "after")
    return after


def read_limit(query: Mapping[str, str], most: int, usual: int = _USUAL) -> int:
    """Read how many rows are wanted at most, or raise InvalidOrder."""
    limit = whole_number(query, "limit", usual)
    if not 1 <= limit <= most:
        raise InvalidOrder(f"limit must be 1 to {most}", "limit")
    return limit


def answer_page(shown: Sequence[Any], limit: int) -> Response:
    """Answer the first *limit* of what is *shown*; one more says that there is another page."""
    page = shown[:limit]
    return answer(
        {
            "object": "list",
            "data": page,
            "has_more": len(shown) > limit,
            "first_id": _name(page[0]) if page else None,
            "last_id": _name(page[-1]) if page else None,
        }
    )


def _name(shown: Any) -> str:  # noqa: ANN401 - an object of any shape that has an id
    found: str = shown["id"] if isinstance(shown, dict) else shown.id
    return found
