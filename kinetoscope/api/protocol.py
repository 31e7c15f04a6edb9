"""What is not even HTTP gets an error of the one shape as well."""

from __future__ import annotations

import os

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kinetoscope.api.door import show_error


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol; only what it answers to rubbish is our own."""

    def send_400_response(self, msg: str) -> None:
        """Say that the request could not be read, and hang up."""
        message = f"this is not HTTP that can be read ({msg.strip().rstrip('.')})"
        answer = show_error(400, message, "invalid_request")
        answer.headers["x-request-id"] = f"req_{os.urandom(12).hex()}"
        answer.headers["connection"] = "close"
        head = b"".join(b"%b: %b\r\n" % pair for pair in answer.raw_headers)
        self.transport.write(STATUS_LINE[400] + head + b"\r\n" + bytes(answer.body))
        self.transport.close()
