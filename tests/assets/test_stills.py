"""Which frame stands for a film, how a spritesheet is laid out, and what is no film."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageStat

from kinetoscope.assets.stills import Grid, Still, Unreadable, grid, make_still
from tests.assets.clips import clip

SIZE = (320, 180)


def slides(path: Path, *pictures: tuple[int, int, int] | None, width: int = 320) -> Path:
    """Make a film that shows each of *pictures*, a colour with a stripe, for a second each."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(8))
        stream.width, stream.height, stream.pix_fmt = width, 180, "yuv420p"
        stream.options = {"preset": "ultrafast", "threads": "1"}
        for colour in pictures:
            drawn = np.zeros((180, width, 3), np.uint8)
            if colour is not None:
                drawn[:] = colour
                drawn[60:120] = 255 - np.array(colour)
            for _ in range(8):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, format="rgb24")))
        container.mux(stream.encode())
    return path


async def still(kind: Still, path: Path, size: tuple[int, int], seconds: float) -> Image.Image:
    picture = Image.open(io.BytesIO(await make_still(kind, path, size, seconds)))
    assert f"image/{(picture.format or '').lower()}" == kind.media_type
    return picture.convert("RGB")


def colour(picture: Image.Image) -> tuple[int, ...]:
    """Tell the colour of the upper edge, to the nearest 32."""
    edge = picture.crop((0, 0, picture.width, picture.height // 4))
    return tuple(round(each / 32) * 32 for each in ImageStat.Stat(edge).mean)


RED, GREEN = (192, 32, 32), (32, 160, 64)


async def test_a_thumbnail_shows_what_most_of_the_film_shows(tmp_path: Path) -> None:
    path = slides(tmp_path / "a.mp4", None, None, RED, GREEN, GREEN, GREEN, None)

    picture = await still(Still.THUMBNAIL, path, SIZE, 7)

    assert picture.size == SIZE
    assert colour(picture) == GREEN


async def test_a_thumbnail_is_not_black_if_anything_else_is_shown(tmp_path: Path) -> None:
    path = slides(tmp_path / "a.mp4", None, None, None, None, None, RED)

    assert colour(await still(Still.THUMBNAIL, path, SIZE, 6)) == RED


async def test_a_film_of_nothing_has_a_thumbnail_of_nothing(tmp_path: Path) -> None:
    path = slides(tmp_path / "a.mp4", None)

    assert colour(await still(Still.THUMBNAIL, path, SIZE, 1)) == (0, 0, 0)


async def test_a_thumbnail_is_no_larger_than_640_and_never_enlarged(tmp_path: Path) -> None:
    path = slides(tmp_path / "a.mp4", RED, width=1280)

    assert (await still(Still.THUMBNAIL, path, (1280, 180), 1)).size == (640, 90)


async def test_a_spritesheet_shows_a_second_in_each_of_its_places(tmp_path: Path) -> None:
    path = slides(tmp_path / "a.mp4", RED, GREEN, RED, RED, GREEN)

    sheet = await still(Still.SPRITESHEET, path, SIZE, 5)

    assert sheet.size == (1280, 360)
    places = [(column * 320, row * 180) for row in range(2) for column in range(4)]
    shown = [colour(sheet.crop((x, y, x + 320, y + 180))) for x, y in places]
    assert shown == [RED, GREEN, RED, RED, GREEN, (0, 0, 0), (0, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    "size,seconds,expected",
    [
        ((1280, 720), 6.0, Grid(6, 4, 2, 320, 180, 1.0)),
        ((1280, 720), 5.96, Grid(6, 4, 2, 320, 180, 5.96 / 6)),
        ((720, 1280), 25.0, Grid(16, 4, 4, 320, 569, 25 / 16)),
        ((480, 480), 0.4, Grid(1, 1, 1, 320, 320, 0.4)),
        ((848, 480), 3.0, Grid(3, 3, 1, 320, 181, 1.0)),
        ((8192, 16), 1.0, Grid(1, 1, 1, 320, 1, 1.0)),
    ],
)
def test_a_grid_has_a_frame_a_second_and_16_at_most(
    size: tuple[int, int], seconds: float, expected: Grid
) -> None:
    assert grid(*size, seconds) == expected


@pytest.mark.parametrize("turned,top", [(90, (48, 64)), (-90, (48, 64)), (180, (64, 48))])
async def test_a_turned_film_is_shown_upright(
    tmp_path: Path, turned: int, top: tuple[int, int]
) -> None:
    path = clip(tmp_path / "a.mp4", turned=turned)

    assert (await still(Still.THUMBNAIL, path, top, 1)).size == top


@pytest.mark.parametrize("codec", ["libx265", "libsvtav1"])
async def test_the_other_codecs_have_stills_as_well(tmp_path: Path, codec: str) -> None:
    path = clip(tmp_path / "a.mp4", codec=codec)

    assert (await still(Still.THUMBNAIL, path, (64, 48), 1)).size == (64, 48)


@pytest.mark.parametrize("kind", Still)
async def test_what_is_no_film_is_unreadable(tmp_path: Path, kind: Still) -> None:
    whole = clip(tmp_path / "a.mp4").read_bytes()
    for number, content in enumerate((b"", b"rubbish" * 99, whole[:300])):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        with pytest.raises(Unreadable, match=f"no {kind}"):
            await make_still(kind, path, (64, 48), 1)
    with pytest.raises(Unreadable):
        await make_still(kind, tmp_path / "missing.mp4", (64, 48), 1)
