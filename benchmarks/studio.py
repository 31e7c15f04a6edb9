"""What the built-in engine costs: CPU seconds for one second of film, next to the encoder alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import process_time

import av
import numpy as np
from PIL import Image

from kinetoscope.engines.studio.brief import FPS, Brief

_SIZES = {"480p": (848, 480), "720p": (1280, 720)}
_SECONDS, _SEED = 4, 7
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
    Case("text: table", "text_to_video", "a cup of coffee on a wooden table"),
    Case("text, painted", "text_to_video", "hills, oil painting"),
    Case("image", "image_to_video", "slow push in", "picture"),
    Case("reference", "reference_to_video", "@Image1 on a beach", "picture"),
    Case("edit: night", "edit_video", "a moonlit night", "film"),
    Case("edit: anime", "edit_video", "anime style", "film"),
    Case("edit: blurred background", "edit_video", "blur the background", "film"),
    Case("extend another's", "video_extend", "go on", "film"),
)


def films() -> None:
    """Print a row for each case, and the encoder's own as the floor."""
    print("\n| film | 480p CPU s/s | 720p CPU s/s | MiB at 720p |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        floors = [_encode(Path(folder) / f"{size}.mp4", size) for size in _SIZES]
        print(f"| the encoder alone (floor) | {floors[0]:.2f} | {floors[1]:.2f} | |", flush=True)
        for case in CASES:
            (small, _), (large, mib) = (_draw(case, size, Path(folder)) for size in _SIZES)
            print(f"| {case.name} | {small:.2f} | {large:.2f} | {mib:.0f} |", flush=True)


def _draw(case: Case, size: str, folder: Path) -> tuple[float, float]:
    """Draw a film in a child, as the engine does; tell CPU seconds a second, and its peak MiB."""
    follows = case.needs == "film"
    width, height = (0, 0) if follows else _SIZES[size]
    brief = Brief(
        operation=case.operation,
        prompt=case.prompt,
        width=width,
        height=height,
        seconds=0 if case.operation == "edit_video" else _SECONDS,
        images=(_picture(folder),) if case.needs == "picture" else (),
        video=folder / f"{size}.mp4" if follows else None,
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
    return (used.ru_utime + used.ru_stime) / _SECONDS, peak


def _encode(path: Path, size: str) -> float:
    """Encode a film of moving noise as the engine would; tell CPU seconds a second."""
    width, height = _SIZES[size]
    began = process_time()
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as film:
        options = {"preset": "veryfast", "crf": "21", "threads": "1"}
        stream = film.add_stream("libx264", rate=Fraction(FPS), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in _moving(width, height):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode())
    return (process_time() - began) / _SECONDS


def _moving(width: int, height: int) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    chance = np.random.default_rng(_SEED)
    rough = chance.integers(40, 220, (height // 16 + 1, width // 8 + 1, 3), np.uint8)
    large = np.ascontiguousarray(rough.repeat(16, axis=0).repeat(16, axis=1))
    for number in range(_SECONDS * FPS):
        yield np.ascontiguousarray(large[:height, number * 4 : number * 4 + width])


def _picture(folder: Path) -> Path:
    path = folder / "picture.png"
    if not path.exists():
        across, down = np.meshgrid(np.linspace(60, 200, 960), np.linspace(80, 240, 640))
        ground = np.stack([across, down, 255 - across], axis=2).astype(np.uint8)
        ground[180:460, 340:620] = (200, 60, 40)
        Image.fromarray(ground).save(path)
    return path
