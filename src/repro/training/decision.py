"""The decision rule, learned from out-of-fold scores: it never sees the held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import precision_recall_curve, precision_score, recall_score

from repro.config.data import Task
from repro.config.training import FixedThreshold, LeastCost, TargetPrecision
from repro.core.errors import ConfigError
from repro.core.records import Threshold
from repro.training import costs
from repro.training.out_of_fold import own_labels
from repro.training.scoring import Outcome, Scores, boundary, contradicts, score
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from repro.config.training import AnyDecision
    from repro.training.out_of_fold import OutOfFold
    from repro.training.scoring import Labels, Matrix
    from repro.training.weights import Weights

ARGMAX = "argmax"
# Sums of the same costs in a different order differ by less, in relation to the greatest sum.
_ROUNDING = 1e-12


def decide(
    out_of_fold: Mapping[str, OutOfFold],
    selected: str,
    target: Labels,
    outcome: Outcome,
    train_rows: npt.NDArray[np.int64],
    decision: AnyDecision,
    metric_weights: Weights | None = None,
) -> Threshold:
    """Learn the threshold of a binary task.

    With a target precision it is the lowest score at which the out-of-fold precision reaches the
    target, so that recall is as high as it can be. Where no score reaches it, it is the score of
    the highest precision, and ``reached`` is false. With ``argmax`` the estimator itself decides:
    the threshold says where its scores are even, unless its labels do not follow from them, or
    there are no folds to see that in.

    By costs it is the score of the least cost on the out-of-fold scores; of equal costs, the lowest
    score (Elkan, IJCAI 2001, has the threshold that follows from the matrix alone, if scores are
    calibrated probabilities). Above all scores it predicts the positive label of no row. Several
    classes have no threshold: each row gets the label of the least expected cost.

    Where metrics are weighted, so are precision and recall. With folds that are drawn several
    times, the scores are those of the first draw: each is of one model, as that of a new row is.
    """
    if isinstance(decision, LeastCost) and outcome.task is Task.MULTICLASS:
        weights, rows = of_rows(metric_weights, train_rows), target[train_rows]
        return _by_expected_cost(out_of_fold, selected, rows, outcome, decision, weights)
    if outcome.task is not Task.BINARY or not out_of_fold[selected].is_scored:
        return _without_threshold(decision.rule)
    known, scores, own = _scored(out_of_fold[selected])
    truth = target[train_rows][known] == outcome.positive
    weights = of_rows(metric_weights, train_rows[known])
    values = scores.values[:, 0]
    if isinstance(decision, TargetPrecision):
        return _at_precision(truth, values, decision.precision, weights)
    if isinstance(decision, LeastCost):
        return _at_least_cost(truth, values, outcome, decision, weights)
    fixed = decision.threshold if isinstance(decision, FixedThreshold) else None
    if fixed is not None and scores.kind != "probability":
        raise ConfigError(
            f"decision.rule: a fixed threshold needs probabilities, but {selected} gives decision"
            " scores",
            advice="use the rule argmax or target_precision",
        )
    limit = boundary(scores, fixed)
    above, follows = values >= limit, True
    if fixed is None and own is not None:
        above = own == outcome.positive
        # A tie may go to either side; other labels follow from no threshold on these scores.
        follows = not contradicts(own, scores, outcome)
    return Threshold(
        schema_="repro.threshold/v1",
        rule=decision.rule,
        threshold=limit if follows else None,
        target=None,
        reached=True,
        precision=float(precision_score(truth, above, zero_division=0.0, sample_weight=weights)),
        recall=float(recall_score(truth, above, zero_division=0.0, sample_weight=weights)),
    )


def _scored(part: OutOfFold) -> tuple[npt.NDArray[np.bool_], Scores, Labels | None]:
    """Return the rows that some fold scores, their scores, and the candidate's own labels."""
    known, own = ~np.isnan(part.scores.values[:, 0]), own_labels(part)
    scores = Scores(part.scores.values[known], part.scores.kind)
    return known, scores, None if own is None else own[known]


def _without_threshold(rule: str) -> Threshold:
    return Threshold(
        schema_="repro.threshold/v1",
        rule=rule,
        threshold=None,
        target=None,
        reached=True,
        precision=None,
        recall=None,
    )


def _at_precision(
    truth: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float64],
    wanted: float,
    weights: Weights | None,
) -> Threshold:
    precision, recall, thresholds = precision_recall_curve(truth, values, sample_weight=weights)
    reaching = np.flatnonzero(precision[:-1] >= wanted)
    # Thresholds ascend: the first that reaches the target has the highest recall.
    chosen = int(reaching[0]) if reaching.size else int(np.argmax(precision[:-1]))
    return Threshold(
        schema_="repro.threshold/v1",
        rule="target_precision",
        threshold=float(thresholds[chosen]),
        target=wanted,
        reached=bool(reaching.size),
        precision=float(precision[chosen]),
        recall=float(recall[chosen]),
    )


def _at_least_cost(
    truth: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float64],
    outcome: Outcome,
    decision: LeastCost,
    weights: Weights | None,
) -> Threshold:
    classes = (outcome.negative, str(outcome.positive))
    (right_no, wrong_yes), (wrong_no, right_yes) = costs.as_array(decision.matrix, classes)
    mass = np.ones(len(truth)) if weights is None else weights
    order = np.argsort(values, kind="stable")
    ranked, positive = values[order], (mass * truth)[order]
    negative = mass[order] - positive
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    # Of the rows below each threshold; the last threshold is above all scores.
    missed, spared = (np.r_[0.0, np.cumsum(part)] for part in (positive, negative))
    ends = np.r_[starts, len(ranked)]
    missed, spared = missed[ends], spared[ends]
    found, alarms = missed[-1] - missed, spared[-1] - spared
    total = missed * wrong_no + found * right_yes + spared * right_no + alarms * wrong_yes
    scale = mass.sum() * max(map(abs, (right_no, wrong_yes, wrong_no, right_yes)))
    chosen = int(np.flatnonzero(total <= total.min() + _ROUNDING * scale)[0])
    limits = np.r_[ranked[starts], np.nextafter(ranked[-1], np.inf)]
    above = values >= limits[chosen]
    return Threshold(
        schema_="repro.threshold/v1",
        rule=decision.rule,
        threshold=float(limits[chosen]),
        target=None,
        reached=True,
        precision=float(precision_score(truth, above, zero_division=0.0, sample_weight=weights)),
        recall=float(recall_score(truth, above, zero_division=0.0, sample_weight=weights)),
        cost=float(total[chosen] / mass.sum()),
        matrix=decision.matrix,
    )


def _by_expected_cost(
    out_of_fold: Mapping[str, OutOfFold],
    selected: str,
    target: Labels,
    outcome: Outcome,
    decision: LeastCost,
    weights: Weights | None,
) -> Threshold:
    known, scores, _ = _scored(out_of_fold[selected])
    if scores.kind != "probability":
        raise ConfigError(
            f"decision.rule: the expected cost of several classes needs probabilities, but"
            f" {selected} gives decision scores",
            advice="use the rule argmax, or a family with probabilities",
        )
    predicted = labels_of_least_cost(scores, outcome, decision.matrix)
    each = costs.of_rows(target[known], predicted, decision.matrix)
    learned = _without_threshold(decision.rule)
    mean = float(np.average(each, weights=of_rows(weights, known)))
    return learned.model_copy(update={"cost": mean, "matrix": decision.matrix})


def labels_of_least_cost(
    scores: Scores, outcome: Outcome, matrix: Mapping[str, Mapping[str, float]]
) -> Labels:
    """Return for each row the label of the least expected cost; the first one of equal costs.

    Parameters
    ----------
    scores : Scores
        Probabilities, a column for each class.
    """
    expected = costs.expected(scores, matrix, outcome.classes)
    chosen: Labels = np.asarray(outcome.classes)[np.argmin(expected, axis=1)]
    return chosen


class LeastCostClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted classifier of several classes that predicts the label of the least expected cost.

    Parameters
    ----------
    estimator : estimator
        Fitted, with probabilities.
    matrix : mapping
        The cost by true label, then by predicted label.
    """

    def __init__(self, estimator: BaseEstimator, matrix: Mapping[str, Mapping[str, float]]) -> None:
        self.estimator = estimator
        self.matrix = matrix

    def fit(self, matrix: Matrix, target: Labels) -> LeastCostClassifier:
        """Fit the estimator; a frozen one stays as it is."""
        self.estimator.fit(matrix, target)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Return True: the estimator was fitted before."""
        return True

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The labels, in the order of the probabilities."""
        classes: npt.NDArray[Any] = self.estimator.classes_
        return classes

    def predict_proba(self, matrix: Matrix) -> Matrix:
        """Return the probabilities that the estimator gives."""
        probabilities: Matrix = self.estimator.predict_proba(matrix)
        return probabilities

    def predict(self, matrix: Matrix) -> Labels:
        """Return the label of the least expected cost for each row."""
        names = sorted(str(label) for label in self.classes_)
        outcome = Outcome(Task.MULTICLASS, tuple(names), None)
        scores = score(self.estimator, matrix, outcome)
        return labels_of_least_cost(scores, outcome, self.matrix)
