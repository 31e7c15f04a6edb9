"""What the key of an operator may know beside its account: what engines charged, and what is left.

The same document answers ``GET /v1/usage`` and ``kinetoscope audit --upstream --json``.
"""

from __future__ import annotations

from typing import Any

from kinetoscope.api.show import show_day, to_csv
from kinetoscope.db.costs import CostRow, Costs, Difference, Sums
from kinetoscope.domain.cost import show_ticks

Json = dict[str, Any]

MOST_DIFFERENCES = 100  # in one answer


def show_costs(found: Costs) -> Json:
    """Show what engines charged: by day, operation and engine, in all, and what differs."""
    total = found.total
    return {
        "object": "usage",
        "currency": "USD",
        "from": show_day(found.since),
        "to": show_day(found.until - 1),
        "data": [_show_row(row) for row in found.rows],
        "totals": _show_sums(total),
        "differences": {
            "object": "list",
            "data": [_show_difference(each) for each in found.differences],
            "has_more": len(found.differences) < total.differing,
        },
    }


def costs_csv(found: Costs) -> str:
    """Write the rows alone as CSV."""
    names = ("day", "operation", "engine", *_show_sums(Sums()))
    return to_csv(names, (_show_row(row) for row in found.rows))


def _show_row(row: CostRow) -> Json:
    return {
        "day": row.day,
        "operation": row.operation,
        "engine": row.engine,
        **_show_sums(row.sums),
    }


def _show_sums(sums: Sums) -> Json:
    return {
        "videos": sums.videos,
        "billed": sums.billed,
        "charged": str(sums.charged),
        "refunded": str(sums.refunded),
        "cost": show_ticks(sums.cost),
        "margin": show_ticks(sums.margin),
        "unreported": sums.unreported,
        "differing": sums.differing,
    }


def _show_difference(each: Difference) -> Json:
    return {
        "id": each.task_id,
        "account": each.account,
        "ended_at": each.ended_at,
        "operation": each.operation,
        "engine": each.engine,
        "status": each.status,
        "charged": str(each.charged),
        "cost": show_ticks(each.cost),
        "card": show_ticks(each.card),
        "difference": show_ticks(each.amount),
    }
