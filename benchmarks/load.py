"""A small HTTP/1.1 client that keeps its connections: it measures the service, not itself."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_BAD = 400
SECONDS = 60  # the longest that one answer may take


@dataclass
class Figures:
    """What one run came to; *latencies* are in seconds."""

    requests: int = 0
    errors: int = 0
    bytes: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    def percentile(self, percent: int) -> float:
        """The latency in milliseconds that *percent* of the answers kept."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1000


async def load(
    address: tuple[str, int], request: Callable[[int], bytes], *, connections: int, requests: int
) -> Figures:
    """Send *requests* over *connections* at a time, each as *request* says for its number."""
    figures = Figures()
    numbers = iter(range(requests))
    began = time.perf_counter()
    await asyncio.gather(*(_talk(address, request, numbers, figures) for _ in range(connections)))
    figures.seconds = time.perf_counter() - began
    return figures


async def _talk(
    address: tuple[str, int],
    request: Callable[[int], bytes],
    numbers: object,
    figures: Figures,
) -> None:
    reader, writer = await asyncio.open_connection(*address, limit=1 << 20)
    for number in numbers:  # type: ignore[attr-defined]
        began = time.perf_counter()
        writer.write(request(number))
        async with asyncio.timeout(SECONDS):
            status, size = await _read(reader)
        figures.latencies.append(time.perf_counter() - began)
        figures.requests += 1
        figures.bytes += size
        figures.errors += status >= _BAD
    writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().find(b"content-length:")
    size = int(head[at + 15 :].split(b"\r\n", 1)[0])
    left = size
    while left:
        left -= len(await reader.read(min(left, 1 << 20)))
    return status, size
