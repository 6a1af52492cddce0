"""Fixtures of tracked programs."""

from tests.recording.folders import folder, home

__all__ = ["folder", "home"]
