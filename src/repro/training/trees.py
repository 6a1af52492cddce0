"""The trees of a forest, which are fitted in several threads with the bits of one thread.

scikit-learn draws the seed of every tree before it fits the first one, and keeps the trees in this
order. So a fit is the same for any number of threads. A prediction is not: threads add up what
their trees give in the order in which they finish.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sklearn.base import BaseEstimator


@contextmanager
def trees_in_threads(estimator: BaseEstimator, threads: int) -> Iterator[None]:
    """Let a forest of scikit-learn fit its trees in threads; its parameters stay the same."""
    if threads == 1 or not _is_forest(estimator):
        yield
        return
    usual, estimator.n_jobs = estimator.n_jobs, threads
    try:
        yield
    finally:
        estimator.n_jobs = usual


def _is_forest(estimator: BaseEstimator) -> bool:
    from sklearn.ensemble import (  # noqa: PLC0415 - imported when a model is fitted
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )

    # Not a class that is derived from one of them: it may fit in its own way.
    forests = (
        ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
    )  # fmt: skip
    return type(estimator) in forests
