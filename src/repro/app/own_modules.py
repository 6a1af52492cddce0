"""Where a project's own estimators are found: in the project's folder, by declaration alone."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def own_modules(project: Path, allowed: Sequence[str]) -> Iterator[None]:
    """Have Python find modules in the project, where ``security.allowed_modules`` names one there.

    The project comes last on the import path: a file that is named like a module of Python, or of
    an installed package, is never taken for it. The folder that a command was started in does not
    count.
    """
    folder = str(project.resolve())
    if folder in sys.path or not declared(project, allowed):
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def declared(project: Path, allowed: Sequence[str]) -> tuple[str, ...]:
    """Return the allowed modules that lie in the project."""
    return tuple(
        name
        for name in allowed
        if name.isidentifier() and ((project / f"{name}.py").is_file() or (project / name).is_dir())
    )
