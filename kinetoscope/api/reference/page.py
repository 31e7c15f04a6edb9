"""The reference and the front page as HTML. They load nothing, and need no script to be read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from kinetoscope.api.reference.markdown import blocks, headings, inline, slug
from kinetoscope.api.reference.sections import Route, aliases, routes, section
from kinetoscope.api.reference.shapes import fields, kind, table

Json = dict[str, Any]

_ALIAS = "x-alias-of"
# A round frame with a gap for the eye: what a kinetoscope was looked into.
_DRAWING = (
    '<rect x="1" y="1" width="30" height="30" rx="8" fill="#b8431c"/>'
    '<circle cx="16" cy="16" r="9" fill="none" stroke="#fff" stroke-width="2.5"'
    ' stroke-dasharray="4.2 2.87"/><path d="M13.5 11.5v9l7-4.5z" fill="#fff"/>'
)
_MARK = f'<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">{_DRAWING}</svg>'


@cache
def style() -> str:
    """Read the style sheet that stands in every page."""
    return Path(__file__).with_name("page.css").read_text("utf-8")


def write_page(document: Json) -> str:
    """Write the whole reference of *document*."""
    found = routes(document)
    info = document["info"]
    sections = "\n".join(_tag(tag, found, document) for tag in document["tags"])
    body = f"""\
<a class="skip" href="#top">To the text</a>
<input type="checkbox" id="menu" aria-label="Show the contents">
<header class="bar"><a class="name" href="/">{_MARK}{escape(info["title"])}</a>
<label for="menu">Contents</label></header>
<nav aria-label="Contents">{_contents(document, found)}</nav>
<main id="top">
<div class="intro">
<h1>{escape(info["title"])} API</h1>
<p class="lead">{inline(info["summary"])}</p>
<p class="facts"><span>Version {escape(info["version"])}</span>
<a href="/openapi.json">OpenAPI {escape(document["openapi"])} document</a></p>
{blocks(info["description"])}
</div>
{sections}
{_objects(document)}
</main>"""
    return _html(f"{info['title']} API", "reference", body)


def write_home(document: Json) -> str:
    """Write the front page: what this is, and where to go from here."""
    info = document["info"]
    links = (
        ("/docs", "Reference", "Every route, with examples to copy."),
        ("/openapi.json", "OpenAPI document", "The same for programs."),
        ("/v1/pricing", "Prices", "What a second of video costs here."),
    )
    shown = "".join(
        f'<li><a href="{path}"><strong>{title}</strong><span>{said}</span></a></li>'
        for path, title, said in links
    )
    body = f"""\
<main>
<h1>{_MARK}{escape(info["title"])}</h1>
<p class="lead">{inline(info["summary"])}</p>
<ul class="doors">{shown}</ul>
<p class="facts"><span>Version {escape(info["version"])}</span></p>
</main>"""
    return _html(info["title"], "home", body)


def _html(title: str, kind_of_page: str, body: str) -> str:
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:image/svg+xml,{_icon()}">
<style>{style()}</style>
</head>
<body class="{kind_of_page}">
{body}
</body>
</html>
"""


def _icon() -> str:
    # Browsers know the namespace by this name; they do not visit it.
    space = "http://www.w3.org/2000/svg"
    drawn = f"<svg xmlns='{space}' viewBox='0 0 32 32'>{_DRAWING}</svg>".replace('"', "'")
    return drawn.replace("#", "%23").replace("<", "%3C").replace(">", "%3E")


def _contents(document: Json, found: list[Route]) -> str:
    start = headings(document["info"]["description"])
    parts = [_group("Guide", (f'<a href="#{slug(title)}">{escape(title)}</a>' for title in start))]
    for tag in document["tags"]:
        here = [each for each in _of(tag, found) if _ALIAS not in each.operation]
        links = (
            f'<a href="#{escape(each.id)}">{each.badge}{escape(each.operation["summary"])}</a>'
            for each in here
        )
        parts.append(_group(tag["name"], links))
    names = document["components"]["schemas"]
    parts.append(_group("Objects", (f'<a href="#{name}">{name}</a>' for name in names)))
    return "".join(parts)


def _group(title: str, links: Iterable[str]) -> str:
    items = "".join(f"<li>{link}</li>" for link in links)
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>"


def _of(tag: Json, found: list[Route]) -> list[Route]:
    return [each for each in found if tag["name"] in each.operation["tags"]]


def _tag(tag: Json, found: list[Route], document: Json) -> str:
    here = _of(tag, found)
    whole = [section(each, document) for each in here if _ALIAS not in each.operation]
    others = aliases([each for each in here if _ALIAS in each.operation])
    name = tag["name"]
    return (
        f'<h2 class="part" id="{slug(name)}">{escape(name)}</h2>'
        f'<p class="said">{inline(tag.get("description", ""))}</p>{others}{"".join(whole)}'
    )


def _objects(document: Json) -> str:
    shown = "".join(
        _object(name, schema) for name, schema in document["components"]["schemas"].items()
    )
    return (
        '<h2 class="part" id="objects">Objects</h2>'
        f'<p class="said">What bodies and answers are made of.</p>{shown}'
    )


def _object(name: str, schema: Json) -> str:
    rows = list(fields(schema))
    shown = table(rows, ("Field", "Type", "Meaning")) if rows else f"<p>{kind(schema)}</p>"
    said = inline(schema.get("description", ""))
    return f'<section class="object" id="{name}"><h3>{name}</h3><p>{said}</p>{shown}</section>'
