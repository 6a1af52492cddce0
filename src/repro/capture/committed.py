"""Files that have the content of the commit, by the content itself.

``git status`` believes the index: a file that is marked ``assume-unchanged`` or ``skip-worktree``
counts as unchanged whatever it holds, and so does one whose size and time are as they were.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from subprocess import CompletedProcess

    Git = Callable[..., CompletedProcess[str]]

_FILES = {"100644", "100755"}
_SUBMODULE = "160000"
# Names in one call of git: the system limits how long a command can be.
_BATCH = 400


@dataclass(frozen=True)
class Tracked:
    """A file of the index.

    Attributes
    ----------
    hidden : bool
        Whether git was asked not to look at the file in the working tree.
    mode, blob : str
        As git names them.
    """

    name: str
    hidden: bool
    mode: str
    blob: str

    def is_unchanged(self, root: Path) -> bool:
        """Return whether the working tree has the content of the index; line ends may differ."""
        try:
            content = (root / self.name).read_bytes()
        except OSError:
            return False
        return self.blob in {_blob(content, self.blob), _blob(_unix(content), self.blob)}


def tracked_files(git: Git, root: Path, names: Sequence[str] = ()) -> Iterator[Tracked]:
    """Give the files of the index: all of them, or those that are named.

    If the index itself differs from the commit, ``git status`` says so, whatever the marks.
    """
    for start in range(0, max(len(names), 1), _BATCH):
        chosen = names[start : start + _BATCH]
        listed = git(root, "--literal-pathspecs", "ls-files", "-s", "-v", "-z", "--", *chosen)
        for line in listed.stdout.split("\0") if listed.returncode == 0 else ():
            fields, _, name = line.partition("\t")
            if name:
                mark, mode, blob, _ = fields.split()
                yield Tracked(name, mark.islower() or mark == "S", mode, blob)


def hidden_changes(git: Git, root: Path) -> Iterator[str]:
    """Give the files whose changes git was asked to pass over, in submodules too."""
    for file in tracked_files(git, root):
        inner = root / file.name
        if file.mode == _SUBMODULE and has_repository(root, file.name):
            yield from (f"{file.name}/{name}" for name in hidden_changes(git, inner))
        # One that is marked and not there was left out on purpose, as a sparse checkout does.
        elif _is_marked(file, inner) and not file.is_unchanged(root):
            yield file.name


def submodules(git: Git, root: Path) -> Iterator[str]:
    """Give the submodules that are checked out."""
    for file in tracked_files(git, root):
        if file.mode == _SUBMODULE and has_repository(root, file.name):
            yield file.name


def has_repository(root: Path, name: str) -> bool:
    """Return whether a folder has a repository of its own, and is reached without a link.

    A link could lead out of the project, or back to where it is.
    """
    inner = root / name
    return (inner / ".git").exists() and inner.resolve() == root.resolve() / name


def sort_by_content(
    git: Git, root: Path, files: Iterable[Path]
) -> tuple[frozenset[Path], frozenset[Path]]:
    """Return those of some files that are as tracked, and those that are tracked and changed.

    A file of a submodule is compared with the index of that submodule.
    """
    same: set[Path] = set()
    changed: set[Path] = set()
    for inner, members in _by_repository(root, files).items():
        names = [path.relative_to(inner).as_posix() for path in members]
        for file in tracked_files(git, inner, names):
            if file.mode in _FILES:
                (same if file.is_unchanged(inner) else changed).add(inner / file.name)
    return frozenset(same), frozenset(changed)


def _is_marked(file: Tracked, path: Path) -> bool:
    return file.hidden and file.mode in _FILES and path.is_file()


def _by_repository(root: Path, files: Iterable[Path]) -> dict[Path, list[Path]]:
    homes: dict[Path, Path] = {root: root}
    found: dict[Path, list[Path]] = {}
    for path in files:
        if path.is_relative_to(root) and path != root:
            found.setdefault(_home(path.parent, homes), []).append(path)
    return found


def _home(folder: Path, homes: dict[Path, Path]) -> Path:
    if folder not in homes:
        inside = (folder / ".git").exists()
        homes[folder] = folder if inside else _home(folder.parent, homes)
    return homes[folder]


def _blob(content: bytes, like: str) -> str:
    kind = "sha256" if len(like) == 64 else "sha1"
    digest = hashlib.new(kind, b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def _unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")
