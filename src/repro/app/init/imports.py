"""Reasons why a script cannot run in the project that is made for it, found without running it."""

from __future__ import annotations

import ast
import sys
import tokenize
from functools import partial
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Names that differ from those of their distributions, for where these are not installed.
_KNOWN = {
    "bs4": "beautifulsoup4", "cv2": "opencv-python", "dateutil": "python-dateutil",
    "PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml",
    "umap": "umap-learn", "dotenv": "python-dotenv", "pytorch_lightning": "pytorch-lightning",
}  # fmt: skip


def doubts_about(script: Path, folder: Path, locked: frozenset[str]) -> tuple[str, ...]:
    """Return a sentence for everything that would stop a script in its new project.

    Parameters
    ----------
    script : Path
    folder : Path
        Of the project, whose modules a script finds if they lie beside it.
    locked : frozenset of str
        Canonical names of the distributions that the project installs.
    """
    try:
        with tokenize.open(script) as file:
            text = file.read()
        tree = ast.parse(text, script.name)
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        return (f"{script.name}{line}: is not Python: {what}: correct it before make train",)
    owners = packages_distributions()
    is_own = partial(_is_beside, (script.parent, folder))
    absent: dict[str, int] = {}
    for name, line_number in _imports(tree):
        if name in sys.stdlib_module_names or is_own(name):
            continue
        found = {
            canonicalize_name(each) for each in (*owners.get(name, ()), _KNOWN.get(name, name))
        }
        if found.isdisjoint(locked):
            absent.setdefault(name, line_number)
    return tuple(
        f"{script.name}, line {number}: imports {name}, which the lock of the project lacks: add"
        f" {_distribution(name, owners.get(name, ()))} to requirements.in, then: make lock"
        for name, number in absent.items()
    )


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the top-level modules that a script needs, and the line of each import.

    An import that the script itself expects to fail, by ``except ImportError``, is not needed.
    """
    optional = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.Try) and any(map(_catches_import, block.handlers))
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in optional:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], node.lineno


def _catches_import(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = (
        {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)} if caught else set()
    )
    broad = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return caught is None or not names.isdisjoint(broad)


def _is_beside(folders: tuple[Path, ...], name: str) -> bool:
    """Return whether a module or a package of that name is the project's own."""
    ways = (f"{name}.py", name)
    return any((folder / way).exists() for folder in folders for way in ways)


def _distribution(name: str, owners: list[str] | tuple[str, ...]) -> str:
    return canonicalize_name(owners[0]) if owners else _KNOWN.get(name, name)
