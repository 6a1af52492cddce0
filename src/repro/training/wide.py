"""Matrices with so many one-hot columns that only their non-zero values are kept.

A column of thousands of categories makes a matrix of mostly zeros. It is kept sparse, and
estimators that take only dense matrices are given one, without the columns that they could not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from repro.training.wrapping import Wrapping, tags_of, unfitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.preprocessing import CategoricalSteps
    from repro.training.scoring import Labels, Matrix

# Parameters of histogram boosting that count or draw columns, and their values that do neither.
_BY_COLUMN = {
    "categorical_features": (None, "from_dtype"),
    "interaction_cst": (None,),
    "monotonic_cst": (None,),
    "max_features": (1.0,),
}


def widths_of(
    features: pd.DataFrame, categorical: Sequence[str], settings: CategoricalSteps
) -> dict[str, int]:
    """Return how many one-hot columns each categorical column makes.

    Categories that are rarer than ``min_frequency`` share one column, which is not counted.
    """
    least = settings.min_frequency or 1
    return {name: int((features[name].value_counts() >= least).sum()) for name in categorical}


def is_wide(features: pd.DataFrame, categorical: Sequence[str], settings: CategoricalSteps) -> bool:
    """Return whether one-hot encoding makes more columns than a dense matrix may have."""
    if settings.sparse_above is None:
        return False
    return sum(widths_of(features, categorical, settings).values()) > settings.sparse_above


def canonical(matrix: Any) -> csr_matrix:
    """Return a sparse matrix of float64 with one order of its entries."""
    rows = csr_matrix(matrix, dtype=np.float64)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


def side_by_side(blocks: Sequence[csr_matrix]) -> csr_matrix:
    """Put sparse matrices of the same rows side by side.

    As ``scipy.sparse.hstack``, which takes several times the memory of what it makes.
    """
    counts = [np.diff(block.indptr) for block in blocks]
    width, size = sum(block.shape[1] for block in blocks), int(sum(map(np.sum, counts)))
    kind = np.int32 if max(width, size) <= np.iinfo(np.int32).max else np.int64
    starts = np.concatenate([[0], np.cumsum(np.sum(counts, axis=0))]).astype(kind)
    data = np.empty(size, dtype=np.result_type(*(block.dtype for block in blocks)))
    indices = np.empty(size, dtype=kind)
    # Where the entries of the next block begin, in each row.
    begins, column = starts[:-1].copy(), 0
    for block, count in zip(blocks, counts, strict=True):
        places = np.repeat(begins - block.indptr[:-1].astype(kind), count)
        places += np.arange(len(places), dtype=kind)
        data[places] = block.data
        indices[places] = block.indices + kind(column)
        begins = begins + count.astype(kind)
        column += block.shape[1]
    return csr_matrix((data, indices, starts), shape=(len(starts) - 1, width))


def values_of(matrix: Matrix) -> npt.NDArray[np.float64]:
    """Return the values of a matrix, of a sparse one those that are kept."""
    kept: Any = matrix
    values: npt.NDArray[np.float64] = kept.data if issparse(kept) else kept
    return values


def fitted_for(estimator: BaseEstimator, matrix: Matrix) -> BaseEstimator:
    """Return an estimator that can be fitted on a matrix: itself, or one that is given it dense."""
    if issparse(matrix) and not _takes_sparse(estimator):
        return DenseInput(estimator)
    return estimator


def _takes_sparse(estimator: BaseEstimator) -> bool:
    # One without scikit-learn's tags says nothing, and is given what every estimator takes.
    tags = tags_of(estimator)
    return tags is not None and bool(tags.input_tags.sparse)


class DenseInput(Wrapping):
    """An estimator that takes only dense matrices, given a sparse one.

    Histogram gradient boosting never splits a column of which fewer rows than
    ``min_samples_leaf`` have either value, so such one-hot columns are left out: the trees are the
    same without them, and there is less to look through.

    Parameters
    ----------
    estimator : estimator

    Attributes
    ----------
    estimator_ : estimator
        The fitted one.
    columns_ : ndarray of int64, shape (n_columns,)
        The columns that it was given.
    """

    def fit(self, X: csr_matrix, y: Labels, **arguments: Any) -> DenseInput:  # noqa: N803
        """Fit on the dense form of a matrix of shape (n_samples, n_features)."""
        self.columns_ = _usable(self.estimator, X)
        self.estimator_ = unfitted(self.estimator).fit(self._given(X), y, **arguments)
        if hasattr(self.estimator_, "classes_"):
            self.classes_ = self.estimator_.classes_
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _given(self, matrix: Any) -> npt.NDArray[np.float64]:
        rows = csr_matrix(matrix)
        if len(self.columns_) < rows.shape[1]:
            rows = rows[:, self.columns_]
        dense: npt.NDArray[np.float64] = rows.toarray(order="C")
        return dense


def _usable(estimator: BaseEstimator, matrix: csr_matrix) -> npt.NDArray[np.int64]:
    """Return the columns that an estimator may use."""
    every = np.arange(matrix.shape[1], dtype=np.int64)
    if not type(estimator).__name__.startswith("HistGradientBoosting"):
        return every
    given = estimator.get_params(deep=False)
    if any(given.get(name, free[0]) not in free for name, free in _BY_COLUMN.items()):
        return every
    rows, least = matrix.shape[0], given["min_samples_leaf"]
    columns = matrix.tocsc()
    ones = np.diff(columns.indptr)
    other = np.zeros(len(every), dtype=np.int64)
    np.add.at(other, np.repeat(every, ones), columns.data != 1)
    unusable = (other == 0) & ((ones < least) | (rows - ones < least))
    # A model without any column cannot be fitted.
    return every[~unusable] if not unusable.all() else every[:1]
