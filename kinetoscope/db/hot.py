"""Statements that every request runs: compiled once, and run on the driver itself.

What SQLAlchemy does around a statement costs three times what SQLite needs to run it. Such a
statement takes and gives plain values: text, whole numbers, micros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError

from kinetoscope.db import Conn

_DIALECTS: Mapping[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]
}


class Hot:
    """One statement for either database; *columns* are the values of an INSERT."""

    def __init__(self, statement: ClauseElement, columns: list[str] | None = None) -> None:
        compiled = {
            name: statement.compile(dialect=dialect, column_keys=columns)
            for name, dialect in _DIALECTS.items()
        }
        self._texts = {name: str(each) for name, each in compiled.items()}
        self._fixed = {} if columns else _constants(compiled["sqlite"].params)

    def one(self, conn: Conn, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run it and get its first row, if there is one."""
        cursor = self._run(conn, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
        cursor.close()
        return row

    def change(self, conn: Conn, values: Mapping[str, Any]) -> int:
        """Run it and tell how many rows it changed."""
        cursor = self._run(conn, values)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def change_many(self, conn: Conn, many: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of *many*."""
        text = self._texts[conn.dialect.name]
        cursor = conn.connection.cursor()
        try:
            cursor.executemany(text, [{**self._fixed, **values} for values in many])
        except Exception as error:
            raise _translated(conn, text, error) from error
        cursor.close()

    def _run(self, conn: Conn, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the driver's cursor
        text = self._texts[conn.dialect.name]
        cursor = conn.connection.cursor()
        try:
            cursor.execute(text, {**self._fixed, **values} if self._fixed else values)
        except Exception as error:
            raise _translated(conn, text, error) from error
        return cursor


def _constants(params: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the values that stand in the statement itself."""
    return {name: value for name, value in params.items() if value is not None}


def _translated(conn: Conn, text: str, error: Exception) -> Exception:
    """Say of a driver's error what SQLAlchemy would have said."""
    driver: Any = conn.dialect.loaded_dbapi
    if isinstance(error, driver.IntegrityError):
        return IntegrityError(text, None, error)
    if isinstance(error, driver.OperationalError):
        return OperationalError(text, None, error)
    return error
