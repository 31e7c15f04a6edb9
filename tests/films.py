"""Small real films and pictures for tests, made on the spot."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

FPS = 24


def film(path: Path, seconds: float, width: int = 128, height: int = 72) -> Path:
    """Make an H.264 MP4 of *seconds*, with something moving in it."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "threads": "1"}
        for number in range(round(seconds * FPS)):
            picture = np.full((height, width, 3), 40, np.uint8)
            picture[:, (number * 3) % (width - 8) :][:, :8] = (200, 120, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def picture(kind: str = "PNG", width: int = 64, height: int = 48) -> bytes:
    """Make a picture of one of Pillow's formats."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(out, kind)
    return out.getvalue()
