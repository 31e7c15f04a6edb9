"""What tools answer, with the schemas by which agents read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from kinetoscope.client import Model, Quote, Video

_NEXT = {
    "queued": "call wait_for_video with this id",
    "in_progress": "call wait_for_video with this id",
    "completed": "call download_video with this id, or use it as the video of create_video",
    "failed": "nothing more comes; read error, change the request and order anew",
}


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Task(_Shape):
    """An order and how it stands."""

    id: str
    status: str = Field(description="queued, in_progress, completed or failed")
    progress: int = Field(description="0 to 100")
    operation: str
    prompt: str
    seconds: str = Field(description="length that was asked for")
    size: str
    price: str = Field(description="US dollars held at most")
    charged: str | None = Field(None, description="US dollars paid, once it has ended")
    url: str | None = Field(None, description="opens without a key until it expires")
    error: str | None = Field(None, description="why it failed: code and message")
    ignored: list[str] = Field([], description="parameters that changed nothing")
    next: str = Field(description="what to do now")

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show a video."""
        error = video.error
        return cls(
            id=video.id,
            status=video.status,
            progress=video.progress,
            operation=video.operation,
            prompt=video.prompt,
            seconds=video.seconds,
            size=video.size,
            price=str(video.price),
            charged=None if video.charged is None else str(video.charged),
            url=video.url,
            error=None if error is None else f"{error.code}: {error.message}",
            ignored=list(video.ignored),
            next=_NEXT.get(video.status, "call get_video"),
        )


class Tasks(_Shape):
    """Orders, newest first."""

    videos: list[Task]


class Price(_Shape):
    """What a request would be and cost; nothing was made."""

    model: str
    operation: str
    seconds: str
    size: str
    total: str = Field(description="US dollars at most")
    available: str = Field(description="US dollars the account has left")
    ignored: list[str]

    @classmethod
    def of(cls, quote: Quote, available: object) -> Self:
        """Show a quote beside what there is to pay it with."""
        return cls(
            model=quote.model,
            operation=quote.operation,
            seconds=quote.seconds,
            size=quote.size,
            total=str(quote.total),
            available=str(available),
            ignored=list(quote.ignored),
        )


class Saved(_Shape):
    """Where a finished video is."""

    id: str
    path: str | None = Field(None, description="the file, on the machine of the tools")
    url: str | None = Field(None, description="opens without a key until it expires")
    bytes: int
    width: int
    height: int
    seconds: float
    sha256: str


class Offer(_Shape):
    """A model, with what it makes, its limits and its prices in US dollars."""

    id: str
    operations: Mapping[str, Any]
    sizes: list[str]
    aspect_ratios: list[str]
    pricing: Mapping[str, Any]

    @classmethod
    def of(cls, model: Model) -> Self:
        """Show a model."""
        return cls(
            id=model.id,
            operations=model.raw["operations"],
            sizes=list(model.sizes),
            aspect_ratios=list(model.aspect_ratios),
            pricing=model.raw.get("pricing", {}),
        )


class Offers(_Shape):
    """The models that may be asked for."""

    models: list[Offer]
