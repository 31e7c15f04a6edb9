"""The document and its pages say what the service does, and load nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from kinetoscope.api import _routes, videos
from kinetoscope.api.openapi import describe
from kinetoscope.api.reference import parameters, schemas
from kinetoscope.api.reference.markdown import blocks, inline
from kinetoscope.api.reference.refusals import every_refusal
from kinetoscope.api.show import Metadata, ShownError, Video
from kinetoscope.db.accounts import OPERATOR
from kinetoscope.domain import errors
from kinetoscope.domain.errors import KinetoscopeError
from kinetoscope.domain.order import LIMITS, PROMPT_CHARACTERS
from tests.engines.scripted import Refused
from tests.world import World

PAGES = ("/docs", "/")
OWN_PAGES = {("GET", path) for path in ("/", "/docs", "/openapi.json")}
HOSTS = re.compile(r"(?:https?:)?//([a-z0-9.-]+)", re.IGNORECASE)
EXAMPLES = {"example.com", "video.example.com", "127.0.0.1"}


@pytest.fixture
def document(world: World) -> Any:
    """The document of a real gateway, as it is sent."""
    return msgspec.json.decode(msgspec.json.encode(describe(world.gateway)))


@pytest.fixture
def has_shape(document: Any) -> Callable[[str, Any], bool]:
    """A function that tells whether a value has the shape that the document names so."""

    def check(name: str, value: Any) -> bool:
        wanted = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        faults = [error.message for error in OAS31Validator(wanted).iter_errors(value)]
        assert faults == []
        return True

    return check


async def test_the_document_is_valid_openapi(world: World) -> None:
    answer = await world.ask("GET", "/openapi.json")

    assert answer.status == 200
    assert answer.json["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(answer.json).iter_errors()] == []


def test_the_document_has_every_route_and_no_other(world: World, document: Any) -> None:
    routes = {(verb, path) for verb, path, _ in _routes(world.gateway, None)}
    described = {(verb.upper(), path) for verb, path, _ in _operations(document)}

    assert described - {("HEAD", "/v1/videos/{id}/content")} == routes - OWN_PAGES


def test_every_operation_has_a_name_of_its_own_and_a_known_tag(document: Any) -> None:
    found = list(_operations(document))
    names = [operation["operationId"] for _, _, operation in found]
    tags = {tag["name"] for tag in document["tags"]}

    assert len(set(names)) == len(names)
    assert {tag for _, _, operation in found for tag in operation["tags"]} == tags
    assert all(operation["x-codeSamples"] for _, _, operation in found)


def test_every_error_is_in_the_document_with_its_status(document: Any) -> None:
    """C28: the codes, the statuses and the one shape."""
    known = {error.code for error in _subclasses(KinetoscopeError)}
    listed = document["components"]["schemas"]["Error"]["properties"]["error"]["properties"]

    assert known <= set(listed["code"]["enum"])
    assert {each.code for each in every_refusal()} == set(listed["code"]["enum"])
    assert all(f"`{code}`" in document["info"]["description"] for code in known)


def test_every_answer_bears_a_request_id(document: Any) -> None:
    answers = [
        answer
        for _, _, operation in _operations(document)
        for answer in operation["responses"].values()
    ]
    assert answers
    assert all("x-request-id" in answer["headers"] for answer in answers)


def test_every_reference_leads_somewhere(document: Any) -> None:
    for reference in _references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_every_example_has_the_shape_it_stands_for(
    document: Any, has_shape: Callable[[str, Any], bool]
) -> None:
    examples = document["components"]["examples"]
    shown = 0
    for _, _, operation in _operations(document):
        for answer in operation["responses"].values():
            content = answer.get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            name = schema.get("$ref", "#/components/schemas/Error").rpartition("/")[2]
            for reference in content.get("examples", {}).values():
                shown += has_shape(name, examples[reference["$ref"].rpartition("/")[2]]["value"])
    assert shown > 100


def test_limits_are_those_of_the_domain(document: Any) -> None:
    """C9, C13, C18: nothing is written twice."""
    asked = document["components"]["schemas"]["VideoRequest"]["properties"]
    ranges = [limits.duration for limits in LIMITS.values() if limits.duration]

    assert asked["prompt"]["maxLength"] == PROMPT_CHARACTERS
    assert asked["seconds"]["anyOf"][0]["maximum"] == max(most for _, most in ranges)
    assert parameters.LONGEST_IDEMPOTENCY_KEY == videos._LONGEST_KEY


@pytest.mark.parametrize(
    "name,shape", [("Video", Video), ("Metadata", Metadata), ("VideoError", ShownError)]
)
def test_a_video_has_the_fields_that_are_described(name: str, shape: Any) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(shape)}
    assert set(schemas.answers()[name]["properties"]) == fields


async def test_real_answers_have_the_shapes_that_are_described(
    world: World, document: Any, has_shape: Callable[[str, Any], bool]
) -> None:
    """C20 to C25, C34, C39, C41, C44, over HTTP."""
    made = await world.make(size="720p")
    world.engine.will(Refused("moderation_blocked", "request rejected", cost=7))
    operator = await world.open("operator", "0", role=OPERATOR)
    asked = document["paths"]["/v1/videos"]["post"]["requestBody"]["content"]["application/json"]
    quoted = await world.ask("POST", "/v1/videos/quote", json=asked["example"])

    assert has_shape("Video", made)
    assert has_shape("Video", await world.make())
    assert has_shape("VideoQuote", quoted.json)
    shapes = {
        "/v1/videos": "VideoList",
        "/v1/balance": "Balance",
        "/v1/usage": "Usage",
        "/v1/ledger": "Ledger",
        "/v1/models": "ModelList",
        "/v1/pricing": "Pricing",
        "/healthz": "Health",
        "/readyz": "Readiness",
        "/v1/nowhere": "Error",
        "/v1/videos?limit=0": "Error",
    }
    for path, name in shapes.items():
        assert has_shape(name, (await world.ask("GET", path)).json), path
    costs = (await world.ask("GET", "/v1/usage", operator)).json
    assert costs["differences"]["data"]
    assert has_shape("OperatorUsage", costs)
    assert has_shape("VideoDeleted", (await world.ask("DELETE", f"/v1/videos/{made['id']}")).json)


async def test_requests_as_described_are_accepted(world: World, document: Any) -> None:
    """Every example of a body does what its route is for."""
    made = await world.make(duration=4)
    for path in ("/v1/videos", "/v1/videos/extensions", "/v1/videos/{id}/remix"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        asked = {**body["example"]}
        if "video" in asked:
            asked["video"] = {"id": made["id"]}
        answer = await world.ask("POST", path.replace("{id}", made["id"]), json=asked)
        assert answer.status == 200, (path, answer.body)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_nothing_and_says_so(world: World, path: str) -> None:
    answer = await world.ask("GET", path)
    page = answer.body.decode()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert not {"script", "iframe", "object", "embed", "img"} & _parse(page).tags
    assert not [each for each in _parse(page).styled if each]


@pytest.mark.parametrize("path", [*PAGES, "/openapi.json"])
async def test_nothing_leads_to_another_host(world: World, path: str) -> None:
    text = (await world.ask("GET", path)).body.decode()
    namespace = "http://www.w3.org/2000/svg"  # the name of a language, which nobody visits

    assert set(HOSTS.findall(text.replace(namespace, ""))) <= EXAMPLES


async def test_every_link_on_the_page_leads_to_something_on_it(world: World) -> None:
    parsed = _parse((await world.ask("GET", "/docs")).body.decode())

    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.open == []
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)


async def test_the_page_shows_every_operation(world: World, document: Any) -> None:
    parsed = _parse((await world.ask("GET", "/docs")).body.decode())
    whole = [each for _, _, each in _operations(document) if "x-alias-of" not in each]

    assert {each["operationId"] for each in whole} <= set(parsed.ids)


async def test_a_page_is_sent_again_only_if_it_changed(world: World) -> None:
    first = await world.ask("GET", "/docs")
    again = await world.ask("GET", "/docs", headers={"If-None-Match": first.headers["etag"]})

    assert first.status == 200
    assert (again.status, again.body) == (304, b"")


def test_markup_in_a_text_stays_text() -> None:
    assert inline("<b> & `<i>`") == "&lt;b&gt; &amp; <code>&lt;i&gt;</code>"
    assert "<script>" not in blocks("<script>\n\n```\n<script>\n```\n\n- <script>\n\n| <script> |")


class _Parsed(HTMLParser):
    """What a page is made of; *open* lists what was not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.styled: list[str | None] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []
        self.styled += [given[name] for name in given if name == "style" or name.startswith("on")]
        if tag not in {"meta", "link", "input", "wbr", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave out what closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _parse(page: str) -> _Parsed:
    parsed = _Parsed()
    parsed.feed(page)
    return parsed


def _operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield verb, path, operation


def _references(value: Any) -> Iterator[str]:
    yield from re.findall(r'"\$ref": "([^"]+)"', json.dumps(value))


def _subclasses(kind: type[KinetoscopeError]) -> Iterator[type[KinetoscopeError]]:
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            yield each
        yield from _subclasses(each)
