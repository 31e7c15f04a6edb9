"""What the operator chose: where it comes from, and everything that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetoscope.settings import FILE, Settings, SettingsError, load, unknown_variables


def write(home: Path, text: str) -> Path:
    """Write the settings file of a home."""
    (home / FILE).write_text(text, encoding="utf-8")
    return home


def faults(home: Path) -> list[str]:
    """Tell what is wrong with the settings of a home."""
    with pytest.raises(SettingsError) as caught:
        load(home)
    return caught.value.faults


def test_a_home_without_a_file_has_settings_that_work(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings == Settings()
    assert list(settings.models) == ["grok-imagine"]


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "port = 1000\nhost = '0.0.0.0'\n")
    monkeypatch.setenv("KINETOSCOPE_PORT", "2000")

    settings = load(tmp_path)

    assert (settings.port, settings.host) == (2000, "0.0.0.0")  # noqa: S104 - only read


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        "port = 'many'\nprot = 1\ndrain_seconds = 0\nsigning_key = 'x'\n[models.m]\nengine = 'x'\n",
    )

    said = "\n".join(faults(tmp_path))

    for name in ("port:", "prot:", "drain_seconds:", "signing_key:", "models.m.engines:"):
        assert name in said


def test_a_secret_is_read_from_a_file_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("hush\n", encoding="utf-8")
    monkeypatch.setenv("KINETOSCOPE_SIGNING_KEY_FILE", str(tmp_path / "secret"))

    settings = load(tmp_path)

    assert settings.signing_key.get_secret_value() == "hush"
    assert "hush" not in repr(settings)
    monkeypatch.setenv("KINETOSCOPE_SIGNING_KEY_FILE", str(tmp_path / "nowhere"))
    assert "KINETOSCOPE_SIGNING_KEY_FILE" in faults(tmp_path)[0]


@pytest.mark.parametrize(
    "rates",
    [
        "output_second = { 480p = '0.05' }",
        "output_second = { 480p = '0.08', 720p = '0.07' }",
        "output_second = { 480p = '0.0000001', 720p = '0.07' }",
        "input_image = '-1'",
        "input_image = 'free'",
        "input_images = '1'",
    ],
)
def test_a_price_list_that_cannot_be_kept_to_is_refused(tmp_path: Path, rates: str) -> None:
    """C32, C36: exact decimals for every size, and never a hold below the bill."""
    write(tmp_path, f"[models.m.rates]\n{rates}\n")

    assert faults(tmp_path)


def test_prices_may_be_written_as_numbers(tmp_path: Path) -> None:
    write(tmp_path, "[models.m.rates]\ninput_image = 0.002\ninput_second = 1\n")

    rates = load(tmp_path).models["m"].rates

    assert (rates.input_image, rates.input_second) == ("0.002", "1")


def test_a_name_stands_for_one_model(tmp_path: Path) -> None:
    write(tmp_path, "[models.a]\naliases = ['b']\n[models.b]\n")

    assert "b" in faults(tmp_path)[0]


def test_a_variable_that_means_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINETOSCOPE_PROT", "1")
    monkeypatch.setenv("KINETOSCOPE_PORT", "1")

    assert unknown_variables() == ["KINETOSCOPE_PROT"]


def test_a_port_for_xais_sdk_is_a_word_of_the_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().grpc.port == 0
    write(tmp_path, "[grpc]\nport = 8788\ncertificate = 'a.pem'\n")
    monkeypatch.setenv("KINETOSCOPE_GRPC__PORT", "9000")

    assert (load(tmp_path).grpc.port, load(tmp_path).grpc.certificate) == (9000, "a.pem")
    assert unknown_variables() == []
