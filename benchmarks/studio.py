"""What the built-in engine costs: CPU seconds to begin a film, and for each second of it.

Each film is drawn short and long: the difference is what its seconds cost, the rest its beginning
(imports, set-up, the first look at what it is made from). Each is drawn three times, and the least
counts: what others do beside it on the same machine only ever makes it dearer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import process_time

import av
import numpy as np
from PIL import Image

from kinetoscope.engines.studio.brief import FPS, Brief

_SIZES = {"480p": (848, 480), "720p": (1280, 720)}
_SHORT, _LONG, _SEED = 2, 6, 7  # seconds of film
_TIMES = 3
_THREADS = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Case:
    """A film to be drawn; *needs* is what it is made from."""

    name: str
    operation: str
    prompt: str
    needs: str = ""


CASES = (
    Case("text: sea", "text_to_video", "a sailboat on the sea at sunset"),
    Case("text: city", "text_to_video", "neon city at night in the rain"),
    Case("text: mountains", "text_to_video", "mountains at sunrise"),
    Case("text: forest", "text_to_video", "a fox in a pine forest at night"),
    Case("text: islands", "text_to_video", "tropical islands from above"),
    Case("text: space", "text_to_video", "a planet with rings in outer space"),
    Case("text: table", "text_to_video", "a cup of coffee on a wooden table"),
    Case("text, in oil", "text_to_video", "hills, oil painting"),
    Case("text, van Gogh", "text_to_video", "hills in the style of van gogh"),
    Case("image", "image_to_video", "slow push in", "picture"),
    Case("reference in a picture", "reference_to_video", "@Image1 in @Image2", "pictures"),
    Case("reference in a drawn place", "reference_to_video", "@Image1 on a beach", "picture"),
    Case("edit: night", "edit_video", "a moonlit night", "film"),
    Case("edit: anime", "edit_video", "anime style", "film"),
    Case("edit: pencil", "edit_video", "pencil sketch", "film"),
    Case("edit: noir, rain", "edit_video", "film noir in the rain", "film"),
    Case("edit: watercolour", "edit_video", "watercolour", "film"),
    Case("edit: blurred background", "edit_video", "blur the background", "film"),
    Case("extend another's", "video_extend", "go on", "film"),
)


def films() -> None:
    """Print a row for each case, and the encoder's own as the floor."""
    print("\n| film | 480p s/s | to begin, s | 720p s/s | to begin, s | MiB at 720p |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for size in _SIZES:
            _encode(_source(work, size, _SHORT), size, _SHORT)
        small, large = (
            min(_encode(_source(work, size, _LONG), size, _LONG) for _ in range(_TIMES))
            for size in _SIZES
        )
        print(f"| the encoder alone (floor) | {small:.2f} | | {large:.2f} | | |", flush=True)
        for case in CASES:
            costs, mib = [], 0.0
            for size in _SIZES:
                short, long, mib = _cost(case, size, work)
                each = (long - short) / (_LONG - _SHORT)
                costs += [each, short - _SHORT * each]
            shown = " | ".join(f"{cost:.2f}" for cost in costs)
            print(f"| {case.name} | {shown} | {mib:.0f} |", flush=True)


def _cost(case: Case, size: str, folder: Path) -> tuple[float, float, float]:
    """Tell the CPU seconds of a short and of a long film, and the peak MiB of the long one."""
    short, long = (
        [_draw(case, size, folder, seconds) for _ in range(_TIMES)] for seconds in (_SHORT, _LONG)
    )
    return min(short)[0], min(long)[0], max(mib for _, mib in long)


def _source(folder: Path, size: str, seconds: int) -> Path:
    return folder / f"{size}-{seconds}.mp4"


def _draw(case: Case, size: str, folder: Path, seconds: int) -> tuple[float, float]:
    """Draw a film in a child, as the engine does; tell its CPU seconds, and its peak MiB."""
    follows = case.needs == "film"
    edits = case.operation == "edit_video"
    width, height = (0, 0) if follows else _SIZES[size]
    brief = Brief(
        operation=case.operation,
        prompt=case.prompt,
        width=width,
        height=height,
        seconds=0 if edits else seconds,
        images=tuple(paint(folder) for paint in _PAINTED.get(case.needs, ())),
        video=_source(folder, size, seconds if edits else _LONG) if follows else None,
        film=folder / "made.mp4",
        seed=_SEED,
    )
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "kinetoscope.engines.studio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **_THREADS},
    )
    assert child.stdin is not None
    child.stdin.write(brief.to_json().encode() + b"\n")
    child.stdin.flush()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdin.close()
    if child.returncode:
        sys.exit(f"{case.name} could not be drawn: exit code {child.returncode}")
    peak = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return used.ru_utime + used.ru_stime, peak


def _encode(path: Path, size: str, seconds: int) -> float:
    """Encode a film of moving noise as the engine would; tell CPU seconds a second."""
    width, height = _SIZES[size]
    began = process_time()
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as film:
        options = {"preset": "veryfast", "crf": "21", "threads": "1"}
        stream = film.add_stream("libx264", rate=Fraction(FPS), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in _moving(width, height, seconds):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode())
    return (process_time() - began) / seconds


def _moving(
    width: int, height: int, seconds: int
) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    chance = np.random.default_rng(_SEED)
    rough = chance.integers(40, 220, (height // 16 + 1, width // 8 + 1, 3), np.uint8)
    large = np.ascontiguousarray(rough.repeat(16, axis=0).repeat(16, axis=1))
    for number in range(seconds * FPS):
        yield np.ascontiguousarray(large[:height, number * 4 : number * 4 + width])


def _picture(folder: Path) -> Path:
    path = folder / "picture.png"
    if not path.exists():
        across, down = np.meshgrid(np.linspace(60, 200, 960), np.linspace(80, 240, 640))
        ground = np.stack([across, down, 255 - across], axis=2).astype(np.uint8)
        ground[180:460, 340:620] = (200, 60, 40)
        Image.fromarray(ground).save(path)
    return path


def _place(folder: Path) -> Path:
    """Paint hills under a sky, without anything that stands out."""
    path = folder / "place.png"
    if not path.exists():
        across, down = np.meshgrid(np.arange(1280.0), np.arange(720.0))
        sky = np.stack([120 + down / 9, 180 - down / 8, 220 - down / 6], axis=2)
        land = np.stack([across * 0 + 90, 120 + 30 * np.sin(across / 90), 60 + down / 20], axis=2)
        hills = down > 400 + 30 * np.sin(across / 200)
        Image.fromarray(np.where(hills[..., None], land, sky).astype(np.uint8)).save(path)
    return path


_PAINTED: Mapping[str, tuple[Callable[[Path], Path], ...]] = {
    "picture": (_picture,),
    "pictures": (_picture, _place),
}
