"""The other side of stills: makes one picture of one video in a process of its own.

Run by its path, as probe is: `python -P frames.py thumbnail PATH SECONDS WIDTH HEIGHT` or
`… spritesheet PATH SECONDS FRAMES COLUMNS WIDTH HEIGHT`. Prints `ready` once its limits are set,
then the bytes of the picture. Whatever a decoder raises ends the process, which tells as much.
"""

from __future__ import annotations

import io
import math
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from PIL import Image

_MEMORY_BYTES = 1536 * 2**20
_CPU_SECONDS = 20
_READER = {
    "codec_whitelist": "h264,hevc,av1,libdav1d",
    "protocol_whitelist": "file",
    "enable_drefs": "0",
}
_CANDIDATES = 12  # among which the frame of a thumbnail is chosen
_DARKEST, _BRIGHTEST, _PLAINEST = 20, 235, 8  # beyond these a frame shows next to nothing
_GLANCE = (64, 64)
_QUALITY = 82


def main(kind: str, path: str, seconds: str, *numbers: str) -> None:
    """Print the picture of *kind* of the video at *path*."""
    import av  # noqa: F401, PLC0415 - loaded before its limits are set
    from PIL import Image, JpegImagePlugin, WebPImagePlugin  # noqa: F401, PLC0415 - as above

    _confine()
    make = MAKERS[kind]
    sys.stdout.buffer.write(make(path, float(seconds), *map(int, numbers)))


def thumbnail(path: str, seconds: float, width: int, height: int) -> bytes:
    """Make a WebP of the frame that stands best for the others."""
    shown = [_picture(frame, width, height) for frame in _frames(path, seconds, _CANDIDATES)]
    return _encoded(_best(shown), "WEBP", method=4)


def spritesheet(  # noqa: PLR0917 - they come in this order from the command line
    path: str, seconds: float, count: int, columns: int, width: int, height: int
) -> bytes:
    """Make a JPEG of *count* frames, row by row, each of *width* × *height* pixels."""
    from PIL import Image  # noqa: PLC0415 - see main

    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for number, frame in enumerate(_frames(path, seconds, count)):
        row, column = divmod(number, columns)
        sheet.paste(_picture(frame, width, height), (column * width, row * height))
    return _encoded(sheet, "JPEG")


MAKERS: Mapping[str, Callable[..., bytes]] = {"thumbnail": thumbnail, "spritesheet": spritesheet}


def _frames(path: str, seconds: float, count: int) -> Iterator[av.VideoFrame]:
    """Yield *count* frames: what is shown in the middle of each of as many equal parts."""
    import av  # noqa: PLC0415 - see main

    with av.open(path, format="mov", options=_READER, metadata_errors="replace") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        start: float | None = None
        latest: av.VideoFrame | None = None
        found = 0
        for frame in container.decode(stream):
            if frame.pts is None or stream.time_base is None:
                continue
            time, latest = float(frame.pts * stream.time_base), frame
            start = time if start is None else start
            while found < count and time - start >= seconds * (found + 0.5) / count:
                found += 1
                yield frame
            if found == count:
                return
        if latest is None:
            raise ValueError("no frame can be decoded")
        for _ in range(found, count):
            yield latest


def _picture(frame: av.VideoFrame, width: int, height: int) -> Image.Image:
    """Show a frame upright, with *width* × *height* pixels."""
    quarters = round(frame.rotation / 90) % 4
    size = (height, width) if quarters % 2 else (width, height)
    small = frame.reformat(*size, format="rgb24", interpolation="AREA")
    picture: Image.Image = small.to_image()  # type: ignore[no-untyped-call]
    return picture.rotate(90 * quarters, expand=True) if quarters else picture


def _best(pictures: list[Image.Image]) -> Image.Image:
    """Choose the picture whose colours are nearest to those of all, and that shows something."""
    from PIL import ImageStat  # noqa: PLC0415 - see main

    glances = [each.resize(_GLANCE) for each in pictures]
    tones = [ImageStat.Stat(each.convert("L")) for each in glances]
    telling = [
        number
        for number, tone in enumerate(tones)
        if _DARKEST <= tone.mean[0] <= _BRIGHTEST and tone.stddev[0] >= _PLAINEST
    ]
    if not telling:
        return pictures[max(range(len(pictures)), key=lambda number: tones[number].stddev[0])]
    colours = {number: glances[number].histogram() for number in telling}
    mean = [sum(column) / len(telling) for column in zip(*colours.values(), strict=True)]

    def distance(number: int) -> float:
        return math.dist(colours[number], mean)

    return pictures[min(telling, key=distance)]


def _encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, quality=_QUALITY, **options)
    return out.getvalue()


def _confine() -> None:
    """Give up what decoding does not need, and say that what follows is the file's doing."""
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
    )
    for limit, most in limits:
        # macOS does not know RLIMIT_AS; a lower hard limit of the operator's stays as it is.
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
    os.nice(5)  # nobody's order waits for a picture
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
