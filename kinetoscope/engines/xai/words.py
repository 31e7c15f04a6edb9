"""An order in the words of xAI's SDK: what it takes, and nothing that it does not."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from kinetoscope.domain.order import AUTO, PROMPT_CHARACTERS, Input, Operation, Order, Tier
from kinetoscope.engines import Inputs
from kinetoscope.engines.xai.upstream import Upstream

# The SDK's limit on a message is 20 MiB (client.py), base64 makes four bytes of three, and the
# prompt needs room as well.
MOST_BYTES = 15_000_000

_IMAGE_NAME = re.compile(r"@image(\d+)", re.IGNORECASE | re.ASCII)
_WIDE = "16:9"  # what a text without an aspect ratio becomes


def asked(order: Order, inputs: Inputs, upstream: Upstream) -> dict[str, Any]:
    """Write *order* as arguments of ``video.start``, or of ``video.extend_start`` for an extension.

    Reads the files of inputs that stand at no public address: call it in a thread.
    """
    asked: dict[str, Any] = {
        "prompt": _prompt(order, upstream.image_base),
        "model": upstream.model,
    }
    match order.operation:
        case Operation.EDIT:
            return {**asked, "video_url": _video(inputs)}
        case Operation.EXTEND:
            return {**asked, "video_url": _video(inputs), "duration": order.duration}
        case Operation.TEXT:
            asked["aspect_ratio"] = _WIDE
        case Operation.IMAGE:
            asked["image_url"] = _images(inputs)[0]
        case Operation.REFERENCE:
            asked["reference_image_urls"] = _images(inputs)
    if order.ratio not in (None, AUTO):
        asked["aspect_ratio"] = order.ratio
    if order.sound is not None:
        asked["generate_audio"] = order.sound
    resolution = (order.tier or Tier.P480).value
    return {**asked, "duration": order.duration, "resolution": resolution}


def _prompt(order: Order, base: int) -> str:
    """Name images in xAI's notation, unless that would make the prompt too long."""
    prompt = _IMAGE_NAME.sub(lambda found: f"<IMAGE_{int(found[1]) - 1 + base}>", order.prompt)
    return prompt if len(prompt) <= PROMPT_CHARACTERS else order.prompt


def _images(inputs: Inputs) -> list[str]:
    return [_address(*each) for each in zip(inputs.images, inputs.image_paths, strict=True)]


def _video(inputs: Inputs) -> str:
    assert inputs.video is not None
    assert inputs.video_path is not None
    return _address(inputs.video, inputs.video_path, "video/mp4")  # whatever brand its file bears


def _address(found: Input, path: Path, media_type: str | None = None) -> str:
    """Write where *found* stands on the Internet, or its bytes themselves."""
    if found.url is not None:
        return found.url
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{media_type or found.media_type};base64,{data}"
