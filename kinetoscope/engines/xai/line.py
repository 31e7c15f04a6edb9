"""The line to xAI: its own SDK, over gRPC, with one question at its heart: were we heard?

Whoever begins a video pays for it. So a request to begin is sent once, over a connection that
stands already, and every way in which it can fail is told from the others.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

from kinetoscope.domain.errors import EngineUnavailable, OutcomeUnknown
from kinetoscope.engines.xai.upstream import Upstream

CONNECT_SECONDS = 10.0
SUBMIT_SECONDS = 120.0  # xAI may fetch the inputs before it answers
POLL_SECONDS = 20.0

# Neither the SDK's own retries nor those that gRPC makes unasked: either could pay twice.
_NO_RETRIES = (("grpc.enable_retries", 0), ("grpc.service_config", "{}"))
_OWN = (  # a connection that no other part of this process shares, tried anew within seconds
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 10_000),
)
# The words of gRPC's core (seen in 1.85) where a request found no way out, and where an answer or
# its beginning was on the way back when the stream ended.
_NOT_CONNECTED = ("failed to connect", "errors resolving", "dns resolution failed")
_BROKEN_OFF = "Stream removed"
_QUIET_SECONDS = 5.0  # after which a connection may have gone without a word


class Denied(Exception):
    """xAI does not serve this key, or not this model: the operator's to mend."""


class SlowDown(Exception):
    """xAI wants fewer requests."""


class Rejected(Exception):
    """xAI will not make this; nothing began. *code* is the name of the gRPC status."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(f"{code}: {said}")
        self.code = code
        self.said = said


class Line:
    """Two connections with one key: one that never repeats a request, and one that may."""

    def __init__(self, upstream: Upstream) -> None:
        """Load the SDK, which takes most of a second: make it in a thread."""
        # gRPC writes to standard error by itself, past every logger.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc  # noqa: PLC0415 - needed only by whoever uses this engine
        from xai_sdk import AsyncClient  # noqa: PLC0415 - as above

        self._grpc = grpc
        self._upstream = upstream
        self._client = AsyncClient
        self._beginner: Any = None
        self._asker: Any = None
        self._heard_at = 0.0

    def open(self) -> None:
        """Make both clients, in the event loop that uses them; nothing is sent."""
        options: dict[str, Any] = {
            "api_key": self._upstream.key,
            "api_host": self._upstream.host,
            "use_insecure_channel": not self._upstream.tls,
        }
        self._beginner = self._client(
            **options, timeout=SUBMIT_SECONDS, channel_options=[*_NO_RETRIES, *_OWN]
        )
        self._asker = self._client(**options, timeout=POLL_SECONDS, channel_options=list(_OWN))

    async def connect(self) -> None:
        """Return once the connection for requests to begin stands, or raise EngineUnavailable.

        One that was quiet for a while is tried with a question that costs nothing: it may be gone,
        and a request that is sent into it could not be told from one that was heard.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected()
                if time.monotonic() > self._heard_at + _QUIET_SECONDS:
                    await self._check_key(self._beginner)
                    self._heard_at = time.monotonic()
        except TimeoutError:
            raise EngineUnavailable(f"{self._upstream.host} does not answer") from None

    async def _connected(self) -> None:
        states, wire = self._grpc.ChannelConnectivity, self._wire()
        while (state := wire.get_state(try_to_connect=True)) is not states.READY:
            if state is states.SHUTDOWN:
                raise EngineUnavailable("the service is shutting down")
            await wire.wait_for_state_change(state)
            if wire.get_state() is states.TRANSIENT_FAILURE:
                raise EngineUnavailable(f"{self._upstream.host} cannot be reached")

    async def begin(self, asked: Mapping[str, Any], *, extend: bool) -> str:
        """Ask for a video, once, and return the id to ask by.

        Raise Denied, SlowDown, Rejected or EngineUnavailable if nothing began, and OutcomeUnknown
        if that cannot be told.
        """
        video = self._beginner.video
        try:
            answer = await (video.extend_start if extend else video.start)(**asked)
        except self._grpc.aio.AioRpcError as error:
            raise self._why_not_begun(error) from error
        if not answer.request_id:
            raise OutcomeUnknown("the answer has no request_id")
        self._heard_at = time.monotonic()
        return str(answer.request_id)

    async def ask(self, request_id: str) -> Any:  # noqa: ANN401 - a message of the SDK's
        """Ask how a video stands: a ``GetDeferredVideoResponse``.

        Raise Denied, SlowDown, Rejected or EngineUnavailable; none of them says that it is lost.
        """
        try:
            return await self._asker.video.get(request_id)
        except self._grpc.aio.AioRpcError as error:
            code = error.code().name
            raise _FAILED_POLLS.get(code, _passing)(code, error.details() or "") from error

    async def check_key(self) -> None:
        """Return if xAI knows the key, or raise Denied, SlowDown or EngineUnavailable."""
        await self._check_key(self._asker)

    async def _check_key(self, client: Any) -> None:  # noqa: ANN401 - the SDK ships no types
        try:
            info = await client.auth.get_api_key_info()
        except self._grpc.aio.AioRpcError as error:
            code = error.code().name
            if code in _SAYS_NOTHING:
                return
            raise _FAILED_POLLS.get(code, _passing)(code, error.details() or "") from error
        for fault in ("api_key_blocked", "team_blocked", "disabled"):
            if getattr(info, fault, False):
                raise Denied(fault.replace("_", " "))

    async def close(self) -> None:
        """Close both connections."""
        for client in (self._beginner, self._asker):
            if client is not None:
                await client.close()

    def _wire(self) -> Any:  # noqa: ANN401 - gRPC ships no types
        return self._beginner._api_channel  # noqa: SLF001 - the SDK tells nobody if it is connected

    def _why_not_begun(self, error: Any) -> Exception:  # noqa: ANN401 - as above
        """Tell what a failed request to begin means."""
        code, said = error.code().name, error.details() or ""
        if code == "UNAVAILABLE" and self._was_not_sent(said):
            return EngineUnavailable(f"{self._upstream.host} cannot be reached")
        if code == "RESOURCE_EXHAUSTED":
            if said.startswith(_BROKEN_OFF):
                return _unknown(code, said)
            if "larger than max" in said:  # either end says so before it has read the request
                return Rejected("TOO_LARGE", said)
        return _FAILED_SUBMITS.get(code, _unknown)(code, said)

    def _was_not_sent(self, said: str) -> bool:
        """Whether gRPC found no connection to send by: it says so, and there is none.

        The words alone could be those of a proxy that had heard us.
        """
        state = self._wire().get_state()
        down = state is not self._grpc.ChannelConnectivity.READY
        return down and said.lower().startswith(_NOT_CONNECTED)


def _unknown(code: str, said: str) -> Exception:
    return OutcomeUnknown(f"{code}: {said}")


def _passing(code: str, said: str) -> Exception:
    return EngineUnavailable(f"{code}: {said}")


def _denied(code: str, said: str) -> Exception:
    return Denied(f"{code}: {said}")


def _slow_down(code: str, said: str) -> Exception:
    return SlowDown(f"{code}: {said}")


# A status that stands in neither table may come after the work began.
_FAILED_SUBMITS = {
    "INVALID_ARGUMENT": Rejected,
    "FAILED_PRECONDITION": Rejected,
    "OUT_OF_RANGE": Rejected,
    "DATA_LOSS": Rejected,  # an input could not be fetched (README of the SDK)
    "UNAUTHENTICATED": _denied,
    "PERMISSION_DENIED": _denied,
    "NOT_FOUND": _denied,  # no such model
    "UNIMPLEMENTED": _denied,
    "RESOURCE_EXHAUSTED": _slow_down,
}
_FAILED_POLLS = {
    "INVALID_ARGUMENT": Rejected,
    "FAILED_PRECONDITION": Rejected,
    "NOT_FOUND": Rejected,
    "UNAUTHENTICATED": _denied,
    "PERMISSION_DENIED": _denied,
    "RESOURCE_EXHAUSTED": _slow_down,
}
_SAYS_NOTHING = ("UNIMPLEMENTED", "NOT_FOUND")  # another server of the same service
