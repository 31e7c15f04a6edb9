"""``init`` and ``check``."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from kinetoscope.settings import FILE, Settings, XaiSetting, load
from tests.cli.conftest import Said

Command = Callable[..., Said]


def test_init_makes_a_home_with_an_account_play_money_and_a_key(
    command: Command, home: Path
) -> None:
    said = command("init", "--json")

    assert said.status == 0
    assert said.json["account"] == "default"
    assert said.json["available"] == "10.00"
    assert said.json["key"].startswith("sk-")
    assert (home / FILE).exists()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_what_init_suggests_is_called_as_init_was(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a checkout that is not the word kinetoscope alone: nothing has put that on the PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [".venv/bin/kinetoscope", "init"])

    said = command("init")

    assert "\n  .venv/bin/kinetoscope generate " in said.err
    assert "\n  .venv/bin/kinetoscope serve\n" in said.err


def test_init_again_changes_nothing_and_says_what_is_there(command: Command, home: Path) -> None:
    secret = command("init", "--json").json["key"]
    (home / FILE).write_text("port = 9000\n")

    said = command("init")

    assert said.status == 0
    assert "was there" in said.out
    assert "1 in use" in said.out
    assert secret not in said.out
    assert (home / FILE).read_text() == "port = 9000\n"
    assert [each["balance"] for each in command("account", "list", "--json").json] == ["10.00"]


def test_the_key_is_printed_once_and_kept_nowhere(command: Command, home: Path) -> None:
    said = command("init")

    secret = re.findall(r"^key +(sk-\S+)", said.out, re.MULTILINE)[0]
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert secret.encode() not in kept


def test_every_setting_stands_in_the_file_with_its_default(command: Command, home: Path) -> None:
    command("init")
    text = (home / FILE).read_text()

    (home / FILE).write_text(re.sub(r"^# (?=\w+ = |\[)", "", text, flags=re.MULTILINE))

    assert load(home) == Settings()
    for name in set(Settings.model_fields) - {"signing_key", "models", "xai"}:
        assert f"\n# {name} = " in text
    for name in set(XaiSetting.model_fields) - {"api_key"}:
        assert f"\n# {name} = " in text.partition("[xai.main]")[2]
    assert "api_key =" not in text


def test_check_shows_the_settings_in_force_and_no_secret(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINETOSCOPE_SIGNING_KEY", "a very secret secret")
    monkeypatch.setenv("KINETOSCOPE_PORT", "9001")
    command("init")

    said = command("check")
    shown = command("check", "--json").json

    assert said.status == 0
    assert "secret secret" not in said.out
    assert shown["settings"]["port"] == 9001
    assert shown["settings"]["signing_key"] == "**********"
    assert shown["initialised"] is True
    assert shown["faults"] == []


def test_check_tells_everything_that_is_wrong_at_once(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / FILE).write_text('port = 99999\ncolour = "red"\n')
    monkeypatch.setenv("KINETOSCOPE_PRT", "1")

    said = command("check", "--json")

    assert said.status == 1
    assert [fault.partition(":")[0] for fault in said.json["faults"]] == [
        "port",
        "colour",
        "KINETOSCOPE_PRT",
    ]
    assert command("check").err.count("\n") == 4


def test_check_makes_nothing_where_there_is_nothing(command: Command, home: Path) -> None:
    said = command("check")

    assert said.status == 0
    assert "kinetoscope init" in said.out
    assert not home.exists()


def test_check_finds_a_folder_for_videos_that_cannot_be(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("init")
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("KINETOSCOPE_ASSETS", (tmp_path / "taken").as_uri())

    said = command("check", "--json")

    assert said.status == 1
    assert said.json["faults"]
