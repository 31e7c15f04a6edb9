"""The house's walls that no linter measures: sizes, words, errors, and what lock files say."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinetoscope.domain import errors
from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent
ROOMS = ("kinetoscope", "tests", "benchmarks")
MODULES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if "node_modules" not in path.parts
)
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

MOST_LINES = 400
MOST_FUNCTION_LINES = 50

# They name nothing, or two things; the glossary has the words to use instead.
FORBIDDEN = re.compile(
    r"(?:^|_)(?:jobs?|quota|credits?|channel|provider|manager|handlers?|helpers?|utils?"
    r"|common|misc)(?:_|$)|^(?:process|handle)$|^do_",
)

# Written in halves, so that this file is not found by its own search.
REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".", "deb.debian" + ".org")
PLACES = (
    "/work/" + "main",
    "/work/" + "shared",
    "/root/" + ".",
    "/opt/" + "pypi",
    "/home/" + "runner",
)


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {_name(path): lines for path in MODULES if (lines := _lines(path)) > MOST_LINES}
    assert not long


def test_no_function_is_longer_than_a_page() -> None:
    long = {
        f"{_name(path)}:{function.name}": length
        for path in MODULES
        for function in _functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MOST_FUNCTION_LINES
    }
    assert not long


def test_modules_functions_and_classes_avoid_the_words_that_name_nothing() -> None:
    named = {_name(path): path.stem for path in MODULES}
    named |= {
        f"{_name(path)}:{node.name}": node.name
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {place: name for place, name in named.items() if FORBIDDEN.search(_snake(name))}


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    found = [
        f"{_name(path)}: {word}"
        for path in _files()
        for word in (*REGISTRIES, *PLACES)
        if word.encode() in path.read_bytes()
    ]
    assert not found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_one_version_and_its_hashes(lock: Path) -> None:
    requirements = lock.read_text("utf-8").replace("\\\n", " ").splitlines()
    loose = [line.split()[0] for line in requirements if not _is_locked(line)]
    assert requirements
    assert not loose


def test_the_tests_run_on_what_the_demonstration_runs_on() -> None:
    run, dev = (_pins(ROOT / "requirements" / name) for name in ("run.txt", "dev.txt"))
    assert run <= dev


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in _tree_of_errors()]
    assert len(codes) == len(set(codes))


def test_every_error_code_is_explained() -> None:
    page = ROOT / "docs" / "errors.md"
    explained = page.read_text("utf-8") if page.exists() else ""
    codes = [error.code for error in _tree_of_errors() if error is not errors.KinetoscopeError]
    assert not [code for code in codes if f"`{code}`" not in explained]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _files() -> list[Path]:
    """List what git keeps or would keep; without git, what the rooms and the root hold."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        answer = subprocess.run(
            command, cwd=ROOT, capture_output=True, check=True, timeout=PATIENCE
        )
    except (OSError, subprocess.CalledProcessError):
        return [*MODULES, *LOCKS, *(path for path in ROOT.iterdir() if path.is_file())]
    names = answer.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def _is_locked(requirement: str) -> bool:
    return bool(re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement))


def _pins(lock: Path) -> set[str]:
    return set(re.findall(r"^[a-z0-9-]+==\S+", lock.read_text("utf-8"), re.MULTILINE))


def _tree_of_errors() -> Iterator[type[errors.KinetoscopeError]]:
    waiting = [errors.KinetoscopeError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error.__module__ == errors.__name__:
            yield error
