"""The shapes of answers, and the headers that come with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kinetoscope.api.reference.costs import cost_schemas
from kinetoscope.api.reference.refusals import every_refusal
from kinetoscope.api.show import LEAST_POLL_MS, MOST_POLL_MS
from kinetoscope.domain.order import ASPECT_RATIOS, Operation, Tier
from kinetoscope.domain.task import Failure, Status

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TIME: Json = {"type": "integer", "description": "Unix time, in seconds."}


def ref(name: str) -> Json:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def answers() -> Json:
    """Describe every answer that is JSON."""
    return {**_video(), **_money(), **_lists(), **_account(), **_models(), **_health(), **_error()}


def headers() -> Json:
    """Describe every header of an answer that is worth reading."""
    described = {
        "x-request-id": "The name of this request, to ask the operator about.",
        "openai-poll-after-ms": "After how many milliseconds to ask again:"
        f" {LEAST_POLL_MS} to {MOST_POLL_MS}. Absent once the task has ended.",
        "Retry-After": "After how many seconds to ask again.",
        "x-ratelimit-limit-requests": "How many requests a minute the key may make.",
        "x-ratelimit-remaining-requests": "How many of them are left.",
        "x-ratelimit-reset-requests": "When all of them are back, such as `12s` or `1m0s`.",
        "x-should-retry": "`false`: asking again changes nothing. The OpenAI SDKs obey it.",
        "WWW-Authenticate": "`Bearer`.",
        "ETag": "A name for these very bytes, in quotes: of a video or a file its SHA-256.",
        "Accept-Ranges": "`bytes`.",
        "Content-Length": "The number of bytes in this answer.",
        "Content-Range": "Which bytes these are, and how many there are.",
        "Content-Disposition": "A name for the file.",
        "Cache-Control": "The file is private, and never changes.",
        "x-spritesheet": "Of a spritesheet: `frames`, `columns`, `rows`, `width` and `height` of a"
        " frame, `interval` in seconds.",
    }
    numbers = {"openai-poll-after-ms", "Retry-After", "Content-Length"}
    return {
        name: {"description": text, "schema": _COUNT if name in numbers else _TEXT}
        for name, text in described.items()
    }


def _video() -> Json:
    optional = ("completed_at", "expires_at", "url", "error")
    video = {
        "id": _says("The name of the task and of its video."),
        "task_id": _says("The same as `id`."),
        "request_id": _says("The same as a UUID; asked for by it, the task answers as xAI's do."),
        "object": {"const": "video"},
        "model": _says("The model, by the name that was asked for."),
        "status": {**_one_of(Status), "description": "Only moves forwards, as listed here."},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        "created_at": _TIME,
        "completed_at": _TIME,
        "expires_at": {**_TIME, "description": "When the video is dropped, where videos are."},
        "seconds": _says("The duration asked for; of an edit, the length of its source."),
        "size": _says("The size, in the words that were used to ask for it."),
        "prompt": _TEXT,
        "url": _says("A signed link that a browser opens without a key, for a while."),
        "error": ref("VideoError"),
        "metadata": ref("Metadata"),
    }
    output = {
        "width": _COUNT,
        "height": _COUNT,
        "seconds": {"type": "number"},
        "bytes": _COUNT,
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    failure = {"code": _one_of(Failure), "message": _TEXT}
    return {
        "Video": _object(video, "A task, and its video once it is completed.", optional),
        "Metadata": _metadata(),
        "Output": _object(output, "The measures of a completed video."),
        "VideoError": _object(failure, "Why a task failed."),
    }


def _metadata() -> Json:
    optional = ("url", "thumbnail_url", "billing", "output", "seed", "engine_notes", "test")
    metadata = {
        "operation": _one_of(Operation),
        "engine": _says("What makes the video."),
        "quote": ref("Quote"),
        "ignored": {**_list(_TEXT), "description": "Fields of the request that are not known."},
        "url": _says("The same as `url` above."),
        "thumbnail_url": _says("A signed link to a picture of the video, as `url` is to it."),
        "billing": ref("Billing"),
        "output": ref("Output"),
        "seed": {**_COUNT, "description": "With it, the same request makes the same video."},
        "engine_notes": _list(_says("What was asked for and is not shown.")),
        "test": {"const": True, "description": "Made with a test key, for nothing."},
    }
    return _object(metadata, "What OpenAI's object has no place for.", optional)


def _money() -> Json:
    amount = {
        "type": "string",
        "pattern": "^-?[0-9]+\\.[0-9]{2,6}$",
        "description": "An exact decimal of US dollars.",
    }
    lines = {"currency": {"const": "USD"}, "lines": _list(ref("Line"))}
    line = {
        "item": _says("`output_second_480p`, `output_second_720p`, `input_image`, `input_second`."),
        "quantity": _COUNT,
        "unit_price": ref("Amount"),
        "amount": ref("Amount"),
    }
    billing = {
        **lines,
        "held": ref("Amount"),
        "charged": ref("Amount"),
        "released": ref("Amount"),
        "note": _says("What was unusual."),
    }
    said = "What a task cost: `held` is `charged` and `released` together."
    return {
        "Amount": amount,
        "Line": _object(line, "`quantity` times `unit_price` is `amount`."),
        "Quote": _object({**lines, "total": ref("Amount")}, "What a task costs at most."),
        "Billing": _object(billing, said, ("note",)),
        "VideoQuote": _object(_offer(), "What a request would be and cost."),
    }


def _offer() -> Json:
    parameters = {
        "prompt": _TEXT,
        "duration": {"type": ["integer", "null"]},
        "seconds": _TEXT,
        "size": _TEXT,
        "aspect_ratio": {"type": ["string", "null"]},
        "images": _COUNT,
        "input_video_seconds": {"type": ["number", "null"]},
    }
    return {
        "object": {"const": "video.quote"},
        "model": _TEXT,
        "operation": _one_of(Operation),
        "parameters": _object(parameters, "The request as it was understood."),
        "quote": ref("Quote"),
        "total": ref("Amount"),
        "currency": {"const": "USD"},
        "ignored": _list(_TEXT),
    }


def _lists() -> Json:
    def page(name: str) -> Json:
        ends = {"type": ["string", "null"], "description": "For `after`."}
        fields = {
            "object": {"const": "list"},
            "data": _list(ref(name)),
            "has_more": {"type": "boolean"},
            "first_id": {"type": ["string", "null"]},
            "last_id": ends,
        }
        return _object(fields, "A page; `after` with its `last_id` gives the next one.")

    deleted = {
        "id": _TEXT,
        "object": {"const": "video.deleted"},
        "deleted": {"const": True},
    }
    return {
        "VideoList": page("Video"),
        "Ledger": page("LedgerEntry"),
        "VideoDeleted": _object(deleted, "The file is gone; the bill stays."),
    }


def _account() -> Json:
    day = {"type": "string", "format": "date"}
    balance = {
        "object": {"const": "balance"},
        "account": _TEXT,
        "currency": {"const": "USD"},
        "balance": ref("Amount"),
        "held": ref("Amount"),
        "available": ref("Amount"),
    }
    row = {
        "day": day,
        "key": _TEXT,
        "operation": _one_of(Operation),
        "videos": _COUNT,
        "charged": ref("Amount"),
        "refunded": ref("Amount"),
    }
    usage = {
        "object": {"const": "usage"},
        "currency": {"const": "USD"},
        "from": day,
        "to": day,
        "data": _list(ref("UsageRow")),
        "total": ref("Amount"),
    }
    entry = {
        "id": _TEXT,
        "object": {"const": "ledger.entry"},
        "kind": {"enum": ["deposit", "settlement", "refund"]},
        "amount": ref("Amount"),
        "reference": _says("What happened, once: no two entries have the same."),
        "task_id": {"type": ["string", "null"]},
        "created_at": _TIME,
        "note": _TEXT,
    }
    return {
        "Balance": _object(balance, "`available` is `balance` less `held`."),
        "UsageRow": _object(row, "What one key spent on one operation on one day (UTC)."),
        "Usage": _object(usage, "`total` is all that was charged, less what was refunded."),
        "UsageAnswer": {
            "description": "The account's own, or all of it for the key of an operator.",
            "anyOf": [ref("Usage"), ref("OperatorUsage")],
        },
        **cost_schemas(),
        "LedgerEntry": _object(entry, "One line of the journal; never edited, never deleted."),
    }


def _models() -> Json:
    def between(kind: str) -> Json:
        return {
            "type": ["object", "null"],
            "required": ["min", "max"],
            "properties": {"min": {"type": kind}, "max": {"type": kind}},
        }

    limits = {
        "images": between("integer"),
        "video": {"type": "boolean", "description": "Whether a video is needed."},
        "duration": between("integer"),
        "source_seconds": between("number"),
    }
    tiers = {tier.value: ref("Amount") for tier in Tier}
    rates = {
        "output_second": _object(tiers, "One second of video, by tier."),
        "input_image": ref("Amount"),
        "input_second": ref("Amount"),
    }
    model = {
        "id": _TEXT,
        "object": {"const": "model"},
        "created": _COUNT,
        "owned_by": _TEXT,
        "operations": {"type": "object", "additionalProperties": ref("Limits")},
        "sizes": _list(_one_of(Tier)),
        "aspect_ratios": _list(_one_of(ASPECT_RATIOS)),
        "prompt_characters": _COUNT,
        "pricing": ref("Rates"),
    }
    pricing = {
        "object": {"const": "pricing"},
        "currency": {"const": "USD"},
        "models": {"type": "object", "additionalProperties": ref("Rates")},
    }
    models = {"object": {"const": "list"}, "data": _list(ref("Model"))}
    said = "What an operation takes; `null` where it takes nothing."
    return {
        "Limits": _object(limits, said, ("source_seconds",)),
        "Rates": _object(rates, "What a second out, an image in and a second in cost."),
        "Model": _object(model, "What may be asked for, within which limits and at which price."),
        "ModelList": _object(models, "The models that the key may ask for."),
        "Pricing": _object(pricing, "The price list of every model."),
    }


def _health() -> Json:
    checks = {"type": "object", "additionalProperties": _TEXT}
    readiness = {"status": {"enum": ["ok", "unavailable"]}, "checks": checks}
    return {
        "Health": _object({"status": {"const": "ok"}}, "The process lives."),
        "Readiness": _object(readiness, "What answers, by name; `ok`, or what is wrong with it."),
    }


def _error() -> Json:
    kinds = sorted({each.example["error"]["type"] for each in every_refusal()})
    codes = list(dict.fromkeys(each.code for each in every_refusal()))
    error = {
        "message": _says("For people: the field, what was wrong, and what is allowed."),
        "type": _one_of(kinds),
        "code": {**_one_of(codes), "description": "For programs."},
        "param": {"type": ["string", "null"], "description": "The field at fault."},
    }
    inner = _object(error, "What went wrong.")
    return {"Error": _object({"error": inner}, "The one shape of every error.")}


def _object(properties: Json, description: str, optional: tuple[str, ...] = ()) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _one_of(names: Iterable[str]) -> Json:
    return {"type": "string", "enum": [str(name) for name in names]}


def _says(description: str) -> Json:
    return {"type": "string", "description": description}
