"""Names sort by their birth, and are UUIDs for whoever wants those."""

from __future__ import annotations

import pytest

from kinetoscope.db.ids import as_uuid, from_uuid, new_id


def test_a_name_is_a_uuid_and_back() -> None:
    name = new_id("task")

    found = as_uuid(name)

    assert len(found) == 36
    assert from_uuid("task", found) == from_uuid("task", found.upper()) == name


@pytest.mark.parametrize("text", ["", "task_1", "0" * 32, "{" + "0" * 36 + "}", "é" * 36, "-" * 36])
def test_what_is_no_uuid_is_no_name(text: str) -> None:
    assert from_uuid("task", text) is None
