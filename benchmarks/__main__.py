"""``make bench``: what the service and its films cost, next to what does nothing, in one run."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.load import Figures, load
from benchmarks.stock import Stock, stock
from benchmarks.studio import films
from kinetoscope import __version__


@dataclass(frozen=True)
class Server:
    """A process that is measured, and the port it listens on."""

    process: psutil.Process
    port: int

    def cpu(self) -> float:
        """The CPU seconds that the process has used."""
        times = self.process.cpu_times()
        return times.user + times.system

    def mib(self) -> float:
        """The memory that is the process's own or shared with it, in MiB."""
        return self.process.memory_info().rss / 2**20


@contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    """Run one of the servers until this ends."""
    command = [sys.executable, "-m", "benchmarks.servers", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sys.stderr)
    try:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        yield Server(psutil.Process(child.pid), port)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


def measure(
    server: Server, name: str, request: Callable[[int], bytes], requests: int, connections: int
) -> Figures:
    """Load a server and print a row of the table."""
    address = ("127.0.0.1", server.port)
    asyncio.run(load(address, request, connections=connections, requests=requests // 10))
    before = server.cpu()
    figures = asyncio.run(load(address, request, connections=connections, requests=requests))
    cpu = (server.cpu() - before) / requests * 1000
    mbs = f"{figures.bytes / figures.seconds / 1e6:,.0f} MB/s" if "content" in name else ""
    print(
        f"| {name} | {connections} | {figures.per_second:,.0f} | {figures.percentile(50):.1f} |"
        f" {figures.percentile(99):.1f} | {cpu:.3f} | {figures.errors} | {mbs} |",
        flush=True,
    )
    return figures


def main() -> None:
    """Print the table, then what many running tasks and doing nothing cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000, help="for each row")
    parser.add_argument("--tasks", type=int, default=5000, help="that run at once; 0: none")
    parser.add_argument("--films", action="store_true", help="measure the built-in engine alone")
    chosen = parser.parse_args()
    print(f"Kinetoscope {__version__}, Python {platform.python_version()}, {_machine()}\n")
    if chosen.films:
        films()
        return
    print("| request | connections | requests/s | p50 ms | p99 ms | CPU s per 1,000 | errors | |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        goods = stock(home)
        _requests(home, goods, chosen.requests)
    if chosen.tasks:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            _running(home, stock(home), chosen.tasks)
    films()


def _requests(home: Path, goods: Stock, requests: int) -> None:
    for connections in (16, 64):
        with serving("floor") as server:
            measure(server, "bare handler (floor)", goods.bare, requests, connections)
        with serving("service", str(home)) as server:
            measure(server, "POST /v1/videos", goods.create, requests, connections)
            measure(server, "GET /v1/videos/{id}", goods.get, requests, connections)
            measure(server, "GET …/content", goods.content, max(100, requests // 20), connections)


def _running(home: Path, goods: Stock, tasks: int) -> None:
    began = time.perf_counter()
    with serving("running", str(home)) as server:
        asyncio.run(load(("127.0.0.1", server.port), goods.bare, connections=1, requests=20))
        ready = time.perf_counter() - began
        time.sleep(2)
        cpu, idle = server.cpu(), server.mib()
        time.sleep(10)
        share = (server.cpu() - cpu) * 10
        print(f"\nidle: {idle:.0f} MiB, {share:.1f} % of a core; first answers after {ready:.2f} s")
        asyncio.run(load(("127.0.0.1", server.port), goods.create, connections=16, requests=tasks))
        time.sleep(20)
        cpu = server.cpu()
        time.sleep(30)
        share = (server.cpu() - cpu) / 30 * 100
        more = server.mib() - idle
        print(f"{tasks:,} running tasks: {share:.1f} % of a core, {more:.0f} MiB more")


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        )
        if Path("/proc/cpuinfo").exists()
        else iter(()),
        platform.processor(),
    )
    return f"{os.cpu_count()} × {model}, {platform.system()}"


if __name__ == "__main__":
    main()
