"""The use case ``env``: this environment, and what its numeric kernels compute.

The module imports NumPy: a caller fixes the determinism level before it is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.capture import capture_environment
from repro.capture.fingerprint import observe_fingerprint, observe_kernels
from repro.execution.enforcement import check_level, find_violations
from repro.launch import dropped

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.environment import Environment

__all__ = [
    "find_violations",
    "observe",
    "observe_at_level",
    "observe_fingerprint",
    "observe_kernels",
]


def observe(project: Path, level: str) -> Environment:
    """Return what a run records about this environment, read back at a level."""
    return capture_environment(project, level, dropped())


def observe_at_level(project: Path, level: str) -> Environment:
    """Return the environment, after checking that the level is in force.

    Raises
    ------
    PreconditionError
        With what the level fixes and what was found.
    """
    environment = observe(project, level)
    check_level(environment)
    return environment
