"""What the operator sees of engines that bill: what was lost there, and what a task cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kinetoscope.cli.homes import open_home
from kinetoscope.db import Conn, accounts, ledger, tasks
from kinetoscope.domain.task import Failure, Task
from tests.cli.conftest import Said
from tests.db.books import NOW, a_task, accept, begin, complete, fail, usd

Command = Callable[..., Said]
T = TypeVar("T")

TRACE = {
    "engine": "xai:main",
    "host": "api.x.ai",
    "key": "…1234",
    "model": "grok-imagine-video",
}
SAID = "UNAVAILABLE: Socket closed"
CENT = 10**8  # ticks


def write(home: Path, change: Callable[[Conn], T]) -> T:
    """Change the books of *home*."""
    with open_home(home) as books:
        return books.write(change)


def asked(conn: Conn, prompt: str = "a fox in the snow") -> Task:
    """Accept a task of the first account and ask xAI for it; no ticket came back."""
    account = accounts.find(conn, "default")
    task = a_task(account.id, usd("0.5"))._replace(engine="xai:main", prompt=prompt)
    accept(conn, task)
    return tasks.start(conn, tasks.claim(conn, task.id), NOW, json.dumps(TRACE))


def lose(conn: Conn, said: str = SAID, prompt: str = "a fox in the snow") -> Task:
    """Lose a task while xAI is asked for it."""
    task = asked(conn, prompt=prompt)
    return fail(conn, task, Failure.LOST, evidence=json.dumps({**TRACE, "said": said}))


def test_a_lost_task_is_listed_with_all_that_is_needed_to_look_it_up(
    command: Command, home: Path
) -> None:
    command("init")
    lost = write(home, lose)

    said = command("task", "list", "--state", "lost")

    assert said.status == 0
    assert facts(said.out) == {
        "id": lost.id,
        "account": "default",
        "operation": "text_to_video, 6 s, 480p",
        "prompt": "a fox in the snow",
        "engine": "xai:main",
        "asked": "2023-11-14 22:13:20 UTC",
        "upstream host": "api.x.ai",
        "upstream key": "…1234",
        "upstream model": "grok-imagine-video",
        "upstream said": SAID,
        "ticket": "none",
        "held": "$0.50, and given back",
    }


def test_programs_get_the_whole_evidence_of_a_lost_task(command: Command, home: Path) -> None:
    command("init")
    write(home, lose)

    [task] = command("task", "list", "--state", "lost", "--json").json

    assert task["evidence"] == {**TRACE, "said": SAID}
    assert (task["account"], task["engine"], task["prompt"]) == (
        "default",
        "xai:main",
        "a fox in the snow",
    )
    assert (task["started_at"], task["ticket"], task["cost"]) == (NOW, None, None)
    assert task["error"]["code"] == "engine_lost"


def test_a_lost_task_is_found_though_its_owner_deleted_it(command: Command, home: Path) -> None:
    """It may stand on our bill; in other lists it is gone."""
    command("init")
    lost = write(home, lose)
    write(home, lambda conn: tasks.delete_result(conn, lost.id, NOW))

    found = command("task", "list", "--state", "lost", "--json").json
    failed = command("task", "list", "--state", "failed", "--json").json

    assert [(each["id"], each["deleted"]) for each in found] == [(lost.id, True)]
    assert failed == []


def test_what_only_failed_is_not_lost_and_what_was_lost_has_failed(
    command: Command, home: Path
) -> None:
    command("init")
    lost = write(home, lose)
    plain = write(home, lambda conn: fail(conn, asked(conn)))

    assert [each["id"] for each in command("task", "list", "--state", "lost", "--json").json] == [
        lost.id
    ]
    failed = command("task", "list", "--state", "failed", "--json").json
    assert {each["id"] for each in failed} == {lost.id, plain.id}


def test_where_nothing_was_lost_it_says_so(command: Command) -> None:
    command("init")

    said = command("task", "list", "--state", "lost")

    assert (said.status, said.out, said.err) == (0, "", "no task was lost\n")
    assert command("task", "list", "--state", "lost", "--json").json == []


def test_a_list_that_was_cut_says_so(command: Command, home: Path) -> None:
    command("init")
    write(home, lambda conn: [lose(conn) for _ in range(3)])

    cut = command("task", "list", "--state", "lost", "--limit", "2")
    whole = command("task", "list", "--limit", "3")

    assert cut.out.count("asked") == 2
    assert cut.err == "there are more than these 2: --limit\n"
    assert whole.err == ""


def test_what_an_engine_said_cannot_steer_the_terminal(command: Command, home: Path) -> None:
    command("init")
    write(home, lambda conn: lose(conn, said="\x1b[2J\nid  task_another", prompt="\x1b[31mred"))

    shown = command("task", "list", "--state", "lost").out

    assert "\x1b" not in shown
    assert shown.count("\nid") == 0


def test_a_task_is_shown_with_what_it_cost_and_what_is_left(command: Command, home: Path) -> None:
    command("init")

    def make(conn: Conn) -> Task:
        task = accept(conn, a_task(accounts.find(conn, "default").id, usd("0.5")))
        begun = begin(conn, task.id)
        told = {"cost": 30 * CENT + 1, "card": 30 * CENT, "output": None}
        return complete(conn, begun, usd("0.42"), NOW, **told)

    made = write(home, make)
    shown = facts(command("task", "show", made.id).out)

    assert shown["ticket"] == f"ticket-{made.id}"
    assert shown["asked"] == "2023-11-14 22:13:20 UTC"
    assert (shown["cost"], shown["card"], shown["margin"]) == (
        "$0.3000000001",
        "$0.30",
        "$0.1199999999",
    )
    write(home, lambda conn: ledger.refund(conn, made.id, NOW, note="sorry"))
    assert facts(command("task", "show", made.id).out)["margin"] == "-$0.3000000001"
    told = command("task", "show", made.id, "--json").json
    assert (told["refunded"], told["cost"], told["card"], told["margin"]) == (
        "0.42",
        "0.3000000001",
        "0.30",
        "-0.3000000001",
    )


def test_of_what_was_not_delivered_the_card_is_shown_as_such(command: Command, home: Path) -> None:
    command("init")
    told = json.dumps({**TRACE, "said": "content-moderated"})
    failed = write(
        home,
        lambda conn: fail(
            conn, asked(conn), Failure.MODERATED, cost=30 * CENT, card=30 * CENT, evidence=told
        ),
    )

    shown = facts(command("task", "show", failed.id).out)

    assert shown["card"] == "$0.30 for what was not delivered"
    assert (shown["cost"], shown["margin"]) == ("$0.30", "-$0.30")
    assert (shown["upstream key"], shown["upstream said"]) == ("…1234", "content-moderated")


def test_nothing_is_said_of_costs_that_nobody_told(command: Command, home: Path) -> None:
    command("init")
    waiting = write(
        home, lambda conn: accept(conn, a_task(accounts.find(conn, "default").id, usd("0.5")))
    )

    shown = facts(command("task", "show", waiting.id).out)
    told = command("task", "show", waiting.id, "--json").json

    assert not {"asked", "ticket", "cost", "card", "margin"} & shown.keys()
    assert [told[name] for name in ("ticket", "evidence", "cost", "card", "margin")] == [None] * 5


def facts(text: str) -> dict[str, str]:
    """Read names and what they are, as a person does: two blanks stand between them."""
    pairs = [line.split("  ", 1) for line in text.partition("\n\n")[0].splitlines()]
    return {name: value.strip() for name, value in pairs}
