"""What ``GET /v1/usage`` answers the key of an operator: its shapes, and an example."""

from __future__ import annotations

from typing import Any

from kinetoscope.api.costs import MOST_DIFFERENCES, show_costs
from kinetoscope.api.show import show_day
from kinetoscope.db.costs import CostRow, Costs, Difference, Sums
from kinetoscope.domain.cost import ticks_of
from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import Status

Json = dict[str, Any]

_DAY: Json = {"type": "string", "format": "date"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TEXT: Json = {"type": "string"}
_SECONDS = 24 * 3600


def cost_schemas() -> Json:
    """Describe the operator's view of usage and what it is made of."""
    sums = {
        "videos": {**_COUNT, "description": "Completed."},
        "billed": {**_COUNT, "description": "Tasks that were charged for."},
        "charged": _ref("Amount"),
        "refunded": _ref("Amount"),
        "cost": _ref("FineAmount"),
        "margin": _ref("FineAmount"),
        "unreported": {
            **_COUNT,
            "description": "Videos that an engine asked an upstream for, which did not say what"
            " they cost; the margin counts them as free.",
        },
        "differing": {**_COUNT, "description": "Tasks that cost other than the card says."},
    }
    operation = {"type": "string", "enum": [each.value for each in Operation]}
    usage = {
        "object": {"const": "usage"},
        "currency": {"const": "USD"},
        "from": _DAY,
        "to": _DAY,
        "data": {"type": "array", "items": _ref("CostRow")},
        "totals": _ref("CostSums"),
        "differences": _ref("CostDifferences"),
    }
    row = {"day": _DAY, "operation": operation, "engine": _TEXT, **sums}
    page = {
        "object": {"const": "list"},
        "data": {
            "type": "array",
            "items": _ref("CostDifference"),
            "maxItems": MOST_DIFFERENCES,
        },
        "has_more": {"type": "boolean"},
    }
    fine = {
        "type": "string",
        "pattern": "^-?[0-9]+\\.[0-9]{2,10}$",
        "description": "An exact decimal of US dollars, as fine as engines charge.",
    }
    left = "`margin` is what was charged, less what was refunded, less the cost."
    return {
        "FineAmount": fine,
        "OperatorUsage": _object(usage, "What engines charged, and what is left, of all accounts."),
        "CostRow": _object(row, f"One engine's work of one day (UTC). {left}"),
        "CostSums": _object(sums, f"All rows together. {left}"),
        "CostDifferences": _object(page, "The newest tasks that cost other than the card says."),
        "CostDifference": _difference(operation),
    }


def cost_sample(task_id: str, charged: Money, ended_at: int) -> Json:
    """Show a day on which one video cost a little more than the card says."""
    card = ticks_of(charged)
    sums = Sums(videos=1, billed=1, charged=charged, cost=card + 1, differing=1)
    began = ended_at - ended_at % _SECONDS
    difference = Difference(
        task_id=task_id,
        account="alice",
        ended_at=ended_at,
        operation=Operation.TEXT.value,
        engine="xai:main",
        status=Status.COMPLETED.value,
        charged=charged,
        cost=card + 1,
        card=card,
    )
    row = CostRow(show_day(began), Operation.TEXT.value, "xai:main", sums)
    return show_costs(Costs(began, began + _SECONDS, (row,), (difference,)))


def _difference(operation: Json) -> Json:
    fields = {
        "id": _TEXT,
        "account": _TEXT,
        "ended_at": {"type": "integer", "description": "Unix time, in seconds."},
        "operation": operation,
        "engine": _TEXT,
        "status": {"type": "string", "enum": [Status.COMPLETED.value, Status.FAILED.value]},
        "charged": _ref("Amount"),
        "cost": _ref("FineAmount"),
        "card": {
            **_ref("FineAmount"),
            "description": "What the engine's price list says for what was delivered: nothing for a"
            " task that failed and was not charged.",
        },
        "difference": _ref("FineAmount"),
    }
    return _object(fields, "A task that cost other than the card says: `cost` less `card`.")


def _object(properties: Json, description: str) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
