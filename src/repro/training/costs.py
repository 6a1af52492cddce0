"""Costs of predictions: a matrix by true label, then by predicted label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from repro.training.scoring import Labels, Scores

    Array = npt.NDArray[np.float64]
    Matrix = Mapping[str, Mapping[str, float]]


def check_matrix(where: str, matrix: Matrix, classes: Sequence[str]) -> None:
    """Check that a matrix has a cost of every mistake between the labels of the data, and no more.

    A right prediction costs 0 where the matrix does not say.

    Parameters
    ----------
    where : str
        The dotted key of the matrix, for messages.

    Raises
    ------
    ConfigError
    """
    for truth, row in matrix.items():
        for label in (truth, *row):
            if label not in classes:
                raise ConfigError(
                    f"{where}: '{label}' is not a label of the target",
                    advice=did_you_mean(label, classes),
                )
    for truth in classes:
        for label in classes:
            if label != truth and label not in matrix.get(truth, {}):
                raise ConfigError(
                    f"{where}: the cost of predicting '{label}' for the true label '{truth}' is"
                    " missing",
                    advice=f"write it as {truth}: {{{label}: COST}}; use 0 if it costs nothing",
                )


def as_array(matrix: Matrix, classes: Sequence[str]) -> Array:
    """Return a checked matrix: a row for each true label, a column for each predicted one."""
    return np.array([[matrix[truth].get(label, 0.0) for label in classes] for truth in classes])


def of_rows(target: Labels, predicted: Labels, matrix: Matrix) -> Array:
    """Return the cost of each row."""
    classes = sorted(matrix)
    truth, guess = (np.searchsorted(classes, side) for side in (target, predicted))
    rows: Array = as_array(matrix, classes)[truth, guess]
    return rows


def expected(scores: Scores, matrix: Matrix, classes: Sequence[str]) -> Array:
    """Return the expected cost of each label by the probabilities of several classes.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_classes)
    """
    table = as_array(matrix, classes)
    # Not a matrix product: its bits would depend on the BLAS kernel.
    columns = [(scores.values * table[:, column]).sum(axis=1) for column in range(len(classes))]
    return np.column_stack(columns)
