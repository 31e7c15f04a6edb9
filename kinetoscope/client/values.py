"""What the service answers, as small frozen values; ``raw`` is the whole answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

Raw = Mapping[str, Any]

ENDED = frozenset(("completed", "failed"))


@dataclass(frozen=True, slots=True)
class Output:
    """The file of a completed video."""

    width: int
    height: int
    seconds: float
    bytes: int
    sha256: str

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Read ``metadata.output``."""
        return cls(
            int(raw["width"]),
            int(raw["height"]),
            float(raw["seconds"]),
            int(raw["bytes"]),
            str(raw["sha256"]),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task has ended without a video."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Video:
    """A task, and once it is completed the video; a moment of it, which never changes.

    *price* is what it may cost at most, in dollars, *charged* what it did cost once it has ended;
    *url* opens without a key until it expires; *poll_after* is in seconds.
    """

    id: str
    status: str
    progress: int
    model: str
    operation: str
    prompt: str
    seconds: str
    size: str
    created_at: int
    price: Decimal
    charged: Decimal | None = None
    completed_at: int | None = None
    expires_at: int | None = None
    url: str | None = None
    error: Failure | None = None
    output: Output | None = None
    ignored: tuple[str, ...] = ()
    poll_after: float = 1.0
    raw: Raw = field(default_factory=dict, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED

    @classmethod
    def read(cls, raw: Raw, poll_after: float = 1.0) -> Self:
        """Read a video as the service shows it."""
        more: Raw = raw["metadata"]
        billing, output, error = more.get("billing"), more.get("output"), raw.get("error")
        return cls(
            id=str(raw["id"]),
            status=str(raw["status"]),
            progress=int(raw["progress"]),
            model=str(raw["model"]),
            operation=str(more["operation"]),
            prompt=str(raw.get("prompt", "")),
            seconds=str(raw["seconds"]),
            size=str(raw["size"]),
            created_at=int(raw["created_at"]),
            price=Decimal(more["quote"]["total"]),
            charged=Decimal(billing["charged"]) if billing else None,
            completed_at=raw.get("completed_at"),
            expires_at=raw.get("expires_at"),
            url=raw.get("url"),
            error=Failure(str(error["code"]), str(error["message"])) if error else None,
            output=Output.read(output) if output else None,
            ignored=tuple(map(str, more.get("ignored", ()))),
            poll_after=poll_after,
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some videos of a list, and the id after which the list goes on."""

    videos: tuple[Video, ...]
    next: str | None

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Read a page of a list."""
        videos = tuple(map(Video.read, raw["data"]))
        return cls(videos, str(raw["last_id"]) if raw["has_more"] and videos else None)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request would be, and what it may cost at most, in dollars."""

    model: str
    operation: str
    seconds: str
    size: str
    total: Decimal
    ignored: tuple[str, ...] = ()
    raw: Raw = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Read a quote."""
        return cls(
            model=str(raw["model"]),
            operation=str(raw["operation"]),
            seconds=str(raw["parameters"]["seconds"]),
            size=str(raw["parameters"]["size"]),
            total=Decimal(raw["total"]),
            ignored=tuple(map(str, raw["ignored"])),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account has, in dollars; *available* is *balance* without what tasks hold."""

    balance: Decimal
    held: Decimal
    available: Decimal
    raw: Raw = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Read a balance."""
        return cls(Decimal(raw["balance"]), Decimal(raw["held"]), Decimal(raw["available"]), raw)


@dataclass(frozen=True, slots=True)
class Model:
    """What a key may ask for; limits and prices stand in *raw*."""

    id: str
    operations: tuple[str, ...]
    sizes: tuple[str, ...]
    aspect_ratios: tuple[str, ...]
    raw: Raw = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Read a model."""
        return cls(
            id=str(raw["id"]),
            operations=tuple(map(str, raw["operations"])),
            sizes=tuple(map(str, raw["sizes"])),
            aspect_ratios=tuple(map(str, raw["aspect_ratios"])),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What was charged, in dollars; the rows by day, key and operation stand in *raw*."""

    total: Decimal
    rows: tuple[Raw, ...]
    raw: Raw = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Read what an account used."""
        return cls(Decimal(raw["total"]), tuple(raw["data"]), raw)
