"""The worst check: not the greatest difference, but the greatest for what is allowed there."""

import pytest
from tests.divergence.test_compare import metrics, predictions, row, side

from repro.divergence.compare import compare
from repro.divergence.tolerance import EXACT, Limits, Tolerance

WIDE, TIGHT = Tolerance(1e-1, 0.0), Tolerance(1e-6, 0.0)
ACCURACY = "metrics.test.accuracy"
FOLD = "metrics.cross_validation.knn.mean"


def worst(expected, actual, limits):
    return compare(expected, actual, limits, mode="strict", sample=2).worst


@pytest.mark.parametrize("tight", [TIGHT, EXACT], ids=["little allowed", "nothing allowed"])
@pytest.mark.parametrize(("name", "other"), [(ACCURACY, FOLD), (FOLD, ACCURACY)])
def test_a_small_difference_beyond_its_limit_is_worse_than_a_great_one_within(name, other, tight):
    """Whichever of the two comes first, and by the limit of each."""
    shifts = {name: 2.0**-16, other: 2.0**-5}
    moved = metrics(accuracy=0.9 + shifts[ACCURACY], fold=0.8 + shifts[FOLD])
    found = worst(side(), side(metrics=moved), Limits(WIDE, {name: tight}))

    assert (found.name, found.outcome) == (name, "differs")
    assert found.difference < shifts[other]


def test_of_one_tolerance_that_is_relative_the_smaller_number_may_be_worse():
    """The same rule for both, which allows a greater number more."""
    expected = side(predictions=predictions(row(1, 1000.0), row(4, 0.125)))
    actual = side(predictions=predictions(row(1, 1000.5), row(4, 0.25)))
    found = worst(expected, actual, Limits(Tolerance(0.0, 1e-3)))

    assert (found.name, found.difference) == ("predictions.4", 0.125)


def test_a_prediction_is_told_by_the_number_that_is_worst_in_the_same_way():
    """A score of 1000 that moved by half of what it may, and a margin that may not move so far."""
    expected = side(predictions=predictions(row(1, 1000.0, margin=0.5), row(4, 0.2, "bad")))
    actual = side(predictions=predictions(row(1, 1000.5, margin=0.75), row(4, 0.2, "bad")))
    found = worst(expected, actual, Limits(Tolerance(0.0, 1e-3)))

    assert (found.name, found.difference, found.allowed) == ("predictions.1", 0.25, 0.0005)


def test_where_nothing_is_allowed_any_difference_is_the_worst():
    """It stands before one that is far beyond a limit that there is."""
    limits = Limits(EXACT, {ACCURACY: TIGHT})
    found = worst(side(), side(metrics=metrics(accuracy=0.1, fold=0.8000000000000002)), limits)

    assert (found.name, found.allowed) == (FOLD, 0.0)
