"""What a file is called that nobody named."""

from __future__ import annotations

import re
from pathlib import Path

_NAME_CHARACTERS = 48


def fresh_path(folder: Path, prompt: str) -> Path:
    """Name a file after *prompt* that is not there yet."""
    words = re.sub(r"[^\w]+", "-", prompt.lower())[:_NAME_CHARACTERS].strip("-_") or "video"
    path, number = folder / f"{words}.mp4", 2
    while path.exists():
        path, number = folder / f"{words}-{number}.mp4", number + 1
    return path
