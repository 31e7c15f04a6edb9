"""From xAI's messages to an order: its words become the fields that HTTP has."""

from __future__ import annotations

import re
from dataclasses import replace

from google.protobuf.unknown_fields import UnknownFieldSet
from xai_sdk.proto import video_pb2

from kinetoscope.api.body import Fields
from kinetoscope.api.rpc.calls import Untyped
from kinetoscope.api.wire import read_order
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import Operation, Order, Tier
from kinetoscope.service import Gateway

MODEL = "grok-imagine-video"
SECONDS, MORE_SECONDS = 8, 6  # of a video and of an extension, where xAI is not told

_IMAGE_NAME = re.compile(r"<IMAGE_(\d{1,4})>", re.IGNORECASE | re.ASCII)
_NOT_HERE = ("last_frame", "keyframes", "reference_audios", "storage_options")
_OF_THE_SOURCE = ("duration", "aspect_ratio", "resolution")


def name_images(prompt: str) -> str:
    """Write xAI's ``<IMAGE_1>`` as ``@Image1``."""
    return _IMAGE_NAME.sub(r"@Image\1", prompt)


def model_here(gateway: Gateway, name: str) -> str:
    """Tell which model xAI's *name* stands for here: the default one, unless it is known."""
    known = name in gateway.models or name in gateway.aliases
    xai = name == MODEL or name.startswith(f"{MODEL}-")
    return gateway.default_model if not name or (xai and not known) else name


def read_new(gateway: Gateway, request: Untyped) -> Order:
    """Read a ``GenerateVideoRequest``, which asks for an edit if it has a video.

    Raise InvalidOrder, naming the field and what is allowed.
    """
    fields = _fields(gateway, request)
    operation = None
    if request.HasField("image"):
        fields["image"] = _image(request.image)
    if request.reference_images:
        if request.HasField("image"):
            message = "image and reference_images were both given; leave one out"
            raise InvalidOrder(message, "reference_images")
        fields["reference_images"] = [_image(each) for each in request.reference_images]
        operation = Operation.REFERENCE
    if request.HasField("generate_audio"):
        fields["generate_audio"] = request.generate_audio
    if request.HasField("video"):
        return _edit(gateway, request, {**fields, "video": _video(request.video)})
    fields["duration"] = request.duration if request.HasField("duration") else SECONDS
    fields |= _picture(request)
    return _order(gateway, request, fields, operation)


def read_more(gateway: Gateway, request: Untyped) -> Order:
    """Read an ``ExtendVideoRequest``, or raise InvalidOrder."""
    fields = _fields(gateway, request)
    if request.HasField("video"):
        fields["video"] = _video(request.video)
    fields["duration"] = request.duration if request.HasField("duration") else MORE_SECONDS
    return _order(gateway, request, fields, Operation.EXTEND)


def _fields(gateway: Gateway, request: Untyped) -> Fields:
    for name in _NOT_HERE:
        if name in request.DESCRIPTOR.fields_by_name and _is_given(request, name):
            raise InvalidOrder(f"{name} is not made here; leave it out", name)
    return {"prompt": name_images(request.prompt), "model": model_here(gateway, request.model)}


def _edit(gateway: Gateway, request: Untyped, fields: Fields) -> Order:
    """Read an edit; xAI lets what its source decides pass unheeded, and so do we, and say so."""
    order = _order(gateway, request, fields, Operation.EDIT)
    unheeded = [name for name in _OF_THE_SOURCE if request.HasField(name)]
    return replace(order, ignored=(*order.ignored, *unheeded))


def _order(
    gateway: Gateway,
    request: Untyped,
    fields: Fields,
    operation: Operation | None,
) -> Order:
    order = read_order(fields, gateway.default_model, operation)
    later = [f"field {each.field_number}" for each in UnknownFieldSet(request)]
    return replace(order, ignored=(*order.ignored, *later)) if later else order


def _is_given(request: Untyped, name: str) -> bool:
    given = getattr(request, name)
    return request.HasField(name) if hasattr(given, "DESCRIPTOR") else bool(given)


def _image(content: Untyped) -> Fields:
    return {"file_id": content.file_id} if content.file_id else {"url": content.image_url}


def _video(content: Untyped) -> Fields:
    return {"file_id": content.file_id} if content.file_id else {"url": content.url}


def _picture(request: Untyped) -> Fields:
    """Read size and shape by the names of their numbers."""
    fields = {}
    if ratio := _name(video_pb2.VideoAspectRatio, request.aspect_ratio, "aspect_ratio"):
        fields["aspect_ratio"] = ratio.replace("_", ":")
    if resolution := _name(video_pb2.VideoResolution, request.resolution, "resolution").lower():
        if resolution not in set(Tier):
            message = f"resolution {resolution} is not made here; use {' or '.join(Tier)}"
            raise InvalidOrder(message, "resolution")
        fields["size"] = resolution
    return fields


def _name(kind: Untyped, number: int, field: str) -> str:
    """Tell what a *number* says without its prefix; nothing if it says that it is not specified."""
    if number not in kind.values():
        raise InvalidOrder(f"{field} {number} is unknown; leave it out", field)
    prefix = kind.Name(0).removesuffix("UNSPECIFIED")
    return kind.Name(number).removeprefix(prefix) if number else ""
