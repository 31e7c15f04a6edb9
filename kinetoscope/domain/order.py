"""An order: what was asked, and what each operation accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from kinetoscope.domain.errors import InvalidOrder

PROMPT_CHARACTERS = 4096
MOST_IMAGES = 7
MOST_SEED = 2**32 - 1
SHORTEST_RATIO, WIDEST_RATIO = 2 / 5, 5 / 2  # how far "auto" follows an image's shape
_TOLERANCE = 0.05  # seconds by which a container may miss its length

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # what no database and no JSON can hold
_IMAGE_NAME = re.compile(r"@image(\d+)", re.IGNORECASE | re.ASCII)


class Operation(StrEnum):
    """The five things that an engine can be asked for."""

    TEXT = "text_to_video"
    IMAGE = "image_to_video"
    REFERENCE = "reference_to_video"
    EDIT = "edit_video"
    EXTEND = "video_extend"


class Tier(StrEnum):
    """What an output second is priced by: the length of the picture's short side."""

    P480 = "480p"
    P720 = "720p"

    @property
    def short_side(self) -> int:
        """The short side of a picture of this tier, in pixels."""
        return int(self[:-1])

    @classmethod
    def of(cls, width: int, height: int) -> Tier:
        """Tell the tier of a picture of *width* × *height* pixels, by its short side."""
        return cls.P480 if min(width, height) <= cls.P480.short_side else cls.P720


AUTO = "auto"
ASPECT_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3")
PIXELS: Mapping[tuple[Tier, str], tuple[int, int]] = {
    (Tier.P480, "16:9"): (848, 480),
    (Tier.P480, "9:16"): (480, 848),
    (Tier.P480, "1:1"): (480, 480),
    (Tier.P480, "4:3"): (640, 480),
    (Tier.P480, "3:4"): (480, 640),
    (Tier.P480, "3:2"): (720, 480),
    (Tier.P480, "2:3"): (480, 720),
    (Tier.P720, "16:9"): (1280, 720),
    (Tier.P720, "9:16"): (720, 1280),
    (Tier.P720, "1:1"): (720, 720),
    (Tier.P720, "4:3"): (960, 720),
    (Tier.P720, "3:4"): (720, 960),
    (Tier.P720, "3:2"): (1080, 720),
    (Tier.P720, "2:3"): (720, 1080),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one operation accepts; *duration* and *source_seconds* are inclusive ranges."""

    images: tuple[int, int]
    video: bool
    duration: tuple[int, int] | None
    source_seconds: tuple[float, float] | None = None

    @property
    def most_source_seconds(self) -> int:
        """Whole seconds of input video that can be billed at most."""
        return int(-(-self.source_seconds[1] // 1)) if self.source_seconds else 0


LIMITS: Mapping[Operation, Limits] = {
    Operation.TEXT: Limits(images=(0, 0), video=False, duration=(1, 15)),
    Operation.IMAGE: Limits(images=(1, 1), video=False, duration=(1, 15)),
    Operation.REFERENCE: Limits(images=(1, MOST_IMAGES), video=False, duration=(1, 10)),
    Operation.EDIT: Limits(images=(0, 0), video=True, duration=None, source_seconds=(0.0, 8.7)),
    Operation.EXTEND: Limits(
        images=(0, 0), video=True, duration=(2, 10), source_seconds=(2.0, 15.0)
    ),
}


@dataclass(frozen=True, slots=True)
class Source:
    """An image or a video as the caller named it: an address, an upload, or what is kept here.

    *task_id* is an earlier video, and *file_id* a file that the account keeps.
    *digest* is the SHA-256 of an upload, in hex, so that equal requests can be told.
    """

    url: str | None = None
    upload: BinaryIO | None = field(default=None, compare=False, repr=False)
    task_id: str | None = None
    digest: str = ""
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A source after it was fetched, checked and kept in the store under *key*.

    *seconds* is the measured length of a video; *url* is the https address on the public Internet
    at which the same bytes stand, if there is one.
    """

    key: str
    media_type: str
    size: int
    width: int
    height: int
    seconds: float | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked, complete and valid.

    *duration* is in seconds, of the part to be made; *tier* and *ratio* are None where the
    picture follows the source. *size* is the caller's own word for the size, to be shown again.
    *seed* makes the same request the same film again, and *sound* says whether it is to have any;
    None leaves that to the engine. *webhook_url* is who is to be told when it has ended.
    """

    model: str
    operation: Operation
    prompt: str
    duration: int | None = None
    tier: Tier | None = None
    ratio: str | None = None
    size: str = ""
    images: tuple[Source, ...] = ()
    video: Source | None = None
    input_video_seconds: int | None = None
    seed: int | None = None
    sound: bool | None = None
    webhook_url: str | None = None
    ignored: tuple[str, ...] = ()


def check(order: Order) -> None:
    """Raise InvalidOrder, naming the field and what is allowed, if *order* cannot be made."""
    _check_prompt(order)
    _check_inputs(order)
    _check_duration(order)
    _check_picture(order)


def check_source_seconds(operation: Operation, seconds: float) -> None:
    """Raise InvalidOrder if a video of *seconds* is too short or too long for *operation*."""
    allowed = LIMITS[operation].source_seconds
    if allowed is None:
        return
    least, most = allowed
    if not least - _TOLERANCE <= seconds <= most + _TOLERANCE:
        needs = f"at most {most:g}" if not least else f"{least:g} to {most:g}"
        message = f"{operation} takes a video of {needs} seconds; this one has {seconds:.2f}"
        raise InvalidOrder(message, "video")


def check_file_seconds(seconds: float) -> None:
    """Raise InvalidOrder if no operation takes a video of *seconds*."""
    longest = max(each.source_seconds[1] for each in LIMITS.values() if each.source_seconds)
    if seconds > longest + _TOLERANCE:
        message = f"the video has {seconds:.2f} seconds; videos of at most {longest:g} are taken"
        raise InvalidOrder(message, "file")


def frame(order: Order, image: Input | None) -> tuple[int, int]:
    """Tell the width and height in pixels, both even, of what *order* makes from text or images."""
    tier = order.tier or Tier.P480
    if order.ratio not in (None, AUTO):
        return PIXELS[tier, str(order.ratio)]
    if image is None:
        return PIXELS[tier, "16:9"]
    shape = min(max(image.width / image.height, SHORTEST_RATIO), WIDEST_RATIO)
    short = tier.short_side
    if shape >= 1:
        return round(short * shape / 2) * 2, short
    return short, round(short / shape / 2) * 2


def whole_seconds(seconds: float) -> int:
    """Count measured *seconds* up to whole ones; a container may miss its length by 0.05 s."""
    return max(1, int(-(-(seconds - _TOLERANCE) // 1)))


def image_numbers(prompt: str) -> list[int]:
    """List the numbers of the images that *prompt* names as ``@Image1``, ``@Image2``, …"""
    return [int(number) for number in _IMAGE_NAME.findall(prompt)]


def _check_prompt(order: Order) -> None:
    length = len(order.prompt)
    if not order.prompt.strip():
        raise InvalidOrder("prompt is required: 1 to 4,096 characters", "prompt")
    if length > PROMPT_CHARACTERS:
        message = f"prompt has {length:,} characters; 1 to 4,096 are allowed"
        raise InvalidOrder(message, "prompt")
    if _UNWRITABLE.search(order.prompt):
        message = "prompt must not contain U+0000 or half of a surrogate pair"
        raise InvalidOrder(message, "prompt")
    for number in image_numbers(order.prompt):
        if not 1 <= number <= len(order.images):
            there = f"there are {len(order.images)}" if order.images else "there is none"
            message = f"prompt names @Image{number}, but {there} (images are counted from 1)"
            raise InvalidOrder(message, "prompt")


def _check_inputs(order: Order) -> None:
    operation, limits = order.operation, LIMITS[order.operation]
    if limits.video and order.video is None:
        raise InvalidOrder(f"{operation} needs a video, and none was given", "video")
    if not limits.video and order.video is not None:
        raise InvalidOrder(f"{operation} takes no video; leave it out", "video")
    least, most = limits.images
    given = len(order.images)
    if least <= given <= most:
        return
    wanted = {0: "no image", 1: "one image"}.get(most, f"{least} to {most} images")
    field_name = "images" if most > 1 or given > 1 else "image"
    raise InvalidOrder(f"{operation} takes {wanted}; {given} were given", field_name)


def _check_duration(order: Order) -> None:
    operation, allowed = order.operation, LIMITS[order.operation].duration
    if allowed is None:
        if order.duration is not None:
            message = f"{operation} keeps the length of its source; leave duration out"
            raise InvalidOrder(message, "duration")
        return
    least, most = allowed
    if order.duration is None:
        message = f"duration is required for {operation}: {least} to {most} seconds"
        raise InvalidOrder(message, "duration")
    if not least <= order.duration <= most:
        message = f"{operation} takes {least} to {most} seconds; {order.duration} were asked for"
        raise InvalidOrder(message, "duration")


def _check_picture(order: Order) -> None:
    operation = order.operation
    if LIMITS[operation].video and order.ratio is not None:
        message = f"{operation} follows the picture of its source; leave aspect_ratio out"
        raise InvalidOrder(message, "aspect_ratio")
    if operation is Operation.EXTEND and order.tier is not None:
        message = "video_extend follows the size of its source; leave size out"
        raise InvalidOrder(message, "size")
    if order.ratio == AUTO and not order.images:
        message = f"aspect_ratio auto follows an image, and there is none: {_RATIOS}"
        raise InvalidOrder(message, "aspect_ratio")


_RATIOS = "use one of " + ", ".join(ASPECT_RATIOS)
