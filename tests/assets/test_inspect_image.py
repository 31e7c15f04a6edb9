"""What an image is, its bytes decide, and a bomb goes off where nobody is (C19)."""

from __future__ import annotations

import asyncio
import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from kinetoscope.assets.inspect import IMAGE_BYTES, ImageFacts, inspect_image
from kinetoscope.domain.errors import InvalidOrder
from tests.assets.clips import png

KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def picture(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **how: Any) -> bytes:
    file = io.BytesIO()
    noise = Image.effect_noise(size, 90).convert(mode)
    noise.save(file, kind, **how)
    return file.getvalue()


async def facts_of(path: Path, data: bytes) -> ImageFacts:
    path.write_bytes(data)
    return await inspect_image(path, param="image")


async def wrong(path: Path, data: bytes) -> str:
    with pytest.raises(InvalidOrder) as caught:
        await facts_of(path, data)
    assert caught.value.param == "image"
    return caught.value.message


@pytest.mark.parametrize("kind, media_type", KINDS.items())
async def test_the_three_kinds_are_measured(tmp_path: Path, kind: str, media_type: str) -> None:
    facts = await facts_of(tmp_path / "a.gif", picture(kind))

    assert facts == ImageFacts(media_type, 64, 48)


@pytest.mark.parametrize(
    "kind, mode, how",
    [
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "I;16", {}),
        ("PNG", "1", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "L", {"progressive": True}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
async def test_every_colour_mode_is_taken(
    tmp_path: Path, kind: str, mode: str, how: dict[str, Any]
) -> None:
    facts = await facts_of(tmp_path / "a", picture(kind, mode=mode, **how))

    assert (facts.width, facts.height) == (64, 48)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_of_a_moving_image_the_first_picture_counts(tmp_path: Path, kind: str) -> None:
    more = [Image.effect_noise((64, 48), sigma).convert("RGB") for sigma in (20, 50)]

    facts = await facts_of(tmp_path / "a", picture(kind, save_all=True, append_images=more))

    assert (facts.width, facts.height) == (64, 48)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_photo_taken_sideways_is_measured_as_it_is_shown(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    facts = await facts_of(tmp_path / "a", picture(kind, exif=exif))

    assert (facts.width, facts.height) == (48, 64)


async def test_broken_camera_notes_do_not_matter(tmp_path: Path) -> None:
    facts = await facts_of(tmp_path / "a", picture("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))

    assert (facts.width, facts.height) == (64, 48)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
async def test_a_truncated_image_is_refused(tmp_path: Path, kind: str, part: float) -> None:
    data = picture(kind)

    assert "damaged or truncated" in await wrong(tmp_path / "a", data[: int(len(data) * part)])


@pytest.mark.parametrize("size", [(100_000, 100_000), (16_385, 1), (1, 16_385), (16_000, 16_000)])
async def test_too_many_pixels_are_refused_undecoded(tmp_path: Path, size: tuple[int, int]) -> None:
    said = await wrong(tmp_path / "a", png(*size, rows=1))

    assert f"has {size[0]:,} × {size[1]:,} pixels; 1 to 16,384 a side" in said


async def test_a_huge_webp_canvas_is_refused_undecoded(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 1
    data = bytearray(picture("WEBP", exif=exif))
    assert data[12:16] == b"VP8X"
    data[24:30] = b"\xff\x3f\0" * 2

    assert "has 16,384 × 16,384 pixels" in await wrong(tmp_path / "a", bytes(data))


async def test_the_largest_image_is_decoded_within_the_limits(tmp_path: Path) -> None:
    facts = await facts_of(tmp_path / "a", png(8000, 8000, kind=6))

    assert (facts.width, facts.height) == (8000, 8000)


async def test_a_png_that_unpacks_to_more_than_it_claims_is_harmless(tmp_path: Path) -> None:
    facts = await facts_of(tmp_path / "a", png(16, 16, rows=3_000_000))

    assert (facts.width, facts.height) == (16, 16)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(40),
        b"BM" + bytes(60),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html><html></html>",
        b"\0\0\0\x18ftypavif" + bytes(40),
        b"II*\0" + bytes(40),
        b"%!PS-Adobe-3.0",
        b"\x89PNG\r\n\x1a\n",
        png(0, 5),
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        b"RIFF\0\0\0\0WEBPVP8 ",
    ],
)
async def test_what_is_no_image_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "PNG, JPEG and WebP are allowed" in await wrong(tmp_path / "a.png", data)


async def test_a_wrong_name_changes_nothing(tmp_path: Path) -> None:
    assert (await facts_of(tmp_path / "a.mp4", picture("PNG"))).media_type == "image/png"


async def test_an_image_with_another_file_behind_it_is_still_that_image(tmp_path: Path) -> None:
    data = picture("JPEG") + b"PK\x03\x04" + b"<script>alert(1)</script>" * 99

    assert (await facts_of(tmp_path / "a", data)).media_type == "image/jpeg"


async def test_a_file_that_is_too_large_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(IMAGE_BYTES + 1)

    with pytest.raises(InvalidOrder, match="at most 10 MiB"):
        await inspect_image(path, param="image")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(sorted(KINDS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=4),
)
def test_a_changed_image_is_measured_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, kind: str, changes: list[tuple[float, bytes]]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"changed-{os.getpid()}"
    data = bytearray(picture(kind, (16, 16)))
    for where, new in changes:
        at = int(where * (len(data) - len(new)))
        data[at : at + len(new)] = new
    path.write_bytes(data)

    with suppress(InvalidOrder):
        assert asyncio.run(inspect_image(path, param="image")).width > 0
