"""The tracker's data as JSON or YAML files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from repro.tracking.models import file_name
from repro.tracking.written import Document, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.tracking.config import TrackingConfig


class FileSink:
    """Writes ``{name}_latest.<suffix>``, to which ``experiment.<suffix>`` links.

    It is written whole or not at all. Where no links can be made, both are written.

    Parameters
    ----------
    suffix : str
        ``json`` or ``yaml``.

    Attributes
    ----------
    paths : tuple of Path
    """

    def __init__(self, suffix: str) -> None:
        self._document = Document(suffix)
        self.paths: tuple[Path, ...] = ()
        self._written: tuple[Path, ...] = ()
        self._text = ""

    def start(self, config: TrackingConfig) -> None:
        """Name the files."""
        suffix, folder = self._document.suffix, config.output_dir
        latest = f"{file_name(config.experiment_name)}_latest.{suffix}"
        target, link = folder / latest, folder / f"experiment.{suffix}"
        self.paths = (target, link)
        self._written = (target,) if _linked(link, latest) else self.paths

    def update(
        self,
        data: Mapping[str, Any],
        versions: Mapping[str, int],
        metric: Mapping[str, Any] | None,  # noqa: ARG002 - it is in the data
    ) -> None:
        """Write the files."""
        self._text = self._document.text(data, versions)
        for path in self._written:
            write_text(path, self._text, flushed=False)

    def finish(self, data: Mapping[str, Any]) -> None:  # noqa: ARG002 - the last update has it
        """Write the last text once more, so that it outlasts a power cut."""
        for path in self._written:
            write_text(path, self._text)


def _linked(link: Path, target: str) -> bool:
    """Link to a file in the same folder, in place of an earlier link; return whether it worked."""
    partial = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        partial.unlink(missing_ok=True)
        partial.symlink_to(target)
        partial.replace(link)
    except (OSError, NotImplementedError):
        return False
    return True
