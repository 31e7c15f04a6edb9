"""A schema in words: what a field may be, within which limits, as rows of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from kinetoscope.api.reference.markdown import inline

Json = dict[str, Any]

_DEEPEST = 3
_MANY = 16


def name_of(reference: Json) -> str:
    """Tell the last name of a ``$ref``."""
    return str(reference["$ref"].rpartition("/")[2])


def kind(schema: Json) -> str:
    """Say what a value may be, in HTML: ``string``, ``list of Video``, ``integer or string``."""
    if "$ref" in schema:
        name = name_of(schema)
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(kind, schema["anyOf"])))
    if "contentMediaType" in schema and schema["contentMediaType"] != "application/json":
        return "file"
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "items" in schema:
        return f"list of {kind(schema['items'])}"
    return _plain(schema)


def limits(schema: Json) -> str:
    """Say within which limits a value is, in HTML, or nothing."""
    said = [*_bounds(schema), *(each for part in schema.get("anyOf", ()) for each in _bounds(part))]
    values = schema.get("enum") or schema.get("items", {}).get("enum") or []
    if values:
        said.append("one of " + _codes(values))
    elif len(schema.get("examples", [])) > 1 and "anyOf" not in schema:
        said.append("such as " + _codes(schema["examples"]))
    if "default" in schema:
        said.append(f"default {_codes([schema['default']])}")
    return "; ".join(dict.fromkeys(said))


def table(rows: list[tuple[str, bool, Json]], heads: tuple[str, str, str]) -> str:
    """Write a table of fields: each a name, whether it is required, and its schema."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(_row(name, schema, required=required) for name, required, schema in rows)
    return f'<table class="fields"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def fields(schema: Json, before: str = "", depth: int = 0) -> Iterator[tuple[str, bool, Json]]:
    """List the fields of an object, and below each object among them its own."""
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield before + name, name in required, each
        if "properties" in each and depth < _DEEPEST:
            yield from fields(each, f"{before}{name}.", depth + 1)


def _plain(schema: Json) -> str:
    named = schema.get("type", "string")
    if isinstance(named, list):
        return " or ".join(named)
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{kind(schema['additionalProperties'])} by name"
    if "properties" in schema and "description" not in schema:
        return (
            "{" + ", ".join(f"<code>{escape(name)}</code>" for name in schema["properties"]) + "}"
        )
    return str(named)


def _row(name: str, schema: Json, *, required: bool) -> str:
    mark = ' <span class="required">required</span>' if required else ""
    said = inline(schema.get("description", ""))
    within = limits(schema)
    more = f'<span class="limits">{within[0].upper()}{within[1:]}.</span>' if within else ""
    return (
        f'<tr><th scope="row"><code>{_breakable(name)}</code>{mark}</th>'
        f"<td>{kind(schema)}</td><td>{said} {more}</td></tr>"
    )


def _breakable(name: str) -> str:
    return escape(name).replace(".", ".<wbr>").replace("_", "_<wbr>")


def _bounds(schema: Json) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is not None and most < 10**6:
        yield f"{least or 0} to {most:,}"
    elif least:
        yield f"{least} or more"
    shortest, longest = schema.get("minLength"), schema.get("maxLength")
    if longest is not None:
        yield f"{shortest or 0} to {longest:,} characters"
    if "maxItems" in schema:
        yield f"at most {schema['maxItems']}"


def _codes(values: list[Any]) -> str:
    shown = ", ".join(f"<code>{escape(str(value))}</code>" for value in values[:_MANY])
    return shown + (", …" if len(values) > _MANY else "")
