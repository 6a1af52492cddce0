"""The declared steps of groups of columns, and of everything that they make together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags

from repro.core.errors import DataError, ReproError
from repro.training.wide import canonical, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.training.scoring import Labels, Matrix

    Step = tuple[str, BaseEstimator]
    Group = tuple[str, Sequence[str], Sequence[Step]]


class ColumnSteps(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Groups of columns, each through its own steps; then all of it through common ones.

    A step that takes texts, such as a vectorizer, is fitted to each column of its group separately.

    Parameters
    ----------
    groups : list of (str, list of str, list of (str, transformer))
        Name, columns and steps of each group.
    then : list of (str, transformer)
    native : str or None
        The group whose numbers are marked as categories.
    sparse_above : int or None
        More columns than these stay sparse, if a step made sparse ones.
    where : str
        The key of the configuration, for messages.

    Attributes
    ----------
    groups_ : list of (str, list of str, list of (str, transformer or list of transformer))
    then_ : list of (str, transformer)
    names_ : list of str
        Of the columns that come out.
    native_ : dict of int to int
        Position of each marked column, and how many categories it has.
    sparse_ : bool
    """

    def __init__(
        self,
        groups: Sequence[Group],
        then: Sequence[Step],
        native: str | None,
        sparse_above: int | None,
        where: str,
    ) -> None:
        self.groups = groups
        self.then = then
        self.native = native
        self.sparse_above = sparse_above
        self.where = where

    def fit(self, X: pd.DataFrame, y: Labels | None = None) -> ColumnSteps:  # noqa: N803
        """Learn every step."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Labels | None = None) -> Matrix:  # noqa: N803
        """Learn every step, and return the matrix of the rows that it was learned from.

        It may differ from what ``transform`` gives for these rows: an encoder by the target encodes
        each of them by the other ones.

        Raises
        ------
        DataError
            If a step refuses the columns; the message begins with its key.
        """
        self.groups_: list[tuple[str, Sequence[str], list[tuple[str, Any]]]] = []
        self.native_: dict[int, int] = {}
        made: list[Any] = []
        names: list[str] = []
        for name, columns, steps in self.groups:
            values, fitted = self._learned(name, X[list(columns)], steps, y)
            self.groups_.append((name, columns, fitted))
            if name == self.native:
                self.native_ = _categories(values, len(names))
            names += names_of_group(name, columns, fitted, values.shape[1])
            made.append(values)
            del values
        values, self.then_ = _together(made), []
        for name, step in self.then:
            with refusal(f"{self.where}.then.{name}", step):
                values = _numbers(step.fit_transform(values, y), len(X))
            names = _names_of(step, names, f"{name}_", values.shape[1])
            self.then_.append((name, step))
        self.names_ = names
        wide = self.sparse_above is not None and values.shape[1] > self.sparse_above
        self.sparse_ = bool(wide and issparse(values))
        return self._laid_out(values)

    def transform(self, X: pd.DataFrame) -> Matrix:  # noqa: N803
        """Return the matrix of new rows.

        Raises
        ------
        DataError
            If a step refuses them.
        """
        made = []
        for name, columns, steps in self.groups_:
            values: Any = X[list(columns)]
            for step, fitted in steps:
                with refusal(self._key(name, step), fitted):
                    values = _numbers(_applied(fitted, values), len(X), last=False)
            made.append(_numbers(values, len(X)))
        values = _together(made)
        for name, step in self.then_:
            with refusal(f"{self.where}.then.{name}", step):
                values = _numbers(step.transform(values), len(X))
        return self._laid_out(values)

    def get_feature_names_out(self, input_features: object = None) -> Any:  # noqa: ARG002
        """Return the names of the columns that come out."""
        return np.asarray(self.names_, dtype=object)

    @property
    def grouped(self) -> set[str]:
        """The columns of declared groups."""
        roles = {"numeric", "categorical"}
        return {each for name, columns, _ in self.groups_ if name not in roles for each in columns}

    def parts(self) -> Iterator[tuple[str, object]]:
        """Yield every fitted step with the path that names it."""
        for name, _, steps in self.groups_:
            start = name if name in {"numeric", "categorical"} else f"groups/{name}"
            yield from ((f"{start}/{step}", fitted) for step, fitted in steps)
        yield from ((f"then/{name}", step) for name, step in self.then_)

    def _key(self, group: str, step: str) -> str:
        inside = group if group in {"numeric", "categorical"} else f"groups.{group}"
        return f"{self.where}.{inside}.{step}"

    def _learned(
        self, name: str, table: pd.DataFrame, steps: Sequence[Step], y: Labels | None
    ) -> tuple[Any, list[tuple[str, Any]]]:
        values: Any = table
        fitted: list[tuple[str, Any]] = []
        for position, (label, step) in enumerate(steps, start=1):
            with refusal(self._key(name, label), step):
                values, learned = _learn(step, values, y)
                values = _numbers(values, len(table), last=position == len(steps))
            fitted.append((label, learned))
        # Numeric columns may have no step at all.
        return (values if steps else _numbers(values, len(table))), fitted

    def _laid_out(self, values: Any) -> Matrix:
        if self.sparse_:
            rows: Matrix = canonical(values)
            return rows
        dense = values.toarray(order="C") if issparse(values) else values
        matrix = np.ascontiguousarray(dense, dtype=np.float64)
        table: Matrix = _marked(matrix, self.native_) if self.native_ else matrix
        return table


def _takes_texts(step: BaseEstimator) -> bool:
    """Return whether a transformer takes a list of texts and no table."""
    try:
        return not get_tags(step).input_tags.two_d_array
    except (AttributeError, TypeError, ValueError):
        return False


def _learn(step: BaseEstimator, table: Any, y: Labels | None) -> tuple[Any, Any]:
    """Return what a step makes of a table, and the fitted step: one for each column of texts."""
    if not _takes_texts(step):
        return step.fit_transform(table, y), step
    columns = pd.DataFrame(table)
    fitted = [clone(step) for _ in range(columns.shape[1])]
    made = [
        each.fit_transform(_texts(columns.iloc[:, position]), y)
        for position, each in enumerate(fitted)
    ]
    return _together(made), fitted


def _applied(fitted: Any, values: Any) -> Any:
    if isinstance(fitted, list):
        columns = pd.DataFrame(values)
        return _together(
            [each.transform(_texts(columns.iloc[:, n])) for n, each in enumerate(fitted)]
        )
    return fitted.transform(values)


def _texts(column: pd.Series) -> list[str]:
    """Return a column as texts; a missing one is empty."""
    return ["" if pd.isna(value) else str(value) for value in column]


def _together(made: list[Any]) -> Any:
    """Put tables side by side; the list is emptied, so that no table is kept beside its copy."""
    if len(made) == 1:
        return made.pop()
    if any(issparse(each) for each in made):
        return side_by_side([csr_matrix(made.pop(0)) for _ in range(len(made))])
    return np.hstack([np.asarray(each) for each in made])


def _numbers(values: Any, rows: int, *, last: bool = True) -> Any:
    """Check what a step gave: a table of as many rows; after the last step, of numbers.

    Raises
    ------
    ValueError
    """
    shape: tuple[int, ...] = getattr(values, "shape", ())
    if len(shape) != len(("rows", "columns")) or next(iter(shape)) != rows:
        raise ValueError(f"it gave {_described(values)}, expected a table of {rows} rows")
    if not last or issparse(values):
        return values
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"it gave values that are no numbers: {error}") from error
    if np.isinf(matrix).any():
        raise ValueError("it gave numbers that are not finite")
    return matrix


def _described(values: Any) -> str:
    shape = getattr(values, "shape", None)
    return type(values).__name__ if shape is None else f"an array of shape {tuple(shape)}"


def names_of_group(
    group: str, columns: Sequence[str], steps: Sequence[Any], width: int | None = None
) -> list[str]:
    """Return the names of what the fitted steps of a group make of its columns.

    Parameters
    ----------
    width : int, optional
        How many there are: if the steps name a different number, they are numbered.
    """
    names = list(columns)
    for label, fitted in steps:
        if isinstance(fitted, list):
            parts = zip(names, fitted, strict=True)
            names = [f"{name}_{token}" for name, each in parts for token in _own_names(each)]
        else:
            names = _names_of(fitted, names, f"{label}_", None)
    if width is not None and len(names) != width:
        names = [f"{n}" for n in range(width)]
    return [name if group in {"numeric", "categorical"} else f"{group}/{name}" for name in names]


def _own_names(vectorizer: Any) -> Sequence[str]:
    if hasattr(vectorizer, "get_feature_names_out"):
        return list(vectorizer.get_feature_names_out())
    return [str(each) for each in range(vectorizer.n_features)]


def _names_of(step: Any, names: Sequence[str], start: str, width: int | None) -> list[str]:
    """Return the names that a step gives; numbered ones, if it does not say or they do not fit."""
    try:
        found = [str(each) for each in step.get_feature_names_out(np.asarray(names, dtype=object))]
    # Somebody else's code, and only names.
    except Exception:  # noqa: BLE001
        found = list(names) if width in (None, len(names)) else []
    if width is None or len(found) == width:
        return found
    return [f"{start}{each}" for each in range(width)]


def _categories(values: Any, first: int) -> dict[int, int]:
    """Return the position of each column of codes, and how many codes it has."""
    counts = np.nanmax(values, axis=0, initial=-1.0) + 1
    return {first + position: int(count) for position, count in enumerate(counts)}


def _marked(matrix: Matrix, native: dict[int, int]) -> Any:
    """Return a table whose columns of codes are categories, as boosting libraries know them."""
    columns: dict[str, Any] = {}
    for position in range(matrix.shape[1]):
        values = matrix[:, position]
        if position in native:
            codes = np.where(np.isnan(values), -1, values).astype(np.int32)
            known = pd.RangeIndex(native[position])
            columns[f"x{position}"] = pd.Categorical.from_codes(codes, known)
        else:
            columns[f"x{position}"] = values
    return pd.DataFrame(columns)


@contextmanager
def refusal(key: str, step: object) -> Iterator[None]:
    """Turn anything that a transformer raises into an error for people.

    Raises
    ------
    DataError
        With the key of the step and what it said.
    """
    try:
        yield
    except ReproError:
        raise
    # The transformer may be somebody else's code.
    except (Exception, SystemExit) as error:
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        name = type(step).__name__
        raise DataError(
            f"{key}: {name} refused the columns: {kind}{str(error)[:500]}",
            advice="check its columns and params with: repro config show",
        ) from error
