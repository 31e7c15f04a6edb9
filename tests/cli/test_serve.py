"""The service as a process: how it begins, what its clients see, how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.cli.hosting import running_service
from tests.cli.conftest import Programs, end, run_here
from tests.films import film
from tests.patience import PATIENCE


@dataclass
class Served:
    """A home, the process that serves it, its address and a key."""

    programs: Programs
    process: subprocess.Popen[str]
    url: str
    key: str

    def order(self, **fields: Any) -> Any:
        """Ask for a video over HTTP."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        body = json.dumps({"prompt": "a fox", "duration": 1, **fields}).encode()
        request = urllib.request.Request(f"{self.url}/v1/videos", body, headers)  # noqa: S310 - it is http
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - it is http
            return json.load(answer)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that the tests of this file share."""
    programs = Programs(tmp_path_factory.mktemp("served"))
    key = programs.here("init", "--json").json["key"]
    process, url = programs.serve()
    yield Served(programs, process, url, key)
    programs.stop()


@pytest.fixture
def customer(served: Served, no_settings: None, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The service, as the environment of a customer names it."""
    monkeypatch.setenv("KINETOSCOPE_URL", served.url)
    monkeypatch.setenv("KINETOSCOPE_KEY", served.key)
    return served


def test_the_service_tells_its_address_and_ends_well_when_told(programs: Programs) -> None:
    program, url = programs.serve()

    with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE) as answer:  # noqa: S310 - it is http
        assert json.load(answer) == {"status": "ok"}
    assert running_service(programs.home) == url
    program.send_signal(signal.SIGTERM)
    said = end(program)

    assert said.status == 0
    assert "kinetoscope init" in said.err
    assert "Traceback" not in said.err
    assert running_service(programs.home) is None
    assert not (programs.home / "serve.json").exists()


def test_the_service_hands_its_tasks_back_when_it_is_told_to_stop(programs: Programs) -> None:
    key = programs.here("init", "--json").json["key"]
    program, url = programs.serve()
    task = Served(programs, program, url, key).order(duration=15, size="720p")

    program.send_signal(signal.SIGINT)

    assert end(program).status == 0
    assert programs.here("task", "show", task["id"], "--json").json["ended_at"] is None
    assert programs.here("task", "cancel", task["id"]).status == 0
    assert programs.here("audit").status == 0


@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("worker",)])
def test_a_home_has_one_runner(served: Served, arguments: tuple[str, ...]) -> None:
    second = served.programs.run(*arguments)

    assert second.status == 1
    assert f"process {served.process.pid} already runs the tasks" in second.err
    assert running_service(served.programs.home) == served.url


def test_a_port_has_one_owner(served: Served, programs: Programs) -> None:
    second = programs.run("serve", "--port", served.url.rpartition(":")[2])

    assert second.status == 1
    assert second.err.endswith("choose another with --port\n")


def test_cancelling_from_the_command_line_gives_the_money_back(served: Served) -> None:
    """C43"""
    task = served.order(duration=15, size="720p")

    first = served.programs.here("task", "cancel", task["id"])
    again = served.programs.here("task", "cancel", task["id"], "--json")

    assert first.out == f"{task['id']} is cancelled; $1.05 went back to default\n"
    assert again.json["error"]["code"] == "cancelled"
    assert served.programs.here("audit").status == 0


def test_a_file_is_uploaded_edited_and_saved(customer: Served, tmp_path: Path) -> None:
    source = film(tmp_path / "source.mp4", 1)
    target = tmp_path / "edited.mp4"

    said = run_here("generate", "black and white", "--video", str(source), "-o", str(target))

    assert said.status == 0, said.err
    assert said.out == f"{target}\n"
    assert "edit_video" in said.err
    assert "charged" in said.err
    assert target.read_bytes()[4:8] == b"ftyp"
    assert list(tmp_path.glob(".*.part")) == []


def test_several_pictures_travel_as_one_order(customer: Served, tmp_path: Path) -> None:
    names = [str(film(tmp_path / f"{number}.mp4", 1)) for number in (1, 2)]

    said = run_here("generate", "@Image1, @Image2", "--image", names[0], "--image", names[1])

    assert said.status == 1
    assert "duration is required for reference_to_video" in said.err


def test_an_order_that_makes_no_sense_is_said_with_its_code(customer: Served) -> None:
    said = run_here("generate", "a fox")

    assert said.status == 1
    assert said.out == ""
    assert said.err.startswith("kinetoscope: duration is required")
    assert said.err.endswith("(invalid_request)\n")


def test_a_key_that_nobody_knows_is_said(customer: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINETOSCOPE_KEY", "sk-wrong")

    said = run_here("generate", "a fox", "--duration", "1")

    assert said.status == 1
    assert said.err.endswith("(invalid_api_key)\n")


def test_a_service_that_is_not_there_is_said(
    customer: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("KINETOSCOPE_URL", url)

        said = run_here("generate", "a fox", "--duration", "1")

    assert said.status == 1
    assert f"the service at {url} does not answer" in said.err


def test_an_address_without_a_key_is_a_wrong_use(
    customer: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KINETOSCOPE_KEY")

    said = run_here("generate", "a fox", "--duration", "1")

    assert said.status == 2
    assert "KINETOSCOPE_KEY" in said.err


def test_a_notice_that_a_crash_left_is_not_believed(tmp_path: Path) -> None:
    notice = tmp_path / "serve.json"

    for text in ("", "[]", '{"url": "http://127.0.0.1:9", "pid": 999999999}', '{"url": "x"}'):
        notice.write_text(text)
        assert running_service(tmp_path) is None


def test_a_request_that_cannot_be_waited_for_is_told_why(programs: Programs) -> None:
    key = programs.here("init", "--json").json["key"]
    program, url = programs.serve(KINETOSCOPE_DRAIN_SECONDS="2")
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
        head = f"POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 99\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        program.send_signal(signal.SIGTERM)
        answer = client.makefile("rb").read()
    ended = end(program)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"service_unavailable"' in answer
    assert ended.status == 0
    assert "Traceback" not in ended.err
