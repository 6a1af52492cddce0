"""Early stopping of estimators that take validation rows where they are fitted.

By methods, not by names: ``fit`` has ``eval_set``, or ``eval_X`` and ``eval_y``; the number of
rounds is a parameter ``early_stopping_rounds`` of ``fit`` or of the estimator. LightGBM, XGBoost
and CatBoost are such. scikit-learn's estimators draw rows themselves, by parameters of their own.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from repro.core.errors import ConfigError
from repro.core.records import Stopped
from repro.training.weights import of_rows
from repro.training.wrapping import Wrapping, unfitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator

    from repro.config.training import Model
    from repro.training.out_of_fold import OutOfFold
    from repro.training.scoring import Labels, Matrix
    from repro.training.validation import Parts, Rows
    from repro.training.weights import Weights

_ROUNDS = "early_stopping_rounds"
_PAIR = ("eval_X", "eval_y")
_WEIGHTS = ("eval_sample_weight", "sample_weight_eval_set")
# Settings of early stopping that only work with rows which nothing but this module gives.
OWN = frozenset({_ROUNDS, "early_stopping_round", "od_wait", "eval_fraction", "use_best_model"})


def takes_validation(kind: type) -> bool:
    """Return whether a class of estimators takes validation rows where it is fitted."""
    names = _arguments_of(kind)
    return "eval_set" in names or names.issuperset(_PAIR)


def check_stops(family: str, estimator: BaseEstimator) -> None:
    """Check that an estimator can stop early by rows that it is given.

    Raises
    ------
    ConfigError
    """
    if not takes_validation(type(estimator)) or not _takes_rounds(estimator):
        name = type(estimator).__name__
        raise ConfigError(
            f"models.{family}.early_stopping: {name} takes no validation rows (eval_set) and number"
            f" of rounds ({_ROUNDS}) where it is fitted",
            advice="remove early_stopping; if the estimator has parameters for it, set those",
        )


def _takes_rounds(estimator: BaseEstimator) -> bool:
    if _ROUNDS in _arguments_of(type(estimator)) or _ROUNDS in estimator.get_params(deep=False):
        return True
    parameters = inspect.signature(type(estimator)).parameters.values()
    return any(each.kind is each.VAR_KEYWORD for each in parameters)


def _arguments_of(kind: type) -> set[str]:
    fit = getattr(kind, "fit", None)
    return set() if fit is None else set(inspect.signature(fit).parameters)


class StoppedEarly(Wrapping):
    """An estimator whose fit ends when the score of validation rows stops improving.

    Parameters
    ----------
    estimator : estimator
    rounds : int
        Iterations without a better score, after which the fit ends.

    Attributes
    ----------
    estimator_ : estimator
        The fitted one; it predicts by its best iteration.
    learned_, validated_ : ndarray of int64
        Positions of the rows that it learned from, and of those that it was validated on.
    iterations_ : int
        The number of iterations up to the best one.
    """

    def __init__(self, estimator: BaseEstimator, rounds: int) -> None:
        super().__init__(estimator)
        self.rounds = rounds

    def fit(
        self,
        X: Matrix,  # noqa: N803
        y: Labels,
        parts: Parts,
        sample_weight: Weights | None = None,
    ) -> StoppedEarly:
        """Fit on some rows of a matrix of shape (n_samples, n_features), validated on others."""
        estimator = unfitted(self.estimator)
        names = _arguments_of(type(estimator))
        arguments: dict[str, Any] = {}
        if _ROUNDS in names:
            arguments[_ROUNDS] = self.rounds
        else:
            estimator.set_params(**{_ROUNDS: self.rounds})
        if "verbose" in names:
            arguments["verbose"] = False
        if sample_weight is not None:
            arguments["sample_weight"] = sample_weight[parts.learned]
        weights = of_rows(sample_weight, parts.validated)
        arguments |= _validation(estimator, _taken(X, parts.validated), y[parts.validated], weights)
        estimator.fit(_taken(X, parts.learned), y[parts.learned], **arguments)
        self.estimator_, self.iterations_ = estimator, _iterations(estimator)
        self.learned_, self.validated_ = parts.learned, parts.validated
        if hasattr(estimator, "classes_"):
            self.classes_ = estimator.classes_
        return self


def _taken(matrix: Any, rows: Rows) -> Any:
    """Return rows of a matrix, or of a frame, which categories that stay as they are need."""
    return matrix.iloc[rows] if hasattr(matrix, "iloc") else matrix[rows]


def _validation(
    estimator: BaseEstimator, rows: Any, target: Labels, weights: Weights | None
) -> dict[str, Any]:
    """Return the arguments of ``fit`` that hold the validation rows."""
    names = _arguments_of(type(estimator))
    given: dict[str, Any] = {"eval_set": [(rows, target)]}
    # LightGBM 4.7 calls eval_set outdated, and encodes text labels in it alone.
    if "eval_set" not in names:
        given = {"eval_X": (rows,), "eval_y": (target,)}
    if weights is None:
        return given
    name = next((name for name in _WEIGHTS if name in names), None)
    if name is not None:
        return given | {name: [weights]}
    # CatBoost takes the weights of these rows together with them.
    pool = getattr(sys.modules[type(estimator).__module__.partition(".")[0]], "Pool", None)
    if pool is None:
        raise ConfigError(
            f"{type(estimator).__name__} takes no weights of validation rows",
            advice="remove early_stopping, or remove 'weights'",
        )
    return {"eval_set": [pool(rows, label=target, weight=weights)]}


def _iterations(estimator: BaseEstimator) -> int:
    """Return the number of iterations up to the best one.

    CatBoost drops the later trees, LightGBM counts from 1, and XGBoost from 0.
    """
    for name, first in (("tree_count_", 0), ("best_iteration_", 0), ("best_iteration", 1)):
        found = getattr(estimator, name, None)
        if found is not None and found + first > 0:
            return int(found) + first
    raise ConfigError(
        f"{type(estimator).__name__} with these parameters has no best iteration",
        advice="remove early_stopping, or choose a kind of boosting that can stop early",
    )


def stopped(estimator: BaseEstimator) -> StoppedEarly | None:
    """Return the part of a fitted estimator that stopped early; None if it did not."""
    while isinstance(estimator, Wrapping):
        if isinstance(estimator, StoppedEarly):
            return estimator
        estimator = estimator.estimator_
    return None


def stops(
    out_of_fold: Mapping[str, OutOfFold],
    selected: str,
    estimator: BaseEstimator,
    models: Mapping[str, Model],
) -> dict[str, Stopped]:
    """Return where fits stopped, of each family that stops early."""
    found = {}
    for family, model in models.items():
        if model.early_stopping is None:
            continue
        final = stopped(estimator) if family == selected else None
        found[family] = Stopped(
            folds=out_of_fold[family].iterations,
            final=None if final is None else final.iterations_,
            learned=None if final is None else len(final.learned_),
            validated=None if final is None else len(final.validated_),
        )
    return found
