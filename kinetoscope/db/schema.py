"""All tables. What must always hold of money is a constraint here, not a check in code."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from kinetoscope.domain.money import Money

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class MoneyColumn(TypeDecorator[Money]):
    """Money as a 64-bit integer of millionths of a dollar."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:
        """Write the micros."""
        del dialect
        return None if value is None else value.micros

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Money | None:  # noqa: ANN401 - the driver's own number
        """Read the micros; a sum of them may come as a decimal."""
        del dialect
        return None if value is None else Money(int(value))


_Id = String(40)
_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only an INTEGER

accounts = Table(
    "accounts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("balance", MoneyColumn, nullable=False),
    Column("held", MoneyColumn, nullable=False),
    Column("open", Integer, nullable=False),  # holds, and so tasks that have not ended
    Column("created_at", BigInteger, nullable=False),
    Column("live_id", _Id, ForeignKey("accounts.id")),  # whose sandbox it is
    CheckConstraint("held >= 0 AND held <= balance", name="available_not_negative"),
    CheckConstraint("live_id IS NULL OR balance = 0", name="sandbox_has_no_money"),
    CheckConstraint("open >= 0", name="open_not_negative"),
    Index("ix_accounts_live_id", "live_id", unique=True),
)

keys = Table(
    "keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("hint", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("models", Text),
    Column("spend_limit", MoneyColumn),
    Column("committed", MoneyColumn, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("role", String(12)),  # "operator", "test", or nothing
    Column("per_minute", BigInteger),
    Column("running_limit", BigInteger),
    Column("day_limit", MoneyColumn),
    Column("month_limit", MoneyColumn),
    Column("networks", Text),
    Column("expires_at", BigInteger),
    Column("paced_until", BigInteger),  # in microseconds: when its minute is whole again
    Column("running", BigInteger, nullable=False, server_default="0"),
    Column("day", BigInteger, nullable=False, server_default="0"),  # of the next two amounts
    Column("day_committed", MoneyColumn, nullable=False, server_default="0"),
    Column("month_committed", MoneyColumn, nullable=False, server_default="0"),
    CheckConstraint("committed >= 0", name="committed_not_negative"),
    # Not compared with their limits, which may be lowered below what is committed already.
    CheckConstraint("running >= 0", name="running_not_negative"),
    CheckConstraint("day_committed >= 0", name="day_committed_not_negative"),
    CheckConstraint("month_committed >= day_committed", name="day_within_month"),
    CheckConstraint("spend_limit IS NULL OR committed <= spend_limit", name="within_limit"),
)

holds = Table(
    "holds",
    metadata,
    Column("task_id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False),
    Column("key_id", _Id),
    Column("amount", MoneyColumn, nullable=False),
    Column("state", String(8), nullable=False),
    Column("day", BigInteger),  # on which it was committed by its key, since 1970
    CheckConstraint("amount >= 0", name="amount_not_negative"),
    CheckConstraint("state IN ('open', 'settled', 'released')", name="state_known"),
)

entries = Table(
    "entries",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("reference", String(120), nullable=False),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False),
    Column("amount", MoneyColumn, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("task_id", _Id),
    Column("created_at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("reference"),
    CheckConstraint(
        "(kind = 'deposit' AND amount > 0) OR (kind = 'settlement' AND amount <= 0)"
        " OR (kind = 'refund' AND amount > 0)",
        name="kind_and_sign",
    ),
    Index("ix_entries_account_id_number", "account_id", "number"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False),
    Column("key_id", _Id, nullable=False),
    Column("model", Text, nullable=False),
    Column("operation", String(20), nullable=False),
    Column("status", String(12), nullable=False),
    Column("progress", Integer, nullable=False),
    Column("size", String(12), nullable=False),
    Column("seconds", String(12), nullable=False),
    Column("prompt", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("expires_at", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("engine", String(40), nullable=False),
    Column("ticket", Text),
    Column("held", MoneyColumn, nullable=False),
    Column("charged", MoneyColumn),
    Column("order", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("billing", Text),
    Column("output", Text),
    Column("ignored", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("error_code", String(20)),
    Column("error_message", Text),
    Column("deleted", Boolean, nullable=False),
    Column("dropped", Boolean, nullable=False),
    Column("cost", BigInteger),  # ticks, as the engine's card is
    Column("card", BigInteger),
    Column("evidence", Text),
    Column("seed", BigInteger),
    Column("notes", Text),
    CheckConstraint("progress >= 0 AND progress <= 100", name="progress_range"),
    CheckConstraint(
        "status IN ('queued', 'in_progress', 'completed', 'failed')", name="status_known"
    ),
    CheckConstraint("charged IS NULL OR charged BETWEEN 0 AND held", name="charged_within_held"),
    Index("ix_tasks_account_id_id", "account_id", "id"),
)

_OPEN = text("status IN ('queued', 'in_progress')")
Index(
    "ix_tasks_open",
    tasks.c.engine,
    tasks.c.status,
    tasks.c.id,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
_EXPIRING = text("expires_at IS NOT NULL AND NOT dropped")
Index(
    "ix_tasks_expiring",
    tasks.c.expires_at,
    sqlite_where=_EXPIRING,
    postgresql_where=_EXPIRING,
)

_ENDED = text("ended_at IS NOT NULL")
Index(
    "ix_tasks_ended_at",
    tasks.c.ended_at,
    sqlite_where=_ENDED,
    postgresql_where=_ENDED,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account_id", _Id, ForeignKey("accounts.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("task_id", _Id, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

files = Table(
    "files",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False),
    Column("filename", Text, nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("seconds", Double),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("kept", Boolean, nullable=False),  # whether its bytes are in the store
    Index("ix_files_account_id_id", "account_id", "id"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("url", Text, nullable=False),  # empty: each task names its own
    Column("event_types", Text, nullable=False),  # with commas between and around
    Column("active", Boolean, nullable=False),
    Column("disabled", Text),  # why, if it was not the customer
    Column("failing_since", BigInteger),
    Column("salt", String(64), nullable=False),  # of the secret, which is kept nowhere
    Column("hint", String(8), nullable=False),
    Column("old_salt", String(64)),
    Column("old_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("endpoint_id", _Id, ForeignKey("endpoints.id"), primary_key=True),
    Column("event_id", _Id, primary_key=True),
    Column("task_id", _Id, ForeignKey("tasks.id"), nullable=False),
    Column("event", String(20), nullable=False),
    Column("url", Text),  # of the task's own, where the endpoint has none
    Column("state", String(10), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("tries", Integer, nullable=False),  # in this turn
    Column("log", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("since", BigInteger, nullable=False),  # when this turn began
    Column("due_at", BigInteger),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state_known"),
    CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name="due_while_waiting"),
)

_DUE = text("due_at IS NOT NULL")
Index(
    "ix_deliveries_due",
    deliveries.c.due_at,
    deliveries.c.endpoint_id,
    sqlite_where=_DUE,
    postgresql_where=_DUE,
)
Index(
    "ix_deliveries_waiting",
    deliveries.c.endpoint_id,
    deliveries.c.due_at,
    sqlite_where=_DUE,
    postgresql_where=_DUE,
)
