"""Which code a run was trained by, beside what its commit and its packages say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.environment import Repository
from repro.digest.files import sha256_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.app.execute import Execution


def observe_code(project: Path, execution: Execution) -> dict[str, str]:
    """Hash what differs from the commit, and the source of a project's own estimators.

    Returns
    -------
    dict of str to str
        SHA-256 by POSIX path, relative to the repository or to the folder of the package.
    """
    found = dict(_dirty_files(project, execution))
    for model in execution.config.models.values():
        found |= dict(_own_source(model.estimator.partition(".")[0].partition(":")[0]))
    return dict(sorted(found.items()))


def _dirty_files(project: Path, execution: Execution) -> Iterator[tuple[str, str]]:
    git = execution.environment.git
    if not isinstance(git, Repository):
        return
    root = next((p for p in (project, *project.parents) if (p / ".git").exists()), project)
    for name in git.dirty_files:
        path = root / name
        if path.is_file() and not path.is_symlink():
            yield name, sha256_file(path)


def _own_source(package: str) -> Iterator[tuple[str, str]]:
    location = getattr(sys.modules.get(package), "__file__", None)
    if location is None or "site-packages" in Path(location).parts:
        return
    file = Path(location)
    files = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    for path in files:
        yield path.relative_to(folder).as_posix(), sha256_file(path)
