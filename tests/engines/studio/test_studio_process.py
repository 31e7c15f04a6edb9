"""The studio as an engine: children that draw, and everything that may happen to them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.engines import Inputs, Lost, Made, Refused, Report, Ticket, Working
from kinetoscope.engines.studio import Studio
from kinetoscope.engines.studio.brief import Brief, seed_of
from tests.patience import PATIENCE, eventually


def order(duration: int = 1, prompt: str = "a sailboat on the sea at sunset") -> Order:
    return Order(
        model="grok-imagine",
        operation=Operation.TEXT,
        prompt=prompt,
        duration=duration,
        tier=Tier.P480,
        ratio="1:1",
    )


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    engine = Studio(folder=tmp_path / "studio", slots=2, warm=False)
    yield engine
    await engine.close()


async def ended(engine: Studio, ticket: Ticket) -> Report:
    async with asyncio.timeout(PATIENCE):
        while isinstance(report := await engine.poll(ticket), Working):  # noqa: ASYNC110 - an engine is polled
            await asyncio.sleep(0.05)
    return report


async def began(engine: Studio, ticket: Ticket) -> None:
    """Wait until the child has said its first word."""
    async with asyncio.timeout(PATIENCE):
        while True:
            report = await engine.poll(ticket)
            assert isinstance(report, Working)
            if report.progress:
                return
            await asyncio.sleep(0.02)


def children() -> list[int]:
    """List the living children of this process that are render children."""
    listed = subprocess.run(
        ["/bin/ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="],  # whole lines, not 80 columns
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return [
        int(row[0])
        for row in rows
        if row[1] == str(os.getpid()) and "Z" not in row[2] and "engines.studio" in row[3]
    ]


def films(folder: Path) -> list[Path]:
    return list(folder.rglob("*.mp4"))


async def test_a_film_is_made_with_progress_that_never_falls(studio: Studio) -> None:
    ticket = await studio.start("task_1", order(duration=2), Inputs())
    seen = []
    async with asyncio.timeout(PATIENCE):
        while isinstance(report := await studio.poll(ticket), Working):
            seen.append(report.progress or 0)
            await asyncio.sleep(0.02)

    assert isinstance(report, Made)
    assert Path(report.source).stat().st_size > 1000
    assert seen == sorted(seen)
    assert max(seen) <= 99
    assert len(set(seen)) > 3
    assert "task_1" in ticket


async def test_a_forgotten_film_is_gone(studio: Studio, tmp_path: Path) -> None:
    ticket = await studio.start("task_1", order(), Inputs())
    assert isinstance(await ended(studio, ticket), Made)

    await studio.forget(ticket)
    await studio.forget(ticket)

    assert films(tmp_path) == []
    assert await studio.poll(ticket) == Lost()


async def test_a_film_says_by_which_seed_it_can_be_made_again_and_what_it_lacks(
    studio: Studio,
) -> None:
    ticket = await studio.start("task_1", order(prompt="a crowd on the beach says hello"), Inputs())

    report = await ended(studio, ticket)

    assert isinstance(report, Made)
    assert report.seed == seed_of("a crowd on the beach says hello", "task_1")
    assert report.notes == ("no people", "no speech")


async def test_a_seed_and_silence_are_the_orders_own(studio: Studio) -> None:
    asked = replace(order(prompt="the sea"), seed=7, sound=False)
    again = await studio.start("task_1", asked, Inputs())
    other = await studio.start("task_2", asked, Inputs())

    made = [await ended(studio, ticket) for ticket in (again, other)]

    assert all(isinstance(report, Made) and report.seed == 7 for report in made)
    one, two = (report.source for report in made if isinstance(report, Made))
    assert Path(one).read_bytes() == Path(two).read_bytes()
    with av.open(str(one)) as film:
        assert not film.streams.audio


async def test_a_film_carries_a_note_for_machines_that_it_was_synthesised(studio: Studio) -> None:
    ticket = await studio.start("task_1", order(prompt="the sea"), Inputs())

    report = await ended(studio, ticket)

    assert isinstance(report, Made)
    assert isinstance(report.source, Path)
    film = report.source.read_bytes()
    assert b"http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia" in film
    with av.open(str(report.source)) as container:
        assert container.metadata["title"] == "the sea"
        assert container.metadata["artist"] == "Kinetoscope studio"
        assert sum(1 for _ in container.decode(video=0)) == 24


async def test_a_ticket_of_another_process_is_lost(studio: Studio) -> None:
    assert await studio.poll(Ticket("task_1.0123456789abcdef")) == Lost()
    await studio.stop(Ticket("task_1.0123456789abcdef"))


async def test_stop_ends_the_child_and_leaves_nothing(studio: Studio, tmp_path: Path) -> None:
    ticket = await studio.start("task_1", order(duration=15), Inputs())
    await began(studio, ticket)

    await studio.stop(ticket)
    await studio.stop(ticket)

    assert children() == []
    assert films(tmp_path) == []
    report = await studio.poll(ticket)
    assert isinstance(report, Refused)
    assert report.code == "cancelled"


async def test_a_child_that_is_killed_fails_its_own_task_only(studio: Studio) -> None:
    first = await studio.start("task_1", order(duration=15), Inputs())
    await began(studio, first)  # a child that has only just been made has no command line yet
    victim = children()
    second = await studio.start("task_2", order(), Inputs())

    os.kill(victim[0], signal.SIGKILL)

    report = await ended(studio, first)
    assert isinstance(report, Refused)
    assert report.code == "task_failed"
    assert "order it again" in report.message
    assert isinstance(await ended(studio, second), Made)


async def test_too_little_memory_fails_one_task_and_says_so(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux counts the memory of one process")
    small = Studio(folder=tmp_path, memory_mib=130, warm=False)
    try:
        report = await ended(
            small, await small.start("task_1", order(prompt="mountains"), Inputs())
        )
    finally:
        await small.close()

    assert isinstance(report, Refused)
    assert report.code == "task_failed"
    assert "more memory than allowed" in report.message


async def test_a_film_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    hasty = Studio(folder=tmp_path, timeout_seconds=1, warm=False)
    try:
        report = await ended(hasty, await hasty.start("task_1", order(duration=15), Inputs()))
    finally:
        await hasty.close()

    assert isinstance(report, Refused)
    assert "longer than 1 seconds" in report.message
    await eventually(lambda: children() == [])


async def test_an_input_that_is_no_film_is_refused_in_words(studio: Studio, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 4096)
    extend = Order(model="grok-imagine", operation=Operation.EXTEND, prompt="go on", duration=2)

    ticket = await studio.start("task_1", extend, Inputs(video_path=broken))
    report = await ended(studio, ticket)

    assert isinstance(report, Refused)
    assert report.code == "task_failed"
    assert str(tmp_path) not in report.message
    assert "File" not in report.message


async def test_no_more_than_the_slots_are_drawn_at_once(tmp_path: Path) -> None:
    narrow = Studio(folder=tmp_path, slots=1)
    try:
        ticket = await narrow.start("task_1", order(duration=15), Inputs())
        with pytest.raises(EngineUnavailable, match="drawing 1 already"):
            await narrow.start("task_2", order(), Inputs())
        await narrow.stop(ticket)
        ticket = await narrow.start("task_2", order(duration=15), Inputs())
    finally:
        await narrow.close()
    assert children() == []
    assert await narrow.poll(ticket) == Lost()


async def test_what_a_dead_studio_left_is_removed_and_what_a_living_one_has_is_kept(
    tmp_path: Path,
) -> None:
    left = tmp_path / "room-dead"
    left.mkdir()
    (left / "lock").touch()
    (left / "half.part.mp4").write_bytes(b"half")
    first, second = (Studio(folder=tmp_path, warm=False) for _ in range(2))
    try:
        mine = await first.start("task_1", order(), Inputs())
        await second.stop(await second.start("task_2", order(), Inputs()))
        assert not left.exists()
        assert isinstance(await ended(first, mine), Made)
    finally:
        await first.close()
        await second.close()
    assert list(tmp_path.glob("room-*")) == []


async def test_a_studio_is_ready_where_its_libraries_are(studio: Studio) -> None:
    await studio.ready()


def test_the_serving_process_stays_light() -> None:
    script = (
        "import sys, kinetoscope.engines.studio\n"
        "print(sorted({'numpy', 'cv2', 'av', 'numba', 'PIL'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert told.stdout.strip() == "[]"


async def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed with `kill -9`: nobody is left to tell the child."""
    script = """
import asyncio, sys
from pathlib import Path
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.engines import Inputs
from kinetoscope.engines.studio import Studio

async def main():
    studio = Studio(folder=Path(sys.argv[1]), warm=False)
    order = Order(model="m", operation=Operation.TEXT, prompt="the sea", duration=15,
                  tier=Tier.P720, ratio="16:9")
    ticket = await studio.start("task_1", order, Inputs())
    while not (await studio.poll(ticket)).progress:
        await asyncio.sleep(0.02)
    rendering = studio._renderings[ticket]
    print(rendering._child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), PATIENCE))
    parent.kill()
    await parent.wait()

    await eventually(lambda: not alive(child))


def alive(process: int) -> bool:
    listed = subprocess.run(
        ["/bin/ps", "-o", "stat=", "-p", str(process)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return bool(listed.stdout.strip()) and "Z" not in listed.stdout


@pytest.mark.parametrize("line", ["", "nonsense", "[]", '{"operation": "text_to_video"}'])
def test_a_bad_brief_ends_the_child_with_a_code(line: str) -> None:
    ended_child = subprocess.run(
        [sys.executable, "-m", "kinetoscope.engines.studio"],
        input=line + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ended_child.returncode == 2
    assert ended_child.stdout == ""


def test_a_brief_survives_its_journey_as_json(tmp_path: Path) -> None:
    brief = Brief(
        operation="reference_to_video",
        prompt='odd "prompt" \u2028 \U0001f98a \udc80\n',
        width=848,
        height=480,
        seconds=3,
        images=(tmp_path / "a.png", tmp_path / "b.png"),
        video=None,
        film=tmp_path / "film.mp4",
        seed=seed_of("fox", "task_1"),
    )
    told = brief.to_json()
    assert "\n" not in told
    assert Brief.from_json(told) == brief


def test_a_seed_belongs_to_a_task() -> None:
    assert seed_of("fox", "task_1") == seed_of("fox", "task_1")
    assert seed_of("fox", "task_1") != seed_of("fox", "task_2")


def test_a_full_disk_is_not_blamed_on_the_prompt(tmp_path: Path) -> None:
    brief = Brief(
        operation="text_to_video",
        prompt="a sailboat on the sea",
        width=64,
        height=64,
        seconds=1,
        images=(),
        video=None,
        film=tmp_path / "film.mp4",
        seed=1,
    )
    child = f"ulimit -f 2; exec {sys.executable} -m kinetoscope.engines.studio"

    with subprocess.Popen(
        ["bash", "-c", child],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as drawing:
        assert drawing.stdin is not None
        assert drawing.stdout is not None
        drawing.stdin.write(brief.to_json() + "\n")
        drawing.stdin.flush()  # and kept open: its end would end the child
        said = drawing.stdout.read().splitlines()

    assert "no room on its disk" in said[-1]
