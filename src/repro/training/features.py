"""Derived features: columns made from columns, row by row, with nothing learned."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from repro.core.errors import DataError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    Spec = Mapping[str, Any]
    Column = npt.NDArray[np.float64]


class DerivedFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add derived columns, drop others, and hand text on as objects with NaN for missing.

    In the saved pipeline it follows the step that gives it a table as the data set declares it.

    Parameters
    ----------
    specs : list of dict
        ``features.derived`` of the configuration.
    drop : list of str
        Columns left out, after the derived ones are made.
    """

    def __init__(self, specs: Sequence[Spec], drop: Sequence[str]) -> None:
        self.specs = specs
        self.drop = drop

    def fit(self, X: pd.DataFrame, y: object = None) -> DerivedFeatures:  # noqa: ARG002, N803
        """Remember the columns; nothing is learned from values."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return a table of shape (n_samples, n_columns + n_derived - n_dropped).

        Raises
        ------
        DataError
            If a column that is asked for is missing, or a result is infinite.
        """
        return self.shared(X).copy()

    def shared(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return the table of ``transform``, whose numbers may share the memory of the given one.

        Raises
        ------
        DataError
            As ``transform``.
        """
        frame = X.loc[:, list(self.feature_names_in_)]
        table = {str(name): _plain(frame[name]) for name in frame.columns}
        for spec in self.specs:
            table[spec["name"]] = _derive(spec, table)
        for name in self.drop:
            _column(table, name, "features.drop")
        # Series with their dtype, since what pandas infers from arrays depends on its options.
        kept = {
            name: pd.Series(values, index=frame.index, dtype=values.dtype, copy=False)
            for name, values in table.items()
            if name not in set(self.drop)
        }
        return pd.DataFrame(kept, index=frame.index, copy=False)


def _plain(column: pd.Series) -> npt.NDArray[Any]:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = column.to_numpy(dtype=object, na_value=np.nan)
    return np.asarray(values, dtype=object)


def _column(table: Mapping[str, npt.NDArray[Any]], name: str, where: str) -> Column:
    if name not in table:
        raise DataError(f"{where}: no column '{name}'", advice=did_you_mean(name, table))
    return table[name]


def _derive(spec: Spec, table: Mapping[str, npt.NDArray[Any]]) -> Column:
    where = f"features.derived '{spec['name']}'"
    if spec["name"] in table:
        raise DataError(f"{where}: a column of that name exists", advice="choose a different name")

    def numeric(name: str) -> Column:
        """Return a numeric column of the table."""
        column: Column = _column(table, name, where)
        if column.dtype != np.float64:
            raise DataError(
                f"{where}: '{name}' is not numeric", advice="derive from numeric columns only"
            )
        return column

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = _KINDS[spec["kind"]](spec, numeric)
    _check_finite(where, values, [numeric(name) for name in sources(spec)])
    return values


def sources(spec: Spec) -> list[str]:
    """Return the columns that a derived feature is made of."""
    if spec["kind"] == "weighted_sum":
        return list(spec["weights"])
    keys = ("numerator", "denominator", "left", "right", "column")
    return [spec[key] for key in keys if key in spec]


def _check_finite(where: str, values: Column, sources: list[Column]) -> None:
    known = ~np.logical_or.reduce([np.isnan(source) for source in sources])
    bad = np.flatnonzero(known & ~np.isfinite(values))
    if bad.size:
        raise DataError(
            f"{where}: not a finite number in {bad.size} rows, first in row {bad[0]}",
            advice="use a larger epsilon, or derive from columns inside the function's domain",
        )


def _weighted_sum(spec: Spec, numeric: Callable[[str], Column]) -> Column:
    # In the order of the names: the order in which the weights are written decides no bit.
    parts = [numeric(name) * weight for name, weight in sorted(spec["weights"].items())]
    total: Column = functools.reduce(np.add, parts)
    return total


def _ratio(spec: Spec, numeric: Callable[[str], Column]) -> Column:
    epsilon: float = spec["epsilon"]
    return numeric(spec["numerator"]) / (numeric(spec["denominator"]) + epsilon)


def _difference(spec: Spec, numeric: Callable[[str], Column]) -> Column:
    return numeric(spec["left"]) - numeric(spec["right"])


def _log1p(spec: Spec, numeric: Callable[[str], Column]) -> Column:
    return np.log1p(numeric(spec["column"]))


_KINDS: Mapping[str, Callable[[Spec, Callable[[str], Column]], Column]] = {
    "weighted_sum": _weighted_sum,
    "ratio": _ratio,
    "difference": _difference,
    "log1p": _log1p,
}
