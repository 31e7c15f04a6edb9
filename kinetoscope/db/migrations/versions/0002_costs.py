"""What engines charge us and say of their work, and keys of operators."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; what was there before has nothing in them."""
    op.add_column("tasks", sa.Column("cost", sa.BigInteger(), nullable=True))
    op.add_column("tasks", sa.Column("card", sa.BigInteger(), nullable=True))
    op.add_column("tasks", sa.Column("evidence", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("seed", sa.BigInteger(), nullable=True))
    op.add_column("tasks", sa.Column("notes", sa.Text(), nullable=True))
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index(
        "ix_tasks_ended_at", "tasks", ["ended_at"], sqlite_where=ended, postgresql_where=ended
    )
    op.add_column("keys", sa.Column("role", sa.String(length=12), nullable=True))
