"""The parts of training, each by its law."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from repro.config.data import Task
from repro.config.preprocessing import CategoricalSteps, NumericSteps, Preprocessing
from repro.config.splits import Split
from repro.config.training import (
    Drift,
    Features,
    FixedThreshold,
    Model,
    Selection,
    TargetPrecision,
)
from repro.core.errors import ConfigError, DataError
from repro.training import metrics, scoring
from repro.training.decision import decide
from repro.training.drift import drift_baseline, measure
from repro.training.estimators import build
from repro.training.features import DerivedFeatures
from repro.training.out_of_fold import OutOfFold
from repro.training.preprocess import IQRClipper, fit_preprocessor, to_matrix
from repro.training.recurrence import Leakage
from repro.training.scoring import Outcome, Scores
from repro.training.selecting import select
from repro.training.splitting import fold_rows, split_rows

NUMERIC = NumericSteps(impute="median", fill=None, clip_iqr=3.0, scale="standard")
CATEGORICAL = CategoricalSteps(impute="constant", fill="missing", min_frequency=None)
STEPS = Preprocessing(numeric=NUMERIC, categorical=CATEGORICAL)
SPLIT = Split(test_size=0.25, stratify=True, limit=None)
NO_DROP, NO_LEAK = Features(derived=(), drop=()), Leakage({}, {}, None)
SEEDS = {"split/rows": 1, "split/limit": 2, "fold/rows": 3}


def selection(folds=5, metric="accuracy"):
    return Selection(folds=folds, metric=metric)


def text(values):
    return pd.array(values, dtype=pd.StringDtype("python", na_value=np.nan))


def frame():
    return pd.DataFrame(
        {
            "a": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0],
            "b": [0.0, 1.0, 2.0, 3.0, 4.0, 500.0],
            "c": text(["x", "y", "x", None, "y", "z"]),
        }
    )


def test_derived_features_follow_their_formulas():
    """Weighted sum, ratio with epsilon, difference and log1p; missing stays missing."""
    specs = [
        {"name": "s", "kind": "weighted_sum", "weights": {"a": 2.0, "b": -1.0}},
        {"name": "r", "kind": "ratio", "numerator": "a", "denominator": "b", "epsilon": 0.5},
        {"name": "d", "kind": "difference", "left": "b", "right": "a"},
        {"name": "l", "kind": "log1p", "column": "b"},
    ]

    made = DerivedFeatures(specs, ["a"]).fit(frame()).transform(frame())

    a, b = frame()["a"].to_numpy(), frame()["b"].to_numpy()
    expected = np.column_stack([2 * a - b, a / (b + 0.5), b - a, np.log1p(b)])
    np.testing.assert_array_equal(made[["s", "r", "d", "l"]].to_numpy(), expected)
    assert list(made.columns) == ["b", "c", "s", "r", "d", "l"]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"kind": "log1p", "column": "z"}, "no column 'z'"),
        ({"kind": "log1p", "column": "c"}, "'c' is not numeric"),
        (
            {"kind": "ratio", "numerator": "a", "denominator": "b", "epsilon": 0.0},
            "not a finite number in 1 rows, first in row 0",
        ),
        ({"name": "a", "kind": "log1p", "column": "b"}, "a column of that name exists"),
    ],
)
def test_a_derived_feature_that_cannot_be_made_is_named(spec, sentence):
    """Which feature, which column, which row."""
    with pytest.raises(DataError, match=sentence):
        DerivedFeatures([{"name": "new"} | spec], []).fit(frame()).transform(frame())


def test_clipping_leaves_a_feature_without_a_range_alone():
    """Quartiles that coincide say nothing about the tails."""
    values = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0], [0.0, 4.0], [9.0, 100.0]])

    clipped = IQRClipper(factor=1.5).fit_transform(values)

    assert clipped.tolist() == [[0.0, 1.0], [0.0, 2.0], [0.0, 3.0], [0.0, 4.0], [9.0, 7.0]]


def test_preprocessing_takes_unseen_categories_and_missing_values():
    """A category that training never had is all zeros; nothing is missing afterwards."""
    features = frame().astype({"c": object})
    learned = fit_preprocessor(features, ("a", "b"), ("c",), STEPS)
    new = pd.DataFrame({"a": [np.nan], "b": [1.0], "c": np.array(["unseen"], dtype=object)})

    matrix = to_matrix(learned, new)

    assert (np.isnan(matrix).any(), matrix[0, 2:].tolist()) == (False, [0.0] * 4)


def test_a_column_with_no_value_in_the_training_rows_is_named():
    """It would vanish in silence otherwise."""
    features = pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, 2.0]})

    with pytest.raises(DataError, match="column 'a' has no value"):
        fit_preprocessor(features, ("a", "b"), (), STEPS)


def test_training_and_held_out_rows_are_parted_and_stratified():
    """Every row is in one part, in order, with the classes in proportion."""
    target = np.array(["a"] * 60 + ["b"] * 20)

    train, test = split_rows(target, Task.BINARY, SPLIT, selection(), SEEDS)

    assert (sorted([*train, *test]), len(test), (target[test] == "b").sum()) == (
        [*range(80)],
        20,
        5,
    )


def test_the_limit_draws_rows_before_they_are_split():
    """A debug profile trains on few rows of all kinds."""
    target = np.array(["a"] * 60 + ["b"] * 20)
    limited = SPLIT.model_copy(update={"limit": 40})

    train, test = split_rows(target, Task.BINARY, limited, selection(), SEEDS)

    assert (len(train), len(test), (target[train] == "b").sum() in {7, 8}) == (30, 10, True)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (np.array(["a"] * 50), "one class only: 'a'"),
        (np.array(["a"] * 50 + ["b"] * 5), "class 'b' has 5 rows"),
        (np.array(["a", "b"] * 2), "4 rows are too few for 5 folds"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(target, sentence):
    """One class, or fewer rows than folds."""
    with pytest.raises(DataError, match=sentence):
        split_rows(target, Task.BINARY, SPLIT, selection(), SEEDS)


def test_every_fold_has_every_class():
    """Folds are stratified in a classification."""
    target, rows = np.array(["a", "b", "b", "b"] * 10), np.arange(40)

    folds = fold_rows(target, Task.BINARY, rows, selection(), SEEDS)

    assert [(target[folds == k] == "a").sum() for k in range(5)] == [2] * 5


REGRESSION = Outcome(Task.REGRESSION, (), None)


def test_a_metric_that_no_float_holds_is_named_with_its_family():
    """A candidate's values may be far beyond a target that is none too large."""
    target, rows = np.arange(20.0), np.arange(20)
    guesses = {"knn": target + 1, "ridge": target * 1e200}
    parts = {k: OutOfFold(Scores(v.reshape(-1, 1), "value"), True) for k, v in guesses.items()}

    def chosen(*families):
        these = {family: parts[family] for family in families}
        return select(these, target, REGRESSION, rows, rows % 2, selection(2, "rmse"))[1]

    assert chosen("knn") == "knn"
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(DataError) as error:
        chosen("knn", "ridge")
    assert error.value.message.startswith("selection.metric: rmse of ridge is inf")
    assert "scale the target" in error.value.advice


@pytest.mark.parametrize(
    ("unit", "status", "told"),
    [
        (1e-310, 0, "check it: repro verify"),
        (1e300, 3, "next: scale the target"),
    ],
)
def test_targets_of_any_size_train_or_are_refused(project, unit, status, told):
    """Squares leave what a float holds long before the numbers themselves do."""
    rows = np.random.RandomState(0).rand(80, 2)
    lines = [f"{a!r},{b!r},{unit * (1 + a)!r}\n" for a, b in rows.tolist()]
    project.write("data/sized.csv", "a,b,y\n" + "".join(lines))
    added = project.repro(
        *("data", "add", "sized", "data/sized.csv", "--target", "y"),
        *("--licence", "MIT", "--origin", "drawn"),
    )
    assert added.status == 0, added.err
    project.replace("configs/experiments/diabetes.yaml", "dataset: diabetes", "dataset: sized")

    result = project.repro("train", "diabetes", "--profile", "debug", "-m", "ridge")

    assert (result.status, "unexpected" in result.err) == (status, False), result.err
    assert told in result.err + result.out


BINARY = Outcome(Task.BINARY, ("bad", "good"), "bad")


@pytest.mark.parametrize("kind", [LogisticRegression, SVC])
@pytest.mark.parametrize("positive", ["bad", "good"])
def test_a_high_score_means_the_positive_label_whatever_its_order(kind, positive):
    """Probabilities and decision scores both point to the declared label."""
    random = np.random.RandomState(0)
    target = np.array(["bad", "good"])[random.randint(0, 2, 100)]
    matrix = (target == positive).astype(float).reshape(-1, 1) + random.rand(100, 1) * 0.1
    outcome = Outcome(Task.BINARY, ("bad", "good"), positive)

    scores = scoring.score(kind().fit(matrix, target), matrix, outcome)

    assert scoring.labels(scores, outcome, None).tolist() == target.tolist()


def test_the_label_changes_at_the_threshold_and_the_margin_is_zero_there():
    """At or above is positive."""
    scores = Scores(np.array([[0.29], [0.3], [0.31]]), "probability")

    labels = scoring.labels(scores, BINARY, 0.3).tolist()

    assert labels == ["good", "bad", "bad"]
    np.testing.assert_allclose(scoring.margins(scores, BINARY, 0.3), [0.01, 0, 0.01], atol=1e-15)


def test_equal_scores_of_several_classes_go_to_the_first():
    """A tie is decided by the order of the labels, and its margin is zero."""
    outcome = Outcome(Task.MULTICLASS, ("a", "b", "c"), None)
    scores = Scores(np.array([[0.2, 0.4, 0.4]]), "probability")

    found = (scoring.labels(scores, outcome, None)[0], scoring.margins(scores, outcome, None)[0])

    assert found == ("b", 0.0)


def test_a_multi_class_brier_score_is_the_one_of_scikit_learn():
    """And so is the log loss."""
    random = np.random.RandomState(2)
    target = np.array(["a", "b", "c"])[random.randint(0, 3, 60)]
    values = random.dirichlet([1, 1, 1], 60)
    outcome = Outcome(Task.MULTICLASS, ("a", "b", "c"), None)
    scores = Scores(values, "probability")

    found, _ = metrics.evaluate(target, scoring.labels(scores, outcome, None), scores, outcome)

    expected = [
        sk.log_loss(target, values),
        sk.brier_score_loss(target, values, labels=["a", "b", "c"], scale_by_half=False),
        sk.roc_auc_score(target, values, multi_class="ovr", average="macro"),
    ]
    np.testing.assert_allclose([found[n] for n in ("log_loss", "brier", "roc_auc")], expected)


def test_metrics_that_need_probabilities_say_so_where_there_are_none():
    """A metric is left out with its reason, never with a made-up number."""
    target = np.array(["bad", "good", "bad", "good"])
    scores = Scores(np.array([[2.0], [-1.0], [0.5], [-3.0]]), "decision")

    _, undefined = metrics.evaluate(target, target, scores, BINARY)

    assert sorted(undefined) == ["brier", "log_loss"]


def _decided(values, truth, decision):
    target = np.where(truth, "bad", "good")
    part = OutOfFold(
        Scores(np.asarray(values, float).reshape(-1, 1), "probability"), converged=True
    )
    return decide({"m": part}, "m", target, BINARY, np.arange(len(target)), decision)


def test_the_threshold_has_the_highest_recall_that_reaches_the_precision():
    """The lowest score at which the target is met, and not one above it."""
    values = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    truth = np.array([1, 1, 0, 1, 0, 0], dtype=bool)

    found = _decided(values, truth, TargetPrecision(rule="target_precision", precision=0.75))

    assert (found.threshold, found.precision, found.recall, found.reached) == (0.6, 0.75, 1.0, True)


def test_a_precision_out_of_reach_is_said_to_be_so():
    """The best there is, and not reached."""
    found = _decided(
        [0.9, 0.8, 0.7],
        np.array([0, 1, 0], dtype=bool),
        TargetPrecision(rule="target_precision", precision=0.9),
    )

    assert (found.reached, found.threshold, found.precision) == (False, 0.8, 0.5)


def test_a_fixed_threshold_is_taken_as_it_is():
    """With the precision and recall that it has out of fold."""
    truth = np.array([1, 0, 0], dtype=bool)

    found = _decided([0.9, 0.8, 0.7], truth, FixedThreshold(rule="fixed", threshold=0.75))

    assert (found.threshold, found.precision, found.recall) == (0.75, 0.5, 1.0)


def model(path, **params):
    return Model(estimator=path, variant=None, params=params)


def test_every_random_state_gets_the_seed_and_every_n_jobs_is_one():
    """Nested estimators included."""
    nested = model(
        "sklearn.ensemble:BaggingClassifier",
        estimator={"class": "sklearn.ensemble:RandomForestClassifier", "params": {"max_depth": 2}},
    )

    params = build("bagging", nested, 7, ["sklearn"]).get_params()

    names = ("random_state", "estimator__random_state", "n_jobs", "estimator__n_jobs")
    assert [params[name] for name in names] == [7, 7, 1, 1]


@pytest.mark.parametrize(
    ("chosen", "kind", "sentence"),
    [
        (model("os:system"), ConfigError, "module 'os' is not allowed"),
        (model("sklearn.svm:SVX"), ConfigError, "has no class 'SVX'"),
        (model("sklearn.svmm:SVC"), ConfigError, "there is no module 'sklearn.svmm'"),
        (model("sklearn.svm:SVC", Cc=1), ConfigError, "SVC has no parameter 'Cc'"),
        (
            model(
                "sklearn.ensemble:BaggingClassifier",
                estimator={"class": "subprocess:Popen", "params": {}},
            ),
            ConfigError,
            "module 'subprocess' is not allowed",
        ),
    ],
)
def test_an_estimator_that_cannot_be_made_is_refused(chosen, kind, sentence):
    """Nothing outside the allowed modules is ever imported."""
    with pytest.raises(kind, match=sentence):
        build("family", chosen, 1, ["sklearn"])


def test_no_drift_where_nothing_moved_and_an_alarm_where_something_did():
    """PSI of the training rows themselves is 0; a moved feature comes first."""
    random = np.random.RandomState(4)
    training = pd.DataFrame({"a": random.rand(500), "c": text(["x", "y"] * 250)})
    settings = Drift(bins=10, epsilon=1e-4, warning=0.1, alarm=0.25)
    baseline = drift_baseline(training, ["a"], np.arange(500), settings, NO_DROP, NO_LEAK)

    still = measure(baseline, training)
    moved = measure(baseline, pd.DataFrame({"a": random.rand(500), "c": text(["z"] * 500)}))

    assert [d.psi for d in still] == [0.0, 0.0]
    assert (moved[0].feature, moved[0].level, moved[1].level) == ("c", "alarm", "stable")


def test_a_feature_that_leaves_its_range_drifts():
    """A constant that falls is as visible as one that rises."""
    training = pd.DataFrame({"a": [5.0] * 50})
    settings = Drift(bins=10, epsilon=1e-4, warning=0.1, alarm=0.25)
    baseline = drift_baseline(training, ["a"], np.arange(50), settings, NO_DROP, NO_LEAK)

    levels = [measure(baseline, pd.DataFrame({"a": [v] * 20}))[0].level for v in (3.0, 5.0, 7.0)]

    assert levels == ["alarm", "stable", "alarm"]


def test_the_index_is_the_formula_by_hand():
    """Two bins, (0.5, 0.5) against (0.2, 0.8)."""
    training = pd.DataFrame({"a": [0.0, 1.0] * 10})
    settings = Drift(bins=2, epsilon=1e-4, warning=0.1, alarm=0.25)
    baseline = drift_baseline(training, ["a"], np.arange(20), settings, NO_DROP, NO_LEAK)
    new = pd.DataFrame({"a": [0.0] * 2 + [1.0] * 8})

    expected = (0.2 - 0.5) * np.log(0.2 / 0.5) + (0.8 - 0.5) * np.log(0.8 / 0.5)
    assert measure(baseline, new)[0].psi == pytest.approx(expected, rel=1e-12)


def test_our_transformers_can_be_cloned():
    """scikit-learn's protocol holds, so that the saved pipeline can be used like any other."""
    assert clone(IQRClipper(factor=2.0)).get_params() == {"factor": 2.0}
