"""The gallery: a sheet of films from text to be looked at; run it with the name of a picture."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from kinetoscope.engines.studio.brief import FPS
from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.slate import Chapter, Slate
from kinetoscope.engines.studio.story import Story

PROMPTS = (
    "a sailboat on the ocean at golden sunset",
    "tropical islands by day, a seagull flies by",
    "snowy mountains at sunrise, drone flight",
    "a calm lake in the mountains, early morning fog",
    "a horse on green hills in the afternoon",
    "a camel crosses desert dunes at sunset",
    "a canyon in the american west at noon",
    "a polar bear on a glacier",
    "a fox in a pine forest at night, fireflies",
    "neon city street at night in the rain",
    "hot air balloons above the clouds at sunrise",
    "an alien planet at dusk",
    "a coral reef under water, striped fish",
    "a planet and its moon in outer space",
    "a spiral galaxy, slow push in",
    "a cup of coffee on a wooden table by the window",
    "a candle on a table at night",
    "a bowl of fruit, oil painting",
    "northern lights over a frozen lake at night",
    "fireworks over a city at night",
    "a lighthouse by the ocean in a thunderstorm, lightning and rain",
    "snow falls in the forest at dusk",
    "an elephant in the savanna, in the style of van gogh",
    "a fjord at sunrise, watercolour",
)
_SEED, _SECONDS, _MOMENT = 7, 6, 3
_SIZE, _TILE, _COLUMNS, _GAP = (640, 360), (300, 169), 4, 6
_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 88)  # of a sheet that is named so


def sheet(prompts: tuple[str, ...] = PROMPTS) -> Frame:
    """Draw one moment of each film, four beside each other."""
    cv2.setNumThreads(1)
    tiles = [_framed(_moment(prompt, number)) for number, prompt in enumerate(prompts)]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    return np.vstack(rows)


def main() -> None:
    """Write the sheet to the file that is named, and list its prompts in Markdown."""
    target = Path(sys.argv[1])
    _, encoded = cv2.imencode(target.suffix, sheet(), _QUALITY)
    target.write_bytes(encoded.tobytes())
    for number, prompt in enumerate(PROMPTS, start=1):
        sys.stdout.write(f"{number}. {prompt}\n")


def _moment(prompt: str, number: int) -> Frame:
    story = Story(Slate(_SEED + number, *_SIZE, (Chapter(prompt, _SECONDS),)))
    return story.frame(_MOMENT * FPS)


def _framed(frame: Frame) -> Frame:
    small = cv2.resize(frame, _TILE, interpolation=cv2.INTER_AREA)
    return np.pad(small, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255)


if __name__ == "__main__":
    main()
