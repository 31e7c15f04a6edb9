"""What is sent for an order: all that xAI needs, explicit, and nothing else of the caller's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kinetoscope.domain.order import PROMPT_CHARACTERS, Operation, Order, Tier
from kinetoscope.engines import Inputs
from kinetoscope.engines.xai import Xai
from kinetoscope.engines.xai.words import MOST_BYTES
from tests.engines.xai.stand import (
    KEY,
    begun,
    engine_at,
    image,
    text,
    video,
    with_images,
    with_video,
)
from tests.engines.xai_server import XaiServer

P480, P720 = 1, 2  # VideoResolution in video.proto
RATIO_1_1, RATIO_16_9 = 1, 2  # VideoAspectRatio there
PUBLIC = "https://pictures.example.com/fox.png"


async def sent(engine: Xai, xai: XaiServer, order: Order, inputs: Inputs | None = None) -> Any:
    """Send an order and tell what arrived."""
    await begun(engine, order, inputs)
    return xai.made[-1].request


def fields(request: Any) -> set[str]:
    return {field.name for field, _ in request.ListFields()}


async def test_a_text_says_length_size_and_shape(engine: Xai, xai: XaiServer) -> None:
    request = await sent(engine, xai, text(tier=Tier.P720, duration=6))

    assert fields(request) == {"prompt", "model", "duration", "resolution", "aspect_ratio"}
    assert (request.prompt, request.model) == ("a fox in the snow", "grok-imagine-video")
    assert (request.duration, request.resolution) == (6, P720)
    assert request.aspect_ratio == RATIO_16_9
    assert xai.made[-1].key == KEY


async def test_a_silent_video_is_asked_for_only_on_request(engine: Xai, xai: XaiServer) -> None:
    request = await sent(engine, xai, text(sound=False, seed=7))

    assert request.HasField("generate_audio")
    assert not request.generate_audio


async def test_an_image_is_sent_as_data_and_auto_is_dropped(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    """XAI answers ``auto`` with an error; without a shape it follows the image."""
    inputs = with_images(image(tmp_path))

    request = await sent(engine, xai, text(operation=Operation.IMAGE, ratio="auto"), inputs)

    assert fields(request) == {"prompt", "model", "duration", "resolution", "image"}
    assert xai.made[-1].images == [(tmp_path / "0").read_bytes()]
    assert request.image.image_url.startswith("data:image/png;base64,")
    assert request.resolution == P480


async def test_an_image_that_anybody_can_read_is_sent_by_its_address(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    inputs = with_images(image(tmp_path, url=PUBLIC))

    request = await sent(engine, xai, text(operation=Operation.IMAGE, ratio="1:1"), inputs)

    assert request.image.image_url == PUBLIC
    assert request.aspect_ratio == RATIO_1_1


async def test_references_keep_their_order_and_their_names_in_the_prompt(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    """C16."""
    inputs = with_images(image(tmp_path, "0", url=PUBLIC), image(tmp_path, "1"))
    order = text(operation=Operation.REFERENCE, prompt="@Image2 beside @image1, and @Image1 again")

    request = await sent(engine, xai, order, inputs)

    assert request.prompt == "<IMAGE_2> beside <IMAGE_1>, and <IMAGE_1> again"
    first, second = request.reference_images
    assert first.image_url == PUBLIC
    assert second.image_url.startswith("data:image/png;base64,")
    assert not request.HasField("image")


async def test_images_may_be_counted_from_nought(xai: XaiServer, tmp_path: Path) -> None:
    order = text(operation=Operation.REFERENCE, prompt="@Image1")
    async with engine_at(xai, image_base=0) as engine:
        request = await sent(engine, xai, order, with_images(image(tmp_path)))

    assert request.prompt == "<IMAGE_0>"


async def test_a_prompt_never_grows_beyond_what_is_allowed(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    longest = "@Image1" + "x" * (PROMPT_CHARACTERS - 7)
    order = text(operation=Operation.REFERENCE, prompt=longest)

    request = await sent(engine, xai, order, with_images(image(tmp_path)))

    assert request.prompt == longest


async def test_a_text_may_speak_of_images_as_it_likes(engine: Xai, xai: XaiServer) -> None:
    """Only an image that was given has a number."""
    request = await sent(engine, xai, text(prompt="my @image of a fox"))

    assert request.prompt == "my @image of a fox"


async def test_an_edit_is_its_video_and_its_prompt(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    order = text(operation=Operation.EDIT, duration=None, tier=Tier.P720)

    request = await sent(engine, xai, order, with_video(video(tmp_path)))

    assert fields(request) == {"prompt", "model", "video"}
    assert request.video.url.startswith("data:video/mp4;base64,")
    assert xai.made[-1].operation == "edit"
    assert xai.made[-1].video == (tmp_path / "video.mp4").read_bytes()


async def test_an_extension_says_how_much_is_added(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    order = text(operation=Operation.EXTEND, duration=4, tier=None)

    request = await sent(engine, xai, order, with_video(video(tmp_path)))

    assert fields(request) == {"prompt", "model", "video", "duration"}
    assert (xai.made[-1].operation, request.duration) == ("extend", 4)


async def test_the_most_that_is_taken_fits_into_one_message(
    engine: Xai, xai: XaiServer, tmp_path: Path
) -> None:
    """As base64, and with the longest prompt."""
    each, path = image(tmp_path)
    path.write_bytes(path.read_bytes().ljust(MOST_BYTES, b"\0"))
    order = text(operation=Operation.IMAGE, prompt="x" * PROMPT_CHARACTERS)

    await begun(engine, order, with_images((each, path)))

    assert len(xai.made) == 1


@pytest.mark.parametrize("host", ["api.x.ai", "api.x.ai:443"])
async def test_an_engine_that_is_never_asked_loads_and_says_nothing(host: str) -> None:
    from kinetoscope.engines.xai import Pace, Upstream  # noqa: PLC0415 - as the application does

    engine = Xai(name="xai", upstream=Upstream(key="k", host=host), slots=1, submits=Pace(1, 60))

    assert engine.trace == {
        "engine": "xai",
        "host": host,
        "key": "…k",
        "model": "grok-imagine-video",
    }
    await engine.close()
