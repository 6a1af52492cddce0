"""Fitted parts as the pipelines that a run saves: they take tables, and decide as the run did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from repro.training.columns import ColumnSteps
from repro.training.decision import ARGMAX, LeastCostClassifier
from repro.training.preprocess import declared_table
from repro.training.removal import learned_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator

    from repro.core.records import Threshold
    from repro.tables.marks import Missing
    from repro.training.scoring import Labels, Matrix, Outcome

_METHODS = {"probability": "predict_proba", "decision": "decision_function"}


def decided(
    estimator: BaseEstimator,
    threshold: Threshold,
    outcome: Outcome,
    kind: str,
    matrix: Matrix,
    target: Labels,
) -> BaseEstimator:
    """Return a fitted estimator that predicts by the decision rule.

    Parameters
    ----------
    kind : str
        Of its scores: ``probability``, ``decision`` or ``none``.
    matrix, target : array-like of shape (n_train, n_encoded), and ndarray of shape (n_train,)
        What it was fitted on; nothing is learned from them again.
    """
    limit = threshold.threshold
    if limit is not None and threshold.rule != ARGMAX:
        return FixedThresholdClassifier(
            FrozenEstimator(estimator),
            threshold=limit,
            pos_label=outcome.positive,
            response_method=_METHODS[kind],
        ).fit(matrix, target)
    if limit is None and threshold.matrix is not None:
        return LeastCostClassifier(FrozenEstimator(estimator), threshold.matrix)
    return estimator


def saved_models(made: Mapping[str, Any], missing: Missing) -> tuple[Pipeline, dict[str, Pipeline]]:
    """Return the pipeline of the selected candidate, and those of the others that are kept.

    Parameters
    ----------
    made : mapping of str to object
        The artefacts of a training, by name.
    missing : collection of str, or dict of str to collection of str
        The declared markers.
    """
    outcome = made["outcome"]
    rows = learned_rows(made.get("removals"), made["selected"], made["train_rows"])
    fitted = (made["train_matrix"], made["target"][rows])
    selected = decided(made["estimator"], made["threshold"], outcome, made["scores"].kind, *fitted)
    kept = made["kept"].fitted if "kept" in made else {}
    return (
        _pipeline(made, missing, made["preprocessor"], selected),
        {
            name: _pipeline(made, missing, each.preprocessor, each.model)
            for name, each in kept.items()
        },
    )


def _pipeline(
    made: Mapping[str, Any], missing: Missing, preprocessor: BaseEstimator, model: BaseEstimator
) -> Pipeline:
    training = made["frame"].iloc[made["train_rows"]]
    table = declared_table(training, made["frame_numeric"], missing, made["feature_settings"])
    if isinstance(preprocessor, ColumnSteps):
        table.expect_new_texts(preprocessor.grouped)
    steps = [("derive", made["deriver"]), ("preprocess", preprocessor)]
    return Pipeline([("table", table), *steps, ("model", model)])
