"""The decision rule, learned from out-of-fold scores: it never sees the held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import precision_recall_curve, precision_score, recall_score

from repro.config.data import Task
from repro.config.training import FixedThreshold, TargetPrecision
from repro.core.errors import ConfigError
from repro.core.records import Threshold
from repro.training.out_of_fold import own_labels
from repro.training.scoring import Scores, boundary, contradicts
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from repro.config.training import Argmax
    from repro.training.out_of_fold import OutOfFold
    from repro.training.scoring import Labels, Outcome
    from repro.training.weights import Weights

ARGMAX = "argmax"


def decide(
    out_of_fold: Mapping[str, OutOfFold],
    selected: str,
    target: Labels,
    outcome: Outcome,
    train_rows: npt.NDArray[np.int64],
    decision: Argmax | FixedThreshold | TargetPrecision,
    metric_weights: Weights | None = None,
) -> Threshold:
    """Learn the threshold of a binary task.

    With a target precision it is the lowest score at which the out-of-fold precision reaches the
    target, so that recall is as high as it can be. Where no score reaches it, it is the score of
    the highest precision, and ``reached`` is false. With ``argmax`` the estimator itself decides:
    the threshold says where its scores are even, unless its labels do not follow from them, or
    there are no folds to see that in.

    Where metrics are weighted, so are precision and recall. With folds that are drawn several
    times, the scores are those of the first draw: each is of one model, as that of a new row is.
    """
    if outcome.task is not Task.BINARY or not out_of_fold[selected].is_scored:
        return _without_threshold(decision.rule)
    known, scores, own = _scored(out_of_fold[selected])
    truth = target[train_rows][known] == outcome.positive
    weights = of_rows(metric_weights, train_rows[known])
    values = scores.values[:, 0]
    if isinstance(decision, TargetPrecision):
        return _at_precision(truth, values, decision.precision, weights)
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
