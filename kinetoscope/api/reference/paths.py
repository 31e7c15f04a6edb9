"""The routes of the API: what each is for, what it takes, and everything it may answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kinetoscope.api.reference.curl import Curl, python
from kinetoscope.api.reference.fields import FORM, JSON, form_encoding, in_form
from kinetoscope.api.reference.good import good, headers_of, pending
from kinetoscope.api.reference.parameters import (
    DAYS,
    EXPIRES,
    FORMAT,
    ID,
    IDEMPOTENCY,
    LEDGER_PAGE,
    LIST,
    READING,
    VARIANT,
    WAIT,
)
from kinetoscope.api.reference.refusals import BAD_RANGE, PACE, refused
from kinetoscope.api.reference.samples import TASK, Samples
from kinetoscope.api.reference.schemas import ref
from kinetoscope.api.reference.tags import ACCOUNT, HEALTH, MODELS, NAMES, VIDEOS
from kinetoscope.assets.stills import Still
from kinetoscope.domain import errors

Json = dict[str, Any]

_ASKS = (
    errors.InvalidOrder,
    errors.Unauthenticated,
    errors.ModelNotAllowed,
    errors.ModelNotFound,
    errors.TooLarge,
    errors.UnsupportedBody,
    errors.TooManyRequests,
)
MAKES = (
    *_ASKS,
    errors.InputUnreachable,
    errors.InputForbidden,
    errors.InsufficientBalance,
    errors.KeyLimitReached,
    errors.TooManyRunning,
    errors.IdempotencyConflict,
)
_QUOTES = (*_ASKS, errors.InputUnreachable, errors.InputForbidden)
_FINDS = (errors.Unauthenticated, errors.NotFound)
_READS = (errors.InvalidOrder, errors.Unauthenticated)
POLLED = ("openai-poll-after-ms",)
_MADE = (*POLLED, *PACE)
_FILE = ("ETag", "Accept-Ranges", "Content-Length", "Content-Disposition", "Cache-Control")


@dataclass(frozen=True, slots=True)
class Paths:
    """Describes every route; *bodies* are the schemas of requests."""

    samples: Samples
    bodies: Json

    def every(self) -> Json:
        """Give the path items of all routes, in the order in which they are read."""
        one = "/v1/videos/{id}"
        return {
            "/v1/videos": {"post": self._create(), "get": self._list()},
            one: {"get": self._get(), "delete": self._delete()},
            f"{one}/content": {"get": self._content(), "head": self._head()},
            f"{one}/cancel": {"post": self._cancel()},
            "/v1/videos/quote": {"post": self._quote()},
            "/v1/videos/edits": {"post": self._edit()},
            "/v1/videos/extensions": {"post": self._extend()},
            f"{one}/remix": {"post": self._remix()},
            **self._account(),
            **self._public(),
            **self._other_names(),
        }

    def _create(self) -> Json:
        asked = self.samples.request()
        return {
            "operationId": "createVideo",
            "tags": [VIDEOS],
            "summary": "Make a video",
            "description": "Accepts a task and answers at once. The most that it may cost is held"
            " from the balance; what it did cost is taken when it ends, and the rest given back.",
            "parameters": [IDEMPOTENCY],
            "requestBody": self._body("VideoRequest", asked),
            "responses": {**good("Video", "queued", _MADE), **refused(*MAKES)},
            "x-codeSamples": [
                Curl(path="/v1/videos", body=asked).sample,
                python(self.samples.model, asked),
            ],
        }

    def _quote(self) -> Json:
        asked = self.samples.request()
        return {
            "operationId": "quoteVideo",
            "tags": [VIDEOS],
            "summary": "Ask for the price",
            "description": "Takes the same body as *Make a video* and answers what it would be and"
            " cost at most, line by line. Makes nothing and holds nothing.",
            "requestBody": self._body("VideoRequest", asked),
            "responses": {**good("VideoQuote", "quote", PACE), **refused(*_QUOTES)},
            "x-codeSamples": [Curl(path="/v1/videos/quote", body=asked).sample],
        }

    def _edit(self) -> Json:
        asked = {"prompt": "Make it snow.", "video": {"id": TASK}}
        form = {"prompt": "Make it snow.", "video": "@fox.mp4"}
        return self._make("editVideo", "Edit a video", "EditRequest", asked) | {
            "description": "The same as *Make a video* with the operation `edit_video`. Send the"
            " video as a file, an address, or the id of one that was made here.",
            "x-codeSamples": [Curl(path="/v1/videos/edits", form=form).sample],
        }

    def _extend(self) -> Json:
        asked = {"prompt": "The fox turns round.", "video": {"id": TASK}, "seconds": "6"}
        return self._make("extendVideo", "Extend a video", "ExtendRequest", asked) | {
            "description": "The same as *Make a video* with the operation `video_extend`: the"
            " result is one file, the source and what comes after it.",
            "x-codeSamples": [Curl(path="/v1/videos/extensions", body=asked).sample],
        }

    def _remix(self) -> Json:
        asked = {"prompt": "The same in autumn."}
        made = self._make("remixVideo", "Edit an earlier video", "RemixRequest", asked)
        made["responses"] |= refused(errors.NotFound, errors.ModelNotFound)
        return made | {
            "description": "The same as *Edit a video* with a completed video of this account.",
            "parameters": [ID, IDEMPOTENCY],
            "x-codeSamples": [Curl(path="/v1/videos/$VIDEO/remix", body=asked).sample],
        }

    def _make(self, operation_id: str, summary: str, body: str, asked: Json) -> Json:
        return {
            "operationId": operation_id,
            "tags": [VIDEOS],
            "summary": summary,
            "parameters": [IDEMPOTENCY],
            "requestBody": self._body(body, asked),
            "responses": {**good("Video", "queued", _MADE), **refused(*MAKES)},
        }

    def _body(self, name: str, example: Json) -> Json:
        form = in_form(self.bodies[name])
        return {
            "required": True,
            "content": {
                JSON: {"schema": ref(name), "example": example},
                FORM: {"schema": form, "encoding": form_encoding(form)},
            },
        }

    def _get(self) -> Json:
        return {
            "operationId": "getVideo",
            "tags": [VIDEOS],
            "summary": "Get a video",
            "description": "Answers how the task stands. Cheap: ask again after"
            " `openai-poll-after-ms` milliseconds until `status` is `completed` or `failed`. By"
            " its `request_id` the task answers as xAI's do, with 202 until it has ended.",
            "parameters": [ID, WAIT],
            "responses": {
                **good("VideoAnswer", "completed", POLLED, "queued", "in_progress", "failed"),
                **pending("XaiVideo", "xai_pending", POLLED),
                **refused(*_FINDS, errors.InvalidOrder, errors.TooManyRequests),
            },
            "x-codeSamples": [Curl(path="/v1/videos/$VIDEO").sample],
        }

    def _list(self) -> Json:
        return {
            "operationId": "listVideos",
            "tags": [VIDEOS],
            "summary": "List videos",
            "description": "Answers the account's tasks, newest first.",
            "parameters": LIST,
            "responses": {**good("VideoList", "list"), **refused(*_READS)},
            "x-codeSamples": [Curl(path="/v1/videos?limit=10&status=completed").sample],
        }

    def _delete(self) -> Json:
        return {
            "operationId": "deleteVideo",
            "tags": [VIDEOS],
            "summary": "Delete a video",
            "description": "Removes the file of a task that has ended. Its bill stays.",
            "parameters": [ID],
            "responses": {
                **good("VideoDeleted", "deleted"),
                **refused(*_FINDS, errors.StillRunning),
            },
            "x-codeSamples": [Curl(verb="DELETE", path="/v1/videos/$VIDEO").sample],
        }

    def _cancel(self) -> Json:
        return {
            "operationId": "cancelVideo",
            "tags": [VIDEOS],
            "summary": "Cancel a task",
            "description": "Ends a task that no engine was asked for yet, or whose engine can stop:"
            " it is `failed` with the code `cancelled`, and costs nothing. Twice is the same"
            " as once.",
            "parameters": [ID],
            "responses": {
                **good("Video", "failed"),
                **refused(*_FINDS, errors.NotCancellable),
            },
            "x-codeSamples": [Curl(verb="POST", path="/v1/videos/$VIDEO/cancel").sample],
        }

    def _content(self) -> Json:
        types = ("video/mp4", *(still.media_type for still in Still))
        video = {each: {"schema": {"type": "string", "contentMediaType": each}} for each in types}
        kinds = (*_READS, errors.NotFound, errors.VideoNotReady, errors.VideoNotAvailable)
        path = "/v1/videos/$VIDEO/content"
        return {
            "operationId": "downloadVideo",
            "tags": [VIDEOS],
            "summary": "Download a video",
            "description": "Answers the MP4, which plays while it loads, or a picture made of it."
            " Open to a key of the account, or to whoever has the signed link in `url`.",
            "security": [{"key": []}, {"link": []}],
            "parameters": [ID, VARIANT, EXPIRES, *READING],
            "responses": {
                "200": {
                    "description": "The whole video.",
                    "headers": headers_of((*_FILE, "x-spritesheet")),
                    "content": video,
                },
                "206": {
                    "description": "The part that `Range` asked for.",
                    "headers": headers_of((*_FILE, "Content-Range")),
                    "content": video,
                },
                "304": {
                    "description": "The video that the caller has is still the one.",
                    "headers": headers_of(("ETag",)),
                },
                **refused(*kinds, errors.VideoExpired, more=(BAD_RANGE,)),
            },
            "x-codeSamples": [Curl(path=path, options=("-o fox.mp4",)).sample],
        }

    def _head(self) -> Json:
        full = self._content()
        return {
            **full,
            "operationId": "headVideo",
            "summary": "Look at a video",
            "description": "The headers of *Download a video*, and no body.",
            "responses": {
                status: {key: value for key, value in each.items() if key != "content"}
                for status, each in full["responses"].items()
            },
            "x-codeSamples": [Curl(path="/v1/videos/$VIDEO/content", options=("-I",)).sample],
        }

    def _account(self) -> Json:
        csv = {"text/csv": {"schema": {"type": "string"}}}
        usage = good("UsageAnswer", "usage", (), "operator_usage")
        usage["200"]["content"] |= csv
        shown = {
            "balance": ("getBalance", "What there is", [], good("Balance", "balance")),
            "usage": ("getUsage", "What was spent", [*DAYS, FORMAT], usage),
            "ledger": ("listLedger", "The journal", LEDGER_PAGE, good("Ledger", "ledger")),
        }
        said = {
            "balance": "Answers the balance, what of it is held for tasks that have not ended, and"
            " what is available.",
            "usage": "Answers what was charged and refunded, by day (UTC), key and operation; by"
            " default over the last 30 days. The key of an operator is answered for all accounts,"
            " by day, operation and engine, with what engines charged and what is left.",
            "ledger": "Answers every deposit, settlement and refund, newest first.",
        }
        return {
            f"/v1/{name}": {
                "get": {
                    "operationId": operation_id,
                    "tags": [ACCOUNT],
                    "summary": summary,
                    "description": said[name],
                    "parameters": parameters,
                    "responses": {
                        **answers,
                        **refused(*(_READS if parameters else (errors.Unauthenticated,))),
                    },
                    "x-codeSamples": [Curl(path=f"/v1/{name}").sample],
                }
            }
            for name, (operation_id, summary, parameters, answers) in shown.items()
        }

    def _public(self) -> Json:
        models = {
            "operationId": "listModels",
            "tags": [MODELS],
            "summary": "The models",
            "description": "Answers what this key may ask for, with operations, limits and prices.",
            "responses": {
                **good("ModelList", "models"),
                **refused(errors.Unauthenticated),
            },
            "x-codeSamples": [Curl(path="/v1/models").sample],
        }
        unready = good("Readiness", "unready")["200"]
        unready["description"] = "Something does not answer."
        return {
            "/v1/models": {"get": models},
            "/v1/pricing": _open(
                MODELS,
                ("getPricing", "The prices", "Answers the price list. It is public."),
                {**good("Pricing", "pricing"), **refused()},
                "/v1/pricing",
            ),
            "/healthz": _open(
                HEALTH,
                ("getHealth", "Does it live?", "Answers as long as the process does."),
                {**good("Health", "lives"), **refused()},
                "/healthz",
            ),
            "/readyz": _open(
                HEALTH,
                (
                    "getReadiness",
                    "Can it work?",
                    "Answers whether the database, the storage and at least one engine answer.",
                ),
                {**good("Readiness", "ready"), **refused(), "503": unready},
                "/readyz",
            ),
        }

    def _other_names(self) -> Json:
        found: Json = {}
        for number, family in enumerate(("/v1/videos/generations", "/v1/video/generations")):
            suffix = "" if number == 0 else "2"
            found[family] = {"post": _alias(self._create(), suffix, "POST /v1/videos")}
            found[f"{family}/{{id}}"] = {"get": _alias(self._get(), suffix, "GET /v1/videos/{id}")}
        wrong = {"/v1/images/generations": "Images", "/v1/chat/completions": "Chat"}
        for path, name in wrong.items():
            found[path] = {"post": self._misfit(path, name)}
        return found

    def _misfit(self, path: str, name: str) -> Json:
        asked = {"model": self.samples.model, "prompt": "a fox"}
        kinds = (errors.InvalidOrder, errors.Unauthenticated, errors.ModelNotFound)
        return {
            "operationId": f"refuse{name}",
            "tags": [NAMES],
            "summary": f"{name}: not made here",
            "description": "The models make videos. Answers 400, and says to use `/v1/videos`.",
            "requestBody": {"content": {JSON: {"schema": {"type": "object"}, "example": asked}}},
            "responses": refused(*kinds, errors.TooLarge, errors.UnsupportedBody),
            "x-codeSamples": [Curl(path=path, body=asked).sample],
        }


def _open(tag: str, said: tuple[str, str, str], responses: Json, path: str) -> Json:
    operation_id, summary, description = said
    return {
        "get": {
            "operationId": operation_id,
            "tags": [tag],
            "summary": summary,
            "description": description,
            "security": [],
            "responses": responses,
            "x-codeSamples": [Curl(path=path, public=True).sample],
        }
    }


def _alias(operation: Json, suffix: str, original: str) -> Json:
    name = operation["operationId"]
    return {
        **operation,
        "operationId": f"{name}Alias{suffix}",
        "tags": [NAMES],
        "description": f"The same as `{original}`.",
        "x-alias-of": name,
    }
