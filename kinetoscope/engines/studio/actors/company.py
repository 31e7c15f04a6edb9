"""The company: which words call which actor, how large it is and how it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from kinetoscope.engines.studio.actors import (
    cats,
    flyers,
    folk,
    giants,
    hoofed,
    pawed,
    swimmers,
    things,
)
from kinetoscope.engines.studio.actors.beasts import Build, beast
from kinetoscope.engines.studio.actors.shapes import Part


class Way(StrEnum):
    """How an actor moves."""

    WALKS = "walks"
    DRIVES = "drives"
    STANDS = "stands"
    FLOATS = "floats"
    SWIMS = "swims"
    GLIDES = "glides"
    FLIES = "flies"
    DRIFTS = "drifts"
    RISES = "rises"


@dataclass(frozen=True, slots=True)
class Role:
    """An actor: how it is drawn, its height as a share of the picture's, its way and its pace.

    A *flock* of so many comes where it is alone. Walls are less *plump* than bodies are.
    """

    draw: Callable[[float], list[Part]]
    height: float
    way: Way
    strides: float = 1.0
    flock: int = 1
    plump: float = 1.0


BUILDS: Mapping[str, Build] = {
    **hoofed.BUILDS,
    **giants.BUILDS,
    **pawed.BUILDS,
    **cats.BUILDS,
}


def _animal(name: str, height: float) -> Role:
    """Cast an animal; the larger, the slower are its strides."""
    strides = 0.85 * (0.22 / height) ** 0.7
    return Role(partial(beast, BUILDS[name]), height, Way.WALKS, strides)


ROLES: Mapping[str, Role] = {
    **{
        name: _animal(name, height)
        for name, height in (
            ("fox", 0.17), ("wolf", 0.19), ("dog", 0.17), ("cat", 0.14), ("deer", 0.24),
            ("horse", 0.25), ("zebra", 0.23), ("cow", 0.22), ("sheep", 0.15), ("bear", 0.22),
            ("polar bear", 0.21), ("lion", 0.19), ("tiger", 0.18), ("camel", 0.24),
            ("rabbit", 0.11),
        )
    },
    "elephant": _animal("elephant", 0.30),
    "giraffe": _animal("giraffe", 0.27),
    "person": Role(partial(folk.person), 0.24, Way.WALKS, 0.95),
    "hiker": Role(partial(folk.person, coat=(50, 90, 190), pack=True), 0.24, Way.WALKS, 0.95),
    "child": Role(partial(folk.person, coat=(70, 170, 230), young=True), 0.18, Way.WALKS, 1.3),
    "astronaut": Role(partial(folk.person, suit=True), 0.26, Way.WALKS, 0.6),
    "robot": Role(things.robot, 0.25, Way.WALKS, 0.8),
    "bird": Role(flyers.bird, 0.085, Way.FLIES, 1.8, flock=3),
    "gull": Role(partial(flyers.bird, plumage=flyers.GULL), 0.10, Way.FLIES, 1.3, flock=3),
    "eagle": Role(partial(flyers.bird, plumage=flyers.EAGLE), 0.15, Way.FLIES, 0.8),
    "dragon": Role(flyers.dragon, 0.26, Way.FLIES, 0.7),
    "whale": Role(swimmers.swimmer, 0.24, Way.SWIMS, 0.35),
    "dolphin": Role(
        partial(swimmers.swimmer, kind=swimmers.DOLPHIN), 0.14, Way.SWIMS, 0.8, flock=2
    ),
    "shark": Role(partial(swimmers.swimmer, kind=swimmers.SHARK), 0.15, Way.SWIMS, 0.6),
    "fish": Role(swimmers.fish, 0.075, Way.SWIMS, 1.6, flock=5),
    "sailboat": Role(things.sailboat, 0.30, Way.FLOATS, 0.35, plump=0.9),
    "ship": Role(things.ship, 0.20, Way.FLOATS, 0.3, plump=0.55),
    "balloon": Role(things.balloon, 0.34, Way.DRIFTS, 0.2, flock=2),
    "rocket": Role(things.rocket, 0.36, Way.RISES, 1.0),
    "plane": Role(things.plane, 0.16, Way.FLIES, 0.3),
    "saucer": Role(things.saucer, 0.16, Way.DRIFTS, 1.0),
    "car": Role(things.car, 0.13, Way.DRIVES, 3.0, plump=0.7),
    "train": Role(things.train, 0.20, Way.DRIVES, 1.6, plump=0.6),
    "house": Role(things.house, 0.26, Way.STANDS, 0.4, plump=0.35),
    "castle": Role(things.castle, 0.40, Way.STANDS, 0.6, plump=0.45),
    "lighthouse": Role(things.lighthouse, 0.42, Way.STANDS, 0.35),
    "tree": Role(things.tree, 0.40, Way.STANDS, 0.4),
    "palm": Role(things.palm, 0.42, Way.STANDS, 0.4),
}  # fmt: skip

METRES: Mapping[str, float] = {
    "fox": 0.4, "wolf": 0.8, "dog": 0.6, "cat": 0.3, "deer": 1.2, "horse": 1.6, "zebra": 1.4,
    "cow": 1.45, "sheep": 0.8, "bear": 1.1, "polar bear": 1.4, "lion": 1.15, "tiger": 1.0,
    "camel": 1.9, "rabbit": 0.25, "elephant": 3.2, "giraffe": 3.0, "person": 1.75, "hiker": 1.75,
    "child": 1.2, "astronaut": 1.9, "robot": 1.8,
}  # fmt: skip
"""How tall those are who walk, animals at the shoulder: it counts where they walk together."""


def together(names: Sequence[str]) -> list[Role]:
    """Cast *names*; whoever walks beside somebody taller is smaller, though not as small as true.

    Alone, a cat is as large in the picture as can be seen; beside a horse, it is a cat.
    """
    tallest = max(names, key=lambda name: METRES.get(name, 0.0), default="")
    roles = []
    for name in names:
        role = ROLES[name]
        if name in METRES:
            share = (METRES[name] / METRES[tallest]) ** _SHRINKS
            role = replace(role, height=min(role.height, ROLES[tallest].height * share))
        roles.append(role)
    return roles


_SHRINKS = 0.7
LANDLUBBERS = frozenset(
    name
    for name, role in ROLES.items()
    if role.way in {Way.WALKS, Way.DRIVES, Way.STANDS, Way.RISES}
) - {"lighthouse"}
"""Who needs ground under the feet."""
