"""What every answer of the API must look like."""

from __future__ import annotations

from tests.world import Answer

TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}


def is_error(answer: Answer, status: int, code: str | None = None) -> str:
    """Check C28's one shape of error and return its message."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert answer.headers["x-request-id"].startswith("req_")
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["type"] == TYPES.get(status, "invalid_request_error")
    assert code in (None, error["code"]), error
    assert error["message"]
    assert "Traceback" not in error["message"]
    assert (answer.headers.get("x-should-retry") == "false") == (status in (402, 409))
    return str(error["message"])
