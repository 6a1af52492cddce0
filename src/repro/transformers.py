"""Transformers for columns that scikit-learn has none for: dates, and categories by their hash.

An experiment names them as ``repro.transformers:DatetimeParts`` under ``preprocessing.groups``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction import FeatureHasher
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_matrix

# What a part is of a series of timestamps, as float64 with NaN for a missing one.
_SECONDS = 86_400.0
_PARTS = {
    "year": lambda when: when.dt.year,
    "month": lambda when: when.dt.month,
    "day": lambda when: when.dt.day,
    "day_of_week": lambda when: when.dt.day_of_week,
    "day_of_year": lambda when: when.dt.day_of_year,
    "hour": lambda when: when.dt.hour,
    "minute": lambda when: when.dt.minute,
    "days": lambda when: (when - pd.Timestamp("1970-01-01")).dt.total_seconds() / _SECONDS,
}


class DatetimeParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers made of dates that are written as text.

    Parameters
    ----------
    parts : list of str
        Of ``year``, ``month``, ``day``, ``day_of_week`` (Monday is 0), ``day_of_year``, ``hour``,
        ``minute``, and ``days`` since 1970-01-01, with fractions.
    format : str
        As ``datetime.strptime`` takes it, such as ``%d.%m.%Y``; or ``ISO8601``. Times with an
        offset from UTC are read as the UTC times that they mean.
    fill : float or None, optional
        In place of the parts of a missing date; None leaves NaN.
    """

    def __init__(
        self,
        parts: Sequence[str],
        format: str,  # noqa: A002 - the name that pandas has for it
        fill: float | None = None,
    ) -> None:
        self.parts = parts
        self.format = format
        self.fill = fill

    def fit(self, X: pd.DataFrame, y: object = None) -> DatetimeParts:  # noqa: ARG002, N803
        """Remember the columns of a table of shape (n_samples, n_columns).

        Raises
        ------
        ValueError
            If a part is unknown, or a text is no date of the format.
        """
        unknown = [part for part in self.parts if part not in _PARTS]
        if unknown or not len(self.parts):
            found = f"found {unknown[0]!r}" if unknown else "found none"
            raise ValueError(f"parts: expected some of {', '.join(_PARTS)}; {found}")
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.transform(X)
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the parts of each column, shape (n_samples, n_columns * n_parts).

        Raises
        ------
        ValueError
            If a text is no date of the format.
        """
        check_is_fitted(self)
        columns = []
        for name in self.feature_names_in_:
            when = self._read(X[name])
            columns += [np.asarray(_PARTS[part](when), dtype=np.float64) for part in self.parts]
        made: npt.NDArray[np.float64] = np.column_stack(columns)
        return made if self.fill is None else np.where(np.isnan(made), self.fill, made)

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Return ``column_part`` for each column that is made."""
        names = [f"{name}_{part}" for name in self.feature_names_in_ for part in self.parts]
        return np.asarray(names, dtype=object)

    def _read(self, column: pd.Series) -> pd.Series:
        texts = column.astype(object)
        when = pd.to_datetime(texts, format=self.format, errors="coerce", utc=True)
        wrong = np.flatnonzero(when.isna() & ~texts.isna())
        if wrong.size:
            found = texts.iloc[wrong[0]]
            raise ValueError(
                f"column '{column.name}' has {wrong.size} values that are no date of the format"
                f" {self.format!r}, first {found!r}"
            )
        return when.dt.tz_localize(None)


class HashedCategories(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A fixed number of columns for any number of categories, by the hash of each.

    Nothing is learned: a category that training has not seen has its column too. Different
    categories may share a column (the hashing trick; Weinberger et al., ICML 2009).

    Parameters
    ----------
    n_features : int
        How many columns are made in all.
    """

    def __init__(self, n_features: int) -> None:
        self.n_features = n_features

    def fit(self, X: pd.DataFrame, y: object = None) -> HashedCategories:  # noqa: ARG002, N803
        """Remember the columns of a table of shape (n_samples, n_columns)."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> csr_matrix:  # noqa: N803
        """Return a sparse matrix of shape (n_samples, n_features); a missing value adds nothing."""
        check_is_fitted(self)
        hasher = FeatureHasher(self.n_features, input_type="string", alternate_sign=False)
        names = list(self.feature_names_in_)
        rows = X[names].to_numpy(dtype=object)
        return hasher.transform(_tokens(names, row) for row in rows)

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Return ``hash_0``, ``hash_1`` and so on."""
        return np.asarray([f"hash_{each}" for each in range(self.n_features)], dtype=object)


def _tokens(names: Sequence[str], row: Any) -> list[str]:
    pairs = zip(names, row, strict=True)
    return [f"{name}={value}" for name, value in pairs if not pd.isna(value)]
