"""Every declared metric is scikit-learn's, or that of a plain loop, resampled too."""

import json
import warnings
from fractions import Fraction

import numpy as np
import pytest
from pydantic import TypeAdapter
from sklearn import metrics as sk
from tests.training import in_process
from tests.training.test_own_metrics import samples, settings, trained

from repro.config.data import Task
from repro.config.keys import strict_key
from repro.config.named_metrics import DeclaredMetric, metrics_in
from repro.config.training import Bootstrap
from repro.core.errors import ConfigError, DataError
from repro.training import bootstrap, metrics
from repro.training.measures import load_measures
from repro.training.scoring import Outcome, Scores

FEW, CASES, RESAMPLES, SEED = 12, 200, 12, 11
CLASSES = ("a", "b", "c", "d")
BINARY = Outcome(Task.BINARY, ("no", "yes"), "yes")
MULTICLASS = Outcome(Task.MULTICLASS, CLASSES, None)
REGRESSION = Outcome(Task.REGRESSION, (), None)
TWO = {"yes": {"no": 5.0, "yes": -0.5}, "no": {"yes": 1.0}}
FOUR = {a: {b: float(3 * i + j) for j, b in enumerate(CLASSES)} for i, a in enumerate(CLASSES)}


def declared(**values):
    return TypeAdapter(DeclaredMetric).validate_json(json.dumps(values))


# --- references, written as the definitions say it


def recall_at_k(truth, scores, weights, k):
    """Mean over all orders of equal scores: each of them is taken by the share that fits."""
    left, found, total = Fraction(k), Fraction(0), Fraction(0)
    for value in sorted(set(scores), reverse=True):
        tied = [i for i in range(len(scores)) if scores[i] == value]
        size = sum(Fraction(weights[i]) for i in tied)
        share = min(Fraction(1), left / size) if size else Fraction(0)
        found += share * sum(Fraction(weights[i]) for i in tied if truth[i])
        left -= share * size
    total = sum(Fraction(weights[i]) for i in range(len(scores)) if truth[i])
    return float(found / total)


def precision_at_recall(truth, scores, weights, recall):
    precision, recalls, _ = sk.precision_recall_curve(truth, scores, sample_weight=weights)
    return precision[recalls >= recall].max()


def calibration(hit, sure, weights, bins):
    total = 0.0
    for number in range(bins):
        low, high = np.linspace(0, 1, bins + 1)[number : number + 2]
        inside = [(low < p or number == 0) and p <= high for p in sure]
        mass = weights[inside].sum()
        if mass:
            gap = np.average(hit[inside], weights=weights[inside]) - np.average(
                sure[inside], weights=weights[inside]
            )
            total += mass * abs(gap)
    return total / weights.sum()


def cost(truth, guess, weights, matrix):
    each = [matrix[a].get(b, 0.0) for a, b in zip(truth, guess, strict=True)]
    return sum(w * c for w, c in zip(weights, each, strict=True)) / sum(weights)


def of_class(function, **options):
    return lambda y, p, s, w: function(y, p, sample_weight=w, **options)


def of_scores(function, *options):
    return lambda y, p, s, w: function(y == "yes", s[:, 0], w, *options)


def sure(y, p, s, w, bins):
    return calibration(np.asarray(CLASSES)[s.argmax(axis=1)] == y, s.max(axis=1), w, bins)


# Each declaration with its name in results, its task, and the value of
# (true values, predictions, scores, weights).
METRICS = [
    (
        {"name": "fbeta", "beta": 2},
        "fbeta_2",
        BINARY,
        of_class(sk.fbeta_score, beta=2, pos_label="yes", zero_division=0.0),
    ),
    (
        {"name": "fbeta", "beta": 0.5, "average": "weighted"},
        "fbeta_0_5_weighted",
        BINARY,
        of_class(sk.fbeta_score, beta=0.5, average="weighted", zero_division=0.0),
    ),
    *(
        (
            {"name": "fbeta", "beta": 2, "average": average},
            f"fbeta_2_{average}",
            MULTICLASS,
            of_class(sk.fbeta_score, beta=2, average=average, zero_division=0.0),
        )
        for average in ("macro", "weighted")
    ),
    *(
        (
            {"name": "matthews_corrcoef"},
            "matthews_corrcoef",
            outcome,
            of_class(sk.matthews_corrcoef),
        )
        for outcome in (BINARY, MULTICLASS)
    ),
    *(
        (
            {"name": "recall_at_k", "k": k},
            f"recall_at_{k}",
            BINARY,
            of_scores(recall_at_k, k),
        )
        for k in (1, 7, 1000)
    ),
    *(
        (
            {"name": "precision_at_recall", "recall": recall},
            name,
            BINARY,
            of_scores(precision_at_recall, recall),
        )
        for recall, name in ((0.9, "precision_at_recall_0_9"), (1, "precision_at_recall_1"))
    ),
    (
        {"name": "expected_calibration_error", "bins": 10},
        "expected_calibration_error_10",
        BINARY,
        of_scores(calibration, 10),
    ),
    (
        {"name": "expected_calibration_error", "bins": 4},
        "expected_calibration_error_4",
        MULTICLASS,
        lambda y, p, s, w: sure(y, p, s, w, 4),
    ),
    ({"name": "cost", "matrix": TWO}, "cost", BINARY, lambda y, p, s, w: cost(y, p, w, TWO)),
    ({"name": "cost", "matrix": FOUR}, "cost", MULTICLASS, lambda y, p, s, w: cost(y, p, w, FOUR)),
    (
        {"name": "mean_absolute_percentage_error"},
        "mean_absolute_percentage_error",
        REGRESSION,
        of_class(sk.mean_absolute_percentage_error),
    ),
    (
        {"name": "mean_pinball_loss", "quantile": 0.9},
        "mean_pinball_loss_0_9",
        REGRESSION,
        of_class(sk.mean_pinball_loss, alpha=0.9),
    ),
    (
        {"name": "quantile_coverage", "quantile": 0.25},
        "quantile_coverage_0_25",
        REGRESSION,
        lambda y, p, s, w: w[y <= p].sum() / w.sum(),
    ),
]


def case(outcome, number):
    """Rows of a few kinds in turn: many ties, constant predictions, classes that are missing."""
    draw = np.random.default_rng(number)
    size = int(draw.integers(6, 40))
    if outcome is REGRESSION:
        target = np.round(draw.normal(size=size), 1)
        guess = (
            np.full(size, 0.5) if number % 5 == 0 else np.round(target + draw.normal(size=size), 1)
        )
        return target, guess, Scores(guess.reshape(-1, 1), "value")
    classes = np.asarray(outcome.classes)
    # Of several classes some are missing; of two both are there, as in every fold.
    known = classes if outcome is BINARY else classes[: 2 + number % 3]
    target = np.concatenate([known[:2], draw.choice(known, size - 2)])
    raw = draw.integers(1, 4, (size, len(classes))) + 2 * (target[:, None] == classes)
    if number % 5 == 0:
        raw = np.ones_like(raw)
    shares = raw / raw.sum(axis=1, keepdims=True)
    guess = classes[shares.argmax(axis=1)]
    return target, guess, Scores(shares[:, 1:] if outcome is BINARY else shares, "probability")


def compare(values, name, outcome, expected, cases):
    """Compare points, and the resample that has each row once, with a reference."""
    measure = load_measures(outcome.task, [declared(**values)]).loaded[-1]
    assert measure.metric.name == name
    for number in cases:
        target, guess, scores = case(outcome, number)
        weights, given = np.ones(len(target)), None
        if number % 2:
            # Eighths, whose sums are exact; the first rows, one of each class, count.
            weights = given = np.random.default_rng(number).integers(0, 9, len(target)) / 8
            weights[:2] += 1
        rows = metrics.Evaluated(target, guess, scores, outcome, given)
        wanted = expected(target, guess, scores.values, weights)

        assert measure.value(rows) == pytest.approx(wanted, rel=1e-12, abs=1e-14), number
        # Rows of the weight 0 are in no resample.
        kept = np.flatnonzero(weights)
        once = bootstrap.Resamples(rows.take(kept), np.ones((1, len(kept))))
        found = bootstrap.weigh(once, [measure])[name]
        wanted = expected(target[kept], guess[kept], scores.values[kept], weights[kept])
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("values", "name", "outcome", "expected"), METRICS)
def test_values_are_those_of_a_reference(values, name, outcome, expected):
    """With ties, constant predictions, missing classes and weights of 0."""
    compare(values, name, outcome, expected, range(FEW))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("values", "name", "outcome", "expected"), METRICS)
def test_values_of_many_tables_are_those_of_a_reference(values, name, outcome, expected):
    """On 200 tables, with weights and without."""
    compare(values, name, outcome, expected, range(FEW, FEW + CASES))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("values", "name", "outcome", "expected"), METRICS)
def test_resamples_at_once_are_those_of_repeated_rows(values, name, outcome, expected, weighted):
    """Each is the reference on the rows that were drawn, as often as they were."""
    measure = load_measures(outcome.task, [declared(**values)]).loaded[-1]
    for number in range(4):
        target, guess, scores = case(outcome, number)
        strata = [np.arange(len(target))]
        if outcome is not REGRESSION:
            strata = [np.flatnonzero(target == label) for label in np.unique(target)]
        weights = np.random.default_rng(number).integers(1, 9, len(target)) / 8
        given = weights if weighted else None
        rows = metrics.Evaluated(target, guess, scores, outcome, given)
        counts = np.concatenate(list(bootstrap.draw_counts(strata, RESAMPLES, SEED)))
        found = bootstrap.weigh(bootstrap.Resamples(rows, counts), [measure])[name]

        drawn = [np.repeat(np.arange(len(target)), row.astype(int)) for row in counts]
        weights = weights if weighted else np.ones(len(target))
        wanted = [expected(target[r], guess[r], scores.values[r], weights[r]) for r in drawn]
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


def test_an_interval_is_the_percentile_interval_of_a_plain_bootstrap():
    """Drawn from NumPy's old stream, each class within itself."""
    draw = np.random.default_rng(2)
    target = np.where(draw.random(80) < 0.4, "yes", "no")
    values = np.round(np.clip(draw.random(80) + 0.3 * (target == "yes"), 0, 1), 1)
    guess = np.where(values > 0.5, "yes", "no")
    measures = load_measures(Task.BINARY, [declared(name="cost", matrix=TWO)])
    options = Bootstrap(resamples=40, confidence=0.9)
    scores = Scores(values.reshape(-1, 1), "probability")
    span = bootstrap.intervals(target, guess, scores, BINARY, options, SEED, measures)["cost"]

    found = [cost(target[r], guess[r], np.ones(80), TWO) for r in samples(target, "binary")]
    np.testing.assert_allclose(span, np.quantile(found, [0.05, 0.95]), rtol=1e-9)


def test_the_order_of_rows_with_one_score_does_not_count():
    """Half of the rows that are tied at the end of the first k are positive: they count half."""
    measure = load_measures(Task.BINARY, [declared(name="recall_at_k", k=3)]).loaded[-1]
    target = np.array(["yes", "yes", "no", "no", "yes"])
    scores = Scores(np.array([0.9, 0.5, 0.5, 0.1, 0.2]).reshape(-1, 1), "probability")
    reverse = np.arange(5)[::-1]
    rows = metrics.Evaluated(target, target, scores, BINARY)

    assert measure.value(rows) == measure.value(rows.take(reverse)) == pytest.approx(2 / 3)
    half = load_measures(Task.BINARY, [declared(name="recall_at_k", k=2)]).loaded[-1]
    assert half.value(rows) == half.value(rows.take(reverse)) == pytest.approx(1.5 / 3)


OF_TASK = {
    Task.BINARY: [
        {"name": "fbeta", "beta": 2}, {"name": "matthews_corrcoef"},
        {"name": "recall_at_k", "k": 9}, {"name": "precision_at_recall", "recall": 0.9},
        {"name": "cost", "matrix": TWO},
        {"name": "expected_calibration_error", "bins": 5},
    ],
    Task.MULTICLASS: [
        {"name": "fbeta", "beta": 2, "average": "macro"},
        {"name": "expected_calibration_error", "bins": 5},
    ],
    Task.REGRESSION: [
        {"name": "mean_absolute_percentage_error"}, {"name": "mean_pinball_loss", "quantile": 0.9},
        {"name": "quantile_coverage", "quantile": 0.9},
    ],
}  # fmt: skip


@pytest.mark.parametrize("task", list(Task))
def test_a_training_measures_them_selects_by_them_and_changes_nothing_else(task):
    """With intervals and a constant guess, behind the metrics that every training has."""
    models = None
    kind = "Regressor" if task is Task.REGRESSION else "Classifier"
    models = {
        f"depth_{depth}": in_process.family(f"sklearn.tree:DecisionTree{kind}", max_depth=depth)
        for depth in (1, 4)
    }
    own = [declared(**values) for values in OF_TASK[task]]
    names = [each.metric.name for each in own]
    plain = trained(settings(task, models=models))
    for each in own:
        made = trained(settings(task, own, models=models, selection={"metric": each.metric.name}))
        means = {name: scores.mean for name, scores in made.metrics.cross_validation.items()}

        assert [*plain.metrics.test, *names] == list(made.metrics.test)
        assert set(names) <= set(made.metrics.constant)
        assert all(made.metrics.test[n].low <= made.metrics.test[n].high for n in names)
        assert made.metrics.model == max(means, key=lambda name: each.metric.merit(means[name]))
    same = trained(settings(task, own, models=models))
    assert {n: e for n, e in same.metrics.test.items() if n not in names} == plain.metrics.test


def test_coverage_is_the_better_the_nearer_it_is_to_its_quantile():
    """Neither more nor less of it is better."""
    metric = declared(name="quantile_coverage", quantile=0.9).metric

    assert sorted([0.5, 1.0, 0.85, 0.9], key=metric.merit) == [0.5, 1.0, 0.85, 0.9]


def test_without_probabilities_calibration_is_undefined():
    """As the other metrics that need them."""
    models = {"svm": in_process.family("sklearn.svm:LinearSVC")}
    own = [declared(name="expected_calibration_error", bins=10)]
    made = trained(settings(own=own, models=models))

    name = "expected_calibration_error_10"
    assert made.metrics.undefined[name] == made.metrics.undefined["brier"]
    with pytest.raises(DataError, match=f"{name} needs probabilities, but svm"):
        trained(settings(own=own, models=models, selection={"metric": name}))


def test_only_declared_ones_are_in_keys():
    """The parameters count, and how a number is written does not."""
    keys = [
        strict_key(settings(own=own), "content", 1)
        for own in ([], *([declared(name="fbeta", beta=beta)] for beta in (1, 2)))
    ]
    same = strict_key(settings(own=[declared(name="fbeta", beta=2.0)]), "content", 1)

    assert len(set(keys)) == 3
    assert same == keys[-1]


@pytest.mark.parametrize(
    ("task", "own", "words"),
    [
        (Task.REGRESSION, [{"name": "matthews_corrcoef"}], "is for binary and multiclass tasks"),
        (Task.MULTICLASS, [{"name": "recall_at_k", "k": 1}], "is for binary tasks"),
        (Task.BINARY, [{"name": "quantile_coverage", "quantile": 0.1}], "for regression tasks"),
        (Task.MULTICLASS, [{"name": "fbeta", "beta": 2}], "write average: macro"),
        (Task.BINARY, [{"name": "fbeta", "beta": 2}, {"name": "fbeta", "beta": 2.0}], "twice"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(task, own, words):
    """When the configuration is read."""
    with pytest.raises(ValueError, match=words):
        settings(task, [declared(**values) for values in own])


@pytest.mark.parametrize(
    ("matrix", "words", "advice"),
    [
        ({"yes": {"no": 1}, "nay": {"yes": 1}}, "metrics.0.matrix: 'nay' is not a label", "known"),
        ({"yes": {"yse": 1}, "no": {"yes": 1}}, "metrics.0.matrix: 'yse' is not", "mean 'yes'"),
        ({"yes": {"no": 1}, "no": {"no": 1}}, "predicting 'yes' for the true label 'no'", "COST"),
    ],
)
def test_a_matrix_that_does_not_fit_the_labels_is_refused(matrix, words, advice):
    """Before anything is fitted."""
    with pytest.raises(ConfigError, match=words) as error:
        trained(settings(own=[declared(name="cost", matrix=matrix)]))

    assert advice in error.value.advice


def test_names_of_declarations_are_known_without_a_project():
    """What is no declaration is passed over."""
    section = [{"name": "fbeta", "beta": 2}, {"name": "fbta"}, 7, {"name": "cost", "matrix": TWO}]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [metric.name for metric in metrics_in(section)] == ["fbeta_2", "cost"]
