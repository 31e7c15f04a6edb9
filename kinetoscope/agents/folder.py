"""The one folder that an agent may read from and write into, and only films and pictures."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from kinetoscope.client import InvalidUse
from kinetoscope.client.naming import fresh_path

_LARGEST = 100 << 20
_BEGINNING = 12
_NO_FOLLOWING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # of a link, nor waiting for a pipe


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, by its real path."""

    path: Path

    def read(self, name: str) -> bytes:
        """Read a film or picture below the folder, or raise InvalidUse.

        What else lies on the machine is not read, and not even said to be there.
        """
        try:
            found = (self.path / name).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise self._refusal(name) from error
        if not found.is_relative_to(self.path):
            raise self._refusal(name)
        try:
            content = _read(found)
        except OSError as error:
            message = f"{name[:200]!r} cannot be read: {error.strerror or error}"
            raise InvalidUse(message) from error
        if not _is_media(content[:_BEGINNING]):
            message = f"{name[:200]!r} is no PNG, JPEG, WebP or MP4; nothing else is sent"
            raise InvalidUse(message)
        return content

    def reserve(self, name: str) -> Path:
        """Make an empty file named after *name*, which nobody else gets."""
        while True:
            path = fresh_path(self.path, name)
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                continue  # somebody was quicker
            return path

    def _refusal(self, name: str) -> InvalidUse:
        message = (
            f"{name[:200]!r} is neither an address (http://, https://, data:) nor a file below"
            f" {self.path}, and only those can be sent"
        )
        return InvalidUse(message)


def _read(path: Path) -> bytes:
    """Read a plain file whose path holds no link any more; OSError if it is none."""
    with os.fdopen(os.open(path, _NO_FOLLOWING), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is no file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(0, f"it is larger than {_LARGEST >> 20} MiB")
    return content


def _is_media(beginning: bytes) -> bool:
    return (
        beginning.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
        or (beginning.startswith(b"RIFF") and beginning.endswith(b"WEBP"))
        or beginning[4:8] == b"ftyp"
    )
