"""Advice on folds is only given where it would help."""

import numpy as np
import pytest

from repro.config.data import Task
from repro.config.splits import Split
from repro.config.training import Selection
from repro.core.errors import DataError
from repro.training.splitting import split_rows

SEEDS = {"split/limit": 1, "split/rows": 2}


def advice(counts, folds, *, test_size=0.25, stratify=True, limit=None, seeds=SEEDS):
    target = np.repeat([f"class{i}" for i in range(len(counts))], counts)
    split = Split(test_size=test_size, stratify=stratify, limit=limit)
    selection = Selection(folds=folds, metric="accuracy")
    with pytest.raises(DataError) as caught:
        split_rows(target, Task.MULTICLASS, split, selection, seeds)
    return caught.value.advice


@pytest.mark.parametrize(
    ("counts", "folds", "expected"),
    [
        ((2, 50), 2, "use more rows of that class"),
        ((1, 50), 2, "use more rows of that class"),
        ((2, 50), 5, "use more rows of that class"),
        ((3, 50), 3, "use fewer folds (--set selection.folds=2), or use more rows of that class"),
        ((5, 50), 10, "use fewer folds (--set selection.folds=4), or use more rows of that class"),
        ((1, 2), 5, "use fewer folds (--set selection.folds=2), or use more data"),
        ((1, 1), 2, "use more data"),
    ],
)
def test_the_number_of_folds_that_is_advised_is_enough(counts, folds, expected):
    """And is smaller than the one that is set; two is the least."""
    assert advice(counts, folds) == expected


def test_what_is_set_already_is_not_advised():
    """Neither stratification, nor a limit that there is not."""
    unstratified = {
        advice((5, 200), 4, test_size=0.7, stratify=False, seeds={**SEEDS, "split/rows": seed})
        for seed in range(8)
    }
    limited = advice((8, 392), 7, limit=100)

    assert any("set split.stratify: true" in each for each in unstratified)
    assert not any("split.limit" in each for each in unstratified)
    assert ("split.limit" in limited, "stratify" in limited) == (True, False)
