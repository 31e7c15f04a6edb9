"""What the body of a request may hold: its fields, and the shapes that routes take of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kinetoscope.domain.order import (
    ASPECT_RATIOS,
    AUTO,
    LIMITS,
    MOST_IMAGES,
    MOST_SEED,
    PIXELS,
    PROMPT_CHARACTERS,
    Operation,
    Tier,
)
from kinetoscope.outbound import URL_CHARACTERS

Json = dict[str, Any]

JSON = "application/json"
FORM = "multipart/form-data"
_IMAGE_TYPES = "image/png, image/jpeg, image/webp"
_VIDEO_TYPES = "video/mp4, video/quicktime"

_DURATIONS = [limits.duration for limits in LIMITS.values() if limits.duration]
_LEAST = min(least for least, _ in _DURATIONS)
_MOST = max(most for _, most in _DURATIONS)
_SIZES = [tier.value for tier in Tier] + [f"{wide}x{high}" for wide, high in PIXELS.values()]
_RANGES = ", ".join(
    f"`{operation}` {limits.duration[0]} to {limits.duration[1]}"
    for operation, limits in LIMITS.items()
    if limits.duration
)

IMAGE = {"$ref": "#/components/schemas/ImageSource"}
VIDEO = {"$ref": "#/components/schemas/VideoSource"}
_DIGITS = "^[0-9]{1,9}$"


def sources() -> Json:
    """Describe the ways to name an image or a video."""
    address = {
        "type": "string",
        "pattern": "^\\s*([hH][tT][tT][pP][sS]?|[dD][aA][tT][aA]):",
        "description": "An `http`, `https` or `data:` URL.",
        "examples": ["https://example.com/fox.png"],
    }
    nested = {"anyOf": [_ref("Address"), _holds({"url": _ref("Address")})]}
    kept = _holds({"file_id": {"type": "string", "minLength": 1, "maxLength": 100}})
    kept["description"] = "A file of this account, as `POST /v1/files` answered it."
    earlier = _holds({"id": {"type": "string", "minLength": 1, "maxLength": 100}})
    earlier["description"] = "A completed video of this account."
    return {
        "Address": address,
        "ImageSource": {
            "description": "An image: its address, or an object that holds it.",
            "anyOf": [
                _ref("Address"),
                _holds({"url": nested}),
                _holds({"image_url": nested}),
                kept,
            ],
        },
        "VideoSource": {
            "description": 'A video: its address, an object that holds it, or `{"id": …}` of one'
            " that was made here.",
            "anyOf": [
                _ref("Address"),
                _holds({"url": nested}),
                _holds({"video_url": nested}),
                kept,
                earlier,
            ],
        },
    }


def asked(default_model: str, models: Iterable[str]) -> Json:
    """Describe the JSON bodies of the routes that make a video."""
    plain = _plain(default_model, list(models))
    inputs, operation = _inputs(), _operation()
    most = {**plain, **_picture(), **_length(), **inputs, **operation}
    extra = {
        "type": "object",
        "description": "Where the OpenAI SDKs put what they do not know. Any field may stand here"
        " or at the top level; two different values of one are refused.",
        "properties": operation,
        "additionalProperties": True,
    }
    size = {"size": most["size"]}
    seconds = {name: _length()[name] for name in ("seconds", "duration")}
    video = {"video": most["video"]}
    return {
        "VideoRequest": _body({**most, "extra_body": extra}, ["prompt"]),
        "EditRequest": _body({**plain, **video, **size}, ["prompt", "video"]),
        "ExtendRequest": _body({**plain, **video, **seconds}, ["prompt", "video"]),
        "RemixRequest": _body({**plain, **size}, ["prompt"]),
    }


def in_form(schema: Json) -> Json:
    """Describe the form that says the same as the JSON body *schema*: files may stand in it."""
    changed = {name: _FORM_FIELDS.get(name) for name in schema["properties"]}
    fields = {
        name: form or schema["properties"][name]
        for name, form in changed.items()
        if name not in ("image_urls", "reference_images", "videos")
    }
    return {**schema, "properties": fields}


def form_encoding(schema: Json) -> Json:
    """Say which types the files of a form may have."""
    types = {"image": _IMAGE_TYPES, "images": _IMAGE_TYPES, "input_reference": _IMAGE_TYPES}
    types["video"] = _VIDEO_TYPES
    return {
        name: {"contentType": f"{types[name]}, text/plain"}
        for name in schema["properties"]
        if name in types
    }


def _plain(default_model: str, models: list[str]) -> Json:
    return {
        "prompt": {
            "type": "string",
            "minLength": 1,
            "maxLength": PROMPT_CHARACTERS,
            "description": "What to show. `@Image1`, `@Image2`, … name the images, counted from 1.",
            "examples": ["A fox crosses a frozen lake at dawn."],
        },
        "model": {
            "type": "string",
            "enum": models,
            "default": default_model,
            "description": "Which model to ask; the answer bears the name that was asked for.",
        },
        "webhook_url": {
            "type": "string",
            "maxLength": URL_CHARACTERS,
            "description": "An https address that is told when this task has ended, beside the"
            " endpoints of the account. `GET /v1/webhook_secret` tells what signs it.",
        },
    }


def _picture() -> Json:
    return {
        "size": {
            "type": "string",
            "pattern": "^\\s*([0-9]{3,5}[pP]|[0-9]{2,5}[xX][0-9]{2,5})\\s*$",
            "default": Tier.P480.value,
            "examples": _SIZES,
            "description": "The tier, or pixels that set tier and aspect ratio. Not for"
            " `video_extend`; of `edit_video` the tier that is expected.",
        },
        "resolution": {
            "type": "string",
            "pattern": "^\\s*[0-9]{3}[pP]\\s*$",
            "examples": [tier.value for tier in Tier],
            "description": "The tier, as xAI names it; the same as `size` where both are given.",
        },
        "aspect_ratio": {
            "type": "string",
            "enum": [*ASPECT_RATIOS, AUTO],
            "description": "The shape of the picture: `16:9` unless said otherwise; `auto`, the"
            " default with one image, follows the image. Not for `edit_video` and"
            " `video_extend`, which follow their source.",
        },
    }


def _length() -> Json:
    whole = [
        {"type": "integer", "minimum": _LEAST, "maximum": _MOST},
        {"type": "string", "pattern": _DIGITS},
    ]
    return {
        "seconds": {
            "anyOf": whole,
            "examples": [6, "6"],
            "description": f"How many seconds to make: {_RANGES}. Not for `edit_video`.",
        },
        "duration": {
            "anyOf": whole,
            "examples": [6, "6"],
            "description": "The same as `seconds`, of which only one may be given.",
        },
    }


def _inputs() -> Json:
    return {
        "image": {**IMAGE, "description": "The image to begin with, or the one reference."},
        "images": {
            "type": "array",
            "items": IMAGE,
            "maxItems": MOST_IMAGES,
            "description": f"References, at most {MOST_IMAGES}; one makes `image_to_video`.",
        },
        "input_reference": {**IMAGE, "description": "The same as `image`, as OpenAI names it."},
        "image_url": {**IMAGE, "description": "The same as `image`."},
        "image_urls": {
            "type": "array",
            "items": IMAGE,
            "maxItems": MOST_IMAGES,
            "description": "The same as `images`.",
        },
        "reference_images": {
            "type": "array",
            "items": IMAGE,
            "maxItems": MOST_IMAGES,
            "description": "The same as `images`.",
        },
        "video": {**VIDEO, "description": "The video to edit or to extend."},
        "videos": {
            "type": "array",
            "items": VIDEO,
            "maxItems": 1,
            "description": "The same as `video`, in a list of one.",
        },
        "video_url": {**VIDEO, "description": "The same as `video`."},
    }


def _operation() -> Json:
    return {
        "operation": {
            "type": "string",
            "enum": [operation.value for operation in Operation],
            "description": "What to make of it; by default what the inputs and the duration say.",
        },
        "input_video_seconds": {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": _DIGITS},
            ],
            "description": "An estimate of the length of `video`. The price follows the measured"
            " length.",
        },
        "seed": {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MOST_SEED},
                {"type": "string", "pattern": "^[0-9]{1,10}$"},
            ],
            "description": "Makes the same request the same video again, where the engine can;"
            " otherwise `metadata.ignored` lists it.",
        },
        "generate_audio": {
            "anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}],
            "description": "Whether the video has sound; by default it has, where the engine makes"
            " any.",
        },
    }


def _body(properties: Json, required: list[str]) -> Json:
    return {
        "type": "object",
        "description": "Fields that are not known change nothing; the answer lists them in"
        " `metadata.ignored`.",
        "required": required,
        "properties": properties,
        "additionalProperties": True,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _holds(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


_FILE: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
_FORM_FIELDS: Mapping[str, Json] = {
    "image": {**_FILE, "description": "A PNG, JPEG or WebP file, or its address as text."},
    "images": {
        "type": "array",
        "items": _FILE,
        "maxItems": MOST_IMAGES,
        "description": f"Up to {MOST_IMAGES} files, each as `images[]`, or addresses.",
    },
    "input_reference": {**_FILE, "description": "The same as `image`, as OpenAI names it."},
    "video": {**_FILE, "description": "An MP4 file, or its address as text."},
    "extra_body": {
        "type": "string",
        "contentMediaType": JSON,
        "description": "The same as in JSON: as text, or in brackets, as in"
        " `extra_body[operation]`.",
    },
}
