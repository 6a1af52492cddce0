"""Sources of data: one module per kind, all giving a ``Payload``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.data import FileSource, SklearnSource
from repro.datasets.sources.file import File
from repro.datasets.sources.sklearn import Sklearn
from repro.datasets.sources.url import Url

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import Source as Declaration
    from repro.datasets.sources.interface import Source


def open_source(project: Path, declaration: Declaration) -> Source:
    """Return the source that a declaration names; nothing is read yet.

    Parameters
    ----------
    project : Path
        The folder that paths are relative to.
    declaration : FileSource, SklearnSource or UrlSource
    """
    if isinstance(declaration, FileSource):
        return File(project, declaration)
    if isinstance(declaration, SklearnSource):
        return Sklearn(declaration)
    return Url(project, declaration)
