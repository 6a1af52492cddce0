"""The project folder: where configuration lives, and the files that were read from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from repro.config.tree import merge
from repro.config.yaml import read_leaves
from repro.core.errors import ConfigError, PreconditionError
from repro.core.pathname import pathname_problem
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from repro.config.tree import Tree

# A minute of parsing; lists of thousands of columns take a tenth of it.
_LARGEST = 2 << 20
BASE = "configs/base.yaml"
DATASETS = "configs/datasets.yaml"
# What the package brings along: a base, families and profiles, each used where the project has no
# file of that name. It stands before the names of these files, in origins and in records.
SHIPPED = "repro:"
_SHIPPED_FOLDER = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class SourceFile:
    """A configuration file as it was read.

    Attributes
    ----------
    name : str
        Its POSIX path, relative to the project where it lies inside; ``repro:configs/…`` for a file
        that comes with the package.
    sha256 : str
        Of the bytes that were read.
    tree : Tree
        Its leaves, without ``schema`` and ``description``.
    """

    name: str
    sha256: str
    tree: Tree


def find_project(start: Path) -> Path:
    """Return the nearest folder, upwards from ``start``, that holds ``configs/base.yaml``.

    Raises
    ------
    PreconditionError
        If no folder has one.
    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / BASE).is_file():
            return candidate
    raise PreconditionError(
        f"no {BASE} in {start} or any folder above it",
        advice="run the command inside a project, or name one with --project",
    )


def runs_folder(project: Path, named: Path | None) -> Path:
    """Return the folder of the runs: as named, or as ``configs/base.yaml`` says.

    Raises
    ------
    ConfigError
        If the configured one is not the name of a folder.
    """
    if named is not None:
        return named
    if not (project / BASE).is_file():
        # Commands are recorded in any folder.
        return project / "runs"
    leaf = read_base(project).tree.get(("execution", "runs"))
    folder = str(leaf.value if leaf else "runs")
    if problem := pathname_problem(folder):
        raise ConfigError(
            f"{leaf.origin if leaf else BASE}: execution.runs: expected the name of a file or"
            f" folder; {problem}"
        )
    return project / folder


def names_in(project: Path, kind: str) -> list[str]:
    """List the names that ``configs/<kind>/*.yaml`` define, of the project or shipped, sorted."""
    folders = (project / "configs" / kind, _SHIPPED_FOLDER / kind)
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def read_named(project: Path, kind: str, name: str) -> SourceFile:
    """Read ``configs/<kind>/<name>.yaml``, where the kind is a plural such as ``profiles``.

    The file of the project is taken, or else the one that comes with the package.

    Raises
    ------
    ConfigError
        If no such file exists; the advice names the nearest one that does.
    """
    known = names_in(project, kind)
    singular = kind.removesuffix("s")
    if name not in known:
        raise ConfigError(
            f"unknown {singular} '{name}': there is no configs/{kind}/{name}.yaml",
            advice=did_you_mean(name, known),
        )
    own = project / "configs" / kind / f"{name}.yaml"
    # A link that leads nowhere is the project's file, too, and an error.
    if own.is_file() or own.is_symlink():
        return read_source(project, own, singular)
    return _read_shipped(f"{kind}/{name}.yaml", singular)


def read_base(project: Path) -> SourceFile:
    """Read ``configs/base.yaml``; what it does not say is as the base of the package has it.

    Raises
    ------
    ConfigError
        As ``read_source``.
    """
    own = read_source(project, project / BASE, "base")
    return replace(own, tree=merge(shipped_base().tree, own.tree))


def shipped_base() -> SourceFile:
    """Return the base that comes with the package."""
    return _read_shipped("base.yaml", "base")


@cache
def _read_shipped(path: str, kind: str) -> SourceFile:
    return _read_source(_SHIPPED_FOLDER / path, f"{SHIPPED}configs/{path}", kind)


def read_source(project: Path, path: Path, kind: str) -> SourceFile:
    """Read one configuration file and check its ``schema`` field.

    Raises
    ------
    ConfigError
        If the file is missing, not UTF-8, not YAML, or of a different schema.
    """
    return _read_source(path, _display(project, path), kind)


def _read_source(path: Path, name: str, kind: str) -> SourceFile:
    content, tree = read_tree(path, name)
    _check_schema(name, tree, f"repro.{kind}/v1")
    digest = hashlib.sha256(content).hexdigest()
    return SourceFile(name, digest, {k: v for k, v in tree.items() if k != ("schema",)})


def read_tree(path: Path, name: str) -> tuple[bytes, Tree]:
    """Read a YAML file that may come from anybody; return its bytes and its leaves.

    Raises
    ------
    ConfigError
        If the file is missing, too large, not UTF-8, or not YAML.
    """
    try:
        content = _read(path, name)
        return content, read_leaves(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error


def _read(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ConfigError(f"{name}: larger than {_LARGEST >> 20} MiB, the limit for configuration")
    return content


def _display(project: Path, path: Path) -> str:
    resolved = path.resolve()
    inside = resolved.is_relative_to(project)
    return resolved.relative_to(project).as_posix() if inside else path.name


def _check_schema(name: str, tree: Tree, expected: str) -> None:
    leaf = tree.get(("schema",))
    if leaf is None:
        raise ConfigError(f"{name}: no 'schema' field", advice=f"add the line: schema: {expected}")
    if leaf.value != expected:
        raise ConfigError(
            f"{leaf.origin}: schema: expected {expected}, found {leaf.value!r}",
            advice="correct the line, or use the version of repro that wrote the file",
        )
