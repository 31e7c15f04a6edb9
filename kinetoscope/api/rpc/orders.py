"""From xAI's messages to an order: their fields become those that xAI's HTTP API has."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.unknown_fields import UnknownFieldSet
from xai_sdk.proto import video_pb2

from kinetoscope.api.body import Fields
from kinetoscope.api.rpc.calls import Untyped
from kinetoscope.api.xai_words import read_xai_order
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import Operation, Order
from kinetoscope.service import Gateway

_NOT_HERE = ("last_frame", "keyframes", "reference_audios", "storage_options")


def read_new(gateway: Gateway, request: Untyped) -> Order:
    """Read a ``GenerateVideoRequest``, which asks for an edit if it has a video.

    Raise InvalidOrder, naming the field and what is allowed.
    """
    fields = _fields(request)
    if request.HasField("image"):
        fields["image"] = _image(request.image)
    if request.reference_images:
        if request.HasField("image"):
            message = "image and reference_images were both given; leave one out"
            raise InvalidOrder(message, "reference_images")
        fields["reference_images"] = [_image(each) for each in request.reference_images]
    if request.HasField("generate_audio"):
        fields["generate_audio"] = request.generate_audio
    fields |= _picture(request)
    return _order(gateway, request, fields, Operation.EDIT if request.HasField("video") else None)


def read_more(gateway: Gateway, request: Untyped) -> Order:
    """Read an ``ExtendVideoRequest``, or raise InvalidOrder."""
    return _order(gateway, request, _fields(request), Operation.EXTEND)


def _fields(request: Untyped) -> Fields:
    """Read what both messages have."""
    for name in _NOT_HERE:
        if name in request.DESCRIPTOR.fields_by_name and _is_given(request, name):
            raise InvalidOrder(f"{name} is not made here; leave it out", name)
    fields: Fields = {"prompt": request.prompt}
    if request.model:
        fields["model"] = request.model
    if request.HasField("video"):
        fields["video"] = _video(request.video)
    if request.HasField("duration"):
        fields["duration"] = request.duration
    return fields


def _order(
    gateway: Gateway, request: Untyped, fields: Fields, operation: Operation | None
) -> Order:
    order = read_xai_order(fields, gateway.default_model, operation)
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
    ratio = _name(video_pb2.VideoAspectRatio, request.aspect_ratio, "aspect_ratio")
    resolution = _name(video_pb2.VideoResolution, request.resolution, "resolution")
    fields = {"aspect_ratio": ratio.replace("_", ":"), "resolution": resolution.lower()}
    return {name: value for name, value in fields.items() if value}


def _name(kind: Untyped, number: int, field: str) -> str:
    """Tell what a *number* says without its prefix; nothing if it says that it is not specified."""
    if number not in kind.values():
        raise InvalidOrder(f"{field} {number} is unknown; leave it out", field)
    prefix = kind.Name(0).removesuffix("UNSPECIFIED")
    return kind.Name(number).removeprefix(prefix) if number else ""
