"""``mcp`` as an agent starts it: with nothing set up, beside a service, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.cli.conftest import PROGRAM, ROOT, Programs, Said, end, read_until
from tests.patience import PATIENCE


def environment(programs: Programs) -> dict[str, str]:
    """Make the environment of an agent in which nothing is set up but where the home is."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "KINETOSCOPE_HOME": str(programs.home)}


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must succeed."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    told: dict[str, Any] = answer.structured_content or {}
    return told


async def test_an_agent_with_nothing_set_up_gets_a_film(programs: Programs) -> None:
    server = StdioServerParameters(
        command=PROGRAM[0],
        args=[*PROGRAM[1:], "mcp"],
        env=environment(programs),
        cwd=programs.folder,
    )
    async with Client(server, read_timeout_seconds=PATIENCE) as client:
        task = await call(client, "create_video", prompt="A fox", duration=1)
        async with asyncio.timeout(PATIENCE):
            while task["status"] not in ("completed", "failed"):
                task = await call(client, "wait_for_video", video_id=task["id"])
        saved = await call(client, "download_video", video_id=task["id"])

    assert task["status"] == "completed"
    assert saved["path"] == str(programs.folder.resolve() / "a-fox.mp4")
    assert Path(saved["path"]).read_bytes()[4:8] == b"ftyp"
    (key,) = (await asyncio.to_thread(programs.here, "key", "list", "--json")).json
    assert key["name"] == "mcp"
    assert key["revoked_at"] is not None
    assert (await asyncio.to_thread(programs.here, "audit")).status == 0


def test_nothing_but_the_protocol_is_written_and_the_key_does_not_outlive_a_signal(
    programs: Programs,
) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "mcp"],
        cwd=programs.folder,
        env=environment(programs),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}}
    hello["clientInfo"] = {"name": "test", "version": "1"}
    for message in (
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "list_models"}},
    ):
        program.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    program.stdin.flush()
    lines = [program.stdout.readline(), program.stdout.readline()]
    program.send_signal(signal.SIGTERM)
    said = end(program)

    answers = [json.loads(line) for line in lines]
    assert [each["id"] for each in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["models"][0]["id"] == "grok-imagine"
    assert said.out == ""
    assert said.status == 128 + signal.SIGTERM
    assert "Traceback" not in said.err
    (key,) = programs.here("key", "list", "--json").json
    assert key["revoked_at"] is not None


async def test_over_http_it_stands_before_a_service(programs: Programs) -> None:
    key = (await asyncio.to_thread(programs.here, "init", "--json")).json["key"]
    await asyncio.to_thread(programs.serve)
    program = programs.start("mcp", "--http", "127.0.0.1:0")
    line = await asyncio.to_thread(read_until, program, "tools for agents at ")
    url = line.partition("tools for agents at ")[2].partition(";")[0]

    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        price = await call(client, "quote_video", prompt="a fox", duration=1)
    program.send_signal(signal.SIGTERM)
    said = await asyncio.to_thread(end, program)

    assert price["available"] == "10.00"
    assert said.status == 0, said.err
    assert said.out == ""
    assert "Traceback" not in said.err


def test_without_the_extra_it_says_how_to_get_it(programs: Programs) -> None:
    script = (
        "import sys; sys.modules['mcp'] = None;"
        " from kinetoscope.cli import run; sys.exit(run(['mcp']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(programs),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "kinetoscope: agents need the extra mcp: pip install 'kinetoscope[mcp]'\n"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--url", "ftp://x.test"), "http:// or https://"),
        (("--url", "http://x.test"), "KINETOSCOPE_KEY"),
        (("--http", "8788"), "127.0.0.1:8788"),
        (("--http", "127.0.0.1:99999"), "127.0.0.1:8788"),
        (("--folder", "nowhere"), "nowhere"),
    ],
)
def test_a_wrong_use_is_said(
    command: Callable[..., Said], arguments: tuple[str, ...], words: str
) -> None:
    said = command("mcp", *arguments)

    assert said.status == 2
    assert words in said.err


def test_a_home_that_cannot_be_served_is_said_to_the_agent(programs: Programs) -> None:
    programs.home.mkdir()
    (programs.home / "kinetoscope.toml").write_text("port = 'high'")

    said = programs.run("mcp", "--http", "127.0.0.1:0")

    assert said.status == 1
    assert said.err.startswith("kinetoscope: no service could be begun: port: ")
    assert said.err.count("\n") == 1
