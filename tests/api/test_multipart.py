"""C7, C14: forms, as the OpenAI SDKs send them, and forms that are rubbish."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from tests.api.shapes import is_error
from tests.films import picture
from tests.world import Answer, World

Fields = list[tuple[str, Any]]
QUOTE = "/v1/videos/quote"
BASE: Fields = [("prompt", "a fox"), ("seconds", "6")]


def form(fields: Fields) -> aiohttp.FormData:
    """Make a multipart form, also of text alone."""
    made = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields:
        if isinstance(value, bytes):
            kind = "application/octet-stream"
            made.add_field(name, value, filename="upload", content_type=kind)
        else:
            made.add_field(name, value)
    return made


async def send(world: World, fields: Fields, path: str = QUOTE) -> Answer:
    return await world.ask("POST", path, data=form([*BASE, *fields]))


async def test_forms_mean_what_their_json_means(world: World) -> None:
    """C7, C13, C14: brackets, numbers in strings, files, extra_body nested, flat and as JSON."""
    png, webp = picture(), picture("WEBP")
    extra = json.dumps({"operation": "reference_to_video"})
    cases: list[tuple[Fields, str, int]] = [
        ([], "text_to_video", 0),
        ([("input_reference", png)], "image_to_video", 1),
        ([("image", png)], "image_to_video", 1),
        ([("input_reference[]", png), ("input_reference[]", webp)], "reference_to_video", 2),
        ([("images[]", png), ("images[]", webp)], "reference_to_video", 2),
        ([("images[0]", png), ("images[1]", webp)], "reference_to_video", 2),
        ([("images", png), ("images", webp)], "reference_to_video", 2),
        ([("image", png), ("extra_body", extra)], "reference_to_video", 1),
        ([("image", png), ("operation", "reference_to_video")], "reference_to_video", 1),
        ([("image", png), ("extra_body[operation]", "image_to_video")], "image_to_video", 1),
        ([("size", "720p"), ("seed", "7")], "text_to_video", 0),
    ]
    for fields, operation, images in cases:
        answer = await send(world, fields)
        assert answer.status == 200, (fields, answer.body)
        assert answer.json["operation"] == operation
        assert answer.json["parameters"]["images"] == images
        assert answer.json["parameters"]["duration"] == 6


async def test_the_bytes_of_an_upload_reach_the_engine(world: World) -> None:
    """C7, C10, C12: whatever the part says of itself, its bytes decide."""
    png = picture("PNG", 64, 48)
    accepted = await send(world, [("input_reference", png)], "/v1/videos")
    assert accepted.status == 200, accepted.body
    task = await world.end_of(accepted.json["id"])

    order, inputs = world.engine.orders[task["id"]]
    assert task["metadata"]["billing"]["charged"] == "0.302"
    assert order.ratio == "auto"
    found = inputs.images[0]
    assert (found.media_type, found.width, found.height, found.size) == (
        "image/png",
        64,
        48,
        len(png),
    )
    await world.no_inputs_left()


async def test_a_field_that_repeats_or_contradicts_is_refused(world: World) -> None:
    """C7, C10, C13."""
    url = "https://example.com/a.png"
    cases: list[Fields] = [
        [("seconds", "7")],
        [("duration", "6")],
        [("prompt", "again")],
        [("image", url), ("image[url]", url), ("image[url", url)],
        [("image[a][b][c][d][e]", url)],
        [("images[99]", url)],
        [("images[5]", url)],
        [("[]", "a")],
        [("", "a")],
        [("image", b"")],
        [("image", b"no picture")],
        [("model", b"grok-imagine")],
        [("extra_body", "{")],
        [("extra_body[operation]", "edit_video")],
    ]
    for fields in cases:
        is_error(await send(world, fields), 400)


async def test_a_form_without_a_measure_is_refused(world: World) -> None:
    """C28: a thousand fields, too many files, no end, no boundary, other charsets."""
    is_error(await send(world, [(f"x{number}", "1") for number in range(1000)]), 400)
    is_error(await send(world, [("images[]", b"x")] * 11), 400)
    kind = "multipart/form-data"
    part = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na fox'
    for head, body, status in [
        (f"{kind}; boundary=b", part, 400),
        (f"{kind}; boundary=b", b"", 400),
        (f"{kind}; boundary=b", b"rubbish", 400),
        (f"{kind}; boundary=b", b"--b\r\nContent-Disposition: x\r\n\r\n1\r\n--b--\r\n", 400),
        (f"{kind}; boundary=", part, 400),
        (kind, part, 400),
        (f"{kind}; boundary=b; charset=unicode_escape", part, 415),
        (f"{kind}; boundary=b; charset=utf-7", part, 415),
        ("application/x-www-form-urlencoded", b"prompt=a", 415),
        ("text/plain", b"{}", 415),
        ("application/xml", b"<a/>", 415),
    ]:
        answer = await world.ask("POST", QUOTE, data=body, headers={"Content-Type": head})
        is_error(answer, status)


async def test_bytes_that_are_no_text_make_no_failure(world: World) -> None:
    """C9: latin-1 in a form, a NUL in a prompt."""
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    start = b'--b\r\nContent-Disposition: form-data; name="duration"\r\n\r\n6\r\n'
    start += b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'

    odd = await world.ask("POST", QUOTE, data=start + b"caf\xe9\r\n--b--\r\n", headers=head)
    nul = await world.ask("POST", QUOTE, data=start + b"a\0b\r\n--b--\r\n", headers=head)

    assert odd.status in (200, 400)
    is_error(nul, 400)
