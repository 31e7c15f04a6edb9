"""Fixtures for the command line: commands in this process, and programs of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kinetoscope.cli import run
from tests.patience import PATIENCE
from tests.programs import greeting

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "kinetoscope.cli")


@dataclass
class Said:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Programs:
    """Runs the program in *folder*, with a home in it and no settings but those given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self._running: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str, **variables: str) -> Said:
        """Run a command to its end."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self._environment(variables),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def here(self, *arguments: str) -> Said:
        """Run a command of this home in this process."""
        return run_here(*arguments, "--home", str(self.home))

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        program = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self._environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._running.append(program)
        return program

    def serve(self, *arguments: str, **variables: str) -> tuple[subprocess.Popen[str], str]:
        """Start the service on a free port; tell the process and the address."""
        program = self.start("serve", "--port", "0", "--json", *arguments, **variables)
        try:
            return program, greeting(program)["url"]
        except ValueError:
            raise AssertionError(end(program).err) from None

    def stop(self) -> None:
        """End what still runs."""
        for program in self._running:
            if program.poll() is None:
                program.kill()
                program.communicate(timeout=PATIENCE)

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KINETOSCOPE_")}
        return kept | {"PYTHONPATH": str(ROOT), "KINETOSCOPE_HOME": str(self.home)} | variables


def end(program: subprocess.Popen[str]) -> Said:
    """Wait for the end of a program."""
    out, err = program.communicate(timeout=PATIENCE)
    return Said(program.returncode, out, err)


def read_until(program: subprocess.Popen[str], word: str) -> str:
    """Read what a program says on standard error up to the line with *word*."""
    assert program.stderr is not None
    said = ""
    for line in program.stderr:
        said += line
        if word in line:
            return said
    raise AssertionError(f"never said {word!r}: {said}")


def run_here(*arguments: str) -> Said:
    """Run a command in this process, just as the program does, only quicker."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = run(arguments)
    return Said(status, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that is set on this machine reach a test."""
    for name in list(os.environ):
        if name.startswith("KINETOSCOPE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Runs commands as processes of their own."""
    programs = Programs(tmp_path)
    yield programs
    programs.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of the commands of this test."""
    return tmp_path / "home"


@pytest.fixture
def command(no_settings: None, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs a command in this process, in the home of this test."""
    monkeypatch.setenv("KINETOSCOPE_HOME", str(home))
    return run_here
