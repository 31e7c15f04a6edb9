"""What keys may do at most, and sandboxes of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COUNTED = ("running", "day", "day_committed", "month_committed")
_CHECKS = {
    "running": "CONSTRAINT ck_keys_running_not_negative CHECK (running >= 0)",
    "day_committed": "CONSTRAINT ck_keys_day_committed_not_negative CHECK (day_committed >= 0)",
    "month_committed": (
        "CONSTRAINT ck_keys_day_within_month CHECK (month_committed >= day_committed)"
    ),
}


def upgrade() -> None:
    """Add the columns; keys that have a limit are told what of theirs is running."""
    op.add_column("holds", sa.Column("day", sa.BigInteger(), nullable=True))
    for name in ("per_minute", "running_limit", "day_limit", "month_limit"):
        op.add_column("keys", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("keys", sa.Column("networks", sa.Text(), nullable=True))
    for name in ("expires_at", "paced_until"):
        op.add_column("keys", sa.Column(name, sa.BigInteger(), nullable=True))
    # Written out, since SQLite takes a CHECK only with the column that it comes with.
    for name in _COUNTED:
        check = _CHECKS.get(name, "")
        op.execute(f"ALTER TABLE keys ADD COLUMN {name} BIGINT NOT NULL DEFAULT 0 {check}")
    op.execute(
        "ALTER TABLE accounts ADD COLUMN live_id VARCHAR(40)"
        " CONSTRAINT fk_accounts_live_id REFERENCES accounts (id)"
        " CONSTRAINT ck_accounts_sandbox_has_no_money CHECK (live_id IS NULL OR balance = 0)"
    )
    op.create_index("ix_accounts_live_id", "accounts", ["live_id"], unique=True)
    op.execute(
        "UPDATE keys SET running = (SELECT count(*) FROM holds"
        " WHERE holds.key_id = keys.id AND holds.state = 'open')"
    )
