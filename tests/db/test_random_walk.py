"""Whatever is done to the books in whatever order, every balance is what a child would add up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from kinetoscope.db import Conn, Database, accounts, bounds, ledger, reports, tasks
from kinetoscope.db.ids import new_id
from kinetoscope.domain.bounds import Bounds, Period
from kinetoscope.domain.errors import (
    Conflict,
    InsufficientBalance,
    KeyLimitReached,
    Overtaken,
    TooManyRunning,
)
from kinetoscope.domain.money import Money
from kinetoscope.domain.task import Failure, Task
from tests.db.books import NOW, a_task, accept, begin, complete, fail, open_with
from tests.patience import PATIENCE

_LIMIT = Money(12_000_000)
_BOUNDS = Bounds(running=3, per_day=Money(5_000_000), per_month=Money(8_000_000))
_DAY = 24 * 3600
_AMOUNTS = st.integers(0, 4_000_000).map(Money)
_SHARES = st.integers(0, 100)


@dataclass
class Payer:
    """An account as it should be: what is on it, and what is held for which task."""

    id: str
    key: str
    balance: int = 0
    committed: int = 0
    held: dict[str, int] = field(default_factory=dict)
    running: int = 0
    days: Counter[int] = field(default_factory=Counter)

    def of_the_month(self, now: int) -> int:
        period = Period.at(now)
        return sum(self.days[day] for day in range(period.first, period.end))

    def in_the_way(self, amount: int, now: int) -> type[Exception] | None:
        """Tell how its limits refuse a task of *amount*."""
        if self.running >= 3:
            return TooManyRunning
        today, this_month = self.days[now // _DAY] + amount, self.of_the_month(now) + amount
        over = self.committed + amount > _LIMIT.micros
        over |= today > _BOUNDS.per_day.micros if _BOUNDS.per_day else False
        over |= this_month > _BOUNDS.per_month.micros if _BOUNDS.per_month else False
        return KeyLimitReached if over else None

    @property
    def available(self) -> int:
        return self.balance - sum(self.held.values())


@dataclass
class Order:
    """A task as it should be."""

    payer: Payer
    task: Task
    limited: bool
    charged: int | None = None
    refunded: bool = False

    def task_now(self, conn: Conn) -> Task:
        return tasks.find(conn, self.task.id)


class Crash(Exception):
    """The process dies in the middle of a transaction."""


class Walk(RuleBasedStateMachine):
    """Orders, ends, cancels, refunds, races and crashes in any order."""

    db: Database
    payers = Bundle("payers")
    running = Bundle("running")
    ended = Bundle("ended")

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Payer] = []
        self.now = NOW

    @rule(hours=st.integers(1, 300))
    def time_goes_by(self, hours: int) -> None:
        self.now += hours * 3600

    @initialize(target=payers)
    def open_the_first(self) -> Payer:
        return self._open()

    @rule(target=payers)
    def open_another(self) -> Payer:
        return self._open()

    def _open(self) -> Payer:
        def write(conn: Conn) -> Payer:
            account = open_with(conn, new_id("name"), "0")
            key, _ = accounts.create_key(conn, account.id, NOW, spend_limit=_LIMIT, bounds=_BOUNDS)
            return Payer(account.id, key.id)

        payer = self.db.write_now(write)
        self.known.append(payer)
        return payer

    @rule(payer=payers, amount=st.integers(1, 9_000_000).map(Money))
    def deposit_once_though_asked_twice(self, payer: Payer, amount: Money) -> None:
        reference = new_id("bank")

        def write(conn: Conn) -> None:
            ledger.deposit(conn, payer.id, amount, NOW, reference=reference)

        self.db.write_now(write)
        self.refused(Conflict, write)
        payer.balance += amount.micros

    @rule(target=running, payer=payers, amount=_AMOUNTS, limited=st.booleans())
    def ask(self, payer: Payer, amount: Money, *, limited: bool) -> Order | MultipleResults[Order]:
        task = a_task(payer.id, amount, key_id=payer.key, created_at=self.now)

        def write(conn: Conn) -> None:
            accept(conn, task, payer.key if limited else None)

        if amount.micros > payer.available:
            self.refused(InsufficientBalance, write)
            return multiple()
        if limited and (error := payer.in_the_way(amount.micros, self.now)):
            self.refused(error, write)
            return multiple()
        self.db.write_now(write)
        payer.held[task.id] = amount.micros
        payer.committed += amount.micros * limited
        payer.days[self.now // _DAY] += amount.micros * limited
        payer.running += limited
        return Order(payer, task, limited)

    @rule(target=ended, order=consumes(running), share=_SHARES)
    def complete(self, order: Order, share: int) -> Order:
        cost = Money(order.task.held.micros * share // 100)
        self.db.write_now(lambda conn: complete(conn, begin(conn, order.task.id), cost))
        return self.end(order, cost.micros)

    @rule(target=ended, order=consumes(running), moderated=st.booleans())
    def fail(self, order: Order, *, moderated: bool) -> Order:
        charge = order.task.held if moderated else Money()
        failure = Failure.MODERATED if moderated else Failure.FAILED
        self.db.write_now(lambda conn: fail(conn, begin(conn, order.task.id), failure, charge))
        return self.end(order, charge.micros)

    @rule(target=ended, order=consumes(running))
    def cancel_before_anybody_took_it(self, order: Order) -> Order:
        self.db.write_now(lambda conn: fail(conn, order.task_now(conn), Failure.CANCELLED))
        return self.end(order, 0)

    @rule(target=ended, order=consumes(running), share=_SHARES)
    def race_three_ends(self, order: Order, share: int) -> Order:
        cost = Money(order.task.held.micros * share // 100)
        begun = self.db.write_now(lambda conn: begin(conn, order.task.id))
        gate = threading.Barrier(3)

        def run(change: Callable[[Conn], Task]) -> int | None:
            gate.wait(timeout=PATIENCE)
            try:
                return (self.db.write_now(change).charged or Money()).micros
            except Overtaken:
                return None

        ends: list[Callable[[Conn], Task]] = [
            lambda conn: complete(conn, begun, cost),
            lambda conn: fail(conn, begun),
            lambda conn: fail(conn, begun, Failure.CANCELLED),
        ]
        with ThreadPoolExecutor(3) as threads:
            won = [charged for charged in threads.map(run, ends) if charged is not None]
        assert len(won) == 1
        return self.end(order, won[0])

    @rule(order=running, share=_SHARES, step=st.integers(0, 3))
    def crash_in_a_transaction(self, order: Order, share: int, step: int) -> None:
        cost = Money(order.task.held.micros * share // 100)

        def write(conn: Conn) -> None:
            steps: list[Callable[[], object]] = [
                lambda: begin(conn, order.task.id),
                lambda: ledger.settle(conn, order.task.id, cost, NOW),
                lambda: accept(conn, a_task(order.payer.id, Money(0))),
            ]
            for do in steps[:step]:
                do()
            raise Crash

        self.refused(Crash, write)

    @rule(order=running)
    def charge_more_than_was_held(self, order: Order) -> None:
        cost = Money(order.task.held.micros + 1)
        self.refused(ValueError, lambda conn: ledger.settle(conn, order.task.id, cost, NOW))

    @rule(order=running)
    def a_fenced_off_runner_wakes_up(self, order: Order) -> None:
        self.db.write_now(lambda conn: tasks.claim(conn, order.task.id))
        stale = self.db.write_now(lambda conn: tasks.claim(conn, order.task.id))
        self.db.write_now(lambda conn: tasks.claim(conn, order.task.id))
        self.refused(Overtaken, lambda conn: complete(conn, stale, order.task.held))
        self.refused(Overtaken, lambda conn: fail(conn, stale))

    @rule(order=ended)
    def end_it_once_more(self, order: Order) -> None:
        self.refused(Overtaken, lambda conn: complete(conn, order.task_now(conn), Money()))
        self.refused(Overtaken, lambda conn: fail(conn, order.task_now(conn)))
        self.refused(Overtaken, lambda conn: ledger.release(conn, order.task.id))
        self.refused(Overtaken, lambda conn: ledger.settle(conn, order.task.id, Money(), NOW))
        self.refused(Overtaken, lambda conn: tasks.claim(conn, order.task.id))

    @rule(order=ended)
    def refund(self, order: Order) -> None:
        def write(conn: Conn) -> None:
            ledger.refund(conn, order.task.id, NOW, note="sorry")

        if order.refunded or not order.charged:
            self.refused(Conflict, write)
            return
        self.db.write_now(write)
        order.refunded = True
        order.payer.balance += order.charged

    @invariant()
    def the_books_add_up(self) -> None:
        found = self.db.write_now(reports.audit)
        assert found.faults == []
        for payer in self.known:
            account = self.db.write_now(partial(accounts.get, account_id=payer.id))
            held = sum(payer.held.values())
            assert (account.balance.micros, account.held.micros) == (payer.balance, held)
            used = self.db.write_now(partial(bounds.used, key_id=payer.key, now=self.now))
            assert (used.running, used.committed.micros) == (payer.running, payer.committed)
            assert used.day.micros == payer.days[self.now // _DAY]
            assert used.month.micros == payer.of_the_month(self.now)

    def end(self, order: Order, charged: int) -> Order:
        held = order.payer.held.pop(order.task.id)
        order.payer.balance -= charged
        order.payer.committed -= (held - charged) * order.limited
        order.payer.days[order.task.created_at // _DAY] -= (held - charged) * order.limited
        order.payer.running -= order.limited
        order.charged = charged
        return order

    def refused(self, error: type[Exception], change: Callable[[Conn], object]) -> None:
        with pytest.raises(error):
            self.db.write_now(change)


def test_no_order_of_events_loses_a_cent(db: Database) -> None:
    """C36, C38."""

    class Here(Walk):
        pass

    Here.db = db
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=8,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
