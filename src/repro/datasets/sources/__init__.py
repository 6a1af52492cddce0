"""Sources of data: one module per kind, all giving a ``Payload``."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import SourceDeclaration
    from repro.datasets.sources.interface import Source


def open_source(project: Path, declaration: SourceDeclaration) -> Source:
    """Return the source that a declaration names; nothing is read yet.

    Parameters
    ----------
    project : Path
        The folder that paths are relative to.
    declaration : SourceDeclaration
        Its class says what opens it; nothing in a file does.
    """
    source: Source = pkgutil.resolve_name(declaration.opener)(project, declaration)
    return source
