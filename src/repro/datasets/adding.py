"""A new entry in ``configs/datasets.yaml``: all of it, or nothing."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from repro.config.data import DatasetEntry
from repro.config.project import DATASETS, read_source
from repro.config.resolve import read_registry, validate
from repro.config.tree import subtree
from repro.config.yaml import read_leaves
from repro.core.errors import ConfigError, PreconditionError
from repro.datasets.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NO_ENTRIES = re.compile(r"^datasets:[ \t]*\{[ \t]*\}", re.MULTILINE)


def append_entry(project: Path, text: str) -> dict[str, DatasetEntry]:
    """Append drafted entries to the registry, keeping its comments and layout.

    The new file is written beside the old one, read back as any registry, and only then put in its
    place in one step; until then the old one is not touched.

    Parameters
    ----------
    project : Path
    text : str
        YAML as ``draft_entry`` returns it, perhaps edited.

    Returns
    -------
    dict of str to DatasetEntry
        The registry as it now stands.

    Raises
    ------
    ConfigError
        If an entry is not valid, or its name is taken.
    PreconditionError
        If the file cannot be written, or changed meanwhile.
    """
    path = (project / DATASETS).resolve()
    before = registry(project)
    added = _entries(text)
    for name in added:
        if name in before:
            raise ConfigError(
                f"{DATASETS}: the data set '{name}' exists", advice="choose a different name"
            )
    old = path.read_bytes()
    with _beside(path) as new:
        _write(new, _appended(old, text), like=path)
        _check(project, new, dict(before) | added)
        if path.read_bytes() != old:
            raise PreconditionError(
                f"{DATASETS}: changed while the entry was added", advice="run the command again"
            )
        new.replace(path)
    return registry(project)


def _entries(text: str) -> dict[str, DatasetEntry]:
    tree = read_leaves(f"datasets:\n{text}", "the new entry")
    entries = subtree(tree, ("datasets",))
    names = dict.fromkeys(key[0] for key in entries if key)
    return {name: validate(subtree(entries, (name,)), DatasetEntry) for name in names}


def _appended(old: bytes, text: str) -> bytes:
    content = _NO_ENTRIES.sub("datasets:", old.decode("utf-8"))
    newline = "\r\n" if "\r\n" in content else "\n"
    if not content.endswith("\n"):
        content += newline
    return (content + text.replace("\n", newline)).encode()


def _check(project: Path, new: Path, expected: Mapping[str, DatasetEntry]) -> None:
    problem = "the existing entries would change"
    try:
        if read_registry(read_source(project, new, "datasets")) == expected:
            return
    except ConfigError as error:
        problem = error.message.replace(new.name, Path(DATASETS).name)
    raise ConfigError(
        f"{DATASETS}: the entry cannot be appended: {problem}",
        advice="'datasets:' must be the last key, its names indented by two spaces; or paste the "
        "entry by hand",
    )


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a new file in the folder of a second one; it is removed at the end."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise PreconditionError(
            f"{DATASETS}: cannot be written: {error.strerror}", advice="make configs/ writable"
        ) from error
    os.close(handle)
    new = Path(name)
    try:
        yield new
    finally:
        new.unlink(missing_ok=True)


def _write(path: Path, content: bytes, *, like: Path) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    shutil.copymode(like, path)
