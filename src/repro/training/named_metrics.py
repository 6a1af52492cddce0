"""The functions of declared metrics that scikit-learn does not have.

They are called as ``repro.training.measures`` describes. A row of the weight 2 counts as two rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.training import costs, named_resamples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from repro.training.scoring import Labels

    Array = npt.NDArray[np.float64]


def recall_at_k(
    y_true: Array, y_score: Array, *, k: int, sample_weight: Array | None = None
) -> float:
    """Compute the share of positives among the ``k`` greatest scores.

    Of rows with one score that do not all fit, each counts in part: it is the mean over all orders
    of them (McSherry and Najork, ECIR 2008), so that it does not depend on the order of rows.

    Parameters
    ----------
    y_true, y_score : ndarray of float64, shape (n_samples,)
        1 for the positive label, else 0.
    """
    counts = _counts(y_true, sample_weight)
    return float(named_resamples.recall_of_first(y_true, y_score, counts, k)[0])


def precision_at_recall(
    y_true: Array, y_score: Array, *, recall: float, sample_weight: Array | None = None
) -> float:
    """Compute the greatest precision of thresholds that reach a recall.

    The thresholds are those of ``sklearn.metrics.precision_recall_curve``.

    Parameters
    ----------
    y_true, y_score : ndarray of float64, shape (n_samples,)
        1 for the positive label, else 0.
    """
    counts = _counts(y_true, sample_weight)
    return float(named_resamples.precision_reaching(y_true, y_score, counts, recall)[0])


def expected_calibration_error(
    y_true: Labels,
    y_prob: Array,
    *,
    bins: int,
    labels: Sequence[str] = (),
    sample_weight: Array | None = None,
) -> float:
    """Compute the expected calibration error by bins of equal width over 0 to 1.

    A bin has its upper end and not its lower one; the first one has 0. Of a binary task it is of
    the probability of the positive label (Naeini et al., AAAI 2015); of several classes, of the
    greatest probability and of whether its class is right (Guo et al., ICML 2017).

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,)
        1 for the positive label and 0 for the other one, or labels.
    y_prob : ndarray of float64, shape (n_samples,) or (n_samples, n_classes)
    """
    if y_prob.ndim == 1:
        hit, sure = np.asarray(y_true, dtype=np.float64), y_prob
    else:
        hit, sure = named_resamples.confidence(y_true, y_prob, labels)
    counts = _counts(hit, sample_weight)
    return float(named_resamples.calibration_errors(hit, sure, counts, bins)[0])


def cost(
    y_true: Labels,
    y_pred: Labels,
    *,
    matrix: Mapping[str, Mapping[str, float]],
    sample_weight: Array | None = None,
) -> float:
    """Compute the mean cost of a row.

    Parameters
    ----------
    y_true, y_pred : ndarray of str, shape (n_samples,)
    matrix : mapping
        The cost by true label, then by predicted label.
    """
    return float(np.average(costs.of_rows(y_true, y_pred, matrix), weights=sample_weight))


def quantile_coverage(y_true: Array, y_pred: Array, *, sample_weight: Array | None = None) -> float:
    """Compute the share of true values at or below their predictions.

    Parameters
    ----------
    y_true, y_pred : ndarray of float64, shape (n_samples,)
    """
    return float(np.average(y_true <= y_pred, weights=sample_weight))


def _counts(rows: Array, weights: Array | None) -> Array:
    """Return all rows as the only resample."""
    counts = np.ones(len(rows)) if weights is None else weights
    return counts.reshape(1, -1)
