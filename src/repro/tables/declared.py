"""The first step of a saved pipeline: a frame, checked and coerced by declared role."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from repro.core.suggest import did_you_mean
from repro.tables.cells import TEXT, Cells, CellsError, to_numbers, to_texts
from repro.tables.errors import TableError
from repro.tables.marks import Marks, markers_of
from repro.tables.spelling import PANDAS_MISSING, Spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from repro.tables.cells import Array, Kind

_SHOWN = 5
_READER = (
    "read the file by the run's own declaration: repro.load_run(RUN).predict(FILE), or keep its "
    "text: pandas.read_csv(FILE, dtype=str, keep_default_na=False)"
)


class DeclaredTable(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Give a model the table that training saw, or refuse the frame.

    Columns go by name: their order does not count, and columns without a role are ignored.
    Numbers, booleans and missing values that pandas made of a category's text are turned back into
    the text that training saw where only one is possible.

    Parameters
    ----------
    numeric, categorical : list of str
        The features of each role.
    missing : list of str, or dict of str to list of str
        The text that means a missing value: of all columns, or by column.
    unused : list of str
        Features that no step uses: they may be absent and are never read.

    Attributes
    ----------
    feature_names_in_ : ndarray of object, shape (n_features,)
    levels_ : dict of str to list of str
        The categories of each categorical column that is used, as they were fitted.
    gaps_ : list of str
        The columns among these in which values were missing.
    """

    def __init__(
        self,
        numeric: Sequence[str],
        categorical: Sequence[str],
        missing: Sequence[str] | Mapping[str, Sequence[str]],
        unused: Sequence[str],
    ) -> None:
        self.numeric = numeric
        self.categorical = categorical
        self.missing = missing
        self.unused = unused

    def fit(self, X: pd.DataFrame, y: object = None) -> DeclaredTable:  # noqa: ARG002, N803
        """Remember the order of the columns and the categories.

        Raises
        ------
        TableError
            If the frame does not have the declared columns, or one is not of its role.
        """
        declared = {*self.numeric, *self.categorical}
        frame = self._frame(X, [*self.numeric, *self.categorical])
        names = [name for name in X.columns if name in declared]
        found: dict[str, Array] = {}
        problems: list[str] = []
        for name in self.categorical:
            if name not in self.unused:
                _collect(found, problems, frame[name], self._plain_texts(name))
        _raise(problems)
        self.levels_ = {
            name: sorted({value for value in texts if value is not None})
            for name, texts in found.items()
        }
        self.gaps_ = [name for name, texts in found.items() if None in texts]
        self.feature_names_in_ = np.asarray(names, dtype=object)
        self.n_features_in_ = len(names)
        return self

    def expect_new_texts(self, names: Iterable[str]) -> None:
        """Let columns have texts that training never saw, as dates and sentences do."""
        self.open_ = sorted(set(names) & self.levels_.keys())
        self.levels_ |= {name: [] for name in self.open_}

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return the table that a model is given.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_columns)
            As ``pandas.read_csv`` or ``pandas.read_parquet`` returns it.

        Returns
        -------
        DataFrame of shape (n_samples, n_features)
            Float64 and text, NaN where missing, in the fitted order.

        Warns
        -----
        UserWarning
            If rows have categories that training never saw, or no value where no row of training
            lacked one and no declared marker explains it.

        Raises
        ------
        TableError
            With every column that is missing, named twice, or not of its role.
        """
        return self._coerced(X, gaps=())

    def admit_typed(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return a frame of a typed file, in which a null is a missing value if training had any.

        Raises
        ------
        TableError
            As ``transform``.
        """
        return self._coerced(X, gaps=self.gaps_)

    def _coerced(self, X: object, gaps: Sequence[str]) -> pd.DataFrame:  # noqa: N803
        frame = self._frame(X, [str(name) for name in self.feature_names_in_])
        columns: dict[str, Array] = {}
        problems: list[str] = []
        for name in self._used():
            spelling = self._spelling(name, gaps=name in gaps)
            convert = spelling.texts if spelling else self._numbers(name)
            _collect(columns, problems, frame[name], convert)
        _raise(problems)
        for name in self.levels_.keys() - {*self.gaps_}:
            if not PANDAS_MISSING & markers_of(self.missing, name):
                _warn_missing(frame[name])
        return self._checked(columns, frame.index)

    def admit(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return a frame of a file that has only text, which was read by declared role.

        Its text and its missing values are taken as they are.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_used)
            The columns that ``kinds`` names, as a reader of this package returns them.
        """
        columns = {
            name: X[name].to_numpy(dtype=float if name in self.numeric else object)
            for name in self._used()
        }
        return self._checked(columns, X.index)

    def kinds(self) -> dict[str, Kind]:
        """Return the columns that the model uses, and how each is read."""
        return {name: "number" if name in self.numeric else "text" for name in self._used()}

    def _used(self) -> list[str]:
        return [str(name) for name in self.feature_names_in_ if name not in self.unused]

    def _marks(self, name: str) -> Marks:
        return Marks.of(markers_of(self.missing, name))

    def _numbers(self, name: str) -> Callable[[Cells], Array]:
        marks = self._marks(name)
        return lambda cells: to_numbers(cells, marks)

    def _plain_texts(self, name: str) -> Callable[[Cells], Array]:
        marks = self._marks(name)
        return lambda cells: to_texts(cells, marks)

    def _spelling(self, name: str, *, gaps: bool) -> Spelling | None:
        levels = self.levels_.get(name)
        return None if levels is None else Spelling(frozenset(levels), self._marks(name), gaps)

    def _frame(self, frame: object, names: Sequence[str]) -> pd.DataFrame:
        if not isinstance(frame, pd.DataFrame):
            shape = f" of shape {frame.shape}" if isinstance(frame, np.ndarray) else ""
            raise TableError(
                f"expected a pandas DataFrame with named columns, found {_type_of(frame)}{shape}",
                advice="columns are matched by name: " + _some(names),
            )
        needed = [name for name in names if name not in self.unused]
        labels = frame.columns.tolist()
        problems = [
            f"{labels.count(name)} columns are named '{name}'"
            for name in needed
            if labels.count(name) > 1
        ]
        known = set(labels)
        problems += [
            f"no column '{name}'; {did_you_mean(name, map(str, labels))}"
            for name in needed
            if name not in known
        ]
        if problems:
            raise TableError("\n".join(problems), advice="the model needs: " + _some(needed))
        if not len(frame):
            raise TableError("the table has no rows")
        return frame

    def _checked(self, columns: dict[str, Array], index: pd.Index[Any]) -> pd.DataFrame:
        # A model of before has no such columns.
        expected = getattr(self, "open_", ())
        for name, levels in self.levels_.items():
            if name not in expected:
                _warn_unknown(name, columns[name], frozenset(levels))
        empty = np.full(len(index), np.nan)
        # Series with their dtype, since what pandas infers from arrays depends on its options.
        series = {
            str(name): pd.Series(
                columns.get(name, empty),
                index=index,
                dtype=np.float64 if name in self.numeric else TEXT,
            )
            for name in self.feature_names_in_
        }
        return pd.DataFrame(series, index=index)


def _collect(
    columns: dict[str, Array], problems: list[str], series: pd.Series[Any], convert: Any
) -> None:
    try:
        columns[str(series.name)] = convert(Cells.of_series(series))
    except CellsError as error:
        problems.append(f"column '{series.name}' (dtype {series.dtype}): {error}")


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise TableError("\n".join(problems), advice=_READER)


def _warn_unknown(name: str, texts: Array, levels: frozenset[str]) -> None:
    unknown = [text for text in texts if isinstance(text, str) and text not in levels]
    if unknown:
        distinct = sorted(set(unknown))
        what = "has a category" if len(unknown) == 1 else "have categories"
        warnings.warn(
            f"column '{name}': {len(unknown)} of {len(texts)} rows {what} that training never saw: "
            + _some(distinct),
            UserWarning,
            stacklevel=2,
        )


def _warn_missing(series: pd.Series[Any]) -> None:
    count = int(series.isna().sum())
    if count:
        what = "has" if count == 1 else "have"
        warnings.warn(
            f"column '{series.name}': {count} of {len(series)} rows {what} no value, and in "
            "training every row had one",
            UserWarning,
            stacklevel=2,
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _type_of(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
