"""Programs that run beside the tests."""

from __future__ import annotations

import json
import subprocess
from typing import Any


def greeting(program: subprocess.Popen[str]) -> Any:
    """Read the first JSON document that *program* says; ValueError if it ends without one."""
    assert program.stdout is not None
    said = ""
    for line in program.stdout:
        said += line
        if line == "}\n":
            break
    return json.loads(said)
