"""The terms of a task: what was agreed when it was accepted, frozen into its row as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Input, Operation, Order, Source, Tier
from kinetoscope.domain.pricing import Line, Quote, Rates, Usage


@dataclass(frozen=True, slots=True)
class Terms:
    """An order, its checked inputs, and what it may cost at most at which rates."""

    order: Order
    images: tuple[Input, ...]
    video: Input | None
    usage: Usage
    rates: Rates


class _Kept(msgspec.Struct, omit_defaults=True):
    """How terms are kept; a column of this shape must stay readable for ever."""

    model: str
    operation: Operation
    prompt: str
    usage: Usage
    output_second: dict[str, int]
    input_image: int
    input_second: int
    duration: int | None = None
    tier: Tier | None = None
    ratio: str | None = None
    images: tuple[Input, ...] = ()
    video: Input | None = None
    seed: int | None = None
    sound: bool | None = None
    webhook_url: str | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Kept)


def write_terms(terms: Terms) -> str:
    """Write *terms* as JSON."""
    order, rates = terms.order, terms.rates
    kept = _Kept(
        model=order.model,
        operation=order.operation,
        prompt=order.prompt,
        usage=terms.usage,
        output_second={tier: money.micros for tier, money in rates.output_second.items()},
        input_image=rates.input_image.micros,
        input_second=rates.input_second.micros,
        duration=order.duration,
        tier=order.tier,
        ratio=order.ratio,
        images=terms.images,
        video=terms.video,
        seed=order.seed,
        sound=order.sound,
        webhook_url=order.webhook_url,
    )
    return _encoder.encode(kept).decode()


def read_terms(text: str) -> Terms:
    """Read what ``write_terms`` wrote."""
    kept = _decoder.decode(text)
    rates = Rates(
        output_second={Tier(tier): Money(micros) for tier, micros in kept.output_second.items()},
        input_image=Money(kept.input_image),
        input_second=Money(kept.input_second),
    )
    order = Order(
        model=kept.model,
        operation=kept.operation,
        prompt=kept.prompt,
        duration=kept.duration,
        tier=kept.tier,
        ratio=kept.ratio,
        images=tuple(Source(url=each.url) for each in kept.images),
        video=Source(url=kept.video.url) if kept.video else None,
        seed=kept.seed,
        sound=kept.sound,
        webhook_url=kept.webhook_url,
    )
    return Terms(order, kept.images, kept.video, kept.usage, rates)


def private_bytes(images: Iterable[Input], video: Input | None) -> int:
    """Tell how many bytes of some inputs stand at no public address."""
    inputs = [*images, *([video] if video else [])]
    return sum(each.size for each in inputs if each.url is None)


class _ShownLine(msgspec.Struct):
    item: str
    quantity: int
    unit_price: str
    amount: str


class _ShownQuote(msgspec.Struct):
    currency: str
    lines: list[_ShownLine]
    total: str


class _ShownBilling(msgspec.Struct, omit_defaults=True):
    currency: str
    lines: list[_ShownLine]
    held: str
    charged: str
    released: str
    note: str | None = None


class _ShownOutput(msgspec.Struct):
    width: int
    height: int
    seconds: float
    bytes: int
    sha256: str


def write_quote(quote: Quote) -> str:
    """Write a quote as customers read it."""
    shown = _ShownQuote("USD", _lines(quote.lines), str(quote.total))
    return _encoder.encode(shown).decode()


def write_billing(
    lines: Iterable[Line], *, held: Money, charged: Money, note: str | None = None
) -> str:
    """Write the bill of an ended task as customers read it; *note* explains an unusual one."""
    released = held - charged
    shown = _ShownBilling("USD", _lines(lines), str(held), str(charged), str(released), note)
    return _encoder.encode(shown).decode()


def write_output(result: Input, sha256: str) -> str:
    """Write the measures of a result as customers read them."""
    seconds = round(result.seconds or 0, 3)
    return _encoder.encode(
        _ShownOutput(result.width, result.height, seconds, result.size, sha256)
    ).decode()


def read_output(text: str) -> tuple[int, int, float, int, str]:
    """Read width, height, seconds, bytes and SHA-256 of a result."""
    output = msgspec.json.decode(text, type=_ShownOutput)
    return output.width, output.height, output.seconds, output.bytes, output.sha256


def _lines(lines: Iterable[Line]) -> list[_ShownLine]:
    return [
        _ShownLine(line.item, line.quantity, str(line.unit_price), str(line.amount))
        for line in lines
    ]
