"""The documents say what is so: every setting, command and code, and no link that leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinetoscope.api.door import STATUS
from kinetoscope.domain.task import Failure
from kinetoscope.engines import ENGINES
from kinetoscope.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def page(name: str) -> str:
    """Read one of the documents."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented_in_its_own_words(name: str) -> None:
    field = Settings.model_fields[name]

    row = re.search(rf"^\| `{name}` \| (.*?) \| (.*) \|$", page("settings.md"), re.MULTILINE)

    assert row is not None, f"docs/settings.md has no row for {name}"
    assert row[2] == field.description
    if isinstance(field.default, bool | int) or (isinstance(field.default, str) and field.default):
        assert row[1] == f"`{str(field.default).lower()}`"


def test_there_are_no_more_than_25_settings_and_none_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", page("settings.md"), re.MULTILINE))

    assert documented == set(Settings.model_fields)
    assert len(documented) <= 25


@pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.code)
def test_an_error_is_documented_with_its_status(kind: type) -> None:
    assert f"| {STATUS[kind]} | `{kind.code}` |" in page("errors.md")  # type: ignore[attr-defined]


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_of_a_task_is_documented(failure: Failure) -> None:
    assert f"| `{failure}` |" in page("errors.md")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_is_documented(engine: str) -> None:
    assert f"| `{engine}` |" in page("engines.md")


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_a_document_is_one_page(document: Path) -> None:
    assert len(document.read_text(encoding="utf-8").splitlines()) <= 120
