"""Inherited environment variables that can change what numeric libraries compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.variables import can_leak

if TYPE_CHECKING:
    from collections.abc import Mapping


def leaking(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set and can change what numeric libraries compute, sorted.

    Examples
    --------
    >>> leaking({"OPENBLAS_CORETYPE": "Prescott", "LD_PRELOAD": "/a/b.so", "HOME": "/"})
    {'LD_PRELOAD': '/a/b.so', 'OPENBLAS_CORETYPE': 'Prescott'}
    """
    return {name: environ[name] for name in sorted(environ) if can_leak(name)}
