"""The environment variables that decide numbers of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.variables import THREADS

if TYPE_CHECKING:
    from collections.abc import Mapping


def observe_threads(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set; what came of them is in the native libraries.

    Examples
    --------
    >>> observe_threads({"OMP_NUM_THREADS": "1", "HOME": "/"})
    {'OMP_NUM_THREADS': '1'}
    """
    return {name: environ[name] for name in THREADS if name in environ}
