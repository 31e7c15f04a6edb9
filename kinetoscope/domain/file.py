"""A file: an image or a video that an account keeps here, so that orders can name it by its id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PURPOSES = ("video_input", "vision", "user_data", "assistants")  # all of them mean the same to us
LEAST_SECONDS, MOST_SECONDS = 3600, 30 * 24 * 3600  # for which a file may be kept
FILENAME_CHARACTERS = 255


class File(NamedTuple):
    """One file that was checked as any input is; times are Unix seconds.

    *width* and *height* are its pixels as displayed, *seconds* is the measured length of a video.
    """

    id: str
    account_id: str
    filename: str
    purpose: str
    media_type: str
    size: int
    sha256: str
    width: int
    height: int
    seconds: float | None
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """How much one account may keep: *files*, and *size* bytes of them together."""

    files: int = 1000
    size: int = 5 * 2**30
