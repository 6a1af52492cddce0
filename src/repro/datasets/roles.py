"""The role of each column: the declaration compared with the names in the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from repro.core.errors import DataError
from repro.core.lookalike import equivalents
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from repro.config.data import Columns, DatasetEntry

_ROLES = ("numeric", "categorical", "ignored")
_FEATURES = ("numeric", "categorical")
_SHOWN = 5


@dataclass(frozen=True)
class Roles:
    """The columns of a table, each tuple in the file's order.

    Attributes
    ----------
    features : tuple of str
    numeric, categorical : tuple of str
        The two parts of ``features``.
    position : int
        How many features come before the target in the file.
    ignored : tuple of str
        The columns that are no features.
    """

    features: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    position: int
    ignored: tuple[str, ...]


def assign_roles(label: str, names: tuple[str, ...], entry: DatasetEntry) -> Roles:
    """Give every column of a file its role.

    Exact names win over shell patterns, and patterns never match a target. Other targets of the
    data set have no role: they are neither features nor ignored columns.

    Raises
    ------
    DataError
        One error that lists every problem: a duplicate or empty name, no target, a column without
        a role or with two, a declared name or pattern that matches no column, no feature at all.
    """
    for target in entry.all_targets:
        check_header(label, names, target)
    return _assigned(label, names, entry, required=_ROLES)


def check_header(label: str, names: tuple[str, ...], target: str) -> None:
    """Check the names of columns before anything is made of them.

    Raises
    ------
    DataError
        For a duplicate or empty name, or if the target is not among them.
    """
    _check_names(label, names)
    if target not in names:
        raise DataError(f"{label}: no target column '{target}'", advice=did_you_mean(target, names))


def check_known(label: str, names: tuple[str, ...], told: Iterable[str]) -> None:
    """Check that columns that a person named exist.

    Raises
    ------
    DataError
        With every one that does not.
    """
    problems = [
        f"{label}: no column '{name}'; {did_you_mean(name, names)}"
        for name in told
        if name not in names
    ]
    if problems:
        raise DataError("\n".join(problems), advice="correct the name of the column")


def check_present(label: str, names: tuple[str, ...], needed: tuple[str, ...]) -> None:
    """Check that a file has each of some columns once.

    Raises
    ------
    DataError
        With every column that is missing or named twice.
    """
    counts = Counter(names)
    problems = [
        f"{label}: no column '{name}'; {did_you_mean(name, names)}"
        for name in needed
        if name not in counts
    ]
    problems += [
        f"{label}: {counts[name]} columns are named '{name}'" for name in needed if counts[name] > 1
    ]
    if problems:
        raise DataError("\n".join(problems), advice="give the file the columns that are needed")


def assign_new_rows(label: str, names: tuple[str, ...], entry: DatasetEntry) -> Roles:
    """Give the columns of later rows their roles: the target and ignored columns may be absent.

    Raises
    ------
    DataError
        As in ``assign_roles``.
    """
    _check_names(label, names)
    return _assigned(label, names, entry, required=_FEATURES)


def _assigned(
    label: str, names: tuple[str, ...], entry: DatasetEntry, *, required: tuple[str, ...]
) -> Roles:
    columns = [name for name in names if name not in entry.all_targets]
    found = _matches(columns, entry.columns)
    problems = [
        *_misused_target(entry),
        *_unmatched(columns, entry, required),
        *_without_one_role(columns, found),
        *(_unmarked(columns, entry) if required == _ROLES else ()),
    ]
    if not problems and not any(set(found[name]) & set(_FEATURES) for name in columns):
        problems.append("no column is numeric or categorical")
    if problems:
        raise DataError(
            "\n".join(f"{label}: {problem}" for problem in problems),
            advice="correct 'columns' of the data set in configs/datasets.yaml"
            if required == _ROLES
            # The declaration is that of the run, and holds.
            else "give the file the columns of the run's data set",
        )
    role = {name: roles[0] for name, roles in found.items()}
    before = names[: names.index(entry.target)] if entry.target in names else names
    return Roles(
        tuple(name for name in columns if role[name] in _FEATURES),
        tuple(name for name in columns if role[name] == "numeric"),
        tuple(name for name in columns if role[name] == "categorical"),
        sum(role[name] in _FEATURES for name in before if name in role),
        tuple(name for name in columns if role[name] not in _FEATURES),
    )


def _check_names(label: str, names: tuple[str, ...]) -> None:
    problems = [
        f"{label}: {count} columns are named '{name}'"
        for name, count in Counter(names).items()
        if count > 1 and name
    ]
    problems += [
        f"{label}: column {position} has no name"
        for position, name in enumerate(names, start=1)
        if not name
    ]
    problems += [f"{label}: columns {sentence}" for sentence in equivalents(names)]
    if problems:
        raise DataError("\n".join(problems), advice="give every column a unique name")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise DataError(
            f"{label}: found one column, named {names[0]!r}",
            advice="declare what separates the columns: dialect: {delimiter: ';'} under 'source' in"
            " configs/datasets.yaml; or separate them with commas",
        )


def _matches(columns: Iterable[str], declared: Columns) -> dict[str, list[str]]:
    exact = {role: set(getattr(declared, role)) for role in _ROLES}
    patterns = {role: list(filter(_is_pattern, getattr(declared, role))) for role in _ROLES}
    found: dict[str, list[str]] = {}
    for name in columns:
        by_name = [role for role in _ROLES if name in exact[role]]
        by_pattern = [role for role in _ROLES if any(fnmatchcase(name, p) for p in patterns[role])]
        found[name] = by_name or by_pattern
    return found


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _misused_target(entry: DatasetEntry) -> Iterator[str]:
    for role in _ROLES:
        for name in entry.all_targets:
            if name in getattr(entry.columns, role):
                what = "the target" if name == entry.target else "a target"
                yield f"'{name}' is {what} and also listed as {role}"


def _unmatched(columns: list[str], entry: DatasetEntry, required: tuple[str, ...]) -> Iterator[str]:
    known = {*columns, *entry.all_targets}
    for role in required:
        for text in getattr(entry.columns, role):
            if text in known:
                continue
            if not _is_pattern(text):
                yield f"no column '{text}' ({role}); {did_you_mean(text, columns)}"
            elif not any(fnmatchcase(name, text) for name in columns):
                yield f"the pattern '{text}' ({role}) matches no column; columns: {_some(columns)}"


def _unmarked(columns: list[str], entry: DatasetEntry) -> Iterator[str]:
    """Name the columns that have markers of their own and do not exist."""
    known = [*columns, *entry.all_targets]
    for text in entry.missing if isinstance(entry.missing, dict) else ():
        if text not in known and not any(fnmatchcase(name, text) for name in known):
            yield f"no column '{text}' (missing); {did_you_mean(text, known)}"


def _without_one_role(columns: list[str], found: Mapping[str, list[str]]) -> Iterator[str]:
    without = [name for name in columns if not found[name]]
    if without:
        expected = "list each as numeric, categorical or ignored"
        yield f"no role for {_counted(without)}: {_some(without)}; {expected}"
    for name in columns:
        if len(found[name]) > 1:
            yield f"column '{name}' has two roles, {' and '.join(found[name])}; keep one"


def _counted(names: list[str]) -> str:
    return "1 column" if len(names) == 1 else f"{len(names)} columns"


def _some(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
