"""Every command of the README, run as it stands there by somebody with an empty home."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.patience import PATIENCE
from tests.programs import greeting

ROOT = Path(__file__).parents[2]
PORT = "8787"
PROGRAM = f"{shlex.quote(sys.executable)} -m kinetoscope.cli"
MADE = ("make demo", "make test")  # the one runs the demonstration, the other what runs this


def commands() -> list[str]:
    """List the commands of the README's shell blocks, each in one line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines: list[str] = []
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        lines += block.replace("\\\n", " ").splitlines()
    return [line.partition("    #")[0].strip() for line in lines]


class Reader:
    """Somebody with an empty home who types one command after the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.values = {".venv/bin/kinetoscope": PROGRAM, "--duration 6": "--duration 1"}
        self.values['"duration": 6'] = '"duration": 1'

    def words(self, command: str) -> str:
        """Put what the reader knows in the places that the README leaves open."""
        for shown, value in self.values.items():
            command = command.replace(shown, value)
        return command

    def run(self, command: str) -> str:
        """Run a command in a shell and return what it said."""
        assert shutil.which("curl"), "the README's commands need curl: install it"
        done = subprocess.run(
            ["bash", "-ec", self.words(command)],
            cwd=self.home,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def serving(self, command: str) -> Iterator[None]:
        """Run ``serve`` until this ends, on a port that is free on this machine."""
        words = [*shlex.split(self.words(command)), "--port", "0", "--json"]
        with subprocess.Popen(
            words, cwd=self.home, env=self._environment(), stdout=subprocess.PIPE, text=True
        ) as service:
            try:
                self.values[PORT] = greeting(service)["url"].rpartition(":")[2]
                yield
            finally:
                service.send_signal(signal.SIGTERM)
            assert service.wait(PATIENCE) == 0

    def _environment(self) -> dict[str, str]:
        known = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin"}
        return {**known, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


def test_every_command_of_the_readme_works(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    demo, test, init, serve, key, create, poll, content, generate = commands()

    assert (demo, test) == MADE
    dry = subprocess.run(
        ["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ".venv/bin/kinetoscope demo" in dry.stdout
    reader.values["sk-…"] = _secret(reader.run(init))
    with reader.serving(serve):
        accepted = json.loads(reader.run(f"{key}; {create}"))
        reader.values["task_…"] = accepted["id"]
        while (task := json.loads(reader.run(f"{key}; {poll}")))["status"] != "completed":
            assert task["status"] != "failed", task["error"]
            time.sleep(0.2)
        reader.run(f"{key}; {content}")
        _is_film(tmp_path / "sea.mp4")
        reader.run(generate)
    _is_film(tmp_path / "sunset.mp4")


def _is_film(path: Path) -> None:
    assert path.read_bytes()[4:8] == b"ftyp"


def _secret(said: str) -> str:
    found = re.search(r"sk-[\w-]{20,}", said)
    assert found is not None, said
    return found[0]
