"""Bring a database to the shape that this version needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from kinetoscope.db import Conn, Database

LATEST = "0005"
_HOUSE = 0x6B696E65746D  # of our advisory lock; not the one of whoever runs the tasks
_FOLDER = Path(__file__).with_name("migrations")


def revision(conn: Conn) -> str | None:
    """Tell which migration a database is at; None if it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def upgrade(database: Database) -> bool:
    """Run the migrations that are still to do; False if there were none."""
    if database.write_now(revision) == LATEST:
        return False
    from alembic import command  # noqa: PLC0415 - slow to import and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - as above

    def run(conn: Conn) -> None:
        if conn.dialect.name == "postgresql":  # two processes may begin at once
            conn.execute(text("SELECT pg_advisory_xact_lock(:house)"), {"house": _HOUSE})
        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.attributes["connection"] = conn
        command.upgrade(config, "head")

    database.write_now(run)
    return True
