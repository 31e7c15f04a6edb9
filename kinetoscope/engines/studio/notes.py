"""Notes: what a prompt asks for and the studio cannot show, so that nobody is fooled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kinetoscope.engines.studio.script import LONGEST_READ, ScenePlan, left_out

_FOLK = frozenset({"person", "child", "hiker", "astronaut"})
_PEOPLE = re.compile(
    r"\b(people|persons?|someone|somebody|m[ae]n\b|wom[ae]n\b|girls?\b|boys?\b|child(ren)?\b|kids?\b"
    r"|bab(y|ies)\b|couple|crowds?|famil(y|ies)|mother|father|friends?\b|dancers?|singers?|chefs?\b"
    r"|doctors?\b|teachers?|students?\b|soldiers?|knights?\b|samurai|wizards?|witch(es)?\b|kings?\b"
    r"|queens?\b|actors?|actress|models?\b|players?\b|surfers?|skaters?|detectives?|frau|mann"
    r"|femme|homme|mujer|hombre)|人|女|男|孩"
)
_SPEECH = re.compile(
    r"\b(says?\b|said\b|saying|speak(s|ing)?\b|talk(s|ing)?\b|dialogue?s?\b|voices?\b|voice-?over"
    r"|narrat\w+|lip-?sync\w*|shout(s|ing)?\b|whisper(s|ing)?\b|interview)|说话|对话"
)
_MUSIC = re.compile(r"\b(sing(s|ing)?\b|songs?\b|music\b|melody|orchestra|rapp(er|ing))|音乐|唱歌")
_WRITING = re.compile(
    r"\b(text\b|titles?\b|captions?|subtitles?|logos?\b|slogan|lettering|written|writing"
    r"|(sign|banner|shirt) (that )?(says|reads))|文字|标志|[\"“«][^\"”»]{3,}[\"”»]"
)
_CLOSE = re.compile(r"\b(close-?ups?\b|macro\b|portrait\b|headshot|faces?\b|eyes?\b)|特写")
_ACTING = re.compile(
    r"\b(walk|run|danc|jump|smil|laugh|cr(y|ies)|wav|talk|sing|eat|drink|fight|kiss|hug"
    r"|turn (around|her|his)|blink|nod|cook|play|swim|fl(y|ies)|jog|climb)"
    r"(s|es|ing|ning)?\b|走|跑|跳|笑"
)
_CHANGES = re.compile(
    r"\b(add|insert|remove|erase|delete|get rid of|replace|swap"
    r"|take (away|out)|put)\b|添加|移除|替换"
)
_MANNER = re.compile(r"\b(in the (style|manner) of|painted by|(painting|drawing) by)\b")
_BACKGROUND = re.compile(r"\bback(ground|drop)\b|背景")


def notes_on_scene(prompt: str, plan: ScenePlan) -> tuple[str, ...]:
    """List what *prompt* asks of a drawn scene and *plan* does not show."""
    text = prompt[:LONGEST_READ].lower()
    return tuple(_scenic(text, plan)) + tuple(_unheard(text))


def notes_on_picture(prompt: str) -> tuple[str, ...]:
    """List what *prompt* asks of pictures or of a film to be continued, and cannot be done."""
    text = prompt[:LONGEST_READ].lower()
    acts = ("nobody acts: only the camera, the air and the light move",)
    return (acts if _ACTING.search(text) else ()) + tuple(_unheard(text))


def notes_on_edit(prompt: str, *, known: bool) -> tuple[str, ...]:
    """List what *prompt* asks of a film to be edited; *known* says that it names a look."""
    text = prompt[:LONGEST_READ].lower()
    notes = []
    if _CHANGES.search(text) and not _BACKGROUND.search(text):
        notes.append("nothing is added, removed or replaced in the picture")
    if not known:
        notes.append("no look of this name: a colour grade was chosen")
    return (*notes, *_unheard(text))


def _scenic(text: str, plan: ScenePlan) -> Iterable[str]:
    if not plan.sure:
        yield f"no place that can be drawn was named: it shows {_NAMES.get(plan.place, plan.place)}"
    if _FOLK & set(plan.subjects):
        if _PEOPLE.search(text):
            yield "people only as small figures, without faces"
    elif _PEOPLE.search(text):
        yield "no people"
    for name in left_out(text, plan):
        yield f"no {name}"
    if plan.style is None and _MANNER.search(text):
        yield "no painted style of this name"
    if _CLOSE.search(text) and plan.place != "table":
        yield "no close-ups"


def _unheard(text: str) -> Iterable[str]:
    if _SPEECH.search(text):
        yield "no speech"
    if _MUSIC.search(text):
        yield "no music but a quiet chord"
    if _WRITING.search(text):
        yield "no readable text"


_NAMES = {
    "clouds": "a sea of clouds",
    "deep": "a reef",
    "galaxy": "a galaxy",
    "islands": "islands",
    "mountains": "mountains",
    "hills": "hills",
    "snow": "snow",
    "space": "outer space",
    "table": "a table by a window",
    "ocean": "the sea",
    "lake": "a lake",
    "forest": "a forest",
    "city": "a city",
    "desert": "a desert",
    "canyon": "a canyon",
}
