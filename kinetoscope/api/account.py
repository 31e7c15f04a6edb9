"""What the owner of a key may know of the account: balance, usage, ledger, models and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kinetoscope.api.costs import MOST_DIFFERENCES, costs_csv, show_costs
from kinetoscope.api.door import answer, caller, glance_as, whole_number
from kinetoscope.api.pages import answer_page, read_limit
from kinetoscope.api.show import show_day, to_csv
from kinetoscope.db import Conn, accounts, costs, ledger, reports
from kinetoscope.db.costs import Costs
from kinetoscope.db.reports import UsageRow
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.money import ZERO
from kinetoscope.domain.order import (
    ASPECT_RATIOS,
    LIMITS,
    PROMPT_CHARACTERS,
    Limits,
    Operation,
    Tier,
)
from kinetoscope.domain.pricing import Rates
from kinetoscope.service import Gateway, Model, may_ask

MOST_ENTRIES = 100
DAY = 24 * 3600
_USAGE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Accounts:
    """The handlers."""

    gateway: Gateway

    async def balance(self, request: Request) -> Response:
        """Answer what there is, what is held, and what is available."""
        account = await glance_as(
            self.gateway, request, lambda conn, key: accounts.get(conn, key.account_id)
        )
        return answer(
            {
                "object": "balance",
                "account": account.name,
                "currency": "USD",
                "balance": str(account.balance),
                "held": str(account.held),
                "available": str(account.available),
            }
        )

    async def usage(self, request: Request) -> Response:
        """Answer what was charged, as JSON or CSV: by day, key and operation.

        The key of an operator is answered for all accounts, with what engines charged.
        """
        key = await caller(self.gateway, request)
        query = request.query_params
        today = int(self.gateway.now()) // DAY * DAY
        since = _day(query, "from", today - (_USAGE_DAYS - 1) * DAY)
        until = _day(query, "to", today) + DAY

        def look(conn: Conn) -> list[UsageRow] | Costs:
            if key.is_operator:
                return costs.add_up(conn, since, until, most=MOST_DIFFERENCES)
            return reports.usage(conn, key.account_id, since, until)

        found = await self.gateway.db.read(look)
        form = query.get("format", "json")
        as_csv = form == "csv" or "text/csv" in request.headers.get("accept", "")
        if not as_csv and form != "json":
            raise InvalidOrder("format must be json or csv", "format")
        if isinstance(found, Costs):
            return _table(costs_csv(found)) if as_csv else answer(show_costs(found))
        if as_csv:
            return _table(_csv(found))
        total = sum((row.charged - row.refunded for row in found), start=ZERO)
        return answer(
            {
                "object": "usage",
                "currency": "USD",
                "from": show_day(since),
                "to": show_day(until - DAY),
                "data": [_show_usage(row) for row in found],
                "total": str(total),
            }
        )

    async def ledger(self, request: Request) -> Response:
        """Answer the journal, newest first."""
        key = await caller(self.gateway, request)
        query = request.query_params
        limit = read_limit(query, MOST_ENTRIES)
        after = whole_number(query, "after", 0) or None
        found = await self.gateway.db.read(
            lambda conn: ledger.statement(conn, key.account_id, after=after, limit=limit + 1)
        )
        return answer_page([_show_entry(entry) for entry in found], limit)

    async def models(self, request: Request) -> Response:
        """Answer what the caller may ask for, with operations, limits and prices."""
        key = await caller(self.gateway, request)
        allowed = [
            show_model(name, model)
            for name, model in named_models(self.gateway).items()
            if may_ask(key, name, model)
        ]
        return answer({"object": "list", "data": allowed})

    async def model(self, request: Request) -> Response:
        """Answer one model, by any of its names."""
        key = await caller(self.gateway, request)
        name = request.path_params["id"]
        return answer(show_model(name, self.gateway.allowed_model(key, name)))

    async def pricing(self, request: Request) -> Response:
        """Answer the price list; it is public."""
        del request
        models = {name: show_rates(model.rates) for name, model in self.gateway.models.items()}
        return answer({"object": "pricing", "currency": "USD", "models": models})


def named_models(gateway: Gateway) -> Mapping[str, Model]:
    """Tell all models by all the names that were chosen for them."""
    aliases = {alias: gateway.models[name] for alias, name in gateway.aliases.items()}
    return {**gateway.models, **aliases}


def show_model(name: str, model: Model) -> Mapping[str, Any]:
    """Show what a model takes and costs, under the *name* it is asked for by."""
    operations = {
        operation.value: _show_limits(LIMITS[operation])
        for operation in Operation
        if operation in model.makes
    }
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "kinetoscope",
        "operations": operations,
        "sizes": [tier.value for tier in Tier],
        "aspect_ratios": list(ASPECT_RATIOS),
        "prompt_characters": PROMPT_CHARACTERS,
        "pricing": show_rates(model.rates),
    }


def _show_limits(limits: Limits) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"images": {"min": limits.images[0], "max": limits.images[1]}}
    shown["video"] = limits.video
    shown["duration"] = limits.duration and {"min": limits.duration[0], "max": limits.duration[1]}
    if limits.source_seconds is not None:
        least, most = limits.source_seconds
        shown["source_seconds"] = {"min": least, "max": most}
    return shown


def show_rates(rates: Rates) -> Mapping[str, Any]:
    """Show a price list, in exact decimals of US dollars."""
    return {
        "output_second": {tier: str(money) for tier, money in rates.output_second.items()},
        "input_image": str(rates.input_image),
        "input_second": str(rates.input_second),
    }


def _show_usage(row: UsageRow) -> Mapping[str, Any]:
    return {
        "day": row.day,
        "key": row.key_id,
        "operation": row.operation,
        "videos": row.videos,
        "charged": str(row.charged),
        "refunded": str(row.refunded),
    }


def _csv(rows: list[UsageRow]) -> str:
    names = ("day", "key", "operation", "videos", "charged", "refunded")
    return to_csv(names, map(_show_usage, rows))


def _table(text: str) -> Response:
    return Response(text, media_type="text/csv")


def _show_entry(entry: ledger.Entry) -> dict[str, Any]:
    return {
        "id": str(entry.number),
        "object": "ledger.entry",
        "kind": entry.kind,
        "amount": str(entry.amount),
        "reference": entry.reference,
        "task_id": entry.task_id,
        "created_at": entry.created_at,
        "note": entry.note,
    }


def _day(query: Mapping[str, str], name: str, default: int) -> int:
    """Read a day such as 2026-01-31, as the Unix time of its beginning in UTC."""
    text = query.get(name)
    if text is None:
        return default
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise InvalidOrder(f"{name} must be a day such as 2026-01-31", name) from error
