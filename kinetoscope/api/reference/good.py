"""The answer that a route gives when all goes well."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.reference.schemas import ref

Json = dict[str, Any]


def good(schema: str, example: str, headers: tuple[str, ...] = (), *more: str) -> Json:
    """Describe the good answer of a route: its shape, its headers, the names of its examples."""
    examples = {name: {"$ref": f"#/components/examples/{name}"} for name in (example, *more)}
    content = {"application/json": {"schema": ref(schema), "examples": examples}}
    return {"200": {"description": "Good.", "headers": headers_of(headers), "content": content}}


def pending(schema: str, example: str, headers: tuple[str, ...]) -> Json:
    """Describe the answer of a route that has nothing to give yet."""
    answer = good(schema, example, headers)["200"]
    return {"202": {**answer, "description": "Not done yet."}}


def headers_of(names: tuple[str, ...]) -> Json:
    """Refer to the headers of an answer, by their names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("x-request-id", *names)}
