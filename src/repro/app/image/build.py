"""The use case ``image build``."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.image.builders import choose, scratch
from repro.app.image.layouts import Layout, read_layout
from repro.app.image.prepare import Request, check_project, prepare
from repro.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.app.image.builders import Build


@dataclass(frozen=True)
class Built:
    """An image that was built.

    Attributes
    ----------
    builder : str
        The name of the program that built it.
    repeatable : bool
        Whether the builder gives two builds of the same sources one digest.
    """

    image: Layout
    builder: str
    seconds: float
    repeatable: bool


def log_of(layout: Path) -> Path:
    """Return the file with the output of the builder of an image."""
    return layout.with_suffix(".log")


def build(
    request: Request, builder: str | None, layout: Path, began: Callable[[Build], None]
) -> Built:
    """Build an image, and replace the one in the folder.

    Parameters
    ----------
    builder : str or None
        The name of a builder; None takes the best one.
    began : callable
        Called with the inputs before the builder starts.

    Raises
    ------
    ConfigError, PreconditionError
    """
    check_project(request.project)
    chosen, log = choose(builder), log_of(layout)
    layout.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    started = time.monotonic()
    with scratch() as folder:
        made = prepare(request, folder / "context", log)
        began(made)
        # Written beside its place and renamed: the folder never holds half an image.
        fresh = layout.with_name(f".{layout.name}-{os.getpid()}")
        try:
            chosen.build(made, fresh)
            shutil.rmtree(layout, ignore_errors=True)
            fresh.rename(layout)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    seconds = time.monotonic() - started
    return Built(read_layout(layout), chosen.name, seconds, chosen.repeatable)


def layout_of(target: str) -> Path:
    """Return the folder that ``oci:FOLDER`` names.

    Raises
    ------
    ConfigError
        If it names no folder, or one whose content is not an image.
    """
    kind, colon, folder = target.partition(":")
    if kind != "oci" or not colon or not folder:
        raise ConfigError(
            f"--output {target}: expected oci:FOLDER", advice="--output oci:build/image"
        )
    path = Path(folder).absolute()
    if path.exists() and not (path / "oci-layout").is_file():
        raise ConfigError(
            f"--output {target}: the folder contains something other than an image",
            advice="remove it, or name a different folder",
        )
    return path
