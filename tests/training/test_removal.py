"""Outlier rows are those of a plain loop, among the rows of each fit and never among others."""

import functools
import json

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble, linear_model, model_selection, neighbors, pipeline, preprocessing
from tests.training import in_process

from repro.config.data import Task
from repro.core.errors import ConfigError, DataError
from repro.core.evidence import evidence_of, metrics_of
from repro.divergence.compare import first_divergence
from repro.seeding import derive
from repro.training import removal

ROWS = 240
NUMERIC = {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
LINE = in_process.family("sklearn.linear_model:LogisticRegression", C=1.0)
BAYES = in_process.family("sklearn.naive_bayes:GaussianNB")
FOREST = {"method": "isolation_forest", "params": {"n_estimators": 20, "contamination": 0.1}}
IQR = {"method": "iqr", "factor": 1.5}
LOCAL = {
    "method": "estimator",
    "estimator": "sklearn.neighbors:LocalOutlierFactor",
    "params": {"n_neighbors": 12, "contamination": 0.1},
    "columns": ["a", "c"],
}


def table():
    """Rows with heavy tails and missing values."""
    draw = np.random.default_rng(11)
    frame = pd.DataFrame(draw.standard_t(3, size=(ROWS, 3)), columns=list("abc"))
    target = np.where(frame["a"] + draw.normal(size=ROWS) > 0, "yes", "no")
    frame.loc[draw.random(ROWS) < 0.1, "b"] = np.nan
    return frame, target


def configured(remove, models=None, order="sorted", **sections):
    sections = {
        "split": {"test_size": 0.25, "stratify": True, "limit": None, "order": order},
        "preprocessing": {"numeric": NUMERIC, "remove_rows": remove},
        "selection": {"folds": 3, "metric": "roc_auc"},
        "evaluation": {"bootstrap": None},
    } | sections
    return in_process.config(Task.BINARY, "yes", models or {"line": LINE}, **sections)


def trained(remove, models=None, frame=None, ignored=None, **sections):
    features, target = table()
    features = features if frame is None else frame
    return in_process.run(configured(remove, models, **sections), features, target, ignored=ignored)


def outliers(method, rows):
    """Find outliers in plain NumPy and scikit-learn, among exactly these rows."""
    values = rows.to_numpy()
    filled = rows.fillna(rows.median()).to_numpy()
    seed = derive(42, "preprocess", "remove_rows")
    if method == "iqr":
        low, high = np.nanquantile(values, [0.25, 0.75], axis=0)
        reach = 1.5 * (high - low)
        return ((values < low - reach) | (values > high + reach)).any(axis=1)
    if method == "zscore":
        mean, std = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        return (np.abs(values - mean) > 2.5 * std).any(axis=1)
    if method == "isolation_forest":
        forest = ensemble.IsolationForest(n_estimators=20, contamination=0.1, random_state=seed)
        return forest.fit_predict(filled) == -1
    local = neighbors.LocalOutlierFactor(n_neighbors=12, contamination=0.1)
    return local.fit_predict(filled[:, [0, 2]]) == -1


def parts():
    rows, (_, target) = np.arange(ROWS), table()
    seed = derive(42, "split", "rows")
    split = model_selection.train_test_split
    train, test = map(np.sort, split(rows, test_size=0.25, stratify=target, random_state=seed))
    seed = derive(42, "fold", "rows")
    folds = model_selection.StratifiedKFold(3, shuffle=True, random_state=seed)
    return train, test, list(folds.split(train, target[train]))


def plain(frame, target, method, learned):
    """Remove, then learn the rest from what is left."""
    left = learned[~outliers(method, frame.iloc[learned])]
    filled = frame.fillna(frame.iloc[left].median())
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(C=1.0)
    )
    return left, model.fit(filled.iloc[left], target[left]), filled


METHODS = {
    "iqr": IQR,
    "zscore": {"method": "zscore", "limit": 2.5},
    "isolation_forest": FOREST,
    "estimator": LOCAL,
}


@pytest.mark.parametrize("method", METHODS)
def test_the_rows_and_predictions_are_those_of_a_plain_loop(method):
    """In each fold and in the end: same rows, and predictions to 1e-12."""
    frame, target = table()
    train, test, folds = parts()
    run = trained(METHODS[method])
    left, model, filled = plain(frame, target, method, train)
    counts, aucs = [], []
    for learned, scored in folds:
        inner, fitted, imputed = plain(frame, target, method, train[learned])
        counts.append(len(learned) - len(inner))
        values = fitted.predict_proba(imputed.iloc[train[scored]])[:, 1]
        truth = target[train[scored]] == "yes"
        order = values[truth][:, None] - values[~truth][None, :]
        aucs.append(np.mean((order > 0) + (order == 0) / 2))

    found = run.metrics.removed["line"]
    assert len(train) > len(left) > len(train) / 2
    assert found.train == len(train) - len(left)
    assert found.folds == tuple(counts)
    assert found.rows == len(train)
    np.testing.assert_array_equal(run.test_rows, test)
    expected = model.predict_proba(filled.iloc[test])[:, [1]]
    np.testing.assert_allclose(run.scores.values, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        run.model.predict_proba(frame.iloc[test])[:, [1]], expected, atol=1e-12
    )
    assert run.metrics.cross_validation["line"].folds == pytest.approx(aucs, abs=1e-12)


def outputs(run, stage="remove"):
    return next(each for each in run.stages.stages if each.name == stage).outputs


@pytest.mark.parametrize("method", METHODS)
def test_held_out_rows_are_never_removed_and_never_seen(method):
    """The most extreme held-out rows are all predicted, and move nothing that is learned."""
    frame, _ = table()
    before = trained(METHODS[method])
    moved = frame.copy()
    moved.iloc[before.test_rows] *= 1e6
    after = trained(METHODS[method], frame=moved)

    np.testing.assert_array_equal(after.test_rows, before.test_rows)
    assert len(after.labels) == len(before.test_rows) == ROWS // 4
    assert outputs(after) == outputs(before)
    assert outputs(after, "fit") == outputs(before, "fit")


@pytest.mark.parametrize("method", METHODS)
def test_a_fold_scores_every_row_and_finds_outliers_without_them(method, monkeypatch):
    """What is found in a fold is the same, whatever the rows are that the fold scores."""
    frame, _ = table()
    train, _, folds = parts()
    found = []
    whole = removal.remove_rows

    @functools.wraps(whole)
    def watched(*arguments, **given):
        found.append(whole(*arguments, **given)[0])
        return found[-1], whole(*arguments, **given)[1]

    monkeypatch.setattr("repro.training.removal.remove_rows", watched)
    before = trained(METHODS[method])
    learned, scored = folds[0]
    moved = frame.copy()
    moved.iloc[train[scored]] *= 1e6
    trained(METHODS[method], frame=moved)

    first, second = (each.folds["line"] for each in found)
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[1], second[1])
    assert set(first[0]) <= set(train[learned])
    assert len(before.metrics.cross_validation["line"].folds) == 3


def test_weights_are_of_the_rows_that_are_left():
    """A weighted fit is that of the weights of these rows."""
    frame, target = table()
    weights = pd.DataFrame({"w": np.random.default_rng(1).integers(1, 5, ROWS) / 1.0})
    train, test, _ = parts()
    run = trained(IQR, ignored=weights, weights={"by": "w", "metrics": False})
    left = train[~outliers("iqr", frame.iloc[train])]
    filled = frame.fillna(frame.iloc[left].median())
    scaler = preprocessing.StandardScaler().fit(filled.iloc[left])
    model = linear_model.LogisticRegression(C=1.0)
    model.fit(scaler.transform(filled.iloc[left]), target[left], weights["w"].to_numpy()[left])

    expected = model.predict_proba(scaler.transform(filled.iloc[test]))[:, [1]]
    np.testing.assert_allclose(run.scores.values, expected, rtol=0, atol=1e-12)


def test_early_stopping_divides_the_rows_that_are_left():
    """Rows to learn from and to validate on are together those that are not removed."""
    pytest.importorskip("lightgbm")
    boosting = in_process.family("lightgbm:LGBMClassifier", n_estimators=30, verbosity=-1)
    boosting["early_stopping"] = {"rounds": 3, "fraction": 0.2}
    allowed = {"security": {"allowed_modules": ["lightgbm"]}}
    run = trained(IQR, {"boosting": boosting}, **allowed)

    stopped, removed = run.metrics.early_stopping["boosting"], run.metrics.removed["boosting"]
    assert stopped.learned + stopped.validated == removed.rows - removed.train
    assert removed.train > 0


def test_groups_stay_whole_in_the_split():
    """Rows are split by groups first; those of the held-out groups are all predicted."""
    groups = pd.DataFrame({"g": [f"g{number % 12}" for number in range(ROWS)]}, dtype=object)
    split = {"test_size": 0.25, "limit": None, "kind": "group", "by": "g"}
    config = configured(IQR).model_dump(mode="json", by_alias=True)
    config["split"] = split
    run = in_process.run(
        type(in_process.base()).model_validate_json(json.dumps(config)), *table(), ignored=groups
    )
    held_out = set(groups["g"].iloc[run.test_rows])

    assert len(run.test_rows) == (groups["g"].isin(held_out)).sum()
    assert run.metrics.removed["line"].train > 0


def test_a_family_can_remove_rows_of_its_own_and_all_models_can_be_kept():
    """Only that family learns from fewer rows, also if it is not selected."""
    own = BAYES | {"preprocessing": in_process.base().preprocessing.model_dump(mode="json")}
    own["preprocessing"] |= {"numeric": NUMERIC, "remove_rows": IQR}
    selection = {"folds": 3, "metric": "roc_auc", "keep": "all"}
    run = trained(None, {"line": LINE, "bayes": own}, selection=selection)
    alone = trained(IQR, {"bayes": BAYES})
    frame, _ = table()

    assert list(run.metrics.removed) == ["bayes"]
    models = run.kept | {run.metrics.model: run.model}
    np.testing.assert_array_equal(
        models["bayes"].predict_proba(frame), alone.model.predict_proba(frame)
    )


def test_nested_folds_and_searches_remove_rows_too():
    """A nested fold learns without outliers: removing none of them gives different scores."""
    search = {"kind": "grid", "folds": 2, "space": {"C": [0.1, 1.0]}}
    models = {"line": LINE | {"search": search}}
    evaluation = {"bootstrap": None, "nested": 2}
    runs = [trained(each, models, evaluation=evaluation) for each in (IQR, None)]

    first, second = (run.metrics.nested.metrics["roc_auc"].folds for run in runs)
    assert first != second
    trials = [run.search.families["line"].trials for run in runs]
    assert [each.folds for each in trials[0]] != [each.folds for each in trials[1]]


def test_a_row_that_only_one_machine_removes_is_the_first_divergence(monkeypatch):
    """The stage is named, whatever follows from it."""
    run, found = trained(IQR), removal.Remover._found

    def one_more(self, *arguments):
        rows = found(self, *arguments)
        rows[np.flatnonzero(~rows)[0]] = True
        return rows

    monkeypatch.setattr(removal.Remover, "_found", one_more)
    divergence = first_divergence(run.stages, trained(IQR).stages)

    assert divergence.stage == "remove"
    assert "removals" in divergence.outputs


def test_a_record_keeps_the_counts():
    """Evidence reads back; without it nothing is in metrics, stages or seeds."""
    run, none = trained(FOREST), trained(None)

    assert metrics_of(evidence_of(run.metrics)) == run.metrics
    assert "removed" not in json.loads(none.metrics.model_dump_json(by_alias=True))
    assert "remove" not in {stage.name for stage in none.stages.stages}
    assert "preprocess/remove_rows" in run.seeds
    assert "preprocess/remove_rows" not in none.seeds
    assert "preprocess/remove_rows" not in trained(IQR).seeds


@pytest.mark.parametrize(
    ("remove", "words"),
    [
        ({"method": "zscore", "limit": 0.001}, "and 0 left"),
        (IQR | {"columns": ["aa"]}, "'aa' is no numeric feature"),
        (
            {"method": "estimator", "estimator": "sklearn.cluster:KMeans", "params": {}},
            "fit_predict should give -1",
        ),
        (
            {"method": "estimator", "estimator": "sklearn.svm:SVC", "params": {}},
            "no method 'fit_predict'",
        ),
    ],
)
def test_what_cannot_be_removed_is_an_error_that_names_the_key(remove, words):
    """With what to do."""
    with pytest.raises((ConfigError, DataError)) as raised:
        trained(remove)

    assert words in raised.value.message
    assert raised.value.message.startswith("preprocessing.remove_rows")
    assert raised.value.advice


def test_a_class_that_would_be_empty_is_named():
    """All rows of the rare class are extreme."""
    frame, _ = table()
    target = np.where(np.arange(ROWS) % 12 == 0, "rare", "usual")
    frame.loc[target == "rare", "a"] = 1000.0
    config = in_process.config(
        Task.BINARY,
        "rare",
        {"line": LINE},
        split={"test_size": 0.25, "stratify": True, "limit": None},
        preprocessing={"numeric": NUMERIC, "remove_rows": {"method": "iqr", "factor": 10.0}},
        selection={"folds": 2, "metric": "roc_auc"},
    )
    with pytest.raises(DataError, match="no row of class 'rare' is left"):
        in_process.run(config, frame, target)
