"""Entries of ``configs/datasets.yaml``, added, replaced or removed: all of it, or nothing."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repro.config.data import DatasetEntry
from repro.config.project import DATASETS, read_source
from repro.config.resolve import read_registry, validate
from repro.config.tree import subtree
from repro.config.yaml import read_leaves
from repro.core.errors import ConfigError, PreconditionError
from repro.datasets.registry import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_NO_ENTRIES = re.compile(r"^datasets:[ \t]*\{[ \t]*\}", re.MULTILINE)


class _LayoutError(Exception):
    """The layout of the file does not allow a change of one entry alone."""


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
    before = registry(project)
    added = _entries(text)
    for name in added:
        if name in before:
            raise ConfigError(
                f"{DATASETS}: the data set '{name}' exists",
                advice=f"choose a different name, or: repro data add {name} --replace",
            )
    return _changed(project, lambda old: _appended(old, text), dict(before) | added, "appended")


def replace_entry(project: Path, name: str, text: str) -> dict[str, DatasetEntry]:
    """Put a drafted entry in the place of the registered one of that name.

    Everything outside the entry stays as it is; ``entry_text`` and ``keep_comments`` serve for what
    is inside.

    Raises
    ------
    ConfigError
        If the entry is not valid, or the layout of the file does not show where the old one ends.
    PreconditionError
        If the file cannot be written, or changed meanwhile.
    """
    expected = dict(registry(project)) | _entries(text)
    return _changed(project, lambda old: _without(old, name, text), expected, "replaced")


def entry_text(project: Path, name: str) -> str:
    """Return the lines of a registered entry, with its comments, or no text if it is not found."""
    lines = (project / DATASETS).read_text(encoding="utf-8").splitlines(keepends=True)
    try:
        first, last = _span(lines, name)
    except _LayoutError:
        return ""
    return "".join(lines[first:last])


def remove_entry(project: Path, name: str) -> dict[str, DatasetEntry]:
    """Take an entry out of the registry; the file of the data is not touched.

    Raises
    ------
    ConfigError, PreconditionError
        As ``replace_entry``.
    """
    expected = {key: entry for key, entry in registry(project).items() if key != name}
    return _changed(project, lambda old: _without(old, name, ""), expected, "removed")


def _changed(
    project: Path,
    change: Callable[[bytes], bytes],
    expected: Mapping[str, DatasetEntry],
    done: Literal["appended", "replaced", "removed"],
) -> dict[str, DatasetEntry]:
    path = (project / DATASETS).resolve()
    old = path.read_bytes()
    with _beside(path) as new:
        try:
            _write(new, change(old), like=path)
            _check(project, new, expected)
        except _LayoutError as error:
            by_hand = "paste" if done == "appended" else "edit"
            raise ConfigError(
                f"{DATASETS}: the entry cannot be {done}: {error}",
                advice="'datasets:' must be the last key, its names indented by two spaces; or "
                f"{by_hand} the entry by hand",
            ) from error
        if path.read_bytes() != old:
            raise PreconditionError(
                f"{DATASETS}: changed while the entry was written", advice="run the command again"
            )
        new.replace(path)
    return registry(project)


def _without(old: bytes, name: str, text: str) -> bytes:
    """Put a text in the place of an entry: the line of its name, and all that are indented more."""
    lines = old.decode("utf-8").splitlines(keepends=True)
    first, last = _span(lines, name)
    newline = "\r\n" if lines[first].endswith("\r\n") else "\n"
    content = "".join([*lines[:first], text.replace("\n", newline), *lines[last:]])
    if not any(line.startswith("  ") and line.strip() for line in content.splitlines()):
        content = re.sub(r"^datasets:[ \t]*$", "datasets: {}", content, flags=re.MULTILINE)
    return content.encode()


def _span(lines: Sequence[str], name: str) -> tuple[int, int]:
    """Return the first line of an entry, and the line after its last one."""
    own = re.compile(rf"""  (["']?){re.escape(name)}\1[ ]*:""")
    first = next((number for number, line in enumerate(lines) if own.match(line)), None)
    if first is None:
        raise _LayoutError(f"there is no line '  {name}:'")
    after = last = first + 1
    while after < len(lines) and (not lines[after].strip() or lines[after].startswith("   ")):
        after += 1
        # Blank lines and what follows them belong to the next entry.
        last = after if lines[after - 1].strip() else last
    return first, last


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
    raise _LayoutError(problem)


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
