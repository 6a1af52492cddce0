"""Numbers so large that nothing finite can be computed from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from repro.core.errors import DataError
from repro.training.wide import values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from repro.training.scoring import Matrix

# What scalers of scikit-learn learn of each column.
_LEARNED = ("mean_", "var_", "center_", "scale_", "data_min_", "data_range_")
_ADVICE = "correct the values, use a different unit, or list the column in features.drop"


def check_learned(steps: Pipeline, features: pd.DataFrame, numeric: Sequence[str]) -> None:
    """Refuse a scaler that learned something other than finite numbers.

    A variance that overflows would leave its column as it is, in silence.

    Raises
    ------
    DataError
        With each column and the magnitude that it reaches.
    """
    scaler = steps[-1]
    lost = np.zeros(len(numeric), dtype=bool)
    for attribute in _LEARNED:
        values = getattr(scaler, attribute, None)
        if values is not None:
            lost |= ~np.isfinite(values)
    _refuse(features, [name for name, bad in zip(numeric, lost, strict=True) if bad])


def check_finite(matrix: Matrix, features: pd.DataFrame, numeric: Sequence[str]) -> None:
    """Refuse a model's input that holds infinities, or NaN in place of them.

    Numeric columns have no missing value once they are imputed: what is no finite number there came
    from squares, sums or differences that are more than a float holds.

    Parameters
    ----------
    matrix : ndarray of shape (n_samples, n_encoded)
        The numeric columns first, in their order.
    features : DataFrame of shape (n_samples, n_features)
        What the matrix was made of.

    Raises
    ------
    DataError
        With each column and the magnitude that it reaches.
    """
    if np.isfinite(values_of(matrix)).all():
        return
    first: Any = matrix[:, : len(numeric)]
    columns = zip(numeric, (first.toarray() if issparse(first) else first).T, strict=False)
    _refuse(features, [name for name, values in columns if not np.isfinite(values).all()])


def remedy(family: str, refusal: BaseException) -> str:
    """Return advice on what an estimator refuses."""
    if "too large" in str(refusal) or "infs" in str(refusal):
        return "scale the columns (preprocessing.numeric.scale: standard), or use other units"
    return f"check models.{family}.params with: repro config show; or train on more rows"


def _refuse(features: pd.DataFrame, lost: Sequence[str]) -> None:
    if not lost:
        return
    reached = [f"'{name}' reaches {np.nanmax(np.abs(features[name])):.3g}" for name in lost]
    raise DataError(
        f"column {', '.join(reached)}: preprocessing computes numbers from it, such as"
        " squares, that exceed the range of a float",
        advice=_ADVICE,
    )
