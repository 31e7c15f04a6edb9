"""Notes: what a prompt asks for and the studio cannot show, so that nobody is fooled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kinetoscope.engines.studio.actors.company import ROLES, Way
from kinetoscope.engines.studio.script import ScenePlan, asked, left_out, negated, read_script
from kinetoscope.engines.studio.unseen import doubles, unseen
from kinetoscope.engines.studio.words import SUBJECTS

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
_CLOSE = re.compile(r"\b(close-?ups?\b|macro\b|portrait\b|headshot|faces?\b|eyes?\b(?!-))|特写")
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
# What figures on a stage cannot do: they walk or stand, swim or fly, each as its kind does.
_FEATS = re.compile(
    r"\b(sleep(s|ing)?\b|sit(s|ting)\b|lies\b|lying\b|run(s|ning)\b|gallop|rac(es|ing)\b|jump|leap"
    r"|danc(e|es|ing)\b|play(s|ing)\b|fight(s|ing)?\b|eat(s|ing)\b|drink(s|ing)\b|climb(s|ing)"
    r"|(?<!-)catch(es|ing)|chas(es|ing)|hunt(s|ing)\b|rid(es|ing)\b|kiss|hug(s|ging)\b"
    r"|cook(s|ing)\b|cheer(s|ing)\b|landing\b|smil(es|ing)|laugh(s|ing)|cr(ies|ying)\b"
    r"|wav(es|ing) (at|to|her|his)|throw(s|ing)|howl(s|ing)|danse|schläft|tanzt|springt|duerme"
    r"|baila)|睡|跳舞|奔跑|打架"
)
_ALOFT = re.compile(r"\w*\s+(is |are )?(fly|flies|soar)")
_AFLOAT = re.compile(r"\w*\s+(is |are )?sw[ia]m")
_WINGED = frozenset({Way.FLIES, Way.DRIFTS, Way.RISES})
_WET = frozenset({Way.SWIMS, Way.FLOATS})
_MANY = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|dozens?|hundreds?|thousands?|\d+|many|several"
    r"|herds?|flocks?|packs?|prides?|groups?|fleets?|pairs?|zwei|drei|viele|deux|trois|dos|tres)"
    r"( of)?( \w+)?\s+$|(两|三|群|许多)\w?$"
)
_BUSY = ("city", "car")  # a place that has more of them by itself
_COUPLE = re.compile(r"people\b|men\b|women\b|couple\b|children\b")
_TRAFFIC = re.compile(r"\b(cars?|traffic|autos?|voitures?|coches?)\b|车")
_UNKNOWN_STYLE = "no painted style of this name"
_BACKGROUND = re.compile(r"\bback(ground|drop)\b|背景")


def notes_on_scene(prompt: str, plan: ScenePlan) -> tuple[str, ...]:
    """List what *prompt* asks of a drawn scene and *plan* does not show."""
    text = asked(prompt)
    return tuple(_scenic(text, plan, negated(prompt))) + tuple(_unheard(text))


def notes_on_picture(prompt: str, *, paints: bool = True) -> tuple[str, ...]:
    """List what *prompt* asks of pictures, or of a film to be continued, and cannot be done.

    What only goes on with a film *paints* nothing in another style.
    """
    text = asked(prompt)
    notes = []
    if _ACTING.search(text):
        notes.append("nobody acts: only the camera, the air and the light move")
    style = read_script(prompt, 0).style
    if paints and style is None and _MANNER.search(text):
        notes.append(_UNKNOWN_STYLE)
    if not paints and style is not None:
        notes.append("the film keeps the style that it has")
    return (*notes, *_unheard(text))


def notes_on_edit(prompt: str, *, known: bool) -> tuple[str, ...]:
    """List what *prompt* asks of a film to be edited; *known* says that it names a look."""
    text = asked(prompt)
    notes = []
    if _CHANGES.search(text) and not _BACKGROUND.search(text):
        notes.append("nothing is added, removed or replaced in the picture")
    if not known:
        notes.append("no look of this name: a colour grade was chosen")
    return (*notes, *_unheard(text))


def _scenic(text: str, plan: ScenePlan, without: str) -> Iterable[str]:
    if not plan.sure:
        yield f"no place that can be drawn was named: it shows {_NAMES.get(plan.place, plan.place)}"
    if _FOLK & set(plan.subjects):
        if _PEOPLE.search(text):
            yield "people only as small figures, without faces"
    elif _PEOPLE.search(text):
        yield "no people"
    for name in (*left_out(text, plan), *unseen(text)):
        yield f"no {name}"
    if plan.style is None and _MANNER.search(text):
        yield _UNKNOWN_STYLE
    for shown, meant in doubles(text, plan.subjects):
        yield f"a {shown} in place of {meant}"
    yield from _figures(text, plan)
    if plan.place == "city" and _TRAFFIC.search(without):
        yield "cars all the same"
    if _CLOSE.search(text) and plan.place != "table":
        yield "no close-ups"


def _figures(text: str, plan: ScenePlan) -> Iterable[str]:
    """Say what figures that are shown do not do, and of whom there are fewer."""
    feats = bool(plan.subjects and _FEATS.search(text))
    for name in plan.subjects:
        role = ROLES[name]
        for found in SUBJECTS[name].finditer(text):
            after = text[found.end() :]
            feats |= bool(_ALOFT.match(after)) and role.way not in _WINGED
            feats |= bool(_AFLOAT.match(after)) and role.way not in _WET
            alone = len(plan.subjects) > 1 or role.flock == 1
            if alone and (plan.place, name) != _BUSY and _several(name, text, found):
                yield f"only one {name}"
                break
    if feats:
        yield "figures only go their way: they walk, swim, sail or fly"


def _several(name: str, text: str, found: re.Match[str]) -> bool:
    """Tell whether the sentence speaks of more than one of *name*."""
    if _MANY.search(text[: found.start()]) or _COUPLE.match(found.group()):
        return True
    word = re.match(r"\w+", text[found.start() :])
    plural = word.group() if word else ""
    singular = [plural[:-ending] for ending in (1, 2) if plural.endswith("es"[2 - ending :])]
    return any(SUBJECTS[name].fullmatch(one) for one in singular)


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
