"""What saves a fit is a bound: no score that counts is above it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, r2_score

from repro.config.data import Task
from repro.training import leakage
from repro.training.scoring import Outcome


def rows_of(truth, folds, classes):
    return leakage._Rows(truth, folds, Outcome(Task.MULTICLASS, classes, None), seed=1)


def fewest_wrong(values, truth, pieces):
    """Return the least number of wrong rows of any classes for that many pieces of the order."""
    order = np.argsort(values, kind="stable")
    # Rows of one value cannot be told apart.
    groups = [truth[order][values[order] == value] for value in np.unique(values)]
    costs = np.full((len(groups) + 1, pieces + 1), np.inf)
    costs[0] = 0
    for end in range(1, len(groups) + 1):
        for begin in range(end):
            counts = np.bincount(np.concatenate(groups[begin:end]))
            wrong = counts.sum() - counts.max()
            costs[end, 1:] = np.minimum(costs[end, 1:], costs[begin, :-1] + wrong)
    return int(costs[-1, -1])


@settings(deadline=None, max_examples=150)
@given(
    rows=st.integers(6, 40),
    kinds=st.integers(2, 4),
    different=st.integers(1, 40),
    pieces=st.integers(1, 8),
    random=st.integers(0, 2**31 - 1).map(np.random.RandomState),
)
def test_no_labelling_in_pieces_is_better_than_the_bound(rows, kinds, different, pieces, random):
    """Against the best one of all, found by dynamic programming."""
    values, truth = random.randint(0, different, rows), random.randint(0, kinds, rows)
    folds = np.arange(rows) % 2
    wrong = sum(fewest_wrong(values[folds == f], truth[folds == f], pieces) for f in (0, 1))
    sizes = np.bincount(truth)
    # Any balanced accuracy with so many wrong rows: all of them of the largest class at best.
    best = 1 - wrong / sizes.max() / np.count_nonzero(sizes)

    bound = leakage._at_most_in_pieces(values, rows_of(truth, folds, tuple(range(kinds))), pieces)

    assert bound >= best - 1e-12


@pytest.mark.parametrize("rows", [300, 3_000])
def test_a_feature_of_noise_needs_no_fit_and_one_that_knows_gets_its_score(rows, monkeypatch):
    random = np.random.RandomState(3)
    truth = random.randint(0, 2, rows)
    known = rows_of(truth, np.arange(rows) % 5, (0, 1))
    fits = []
    fit = leakage.DecisionTreeClassifier.fit
    monkeypatch.setattr(
        leakage.DecisionTreeClassifier, "fit", lambda *given: fits.append(1) or fit(*given)
    )
    # Many values of both classes, and a few rows on the wrong side.
    knowing = truth * rows + random.permutation(rows)
    knowing[:2] = (1 - truth[:2]) * rows

    noise = leakage._order_score(random.permutation(rows), known, 4, 0.95)
    assert (noise < 0.95, len(fits)) == (True, 0)
    found = leakage._order_score(knowing, known, 4, 0.95)
    assert (0.95 < found < 1.0, len(fits)) == (True, 5)


@settings(deadline=None, max_examples=50)
@given(kinds=st.integers(1, 4), random=st.integers(0, 2**31 - 1).map(np.random.RandomState))
def test_a_score_that_is_enough_is_the_one_of_scikit_learn(kinds, random):
    truth = random.randint(0, kinds, 60)
    predicted = np.where(random.rand(60) < 0.3, random.randint(0, kinds, 60), truth)
    classes = rows_of(truth, np.zeros(60, dtype=int), tuple(range(kinds)))
    right = balanced_accuracy_score(truth, predicted)

    assert leakage._score(predicted, classes, right) == right
    assert leakage._score(predicted, classes, right + 1e-6) == pytest.approx(right, abs=1e-12)
    numbers = leakage._Rows(truth + 0.5, classes.folds, Outcome(Task.REGRESSION, (), None), 1)
    if len(np.unique(truth)) > 1:
        right = r2_score(truth + 0.5, predicted + 0.5)
        assert leakage._score(predicted + 0.5, numbers, right) == right
        assert leakage._score(predicted + 0.5, numbers, 2.0) == pytest.approx(right, abs=1e-9)
