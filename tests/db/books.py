"""Books to experiment on: accounts with money, tasks that hold some of it, and files."""

from __future__ import annotations

from typing import Any

from kinetoscope.db import Conn, Database, accounts, ledger, reports, tasks
from kinetoscope.db.accounts import Account
from kinetoscope.db.ids import new_id
from kinetoscope.domain.file import File
from kinetoscope.domain.money import ZERO, Money
from kinetoscope.domain.order import Operation
from kinetoscope.domain.task import Failure, Status, Task
from kinetoscope.service.terms import write_billing

NOW = 1_700_000_000


def usd(text: str) -> Money:
    return Money.parse(text)


def open_with(conn: Conn, name: str, amount: str) -> Account:
    """Open an account with *amount* dollars on it."""
    account = accounts.open_account(conn, name, NOW)
    if money := usd(amount):
        ledger.deposit(conn, account.id, money, NOW, reference=f"start-{name}")
    return accounts.get(conn, account.id)


def a_task(account_id: str, held: Money, *, key_id: str = "key_any", created_at: int = NOW) -> Task:
    """Describe a queued text_to_video of *held* that nobody remembers yet."""
    return Task(
        id=new_id("task"),
        account_id=account_id,
        key_id=key_id,
        model="grok-imagine",
        operation=Operation.TEXT,
        status=Status.QUEUED,
        progress=0,
        size="480p",
        seconds="6",
        prompt="a fox in the snow",
        created_at=created_at,
        engine="scripted",
        held=held,
    )


def accept(conn: Conn, task: Task, limited_key: str | None = None) -> Task:
    """Hold what *task* may cost and remember it, as a submit does."""
    ledger.hold(
        conn, task.id, task.account_id, task.held, limited_key=limited_key, now=task.created_at
    )
    tasks.insert_task(conn, task, fingerprint="0" * 64)
    return task


def begin(conn: Conn, task_id: str, evidence: str | None = None) -> Task:
    """Bring a task to where an engine works on it."""
    started = tasks.start(conn, tasks.claim(conn, task_id), NOW, evidence)
    return tasks.keep_ticket(conn, started, f"ticket-{task_id}")


def complete(
    conn: Conn, task: Task, charge: Money, now: int = NOW, **known: int | str | None
) -> Task:
    """End a task well and take *charge*; *known* are more columns of its row."""
    bill = write_billing((), held=task.held, charged=charge)
    result = {"charged": charge, "billing": bill, "output": "{}", "expires_at": None, **known}
    ended = tasks.complete(conn, task, now, result)
    ledger.settle(conn, task.id, charge, now)
    return ended


def fail(
    conn: Conn,
    task: Task,
    failure: Failure = Failure.FAILED,
    charge: Money = ZERO,
    now: int = NOW,
    **known: int | str | None,
) -> Task:
    """End a task without a video and take *charge*; *known* are more columns of its row."""
    bill = write_billing((), held=task.held, charged=charge)
    ended = tasks.fail(
        conn, task, now, failure, "no luck", charged=charge, known=known, billing=bill
    )
    if charge:
        ledger.settle(conn, task.id, charge, now)
    else:
        ledger.release(conn, task.id)
    return ended


async def faults(db: Database) -> list[str]:
    """Audit the books."""
    return (await db.read(reports.audit)).faults


async def standing(db: Database, account: Account) -> tuple[str, str]:
    """Tell the balance and what is held of an account, in dollars."""
    found = await db.read(lambda conn: accounts.get(conn, account.id))
    return str(found.balance), str(found.held)


def a_file(account_id: str, **said: Any) -> File:
    """Describe a picture of 100 bytes that nobody remembers yet."""
    file = File(
        id=new_id("file"),
        account_id=account_id,
        filename="fox.png",
        purpose="vision",
        media_type="image/png",
        size=100,
        sha256="0" * 64,
        width=64,
        height=48,
        seconds=None,
        created_at=NOW,
        expires_at=NOW + 10,
    )
    return file._replace(**said)
