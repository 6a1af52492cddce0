"""From the declared transformers of a preprocessing to its steps, unfitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean
from repro.training.columns import ColumnSteps
from repro.training.estimators import build_part
from repro.training.preprocess import categorical_steps, numeric_steps
from repro.training.wide import is_wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.preprocessing import ColumnGroup, Preprocessing, Transform
    from repro.training.preprocess import Supervised


def column_steps(
    features: pd.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
    settings: Preprocessing,
    supervised: Supervised,
) -> ColumnSteps:
    """Make the steps of every group of columns, and those of all together.

    Raises
    ------
    ConfigError, PreconditionError
        If a transformer cannot be made, or a group names what is no feature.
    """
    named = _named(settings.groups or {}, features, supervised.where)
    roles = {"numeric": list(numeric), "categorical": list(categorical)}
    left = {role: [name for name in names if name not in named] for role, names in roles.items()}
    groups = []
    taken = {group.columns for group in (settings.groups or {}).values()}
    if left["numeric"] and "numeric" not in taken:
        groups.append(("numeric", left["numeric"], numeric_steps(settings.numeric)))
    if left["categorical"] and "categorical" not in taken:
        sparse = is_wide(features, left["categorical"], settings.categorical)
        steps = categorical_steps(settings.categorical, sparse=sparse)
        groups.append(("categorical", left["categorical"], steps))
    for name, group in (settings.groups or {}).items():
        columns = left[group.columns] if isinstance(group.columns, str) else list(group.columns)
        if not columns:
            raise ConfigError(
                f"{supervised.where}.groups.{name}.columns: no {group.columns} column is left",
                advice="remove the group",
            )
        made = [_made(("groups", name), step, supervised) for step in group.steps]
        groups.append((name, columns, made))
    native = settings.categorical.encode == "native" and "categorical" not in taken
    return ColumnSteps(
        groups,
        [_made(("then",), step, supervised) for step in settings.then or ()],
        "categorical" if native else None,
        settings.categorical.sparse_above,
        supervised.where,
    )


def _named(groups: dict[str, ColumnGroup], features: pd.DataFrame, where: str) -> set[str]:
    """Return the columns that groups name, each of which must be a feature."""
    found: set[str] = set()
    for name, group in groups.items():
        columns = () if isinstance(group.columns, str) else group.columns
        for column in columns:
            if column not in features.columns:
                known = list(map(str, features.columns))
                raise ConfigError(
                    f"{where}.groups.{name}.columns: no feature '{column}'",
                    advice=f"{did_you_mean(column, known)}; a column that the data set ignores"
                    " gets a role in configs/datasets.yaml",
                )
        found.update(columns)
    return found


def _made(
    path: tuple[str, ...], step: Transform, supervised: Supervised
) -> tuple[str, BaseEstimator]:
    seed = supervised.seeds["/".join(("preprocess", *path, step.name))]
    where = ".".join((supervised.where, *path, step.name))
    return step.name, build_part(where, step, seed, supervised.allowed)
