"""What is not even HTTP gets an error of the one shape as well, and a head must arrive in time."""

from __future__ import annotations

import asyncio
import os

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kinetoscope.api.door import show_error


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol; rubbish is answered by us, and heads have limits of size and time."""

    head_seconds = 60.0
    head_bytes = 64 << 10
    _alarm: asyncio.TimerHandle | None = None
    _in_head = False
    _read = 0  # bytes of a head that is not complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, but not for ever."""
        super().connection_made(transport)
        self._set_alarm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._unset_alarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; whoever is in the middle of a head may take neither long nor much for it."""
        super().data_received(data)
        if not self._in_head and self._is_answering():
            self._unset_alarm()
            self._read = 0
            return
        self._set_alarm()
        self._read += len(data)
        if self._in_head and self._read > self.head_bytes and not self.transport.is_closing():
            self.send_400_response(f"its head is larger than {self.head_bytes >> 10} KiB")

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._in_head = True
        self._read = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a head has ended."""
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that the request could not be read, and hang up."""
        message = f"this is not HTTP that can be read ({msg.strip().rstrip('.')})"
        answer = show_error(400, message, "invalid_request")
        answer.headers["x-request-id"] = f"req_{os.urandom(12).hex()}"
        answer.headers["connection"] = "close"
        head = b"".join(b"%b: %b\r\n" % pair for pair in answer.raw_headers)
        self.transport.write(STATUS_LINE[400] + head + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def _is_answering(self) -> bool:
        # There is none before the first request, whatever its type says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def _set_alarm(self) -> None:
        if self._alarm is None:
            self._alarm = self.loop.call_later(self.head_seconds, self._give_up)

    def _unset_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _give_up(self) -> None:
        self._alarm = None
        if self._is_answering():  # an answer is never cut off for what was sent behind it
            self._set_alarm()
            return
        self.transport.close()
