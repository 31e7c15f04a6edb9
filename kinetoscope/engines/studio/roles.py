"""Roles: which pictures are actors and which are places, by what is said and what is seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np

from kinetoscope.engines.studio.film import Frame
from kinetoscope.engines.studio.script import names_a_place
from kinetoscope.engines.studio.subject import Eye, subject_mask
from kinetoscope.engines.studio.vision import Map


class Part(StrEnum):
    """What a picture plays."""

    ACTOR = "actor"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Role:
    """One picture and its part; *sure* is positive for an actor, negative for a place."""

    still: Frame
    mask: Map
    part: Part
    sure: float


def looked_at(still: Frame, eye: Eye) -> Role:
    """See what part *still* would play, if nothing were said."""
    if still.shape[2] == 4:
        mask = (still[..., 3] / np.float32(255)).astype(np.float32)
        return Role(still, mask, Part.ACTOR, 3.0)
    mask = subject_mask(still, eye)
    if not eye.sharp and not _plain(still):
        mask = np.zeros_like(mask)  # better a whole print than half a person
    share = float((mask > 0.5).mean())
    rim = float(np.concatenate([mask[0], mask[:, 0], mask[:, -1]]).mean())
    sure = (1.0 if 0.03 < share < 0.6 else -0.6) - 1.6 * rim
    return Role(still, mask, Part.ACTOR, sure)


def read_parts(prompt: str, roles: list[Role]) -> list[Role]:
    """Give out the parts by what *prompt* says of each image, and by what each one shows."""
    text = prompt.lower()
    given = []
    said = [_said(text, number) for number in range(1, len(roles) + 1)]
    # A place that is told in words is the place; then a picture is one only if it is called so.
    told = names_a_place(_IMAGE.sub(" ", text)) and min(said, default=0) > -1
    for role, words in zip(roles, said, strict=True):
        sure, mask = role.sure + words, role.mask
        if told and sure <= 0:
            # What is no whole thing is held up as a print.
            sure, mask = 0.1, mask if role.sure > _CUT_OFF else np.zeros_like(mask)
        part = Part.ACTOR if sure > 0 else Part.PLACE
        given.append(replace(role, sure=sure, mask=mask, part=part))
    if len(given) > 1 and all(role.part is Part.PLACE for role in given):
        best = max(range(len(given)), key=lambda index: given[index].sure)
        if (given[best].mask > 0.5).any():
            given[best] = replace(given[best], part=Part.ACTOR)
    return given


_CUT_OFF = -0.5  # how sure one may be that a subject runs out of its picture
_IMAGE = re.compile(r"@image\d+", re.IGNORECASE)


def _said(text: str, number: int) -> float:
    """Weigh the words around ``@Image`` *number*: "in @Image2" is a place, "@Image1 waves" acts."""
    name = rf"@image{number}\b"
    score = 0.0
    if re.search(rf"\b({_PLACE_WORDS})\b( (the|a|an|of|front))*( \w+ of)? {name}", text):
        score -= 1.6
    if re.search(rf"{name} (as|is) (the |a )?({_SCENE_WORDS})", text):
        score -= 2.5
    if re.search(rf"{name},? (and @image\d+ )?(slowly |gently |then )?({_ACTING})", text):
        score += 1.4
    if re.search(rf"\b({_WITH})\b( (the|a|an))? {name}", text):
        score += 0.8
    return score


_PLACE_WORDS = (
    "in|on|at|inside|through|across|along|into|against|over|near|around|background|scene|setting"
    "|location|street|room|place|behind|landscape|front of"
)
_SCENE_WORDS = "background|scene|setting|location|backdrop|place|set"
_ACTING = (
    r"walk|run|stand|sit|hold|wear|look|danc|fl(y|ies)|jump|driv|smil|wav|talk|turn|float|swim"
    r"|lean|rid|play|rest|sleep|drink|eat|appear|move|is (walk|runn|stand|sitt|hold|danc|fly|smil)"
)
_WITH = "with|and|wearing|holding|carrying|meets|beside|next to|hugs"


def _plain(still: Frame) -> bool:
    """Tell whether the picture's border is nearly of one colour."""
    small = cv2.resize(still, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    edges = np.concatenate([small[0], small[:, 0], small[:, -1]])
    return float(edges.std(0).mean()) < 20
