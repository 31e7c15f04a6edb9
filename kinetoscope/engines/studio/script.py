"""The script: what a prompt asks to see, read by its words; whatever it says, there is a scene."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from kinetoscope.engines.studio.words import (
    FLIGHT,
    KINDRED,
    MIXED,
    NEGATED,
    PLACES,
    PROPS,
    STYLES,
    SUBJECTS,
    TIMES,
    WEATHER,
)

LONGEST_READ = 4096
_MOST_SUBJECTS = 3


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """What to draw: a place at a time of day, its weather, its actors, its sounds and its look.

    *sure* says that the prompt itself named the place, or somebody who lives there; *prop* is what
    stands on a table.
    """

    place: str
    time: str
    weather: tuple[str, ...]
    subjects: tuple[str, ...]
    style: str | None
    sounds: tuple[str, ...]
    mood: str
    flight: bool
    seed: int
    sure: bool
    prop: str = ""


def asked(prompt: str) -> str:
    """Give what is read of *prompt*, in small letters, without what it says is not to be there."""
    return NEGATED.sub(" ", prompt[:LONGEST_READ].lower())


def negated(prompt: str) -> str:
    """Give what *prompt* says is not to be there."""
    return "; ".join(NEGATED.findall(prompt[:LONGEST_READ].lower()))


def read_script(prompt: str, seed: int) -> ScenePlan:
    """Read *prompt* into a plan; the same words and *seed* always give the same one."""
    text = asked(prompt)
    subjects = _subjects(text)
    named = _place(text)
    kindred = _first(KINDRED, text)
    place = named or _home_of(subjects) or (kindred or _somewhere(text)).partition(" ")[0]
    usual = _USUAL_TIME.get(place, "day")
    if kindred and not named and not subjects:
        usual = kindred.partition(" ")[2]
    subjects = tuple(name for name in subjects if _fits(name, place))[:_MOST_SUBJECTS]
    weather = _weather_in(place, text)
    time = _dark_enough(_first(TIMES, text) or usual, weather)
    return ScenePlan(
        place=place,
        time=time,
        weather=weather,
        subjects=subjects,
        style=next(iter(mixed(name for name, words in STYLES.items() if words.search(text))), None),
        sounds=_sounds(place, time, weather),
        mood=_MOODS.get(time, "wide"),
        flight=bool(FLIGHT.search(text)),
        seed=seed,
        sure=bool(named or subjects or place == "table"),
        prop=(_first(PROPS, text) or "cup") if place == "table" else "",
    )


def turned(plan: ScenePlan, prompt: str) -> ScenePlan:
    """Turn *plan* into what it is after *prompt*: another time, more weather; or the same."""
    text = asked(prompt)
    weather = tuple(dict.fromkeys((*plan.weather, *_weather_in(plan.place, text))))
    time = _dark_enough(_first(TIMES, text) or plan.time, weather)
    return replace(
        plan,
        time=time,
        weather=weather,
        sounds=_sounds(plan.place, time, weather),
        mood=_MOODS.get(time, "wide"),
    )


def mixed(styles: Iterable[str]) -> tuple[str, ...]:
    """Join the first two of *styles* that can be mixed into one, such as `starry+woodblock`."""
    names = tuple(styles)
    both = [name for name in names if name in MIXED][:2]
    if len(both) < 2:
        return names
    return ("+".join(both), *(name for name in names if name not in both))


def names_a_place(prompt: str) -> bool:
    """Tell whether *prompt* names a place that can be drawn."""
    return _first(PLACES, asked(prompt)) is not None


def left_out(prompt: str, plan: ScenePlan) -> tuple[str, ...]:
    """List the subjects that *prompt* names and *plan* has no room for."""
    named = _subjects(asked(prompt))
    return tuple(name for name in named if name not in plan.subjects)


def read_weather(prompt: str) -> tuple[str, ...]:
    """List the kinds of weather that *prompt* names."""
    text = asked(prompt)
    return tuple(name for name, words in WEATHER.items() if words.search(text))


_SEAFARING = frozenset({"whale", "dolphin", "shark", "fish", "sailboat", "ship"})
_ONLY: Mapping[str, frozenset[str]] = {
    "table": frozenset(),
    "galaxy": frozenset({"saucer", "astronaut"}),
    "space": frozenset({"saucer", "astronaut", "rocket"}),
    "deep": frozenset({"fish", "shark", "whale", "dolphin"}),
    "clouds": frozenset({"balloon", "plane", "eagle", "bird", "gull", "dragon", "saucer"}),
}
_INDOORS = frozenset({"rain", "snow", "fog", "aurora", "fireworks", "lightning", "fireflies"})
_WITHOUT: Mapping[str, frozenset[str]] = {
    "table": _INDOORS,
    "deep": _INDOORS | {"embers", "sweep"},
    "space": _INDOORS | {"embers", "dust", "sweep"},
    "galaxy": _INDOORS | {"embers", "dust", "sweep"},
}
_HOMES: Mapping[str, tuple[str, ...]] = {
    "deep": ("fish", "shark"),
    "ocean": ("sailboat", "ship", "whale", "dolphin", "lighthouse", "gull"),
    "clouds": ("balloon", "plane"),
    "mars": ("astronaut", "rocket", "saucer", "robot"),
    "forest": ("fox", "wolf", "deer", "bear", "rabbit"),
    "mountains": ("eagle", "dragon", "hiker"),
    "desert": ("camel",),
    "snow": ("polar bear",),
    "islands": ("palm",),
    "city": ("car", "person"),
    "hills": (
        "horse", "zebra", "elephant", "giraffe", "lion", "tiger", "cow", "sheep", "child", "house",
        "castle", "tree", "train", "bird", "cat", "dog",
    ),
}  # fmt: skip
_MOODS: Mapping[str, str] = {
    "night": "dark",
    "storm": "dark",
    "day": "warm",
    "sunrise": "warm",
}
_USUAL_TIME: Mapping[str, str] = {
    "city": "night",
    "ocean": "sunset",
    "clouds": "sunset",
    "desert": "sunset",
    "mountains": "sunrise",
    "forest": "dusk",
    "lake": "sunrise",
    "table": "sunrise",
    "alien": "dusk",
    "space": "night",
    "galaxy": "night",
}
_ANYWHERE = ("mountains", "lake", "clouds", "ocean", "forest", "islands", "hills", "desert")


def _first(table: Mapping[str, re.Pattern[str]], text: str) -> str | None:
    return next((name for name, words in table.items() if words.search(text)), None)


def _place(text: str) -> str | None:
    """Find the place that *text* names; or, where it names none, that of somebody in it.

    A whale is of the sea, but a whale in a desert asks for a desert.
    """
    spans = [match.span() for words in SUBJECTS.values() for match in words.finditer(text)]

    def stands_alone(found: re.Match[str]) -> bool:
        return not any(begin < found.end() and found.start() < end for begin, end in spans)

    for name, words in PLACES.items():
        if any(stands_alone(found) for found in words.finditer(text)):
            return name
    return _first(PLACES, text)


def _subjects(text: str) -> tuple[str, ...]:
    """List who is named, in the order of the sentence; a longer name hides the shorter in it."""
    found: list[tuple[int, int, str]] = []
    for name, words in SUBJECTS.items():
        match = words.search(text)
        if match and not any(
            begin < match.end() and match.start() < end for begin, end, _ in found
        ):
            found.append((match.start(), match.end(), name))
    return tuple(name for _, _, name in sorted(found))


def _fits(name: str, place: str) -> bool:
    """Tell whether *name* can be met at *place*; nobody swims in a desert or walks on clouds."""
    if place in _ONLY:
        return name in _ONLY[place]
    return name not in _SEAFARING or place in {"ocean", "islands", "lake"}


def _weather_in(place: str, text: str) -> tuple[str, ...]:
    """List the weather that *text* names and *place* can have."""
    none = _WITHOUT.get(place, frozenset())
    return tuple(kind for kind in read_weather(text) if kind not in none)


def _dark_enough(time: str, weather: tuple[str, ...]) -> str:
    """Let it be night where lights are to be seen in the sky."""
    lights = {"aurora", "fireworks"} & set(weather)
    return "night" if lights and time != "dusk" else time


def _home_of(subjects: Iterable[str]) -> str | None:
    for subject in subjects:
        for place, dwellers in _HOMES.items():
            if subject in dwellers:
                return place
    return None


def _somewhere(text: str) -> str:
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return _ANYWHERE[digest[0] % len(_ANYWHERE)]


def _sounds(place: str, time: str, weather: tuple[str, ...]) -> tuple[str, ...]:
    sounds = [_AMBIENCE.get(place, "wind")]
    if place in {"ocean", "islands", "lake"}:
        sounds.append("waves")
    if place in {"forest", "hills"}:
        sounds.append("crickets" if time in {"night", "dusk"} else "birds")
    return tuple(sounds + [_HEARD[kind] for kind in weather if kind in _HEARD])


_AMBIENCE = {
    "city": "street",
    "deep": "depths",
    "space": "void",
    "galaxy": "void",
    "table": "room",
}
_HEARD = {"rain": "rain", "embers": "fire", "fireworks": "bangs", "lightning": "thunder"}
