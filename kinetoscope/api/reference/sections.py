"""The parts of the page that routes are shown in: words on one side, examples on the other."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any

from kinetoscope.api.reference.markdown import blocks, inline
from kinetoscope.api.reference.shapes import fields, kind, name_of, table

Json = dict[str, Any]

_JSON = "application/json"
_FORM = "multipart/form-data"
_FIRST_ERROR = 400
_PARTS = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<fact>\b\w+\b)'
)


@dataclass(frozen=True, slots=True)
class Route:
    """An operation of the document and where it stands in it."""

    verb: str
    path: str
    operation: Json

    @property
    def id(self) -> str:
        """The name by which a link finds it."""
        return str(self.operation["operationId"])

    @property
    def badge(self) -> str:
        """Its method, as a coloured word."""
        return f'<span class="verb {self.verb}">{self.verb.upper()}</span>'


def routes(document: Json) -> list[Route]:
    """List the operations of a document."""
    return [
        Route(verb, path, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    ]


def section(route: Route, document: Json) -> str:
    """Write everything about one route."""
    operation = route.operation
    parts = [
        f"<h3>{escape(operation['summary'])}</h3>",
        f'<p class="route">{route.badge}<code>{_path(route.path)}</code>{_access(operation)}</p>',
        blocks(operation.get("description", "")),
        _parameters(operation),
        _body(operation, document),
        _answers(operation),
    ]
    words, samples = "\n".join(parts), _samples(operation, document)
    return (
        f'<section class="operation" id="{escape(route.id)}">'
        f'<div class="words">{words}</div><div class="samples">{samples}</div></section>'
    )


def aliases(found: list[Route]) -> str:
    """Write the routes that are other names of routes."""
    rows = "".join(
        f'<tr><td class="route">{each.badge}<code>{_path(each.path)}</code></td>'
        f'<td><a href="#{escape(each.operation["x-alias-of"])}">'
        f"{inline(each.operation['description'])}</a></td></tr>"
        for each in found
    )
    return f'<table class="aliases"><tbody>{rows}</tbody></table>' if rows else ""


def show_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """Write JSON, its parts coloured."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    shown, at = [], 0
    for match in _PARTS.finditer(text):
        shown.append(escape(text[at : match.start()]))
        shown.append(f'<span class="{match.lastgroup}">{escape(match[0])}</span>')
        at = match.end()
    return "".join((*shown, escape(text[at:])))


def _path(path: str) -> str:
    return re.sub(r"(\{\w+\})", r"<i>\1</i>", escape(path))


def _access(operation: Json) -> str:
    ways = operation.get("security")
    if ways == []:
        return '<span class="access">no key needed</span>'
    return '<span class="access">key or signed link</span>' if ways else ""


def _parameters(operation: Json) -> str:
    rows = [
        (each["name"], each.get("required", False), _described(each))
        for each in operation.get("parameters", ())
    ]
    heads = ("Parameter", "Type", "Meaning")
    return f"<h4>Parameters</h4>{table(rows, heads)}" if rows else ""


def _described(parameter: Json) -> Json:
    places = {"header": "Header. ", "path": "", "query": ""}
    said = places[parameter["in"]] + parameter.get("description", "")
    return {**parameter["schema"], "description": said}


def _body(operation: Json, document: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    if _FORM not in content:
        return ""
    schema = content[_JSON if _JSON in content else _FORM]["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][name_of(schema)]
    form = content[_FORM]["schema"]["properties"]
    files = [name for name in form if name in content[_FORM].get("encoding", {})]
    also = f" In a form, {_names(files)} may be files." if files else ""
    shown = table(list(fields(schema)), ("Field", "Type", "Meaning"))
    kinds = " or ".join(f"`{kind}`" for kind in (_JSON, _FORM) if kind in content)
    note = f"<p>{inline(f'{kinds}.')}{also}</p>"
    return f"<h4>Body</h4>{note}{shown}"


def _names(names: list[str]) -> str:
    codes = [f"<code>{escape(name)}</code>" for name in names]
    return codes[0] if len(codes) == 1 else f"{', '.join(codes[:-1])} and {codes[-1]}"


def _answers(operation: Json) -> str:
    found = {int(status): each for status, each in operation["responses"].items()}
    good = [_answer(status, each) for status, each in found.items() if status < _FIRST_ERROR]
    bad = {status: each for status, each in found.items() if status >= _FIRST_ERROR}
    shown = f'<dl class="answers">{"".join(good)}</dl>' if good else ""
    errors = "".join(_answer(status, each) for status, each in bad.items())
    return (
        f'<h4>Answers</h4>{shown}<details class="errors"{"" if good else " open"}>'
        f"<summary>Errors: {', '.join(map(str, bad))}</summary>"
        f'<dl class="answers">{errors}</dl></details>'
    )


def _answer(status: int, answer: Json) -> str:
    good = status < _FIRST_ERROR
    kinds = [_shape(media, each) for media, each in answer.get("content", {}).items()]
    headers = [name for name in answer.get("headers", {}) if name != "x-request-id"]
    also = f'<p class="limits">Headers: {_names(headers)}.</p>' if headers else ""
    said = " or ".join(kinds) if good and kinds else blocks(answer["description"])
    return (
        f'<dt class="{"good" if good else "bad"}">{status} <small>{_phrase(status)}</small></dt>'
        f"<dd>{said}{also}</dd>"
    )


def _phrase(status: int) -> str:
    return escape(HTTPStatus(status).phrase)


def _shape(media: str, content: Json) -> str:
    schema = content.get("schema", {})
    return kind(schema) if "$ref" in schema else f"<code>{escape(media)}</code>"


def _samples(operation: Json, document: Json) -> str:
    asked = "".join(
        f"<figure><figcaption>{escape(each['label'])}</figcaption>"
        f'<pre tabindex="0"><code>{escape(each["source"])}</code></pre></figure>'
        for each in operation.get("x-codeSamples", ())
    )
    return asked + _examples(operation, document)


def _examples(operation: Json, document: Json) -> str:
    shown: list[str] = []
    for status, answer in operation["responses"].items():
        if int(status) >= _FIRST_ERROR:
            continue
        examples = answer.get("content", {}).get(_JSON, {}).get("examples", {})
        for name, reference in examples.items():
            example = document["components"]["examples"][name_of(reference)]
            title = f"{status} <code>{escape(name)}</code>"
            state = " open" if not shown else ""
            shown.append(
                f"<details{state}><summary>{title}</summary>"
                f'<pre tabindex="0"><code>{show_json(example["value"])}</code></pre></details>'
            )
    return f'<div class="examples">{"".join(shown)}</div>' if shown else ""
