"""What xAI's answers mean: its many shapes of yes, no and not yet, in the house's four."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinetoscope.domain.cost import LARGEST
from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.domain.task import Failure
from kinetoscope.engines import Made, Refused, Report, Working
from kinetoscope.engines.xai.line import Rejected

GRACE_SECONDS = 60.0  # in which a request that was accepted may not be found yet

# DeferredStatus in deferred.proto of the SDK.
_DONE, _EXPIRED, _PENDING, _FAILED = 1, 2, 3, 4
_MODERATION = "moderat"  # as in imagine:content-moderated, and "rejected by content moderation"
_MOST_PROGRESS = 99

_BLOCKED = (
    "the video was blocked by the engine's content moderation; change the prompt or the input"
)
_FAILED_WITH: Mapping[str, str] = {  # codes of VideoError, with hyphens or without
    "invalid_argument": "the engine does not take this request; change the prompt or the input",
    "failed_precondition": "the engine does not take this request; change the prompt or the input",
}
_BROKE = "the engine could not make this video; try again"


def read_answer(answer: Any) -> Report:  # noqa: ANN401 - a message of the SDK's
    """Read a ``GetDeferredVideoResponse``; raise EngineUnavailable to ask once more."""
    response = answer.response if answer.HasField("response") else None
    match answer.status:
        case n if n == _DONE:
            return _done(response)
        case n if n == _FAILED:
            return _failed(response)
        case n if n == _EXPIRED:
            message = "the engine does not hold this video any more"
            return Refused(Failure.FAILED, message, cost=_cost(response), said="EXPIRED")
        case _:  # pending, or a word that it may learn later
            progress = response.progress if response is not None else 0
            return Working(max(0, min(_MOST_PROGRESS, progress)) or None)


def read_rejection(rejected: Rejected) -> Refused:
    """Tell the caller of a request that xAI turned down before it began: nobody pays for that."""
    said = str(rejected)
    if _MODERATION in rejected.said.lower():
        return Refused(Failure.MODERATED, _BLOCKED, said=said)
    return Refused(*_REJECTED.get(rejected.code, _NOT_ACCEPTED), said=said)


def read_failed_poll(rejected: Rejected, age: float) -> Report:
    """Tell what a refusal to say how a request of *age* seconds stands means for its video."""
    said = str(rejected)
    if _MODERATION in rejected.said.lower():  # of what was made, and so is billed
        return Refused(Failure.MODERATED, _BLOCKED, billed=True, said=said)
    if rejected.code == "NOT_FOUND" and age < GRACE_SECONDS:
        return Working()
    return Refused(Failure.FAILED, "the engine does not know this video any more", said=said)


_NOT_ACCEPTED = (Failure.FAILED, _FAILED_WITH["invalid_argument"])
_REJECTED: Mapping[str, tuple[Failure, str]] = {
    "DATA_LOSS": (
        Failure.UNREACHABLE,
        "the engine could not read an input at its address; upload it, or send it as a data: URL",
    ),
    "TOO_LARGE": (
        Failure.FAILED,
        "the inputs are too large for the engine; name them by public https addresses",
    ),
}


def _done(response: Any) -> Report:  # noqa: ANN401 - a message of the SDK's
    if response is None:
        raise EngineUnavailable("it says that it is done, and not with what")
    cost = _cost(response)
    if not response.video.respect_moderation:
        # The generation is charged for all the same, unless it says that it cost nothing.
        said = "DONE with respect_moderation = false"
        return Refused(Failure.MODERATED, _BLOCKED, billed=cost != 0, cost=cost, said=said)
    if not response.video.url:
        raise EngineUnavailable("it says that it is done, and not where the video is")
    return Made(response.video.url, cost)


def _failed(response: Any) -> Refused:  # noqa: ANN401 - a message of the SDK's
    cost = _cost(response)
    has_error = response is not None and response.HasField("error")
    code, message = (response.error.code, response.error.message) if has_error else ("", "")
    said = f"FAILED {code}: {message}".rstrip(": ")
    if cost or _MODERATION in f"{code} {message}".lower():
        return Refused(Failure.MODERATED, _BLOCKED, billed=bool(cost), cost=cost, said=said)
    text = _FAILED_WITH.get(code.lower().replace("-", "_"), _BROKE)
    return Refused(Failure.FAILED, text, cost=cost, said=said)


def _cost(response: Any) -> int | None:  # noqa: ANN401 - a message of the SDK's
    """Read what it cost, in ticks, if that was said and can be."""
    if response is None or not response.HasField("usage"):
        return None
    usage = response.usage
    if not usage.HasField("cost_in_usd_ticks"):
        return None
    return int(usage.cost_in_usd_ticks) if 0 <= usage.cost_in_usd_ticks <= LARGEST else None
