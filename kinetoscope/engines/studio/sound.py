"""The sound bed: wind, waves, rain, birds and a quiet chord, made from noise and sines.

And how the sound of a film that is made longer goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.brief import Brief
from kinetoscope.engines.studio.film import RATE, Sound
from kinetoscope.engines.studio.script import read_script

_CHORDS: Mapping[str, tuple[float, ...]] = {
    "warm": (220.0, 277.2, 329.6, 415.3),
    "dark": (146.8, 174.6, 220.0, 261.6),
    "wide": (146.8, 220.0, 293.7, 349.2),
}
_LOOP = 1 << 19  # samples after which noise repeats, without a seam
_FADE_SECONDS = 0.8
_LOUDNESS = 2.6
Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Room:
    """What a sound is made from: its length in samples, the time of each, its own chance.

    What is made for a longer film begins with what is made for a shorter one.
    """

    count: int
    time: Wave
    random: np.random.Generator

    def noise(self, low: float, high: float, tilt: float) -> Wave:
        """Make noise between two pitches in hertz, louder at the bottom for a negative *tilt*."""
        spectrum = np.fft.rfft(self.random.standard_normal(_LOOP))
        pitch = np.maximum(np.fft.rfftfreq(_LOOP, 1 / RATE), 1)
        # Nothing in nature begins or ends at a pitch: it fades, by some 20 dB an octave.
        kept = 1 / ((1 + (low / pitch) ** 3) * (1 + (pitch / high) ** 3))
        noise = np.fft.irfft(spectrum * kept * (np.maximum(pitch, 20) / 200) ** tilt, _LOOP)
        return np.resize(noise / max(np.abs(noise).max(), 1e-9), self.count)

    def pair(self, low: float, high: float, tilt: float) -> Wave:
        """Make two rows of noise."""
        return np.stack([self.noise(low, high, tilt), self.noise(low, high, tilt)])


def sound_bed(kinds: Sequence[str], mood: str, seconds: float, seed: int) -> Sound:
    """Mix *kinds* of sound with a chord of *mood*: two rows of *seconds* that have no end yet."""
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    total = _chord(time, _CHORDS[mood])
    for kind in sorted(set(kinds)):
        number = list(SOUNDS).index(kind)
        total += SOUNDS[kind](_Room(count, time, np.random.default_rng((seed, number))))
    return np.asarray(np.tanh(total * _LOUDNESS) * 0.8, np.float32)


def fading(count: int) -> Sound:
    """Tell how loud each of *count* samples is in a film that begins and ends in silence."""
    at = np.arange(count, dtype=np.float32)
    steps = _FADE_SECONDS * RATE
    return np.asarray(np.minimum(at / steps, (count - at) / steps).clip(0, 1), np.float32)


def bed_for(brief: Brief) -> Sound:
    """Play what the prompt of *brief* brings to mind, from silence to silence."""
    bed = endless_bed(brief.prompt, brief.seconds, brief.seed)
    return bed * fading(bed.shape[1])


def endless_bed(prompt: str, seconds: int, seed: int) -> Sound:
    """Play what *prompt* brings to mind, without a beginning or an end."""
    plan = read_script(prompt, seed)
    return sound_bed(plan.sounds if plan.sure else ("wind",), plan.mood, seconds, seed)


def ended(sound: Sound, begins: int, length: int) -> Sound:
    """Let *sound* end softly at sample *begins*, and be silent up to *length*."""
    out = np.zeros((2, length), np.float32)
    there = min(begins, sound.shape[1])
    out[:, :there] = sound[:, :there]
    fade = min(int(0.15 * RATE), there)
    out[:, there - fade : there] *= np.linspace(1, 0, fade, dtype=np.float32)
    return out


def prolonged(sound: Sound, begins: int, length: int, seed: int) -> Sound:
    """Play the end of *sound* on, in soft grains, from sample *begins* to *length*; then fade."""
    kept = np.zeros((2, begins), np.float32)
    there = min(begins, sound.shape[1])
    kept[:, :there] = sound[:, :there]
    tail = kept[:, -int(2.2 * RATE) :]
    grain = min(int(1.2 * RATE), tail.shape[1])
    cross = min(int(0.08 * RATE), grain // 3)
    if cross < 2:
        return np.pad(kept, ((0, 0), (0, length - begins)))
    random = np.random.default_rng(seed)
    rising = np.sqrt(np.linspace(0, 1, cross, dtype=np.float32))
    out = np.zeros((2, length + grain), np.float32)
    out[:, :begins] = kept
    at = begins - cross
    while at < length:
        start = int(random.integers(0, max(1, tail.shape[1] - grain)))
        part = tail[:, start : start + grain]
        seam = out[:, at : at + cross] * rising[::-1] + part[:, :cross] * rising
        end = min(at + grain, out.shape[1])
        out[:, at:end] = part[:, : end - at]
        out[:, at : at + cross] = seam
        at += grain - cross
    fade = min(int(0.6 * RATE), max(1, length - begins))
    out = out[:, :length]
    out[:, length - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return out


def played_on(sound: Sound, begins: int, bed: Sound) -> Sound:
    """Play *bed*, of which *sound* is the beginning, on from sample *begins*; then fade."""
    out = bed * fading(bed.shape[1])
    kept = sound[:, :begins]
    # The source fades out at its end: what it lost by that is added again.
    faded = fading(2 * begins)[:begins] - fading(begins)
    out[:, :begins] = bed[:, :begins] * faded
    out[:, : kept.shape[1]] += kept
    return cast("Sound", out.clip(-1, 1))


def stretched(sound: Sound, times: int) -> Sound:
    """Play *sound* so many *times* slower, at the pitch that it has: grain by grain."""
    grain, step = 4096, 1024
    length = sound.shape[1] * times
    out = np.zeros((2, length + grain), np.float32)
    shape = np.hanning(grain).astype(np.float32) * np.float32(2 * step / grain)
    wide = np.pad(sound, ((0, 0), (0, grain)))
    for at in range(0, length, step):
        begin = min(at // times, sound.shape[1])
        out[:, at : at + grain] += wide[:, begin : begin + grain] * shape
    return out[:, :length]


def _wind(room: _Room) -> Wave:
    """Blow in gusts, which whistle a little."""
    gust = 0.55 + 0.45 * np.sin(room.time * 0.7 + 1) * np.sin(room.time * 0.31)
    return room.pair(60, 500, -0.6) * gust * 0.30 + room.pair(600, 1100, 0.0) * gust**3 * 0.05


def _waves(room: _Room) -> Wave:
    """Roll in, break with a hiss, and run out."""

    def swell(time: Wave) -> Wave:
        return (np.clip(np.sin(time * 2 * np.pi / 5.2), -0.2, 1) * 0.5 + 0.5) ** 2

    rolling = np.stack([swell(room.time), swell(room.time - 1 / 3)])
    foam = np.stack([swell(room.time - 0.5), swell(room.time - 0.9)]) ** 3
    return room.pair(80, 1600, -0.5) * rolling * 0.34 + room.pair(2000, 7000, -0.3) * foam * 0.07


def _rain(room: _Room) -> Wave:
    """Patter, with drops that fall near by."""
    total = room.pair(700, 8000, -0.2) * 0.10 + room.pair(150, 700, -0.3) * 0.05
    part = np.arange(1200) / RATE
    for second in range(-(-room.count // RATE)):
        for start in room.random.integers(0, RATE, 18):
            pitch = room.random.uniform(900, 2600) * (1 + 8 * part)
            drop = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-part * 260)
            side = room.random.random()
            loud = room.random.random() ** 3 * 0.10
            here = np.stack([drop * side, drop * (1 - side)]) * loud
            _add(total, second * RATE + int(start), here)
    return total


def _street(room: _Room) -> Wave:
    """Hum from afar, and let a car pass every few seconds, from one side to the other."""
    total = room.pair(30, 240, -0.4) * (0.8 + 0.2 * np.sin(room.time * 1.3)) * 0.22
    for number, tyres in enumerate(room.pair(120, 1400, -0.4)):
        for way, every, first in ((1, 4.7, 1.4), (-1, 6.1, 3.3)):
            gone = (room.time - first) % every - every / 2
            near = np.exp(-((gone * 1.5) ** 2)) * (
                0.5 + 0.5 * np.tanh(way * (number - 0.5) * gone * 4)
            )
            total[number] += tyres * near * 0.16
    return total


def _fire(room: _Room) -> Wave:
    total = room.pair(100, 900, -0.5) * 0.18
    decay = np.exp(-np.arange(900) / 90)
    for second in range(-(-room.count // RATE)):
        for start in room.random.integers(0, RATE, 14):
            crack = room.random.standard_normal(decay.size) * decay * room.random.random() * 0.3
            side = int(room.random.integers(2))
            _add(total[side], second * RATE + int(start), crack)
    return total


def _birds(room: _Room) -> Wave:
    total = np.zeros((2, room.count))
    at = 0.0
    while at < room.count / RATE:
        length = int(RATE * room.random.uniform(0.08, 0.18))
        pitch, side = room.random.uniform(2600, 4800), room.random.random()
        time = np.arange(length) / RATE
        call = (
            np.sin(2 * np.pi * pitch * time + 141 * np.sin(time * 40)) * np.hanning(length) * 0.07
        )
        for repeat in range(int(room.random.integers(1, 4))):
            start = int(at * RATE + repeat * length * 1.4)
            _add(total, start, np.stack([call * side, call * (1 - side)]))
        at += room.random.exponential(0.75)
    return total


def _crickets(room: _Room) -> Wave:
    def song(time: Wave) -> Wave:
        trill = np.clip(np.sin(2 * np.pi * 28 * time) * 3, 0, 1)
        sings = np.clip((np.sin(2 * np.pi * 1.1 * time) + 0.2) * 6, 0, 1)
        return np.asarray(np.sin(2 * np.pi * 4300 * time) * trill * sings * 0.014, np.float64)

    return np.stack([song(room.time), song(room.time - 300 / RATE)])


def _bangs(room: _Room) -> Wave:
    total = np.zeros((2, room.count))
    decay = np.exp(-np.arange(RATE) / 5200)
    for start in range(RATE // 4, room.count, int(RATE * 0.55)):
        boom = np.convolve(room.random.standard_normal(RATE) * decay, np.ones(40) / 40, mode="same")
        side = room.random.uniform(0.3, 0.7)
        _add(total, start, np.stack([boom * side, boom * (1 - side)]) * 1.4)
    return total


def _depths(room: _Room) -> Wave:
    """Rumble softly, and let bubbles rise."""
    swell = 0.7 + 0.3 * np.sin(room.time * 0.5)
    total = room.pair(30, 260, -0.7) * swell * 0.22
    at = 0.3
    while at < room.count / RATE:
        length = int(RATE * room.random.uniform(0.03, 0.08))
        part = np.arange(length) / length
        pitch = room.random.uniform(260, 620) * (1 + 0.9 * part)
        blip = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.hanning(length) * 0.05
        side = room.random.random()
        _add(total, int(at * RATE), np.stack([blip * side, blip * (1 - side)]))
        at += room.random.exponential(0.35)
    return total


def _void(room: _Room) -> Wave:
    """Hum very low, in tones that beat against each other."""
    tones = ((55.0, 0.3), (55.4, 0.7), (82.6, 0.6), (110.3, 0.4))
    total = np.zeros((2, room.count))
    for number, (pitch, side) in enumerate(tones):
        swell = 0.6 + 0.4 * np.sin(room.time * (0.21 + 0.07 * number) + number)
        tone = np.sin(2 * np.pi * pitch * room.time) * swell * 0.05
        total += np.stack([tone * (1 - side), tone * side])
    return total + room.pair(40, 300, -0.8) * 0.08


def _room(room: _Room) -> Wave:
    """Be quiet as a room is, with a clock in it."""
    total = room.pair(60, 420, -0.8) * 0.07
    decay = np.exp(-np.arange(1400) / 160)
    for second in range(-(-room.count // RATE)):
        tick = np.sin(np.arange(1400) * (0.30 if second % 2 else 0.26)) * decay * 0.035
        _add(total, second * RATE + RATE // 3, np.stack([tick * 0.4, tick * 0.6]))
    return total


def _thunder(room: _Room) -> Wave:
    """Roll, some time after each flash that the lightning of this seed makes."""
    total = np.zeros((2, room.count))
    length = 6 * RATE
    part = np.arange(length) / RATE
    rolling = 1 + 0.5 * np.sin(part * 13) * np.sin(part * 5.3 + 1)
    fall = np.minimum(part * 9, 1) * np.exp(-part * 0.9) * (1 - part / part[-1])
    for start in range(RATE, room.count, 4 * RATE):
        roll = np.convolve(room.random.standard_normal(length), np.ones(220) / 220, mode="same")
        crack = room.random.standard_normal(length) * np.exp(-part * 7) * 0.06
        roll = roll * fall * rolling * 1.2 + crack * np.minimum(part * 40, 1)
        side = room.random.uniform(0.35, 0.65)
        _add(total, start, np.stack([roll * side, roll * (1 - side)]))
    return total


SOUNDS: Mapping[str, Callable[[_Room], Wave]] = {
    "wind": _wind,
    "waves": _waves,
    "rain": _rain,
    "street": _street,
    "fire": _fire,
    "birds": _birds,
    "crickets": _crickets,
    "bangs": _bangs,
    "depths": _depths,
    "void": _void,
    "room": _room,
    "thunder": _thunder,
}


def _add(total: Wave, start: int, part: Wave) -> None:
    """Add *part* from sample *start* on, as far as there is room."""
    there = total[..., start : start + part.shape[-1]]
    there += part[..., : there.shape[-1]]


def _chord(time: Wave, pitches: tuple[float, ...]) -> Wave:
    total = np.zeros((2, time.size))
    for number, pitch in enumerate(pitches):
        swell = 0.6 + 0.4 * np.sin(time * 0.5 + number * 1.3)
        for detune, side in ((-0.35, 0.3), (0.35, 0.7)):
            turn = 2 * np.pi * (pitch + detune) * time + number
            tone = np.sin(turn) + 0.35 * np.sin(2 * turn) * np.exp(-number * 0.3)
            tone = (tone + 0.12 * np.sin(3 * turn)) * swell * 0.017
            total += np.stack([tone * (1 - side), tone * side])
    return total
