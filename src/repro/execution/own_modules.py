"""The place of a project's own estimators: the project's folder, only by declaration."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.digest.files import sha256_file
from repro.execution.reading import watch_reads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def own_modules(project: Path, allowed: Sequence[str]) -> Iterator[None]:
    """Let Python find modules in the project if ``security.allowed_modules`` names one of them.

    The project comes last on the import path: a file that is named like a module of Python, or of
    an installed package, is never taken for it. The folder that a command was started in does not
    count. What own code reads is noted meanwhile.
    """
    watch_reads(project, allowed)
    folder = str(project.resolve())
    if folder in sys.path or not declared(project, allowed):
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def own_code(project: Path, allowed: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of each file of the allowed modules in the project, by its path."""
    files = (
        path
        for name in declared(project, allowed)
        for path in (project / f"{name}.py", *sorted((project / name).rglob("*.py")))
    )
    return {
        path.relative_to(project).as_posix(): sha256_file(path) for path in files if path.is_file()
    }


def declared(project: Path, allowed: Sequence[str]) -> tuple[str, ...]:
    """Return the allowed modules that lie in the project."""
    return tuple(
        name
        for name in allowed
        if name.isidentifier() and ((project / f"{name}.py").is_file() or (project / name).is_dir())
    )
