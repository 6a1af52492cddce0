"""The parameters of scikit-learn's callables, without importing it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import NamedTuple


class Callable(NamedTuple):
    """One estimator, splitter or function.

    Attributes
    ----------
    kind : str
        ``model`` (it predicts), ``transformer``, ``splitter`` or ``function``.
    parameters : tuple of str
        In the order in which they are taken by position.
    draws : bool
        Whether every call draws differently if no ``random_state`` is given.
    variadic : bool
        Whether any number of arguments by position comes before the parameters.
    """

    kind: str
    parameters: tuple[str, ...]
    draws: bool
    variadic: bool


class Condition(NamedTuple):
    """The value of a parameter on which it depends whether anything is drawn.

    Attributes
    ----------
    parameter : str
    values : frozenset
        The values with which something is drawn; empty for every value but None, False and 0.
    default : bool
        Whether something is drawn if the parameter is not given.
    """

    parameter: str
    values: frozenset[object]
    default: bool = False


def _read() -> dict[str, Callable]:
    text = files("repro.lint").joinpath("scikit_learn.json").read_text(encoding="utf-8")
    return {
        name: Callable(
            each["kind"],
            tuple(each["parameters"]),
            each.get("draws", False),
            each.get("variadic", False),
        )
        for name, each in json.loads(text)["callables"].items()
    }


CALLABLES = _read()
"""By the name that a program imports; no two modules of scikit-learn have different ones of one
name."""

_GIVEN: frozenset[object] = frozenset()
_SHUFFLED = Condition("shuffle", frozenset({True}))
_SHUFFLED_UNLESS = Condition("shuffle", frozenset({True}), default=True)
_STOCHASTIC = Condition("solver", frozenset({"sag", "saga", "liblinear"}))
_RANDOM = Condition("selection", frozenset({"random"}))
_PROBABLE = Condition("probability", frozenset({True}))

_PATCHES = Condition("max_patches", _GIVEN)
_CHAIN = Condition("order", frozenset({"random"}))
_JITTER = Condition("jitter", _GIVEN)
# Only a split by a share draws, and it is rarely asked for.
_SELDOM = Condition("random_state", frozenset({"none"}))

# From the documentation of random_state in scikit-learn.
CONDITIONS = {
    "ClassifierChain": _CHAIN,
    "DummyClassifier": Condition("strategy", frozenset({"stratified", "uniform"})),
    "ElasticNet": _RANDOM,
    "ElasticNetCV": _RANDOM,
    "GaussianProcessClassifier": Condition("n_restarts_optimizer", _GIVEN),
    "GaussianProcessRegressor": Condition("n_restarts_optimizer", _GIVEN),
    "GroupKFold": _SHUFFLED,
    "KFold": _SHUFFLED,
    "Lars": _JITTER,
    "Lasso": _RANDOM,
    "LassoCV": _RANDOM,
    "LassoLars": _JITTER,
    "LogisticRegression": _STOCHASTIC,
    "LogisticRegressionCV": _STOCHASTIC,
    "MultiTaskElasticNet": _RANDOM,
    "MultiTaskElasticNetCV": _RANDOM,
    "MultiTaskLasso": _RANDOM,
    "MultiTaskLassoCV": _RANDOM,
    "NuSVC": _PROBABLE,
    "PCA": Condition("svd_solver", frozenset({"auto", "randomized", "arpack"}), default=True),
    "PassiveAggressiveClassifier": _SHUFFLED_UNLESS,
    "PassiveAggressiveRegressor": _SHUFFLED_UNLESS,
    "PatchExtractor": _PATCHES,
    "RegressorChain": _CHAIN,
    "Ridge": _STOCHASTIC,
    "RidgeClassifier": _STOCHASTIC,
    "SGDClassifier": _SHUFFLED_UNLESS,
    "SGDOneClassSVM": _SHUFFLED_UNLESS,
    "SGDRegressor": _SHUFFLED_UNLESS,
    "SVC": _PROBABLE,
    "StratifiedGroupKFold": _SHUFFLED,
    "StratifiedKFold": _SHUFFLED,
    "TunedThresholdClassifierCV": _SELDOM,
    "check_cv": _SHUFFLED,
    "extract_patches_2d": _PATCHES,
    "fetch_covtype": _SHUFFLED,
    "fetch_kddcup99": _SHUFFLED,
    "fetch_rcv1": _SHUFFLED,
    "learning_curve": _SHUFFLED,
    "ridge_regression": _STOCHASTIC,
    "silhouette_score": Condition("sample_size", _GIVEN),
    "train_test_split": _SHUFFLED_UNLESS,
}
