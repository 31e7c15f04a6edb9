"""``generate`` with a service for the occasion, and what the operator sees of it afterwards."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from kinetoscope.client.naming import fresh_path
from tests.cli.conftest import Programs, Said, end, read_until


@dataclass
class Made:
    """What ``generate`` said, and the worker beside it that ran the tasks."""

    programs: Programs
    said: Said
    worker: Said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One video of a second, made in a home that was never initialised."""
    programs = Programs(tmp_path_factory.mktemp("made"))
    worker = programs.start("worker")
    try:
        read_until(worker, "makes the videos")
        said = programs.run("generate", "A fox, in snow!", "--duration", "1", "--json")
        worker.send_signal(signal.SIGTERM)
        return Made(programs, said, end(worker))
    finally:
        programs.stop()


def test_a_video_is_made_in_a_home_that_was_never_initialised(made: Made) -> None:
    programs, said = made.programs, made.said

    assert said.status == 0, said.err
    assert "opened the account default" in said.err
    assert said.json["status"] == "completed"
    assert said.json["path"] == "a-fox-in-snow.mp4"
    assert (programs.folder / "a-fox-in-snow.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_worker_makes_what_a_service_for_the_occasion_was_asked_for(made: Made) -> None:
    assert made.worker.status == 0
    assert "Traceback" not in made.worker.err
    assert made.said.json["status"] == "completed"


def test_the_price_is_told_before_and_the_bill_after(made: Made) -> None:
    said = made.said

    assert said.err.index("text_to_video, 1 s, 480p: up to $0.05\n") < said.err.index("100 %")
    assert said.json["metadata"]["billing"]["charged"] == "0.05"


def test_the_key_for_the_occasion_is_revoked(made: Made) -> None:
    programs = made.programs

    (key,) = programs.here("key", "list", "--json").json

    assert key["name"] == "generate"
    assert key["revoked_at"] is not None


def test_a_file_that_is_there_is_not_overwritten(made: Made) -> None:
    programs = made.programs
    there = programs.folder / "a-fox-in-snow.mp4"

    refused = programs.here("generate", "a bear", "--duration", "1", "-o", str(there))

    assert refused.status == 1
    assert "--force" in refused.err
    assert len(programs.here("task", "list", "--json").json) == 1


def test_the_operator_sees_the_task_and_refunds_it_once(made: Made) -> None:
    programs, said = made.programs, made.said
    task_id = said.json["id"]

    listed = programs.here("task", "list", "--state", "completed", "--account", "default").out
    shown = programs.here("task", "show", task_id).out
    refunded = programs.here("refund", task_id, "--reason", "it was late", "--json").json
    again = programs.here("refund", task_id)

    assert task_id in listed
    assert "A fox, in snow!" in shown
    assert "1 × second of 480p at $0.05" in shown
    assert (refunded["amount"], refunded["note"]) == ("0.05", "it was late")
    assert refunded["account"]["balance"] == "10.00"
    assert again.status == 1
    assert programs.here("audit").status == 0


def test_ctrl_c_cancels_the_task_and_gives_the_money_back(programs: Programs) -> None:
    """C43"""
    program = programs.start("generate", "a storm", "--duration", "15", "--size", "720p")
    read_until(program, "up to")

    program.send_signal(signal.SIGINT)
    said = end(program)

    assert said.status == 130
    assert "cancelled task_" in said.err
    assert "Traceback" not in said.err
    (account,) = programs.here("account", "list", "--json").json
    assert (account["balance"], account["held"]) == ("10.00", "0.00")
    (task,) = programs.here("task", "list", "--json").json
    assert task["error"]["code"] == "cancelled"
    assert programs.here("audit").status == 0


def test_files_are_named_after_the_prompt_and_never_twice(tmp_path: Path) -> None:
    first = fresh_path(tmp_path, "Ein Fuchs/../im Schnee: „sehr“ schön")
    first.touch()

    assert first.name == "ein-fuchs-im-schnee-sehr-schön.mp4"
    assert fresh_path(tmp_path, "ein fuchs im schnee sehr schön").name.endswith("schön-2.mp4")
    assert fresh_path(tmp_path, "…").name == "video.mp4"
