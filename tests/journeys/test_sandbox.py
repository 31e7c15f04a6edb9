"""An integrator tries everything with a test key, and nobody pays a micro-dollar for it."""

# mypy: disable-error-code="deprecated"

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.cli.conftest import Programs, end
from tests.patience import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

OUTCOMES = {
    "a fox": None,
    "a fox [fail]": "task_failed",
    "a fox [moderated]": "moderation_blocked",
    "a fox [timeout]": "timed_out",
    "a fox [lost]": "engine_lost",
    "a fox [unavailable]": "engine_unavailable",
}


class Shop:
    """A service whose films xAI would make, and an integrator with a test key."""

    def __init__(self, folder: Path) -> None:
        self.programs = Programs(folder)
        assert self.programs.here("init", "--json").status == 0
        (self.programs.home / "kinetoscope.toml").write_text(
            '[models.grok-imagine]\nengines = ["xai"]\n'
        )
        made = self.programs.here("key", "create", "default", "--test", "--json").json
        self.key, self.account = made["key"], made["account"]
        self.process, self.url = self.programs.serve(XAI_API_KEY="")

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(api_key=self.key, base_url=f"{self.url}/v1", timeout=PATIENCE)

    def begin_again(self) -> None:
        """Kill the service, and start it anew."""
        self.process.send_signal(signal.SIGKILL)
        end(self.process)
        self.process, self.url = self.programs.serve(XAI_API_KEY="")

    def books(self) -> tuple[list[Any], str]:
        """Tell the money of all accounts, and what the audit says."""
        listed = self.programs.here("account", "list", "--test", "--json").json
        money = [(each["name"], each["balance"], each["held"]) for each in listed]
        return money, self.programs.here("audit").out


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.delenv("KINETOSCOPE_HOME", raising=False)
    shop = Shop(tmp_path)
    yield shop
    shop.programs.stop()


def test_an_integrator_forces_every_outcome_and_not_one_micro_moves(shop: Shop) -> None:
    before, _ = shop.books()

    with shop.client() as client:
        ended: dict[str, Any] = {
            prompt: client.videos.create_and_poll(
                model="grok-imagine",
                prompt=prompt,
                seconds="4",
                size="1280x720",
                poll_interval_ms=50,
            )
            for prompt in OUTCOMES
        }
        film = client.videos.download_content(ended["a fox"].id).read()
        with pytest.raises(openai.APIStatusError) as broke:
            client.videos.create(prompt="a fox [broke]", seconds="4")
        with pytest.raises(openai.BadRequestError):
            client.videos.create(prompt="a fox", extra_body={"duration": 99})

    failures = {prompt: made.error and made.error.code for prompt, made in ended.items()}
    assert failures == OUTCOMES
    assert film[4:8] == b"ftyp"
    assert {made.metadata["quote"]["total"] for made in ended.values()} == {"0.28"}
    assert {made.metadata["billing"]["charged"] for made in ended.values()} == {"0.00"}
    assert all(made.metadata["test"] for made in ended.values())
    assert broke.value.status_code == 402
    assert broke.value.response.headers["x-should-retry"] == "false"
    after, audited = shop.books()
    assert after == before == [("default", "10.00", "0.00"), ("default (test)", "0.00", "0.00")]
    assert "the books add up" in audited


def test_what_a_killed_service_drew_is_drawn_by_the_next(shop: Shop) -> None:
    with shop.client() as client:
        slow: Any = client.videos.create(prompt="a fox [slow]", seconds="4")
        quick: Any = client.videos.create(prompt="a fox", seconds="15")  # type: ignore[arg-type]
        doomed: Any = client.videos.create(prompt="a fox [fail]", seconds="4")

    shop.begin_again()
    with shop.client() as client:
        client.videos.poll(slow.id, poll_interval_ms=50)
        statuses = [
            client.videos.poll(each.id, poll_interval_ms=50).status
            for each in (slow, quick, doomed)
        ]

    assert statuses == ["completed", "completed", "failed"]
    money, audited = shop.books()
    assert money == [("default", "10.00", "0.00"), ("default (test)", "0.00", "0.00")]
    assert "the books add up" in audited
    shown = shop.programs.here("task", "show", slow.id, "--json").out
    assert json.loads(shown)["engine"] == "sandbox"
