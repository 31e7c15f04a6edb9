"""What can go wrong, and who is told.

Exception
├── KinetoscopeError              told to the caller, at once
│   ├── InvalidOrder              the request makes no sense: names the field
│   │   ├── InputUnreachable      an address that could not be read
│   │   └── InputForbidden        an address that this service does not visit
│   ├── Unauthenticated           no key, or one we do not know
│   │   └── KeyExpired            its time is over
│   ├── InsufficientBalance       the quote is more than the account has free
│   ├── KeyLimitReached           the quote is more than this key may still spend
│   ├── ModelNotAllowed           this key may not ask for this model
│   ├── NetworkNotAllowed         this key may not be used from there
│   ├── NotFound                  no such thing, or not yours
│   │   ├── ModelNotFound         no such model
│   │   └── VideoNotAvailable     a failed task has no video
│   ├── VideoNotReady             not completed yet: ask again
│   ├── VideoExpired              past its retention, or deleted
│   ├── Conflict                  the state of things forbids it
│   │   ├── IdempotencyConflict   this idempotency key made another request
│   │   ├── NotCancellable        an engine is at work that cannot stop, or it has ended
│   │   ├── FilesFull             the account keeps as many files as it may
│   │   └── StillRunning          cancel it first
│   ├── TooLarge                  more bytes than allowed
│   ├── UnsupportedBody           neither JSON nor a form
│   ├── TooManyRequests           slow down
│   │   └── TooManyRunning        the key has as many tasks that have not ended as it may
│   ├── NotOffered                others have it, this service does not
│   └── NotAccepting              shutting down or overloaded: try again elsewhere or later
├── EngineUnavailable             told to the worker: nothing began, or ask again later
├── OutcomeUnknown                told to the worker: an engine may have begun; never ask again
├── UnusableResult                told to the worker: what it made is no video; fetch it again
└── Overtaken                     told to the worker: somebody did this first
"""

from __future__ import annotations

from kinetoscope.domain.bounds import Allowance


class KinetoscopeError(Exception):
    """An error that its reader can mend; *param* names the field at fault."""

    code = "error"

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidOrder(KinetoscopeError):
    code = "invalid_request"


class InputUnreachable(InvalidOrder):
    code = "input_unreachable"


class InputForbidden(InvalidOrder):
    code = "input_forbidden"


class Unauthenticated(KinetoscopeError):
    code = "invalid_api_key"


class KeyExpired(Unauthenticated):
    code = "api_key_expired"


class InsufficientBalance(KinetoscopeError):
    code = "insufficient_balance"


class KeyLimitReached(KinetoscopeError):
    code = "key_limit_reached"


class ModelNotAllowed(KinetoscopeError):
    code = "model_not_allowed"


class NetworkNotAllowed(KinetoscopeError):
    code = "network_not_allowed"


class NotFound(KinetoscopeError):
    code = "not_found"


class ModelNotFound(NotFound):
    code = "model_not_found"


class VideoNotAvailable(NotFound):
    code = "video_not_available"


class VideoNotReady(KinetoscopeError):
    code = "video_not_ready"


class VideoExpired(KinetoscopeError):
    code = "video_expired"


class Conflict(KinetoscopeError):
    code = "conflict"


class IdempotencyConflict(Conflict):
    code = "idempotency_conflict"


class NotCancellable(Conflict):
    code = "not_cancellable"


class FilesFull(Conflict):
    code = "files_full"


class StillRunning(Conflict):
    code = "video_in_progress"


class TooLarge(KinetoscopeError):
    code = "too_large"


class UnsupportedBody(KinetoscopeError):
    code = "unsupported_media_type"


class TooManyRequests(KinetoscopeError):
    """Too much at once; *allowance* tells what is left of a key's requests a minute."""

    code = "rate_limit_exceeded"

    def __init__(
        self, message: str, param: str | None = None, *, allowance: Allowance | None = None
    ) -> None:
        super().__init__(message, param)
        self.allowance = allowance


class TooManyRunning(TooManyRequests):
    code = "too_many_running"


class NotOffered(KinetoscopeError):
    code = "not_implemented"


class NotAccepting(KinetoscopeError):
    code = "service_unavailable"


class EngineUnavailable(Exception):
    """Nothing began: the same call may be made again later."""


class OutcomeUnknown(Exception):
    """An engine may have begun, and nobody can tell: it is never asked again."""


class UnusableResult(Exception):
    """What stands at the address of a result is not the video; it *cost* us so many ticks."""

    def __init__(self, message: str, cost: int | None = None) -> None:
        super().__init__(message)
        self.cost = cost


class Overtaken(Exception):
    """A conditional change found that somebody was first; there is nothing left to do."""
