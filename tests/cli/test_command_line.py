"""What a Unix person expects of any program: help, statuses, quiet pipes, one line of error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kinetoscope import __version__
from kinetoscope.cli import COMMANDS
from tests.cli.conftest import PROGRAM, ROOT, Programs, Said
from tests.patience import PATIENCE

Command = Callable[..., Said]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command: Command, name: str) -> None:
    said = command(name, "--help")

    assert said.status == 0
    assert said.out.startswith(f"Usage: kinetoscope {name}")


def test_the_help_lists_every_command_and_loads_none_of_them(programs: Programs) -> None:
    script = (
        "import sys; from kinetoscope.cli import run; run(['--help']);"
        " sys.exit(bool({'sqlalchemy', 'aiohttp', 'httpx2', 'mcp'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=programs.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_the_version_is_told(command: Command) -> None:
    assert command("--version").out == f"kinetoscope {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("deposit", "alice"),
        ("deposit", "alice", "ten"),
        ("deposit", "alice", "0"),
        ("account", "open", " "),
        ("task", "list", "--state", "mislaid"),
        ("generate",),
        ("generate", "x", "--image", "nowhere.png"),
        ("serve", "--port", "70000"),
    ],
)
def test_a_wrong_use_is_status_2_and_shows_the_usage(
    command: Command, arguments: tuple[str, ...]
) -> None:
    said = command(*arguments)

    assert said.status == 2
    assert said.out == ""
    assert said.err.startswith("Usage: kinetoscope")


def test_settings_that_are_wrong_are_one_line_and_status_1(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINETOSCOPE_PORT", "99999")
    monkeypatch.setenv("KINETOSCOPE_LOG_LEVEL", "loud")

    said = command("account", "list")

    assert said.status == 1
    assert said.err.startswith("kinetoscope: port: ")
    assert "log_level: " in said.err
    assert said.err.count("\n") == 1


def test_a_home_that_cannot_be_made_is_one_line_and_status_1(command: Command, home: Path) -> None:
    home.write_text("a file")

    said = command("account", "list", "--home", str(home / "below"))

    assert said.status == 1
    assert said.err.startswith("kinetoscope: ")
    assert "Traceback" not in said.err


def test_a_database_that_is_none_is_one_line_and_status_1(command: Command, home: Path) -> None:
    home.mkdir()
    (home / "kinetoscope.db").write_text("this is no database, whatever its name says" * 100)

    said = command("account", "list")

    assert said.status == 1
    assert said.err.startswith(f"kinetoscope: the database of {home} does not answer: ")


def test_a_reader_that_leaves_early_is_no_error_to_speak_of(programs: Programs) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, "--help"],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=programs.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(writing)

    assert done.returncode == 1
    assert done.stderr == b""


def test_what_strangers_wrote_cannot_steer_the_terminal(command: Command) -> None:
    command("init")
    command("deposit", "default", "1", "--note", "\x1b[2J\x07gone")

    shown = command("account", "show", "default").out

    assert "\x1b" not in shown
    assert "[2J gone" in shown


_BAR = """
from kinetoscope.cli.show import Bar
bar = Bar()
for progress in (0, 10, 26, 30, 80, 100):
    bar.show(progress, "in progress")
bar.close()
"""


def test_progress_is_a_line_a_quarter_where_nobody_watches() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BAR],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )

    assert done.stderr.split() == ["26", "%", "80", "%", "100", "%"]
    assert done.stdout == ""


def test_progress_is_drawn_in_place_on_a_terminal() -> None:
    ours, theirs = os.openpty()
    try:
        subprocess.run(
            [sys.executable, "-c", _BAR], cwd=ROOT, stderr=theirs, timeout=PATIENCE, check=True
        )
        os.close(theirs)
        drawn = _read_all(ours)
    finally:
        os.close(ours)

    assert drawn.count("\r\x1b") + drawn.count("\r\n") >= 1
    assert drawn.count("in progress") == 6
    assert drawn.count("\n") == 1


def _read_all(terminal: int) -> str:
    """Read what was drawn on a terminal; its end is an error to Linux."""
    drawn = b""
    with suppress(OSError):
        while piece := os.read(terminal, 10_000):
            drawn += piece
    return drawn.decode()
