"""Requests that nobody would think of, made from our own document.

None is answered with a 5xx, or with anything that the document does not tell.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.engines.scripted import Scripted
from tests.world import World, open_world

# Left out: C15 lets unknown names pass, and no schema can say which fields contradict each other.
NOT_MEANT = "positive_data_acceptance,negative_data_rejection"


@pytest.mark.timeout(1200)  # a minute of CPU, of which other tests want some too
async def test_whatever_is_sent_is_answered_as_the_document_says(
    tmp_path: Path, engine: Scripted
) -> None:
    """C28, on every route of the document."""
    async with open_world(tmp_path / "home", engine, fetch_seconds=1) as world:
        await world.open("alice", "1000000")

        status, said = await _sent_everything(world, tmp_path)

        assert status == 0, said
        assert re.search(r"[0-9]+ passed", said), said
        await world.audit()


async def _sent_everything(world: World, folder: Path) -> tuple[int, str]:
    """Let schemathesis send what it makes of the document, and tell what it found."""
    run = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{world.url}/openapi.json"),
        *("--header", f"Authorization: {world.alice.headers['Authorization']}"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "3"),
        *("--checks", "all", "--exclude-checks", NOT_MEANT),
        *("--seed", "1", "--generation-deterministic", "--continue-on-failure"),
        *("--request-timeout", "60", "--no-color", "--workers", "1"),
        *("--suppress-health-check", "all"),
        *("--exclude-path-regex", "/v1/videos/characters"),  # 501, and meant
        *("--exclude-tag", "Other names"),  # the same handlers once more
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await run.communicate()
    assert run.returncode is not None
    return run.returncode, said.decode(errors="replace")
