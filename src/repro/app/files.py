"""Files that people ask for by name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from repro.core.errors import PreconditionError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    PreconditionError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # A device or a pipe is written to; renaming a file over it would take its place.
            path.write_bytes(content)
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise PreconditionError(
            f"{path}: cannot be written: {error.strerror}", advice="choose another file"
        ) from error
