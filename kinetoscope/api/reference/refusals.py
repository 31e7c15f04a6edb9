"""Every error of the API by its code, and how a route says which of them it may answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kinetoscope.api.body import BODY_BYTES
from kinetoscope.api.door import STATUS, show_error
from kinetoscope.domain import errors
from kinetoscope.domain.errors import KinetoscopeError

Json = dict[str, Any]
Kind = type[KinetoscopeError]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a caller meets it: when it comes, what to do, and one that was really said."""

    status: int
    code: str
    meaning: str
    message: str
    param: str | None = None

    @property
    def example(self) -> Json:
        """The body of this error, in the shape that all of them have."""
        body = show_error(self.status, self.message, self.code, self.param).body
        shown: Json = msgspec.json.decode(body)
        return shown


_KNOWN: Mapping[Kind, tuple[str, str, str | None]] = {
    errors.InvalidOrder: (
        "The request makes no sense; `param` names the field, the message says what is allowed.",
        "text_to_video takes 1 to 15 seconds; 20 were asked for",
        "duration",
    ),
    errors.InputUnreachable: (
        "An address in the request could not be read. Check it, or upload the file instead.",
        "image could not be fetched: the server answered 404",
        "image",
    ),
    errors.InputForbidden: (
        "An address in the request leads to a place that this service does not visit.",
        "image leads to a private network, which is not visited",
        "image",
    ),
    errors.VideoNotReady: (
        "The video is not completed yet. Ask again after `Retry-After` seconds.",
        "task_0c3kj8f2m9x4q is in_progress, 40 %; ask again in a moment",
        "id",
    ),
    errors.Unauthenticated: (
        "There is no API key in the request, or one that is not known here.",
        "an API key is needed: send the header Authorization: Bearer sk-…",
        None,
    ),
    errors.KeyExpired: (
        "The time of the API key is over.",
        "this API key expired at 2026-11-01 00:00 UTC; ask the operator for another",
        None,
    ),
    errors.InsufficientBalance: (
        "The most that the request may cost is more than what is available. Nothing was held.",
        "this costs up to $0.42, and $0.10 is available",
        None,
    ),
    errors.KeyLimitReached: (
        "This key may spend less than the request may cost: in all, this month or today.",
        "this costs up to $0.42 and the key may still spend $0.10 of $5.00 today, which ends soon",
        None,
    ),
    errors.ModelNotAllowed: (
        "This key may not ask for this model; `GET /v1/models` lists those that it may ask for.",
        "this key may not ask for 'grok-imagine'; it may ask for: none",
        "model",
    ),
    errors.NetworkNotAllowed: (
        "This key may be used from some networks only, and the request came from another.",
        "this API key may not be used from 203.0.113.7; ask the operator which networks it is for",
        None,
    ),
    errors.NotFound: (
        "There is no such thing in this account.",
        "no video has the id 'task_0c3kj8f2m9x4q'",
        "id",
    ),
    errors.ModelNotFound: (
        "There is no such model; `GET /v1/models` lists what there is.",
        "there is no model 'sora-9'; there is: grok-imagine",
        "model",
    ),
    errors.VideoNotAvailable: (
        "The task failed, so it has no video.",
        "task_0c3kj8f2m9x4q failed (timed_out: it took too long); it has no video",
        "id",
    ),
    errors.Conflict: (
        "The state of things forbids it.",
        "the state of the account forbids this",
        None,
    ),
    errors.IdempotencyConflict: (
        "This `Idempotency-Key` made another request before. Use a new one.",
        "this Idempotency-Key was used for another request; use a new one",
        "Idempotency-Key",
    ),
    errors.NotCancellable: (
        "The task has ended, or an engine is at work on it that cannot stop.",
        "task_0c3kj8f2m9x4q has ended already: it is completed",
        "id",
    ),
    errors.FilesFull: (
        "The account keeps as many files as it may. Delete some; nothing was kept.",
        "this account keeps 1,000 files, the most allowed; delete some of them",
        "file",
    ),
    errors.StillRunning: (
        "The task has not ended. Cancel it first, or wait for its end.",
        "task_0c3kj8f2m9x4q is in_progress; cancel it first, or wait for its end",
        "id",
    ),
    errors.VideoExpired: (
        "The video was kept until it expired, or was deleted. Its task and its bill stay.",
        "the video of task_0c3kj8f2m9x4q was kept until it expired",
        "id",
    ),
    errors.TooLarge: (
        f"The body is larger than {BODY_BYTES >> 20} MiB.",
        f"the body is larger than {BODY_BYTES >> 20} MiB, the most allowed",
        None,
    ),
    errors.UnsupportedBody: (
        "The body is neither JSON nor a form.",
        "the body is 'text/plain'; send application/json or multipart/form-data",
        None,
    ),
    errors.TooManyRequests: (
        "Too many requests in a short time. Ask again after `Retry-After` seconds.",
        "too many requests; ask again in a moment",
        None,
    ),
    errors.NotOffered: (
        "Others offer it, this service does not. The message says what to use instead.",
        "characters are not kept here; send their pictures as reference_images",
        None,
    ),
    errors.TooManyRunning: (
        "This key has as many tasks that have not ended as it may. Wait for one to end.",
        "5 tasks of this key have not ended, and it may have 5; wait for one to end",
        None,
    ),
    errors.NotAccepting: (
        "The service cannot take this now. Nothing was charged. Ask again after `Retry-After` s.",
        "the service is shutting down; try again in a moment",
        None,
    ),
}

PACE = (
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
)
_BARRED = (errors.KeyExpired, errors.NetworkNotAllowed)  # wherever a key is needed
UNKNOWN_ROUTE = Refusal(
    404,
    "unknown_route",
    "There is no such path.",
    "there is no /v1/video; /docs lists what there is",
)
WRONG_METHOD = Refusal(
    405,
    "method_not_allowed",
    "The path takes other methods, which the header `Allow` lists.",
    "/v1/balance takes GET, not POST",
)
BAD_RANGE = Refusal(
    416,
    "range_not_satisfiable",
    "The range is not within the file; `Content-Range` says how many bytes it has.",
    "the file has 734003 bytes; bytes=900000- is not among them",
    "Range",
)
INTERNAL = Refusal(
    500,
    "internal_error",
    "A fault of the service. The operator finds it by the request id.",
    "internal error; ask the operator about request req_4f1c2a9b7d3e5f6071829304",
)


def refusal(kind: Kind) -> Refusal:
    """Get what a caller may know of an error."""
    meaning, message, param = _KNOWN[kind]
    return Refusal(STATUS[kind], kind.code, meaning, message, param)


def every_refusal() -> list[Refusal]:
    """List every error that a request can end with, by status."""
    extra = (UNKNOWN_ROUTE, WRONG_METHOD, BAD_RANGE, INTERNAL)
    return sorted((*map(refusal, _KNOWN), *extra), key=lambda each: each.status)


def refused(*kinds: Kind, more: tuple[Refusal, ...] = ()) -> Json:
    """Describe the error answers of a route, by status: *kinds*, *more*, and what may always be."""
    barred = _BARRED if errors.Unauthenticated in kinds else ()
    found = [*map(refusal, (*kinds, *barred)), *more, INTERNAL, refusal(errors.NotAccepting)]
    by_status = defaultdict(list)
    for each in dict.fromkeys(found):
        by_status[each.status].append(each)
    return {str(status): _answer(status, by_status[status]) for status in sorted(by_status)}


def _answer(status: int, found: list[Refusal]) -> Json:
    codes = [each.code for each in found]
    narrowed = {"properties": {"error": {"properties": {"code": {"enum": codes}}}}}
    return {
        "description": "\n".join(f"- `{each.code}`: {each.meaning}" for each in found),
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("x-request-id", *_headers(status, codes))
        },
        "content": {
            "application/json": {
                "schema": {"allOf": [{"$ref": "#/components/schemas/Error"}, narrowed]},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }


def _headers(status: int, codes: list[str]) -> list[str]:
    names = {
        401: ["WWW-Authenticate"],
        402: ["x-should-retry"],
        409: ["x-should-retry"],
        416: ["Content-Range"],
        501: ["x-should-retry"],
        429: ["Retry-After", *PACE],
        503: ["Retry-After"],
    }.get(status, [])
    return [*names, "Retry-After"] if errors.VideoNotReady.code in codes else names
