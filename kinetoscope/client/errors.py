"""What can go wrong for a caller, in one tree; every text says what to do next.

    ClientError
    ├── InvalidUse     could never work: an address, a key, an id, a source
    ├── Unreachable    nobody answers
    ├── Unreadable     somebody answers who is no Kinetoscope
    ├── ServiceError   the service says no: status, code, message, param, request_id
    ├── VideoFailed    the task has ended without a video
    ├── NotDone        the task has not ended in the time that was given
    └── Damaged        a file did not arrive as it was sent

Of the disk of the caller an OSError speaks, as everywhere in Python.
"""

from __future__ import annotations

from kinetoscope.client.values import Video

_ADVICE = {
    "moderation_blocked": "change the prompt or the images",
    "input_unreachable": "see that the address of the input stays readable, or upload the file",
    "engine_unavailable": "ask again later",
    "engine_lost": "ask again: nothing was charged",
    "timed_out": "ask again later",
}


class ClientError(Exception):
    """Whatever the client raises; its text is for whoever can mend it."""


class InvalidUse(ClientError, ValueError):
    """What was given could never work."""


class Unreachable(ClientError, ConnectionError):
    """Nobody answers at the address of the service."""


class Unreadable(ClientError):
    """What answers does not speak as Kinetoscope does."""


class ServiceError(ClientError):
    """The service says no, and why."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        param: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id


class VideoFailed(ClientError):
    """The task has ended without a video."""

    def __init__(self, code: str, message: str, video: Video) -> None:
        charged = f"; charged ${video.charged}" if video.charged is not None else ""
        advice = f". Next: {_ADVICE[code]}" if code in _ADVICE else ""
        super().__init__(f"no video was made: {message} ({code}){charged}{advice}")
        self.code = code
        self.message = message
        self.video = video


class NotDone(ClientError, TimeoutError):
    """The task goes on; only the time to wait for it is over."""

    def __init__(self, video: Video, seconds: float) -> None:
        super().__init__(
            f"{video.id} is {video.status}, {video.progress} %, after {seconds:g} s;"
            " it goes on: wait for it again, or cancel it"
        )
        self.video = video


class Damaged(ClientError):
    """A file did not arrive as it was sent; nothing of it was kept."""
