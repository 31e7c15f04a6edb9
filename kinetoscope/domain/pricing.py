"""One function prices the promise and the delivery; there is no second formula to disagree with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.order import LIMITS, Input, Operation, Order, Tier, whole_seconds


@dataclass(frozen=True, slots=True)
class Rates:
    """A model's price list: what one second out, one image in and one second in cost."""

    output_second: Mapping[Tier, Money]
    input_image: Money
    input_second: Money


@dataclass(frozen=True, slots=True)
class Usage:
    """The facts that cost money; seconds are whole, counted up."""

    tier: Tier
    output_seconds: int
    images: int = 0
    input_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """*quantity* of *item* at *unit_price* each."""

    item: str
    quantity: int
    unit_price: Money

    @property
    def amount(self) -> Money:
        """What this line comes to, exactly."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Quote:
    """The priced lines of a usage."""

    lines: tuple[Line, ...]

    @property
    def total(self) -> Money:
        """The sum of the lines, exactly."""
        return sum((line.amount for line in self.lines), start=ZERO)


FREE = Rates(dict.fromkeys(Tier, ZERO), ZERO, ZERO)


def price(usage: Usage, rates: Rates) -> Quote:
    """Price *usage*, line by line; lines that cost nothing to list are left out."""
    tier = usage.tier
    lines = (
        Line(f"output_second_{tier}", usage.output_seconds, rates.output_second[tier]),
        Line("input_image", usage.images, rates.input_image),
        Line("input_second", usage.input_seconds, rates.input_second),
    )
    return Quote(tuple(line for line in lines if line.quantity))


def at_most(order: Order, video: Input | None) -> Usage:
    """Tell what *order* may use at most; *video* is its source once it was measured.

    With a source of unknown length the limit of the operation counts: an estimate of the
    caller's cannot make the price lower than the truth.
    """
    operation = order.operation
    if not LIMITS[operation].video:
        tier = order.tier or Tier.P480
        return Usage(tier, order.duration or 0, images=len(order.images))
    shown = Tier.of(video.width, video.height) if video else Tier.P720
    known = video.seconds if video else None
    limit = LIMITS[operation].most_source_seconds
    seconds = limit if known is None else min(limit, whole_seconds(known))
    if operation is Operation.EXTEND:
        return Usage(shown, order.duration or 0, input_seconds=seconds)
    asked = order.tier or Tier.P480
    tier = max(asked, shown, key=lambda each: each.short_side)
    return Usage(tier, seconds, input_seconds=seconds)


def exactly(order: Order, promised: Usage, result: Input) -> Usage:
    """Tell what was used, from the measures of the *result*; never more than was *promised*.

    An extension is billed by what was appended; edit and extend by the picture that was made.
    """
    if not LIMITS[order.operation].video:
        made = whole_seconds(result.seconds or 0)
        return Usage(promised.tier, min(made, promised.output_seconds), images=promised.images)
    shown = Tier.of(result.width, result.height)
    tier = min(shown, promised.tier, key=lambda each: each.short_side)
    made = whole_seconds(result.seconds or 0)
    if order.operation is Operation.EXTEND:
        made -= promised.input_seconds
    output = max(0, min(made, promised.output_seconds))
    return Usage(tier, output, input_seconds=promised.input_seconds)
