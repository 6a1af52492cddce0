"""The data set of a new project, and the experiment on it: guesses that are said."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.data import add
from repro.app.init.templates import render
from repro.datasets.declaring import declare_files
from repro.datasets.drafting import Proposal
from repro.datasets.labels import TwoLabelsError
from repro.datasets.registry import registry
from repro.datasets.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repro.app.init.making import Wish
    from repro.config.data import DatasetEntry, Task
    from repro.datasets.drafting import Given

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
# Of two labels with these texts, the second one is what is looked for.
_POSITIVE = {"0": "1", "no": "yes", "n": "y", "false": "true", "f": "t", "negative": "positive"}
# The metric of selection, what else the target may stand for, and families that need no package
# beyond those of the lock.
_TASKS = {
    "binary": ("roc_auc", "", "[logistic_regression, random_forest, hist_gradient_boosting]"),
    "multiclass": (
        "f1_macro",
        "  # or regression, with metric rmse",
        "[logistic_regression, random_forest, hist_gradient_boosting]",
    ),
    "regression": (
        "rmse",
        "  # or multiclass, with metric f1_macro, if the numbers name classes",
        "[ridge, random_forest, hist_gradient_boosting]",
    ),
}


@dataclass(frozen=True)
class Draft:
    """A data set that was registered in a staged project.

    Attributes
    ----------
    name : str
        Of the data set and of the experiment.
    table : str
        Path of the file inside the project.
    roles : tuple of str
        A line for each guess.
    borrowed : tuple of str
        Files of the stage that are only links to where they lie in the project already.
    """

    name: str
    table: str
    roles: tuple[str, ...]
    borrowed: tuple[str, ...]


def draft(stage: Path, table: Path, wish: Wish, name: str, *, borrowed: tuple[str, ...]) -> Draft:
    """Register a table in a staged project, and write an experiment.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        As ``app.data.add``.
    """
    base = render("configs/base.yaml", experiment=name)
    _write(stage / "configs/base.yaml", base)
    _write(stage / "configs/datasets.yaml", render("configs/datasets.yaml"))
    # An empty cell is a missing value to everybody, until somebody says that it is a text.
    missing = tuple(dict.fromkeys(("", *wish.missing)))
    proposal = Proposal(
        name, table, wish.target, wish.positive, missing, wish.licence, wish.origin,
        wish.description, wish.given,
    )  # fmt: skip
    entry, task = _added(stage, proposal)
    metric, other, families = _TASKS[task]
    text = render(
        "configs/experiment.yaml",
        description=wish.description or name, task=task, other=other, experiment=name,
        families=families, metric=metric,
    )  # fmt: skip
    _write(stage / f"configs/experiments/{name}.yaml", text)
    inside = table.relative_to(stage).as_posix()
    return Draft(name, inside, tuple(_roles(registry(stage)[name], entry, task)), borrowed)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _added(stage: Path, proposal: Proposal) -> tuple[str, Task]:
    """Register a data set; of two labels, the usual name of the looked-for one is taken."""
    try:
        return add(stage, proposal)
    except TwoLabelsError as error:
        first, second = error.labels
        if _POSITIVE.get(first.lower()) != second.lower():
            raise
        return add(stage, replace(proposal, positive=second))


def _roles(entry: DatasetEntry, text: str, task: Task) -> Iterator[str]:
    """Yield what was guessed of each column, and why."""
    positive = "" if entry.positive is None else f", which detects {entry.positive!r}"
    yield f"{entry.target}: the target, of the task {task}{positive}"
    remarks = _remarks(text)
    yield from (said for about, said in remarks if not about)
    columns = entry.columns
    for role, reason, names in (
        ("numeric", "every value is a number", columns.numeric),
        ("categorical", "some values are text", columns.categorical),
        ("ignored", "no role fits", columns.ignored),
    ):
        for name in names:
            known = [said for about, said in remarks if about == repr(name)]
            yield f"{name}: {role}, {known[0] if known else reason}"
            yield from (each if each.startswith("  ") else f"{name}: {each}" for each in known[1:])


def _remarks(text: str) -> list[tuple[str, str]]:
    """Return the comments of a drafted entry, each with the column that it is about, quoted."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        start, mark, rest = line.partition("#")
        if start.strip() or not mark:
            continue
        if rest.startswith("   "):
            # A command that changes what was guessed follows its guess.
            found.append((found[-1][0] if found else "", f"  {rest.strip()}"))
            continue
        name = _QUOTED.match(rest.strip())
        said = rest.strip()[name.end() :].strip() if name else rest.strip()
        found.append((name[0] if name else "", said.removeprefix("is ignored: ")))
    return found


def columns_of(path: Path, given: Given) -> tuple[str, ...]:
    """Return the names of the columns of a table, whose layout is guessed where it is not given.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        If it cannot be read.
    """
    folder = path.parent
    declared = declare_files(folder, [path], given.layout, target="", query=None)
    return tuple(open_source(folder, declared.source).obtain(None).parse(()).names)
