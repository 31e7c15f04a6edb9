"""The route that tells of a task as it goes."""

from __future__ import annotations

from typing import Any

import msgspec

from kinetoscope.api.events import COMPLETED, HEARTBEAT_SECONDS, MEDIA_TYPE, UPDATED
from kinetoscope.api.reference.curl import Curl
from kinetoscope.api.reference.parameters import ID, LAST_EVENT
from kinetoscope.api.reference.refusals import refused
from kinetoscope.api.reference.samples import Samples
from kinetoscope.domain import errors

Json = dict[str, Any]


def events(samples: Samples, tag: str) -> Json:
    """Give the path item of the stream, under a *tag*."""
    kinds = (errors.Unauthenticated, errors.NotFound, errors.TooManyRequests)
    return {
        "/v1/videos/{id}/events": {
            "get": {
                "operationId": "followVideo",
                "tags": [tag],
                "summary": "Follow a video",
                "description": "Answers server-sent events: one now, one whenever `status` or"
                " `progress` changes, and the last when the task ends, with which the stream ends."
                f" Each is named `{UPDATED}`, `{COMPLETED}` or `video.failed` and holds the task"
                f" as *Get a video* shows it. Every {HEARTBEAT_SECONDS:g} seconds without one"
                " there is a comment. Who comes back with `Last-Event-ID` hears only what is new.",
                "parameters": [ID, LAST_EVENT],
                "responses": {
                    "200": {
                        "description": "The events, as they happen.",
                        "headers": {"x-request-id": {"$ref": "#/components/headers/x-request-id"}},
                        "content": {MEDIA_TYPE: {"example": _sample(samples)}},
                    },
                    "204": {
                        "description": "The task has ended, and `Last-Event-ID` says that this was"
                        " heard: do not come back.",
                        "headers": {"x-request-id": {"$ref": "#/components/headers/x-request-id"}},
                    },
                    **refused(*kinds),
                },
                "x-codeSamples": [Curl(path="/v1/videos/$VIDEO/events").sample],
            }
        }
    }


def _sample(samples: Samples) -> str:
    _, value = samples.answers()["in_progress"]
    shown = msgspec.json.encode(value).decode()
    return f"retry: 2000\n\nid: 1-40\nevent: {UPDATED}\ndata: {shown}\n\n"
