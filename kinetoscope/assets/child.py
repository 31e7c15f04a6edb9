"""Runs a script of ours that looks at a stranger's file, in a process that knows no secret.

The script says ``ready`` once it has given up what it does not need; whatever goes wrong from
there on is the file's doing.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

READY = b"ready\n"
# What an interpreter needs to start. Keys and passwords of ours are not among it.
_ENVIRONMENT = ("PATH", "HOME", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: no *status* says that it took too long, 0 that *output* is its answer."""

    status: int | None
    output: bytes


async def run(
    threads: ThreadPoolExecutor, script: Path, arguments: tuple[str, ...], seconds: float
) -> Ended:
    """Run *script* for at most *seconds*, or raise RuntimeError if it does not even start.

    The *threads* wait for the children, so that any event loop can ask; their number is the limit.
    """
    child = _Child(script, arguments, seconds)
    try:
        running = asyncio.get_running_loop().run_in_executor(threads, child.run)
        status, output, errors = await running
    except asyncio.CancelledError:
        child.kill()
        raise
    if not output.startswith(READY):
        why = errors.decode(errors="replace")[-500:]
        raise RuntimeError(f"{script.name} does not start (status {status}): {why}")
    return Ended(status, output.removeprefix(READY))


class _Child:
    """One run of a script; kill() may come from another thread, at any time."""

    def __init__(self, script: Path, arguments: tuple[str, ...], seconds: float) -> None:
        self._seconds = seconds
        self._command = (sys.executable, "-P", str(script), *arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted = False

    def run(self) -> tuple[int | None, bytes, bytes]:
        """Return exit status, output and errors; no status says that it took too long."""
        if self._unwanted:
            return None, READY, b""
        with subprocess.Popen(  # noqa: S603 - our own file; the arguments are ours as well
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            cwd="/",
        ) as self._process:
            try:
                output, errors = self._process.communicate(timeout=self._seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                return None, READY, b""
            return self._process.returncode, output, errors

    def kill(self) -> None:
        self._unwanted = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
