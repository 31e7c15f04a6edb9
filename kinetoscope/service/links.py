"""Signed links: a video that a browser opens without a key, for a while."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

from kinetoscope.service import Gateway

_LONGEST_TIME = 12  # digits of a Unix time
_ROUND = 3600  # seconds; so that a link stays the same while it is polled for


def link(gateway: Gateway, task_id: str) -> str:
    """Make the path and query of a link to the video of a task."""
    expires = (int(gateway.now() + gateway.rules.link_time) // _ROUND + 1) * _ROUND
    signature = _sign(gateway.signing_key, task_id, expires)
    return f"/v1/videos/{task_id}/content?expires={expires}&signature={signature}"


def is_signed(gateway: Gateway, task_id: str, expires: str, signature: str) -> bool:
    """Tell whether a link is ours and still good."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= _LONGEST_TIME):
        return False
    wanted = _sign(gateway.signing_key, task_id, int(expires))
    genuine = hmac.compare_digest(wanted.encode(), signature.encode())
    return genuine and int(expires) > gateway.now()


def linked_task(gateway: Gateway, url: str) -> str | None:
    """Tell which task's video a signed link of ours leads to, or None for any other address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    _, _, rest = parts.path.rpartition("/v1/videos/")  # behind whatever a proxy puts before it
    task_id, _, tail = rest.partition("/")
    query = parse_qs(parts.query)
    if tail != "content" or not {"expires", "signature"} <= query.keys():
        return None
    if query.get("variant", ["video"])[0] != "video":
        return None
    signed = is_signed(gateway, task_id, query["expires"][0], query["signature"][0])
    return task_id if signed else None


def _sign(key: bytes, task_id: str, expires: int) -> str:
    return hashlib.blake2b(f"{task_id}.{expires}".encode(), key=key, digest_size=32).hexdigest()
