"""What a caller gives: addresses, keys, ids and sources, and what importing the client costs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kinetoscope.client
from kinetoscope.client import AsyncClient, Client, ClientError, InvalidUse
from kinetoscope.client.calls import Calls
from kinetoscope.client.orders import create
from tests.patience import PATIENCE


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINETOSCOPE_URL", raising=False)
    monkeypatch.delenv("KINETOSCOPE_KEY", raising=False)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_without_a_key_it_says_where_one_may_come_from(kind: Any) -> None:
    with pytest.raises(InvalidUse, match="KINETOSCOPE_KEY"):
        kind("http://127.0.0.1:1")


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINETOSCOPE_URL", "http://videos.test:99/")
    monkeypatch.setenv("KINETOSCOPE_KEY", "sk-env")

    with Client() as client:
        assert (client._connection.url, client._connection.key) == (
            "http://videos.test:99",
            "sk-env",
        )


@pytest.mark.parametrize(
    "given, meant",
    [
        ("http://x.test/v1/", "http://x.test"),
        ("https://x.test/videos", "https://x.test/videos"),
        (" http://[::1]:8787 ", "http://[::1]:8787"),
    ],
)
def test_an_address_may_be_written_as_people_do(given: str, meant: str) -> None:
    with Client(given, "sk-x") as client:
        assert client._connection.url == meant


@pytest.mark.parametrize(
    "given",
    [
        "x.test",
        "ftp://x.test",
        "http://",
        "http://a:b@x.test",
        "http://x.test?y",
        "http://x.test:99999",
        "http://[:",
    ],
)
def test_what_is_no_address_is_said(given: str) -> None:
    with pytest.raises(InvalidUse, match="no address of a service"):
        Client(given, "sk-x")


@pytest.mark.parametrize("key", ["sk x", "sk-\n", "sk-ü", "k" * 201])
def test_what_is_no_key_is_said_and_not_shown(key: str) -> None:
    with pytest.raises(InvalidUse) as error:
        Client(key=key)

    assert key not in str(error.value)


@pytest.mark.parametrize("video_id", ["", "..", "a/b", "task_1?x", "ä", "x" * 101])
def test_what_is_no_id_never_reaches_the_service(video_id: str) -> None:
    with pytest.raises(InvalidUse, match="no id"):
        next(Calls("http://x.test", 0).get(video_id))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"image": "/etc/passwd"}, "give a Path"),
        ({"image": "file:///etc/passwd"}, "give a Path"),
        ({"image": Path("/nowhere.png")}, "there is no file"),
        ({"image": io.StringIO("x")}, "binary mode"),
        ({"video": "task_../../x"}, "no id"),
        ({"image": b"x", "images": [b"y"]}, "not both"),
    ],
)
def test_what_is_no_source_is_said(options: Any, words: str) -> None:
    with pytest.raises(InvalidUse, match=words):
        create("a fox", options, None)


def test_half_a_character_is_said() -> None:
    with pytest.raises(InvalidUse, match="half a character"):
        create("a \ud83e fox", {}, None)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_what_is_no_idempotency_key_is_said(key: str) -> None:
    with pytest.raises(InvalidUse, match="idempotency_key"):
        create("a fox", {}, key)


def test_every_error_is_a_client_error() -> None:
    errors = [getattr(kinetoscope.client, name) for name in kinetoscope.client.__all__]
    kinds = [each for each in errors if isinstance(each, type) and issubclass(each, Exception)]

    assert len(kinds) == 8
    assert all(issubclass(each, ClientError) for each in kinds)


def test_importing_it_reads_nothing_else_of_the_house() -> None:
    script = (
        "import json, sys, kinetoscope.client; before = list(sys.modules);"
        "from kinetoscope.client import *; print(json.dumps([before, list(sys.modules)]))"
    )

    told = subprocess.check_output([sys.executable, "-c", script], text=True, timeout=PATIENCE)

    before, after = json.loads(told)
    assert "httpx2" not in before
    rooms = {each for each in after if each.startswith("kinetoscope.")}
    assert {each.split(".")[1] for each in rooms} == {"client"}
    assert not {"aiohttp", "sqlalchemy", "starlette", "pydantic"} & set(after)
