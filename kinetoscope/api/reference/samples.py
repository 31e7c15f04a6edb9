"""Examples, made by the code that makes the real answers: they cannot show what nobody gets."""

from __future__ import annotations

from typing import Any

import msgspec

from kinetoscope.api.reference.costs import cost_sample
from kinetoscope.api.show import show_task, to_json
from kinetoscope.domain.money import Money
from kinetoscope.domain.order import (
    ASPECT_RATIOS,
    LIMITS,
    PIXELS,
    PROMPT_CHARACTERS,
    Input,
    Operation,
    Tier,
)
from kinetoscope.domain.pricing import Rates, Usage, price
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.service import Gateway
from kinetoscope.service.terms import write_billing, write_output, write_quote

Json = dict[str, Any]

TASK = "task_019f2c8e5a417d3bb6e04c9f18a2d573"
_PROMPT = "A fox crosses a frozen lake at dawn."
_SECONDS = 6
_CREATED = 1_790_000_000
_DAY = 24 * 3600
_BALANCE = Money.parse("10")
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Samples:
    """The examples of one gateway, at its own names and prices."""

    def __init__(self, gateway: Gateway) -> None:
        self.model = gateway.default_model
        self.rates = gateway.models[self.model].rates
        self.engine = gateway.models[self.model].engines[0]
        self.quote = price(Usage(Tier.P720, _SECONDS), self.rates)
        self.queued = Task(
            id=TASK,
            account_id="acct_example",
            key_id="key_example",
            model=self.model,
            operation=Operation.TEXT,
            status=Status.QUEUED,
            progress=0,
            size=Tier.P720.value,
            seconds=str(_SECONDS),
            prompt=_PROMPT,
            created_at=_CREATED,
            engine=self.engine.name,
            held=self.quote.total,
            quote=write_quote(self.quote),
        )

    def answers(self) -> dict[str, tuple[str, Json]]:
        """Give the examples of answers by name, each with its summary."""
        return {
            "queued": ("Accepted", _shown(self.queued)),
            "in_progress": ("At work", _shown(self.working)),
            "completed": ("Completed", self._shown_completed()),
            "failed": ("Failed", _shown(self.failed)),
            "list": ("A page", _page([self._shown_completed()])),
            "deleted": (
                "Deleted",
                {"id": TASK, "object": "video.deleted", "deleted": True},
            ),
            "quote": ("A quote", self._quote()),
            "balance": ("A balance", self._balance()),
            "usage": ("One day", self._usage()),
            "operator_usage": (
                "With the key of an operator",
                cost_sample(TASK, self.quote.total, _CREATED + 41),
            ),
            "ledger": ("A page", _page([self._entry()])),
            "models": ("The models", {"object": "list", "data": [self.model_shown]}),
            "pricing": ("The prices", self._pricing()),
            "lives": ("It lives", {"status": "ok"}),
            "ready": ("Ready", {"status": "ok", "checks": self._checks("ok")}),
            "unready": (
                "Not ready",
                {"status": "unavailable", "checks": self._checks("does not answer")},
            ),
        }

    def request(self) -> Json:
        """Give a request that works as it stands."""
        return {
            "model": self.model,
            "prompt": _PROMPT,
            "size": Tier.P720.value,
            "seconds": str(_SECONDS),
        }

    @property
    def working(self) -> Task:
        """A task that an engine is at work on."""
        return self.queued._replace(status=Status.IN_PROGRESS, progress=40, attempt=1)

    @property
    def completed(self) -> Task:
        """The same task, completed."""
        width, height = PIXELS[Tier.P720, "16:9"]
        result = Input("", "video/mp4", 734_003, width, height, float(_SECONDS))
        billing = write_billing(self.quote.lines, held=self.quote.total, charged=self.quote.total)
        return self.queued._replace(
            status=Status.COMPLETED,
            progress=100,
            ended_at=_CREATED + 41,
            charged=self.quote.total,
            billing=billing,
            output=write_output(result, _SHA256),
        )

    def _shown_completed(self) -> Json:
        url = f"https://video.example.com/v1/videos/{TASK}/content?expires=1790089200&signature=…"
        return _shown(self.completed, url)

    @property
    def failed(self) -> Task:
        """The same task, failed."""
        billing = write_billing((), held=self.quote.total, charged=Money())
        return self.queued._replace(
            status=Status.FAILED,
            progress=100,
            ended_at=_CREATED + 41,
            charged=Money(),
            billing=billing,
            error_code=Failure.MODERATED.value,
            error_message="moderation blocked this video",
        )

    def _quote(self) -> Json:
        return {
            "object": "video.quote",
            "model": self.model,
            "operation": Operation.TEXT.value,
            "parameters": {
                "prompt": _PROMPT,
                "duration": _SECONDS,
                "seconds": str(_SECONDS),
                "size": Tier.P720.value,
                "aspect_ratio": "16:9",
                "images": 0,
                "input_video_seconds": None,
            },
            "quote": _read(write_quote(self.quote)),
            "total": str(self.quote.total),
            "currency": "USD",
            "ignored": [],
        }

    def _balance(self) -> Json:
        return {
            "object": "balance",
            "account": "alice",
            "currency": "USD",
            "balance": str(_BALANCE),
            "held": str(self.quote.total),
            "available": str(_BALANCE - self.quote.total),
        }

    def _usage(self) -> Json:
        row = {
            "day": "2026-09-21",
            "key": "key_example",
            "operation": Operation.TEXT.value,
            "videos": 1,
            "charged": str(self.quote.total),
            "refunded": str(Money()),
        }
        days = {"from": "2026-09-21", "to": "2026-09-21"}
        total = str(self.quote.total)
        return {"object": "usage", "currency": "USD", **days, "data": [row], "total": total}

    def _entry(self) -> Json:
        return {
            "id": "2",
            "object": "ledger.entry",
            "kind": "settlement",
            "amount": str(-self.quote.total),
            "reference": f"settle:{TASK}",
            "task_id": TASK,
            "created_at": _CREATED + 41,
            "note": "",
        }

    @property
    def model_shown(self) -> Json:
        """The model as its routes show it."""
        limits = LIMITS[Operation.TEXT]
        assert limits.duration is not None
        least, most = limits.duration
        shown = {
            "images": {"min": limits.images[0], "max": limits.images[1]},
            "video": limits.video,
            "duration": {"min": least, "max": most},
        }
        return {
            "id": self.model,
            "object": "model",
            "created": 0,
            "owned_by": "kinetoscope",
            "operations": {Operation.TEXT.value: shown},
            "sizes": [tier.value for tier in Tier],
            "aspect_ratios": list(ASPECT_RATIOS),
            "prompt_characters": PROMPT_CHARACTERS,
            "pricing": show_rates(self.rates),
        }

    def _pricing(self) -> Json:
        models = {self.model: show_rates(self.rates)}
        return {"object": "pricing", "currency": "USD", "models": models}

    def _checks(self, engine: str) -> Json:
        return {"database": "ok", "storage": "ok", f"engine {self.engine.name}": engine}


def show_rates(rates: Rates) -> Json:
    """Show a price list as the price routes do."""
    return {
        "output_second": {tier.value: str(rates.output_second[tier]) for tier in Tier},
        "input_image": str(rates.input_image),
        "input_second": str(rates.input_second),
    }


def _shown(task: Task, url: str | None = None) -> Json:
    return _read(to_json(show_task(task, url)))


def _page(found: list[Json]) -> Json:
    ids = {"first_id": found[0]["id"], "last_id": found[-1]["id"]}
    return {"object": "list", "data": found, "has_more": False, **ids}


def _read(text: str | bytes) -> Json:
    read: Json = msgspec.json.decode(text)
    return read
