"""Estimators that can be fitted with weights of rows, and the argument that each one takes.

The module is imported only where rows have weights, since it loads more of scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from repro.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    from sklearn.base import BaseEstimator

_ARGUMENT = "sample_weight"
# They take weights only if every member does.
_OF_MEMBERS = (StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor)
# What scikit-learn takes in place of a member.
_PLACEHOLDERS = ("passthrough", "drop")


def check_takes_weights(family: str, estimator: BaseEstimator) -> None:
    """Check that an estimator can be fitted with weights.

    Raises
    ------
    ConfigError
        With the family, and the estimator inside of it that takes none.
    """
    _, lacking = _takes(estimator)
    if lacking is not None:
        raise ConfigError(
            f"models.{family}.estimator: {type(lacking).__name__} takes no {_ARGUMENT} where it is"
            " fitted, and weights.by gives every row a weight",
            advice=f"remove {family} from 'families', or remove 'weights'",
        )


def fit_arguments(
    family: str, estimator: BaseEstimator, weights: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return the arguments by which an estimator is fitted with weights.

    Raises
    ------
    ConfigError
        As ``check_takes_weights``.
    """
    check_takes_weights(family, estimator)
    return {_takes(estimator)[0]: weights}


def _takes(estimator: BaseEstimator) -> tuple[str, BaseEstimator | None]:
    """Return the name of the argument, and what inside of an estimator does not take weights."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name, lacking = _takes(last)
        return f"{step}__{name}", lacking
    for member in _members(estimator):
        # Inside of an ensemble the argument has its plain name, which no pipeline takes.
        lacking = member if isinstance(member, Pipeline) else _takes(member)[1]
        if lacking is not None:
            return _ARGUMENT, lacking
    passes_on = isinstance(estimator, (*_OF_MEMBERS, TransformedTargetRegressor))
    takes = passes_on or has_fit_parameter(estimator, _ARGUMENT)
    return _ARGUMENT, None if takes else estimator


def _members(estimator: BaseEstimator) -> Iterator[BaseEstimator]:
    """Yield the estimators that must take weights so that this one uses them in full."""
    found: Sequence[Any] = ()
    if isinstance(estimator, _OF_MEMBERS):
        found = [member for _, member in estimator.estimators]
        found = [*found, getattr(estimator, "final_estimator", None)]
    elif isinstance(estimator, TransformedTargetRegressor):
        found = [estimator.regressor]
    elif isinstance(estimator, CalibratedClassifierCV):
        # It would fit without them, and only calibrate with them.
        found = [estimator.estimator]
    for member in found:
        if not (member is None or (isinstance(member, str) and member in _PLACEHOLDERS)):
            yield member
