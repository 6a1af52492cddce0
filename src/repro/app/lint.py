"""The use case ``lint``: programs are read and never executed or imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.errors import ConfigError, PreconditionError
from repro.core.linting import LintFinding, LintReport
from repro.core.suggest import did_you_mean
from repro.lint.checking import find
from repro.lint.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.lint.checking import Finding

_SUFFIXES = (".py", ".ipynb")
# Folders of other people's code, or of copies.
_PASSED_OVER = frozenset({"__pycache__", "node_modules", "site-packages"})


def lint(
    paths: Sequence[Path], *, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> LintReport:
    """Return the findings in files, and in the files of folders.

    Parameters
    ----------
    paths : sequence of Path
        Programs, notebooks, and folders that are searched for them.
    select : sequence of str
        The ids or names of rules to apply; all of them if empty.
    ignore : sequence of str
        Those not to apply.

    Raises
    ------
    ConfigError
        If there is no such path or rule, or nothing to check.
    PreconditionError
        If a file cannot be read.
    """
    rules = _rules(select or list(RULES)) - _rules(ignore)
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    if not files:
        named = ", ".join(map(str, paths))
        raise ConfigError(
            f"no Python file or notebook in {named}",
            advice="name a .py or .ipynb file, or a folder",
        )
    found = tuple(each for file in files for each in _of_file(file, rules))
    return LintReport(schema_="repro.lint/v1", holds=not found, files=len(files), findings=found)


def _rules(named: Sequence[str]) -> frozenset[str]:
    names = {rule.name: rule.id for rule in RULES.values()}
    ids = [each.strip() for text in named for each in text.split(",") if each.strip()]
    for each in ids:
        if each not in RULES and each not in names:
            known = RULES if each[:1].isupper() else names
            raise ConfigError(f"unknown rule '{each}'", advice=did_you_mean(each, known))
    return frozenset(names.get(each, each) for each in ids)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _in_folder(path)
    elif not path.exists():
        raise ConfigError(f"{path}: no such file or folder", advice="check its path")
    elif path.suffix not in _SUFFIXES:
        raise ConfigError(
            f"{path}: expected a Python file or a notebook", advice="name a .py or .ipynb file"
        )
    else:
        yield path


def _in_folder(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not _is_passed_over(Path(folder), name))
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix in _SUFFIXES and not name.startswith(".") and file.is_file():
                yield file


def _is_passed_over(folder: Path, name: str) -> bool:
    environment = (folder / name / "pyvenv.cfg").exists()
    return name.startswith(".") or name in _PASSED_OVER or environment


def _of_file(path: Path, rules: frozenset[str]) -> Iterator[LintFinding]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PreconditionError(
            f"{path}: cannot be read: {error.strerror}", advice="check its permissions"
        ) from error
    for each in find(content, notebook=path.suffix == ".ipynb", rules=rules):
        yield _answered(path, each)


def _answered(path: Path, found: Finding) -> LintFinding:
    return LintFinding(
        path=path.as_posix().encode("utf-8", "backslashreplace").decode(),
        cell=found.cell or None,
        line=found.line,
        column=found.column,
        end_line=found.end_line,
        end_column=found.end_column,
        rule=found.rule.id,
        name=found.rule.name,
        reason=found.reason,
        why=found.rule.why,
        fix=found.rule.fix,
    )
