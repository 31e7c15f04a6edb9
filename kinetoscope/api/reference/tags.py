"""The chapters of the reference."""

from __future__ import annotations

VIDEOS, ACCOUNT, MODELS, HEALTH, NAMES = (
    "Videos",
    "Account",
    "Models and prices",
    "Health",
    "Other names",
)
TAGS = {
    VIDEOS: "Ask for a video, follow it, fetch it.",
    ACCOUNT: "What there is, and where it went. All of it adds up to the last digit.",
    MODELS: "What may be asked for, and what it costs.",
    HEALTH: "For whoever watches over the service.",
    NAMES: "The same tasks at the addresses that other clients use.",
}
