"""Verdicts: what passes, what does not, and the sentence that says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.errors import ConfigError
from repro.core.evidence import evidence_of
from repro.core.records import (
    Estimate,
    Finding,
    FoldScores,
    Keys,
    Metrics,
    Prediction,
    Predictions,
    Stages,
    Step,
    Threshold,
)
from repro.core.verdict import Outcome, Verdict
from repro.divergence.compare import compare
from repro.divergence.numbers import check_number
from repro.divergence.side import Side
from repro.divergence.tolerance import Limits, Tolerance

TOLERANCE = Tolerance(1e-6, 1e-6)


def metrics(accuracy=0.9, fold=0.8, model="knn", **more):
    test = {"accuracy": Estimate(value=accuracy, low=0.8, high=0.95)} | more
    return Metrics(
        schema="repro.metrics/v1",
        task="binary",
        model=model,
        selection_metric="accuracy",
        test=test,
        constant={"accuracy": 0.5},
        undefined={},
        cross_validation={"knn": FoldScores(mean=fold, std=0.0, folds=(fold,))},
        findings=(),
    )


F1 = Estimate(value=1, low=1, high=1)
ONLY_F1 = metrics().model_copy(update={"test": {"f1": F1}})


def row(number, score, label="good", truth="good", margin=None):
    margin = abs(score - 0.5) if margin is None else margin
    return Prediction(row=number, truth=truth, label=label, scores=(score,), margin=margin)


def predictions(*rows, total=100):
    return Predictions(
        total=total, scores=("good",), rows=rows or (row(1, 0.7), row(4, 0.2, "bad"))
    )


def stages(split="s", fit="f"):
    return Stages(
        schema="repro.stages/v1",
        version=1,
        stages=(
            Step(name="split", inputs={"target": "t"}, outputs={"rows": split}),
            Step(name="fit", inputs={"rows": split}, outputs={"estimator": fit}),
        ),
    )


def threshold(value=0.5):
    return Threshold(
        schema="repro.threshold/v1",
        rule="fixed",
        threshold=value,
        target=None,
        reached=True,
        precision=0.5,
        recall=0.5,
    )


NO_STAGES = Stages(schema="repro.stages/v1", version=1, stages=())
DOUBT = Finding(kind="suspicious", message="too good")
CONFIG = {"seed": 42, "task": "binary", "models": {"knn": {"params": {"k": 3}}}, "dataset": {}}


def side(**changes):
    parts = {
        "metrics": metrics(),
        "config": CONFIG,
        "content": "frame/v1:1",
        "keys": keys(),
        "stages": stages(),
        "threshold": threshold(),
        "predictions": predictions(),
    }
    parts |= changes
    results = [parts.pop(name) for name in ("metrics", "threshold", "predictions")]
    return Side(evidence_of(*results), **parts)


def keys(strict="strict/v1:1", replicate="replicate/v1:1"):
    return Keys(replicate_key=replicate, strict_key=strict, environment_key="environment/v1:1")


def judged(expected, actual, tolerance=TOLERANCE, mode="strict"):
    found = compare(expected, actual, Limits(tolerance), mode=mode, sample=2)
    return found.verdict, found.reasons[0]


def test_equal_sides_are_identical():
    """The same digests and the same bits."""
    assert judged(side(), side())[0] is Verdict.IDENTICAL


def test_another_stage_digest_alone_is_not_identical():
    """Equal metrics do not hide that something on the way had other bits."""
    found = compare(
        side(), side(stages=stages(fit="g")), Limits(TOLERANCE), mode="strict", sample=2
    )

    assert (found.verdict, found.divergence.stage) == (Verdict.EQUIVALENT, "fit")


def test_the_divergence_is_the_first_stage_whose_inputs_agree():
    """A stage that was fed something else is not to blame."""
    found = compare(
        side(), side(stages=stages("x", "y")), Limits(TOLERANCE), mode="strict", sample=2
    )

    assert (found.divergence.stage, found.divergence.outputs) == ("split", ("rows",))


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"metrics": metrics(accuracy=0.9 + 1e-7)}, Verdict.EQUIVALENT),
        ({"metrics": metrics(accuracy=0.9 + 1e-5)}, Verdict.DIFFERENT),
        ({"metrics": metrics(fold=0.8 + 1e-5)}, Verdict.DIFFERENT),
        ({"metrics": metrics(model="svm")}, Verdict.DIFFERENT),
        ({"metrics": metrics().model_copy(update={"findings": (DOUBT,)})}, Verdict.DIFFERENT),
        ({"threshold": threshold(0.5 + 1e-3)}, Verdict.DIFFERENT),
        ({"predictions": predictions(row(1, 0.7 + 1e-9), row(4, 0.2, "bad"))}, Verdict.EQUIVALENT),
        ({"predictions": predictions(row(1, 0.7 + 1e-3), row(4, 0.2, "bad"))}, Verdict.DIFFERENT),
        ({"predictions": predictions(row(1, 0.7, "bad"), row(4, 0.2, "bad"))}, Verdict.DIFFERENT),
        (
            {"predictions": predictions(row(1, 0.7, truth="bad"), row(4, 0.2, "bad"))},
            Verdict.DIFFERENT,
        ),
        (
            {"predictions": predictions(row(1, 0.7, margin=0.0), row(4, 0.2, "bad"))},
            Verdict.DIFFERENT,
        ),
        ({"predictions": predictions(total=99)}, Verdict.DIFFERENT),
    ],
)
def test_a_number_beyond_the_tolerance_is_different(change, verdict):
    """Metrics, folds, the model, the threshold, scores, labels, true values and rows."""
    assert judged(side(), side(**change))[0] is verdict


@pytest.mark.parametrize(
    ("expected", "actual", "sentence"),
    [
        (
            {"keys": keys("strict/v1:2"), "config": CONFIG | {"seed": 43}},
            {},
            "seed differs: reference 43, this run 42",
        ),
        (
            {"keys": keys("strict/v1:2"), "content": "frame/v1:2"},
            {},
            "data set differs: reference frame/v1:2",
        ),
        (
            {
                "keys": keys("strict/v1:2"),
                "config": CONFIG | {"models": {"knn": {"params": {"k": 5}}}},
            },
            {},
            "models or hyper-parameters differ: models.knn.params.k: reference 5, this run 3",
        ),
        (
            {"keys": keys("strict/v1:2"), "config": CONFIG | {"models": {"svm": {"params": {}}}}},
            {},
            "models or hyper-parameters differ: models.svm",
        ),
        (
            {"keys": keys("strict/v1:2"), "config": CONFIG | {"dataset": {"target": "x"}}},
            {},
            "target differs: reference x, this run None",
        ),
        (
            {"keys": keys("strict/v1:2")},
            {},
            "strict key does not follow from its own configuration",
        ),
        ({"predictions": Predictions(total=9, scores=(), rows=())}, {}, "no sampled predictions"),
        ({"metrics": metrics().model_copy(update={"test": {}})}, {}, "has no metrics"),
        (
            {"predictions": predictions(row(77, 0.5), row(78, 0.5))},
            {},
            "no sampled prediction is of a row",
        ),
        ({"predictions": predictions(row(1, 0.7))}, {}, "of 1 rows; 2 are required"),
        ({"content": "frame/v1:9"}, {}, "data set differs: reference frame/v1:9"),
        ({"keys": keys(replicate="replicate/v1:9")}, {}, "does not follow from its own"),
        ({}, {"metrics": ONLY_F1}, "accuracy is missing from this training"),
        ({"metrics": ONLY_F1}, {}, "f1 is missing from this training"),
        ({"keys": None}, {}, "the reference has no keys"),
        ({"stages": NO_STAGES}, {}, "the reference has no stages"),
        ({}, {"stages": NO_STAGES}, "stages.split.rows is missing from this training"),
    ],
)
def test_what_cannot_be_compared_is_incomparable_and_says_why(expected, actual, sentence):
    """A check that compares nothing passes nothing."""
    verdict, reason = judged(side(**expected), side(**actual))

    assert (verdict, sentence in reason) == (Verdict.INCOMPARABLE, True)


def test_a_flipped_label_on_a_tied_score_is_a_tie_with_its_margin():
    """It is told, and it is not a difference."""
    expected = side(predictions=predictions(row(1, 0.5), row(4, 0.2, "bad")))
    actual = side(predictions=predictions(row(1, 0.5 - 1e-9, "bad"), row(4, 0.2, "bad")))

    found = compare(expected, actual, Limits(TOLERANCE), mode="strict", sample=2)

    assert (found.verdict, found.reasons[1]) == (
        Verdict.EQUIVALENT,
        "a tie, row 1: good became bad, margin 1e-09",
    )


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [
        ("strict", Verdict.INCOMPARABLE),
        ("relaxed", Verdict.INCOMPARABLE),
        ("legacy", Verdict.EQUIVALENT),
    ],
)
def test_metrics_alone_are_compared_in_the_legacy_mode_only(mode, verdict):
    """And they are never called identical: nothing says how they came about."""
    assert judged(Side(evidence_of(metrics())), side(), mode=mode)[0] is verdict


def test_a_record_without_keys_is_compared_in_the_relaxed_mode():
    """Its predictions are still held against these."""
    assert judged(side(keys=None), side(), mode="relaxed")[0] is Verdict.IDENTICAL


@pytest.mark.parametrize("part", [-1e-9, float("nan"), float("inf")])
def test_a_tolerance_that_means_nothing_is_refused(part):
    """Negative, NaN and infinite tolerances."""
    with pytest.raises(ConfigError, match="tolerance: expected a finite number"):
        Tolerance(part, 0.0)


def test_a_zero_tolerance_asks_for_the_same_bits():
    """The next float is already too far."""
    exact = Tolerance(0.0, 0.0)

    found = judged(side(), side(metrics=metrics(accuracy=0.9000000000000001)), exact)

    assert found[0] is Verdict.DIFFERENT


numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(numbers, st.floats(0, 1e3), st.floats(0, 1))
def test_the_tolerance_is_absolute_and_relative_together(expected, absolute, relative):
    """A value at the edge is accepted, and one beyond it is not."""
    tolerance = Tolerance(absolute, relative)
    allowed = tolerance.allowed(expected)

    def outcome(actual):
        return check_number("n", expected, actual, tolerance).outcome

    assert outcome(expected) is Outcome.SAME
    assert outcome(expected + 2 * allowed + max(abs(expected), 1.0)) is Outcome.DIFFERS
    assert outcome(float("nan")) is Outcome.DIFFERS
    edge = expected + allowed
    assert (outcome(edge) is Outcome.DIFFERS) == (edge - expected > allowed)


@pytest.mark.parametrize("older", ["the reference", "this run"])
def test_a_metric_that_one_side_has_beside_shared_ones_is_reported(older):
    """It decides nothing, and the sentence names its side."""
    pair = [side(), side(metrics=metrics(f1=F1))]
    pair = pair if older == "the reference" else pair[::-1]
    newer = "this run" if older == "the reference" else "the reference"
    found = compare(*pair, Limits(TOLERANCE), mode="strict", sample=2)

    assert (found.verdict, found.reasons[-1]) == (Verdict.IDENTICAL, f"only in {newer}: f1")
