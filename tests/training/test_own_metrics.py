"""Metrics that a configuration declares: values, intervals, selection, and what goes wrong."""

import json
import random
import re

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.training import in_process

from repro.config.data import Task
from repro.config.experiment import ExperimentConfig
from repro.config.keys import replicate_key, strict_key
from repro.config.metrics import OwnMetric
from repro.config.training import Bootstrap
from repro.core.canonical import tagged_digest
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.training import bootstrap, metrics
from repro.training.measures import load_measures
from repro.training.scoring import Outcome, Scores

ALLOWED = ("sklearn", "lightgbm", "tests")
RESAMPLES, SEED = 40, 11
OUTCOMES = {
    "binary": Outcome(Task.BINARY, ("bad", "good"), "good"),
    "multiclass": Outcome(Task.MULTICLASS, ("a", "b", "c"), None),
    "regression": Outcome(Task.REGRESSION, (), None),
}


def cost(y_true, y_pred):
    """Five for a row of the first class that is missed, one for any other error."""
    wrong = np.asarray(y_true) != np.asarray(y_pred)
    first = np.asarray(y_true) == np.unique(y_true)[0]
    return float((5 * (wrong & first) + (wrong & ~first)).sum() / len(y_true))


def weighted_hits(y_true, y_pred, sample_weight=None):
    return np.average(np.asarray(y_true) == np.asarray(y_pred), weights=sample_weight)


def largest(y_true, y_pred):
    return np.abs(y_true - y_pred).max()


def kolmogorov(y_true, y_score):
    return stats.ks_2samp(y_score[y_true == 1], y_score[y_true == 0]).statistic


def top_decile(y_true, y_score):
    return y_true[np.argsort(-y_score, kind="stable")[: max(1, len(y_true) // 10)]].mean()


def tau(y_true, y_score):
    return stats.kendalltau(y_true, y_score).statistic


def sure(y_true, y_score):
    return y_score.max(axis=1).mean() + 0 * len(y_true)


def mean_rank(y_true, y_score):
    column = np.searchsorted(np.unique(y_true), y_true)
    own = y_score[np.arange(len(column)), column]
    return (y_score > own[:, None]).sum(axis=1).mean()


def calibration(y_true, y_prob):
    bins = np.minimum((y_prob * 5).astype(int), 4)
    gaps = [abs((y_true - y_prob)[bins == k].sum()) for k in range(5)]
    return sum(gaps) / len(y_true)


def logarithmic(y_true, y_prob, sample_weight=None):
    chosen = np.where(y_true == 1, y_prob, 1 - y_prob)
    return -np.average(np.log(chosen), weights=sample_weight)


def table(task):
    """True values, predictions and probabilities of 90 rows, classes of different sizes."""
    draw = np.random.default_rng(3)
    outcome = OUTCOMES[task]
    if task == "regression":
        target = draw.normal(5.0, 2.0, 90)
        guess = target + draw.normal(size=90)
        return target, guess, Scores(guess.reshape(-1, 1), "value")
    classes = np.asarray(outcome.classes)
    target = draw.choice(classes, 90, p=[0.3, 0.7] if len(classes) == 2 else [0.2, 0.3, 0.5])
    raw = draw.gamma(1.0, size=(90, len(classes))) + 1.5 * (target[:, None] == classes)
    shares = raw / raw.sum(axis=1, keepdims=True)
    guess = classes[shares.argmax(axis=1)]
    return target, guess, Scores(shares[:, 1:] if len(classes) == 2 else shares, "probability")


def samples(target, task):
    """Draw rows as the bootstrap promises: NumPy's old stream, each class within itself."""
    strata = [np.arange(len(target))]
    if task != "regression":
        strata = [np.flatnonzero(target == label) for label in sorted(set(target))]
    stream = np.random.RandomState(SEED)
    drawn = [rows[stream.randint(0, len(rows), (RESAMPLES, len(rows)))] for rows in strata]
    return np.concatenate(drawn, axis=1)


def here(function):
    return f"{__name__}:{function.__name__}"


def one(function, needs="labels", average=None, **more):
    values = {"function": function, "greater_is_better": True, "needs": needs} | more
    if average:
        values["average"] = average
    return OwnMetric.model_validate_json(json.dumps(values))


LABELS = [
    ("jaccard_score", "macro"), ("f1_score", "micro"), ("precision_score", "weighted"),
    ("cohen_kappa_score", None), ("matthews_corrcoef", None), ("hamming_loss", None),
    (cost, None), (weighted_hits, None),
]  # fmt: skip
CASES = [
    *(("binary", "labels", *case) for case in LABELS),
    *(("binary", "labels", name, "binary") for name in ("jaccard_score", "f1_score")),
    *(("multiclass", "labels", *case) for case in LABELS),
    *(
        ("regression", "labels", function, None)
        for function in (
            "explained_variance_score", "mean_absolute_percentage_error", "max_error",
            "d2_absolute_error_score", "mean_pinball_loss", largest,
        )
    ),
    *(
        ("binary", needs, function, None)
        for needs in ("scores", "probabilities")
        for function in (
            "roc_auc_score", "average_precision_score", "brier_score_loss", "d2_log_loss_score",
            "d2_brier_score", kolmogorov, top_decile, tau, calibration, logarithmic,
        )
    ),
    ("multiclass", "scores", "roc_auc_score", "macro"),
    ("multiclass", "scores", "roc_auc_score", "weighted"),
    ("multiclass", "scores", "average_precision_score", "macro"),
    ("multiclass", "scores", "average_precision_score", "micro"),
    *(
        ("multiclass", "probabilities", function, None)
        for function in (
            "log_loss", "d2_log_loss_score", "brier_score_loss", "top_k_accuracy_score", sure,
            mean_rank,
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("task", "needs", "function", "average"), CASES)
def test_value_and_interval_are_those_of_a_plain_bootstrap(task, needs, function, average):
    """Rows are resampled by index and the function is called as scikit-learn documents it."""
    target, guess, scores = table(task)
    outcome = OUTCOMES[task]
    path = here(function) if callable(function) else f"sklearn.metrics:{function}"
    measures = load_measures(outcome.task, [one(path, needs, average, name="mine")], ALLOWED)
    settings = Bootstrap(resamples=RESAMPLES, confidence=0.9)
    found, undefined = metrics.evaluate(target, guess, scores, outcome, measures)
    span = bootstrap.intervals(target, guess, scores, outcome, settings, SEED, measures)["mine"]

    plain = function if callable(function) else getattr(sk, function)
    options = {"average": average} if average else {}
    if average == "binary":
        options["pos_label"] = "good"
    first, second = target, guess
    if needs != "labels":
        second = scores.values[:, 0] if task == "binary" else scores.values
        if task == "binary":
            first = np.array([1.0 if label == "good" else 0.0 for label in target])
        elif average:
            first = np.array([[float(label == name) for name in "abc"] for label in target])
    values = [plain(first[rows], second[rows], **options) for rows in samples(target, task)]

    assert undefined == {}
    assert found["mine"] == pytest.approx(plain(first, second, **options), rel=1e-12)
    np.testing.assert_allclose(span, np.quantile(values, [0.05, 0.95]), rtol=1e-9)


def settings(task=Task.BINARY, own=(), **sections):
    """A configuration with own metrics; an empty list of them may be written out."""
    positive = "yes" if task is Task.BINARY else None
    tree = in_process.family("sklearn.tree:DecisionTreeClassifier", max_depth=3)
    if task is Task.REGRESSION:
        tree = in_process.family("sklearn.tree:DecisionTreeRegressor", max_depth=3)
    models, selection = sections.pop("models", {"tree": tree}), sections.pop("selection", {})
    values = in_process.config(task, positive, models=models, **sections)
    values = values.model_dump(mode="json", by_alias=True)
    values |= {"metrics": [each.model_dump(mode="json") for each in own]}
    values["selection"] |= selection
    values["security"] = {"allowed_modules": list(ALLOWED)}
    return ExperimentConfig.model_validate_json(json.dumps(values))


def trained(config):
    draw = np.random.default_rng(0)
    features = in_process.pd.DataFrame(draw.normal(size=(160, 3)), columns=list("abc"))
    level = features["a"] + draw.normal(size=160)
    if config.task is Task.REGRESSION:
        return in_process.run(config, features, level.to_numpy())
    names = np.where(level > 0, "yes", "no")
    if config.task is Task.MULTICLASS:
        names = np.where(level > 1, "much", names)
    return in_process.run(config, features, in_process.text(names.astype(object)).to_numpy(str))


@pytest.mark.parametrize("task", list(Task))
def test_a_training_reports_them_beside_a_constant_guess(task):
    """On the held-out rows, and the last of all metrics."""
    made = trained(settings(task, [one(here(weighted_hits), name="hits")]))
    hits = np.mean(np.asarray(made.truth) == np.asarray(made.labels))
    found = made.metrics.test["hits"]

    assert list(made.metrics.test)[-1] == "hits"
    assert (found.value, found.low <= hits <= found.high) == (pytest.approx(hits), True)
    assert set(made.metrics.constant) == set(made.metrics.test)


def test_models_are_selected_by_them_in_their_direction():
    """The least cost wins where less is better, the greatest where it is not."""
    models = {
        "deep": in_process.family("sklearn.tree:DecisionTreeClassifier"),
        "flat": in_process.family("sklearn.dummy:DummyClassifier", strategy="prior"),
    }
    chosen = {}
    for greater in (False, True):
        own = [one(here(cost), greater_is_better=greater)]
        made = trained(settings(own=own, models=models, selection={"metric": "cost"}))
        means = {name: scores.mean for name, scores in made.metrics.cross_validation.items()}
        pick = max if greater else min
        chosen[greater] = made.metrics.model
        assert made.metrics.model == pick(means, key=means.get)
    assert chosen[True] != chosen[False]


def test_without_probabilities_they_are_undefined_with_the_reason():
    """A made-up number is worse than none."""
    models = {"svm": in_process.family("sklearn.svm:LinearSVC")}
    own = [
        one("sklearn.metrics:brier_score_loss", "probabilities", name="loss"),
        one("sklearn.metrics:roc_auc_score", "scores", name="auc"),
    ]
    made = trained(settings(own=own, models=models))

    assert "loss" not in made.metrics.test
    assert made.metrics.undefined["loss"] == made.metrics.undefined["brier"]
    assert made.metrics.test["auc"] == made.metrics.test["roc_auc"]
    with pytest.raises(DataError, match="loss needs probabilities, but svm gives decision"):
        trained(settings(own=own, models=models, selection={"metric": "loss"}))


def test_only_configured_ones_are_in_keys_and_in_the_inputs_of_stages():
    """An empty list is as good as none; a declaration counts, and where it is called so."""
    plain, empty = in_process.base(), settings()
    own = settings(own=[one(here(cost))])
    renamed = settings(own=[one(here(cost), name="price")])
    keys = [strict_key(each, "content", 1) for each in (empty, own, renamed)]
    inputs = [
        {
            stage.name: stage.inputs["metrics"]
            for stage in trained(config).stages.stages
            if "metrics" in stage.inputs
        }
        for config in (empty, own)
    ]
    section = [{"function": here(cost), "greater_is_better": True, "needs": "labels"}]

    assert "metrics" not in plain.model_dump(mode="json") | empty.model_dump(mode="json")
    assert len(set(keys)) == 3
    assert replicate_key(own, "content", 1) != replicate_key(empty, "content", 1)
    assert inputs == [{}, dict.fromkeys(("select", "evaluate", "constant"), inputs[1]["select"])]
    assert inputs[1]["select"] == tagged_digest("json", section)


# --- what goes wrong


def raising(y_true, y_pred):
    raise ZeroDivisionError(f"{len(y_true)} rows")


def leaving(y_true, y_pred):
    raise SystemExit(0)


def nothing(y_true, y_pred):
    return None


def listing(y_true, y_pred):
    return [0.5, 0.5]


def undefined_here(y_true, y_pred):
    return np.nan


def endless(y_true, y_pred):
    return np.inf


def wording(y_true, y_pred):
    return "0.5"


def drawing(y_true, y_pred):
    return random.random()


def drawing_by_numpy(y_true, y_pred):
    return float(np.random.rand())  # noqa: NPY002 - the generator that others draw from


def spoiling(y_true, y_pred):
    """Overwrite what it was given, and count the rows that are left as they were."""
    kept = (y_true == y_pred).mean()
    y_true[:], y_pred[:] = y_pred[::-1].copy(), y_true[::-1].copy()
    return kept


def alone(y_true):
    return 1.0


def demanding(y_true, y_pred, price):
    return price


class Kind:
    """No function."""


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (raising, "raised ZeroDivisionError: "),
        (leaving, "raised SystemExit: 0"),
        (nothing, "returned NoneType None, expected one number"),
        (listing, "returned list [0.5, 0.5], expected one number"),
        (undefined_here, "returned nan, expected a finite number"),
        (endless, "returned inf, expected a finite number"),
        (drawing, "drew from the global generators"),
        (drawing_by_numpy, "drew from the global generators"),
        (wording, "returned str '0.5', expected one number"),
    ],
)
def test_a_function_that_fails_is_named_with_what_it_did(function, words):
    """As an error for people, whatever it raises."""
    with pytest.raises(DataError, match=f"^metrics: '{function.__name__}' failed: ") as error:
        trained(settings(own=[one(here(function))]))

    assert f"{here(function)} {words}" in error.value.message


def test_a_function_cannot_change_what_it_is_given():
    """The other results are those of a training without it."""
    spoilt, plain = trained(settings(own=[one(here(spoiling))])), trained(settings())

    assert spoilt.metrics.test["spoiling"].value == plain.metrics.test["accuracy"].value
    assert dict(list(spoilt.metrics.test.items())[:-1]) == plain.metrics.test
    np.testing.assert_array_equal(spoilt.labels, plain.labels)


@pytest.mark.parametrize(
    ("own", "error", "words"),
    [
        (one("json:dumps"), ConfigError, "metrics.0.function: the module 'json' is not allowed"),
        (one(f"{__name__}:coost"), ConfigError, "has no function 'coost'"),
        (one("tests.nowhere:cost"), ConfigError, "there is no module 'tests.nowhere'"),
        (one("sklearn.datasets:load_files"), ConfigError, "is not a module of metrics"),
        (one("lightgbm:train"), ConfigError, "is not a module of metrics"),
        (one("sklearn.metrics:numbers"), ConfigError, "has no function 'numbers'"),
        (one("sklearn.metrics._ranking:check_array"), ConfigError, "expected a function of true"),
        (one("sklearn.metrics._ranking:column_or_1d"), ConfigError, "expected a function of true"),
        (one(here(Kind)), ConfigError, "expected a function of true values and predictions"),
        (one(f"{__name__}:ALLOWED"), ConfigError, "expected a function of true values"),
        (one(here(alone)), ConfigError, "takes (y_true), expected a function of true values"),
        (one(here(demanding)), ConfigError, "takes (y_true, y_pred, price), expected a function"),
        (one(here(cost), average="macro"), ConfigError, "metrics.0.average: "),
        (one("lightgbm.none:f"), ConfigError, "is not a module of metrics"),
    ],
)
def test_a_function_that_cannot_be_one_is_refused_before_training(own, error, words):
    """By the key of its declaration."""
    with pytest.raises(error, match=re.escape(words)):
        load_measures(Task.BINARY, [own], ALLOWED)


def test_a_module_that_cannot_be_imported_says_why(tmp_path, monkeypatch):
    """It is a precondition, as of an estimator."""
    (tmp_path / "broken_metrics.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    own = one("broken_metrics:cost")

    with pytest.raises(PreconditionError, match="broken_metrics': ZeroDivisionError") as error:
        load_measures(Task.BINARY, [own], ["broken_metrics"])

    assert "families" not in error.value.advice


@pytest.mark.parametrize(
    ("task", "own", "metric", "words"),
    [
        (Task.BINARY, [one(here(cost), name="accuracy")], "accuracy", "'accuracy' is built in"),
        (Task.BINARY, [one("tests.x:rmse")], "accuracy", "'rmse' is built in"),
        (Task.BINARY, [one(here(cost)), one("tests.x:cost")], "accuracy", "is declared twice"),
        (Task.MULTICLASS, [one(here(cost), average="binary")], "accuracy", "for binary tasks"),
        (Task.REGRESSION, [one(here(tau), "scores")], "rmse", "write needs: labels"),
        (Task.REGRESSION, [one(here(tau), "probabilities")], "rmse", "write needs: labels"),
        (Task.BINARY, [one(here(cost))], "csot", "did you mean 'cost'"),
        (Task.BINARY, [one(here(cost))], "r2", "r2 is not a metric of a binary task"),
    ],
)
def test_declarations_that_contradict_are_refused(task, own, metric, words):
    """When the configuration is read."""
    with pytest.raises(ValueError, match=re.escape(words)):
        settings(task, own, selection={"metric": metric})
