"""Fixtures of recorded commands."""

from tests.recording.folders import folder, home

__all__ = ["folder", "home"]
