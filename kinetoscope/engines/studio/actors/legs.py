"""Legs: bones that bend at their joints, and feet that stay where they were put down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kinetoscope.engines.studio.actors.shapes import (
    Bgr,
    Part,
    Point,
    fleshed,
    limb,
    rounded,
    shaded,
)


@dataclass(frozen=True, slots=True)
class Gait:
    """How a kind walks: the length of its stride, how high it lifts its feet, and in what order.

    The forefoot of a side follows the hind foot of that side by *lag* of a stride: a quarter where
    feet fall one by one, almost nothing where a side goes together. *down* is how much of a stride
    a foot is on the ground, and *fold* how far its toe hangs in the air, in radians; where
    *bounds*, both hind feet go together.
    """

    stride: float = 0.42
    lift: float = 0.085
    lag: float = 0.25
    down: float = 0.62
    fold: float = 0.7
    bounds: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg at rest: shoulder (or hip), elbow (or knee), wrist (or hock), ankle; and its flesh.

    *fronts* and *backs* are its thickness before and behind: at the four joints, and halfway
    between the second and third and between the third and fourth.
    """

    joints: tuple[Point, Point, Point, Point]
    fronts: tuple[float, float, float, float, float, float]
    backs: tuple[float, float, float, float, float, float]
    foot: str = "hoof"
    size: float = 0.1
    follows: float = 0.36  # how far the second joint goes with the foot
    bands: int = 0  # of black, across it


_HEEL_UP, _TOE_UP = 0.50, 0.20  # radians, as a foot leaves the ground and comes down
_BAND: Bgr = (40, 40, 44)
_RISES = (0.3, 0.55, 0.8, 1.0)  # how much of its height each of a leg's bones stands out
_SOCK = 3  # the bone from which on a leg may be of another colour
Step = tuple[float, float, float]
"""Where a foot is: how far ahead, how high, and how its toe points, in radians."""
Fur = tuple[Bgr, Bgr, Bgr]
"""The colours of a leg above, below and of its foot."""

# Around the ankle of a foot of size 1 that points to the right: x ahead, y up, the sole at -0.62.
_FEET: Mapping[str, Sequence[Point]] = {
    "hoof": ((-0.30, 0.10), (0.26, 0.12), (0.50, -0.22), (0.72, -0.60), (0.10, -0.64),
             (-0.12, -0.60), (-0.06, -0.28)),
    "paw": ((-0.42, 0.16), (0.20, 0.30), (0.62, 0.02), (0.98, -0.34), (0.92, -0.62),
            (0.20, -0.64), (-0.42, -0.58)),
    "sole": ((-0.62, 0.20), (0.30, 0.36), (0.80, 0.06), (1.06, -0.34), (0.98, -0.60),
             (0.10, -0.62), (-0.72, -0.58), (-0.78, -0.20)),
    "pad": ((-0.40, 0.12), (0.36, 0.14), (0.66, -0.24), (0.92, -0.56), (0.30, -0.66),
            (-0.52, -0.62), (-0.46, -0.30)),
    "shoe": ((-0.50, 0.30), (0.42, 0.34), (0.90, -0.06), (1.75, -0.36), (1.82, -0.70),
             (0.60, -0.76), (-0.58, -0.76), (-0.66, -0.30)),
    "column": ((-0.52, 0.30), (0.50, 0.30), (0.56, -0.20), (0.66, -0.58), (0.0, -0.66),
               (-0.58, -0.60), (-0.54, -0.20)),
}  # fmt: skip


def leg(build: Leg, step: Step, fur: Fur, *, lift: float = 0.0, rise: float = 0.0) -> list[Part]:
    """Draw *build* in the middle of a *step*; it stands out by *lift*, its foot by *rise* more."""
    ahead, up, tilt = step
    low = sinks(build)
    hip, second, _, ankle = ((x, y - low) for x, y in build.joints)
    sole = _turned_foot(build, tilt)
    # Wherever its toe points, a foot that stands touches the ground.
    goal = (ankle[0] + ahead, up - min(y for _, y in sole))
    share = math.atan2(ahead * build.follows, hip[1] - second[1])
    second = _turned(second, hip, share)
    second = (second[0], second[1] + 0.12 * (goal[1] - ankle[1]))
    third, goal = _bent(second, goal, build.joints)
    above, below = _between(second, third), _between(third, goal)
    spine = [hip, second, above, third, below, goal]
    flesh = fleshed(spine, build.fronts, build.backs, fur[0], begins=range(len(_RISES)))
    parts = [
        replace(part, colour=fur[1] if bone >= _SOCK else fur[0], lift=lift + _RISES[bone] * rise)
        for bone, part in enumerate(flesh)
    ]
    for band in range(build.bands):
        at = 0.30 + 0.52 * (band + 0.5) / build.bands
        parts.append(replace(_across(spine, build, at), lift=lift + at * rise))
    placed = [(goal[0] + x, goal[1] + y) for x, y in sole]
    return [*parts, replace(rounded(placed, fur[2]), lift=lift + rise)]


def sinks(build: Leg) -> float:
    """Tell how far above the ground the sole of *build* is at rest."""
    return build.joints[3][1] + min(y for _, y in _turned_foot(build, 0.0))


def _turned_foot(build: Leg, tilt: float) -> list[Point]:
    return [
        _turned((x * build.size, y * build.size), (0.0, 0.0), tilt) for x, y in _FEET[build.foot]
    ]


def _across(spine: Sequence[Point], build: Leg, at: float) -> Part:
    """Draw a band across a leg, *at* so much of its way down."""
    place = at * (len(spine) - 1)
    bone = int(place)
    share = place - bone
    (x, y), (below_x, below_y) = spine[bone], spine[bone + 1]
    long = math.dist(spine[bone], spine[bone + 1])
    across = (-(below_y - y) / long, (below_x - x) / long)
    x, y = x + (below_x - x) * share, y + (below_y - y) * share
    front = build.fronts[bone] * (1 - share) + build.fronts[bone + 1] * share
    back = build.backs[bone] * (1 - share) + build.backs[bone + 1] * share
    ends = [(x + across[0] * side * 0.94, y + across[1] * side * 0.94) for side in (front, -back)]
    return limb([ends[0], (x, y - 0.006), ends[1]], (0.010, 0.026, 0.010), _BAND)


def far(fur: Fur, power: float = 0.66) -> Fur:
    """Darken the leg on the other side of the body."""
    return shaded(fur[0], power), shaded(fur[1], power), shaded(fur[2], power)


def stepped(gait: Gait, phase: float) -> Step:
    """Put a foot forward: at *phase* 0 it comes down, and stays on the ground for the most part."""
    phase %= 1
    if phase < gait.down:
        share = phase / gait.down
        heel, toe = max(0.0, share - 0.70) / 0.30, max(0.0, 1 - share / 0.10)
        return gait.stride * (0.5 - share), 0.0, _TOE_UP * toe - _HEEL_UP * heel * heel
    share = (phase - gait.down) / (1 - gait.down)
    ease = share - math.sin(2 * math.pi * share) / (2 * math.pi)
    lift = gait.lift * math.sin(math.pi * share) ** 1.3
    fold = gait.fold * math.sin(math.pi * min(1.0, share * 1.15)) ** 2
    tilt = _TOE_UP * share**3 - _HEEL_UP * (1 - share) ** 2 - fold
    return gait.stride * (ease - 0.5), lift, tilt


def _bent(root: Point, goal: Point, rest: tuple[Point, Point, Point, Point]) -> tuple[Point, Point]:
    """Find the joint between *root* and *goal*, on the side where it is at rest."""
    _, second, third, ankle = rest
    upper, lower = math.dist(second, third), math.dist(third, ankle)
    away = math.dist(root, goal)
    side = (third[0] - second[0]) * (ankle[1] - second[1]) - (third[1] - second[1]) * (
        ankle[0] - second[0]
    )
    stretch = max(1.0, min(1.05, away / ((upper + lower) * 0.998)))
    upper, lower = upper * stretch, lower * stretch
    reach = min(away, (upper + lower) * 0.998)
    along = (upper * upper - lower * lower + reach * reach) / (2 * reach)
    off = math.sqrt(max(0.0, upper * upper - along * along)) * (1 if side < 0 else -1)
    x, y = (goal[0] - root[0]) / away, (goal[1] - root[1]) / away
    knee = (root[0] + x * along - y * off, root[1] + y * along + x * off)
    return knee, (root[0] + x * reach, root[1] + y * reach)


def _turned(point: Point, pivot: Point, angle: float) -> Point:
    x, y = point[0] - pivot[0], point[1] - pivot[1]
    sine, cosine = math.sin(angle), math.cos(angle)
    return pivot[0] + x * cosine - y * sine, pivot[1] + x * sine + y * cosine


def _between(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
