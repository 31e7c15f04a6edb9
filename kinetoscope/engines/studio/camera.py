"""The camera: which move a sentence asks for, and where that puts the camera at each moment."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Pose(NamedTuple):
    """Where the camera is, in scene units, and how it is turned, in radians.

    The nearest things are about 1 away; *x* grows to the right, *y* down, *z* into the picture.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def plus(self, other: Pose, share: float = 1.0) -> Pose:
        """Add *share* of *other* to this pose."""
        return Pose(*(mine + theirs * share for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of one shot; *asked* says that the sentence named them, *size* is 1 as usual."""

    names: tuple[str, ...]
    size: float
    asked: bool
    seed: int = 0


def read_moves(prompt: str, seed: int = 0) -> Moves:
    """Find the camera's moves in *prompt*; a slow push in, drifting, where it names none."""
    text = prompt.lower()
    names = [name for name, words in _WORDS.items() if words.search(text)]
    for kept, dropped in _RIVALS:
        if kept in names and dropped in names:
            names.remove(dropped)
    size = 1.0
    if _SLOW.search(text):
        size = 0.65
    elif _FAST.search(text):
        size = 1.5
    usual = ("push_in", "drift")
    return Moves(tuple(names) or usual, size, asked=bool(names), seed=seed)


def ease(share: float) -> float:
    """Start and stop gently: 0 to 1 for 0 to 1, and nothing outside."""
    inside = min(max(share, 0.0), 1.0)
    return inside * inside * (3 - 2 * inside)


def roll_on(share: float) -> float:
    """Start gently and never stop: 0 to 1 for 0 to 1, then on, ever more slowly, towards 3."""
    start = 0.3
    begun = share - start / 2 if share > start else max(share, 0.0) ** 2 / (2 * start)
    return saturated(begun / (1 - start / 2), 1.0, 2.0)


def saturated(way: float, free: float, room: float) -> float:
    """Leave *way* as it is up to *free*; beyond, let it near *free* plus *room*, without a jerk."""
    if way <= free:
        return way
    return free + room * (1 - math.exp((free - way) / room))


def pose(
    moves: Moves, share: float, seconds: float, *, pace: Callable[[float], float] = ease
) -> Pose:
    """Tell where the camera is when *share* (0 to 1) of a shot of *seconds* is over."""
    gone = pace(share)
    moment = _Moment(
        eased=gone,
        swing=2 * gone - 1,
        size=moves.size * _stretch(seconds),
        seconds=share * seconds,
        phase=(moves.seed % 628) / 100,
    )
    whole = Pose()
    for name in moves.names:
        whole = whole.plus(_MOVES[name](moment))
    return whole


def _stretch(seconds: float) -> float:
    """Let a longer shot travel further, and a short one less, so that speeds stay alike."""
    return float(min(max((seconds / 6) ** 0.4, 0.5), 1.25))


@dataclass(frozen=True, slots=True)
class _Moment:
    eased: float
    swing: float
    size: float
    seconds: float
    phase: float


def _push_in(now: _Moment) -> Pose:
    return Pose(z=0.38 * now.eased * now.size)


def _pull_out(now: _Moment) -> Pose:
    return Pose(z=0.38 * (1 - now.eased) * now.size)


def _pan(now: _Moment) -> Pose:
    return Pose(x=0.16 * now.swing * now.size, yaw=0.03 * now.swing * now.size)


def _tilt(now: _Moment) -> Pose:
    return Pose(y=0.11 * now.swing * now.size, pitch=0.03 * now.swing * now.size)


def _orbit(now: _Moment) -> Pose:
    angle = math.sin(now.swing * 0.9 * now.size)
    return Pose(x=0.17 * angle, yaw=-0.075 * angle, z=0.06 * math.cos(now.swing * math.pi / 2))


def _roll(now: _Moment) -> Pose:
    return Pose(roll=0.09 * now.swing * now.size, z=0.05)


def _drift(now: _Moment) -> Pose:
    return Pose(x=0.035 * now.swing, y=0.012 * math.sin(now.seconds * 0.5))


def _handheld(now: _Moment) -> Pose:
    def hand(pace: float, phase: float) -> float:
        at = now.seconds
        return now.size * (
            math.sin(at * pace + phase + now.phase)
            + 0.5 * math.sin(at * pace * 2.3 + 1.7 * phase)
            + 0.25 * math.sin(at * pace * 5.1 + phase)
        )

    return Pose(
        x=0.012 * hand(2.1, 0.3),
        y=0.010 * hand(2.6, 1.9),
        yaw=0.003 * hand(3.1, 2.2),
        roll=0.004 * hand(1.7, 0.8),
    )


def _reversed(move: Callable[[_Moment], Pose]) -> Callable[[_Moment], Pose]:
    def turned(now: _Moment) -> Pose:
        return Pose().plus(move(now), -1)

    return turned


def _still(_now: _Moment) -> Pose:
    return Pose()


_MOVES: Mapping[str, Callable[[_Moment], Pose]] = {
    "push_in": _push_in,
    "pull_out": _pull_out,
    "pan_left": _reversed(_pan),
    "pan_right": _pan,
    "tilt_up": _reversed(_tilt),
    "tilt_down": _tilt,
    "orbit": _orbit,
    "handheld": _handheld,
    "roll": _roll,
    "drift": _drift,
    "static": _still,
}

# If both are named, the first is meant: "pan to the left", "zoom in to reveal", "locked off".
_RIVALS = (
    ("static", "push_in"),
    ("push_in", "pull_out"),
    ("pan_left", "pan_right"),
    ("tilt_up", "tilt_down"),
)

_WORDS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(words)
    for name, words in {
        "push_in": r"push(es|ing)?[- ]?in|doll(y|ies|ying)[- ]?(in|forward)|zoom(s|ing)?[- ]?in"
        r"|\bmove[sd]? (in|closer|forward)|track(s|ing)? in|approach|close[- ]in on"
        r"|\bzoom(s|ing)?\b(?![- ]?out)|推进|拉近|推近",
        "pull_out": r"pull(s|ing)?[- ]?(out|back|away)|doll(y|ies|ying)[- ]?(out|back)"
        r"|zoom(s|ing)?[- ]?out|\bmove[sd]? (back|away)|\breveal|拉远|拉开",
        "pan_left": r"(pan|truck|slid|track|mov|swe?ep)\w*[- ]?(slowly |gently )?(to the )?left"
        r"|向左",
        "pan_right": r"\bpan(s|ning)?\b|\btruck(s|ing)\b|slides? (to the )?right|tracking shot"
        r"|mov\w+ (to the )?right|sweeping"
        r"|向右|平移",
        "tilt_up": r"tilt(s|ing)?[- ]?(slowly )?up|crane[- ]?up|\bcamera rises|\bascend"
        r"|pedestal up|上摇|上升",
        "tilt_down": r"tilt(s|ing)?[- ]?(slowly )?down|crane[- ]?down|\bdescend|下摇|下降",
        "orbit": r"orbit|\barc(s|ing)? (shot|around)|rotat\w+ around|circl(es|ing)|360|turntable"
        r"|环绕",
        "handheld": r"hand[- ]?held|shak(y|es?|ing)\b|documentary|found footage|手持",
        "roll": r"\b(camera|barrel) rolls?\b|dutch|\bspin(s|ning)?\b|旋转",
        "static": r"\bstatic|locked[- ]?(off|down)|tripod|still camera|fixed camera|固定",
    }.items()
}
_SLOW = re.compile(r"\bslow|\bgentl|\bsubtle|\bsoft|\bcalm|缓|慢")
_FAST = re.compile(r"\bfast|\brapid|\bquick|\bdramatic|\bepic|\bdynamic|快")
