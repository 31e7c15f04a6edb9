"""Paints: ways to paint a picture so that it takes its time, and what it is painted on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import cast

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.painter import Painter
from kinetoscope.engines.studio.vision import Map

_MOST_PIXELS = 848 * 480
_STEP = 4  # the network halves a picture twice
_LEAST = 32


def paint_size(width: int, height: int) -> tuple[int, int]:
    """Tell in what size pictures of *width* and *height* are painted."""
    scale = min(1.0, math.sqrt(_MOST_PIXELS / (width * height)))
    wide, tall = (max(_LEAST, round(side * scale / _STEP) * _STEP) for side in (width, height))
    return wide, tall


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a painter's work is brought together with the picture that was painted.

    *manners* are the painter's, by number. Of the picture come back: *forms*, the share of its
    light and shade; *colours*, the share of its own, *vivid* times as strong; *edges*, its finest
    lines; and *mood*, the share of how dark it was. *broad* wipes out strokes finer than so many
    pixels, *relief* lets the light graze the paint, and *paper* is how much of the ground is seen.
    """

    manners: Mapping[int, float]
    forms: float = 0.3
    colours: float = 0.0
    vivid: float = 1.0
    edges: float = 0.0
    mood: float = 0.0
    broad: float = 0.0
    relief: float = 0.0
    paper: float = 0.0

    def mixed(self, other: Recipe) -> Recipe:
        """Take half of each."""
        manners = [*self.manners.items(), *other.manners.items()]
        halves = {
            field.name: (getattr(self, field.name) + getattr(other, field.name)) / 2
            for field in fields(self)
            if field.name != "manners"
        }
        return Recipe({manner: share / 2 for manner, share in manners}, **halves)


class Ground:
    """What is painted on, in the size of the film: paper or canvas, *rough* from 0 on."""

    def __init__(self, size: tuple[int, int], seed: int, rough: float) -> None:
        self._size = size
        self._tooth: Frame | None = None
        if rough:
            width, height = size
            random = np.random.default_rng(seed)
            fine = cv2.GaussianBlur(random.standard_normal((height, width), np.float32), (0, 0), 1)
            some = random.standard_normal((max(4, height // 6), max(4, width // 6)), np.float32)
            coarse = cv2.resize(cv2.GaussianBlur(some, (0, 0), 1), size)
            tooth = fine / fine.std() + 0.35 * coarse / coarse.std()
            levels = (_PLAIN * (1 + rough * tooth)).clip(0, 255).astype(np.uint8)
            self._tooth = cast("Frame", cv2.merge([levels] * 3))

    def finish(self, painted: Frame) -> Frame:
        """Enlarge what is *painted*, and let the ground show through."""
        full = painted
        if (painted.shape[1], painted.shape[0]) != self._size:
            full = cast("Frame", cv2.resize(painted, self._size, interpolation=cv2.INTER_CUBIC))
        if self._tooth is not None:
            full = cast("Frame", cv2.multiply(full, self._tooth, scale=1 / _PLAIN))
        return full


class Learned:
    """Paints with a network, by a *recipe*, for films of a width, a height and a seed."""

    def __init__(self, painter: Painter, recipe: Recipe, canvas: tuple[int, int, int]) -> None:
        width, height, seed = canvas
        self.size = paint_size(width, height)
        self._painter, self._recipe = painter, recipe
        self._ground = Ground((width, height), seed, recipe.paper)
        self.finish = self._ground.finish

    def __call__(self, small: Frame) -> Frame:
        """Paint one picture."""
        recipe = self._recipe
        painted = _broader(self._painter(small, recipe.manners), recipe.broad)
        light, *colours = cv2.split(cv2.cvtColor(painted, cv2.COLOR_BGR2LAB))
        own_light, *own_colours = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2LAB))
        shade = _lit(light, own_light, recipe)
        if recipe.relief:
            shade += recipe.relief * _relief(shade)
        mixed = [
            cv2.addWeighted(
                one,
                1 - recipe.colours,
                own,
                recipe.colours * recipe.vivid,
                128 * recipe.colours * (1 - recipe.vivid),
            )
            for one, own in zip(colours, own_colours, strict=True)
        ]
        lab = cv2.merge([cv2.convertScaleAbs(shade.clip(0, 255)), *mixed])
        return cast("Frame", cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))


def _broader(painted: Frame, reach: float) -> Frame:
    """Wipe out strokes finer than *reach*, and strengthen those that are left."""
    if not reach:
        return painted
    calm, around = (cv2.GaussianBlur(painted, (0, 0), reach * k) for k in (1, 3.3))
    return cast("Frame", cv2.addWeighted(calm, 1.7, around, -0.7, 0))


def _lit(light: cv2.typing.MatLike, own: cv2.typing.MatLike, recipe: Recipe) -> Map:
    """Mix what the painter made of light and shade with the picture's *own*."""
    strokes, forms = light.astype(np.float32), own.astype(np.float32)
    (mean, spread), (own_mean, own_spread) = _levels_of(strokes), _levels_of(forms)
    alike = (forms - own_mean) * (spread / max(own_spread, 12)) + mean
    mixed = strokes + (alike - strokes) * recipe.forms
    if recipe.mood:
        now, wide = _levels_of(mixed)
        contrast = 1 + recipe.mood * (own_spread / max(wide, 12) - 1)
        mixed = (mixed - now) * max(contrast, 0.8) + now + recipe.mood * (own_mean - now)
    if recipe.edges:
        mixed += recipe.edges * (forms - cv2.GaussianBlur(forms, (0, 0), 3))
    return mixed.astype(np.float32)


def _relief(shade: Map) -> Map:
    """Let light graze the ridges that brushes leave."""
    fine = shade - cv2.GaussianBlur(shade, (0, 0), 4)
    return cast("Map", cv2.filter2D(fine, cv2.CV_32F, _GRAZING).clip(-60, 60))


def _levels_of(plane: Map) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])


_PLAIN = 200  # the shade of ground that changes nothing: some of it is lighter
_GRAZING = np.array([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]], np.float32) / 3
