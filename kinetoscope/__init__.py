"""Kinetoscope: a self-hosted, prepaid video-generation service."""

__version__ = "0.1.0"
