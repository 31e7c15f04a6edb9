"""C8 to C18: how a request is read, by every name and in every shape."""

from __future__ import annotations

from typing import Any

import pytest

from kinetoscope.api.wire import fingerprint, read_order
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import Operation, Order, check

A, B = "https://example.com/a.png", "https://example.com/b.png"
V = "https://example.com/v.mp4"
WRONG = [True, False, 6.5, "6s", "", "-1", -1, "6.0", "٦", " 6", [6], {"a": 6}, "9" * 10, 10**30]


def read(**fields: Any) -> Order:
    return read_order({"prompt": "a fox", **fields}, "grok-imagine")


def refusal(**fields: Any) -> InvalidOrder:
    with pytest.raises(InvalidOrder) as refused:
        check(read(**fields))
    return refused.value


def urls(order: Order) -> list[str | None]:
    return [image.url for image in order.images]


@pytest.mark.parametrize(
    "fields",
    [
        {"image": A},
        {"image": {"url": A}},
        {"image_url": A},
        {"image_url": {"url": A}},
        {"images": [A]},
        {"images": [{"url": A}]},
        {"image_urls": [A]},
        {"reference_images": [{"url": A}]},
        {"input_reference": {"image_url": A}},
        {"input_reference": {"image_url": {"url": A}}},
        {"input_reference": A},
        {"image": A, "image_url": A, "images": [A]},
        {"extra_body": {"image": A}},
        {"image": A, "extra_body": {"image": A}},
        {"image": f" {A} ", "images": []},
    ],
)
def test_one_image_has_many_names(fields: dict[str, Any]) -> None:
    """C10, C17: each of them is image_to_video, and the ratio follows the image (C12)."""
    order = read(duration=6, **fields)

    assert urls(order) == [A]
    assert order.operation == "image_to_video"
    assert order.ratio == "auto"
    assert order.ignored == ()


@pytest.mark.parametrize("name", ["images", "image_urls", "reference_images"])
def test_several_images_are_references(name: str) -> None:
    """C10, C17."""
    order = read(duration=6, **{name: [A, {"url": B}]})

    assert urls(order) == [A, B]
    assert order.operation == "reference_to_video"


@pytest.mark.parametrize(
    "fields", [{"video": V}, {"video": {"url": V}}, {"videos": [V]}, {"video_url": V}]
)
def test_a_video_is_edited_or_extended_by_whether_a_duration_is_given(
    fields: dict[str, Any],
) -> None:
    """C10, C17."""
    assert read(**fields).operation == "edit_video"
    assert read(**fields, duration="6").operation == "video_extend"
    assert read(**fields).video == read(video=V).video


@pytest.mark.parametrize(
    "fields, param",
    [
        ({"image": A, "image_url": B}, "image_url"),
        ({"image": A, "images": [A, B]}, "images"),
        ({"image": A, "extra_body": {"image": B}}, "image"),
        ({"video": V, "videos": [A]}, "videos"),
        ({"videos": [V, V]}, "videos"),
        ({"image": A, "video": V}, "video"),
        ({"images": A}, "images"),
        ({"videos": V}, "videos"),
        ({"image": ""}, "image"),
        ({"image": 5}, "image"),
        ({"image": {"url": 5}}, "image"),
        ({"image": {}}, "image"),
        ({"image": True}, "image"),
        ({"images": [None]}, "images[0]"),
        ({"images": [A, [B]]}, "images[1]"),
        ({"images": [A] * 65}, "images"),
        ({"image": "ftp://example.com/a.png"}, "image"),
        ({"image": "/etc/passwd"}, "image"),
        ({"image": "file:///etc/passwd"}, "image"),
        ({"video": {"id": ""}}, "video"),
        ({"video": {"id": "a\0b"}}, "video"),
        ({"video": {"id": "x" * 101}}, "video"),
        ({"input_reference": {"file_id": "file-1"}}, "input_reference"),
        ({"input_reference": {"file_id": 1}}, "input_reference"),
        ({"image": "file_1 "}, "image"),
    ],
)
def test_inputs_that_differ_or_are_none_are_refused(fields: dict[str, Any], param: str) -> None:
    """C10, C17."""
    assert refusal(duration=6, **fields).param == param


@pytest.mark.parametrize(
    "asked, tier, ratio, shown",
    [
        (None, "480p", "16:9", "480p"),
        ("480p", "480p", "16:9", "480p"),
        ("720P", "720p", "16:9", "720p"),
        ("1280x720", "720p", "16:9", "1280x720"),
        ("720X1280", "720p", "9:16", "720x1280"),
        ("848x480", "480p", "16:9", "848x480"),
        ("854x480", "480p", "16:9", "854x480"),
        ("480x480", "480p", "1:1", "480x480"),
        ("960x720", "720p", "4:3", "960x720"),
    ],
)
def test_a_size_is_a_tier_or_pixels(asked: str | None, tier: str, ratio: str, shown: str) -> None:
    """C11, C12."""
    order = read(duration=6, size=asked)

    assert (order.tier, order.ratio, order.size) == (tier, ratio, shown)


@pytest.mark.parametrize(
    "size", ["1080p", "1920x1080", "1024x1792", "", "720", "720 p", "0x0", "99999x1", 720, ["720p"]]
)
def test_any_other_size_is_refused(size: Any) -> None:
    """C11."""
    assert refusal(duration=6, size=size).param == "size"


def test_an_edit_may_expect_a_size_and_an_extension_may_not() -> None:
    """C11: also in pixels, of which an edit takes the tier only."""
    for size in ("720p", "1280x720"):
        edit = read(video=V, size=size)
        check(edit)
        assert (edit.tier, edit.ratio) == ("720p", None)
        assert refusal(video=V, duration=6, size=size).param == "size"


@pytest.mark.parametrize(
    "fields",
    [
        {"aspect_ratio": "21:9"},
        {"aspect_ratio": "16x9"},
        {"aspect_ratio": 1},
        {"aspect_ratio": "auto"},
        {"aspect_ratio": "1:1", "size": "1280x720"},
        {"aspect_ratio": "16:9", "video": V},
    ],
)
def test_a_ratio_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    """C12."""
    assert refusal(duration=6, **fields).param == "aspect_ratio"


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3"])
def test_every_ratio_of_the_list_is_taken(ratio: str) -> None:
    """C12."""
    assert read(duration=6, aspect_ratio=ratio).ratio == ratio


@pytest.mark.parametrize("fields", [{"duration": 6}, {"duration": "6"}, {"seconds": "6"}])
def test_a_duration_is_a_number_or_its_digits(fields: dict[str, Any]) -> None:
    """C13."""
    assert read(**fields).duration == 6


@pytest.mark.parametrize("name", ["duration", "seconds", "input_video_seconds"])
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_anything_else_is_no_number_of_seconds(name: str, wrong: Any) -> None:
    """C13, C14."""
    fields = {"duration": 6, name: wrong} if name == "input_video_seconds" else {name: wrong}

    assert refusal(**fields).param in (name, "duration")


def test_duration_and_seconds_together_are_refused() -> None:
    """C13: also when they agree, and when one is nested."""
    assert refusal(duration=6, seconds="6").param == "seconds"
    assert refusal(duration=6, extra_body={"seconds": 6}).param == "seconds"


@pytest.mark.parametrize("wrong", [0, "0", 0.5])
def test_an_estimate_of_the_input_is_a_positive_whole_number(wrong: Any) -> None:
    """C14."""
    assert refusal(video=V, input_video_seconds=wrong).param == "input_video_seconds"


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "edit_video", "input_video_seconds": 8},
        {"extra_body": {"operation": "edit_video", "input_video_seconds": "8"}},
        {"extra_body": '{"operation": "edit_video", "input_video_seconds": 8}'},
        {"operation": "edit_video", "extra_body": {"operation": "edit_video"}},
    ],
)
def test_operation_is_read_nested_and_at_the_top(fields: dict[str, Any]) -> None:
    """C14, C7: a form may hold extra_body as JSON."""
    order = read(video=V, **fields)

    assert order.operation == "edit_video"
    assert order.input_video_seconds in (8, None)


@pytest.mark.parametrize(
    "fields, param",
    [
        ({"operation": "edit_video", "extra_body": {"operation": "video_extend"}}, "operation"),
        (
            {"input_video_seconds": 8, "extra_body": {"input_video_seconds": 9}},
            "input_video_seconds",
        ),
        ({"operation": "make_coffee"}, "operation"),
        ({"operation": 7}, "operation"),
        ({"extra_body": "{"}, "extra_body"),
        ({"extra_body": "[" * 100_000}, "extra_body"),
        ({"extra_body": []}, "extra_body"),
        ({"extra_body": 5}, "extra_body"),
        ({"model": 5}, "model"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ["a"]}, "prompt"),
        ({"operation": "image_to_video"}, "image"),
        ({"operation": "reference_to_video"}, "images"),
        ({"operation": "text_to_video", "image": A}, "image"),
        ({"operation": "image_to_video", "images": [A, B]}, "images"),
        ({"operation": "video_extend"}, "video"),
    ],
)
def test_what_contradicts_itself_is_refused(fields: dict[str, Any], param: str) -> None:
    """C14, C18."""
    assert refusal(duration=6, **fields).param == param


def test_a_route_for_edits_takes_no_other_operation() -> None:
    """C18: what contradicts is never silent."""
    fields = {"prompt": "a", "video": V, "operation": "text_to_video"}

    with pytest.raises(InvalidOrder, match="edit_video"):
        read_order(fields, "grok-imagine", Operation.EDIT)
    assert read_order({**fields, "operation": "edit_video"}, "m", Operation.EDIT).video


def test_one_image_may_be_a_reference_if_it_is_called_so() -> None:
    """C18: reference_to_video takes 1 to 7."""
    order = read(duration=6, image=A, operation="reference_to_video")

    check(order)
    assert order.operation == "reference_to_video"


def test_unknown_names_are_listed_and_change_nothing() -> None:
    """C15."""
    order = read(
        duration=6, tempo=1, extra_body={"style": "noir", "extra_body": {"operation": "x"}}
    )

    assert order.ignored == ("tempo", "extra_body.style", "extra_body.extra_body")
    assert fingerprint(order) == fingerprint(read(duration=6))


def test_very_many_unknown_names_are_counted() -> None:
    """C15."""
    ignored = read(duration=6, **{f"x{number}": 1 for number in range(1000)}).ignored

    assert len(ignored) == 65
    assert ignored[-1] == "… and 936 more"


def test_a_request_is_recognised_by_what_it_means() -> None:
    """C30: names, shapes and digits in a string make no other request; what is asked does."""
    same = [
        read(duration=6, image=A),
        read(seconds="6", images=[{"url": A}]),
        read(extra_body={"duration": 6}, input_reference={"image_url": A}),
    ]
    others = [
        read(duration=7, image=A),
        read(duration=6, image=B),
        read(duration=6, image=A, size="720p"),
        read(duration=6, image=A, aspect_ratio="1:1"),
        read(duration=6, image=A, model="sora-2"),
        read(duration=6, image=A, operation="reference_to_video"),
        read(duration=6, image=A, prompt="two foxes"),
    ]

    assert len({fingerprint(order) for order in same}) == 1
    assert len({fingerprint(order) for order in [same[0], *others]}) == 1 + len(others)


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": 4294967295, "generate_audio": False},
        {"seed": "4294967295", "generate_audio": "false"},
        {"extra_body": {"seed": 4294967295, "generate_audio": False}},
    ],
)
def test_seed_and_sound_are_read_as_numbers_or_as_words(fields: dict[str, Any]) -> None:
    order = read(**fields)

    assert (order.seed, order.sound) == (4294967295, False)


@pytest.mark.parametrize("wrong", [-1, 2**32, 1.5, True, "1.5", "x", [], {}])
def test_a_seed_is_a_whole_number_of_32_bits(wrong: Any) -> None:
    assert refusal(seed=wrong).param == "seed"


@pytest.mark.parametrize("wrong", [1, "yes", 0.5, []])
def test_sound_is_wanted_or_not(wrong: Any) -> None:
    assert refusal(generate_audio=wrong).param == "generate_audio"
