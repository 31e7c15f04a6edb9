"""The sound bed: wind, waves, rain, birds and a quiet chord, made from noise and sines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kinetoscope.engines.studio.film import RATE, Sound

_CHORDS: Mapping[str, tuple[float, ...]] = {
    "warm": (220.0, 277.2, 329.6, 415.3),
    "dark": (146.8, 174.6, 220.0, 261.6),
    "wide": (146.8, 220.0, 293.7, 349.2),
}
Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Room:
    """What every sound is made from: its length in samples, the time of each, its own chance."""

    count: int
    time: Wave
    random: np.random.Generator

    def noise(self, low: float, high: float, tilt: float) -> Wave:
        """Make noise between two pitches in hertz, louder at the bottom for a negative *tilt*."""
        spectrum = np.fft.rfft(self.random.standard_normal(self.count))
        pitch = np.fft.rfftfreq(self.count, 1 / RATE)
        kept = (pitch > low) & (pitch < high)
        noise = np.fft.irfft(spectrum * kept * (np.maximum(pitch, 20) / 200) ** tilt, self.count)
        return cast("Wave", noise / max(np.abs(noise).max(), 1e-9))


def sound_bed(kinds: Sequence[str], mood: str, seconds: float, seed: int) -> Sound:
    """Mix *kinds* of sound with a chord of *mood*: two rows of *seconds*, faded in and out."""
    count = round(seconds * RATE)
    room = _Room(count, np.arange(count) / RATE, np.random.default_rng(seed))
    total = np.zeros((2, count))
    for kind in kinds:
        total += _SOUNDS[kind](room)
    total += _chord(room, _CHORDS[mood])
    fade = np.minimum(room.time / 0.8, (seconds - room.time) / 0.8).clip(0, 1)
    return np.asarray(np.tanh(total * fade * 1.2) * 0.8, np.float32)


def _wind(room: _Room) -> Wave:
    swell = 0.55 + 0.45 * np.sin(room.time * 0.7 + 1) * np.sin(room.time * 0.31)
    return _pair(room, 60, 700, -0.6) * swell * 0.30


def _waves(room: _Room) -> Wave:
    swell = np.clip(np.sin(room.time * 2 * np.pi / 5.2), -0.2, 1) * 0.5 + 0.5
    later = np.roll(swell, RATE // 3)
    return _pair(room, 80, 3500, -0.5) * np.stack([swell**2, later**2]) * 0.34


def _rain(room: _Room) -> Wave:
    return _pair(room, 900, 9000, -0.2) * 0.16


def _street(room: _Room) -> Wave:
    passing = 0.7 + 0.3 * np.sin(room.time * 1.3)
    return _pair(room, 30, 240, -0.4) * passing * 0.32


def _fire(room: _Room) -> Wave:
    total = _pair(room, 100, 900, -0.5) * 0.18
    size = 900
    if room.count <= size:
        return total
    for _ in range(int(room.count / RATE * 14)):
        start = int(room.random.integers(0, room.count - size))
        crack = room.random.standard_normal(size) * np.exp(-np.arange(size) / 90)
        total[int(room.random.integers(2)), start : start + size] += (
            crack * room.random.random() * 0.3
        )
    return total


def _birds(room: _Room) -> Wave:
    total = np.zeros((2, room.count))
    for _ in range(int(room.count / RATE * 1.3) + 1):
        start = int(room.random.integers(0, max(1, room.count - 20_000)))
        length = int(RATE * room.random.uniform(0.08, 0.18))
        pitch, side = room.random.uniform(2600, 4800), room.random.random()
        time = np.arange(length) / RATE
        call = (
            np.sin(2 * np.pi * pitch * time + 141 * np.sin(time * 40)) * np.hanning(length) * 0.07
        )
        for repeat in range(int(room.random.integers(1, 4))):
            first = start + int(repeat * length * 1.4)
            if first + length < room.count:
                total[:, first : first + length] += np.stack([call * side, call * (1 - side)])
    return total


def _crickets(room: _Room) -> Wave:
    time = room.time
    chirp = (np.sin(2 * np.pi * 28 * time) > 0) * (np.sin(2 * np.pi * 1.1 * time) > -0.2)
    song = np.sin(2 * np.pi * 4300 * time) * chirp * 0.018
    return np.stack([song, np.roll(song, 300)])


def _bangs(room: _Room) -> Wave:
    total = np.zeros((2, room.count))
    length = min(RATE, room.count)
    for start in range(RATE // 4, room.count - length + 1, int(RATE * 0.55)):
        boom = room.random.standard_normal(length) * np.exp(-np.arange(length) / 5200)
        boom = np.convolve(boom, np.ones(40) / 40, mode="same")
        side = room.random.uniform(0.3, 0.7)
        total[:, start : start + length] += np.stack([boom * side, boom * (1 - side)]) * 1.4
    return total


_SOUNDS: Mapping[str, Callable[[_Room], Wave]] = {
    "wind": _wind,
    "waves": _waves,
    "rain": _rain,
    "street": _street,
    "fire": _fire,
    "birds": _birds,
    "crickets": _crickets,
    "bangs": _bangs,
}


def _pair(room: _Room, low: float, high: float, tilt: float) -> Wave:
    return np.stack([room.noise(low, high, tilt), room.noise(low, high, tilt)])


def _chord(room: _Room, pitches: tuple[float, ...]) -> Wave:
    total = np.zeros((2, room.count))
    for number, pitch in enumerate(pitches):
        swell = 0.6 + 0.4 * np.sin(room.time * 0.5 + number * 1.3)
        for detune, side in ((-0.35, 0.3), (0.35, 0.7)):
            turn = 2 * np.pi * (pitch + detune) * room.time + number
            tone = np.sin(turn) + 0.35 * np.sin(2 * turn) * np.exp(-number * 0.3)
            tone = (tone + 0.12 * np.sin(3 * turn)) * swell * 0.030
            total += np.stack([tone * (1 - side), tone * side])
    return total
