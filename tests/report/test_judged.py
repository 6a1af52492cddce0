"""Curves of the held-out rows are those of scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from repro.report.plots.judged import calibration, roc


@pytest.mark.parametrize("seed", range(20))
def test_curves_are_those_of_scikit_learn(seed):
    """With ties, with scores at the ends, and with bins that hold no row."""
    draw = np.random.default_rng(seed)
    scores = draw.beta(0.5, 2, 90).round(draw.integers(1, 4))
    scores[:2] = 0.0, 1.0
    positive = draw.random(90) < scores
    positive[:2] = False, True

    wrong, found = roc(positive, scores)
    bins = calibration(positive, scores)

    expected = metrics.roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(wrong, expected[0], atol=1e-15)
    np.testing.assert_allclose(found, expected[1], atol=1e-15)
    share, score = calibration_curve(positive, scores, n_bins=10)
    np.testing.assert_allclose(bins.share, share, atol=1e-12)
    np.testing.assert_allclose(bins.score, score, atol=1e-12)
    assert bins.rows.sum() == 90
