"""Weather that a sentence asks for, before a picture that somebody else took."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kinetoscope.engines.studio.scenes.weather import Weather, weather

_WORDS: Mapping[str, str] = {
    "rain": r"\brain(s|y|ing|fall|storm)?\b|downpour|drizzl|thunderstorm|下雨|雨",
    "snow": r"\bsnow(s|y|ing|fall|flakes?|storm)?\b|blizzard|下雪|雪",
    "embers": r"\bembers?\b|\bsparks?\b|bonfire|campfire|\bon fire\b|\bflames?\b",
    "fireflies": r"firefl|\bfair(y|ies)\b|\bmagic|enchant|萤火虫",
    "dust": r"\bdust|\bsunbeam|motes",
    "aurora": r"\baurora|northern lights|极光",
    "fireworks": r"firework|烟花",
}


def read_weather(prompt: str, size: tuple[int, int], seed: int) -> list[Weather]:
    """Make the weather that *prompt* names, for pictures of *size*."""
    text = prompt.lower()
    return [weather(kind, size, seed) for kind, words in _WORDS.items() if re.search(words, text)]
