"""Weights of rows: fits, metrics and intervals are those of plain scikit-learn."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.sparse import csr_matrix
from sklearn import ensemble, linear_model, metrics, model_selection, preprocessing
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import make_pipeline
from tests.training import in_process

from repro.config.data import Task
from repro.config.metrics import Needs, OwnMetric
from repro.config.training import Model
from repro.config.weights import Weights
from repro.core.errors import ConfigError, DataError
from repro.core.records import Prediction, Predictions
from repro.core.verdict import Outcome
from repro.divergence.consistency import Results, find_inconsistency
from repro.divergence.held_out import find_odd_row
from repro.divergence.numbers import check_predictions
from repro.divergence.recount import recount
from repro.divergence.tolerance import Limits, Tolerance
from repro.execution.pipeline import predictions_of
from repro.seeding import derive
from repro.store.predictions import read_predictions, write_predictions
from repro.training.declarations import MEANING
from repro.training.fitting import fit
from repro.training.measures import load_measures
from repro.training.weights import weights_of

ROWS, FOLDS = 320, 4
SPLIT = {"test_size": 0.25, "stratify": True, "limit": None}
STEPS = {"numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}}
FAMILIES = {
    "logistic": in_process.family("sklearn.linear_model:LogisticRegression", C=0.5, max_iter=500),
    "forest": in_process.family("sklearn.ensemble:RandomForestClassifier", n_estimators=12),
}
REGRESSORS = {
    "ridge": in_process.family("sklearn.linear_model:Ridge", alpha=2.0),
    "trees": in_process.family("sklearn.ensemble:ExtraTreesRegressor", n_estimators=12),
}
DECISION = {"rule": "target_precision", "precision": 0.6}


def table(task=Task.BINARY):
    """Rows whose weights depend on a feature; a tenth of them count nothing."""
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 4)), columns=list("abcd"))
    signal = frame["a"] + 0.5 * frame["b"] + draw.normal(size=ROWS)
    target = np.where(signal > 0.3, "yes", "no")
    if task is Task.MULTICLASS:
        target = np.digitize(signal, [-0.7, 0.7]).astype(str)
    if task is Task.REGRESSION:
        target = signal.to_numpy() * 3 + 1
    weights = np.exp(frame["c"].to_numpy()) * (draw.random(ROWS) > 0.1)
    return frame, target, pd.DataFrame({"w": weights})


def settings(task=Task.BINARY, models=None, **sections):
    sections = {
        "split": SPLIT,
        "preprocessing": STEPS,
        "selection": {"folds": FOLDS, "metric": "mae" if task is Task.REGRESSION else "log_loss"},
        "weights": {"by": "w", "metrics": True},
        **sections,
    }
    models = models or (REGRESSORS if task is Task.REGRESSION else FAMILIES)
    return in_process.config(task, "yes" if task is Task.BINARY else None, models, **sections)


def trained(task=Task.BINARY, models=None, ignored=None, **sections):
    frame, target, weights = table(task)
    ignored = weights if ignored is None else ignored
    return in_process.run(settings(task, models, **sections), frame, target, ignored=ignored)


def estimator(family, seed):
    """The estimators of the families above, written again."""
    return {
        "logistic": linear_model.LogisticRegression(C=0.5, max_iter=500, random_state=seed),
        "forest": ensemble.RandomForestClassifier(n_estimators=12, random_state=seed),
        "ridge": linear_model.Ridge(alpha=2.0, random_state=seed),
        "trees": ensemble.ExtraTreesRegressor(n_estimators=12, random_state=seed),
    }[family]


def split_of(task):
    """Training and held-out rows, and the folds of training rows, by scikit-learn."""
    _, target, _ = table(task)
    strata = None if task is Task.REGRESSION else target
    train, test = model_selection.train_test_split(
        np.arange(ROWS), test_size=0.25, stratify=strata, random_state=derive(42, "split", "rows")
    )
    train, test = np.sort(train), np.sort(test)
    kind = model_selection.KFold if task is Task.REGRESSION else model_selection.StratifiedKFold
    folds = kind(FOLDS, shuffle=True, random_state=derive(42, "fold", "rows"))
    return train, test, [(train[i], train[o]) for i, o in folds.split(train, target[train])]


def fitted(family, seed, task, rows):
    frame, target, weights = table(task)
    model = make_pipeline(preprocessing.StandardScaler(), estimator(family, seed))
    name = f"{model.steps[-1][0]}__sample_weight"
    return model.fit(frame.iloc[rows], target[rows], **{name: weights["w"].to_numpy()[rows]})


def expected(task, rows, labels, scores):
    """Every built-in metric of some rows by scikit-learn, with the weights of the rows."""
    truth, by = (
        table(task)[1][rows],
        {"sample_weight": table(task)[2]["w"].to_numpy()[rows]},
    )
    if task is Task.REGRESSION:
        return {
            "rmse": metrics.root_mean_squared_error(truth, labels, **by),
            "mae": metrics.mean_absolute_error(truth, labels, **by),
            "r2": metrics.r2_score(truth, labels, **by),
        }
    classes = np.unique(table(task)[1])
    columns = metrics.log_loss(truth, scores, labels=classes, **by)
    found = {"accuracy": metrics.accuracy_score(truth, labels, **by), "log_loss": columns}
    found["balanced_accuracy"] = metrics.balanced_accuracy_score(truth, labels, **by)
    for name, score in (("f1", metrics.f1_score), ("precision", metrics.precision_score),
                        ("recall", metrics.recall_score)):  # fmt: skip
        found[f"{name}_macro"] = score(truth, labels, average="macro", zero_division=0, **by)
    found["f1_weighted"] = metrics.f1_score(truth, labels, average="weighted", **by)
    hits = (truth[:, None] == classes).astype(float)
    if task is Task.BINARY:
        scores, hits = scores[:, 1], hits[:, 1]
        positive = {"pos_label": "yes", "zero_division": 0, **by}
        found["precision"] = metrics.precision_score(truth, labels, **positive)
        found["recall"] = metrics.recall_score(truth, labels, **positive)
        found["brier"] = metrics.brier_score_loss(hits, scores, **by)
    else:
        found["brier"] = np.average(((scores - hits) ** 2).sum(axis=1), weights=by["sample_weight"])
    found["roc_auc"] = metrics.roc_auc_score(hits, scores, average="macro", **by)
    found["average_precision"] = metrics.average_precision_score(hits, scores, **by)
    return found


def scores_of(model, rows, task):
    """Predictions as the run decides on them, and the probabilities."""
    features = table(task)[0].iloc[rows]
    if task is Task.REGRESSION:
        return model.predict(features), None
    return model.predict(features), model.predict_proba(features)


@pytest.fixture(scope="module", params=list(Task))
def run(request):
    return request.param, trained(request.param)


def test_cross_validation_and_the_final_fit_are_those_of_scikit_learn(run):
    """With weights in the fits and in the metrics, by the same seeds."""
    task, made = run
    train, test, folds = split_of(task)
    metric = made.metrics.selection_metric
    for family, found in made.metrics.cross_validation.items():
        values = []
        for number, (inside, outside) in enumerate(folds):
            seed = derive(42, "cross_validate", family, number)
            model = fitted(family, seed, task, inside)
            values.append(expected(task, outside, *scores_of(model, outside, task))[metric])
        assert found.folds == pytest.approx(values, rel=1e-9)
        assert (found.mean, found.std) == pytest.approx((np.mean(values), np.std(values)))

    model = fitted(made.metrics.model, derive(42, "fit", made.metrics.model), task, train)
    measured = expected(task, test, *scores_of(model, test, task))
    found = {name: each.value for name, each in made.metrics.test.items()}
    assert made.test_rows.tolist() == test.tolist()
    assert found == pytest.approx(measured, rel=1e-9)
    assert recount(predictions_of(made)) == pytest.approx(measured, rel=1e-8)


def test_the_constant_guess_is_weighted(run):
    """It learns the weighted shares or mean, and is measured with weights."""
    task, made = run
    train, test, _ = split_of(task)
    _, target, weights = table(task)
    guess = DummyRegressor() if task is Task.REGRESSION else DummyClassifier(strategy="prior")
    guess.fit(np.zeros((len(train), 1)), target[train], weights["w"].to_numpy()[train])
    blank = np.zeros((len(test), 1))
    scores = None if task is Task.REGRESSION else guess.predict_proba(blank)
    measured = expected(task, test, guess.predict(blank), scores)

    assert made.metrics.constant == pytest.approx(measured)


def test_intervals_are_of_resampled_rows_with_their_weights(run):
    """Rows of weight 0 are not drawn; each other one brings its weight as often as it is drawn."""
    task, made = run
    _, target, weights = table(task)
    rows = made.test_rows[weights["w"].to_numpy()[made.test_rows] > 0]
    model = fitted(
        made.metrics.model, derive(42, "fit", made.metrics.model), task, split_of(task)[0]
    )
    labels, scores = scores_of(model, rows, task)
    random = np.random.RandomState(derive(42, "evaluate", "bootstrap"))
    options = settings(task).evaluation.bootstrap
    strata = [np.arange(len(rows))]
    if task is not Task.REGRESSION:
        strata = [np.flatnonzero(target[rows] == name) for name in np.unique(target[rows])]
    parts = [m[random.randint(0, len(m), size=(options.resamples, len(m)))] for m in strata]
    drawn = np.concatenate(parts, axis=1)
    values = [
        expected(task, rows[each], labels[each], None if scores is None else scores[each])
        for each in drawn
    ]
    tail = (1 - options.confidence) / 2
    for name, found in made.metrics.test.items():
        span = np.quantile([each[name] for each in values], [tail, 1 - tail])
        assert (found.low, found.high) == pytest.approx(tuple(span), rel=1e-9), name


def test_a_threshold_reaches_its_precision_by_weight():
    """The lowest out-of-fold score at which the weighted precision is as high as asked for."""
    made = trained(decision=DECISION, models={"logistic": FAMILIES["logistic"]})
    _, target, weights = table()
    train, _, folds = split_of(Task.BINARY)
    scores = pd.Series(0.0, index=train)
    for number, (inside, outside) in enumerate(folds):
        seed = derive(42, "cross_validate", "logistic", number)
        model = fitted("logistic", seed, Task.BINARY, inside)
        scores[outside] = scores_of(model, outside, Task.BINARY)[1][:, 1]
    weight, hit = weights["w"].to_numpy()[train], target[train] == "yes"
    reaching = [
        limit
        for limit in scores
        if weight[(scores >= limit) & hit].sum() >= 0.6 * weight[scores >= limit].sum() > 0
    ]
    above = (scores >= min(reaching)).to_numpy()

    assert made.threshold.threshold == pytest.approx(min(reaching))
    assert made.threshold.precision == pytest.approx(
        weight[above & hit].sum() / weight[above].sum()
    )
    assert made.threshold.recall == pytest.approx(weight[above & hit].sum() / weight[hit].sum())


def test_weights_may_count_in_fits_alone():
    """The models are the same, and no metric has weights."""
    made = trained(weights={"by": "w", "metrics": False})
    train, test, _ = split_of(Task.BINARY)
    model = fitted(made.metrics.model, derive(42, "fit", made.metrics.model), Task.BINARY, train)
    labels = model.predict(table()[0].iloc[test])
    inputs = {step.name: step.inputs for step in made.stages.stages}

    accuracy = metrics.accuracy_score(table()[1][test], labels)
    assert made.metrics.test["accuracy"].value == pytest.approx(accuracy)
    assert made.weights is None
    assert {name for name, given in inputs.items() if "fit_weights" in given} == {
        "cross_validate",
        "fit",
    }
    assert not [name for name, given in inputs.items() if "metric_weights" in given]


def test_equal_weights_change_no_metric():
    """Weights of 1 are the same as none, but for the inputs of the stages."""
    ones = pd.DataFrame({"w": np.ones(ROWS)})
    weighted, plain = trained(ignored=ones), trained(weights=None, ignored=ones)

    for name, found in plain.metrics.test.items():
        assert weighted.metrics.test[name].value == pytest.approx(found.value, rel=1e-12)
        assert weighted.metrics.test[name].low == pytest.approx(found.low, rel=1e-9)


def test_a_pipeline_passes_weights_on():
    """To its last step."""
    pipeline = in_process.family(
        "sklearn.pipeline:Pipeline",
        steps=[
            ["scale", {"class": "sklearn.preprocessing:MinMaxScaler"}],
            ["model", {"class": "sklearn.linear_model:LogisticRegression", "params": {"C": 0.5}}],
        ],
    )
    made = trained(models={"p": pipeline})
    train, test, _ = split_of(Task.BINARY)
    frame, target, weights = table()
    plain = make_pipeline(
        preprocessing.StandardScaler(),
        preprocessing.MinMaxScaler(),
        linear_model.LogisticRegression(C=0.5),
    )
    plain.fit(
        frame.iloc[train],
        target[train],
        logisticregression__sample_weight=weights["w"].to_numpy()[train],
    )

    expected_scores = plain.predict_proba(frame.iloc[test])[:, 1]
    assert made.scores.values[:, 0] == pytest.approx(expected_scores, rel=1e-9)


def test_an_estimator_that_is_given_a_dense_matrix_gets_weights():
    """From a sparse one, whose rare columns it leaves out."""
    draw = np.random.default_rng(5)
    dense = (draw.random((ROWS, 6)) < [0.5, 0.4, 0.3, 0.01, 0.6, 0.5]).astype(float)
    target = np.where(dense[:, 0] + draw.normal(size=ROWS) > 0.5, "yes", "no")
    weights = table()[2]["w"].to_numpy()
    path = "sklearn.ensemble:HistGradientBoostingClassifier"
    model = Model(**in_process.family(path, max_iter=5))
    wide, _ = fit("trees", model, 7, ["sklearn"], csr_matrix(dense), target, weights)
    plain = ensemble.HistGradientBoostingClassifier(max_iter=5, random_state=7)
    plain.fit(dense, target, sample_weight=weights)

    found = wide.predict_proba(csr_matrix(dense))
    assert found == pytest.approx(plain.predict_proba(dense), rel=1e-9)


def mean_error(y_true, y_pred):
    return float(np.mean(y_true != y_pred))


def weighted_error(y_true, y_pred, sample_weight=None):
    return float(np.average(y_true != y_pred, weights=sample_weight))


OWN = {"greater_is_better": False, "needs": Needs.LABELS}
MODULES = {"allowed_modules": ["sklearn", "tests"]}


def test_an_own_metric_is_weighted_too():
    """Its value and its interval are those of the accuracy, from 1."""
    own = [OwnMetric(function=f"{__name__}:weighted_error", **OWN)]
    config = settings(security=MODULES).model_copy(update={"metrics": tuple(own)})
    frame, target, weights = table()
    found = in_process.run(config, frame, target, ignored=weights).metrics.test

    assert found["weighted_error"].value == pytest.approx(1 - found["accuracy"].value)
    assert found["weighted_error"].high == pytest.approx(1 - found["accuracy"].low)


def test_an_own_metric_that_takes_no_weights_is_refused():
    """Unless metrics are not weighted."""
    own = OwnMetric(function=f"{__name__}:mean_error", **OWN)
    allowed = ["sklearn", "tests"]
    plain = load_measures(Task.BINARY, [own], allowed)
    with pytest.raises(ConfigError, match="has no parameter 'sample_weight'") as caught:
        load_measures(Task.BINARY, [own], allowed, weighted=True)

    assert plain.named("mean_error").own
    assert caught.value.message.startswith("metrics.0.function: ")
    assert caught.value.advice == "give it one, or set weights.metrics: false"


def member(path, **params):
    return {"class": path, "params": params}


KNN = member("sklearn.neighbors:KNeighborsClassifier")
LOGISTIC = member("sklearn.linear_model:LogisticRegression")
REFUSED = {
    "a plain one": in_process.family(KNN["class"]),
    "the last step": in_process.family("sklearn.pipeline:Pipeline", steps=[["model", KNN]]),
    "a member": in_process.family(
        "sklearn.ensemble:VotingClassifier",
        voting="soft", estimators=[["one", LOGISTIC], ["other", KNN]],
    ),
    "a final one": in_process.family(
        "sklearn.ensemble:StackingClassifier",
        estimators=[["one", LOGISTIC]], final_estimator=KNN,
    ),
    "a calibrated one": in_process.family(
        "sklearn.calibration:CalibratedClassifierCV", estimator=KNN
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_estimator_that_takes_no_weights_is_refused(name):
    """With its family and its key, before any candidate is fitted."""
    with pytest.raises(ConfigError, match="KNeighborsClassifier takes no sample_weight") as caught:
        trained(models={"odd": REFUSED[name]})

    assert caught.value.message.startswith("models.odd.estimator: ")
    assert caught.value.advice == "remove odd from 'families', or remove 'weights'"


ACCEPTED = {
    "voting": in_process.family(
        "sklearn.ensemble:VotingClassifier",
        voting="soft", estimators=[["one", LOGISTIC], ["other", "drop"]],
    ),
    "stacking": in_process.family(
        "sklearn.ensemble:StackingClassifier", cv=2, estimators=[["one", LOGISTIC]]
    ),
    "bagging": in_process.family("sklearn.ensemble:BaggingClassifier", estimator=KNN),
}  # fmt: skip


def test_ensembles_of_estimators_that_take_weights_are_fitted():
    """Each of them gives a score that depends on the weights."""
    weighted = trained(models=ACCEPTED).metrics.cross_validation
    plain = trained(models=ACCEPTED, weights=None).metrics.cross_validation

    assert {name: weighted[name].folds != plain[name].folds for name in ACCEPTED} == dict.fromkeys(
        ACCEPTED, True
    )


def column(**changes):
    """Weights of 1 but for some rows, which are named by ``at_NUMBER``."""
    values = {int(name.removeprefix("at_")): value for name, value in changes.items()}
    return pd.DataFrame({"w": [values.get(row, 1.0) for row in range(12)]})


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (column(at_3=np.nan, at_7=np.nan), "'w' has no value in rows 3, 7, counted from 0"),
        (column(at_5=-2.0), "'w' has a negative weight (-2 first) in row 5, counted from 0"),
        (column(at_4="heavy"), "'w' has 'heavy', which is no finite number, in row 4,"),
        (column(at_2="1_000"), "'w' has '1_000', which is no finite number, in row 2,"),
        (column(at_2=np.inf), "'w' has inf, which is no finite number, in row 2, counted from 0"),
        (column(at_2="inf"), "'w' has 'inf', which is no finite number, in row 2, counted from 0"),
        (pd.DataFrame({"w": np.zeros(12)}), "the column 'w' is 0 in each of the 12 rows"),
        (pd.DataFrame({"w": -np.ones(12)}), "in rows 0, 1, 2, 3, 4 and 7 more, counted from 0"),
    ],
)
def test_a_weight_that_is_none_is_refused(frame, sentence):
    """With the key, the column, what was found, and the rows."""
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        weights_of(Weights(by="w", metrics=True), frame)

    assert caught.value.message.startswith("weights.by: the column 'w' ")
    assert "weight" in caught.value.advice


def test_a_class_without_weight_is_refused():
    """Before anything is fitted, in all rows, in a fold, and in the held-out rows."""
    _, target, _ = table()
    _, test, folds = split_of(Task.BINARY)
    for rows, what in (
        (np.arange(ROWS), "rows of class 'yes'"),
        (folds[0][0], "rows that fold 1 learns from of class 'yes'"),
        (test, "held-out rows of class 'yes'"),
    ):
        changed = np.where(np.isin(np.arange(ROWS), rows) & (target == "yes"), 0, 1)
        with pytest.raises(DataError, match=f"weights.by: all {what} have the weight 0"):
            trained(ignored=pd.DataFrame({"w": changed}), models={"logistic": FAMILIES["logistic"]})


def test_the_column_is_never_a_feature():
    """Where the data set declares it as one, it is left out."""
    frame, target, weights = table()
    declared = in_process.run(settings(), frame.join(weights), target)
    ignored = trained()

    assert declared.metrics == ignored.metrics
    assert declared.model.predict(frame).tolist() == ignored.model.predict(frame).tolist()


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"weights": {"by": "target", "metrics": True}}, "weights.by: 'target' is the target"),
        (
            {"split": {"kind": "time", "by": "w"}},
            "weights.by: rows are split by 'w'; name a different column",
        ),
        ({"weights": {"by": "w"}}, "metrics"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(sections, sentence):
    """With the key."""
    values = settings().model_dump(mode="json", by_alias=True)
    values["dataset"]["target"] = "target"
    if "split" in sections:
        del values["split"]["stratify"]
    for name, changes in sections.items():
        values[name] = changes if name == "weights" else values[name] | changes
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        type(settings()).model_validate_json(json.dumps(values))


def test_a_configuration_without_weights_says_nothing_of_them():
    """Nor of one draw of folds: keys and digests are those of before there were both."""
    values = settings(weights=None).model_dump(mode="json", by_alias=True)

    assert "weights" not in values
    assert values["selection"].keys() == {"folds", "metric"}


def test_a_weight_that_differs_is_named_by_a_comparison():
    """With its row and both values; a tolerance never applies to it."""
    found = predictions_of(trained())
    first, *others = found.rows
    heavier = found.model_copy(
        update={"rows": (first.model_copy(update={"weight": first.weight + 1e-9}), *others)}
    )
    limits = Limits(Tolerance(0.1, 0.1), {})
    checks = [each for each in check_predictions(found, heavier, limits) if each.detail]

    assert [(each.name, each.outcome) for each in checks] == [
        (f"predictions.{first.row}", Outcome.DIFFERS)
    ]
    assert checks[0].detail.startswith(f"the weight of row {first.row} differs: reference ")


def found_inconsistency(predictions):
    """Return what does not fit in the results of a training with other predictions."""
    made = trained()
    results = Results(made.stages, made.metrics, made.threshold, predictions, made.baseline)
    return find_inconsistency(results, MEANING)


def test_predictions_keep_the_weights_that_their_metrics_need():
    """In their file, to the last bit, and rows of which only some have one were edited."""
    found = predictions_of(trained())
    content = write_predictions(found)
    first, *others = found.rows
    edited = Predictions(
        total=found.total,
        scores=found.scores,
        rows=(first.model_copy(update={"weight": None}), *others),
    )
    threshold = trained().threshold
    none = [row.model_copy(update={"weight": 0.0}) for row in found.rows]
    weightless = found.model_copy(update={"rows": tuple(none)})

    assert content.splitlines()[0] == b"row,truth,label,score:yes,margin,weight"
    assert read_predictions(content, "predictions.csv") == found
    weights = table()[2]["w"].to_numpy()
    assert [row.weight for row in found.rows] == weights[[row.row for row in found.rows]].tolist()
    assert find_odd_row(found, threshold) == ""
    assert "it has no weight, and other rows have one" in find_odd_row(edited, threshold)
    assert "its weight is 0, and so is that of every row" in find_odd_row(weightless, threshold)
    assert found_inconsistency(found) is None
    heavier = first.model_copy(update={"weight": first.weight + 1})
    changed = found.model_copy(update={"rows": (heavier, *others)})
    assert found_inconsistency(changed).name == "predictions"
    assert "one of the two was edited" in found_inconsistency(changed).detail
    with pytest.raises(ValidationError):
        Prediction(row=0, truth="a", label="a", scores=(1.0,), margin=0.5, weight=-1.0)
