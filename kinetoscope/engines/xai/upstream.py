"""Where xAI is, and as whom we speak to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SHOWN = 4  # last characters of a key, by which its owner tells it from others


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One key of xAI's and the server that it is for.

    *fault* says why there is no key. *image_base* is the number of the first image in a prompt.
    """

    key: str = field(repr=False)
    fault: str = ""
    host: str = "api.x.ai"
    tls: bool = True
    model: str = "grok-imagine-video"
    image_base: int = 1

    @property
    def trace(self) -> Mapping[str, str]:
        """What tells our requests from others in xAI's console."""
        return {"host": self.host, "key": f"…{self.key[-_SHOWN:]}", "model": self.model}
