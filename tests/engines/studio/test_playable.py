"""Every operation, tier and shape: films that hold together, and that a browser plays to the end.

The browser's decoder has nothing in common with what wrote the films. It comes from the PATH; where
there is none, nobody is told that films can be played who could not see it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kinetoscope.domain.order import PIXELS, Tier
from kinetoscope.engines.studio import cast, looks, onward, picture, text
from kinetoscope.engines.studio.brief import FPS, Brief, Notes, Tell
from kinetoscope.engines.studio.film import Frame, facts, read_frames
from kinetoscope.engines.studio.subject import Contrast
from tests.patience import PATIENCE

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)
PLACES = {
    "16:9": "a sailboat on the sea at sunset",
    "9:16": "a neon city at night",
    "1:1": "a fox in a pine forest",
    "4:3": "a coral reef",
    "3:4": "a galaxy",
    "3:2": "a cup of coffee on a table",
    "2:3": "mountains at sunrise",
}


RENDERERS: Mapping[str, Callable[[Brief, Tell], Notes]] = {
    "text": text.render,
    "image": lambda brief, tell: picture.render(brief, tell, Contrast()),
    "reference": lambda brief, tell: cast.render(brief, tell, Contrast()),
    "edit": looks.render,
    "extend": lambda brief, tell: onward.render(brief, tell, Contrast()),
}
WANTED = (
    *(("text", tier, ratio) for tier, ratio in PIXELS),
    *(
        (operation, tier, ratio)
        for operation in ("image", "reference", "edit", "extend")
        for tier, ratio in ((Tier.P480, "16:9"), (Tier.P720, "9:16"))
    ),
)
NAMES = ["-".join(wanted).replace(":", "x") for wanted in WANTED]


@dataclass(frozen=True)
class Made:
    """A film that was drawn: how large and how long it should be, and how its drawing went."""

    path: Path
    size: tuple[int, int]
    frames: int
    told: list[float]
    seam: int = 0  # the first frame that its source did not have


class Films:
    """One second of everything, drawn into *folder* when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Made] = {}
        self._still = folder / "still.png"
        cv2.imwrite(str(self._still), ball(640, 480))

    def __getitem__(self, name: str) -> Made:
        if name not in self._made:
            self._made[name] = self._drawn(*WANTED[NAMES.index(name)], name)
        return self._made[name]

    def _drawn(self, operation: str, tier: Tier, ratio: str, name: str) -> Made:
        told: list[float] = []
        size, film = PIXELS[tier, ratio], self.folder / f"{name}.mp4"
        follows = operation in {"edit", "extend"}
        looks_at = operation in {"image", "reference"}
        source = self[name.replace(operation, "text")].path if follows else None
        words = {"text": PLACES[ratio], "edit": "film noir"}
        brief = Brief(
            operation=operation,
            prompt=words.get(operation, "go on"),
            width=0 if follows else size[0],
            height=0 if follows else size[1],
            seconds=0 if operation == "edit" else 1,
            images=(self._still,) if looks_at else (),
            video=source,
            film=film,
            seed=7,
        )
        RENDERERS[operation](brief, told.append)
        if operation == "extend":
            return Made(film, size, 2 * FPS, told, seam=FPS)
        return Made(film, size, FPS, told)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    """Open a folder for the films of all tests here: each is drawn once."""
    return Films(tmp_path_factory.mktemp("films"))


def ball(width: int, height: int) -> Frame:
    image = np.full((height, width, 3), (200, 150, 90), np.uint8)
    image[height // 2 :] = (60, 140, 80)
    image += np.random.default_rng(3).integers(0, 30, image.shape, np.uint8)
    cv2.circle(image, (width // 2, height // 2), height // 5, (40, 40, 220), -1, cv2.LINE_AA)
    return image


# ── what the films are ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
def test_a_film_is_just_as_large_and_as_long_as_asked_and_nothing_in_it_is_amiss(
    films: Films, name: str
) -> None:
    """A torn frame differs from the one before in some of its rows far more than in the others."""
    made = films[name]
    found, told = facts(made.path), made.told
    frames = [cv2.resize(frame, (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
              for frame in read_frames(made.path)]  # fmt: skip
    rows = np.array([np.abs(b - a).mean(axis=(1, 2)) for a, b in pairwise(frames)])
    steps = rows.mean(axis=1)

    assert (found.width, found.height) == made.size
    assert len(frames) == found.frames == made.frames
    assert found.seconds == made.frames / FPS
    assert told == sorted(told)
    assert told[0] < 0.3
    assert told[-1] >= 0.99
    assert min(frame.mean() for frame in frames) > 4, "black"
    assert min(frame.std() for frame in frames) > 3, "empty"
    assert steps.min() > 0.01, "frozen"
    assert (rows.max(axis=1) < 8 * steps + 6).all(), "torn"
    assert steps.max() < 4 * float(np.median(steps)) + 2, "jumps"
    if made.seam:
        assert steps[made.seam - 1] <= steps[: made.seam - 1].max() + 0.5, "a seam"


# ── what a browser makes of them ──────────────────────────────────────────────────────────────────


async def test_a_browser_plays_every_film_to_its_end(films: Films, tmp_path: Path) -> None:
    browser = found_browser()
    made = {films[name].path.name: films[name] for name in NAMES}

    seen = await played(browser, films.folder, tmp_path)

    assert seen.keys() == made.keys()
    for name, film in made.items():
        told = seen[name]
        assert told.get("error") is None, (name, told)
        assert (told["width"], told["height"]) == film.size, name
        assert told["seconds"] == pytest.approx(film.frames / FPS, abs=0.01), name
        assert told["ended"], name
        # One may be counted again where it is played from the beginning; none may be missing.
        assert film.frames <= told["frames"] <= film.frames + 2, (name, told)
        assert told["broken"] == 0, name
        assert told["level"] > 4, (name, told)


def found_browser() -> str:
    """Find a browser; without one nothing can be said, and where all must be said, that fails."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    missing = "there is no Chromium on the PATH: `apt install chromium`, or any of its kind"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


async def played(browser: str, folder: Path, home: Path) -> dict[str, dict[str, Any]]:
    """Let *browser* play all films of *folder*; tell what it says of each."""
    async with stage(folder) as (url, told):
        program = await asyncio.create_subprocess_exec(
            browser,
            *SWITCHES,
            f"--user-data-dir={home / 'browser'}",
            url,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        ended: asyncio.Future[Any] = asyncio.ensure_future(program.wait())
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait([ended, told], return_when=asyncio.FIRST_COMPLETED)
            assert told.done(), f"{browser} ended with {program.returncode} before it told anything"
            return told.result()
        finally:
            if program.returncode is None:
                os.killpg(program.pid, signal.SIGKILL)
            await ended


@asynccontextmanager
async def stage(
    folder: Path,
) -> AsyncIterator[tuple[str, asyncio.Future[dict[str, dict[str, Any]]]]]:
    """Serve the films of *folder*, and a page that plays them and tells how that went."""
    told: asyncio.Future[dict[str, dict[str, Any]]] = asyncio.get_running_loop().create_future()
    names = sorted(path.name for path in folder.glob("*.mp4"))

    async def page(_request: Request) -> Response:
        return HTMLResponse(PAGE.replace("NAMES", json.dumps(names)))

    async def hear(request: Request) -> Response:
        told.set_result(await request.json())
        return Response(status_code=204)

    routes = [
        Route("/", page),
        Route("/told", hear, methods=["POST"]),
        Mount("/films", StaticFiles(directory=folder)),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/", told
        finally:
            server.should_exit = True
            await serving


PAGE = """<!doctype html><video id="screen" muted playsinline></video><script>
const screen_ = document.getElementById("screen");
const easel = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const heard = (name, begin) => new Promise((done, failed) => {
  screen_.addEventListener(name, done, {once: true});
  screen_.onerror = () => failed(new Error(name + ": " + screen_.error.message));
  Promise.resolve(begin()).catch(failed);
});
async function play(name) {
  await heard("loadeddata", () => { screen_.src = "/films/" + name; });
  await heard("ended", () => screen_.play());
  const counted = screen_.getVideoPlaybackQuality();
  const told = {
    width: screen_.videoWidth, height: screen_.videoHeight, seconds: screen_.duration,
    ended: screen_.ended, frames: counted.totalVideoFrames, broken: counted.corruptedVideoFrames,
  };
  await heard("seeked", () => { screen_.currentTime = screen_.duration / 2; });
  easel.canvas.width = easel.canvas.height = 64;
  easel.drawImage(screen_, 0, 0, 64, 64);
  const grabbed = easel.getImageData(0, 0, 64, 64).data.filter((_, at) => at % 4 < 3);
  return {...told, level: grabbed.reduce((sum, one) => sum + one, 0) / grabbed.length};
}
(async () => {
  const told = {};
  for (const name of NAMES) {
    try { told[name] = await play(name); } catch (error) { told[name] = {error: String(error)}; }
  }
  await fetch("/told", {method: "POST", body: JSON.stringify(told)});
})();
</script>"""
