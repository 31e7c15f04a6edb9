"""C9, C12, C16, C18: what each operation accepts."""

from __future__ import annotations

from typing import Any

import pytest

from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import (
    LIMITS,
    Input,
    Operation,
    Order,
    Source,
    Tier,
    check,
    check_source_seconds,
    frame,
)

PICTURE = Source(url="https://example.com/a.png")
FILM = Source(url="https://example.com/a.mp4")
TEXT, IMAGE, REFERENCE = Operation.TEXT, Operation.IMAGE, Operation.REFERENCE
EDIT, EXTEND = Operation.EDIT, Operation.EXTEND
GOOD: dict[Operation, dict[str, Any]] = {
    TEXT: {"duration": 6},
    IMAGE: {"duration": 6, "images": (PICTURE,)},
    REFERENCE: {"duration": 6, "images": (PICTURE, PICTURE)},
    EDIT: {"video": FILM},
    EXTEND: {"duration": 6, "video": FILM},
}


def order(operation: Operation, **more: Any) -> Order:
    return Order(**{"model": "m", "operation": operation, "prompt": "a", **GOOD[operation], **more})


@pytest.mark.parametrize("operation", Operation)
def test_the_plain_case_of_each_operation_is_fine(operation: Operation) -> None:
    """C18."""
    check(order(operation))


@pytest.mark.parametrize(
    "operation, least, most", [(TEXT, 1, 15), (IMAGE, 1, 15), (REFERENCE, 1, 10), (EXTEND, 2, 10)]
)
def test_a_duration_is_within_the_table_of_c18(operation: Operation, least: int, most: int) -> None:
    """C18: the first and the last are fine, those beside them are not, and none is not."""
    check(order(operation, duration=least))
    check(order(operation, duration=most))
    for wrong in (None, least - 1, most + 1, 10**18):
        with pytest.raises(InvalidOrder, match=f"{least} to {most} seconds") as refusal:
            check(order(operation, duration=wrong))
        assert refusal.value.param == "duration"


@pytest.mark.parametrize(
    "operation, more, param, says",
    [
        (EDIT, {"duration": 5}, "duration", "leave duration out"),
        (EDIT, {"video": None}, "video", "needs a video"),
        (EXTEND, {"video": None}, "video", "needs a video"),
        (TEXT, {"video": FILM}, "video", "takes no video"),
        (REFERENCE, {"video": FILM}, "video", "takes no video"),
        (TEXT, {"images": (PICTURE,)}, "image", "takes no image; 1"),
        (IMAGE, {"images": ()}, "image", "takes one image; 0"),
        (IMAGE, {"images": (PICTURE,) * 2}, "images", "takes one image; 2"),
        (REFERENCE, {"images": ()}, "images", "1 to 7 images; 0"),
        (REFERENCE, {"images": (PICTURE,) * 8}, "images", "1 to 7 images; 8"),
        (EDIT, {"images": (PICTURE,)}, "image", "takes no image"),
        (EDIT, {"ratio": "16:9"}, "aspect_ratio", "leave aspect_ratio out"),
        (EXTEND, {"ratio": "auto"}, "aspect_ratio", "leave aspect_ratio out"),
        (EXTEND, {"tier": Tier.P480}, "size", "leave size out"),
        (TEXT, {"ratio": "auto"}, "aspect_ratio", "there is none"),
        (TEXT, {"prompt": ""}, "prompt", "1 to 4,096"),
        (TEXT, {"prompt": " \n\t"}, "prompt", "1 to 4,096"),
        (TEXT, {"prompt": "é" * 4097}, "prompt", "4,097 characters"),
        (TEXT, {"prompt": "🦊" * 4097}, "prompt", "4,097 characters"),
        (TEXT, {"prompt": "a\0b"}, "prompt", r"U\+0000"),
        (TEXT, {"prompt": "a\ud800b"}, "prompt", "surrogate"),
        (TEXT, {"prompt": "@Image1"}, "prompt", "there is none"),
        (IMAGE, {"prompt": "@Image2"}, "prompt", "there are 1"),
        (REFERENCE, {"prompt": "@Image0 and @Image1"}, "prompt", "counted from 1"),
        (REFERENCE, {"prompt": "@Image3"}, "prompt", "@Image3"),
        (REFERENCE, {"prompt": "@Image" + "9" * 4000}, "prompt", "there are 2"),
    ],
)
def test_what_contradicts_an_operation_is_refused(
    operation: Operation, more: dict[str, Any], param: str, says: str
) -> None:
    """C9, C11, C12, C16, C18: the refusal names the field."""
    with pytest.raises(InvalidOrder, match=says) as refusal:
        check(order(operation, **more))

    assert refusal.value.param == param


@pytest.mark.parametrize("letter", ["a", "é", "🦊"])
def test_a_prompt_may_have_4096_characters_of_any_width(letter: str) -> None:
    """C9."""
    check(order(TEXT, prompt=letter * 4096))


def test_images_are_named_from_one_to_as_many_as_there_are() -> None:
    """C16."""
    check(order(REFERENCE, prompt="@Image1 meets @image2; mail@Imagery"))


@pytest.mark.parametrize("number", range(1, 8))
def test_reference_to_video_takes_one_to_seven_images(number: int) -> None:
    """C18."""
    check(order(REFERENCE, images=(PICTURE,) * number))


@pytest.mark.parametrize(
    "operation, good, bad",
    [(EDIT, [0.5, 8.0, 8.7, 8.74], [8.8, 9, 60]), (EXTEND, [2.0, 15.0, 1.96], [1.9, 15.1, 60])],
)
def test_a_source_has_the_length_of_the_table(
    operation: Operation, good: list[float], bad: list[float]
) -> None:
    """C18: an edit of at most 8.7 s, an extension of 2 to 15 s."""
    for seconds in good:
        check_source_seconds(operation, seconds)
    for seconds in bad:
        with pytest.raises(InvalidOrder, match="seconds; this one has"):
            check_source_seconds(operation, seconds)


def test_text_has_no_source_to_measure() -> None:
    """C18."""
    check_source_seconds(TEXT, 1000)
    assert LIMITS[TEXT].most_source_seconds == 0


@pytest.mark.parametrize(
    "ratio, tier, image, size",
    [
        ("16:9", Tier.P720, None, (1280, 720)),
        ("9:16", Tier.P480, None, (480, 848)),
        (None, None, None, (848, 480)),
        ("auto", Tier.P480, (600, 600), (480, 480)),
        ("auto", Tier.P720, (100, 4000), (720, 1800)),
        ("auto", Tier.P480, (640, 480), (640, 480)),
    ],
)
def test_a_picture_has_the_shape_that_was_asked_for(
    ratio: str | None, tier: Tier | None, image: tuple[int, int] | None, size: tuple[int, int]
) -> None:
    """C12: auto follows the image."""
    seen = image and Input("k", "image/png", 1, *image)

    assert frame(order(IMAGE, ratio=ratio, tier=tier), seen) == size
