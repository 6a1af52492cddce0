"""The code of a run beside the present code of its project."""

from __future__ import annotations

from functools import cache
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import TYPE_CHECKING

from repro.capture.git import observe_git
from repro.core.environment import Repository
from repro.digest.files import sha256_file
from repro.execution.code import digest_of_package

if TYPE_CHECKING:
    from repro.core.records import Lineage

_WHOLE = "repro"


def has_code_of(project: Path, lineage: Lineage) -> bool:
    """Return whether a training now would load what a run's training loaded.

    The commit must be the same, and so must every loaded file that it does not identify, and every
    file of code that differs from it now. Versions of packages are compared elsewhere.
    """
    commit, root, dirty = _state(project)
    if commit != lineage.commit:
        return False
    names = lineage.code if lineage.loaded is None else lineage.loaded
    wanted = {name: lineage.code[name] for name in names if not name.endswith(".dist-info")}
    if wanted.pop(_WHOLE, None) not in {None, _package()}:
        return False
    changed = {name: lineage.code.get(name, "") for name in dirty}
    return all(_sha256(root / name) == known for name, known in (wanted | changed).items())


@cache
def _state(project: Path) -> tuple[str | None, Path, tuple[str, ...]]:
    """Return the commit, the folder that names of files begin at, and the changed code."""
    state = observe_git(project)
    if not isinstance(state, Repository):
        return None, project, ()
    folders = (project, *project.parents)
    root = next((folder for folder in folders if (folder / ".git").exists()), project)
    code = tuple(name for name in state.dirty_files if Path(name).suffix in all_suffixes())
    return state.commit, root, code


_package = cache(digest_of_package)


def _sha256(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return ""
