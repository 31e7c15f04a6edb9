"""The routes of other dialects: xAI's video API, and what OpenAI's has beside videos."""

from __future__ import annotations

from typing import Any

import msgspec

from kinetoscope.api.door import show_error
from kinetoscope.api.reference.curl import Curl
from kinetoscope.api.reference.fields import IMAGE, JSON, VIDEO
from kinetoscope.api.reference.good import good, pending
from kinetoscope.api.reference.parameters import ID, IDEMPOTENCY
from kinetoscope.api.reference.paths import MAKES, POLLED
from kinetoscope.api.reference.refusals import every_refusal, refused
from kinetoscope.api.reference.samples import TASK, Samples
from kinetoscope.api.reference.schemas import ref
from kinetoscope.api.reference.tags import MODELS, VIDEOS
from kinetoscope.api.show import to_json
from kinetoscope.api.xai import in_xai_words, show_xai_model
from kinetoscope.api.xai_words import DONE, EXPIRED, FAILED, PENDING, SECONDS, show_xai
from kinetoscope.db.ids import as_uuid
from kinetoscope.domain import errors
from kinetoscope.domain.order import ASPECT_RATIOS, MOST_IMAGES, PROMPT_CHARACTERS, Operation, Tier
from kinetoscope.service import GROK_NAMES, Gateway

Json = dict[str, Any]

XAI = "xAI's dialect"
TAGS = {
    XAI: "For programs that were written for xAI's video API: the base URL is `/xai/v1`. The same"
    " tasks, limits and prices; requests, answers and errors are shaped as xAI's.",
}

_PROMPT = "A fox crosses a frozen lake at dawn."
_MODEL_NAME: Json = {**ID, "description": "Any name of a model."}
_REQUEST_ID: Json = {**ID, "description": "The `request_id` that was answered."}


def dialect_paths(model: str) -> Json:
    """Give the path items of these routes."""
    asked = {"model": model, "prompt": _PROMPT, "duration": 6, "resolution": Tier.P720.value}
    source = {"prompt": "Make it snow.", "video": {"url": "https://example.com/fox.mp4"}}
    videos = "/xai/v1/videos"
    return {
        **_models("/v1/models/{id}", model),
        **_characters(),
        f"{videos}/generations": _makes("Make a video", "XaiGeneration", asked),
        f"{videos}/edits": _makes("Edit a video", "XaiEdit", source),
        f"{videos}/extensions": _makes("Extend a video", "XaiExtension", {**source, "duration": 6}),
        f"{videos}/{{id}}": {"get": _poll()},
        **_xai_models(model),
    }


def dialect_schemas(models: list[str]) -> Json:
    """Describe the requests and answers of xAI's shape."""
    text: Json = {"type": "string"}
    count: Json = {"type": "integer", "minimum": 0}
    code = {**text, "description": "The kind of error, and behind a colon which of ours it is."}
    ignored = {
        "type": "array",
        "items": text,
        "description": "Fields of the request that changed nothing.",
    }
    result = {"url": text, "duration": count, "respect_moderation": {"type": "boolean"}}
    video = {
        "status": {"type": "string", "enum": [PENDING, DONE, FAILED, EXPIRED]},
        "model": text,
        "progress": {**count, "maximum": 100},
        "video": _object(result, "`url` opens without a key, for a while."),
        "usage": _object({"cost_in_usd_ticks": count}, "What was charged: 10^10 ticks are $1."),
        "error": _object({"code": text, "message": text}, "Why there is no video."),
        "ignored": ignored,
    }
    names = {"type": "array", "items": text}
    listed = {
        "id": text,
        "object": {"const": "model"},
        "created": count,
        "owned_by": text,
        "version": text,
        "fingerprint": text,
        "aliases": names,
        "input_modalities": names,
        "output_modalities": names,
    }
    accepted = {"request_id": {**text, "format": "uuid"}, "ignored": ignored}
    optional = ("video", "usage", "error", "ignored")
    return {
        **_bodies(models),
        "XaiAccepted": _object(accepted, "A task; ask for it by its id.", ("ignored",)),
        "XaiVideo": _object(video, "A task as xAI's clients read it.", optional),
        "XaiModel": _object(listed, "A model, as xAI lists its own."),
        "XaiModelList": _object(
            {"models": {"type": "array", "items": ref("XaiModel")}}, "What the key may ask for."
        ),
        "XaiError": _object({"code": code, "error": text}, "The shape of every error here."),
        "VideoAnswer": {
            "description": "A task; in xAI's shape if it was asked for by its `request_id`.",
            "anyOf": [ref("Video"), ref("XaiVideo")],
        },
    }


def dialect_examples(gateway: Gateway, samples: Samples) -> Json:
    """Give the examples of xAI's shape, made by the code that makes the real answers."""
    link = f"https://video.example.com/v1/videos/{TASK}/content?expires=1790089200&signature=…"
    done = samples.completed
    model = show_xai_model(gateway, samples.model, gateway.models[samples.model])
    shown = {
        "xai_accepted": ("Accepted", {"request_id": as_uuid(TASK)}),
        "xai_pending": ("Not done yet", show_xai(samples.working, None, gone=False)),
        "xai_done": ("Done", show_xai(done, link, gone=False)),
        "xai_failed": ("Failed", show_xai(samples.failed, None, gone=False)),
        "xai_expired": ("Not held any more", show_xai(done, None, gone=True)),
        "xai_model": ("A model", model),
        "xai_models": ("The models", {"models": [model]}),
        "model": ("A model", samples.model_shown),
    }
    examples = {
        name: {"summary": summary, "value": msgspec.json.decode(to_json(value))}
        for name, (summary, value) in shown.items()
    }
    for each in every_refusal():
        said = in_xai_words(show_error(each.status, each.message, each.code), had_key=False)
        value = msgspec.json.decode(said.body)
        examples[f"xai_{each.code}"] = {"summary": value["code"], "value": value}
    return examples


def _bodies(models: list[str]) -> Json:
    names = sorted({*models, *GROK_NAMES})
    words = {
        "model": {"type": "string", "enum": names, "description": "The default one otherwise."},
        "prompt": {
            "type": "string",
            "maxLength": PROMPT_CHARACTERS,
            "description": "What to show. `<IMAGE_1>` or `@Image1` names the first reference. May"
            " be left out with one image.",
        },
    }
    picture = {
        "aspect_ratio": {"type": "string", "enum": list(ASPECT_RATIOS)},
        "resolution": {"type": "string", "enum": [tier.value for tier in Tier]},
        "generate_audio": {"type": "boolean", "description": "Whether the video has sound."},
        "image": {**IMAGE, "description": "The image to begin with."},
        "reference_images": {"type": "array", "items": IMAGE, "maxItems": MOST_IMAGES},
    }
    source = {"video": {**VIDEO, "description": "The video to begin with."}}
    return {
        "XaiGeneration": _object(
            {**words, **_seconds(None), **picture},
            "What to make. Of xAI's fields, `last_frame`, `keyframes`, `reference_audios` and"
            " `output` are refused; what changes nothing is listed in `ignored`.",
            (*words, "duration", *picture),
        ),
        "XaiEdit": _object({**words, **source}, "What to change.", ("model",)),
        "XaiExtension": _object(
            {**words, **source, **_seconds(Operation.EXTEND)},
            "How it goes on.",
            ("model", "duration"),
        ),
    }


def _seconds(operation: Operation | None) -> Json:
    said = "How many whole seconds to make; `seconds` is the same."
    return {"duration": {"type": "integer", "default": SECONDS[operation], "description": said}}


def _makes(summary: str, body: str, asked: Json) -> Json:
    path = {"XaiGeneration": "generations", "XaiEdit": "edits", "XaiExtension": "extensions"}[body]
    return {
        "post": {
            "operationId": f"make{body}",
            "tags": [XAI],
            "summary": summary,
            "description": "Accepts a task and answers at once, as `POST /v1/videos` does.",
            "parameters": [IDEMPOTENCY],
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": ref(body), "example": asked}},
            },
            "responses": {**good("XaiAccepted", "xai_accepted"), **_refused(*MAKES)},
            "x-codeSamples": [Curl(path=f"/xai/v1/videos/{path}", body=asked).sample],
        }
    }


def _poll() -> Json:
    return {
        "operationId": "getXaiVideo",
        "tags": [XAI],
        "summary": "Get a video",
        "description": "Answers how the task stands: 202 until it has ended.",
        "parameters": [_REQUEST_ID],
        "responses": {
            **good("XaiVideo", "xai_done", (), "xai_failed", "xai_expired"),
            **pending("XaiVideo", "xai_pending", POLLED),
            **_refused(errors.Unauthenticated, errors.NotFound),
        },
        "x-codeSamples": [Curl(path="/xai/v1/videos/$REQUEST_ID").sample],
    }


def _models(path: str, model: str, prefix: str = "", tag: str = MODELS) -> Json:
    kinds = (errors.Unauthenticated, errors.ModelNotAllowed, errors.ModelNotFound)
    return {
        path: {
            "get": {
                "operationId": f"get{prefix}Model",
                "tags": [tag],
                "summary": "One model",
                "description": "Answers a model by any of its names, with limits and prices.",
                "parameters": [_MODEL_NAME],
                "responses": {
                    **good("Model", "model"),
                    **(_refused(*kinds) if prefix else refused(*kinds)),
                },
                "x-codeSamples": [Curl(path=path.replace("{id}", model)).sample],
            }
        }
    }


def _xai_models(model: str) -> Json:
    listing, plain = "/xai/v1/video-generation-models", "/xai/v1/models"
    kinds = (errors.Unauthenticated, errors.ModelNotAllowed, errors.ModelNotFound)
    one = {
        "operationId": "getXaiVideoModel",
        "tags": [XAI],
        "summary": "One model",
        "description": "Answers a model by any of its names.",
        "parameters": [_MODEL_NAME],
        "responses": {**good("XaiModel", "xai_model"), **_refused(*kinds)},
        "x-codeSamples": [Curl(path=f"{listing}/{model}").sample],
    }
    return {
        listing: {"get": _list("XaiVideoModels", good("XaiModelList", "xai_models"), listing)},
        f"{listing}/{{id}}": {"get": one},
        plain: {"get": _list("XaiModels", good("ModelList", "models"), plain)},
        **_models(f"{plain}/{{id}}", model, "Xai", XAI),
    }


def _list(name: str, answers: Json, path: str) -> Json:
    return {
        "operationId": f"list{name}",
        "tags": [XAI],
        "summary": "The models",
        "description": "Answers what this key may ask for.",
        "responses": {**answers, **_refused(errors.Unauthenticated)},
        "x-codeSamples": [Curl(path=path).sample],
    }


def _characters() -> Json:
    path = "/v1/videos/characters"
    return {
        path: {"post": _absent("createCharacter", [], Curl(verb="POST", path=path))},
        f"{path}/{{id}}": {"get": _absent("getCharacter", [ID], Curl(path=f"{path}/char_1"))},
    }


def _absent(operation_id: str, parameters: list[Json], sample: Curl) -> Json:
    return {
        "operationId": operation_id,
        "tags": [VIDEOS],
        "summary": "Characters: not kept here",
        "description": "Answers 501: send pictures of the character as `reference_images`.",
        "parameters": parameters,
        "responses": refused(errors.Unauthenticated, errors.NotOffered),
        "x-codeSamples": [sample.sample],
    }


def _refused(*kinds: type[errors.KinetoscopeError]) -> Json:
    """Describe the error answers of a route in xAI's shape."""
    found = refused(*kinds)
    for answer in found.values():
        codes = answer["content"][JSON]["examples"]
        named = {code: {"$ref": f"#/components/examples/xai_{code}"} for code in codes}
        answer["content"] = {JSON: {"schema": ref("XaiError"), "examples": named}}
    return found


def _object(properties: Json, description: str, optional: tuple[str, ...] = ()) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }
