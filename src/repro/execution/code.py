"""The code that a training ran, apart from its commit and its packages.

A file of code is identified by the commit, where it has the content that the commit has; by an
installed distribution, where it has the content that the distribution lists; and else by its hash
in the record. So a difference that can act is always somewhere in a record.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import repro
from repro.capture.committed import sort_by_content
from repro.capture.git import changed_in_submodules
from repro.capture.git_process import git
from repro.capture.modules import STARTERS, namespace, start_files
from repro.config.parameters import comes_with_repro
from repro.core.environment import Repository
from repro.digest.files import sha256_file
from repro.execution.loaded import class_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.capture.distributions import Inventory
    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.execution.loaded import Loaded

_PACKAGE = Path(repro.__file__).absolute().parent
_SITE = {"site-packages", "dist-packages"}
_NONE: frozenset[Path] = frozenset()


@dataclass(frozen=True)
class Code:
    """The code of a training that no commit and no version of a package identifies.

    Attributes
    ----------
    files : dict of str to str
        SHA-256 by POSIX path: relative to the repository or the project, and else to the folder of
        the import path. ``NAME.dist-info`` stands for all sources of a distribution that
        estimators used.
    loaded : tuple of str
        Those that training loaded, and data files that own code read; the others differ from the
        commit, or lie beside an estimator.
    unasked : tuple of str
        Those that no estimator asked for: the caller's environment brought them.
    changed : tuple of str
        Loaded files of the repository that differ from the commit.
    """

    files: dict[str, str]
    loaded: tuple[str, ...]
    unasked: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def hashes_of_loaded(self) -> dict[str, str]:
        """The hash of each file that training loaded."""
        return {name: self.files[name] for name in self.loaded}


def observe_code(
    project: Path, config: ExperimentConfig, environment: Environment, loaded: Loaded
) -> Code:
    """Hash the loaded code that nothing else identifies, and what differs from the commit."""
    root = _root(project, environment)
    names = _Names(root or project)
    modules, ours = _split(loaded)
    beside = _packages_of_estimators(config, loaded)
    asked = {path for path, name in modules.items() if name in loaded.reached} | beside
    brought = _brought(modules, loaded) | _started(loaded)
    apart = not (_is_below(_PACKAGE, root) or _is_wheel(loaded.inventory))
    run = dict.fromkeys(_started(loaded), "") | modules | ({} if apart else ours)
    same, changed = sort_by_content(git, root, {*run, *beside}) if root else (_NONE, _NONE)
    # The commit says what these are; an estimator of the project is named all the same.
    known = {path for path in same - asked if not _in_submodule(path, root)}
    named = {path: names.of(path, run[path]) for path in sorted(run.keys() - known)}
    files = {name: sha256_file(path) for path, name in named.items()}
    whole = ({"repro": digest_of_package()} if apart else {}) | _installed(loaded)
    files |= whole | {names.of(p, ""): sha256_file(p) for p in sorted(beside - named.keys())}
    read = {names.of(p, ""): sha256_file(p) for p in map(Path, loaded.read) if p not in named}
    files |= read
    for name, path in _dirty(root or project, environment):
        files.setdefault(name, sha256_file(path))
    return Code(
        files=dict(sorted(files.items())),
        loaded=tuple(sorted({*named.values(), *whole, *read})),
        unasked=tuple(sorted(name for path, name in named.items() if path in brought)),
        changed=tuple(sorted(_posix(path, root) for path in changed)),
    )


def _installed(loaded: Loaded) -> dict[str, str]:
    """Return a digest of the sources of each distribution that estimators used."""
    found = {f"{name}.dist-info": loaded.inventory.digest_of(name) for name in loaded.used}
    return {name: digest for name, digest in found.items() if digest is not None}


def _root(project: Path, environment: Environment) -> Path | None:
    """Return the folder of the repository whose commit is recorded, if this machine has it."""
    if not isinstance(environment.git, Repository):
        return None
    folders = (project, *project.parents)
    return next((folder for folder in folders if (folder / ".git").exists()), None)


def _split(loaded: Loaded) -> tuple[dict[Path, str], dict[Path, str]]:
    """Return the own modules by file: those of others, and those of this program."""
    others: dict[Path, str] = {}
    ours: dict[Path, str] = {}
    for name, file in sorted(loaded.own.items()):
        path = Path(file)
        (ours if _is_below(path, _PACKAGE) else others).setdefault(path, name)
    return others, ours


def _packages_of_estimators(config: ExperimentConfig, loaded: Loaded) -> set[Path]:
    """Return every source file of the packages that own estimators come from."""
    found: set[Path] = set()
    for path in class_paths(config):
        module = path.partition(":")[0]
        if module in loaded.own and not comes_with_repro(module):
            found |= set(_sources(module.partition(".")[0]))
    return {path for path in found if not loaded.inventory.vouches_for(str(path))}


def _sources(package: str) -> Iterator[Path]:
    # A module has no folders of its own, and is among those that were loaded.
    for folder in namespace(sys.modules.get(package)).get("__path__", ()):
        yield from (path.absolute() for path in Path(folder).rglob("*.py"))


def _started(loaded: Loaded) -> set[Path]:
    vouched = loaded.inventory.vouches_for
    return {Path(file) for file in start_files() if not vouched(file)}


def _brought(modules: Mapping[Path, str], loaded: Loaded) -> set[Path]:
    """Return the modules that the environment put before others, or ran at the start."""
    given = [Path(entry).absolute() for entry in _given_path()]
    found = set()
    for path, name in modules.items():
        top = name.partition(".")[0]
        before_others = any(_is_below(path, folder) for folder in given) and name != "__main__"
        unasked = name not in loaded.reached or top in loaded.inventory.top_levels
        if top in STARTERS or (before_others and unasked):
            found.add(path)
    return found


def _given_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def digest_of_package() -> str:
    """Digest the sources of this program, as ``sha256sum`` would list them.

    No commit names them where they lie outside the project's repository.
    """
    package, lines = str(_PACKAGE), hashlib.sha256()
    names = (
        os.path.join(folder, name)[len(package) + 1 :].replace(os.sep, "/")  # noqa: PTH118 - many
        for folder, _, files in os.walk(package)
        for name in files
        if name.endswith(".py")
    )
    for name in sorted(names, key=lambda each: each.split("/")):
        with open(f"{package}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - many
            lines.update(f"{hashlib.sha256(file.read()).hexdigest()}  {name}\n".encode())
    return lines.hexdigest()


def _is_wheel(inventory: Inventory) -> bool:
    return inventory.owner(str(_PACKAGE / "__init__.py")) is not None


def _is_below(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.is_relative_to(folder)


def _in_submodule(path: Path, root: Path | None) -> bool:
    below = (folder for folder in path.parents if _is_below(folder, root) and folder != root)
    return any((folder / ".git").exists() for folder in below)


def _posix(path: Path, root: Path | None) -> str:
    return path.relative_to(root).as_posix() if root else path.as_posix()


def _dirty(root: Path, environment: Environment) -> Iterator[tuple[str, Path]]:
    state = environment.git
    if not isinstance(state, Repository):
        return
    for name in (*state.dirty_files, *changed_in_submodules(root, state.dirty_files)):
        path = root / name
        if path.is_file() and not path.is_symlink():
            yield name, path


class _Names:
    """Names of files that are the same on every machine, and each of one file only."""

    def __init__(self, home: Path) -> None:
        self._homes = tuple({home.absolute(), home.resolve()})
        self._entries = sorted(
            {Path(e).absolute() for e in sys.path if e}, key=_depth, reverse=True
        )
        self._taken: dict[str, Path] = {}

    def of(self, path: Path, module: str) -> str:
        """Return the name of a file; ``module`` is that of a loaded module, or empty."""
        name = self._relative(path, module)
        for part in reversed(path.parent.parts):
            if self._taken.setdefault(name, path) == path:
                break
            name = f"{part.strip(os.sep)}/{name}"
        return name

    def _relative(self, path: Path, module: str) -> str:
        entry = next((each for each in self._entries if path.is_relative_to(each)), None)
        if entry is not None and _SITE & set(entry.parts):
            return path.relative_to(entry).as_posix()
        home = next((each for each in self._homes if path.is_relative_to(each)), None)
        if home is not None:
            return path.relative_to(home).as_posix()
        # Of a package by the folder that it was found in, which may be below one on the path.
        depth = module.count(".") + (path.stem == "__init__")
        if module and path.parts[-depth - 1 : -1] == tuple(module.split("."))[:depth]:
            return "/".join(path.parts[-depth - 1 :])
        return path.relative_to(entry).as_posix() if entry is not None else path.name


def _depth(path: Path) -> int:
    return len(path.parts)
