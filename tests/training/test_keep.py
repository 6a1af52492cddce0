"""The models of candidates that were not selected are those of a training in which they are."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model, metrics, model_selection, pipeline, preprocessing, tree
from tests.training import in_process

from repro.config.data import Task
from repro.core.evidence import evidence_of, metrics_of
from repro.seeding import derive

ROWS = 200
SECTIONS = {
    "split": {"test_size": 0.25, "stratify": True, "limit": None},
    "preprocessing": {
        "numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
    },
    "evaluation": {"bootstrap": None},
    "decision": {"rule": "target_precision", "precision": 0.9},
}
LINE = in_process.family("sklearn.linear_model:LogisticRegression", C=1.0)
TREE = in_process.family("sklearn.tree:DecisionTreeClassifier", max_depth=4, max_features=2)


def table():
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 3)), columns=list("abc"))
    return frame, np.where(frame["a"] + draw.normal(size=ROWS) > 0, "yes", "no")


def trained(models=None, keep="all", workers=1, **sections):
    models = models or {"line": LINE, "tree": TREE}
    selection = {"folds": 3, "metric": "roc_auc", "keep": keep}
    execution = {"workers": workers, "runs": "runs"}
    given = {"selection": selection, "execution": execution}
    config = in_process.config(Task.BINARY, "yes", models, **(SECTIONS | given | sections))
    return in_process.run(config, *table())


@pytest.fixture(scope="module")
def kept():
    return trained()


def test_a_kept_model_is_the_one_of_plain_scikit_learn(kept):
    """Fitted on all training rows by the seed of its name, with its own out-of-fold threshold."""
    frame, target = table()
    rows = np.arange(ROWS)
    seed = derive(42, "split", "rows")
    split = model_selection.train_test_split
    train, test = map(np.sort, split(rows, test_size=0.25, stratify=target, random_state=seed))
    folds = model_selection.StratifiedKFold(
        3, shuffle=True, random_state=derive(42, "fold", "rows")
    )
    scores = np.empty(len(train))
    inside = target[train]

    def made(*path):
        estimator = tree.DecisionTreeClassifier(
            max_depth=4, max_features=2, random_state=derive(42, *path)
        )
        return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)

    for number, (learned, scored) in enumerate(folds.split(train, inside)):
        model = made("cross_validate", "tree", number)
        model.fit(frame.iloc[train[learned]], inside[learned])
        scores[scored] = model.predict_proba(frame.iloc[train[scored]])[:, 1]
    precision, _, limits = metrics.precision_recall_curve(inside == "yes", scores)
    reaching = np.flatnonzero(precision[:-1] >= 0.9)
    limit = limits[reaching[0]] if reaching.size else limits[np.argmax(precision[:-1])]
    model = made("fit", "tree").fit(frame.iloc[train], inside)
    probability = model.predict_proba(frame.iloc[test])[:, 1]
    labels = np.where(probability >= limit, "yes", "no")

    assert kept.metrics.model == "line"
    assert list(kept.kept) == ["tree"]
    found = kept.metrics.candidates["tree"]
    assert found.threshold == pytest.approx(limit, abs=1e-12)
    assert found.threshold != kept.threshold.threshold
    assert found.test["accuracy"] == np.mean(labels == target[test])
    assert found.test["roc_auc"] == pytest.approx(
        metrics.roc_auc_score(target[test] == "yes", probability), abs=1e-12
    )
    np.testing.assert_array_equal(kept.kept["tree"].predict(frame.iloc[test]), labels)
    np.testing.assert_allclose(
        kept.kept["tree"].predict_proba(frame.iloc[test])[:, 1], probability, rtol=0, atol=1e-12
    )


def test_a_kept_model_is_the_one_of_a_training_of_it_alone(kept):
    """With the same seed and threshold, to the same bits."""
    alone = trained({"tree": TREE}, keep="selected")
    frame, _ = table()

    assert {name: e.value for name, e in alone.metrics.test.items()} == (
        kept.metrics.candidates["tree"].test
    )
    assert alone.threshold.threshold == kept.metrics.candidates["tree"].threshold
    np.testing.assert_array_equal(
        alone.model.predict_proba(frame), kept.kept["tree"].predict_proba(frame)
    )


def test_nothing_else_changes_and_no_worker_changes_it(kept):
    """The selected model, its metrics and predictions are those without it."""
    without, parallel = trained(keep="selected"), trained(workers=2)

    assert without.kept == {}
    assert "candidates" not in json.loads(without.metrics.model_dump_json(by_alias=True))
    assert "keep" not in {stage.name for stage in without.stages.stages}
    assert kept.metrics.test == without.metrics.test
    np.testing.assert_array_equal(kept.scores.values, without.scores.values)
    assert kept.seeds == without.seeds
    assert kept.metrics == parallel.metrics
    assert kept.stages == parallel.stages


def test_a_record_has_them_and_a_difference_names_the_candidate(kept):
    """Evidence reads back to the same; the stage has an output for each fitted part."""
    assert metrics_of(evidence_of(kept.metrics)) == kept.metrics
    other = trained({"line": LINE, "tree": in_process.family(TREE["estimator"], max_depth=2)})
    left, right = (
        next(stage for stage in each.stages.stages if stage.name == "keep").outputs
        for each in (kept, other)
    )

    assert list(left) == ["tree/preprocessor", "tree/estimator", "candidates"]
    assert {name for name in left if left[name] != right[name]} == {"tree/estimator", "candidates"}


def test_a_candidate_with_its_own_preprocessing_keeps_it():
    """Its own steps are in its pipeline, and those of the experiment in the other one."""
    plain = SECTIONS["preprocessing"]["numeric"] | {"scale": "minmax"}
    own = TREE | {"preprocessing": in_process.base().preprocessing.model_dump(mode="json")}
    own["preprocessing"]["numeric"] |= plain
    run = trained({"line": LINE, "tree": own})
    frame, _ = table()

    steps = run.kept["tree"].named_steps["preprocess"].transform(frame)
    rows = np.setdiff1d(np.arange(ROWS), run.test_rows)
    expected = preprocessing.MinMaxScaler().fit(frame.iloc[rows]).transform(frame)
    np.testing.assert_allclose(steps, expected, rtol=0, atol=1e-12)
    linear = linear_model.LogisticRegression(C=1.0)
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), linear)
    scaled.fit(frame.iloc[rows], table()[1][rows])
    np.testing.assert_allclose(
        run.model.predict_proba(frame), scaled.predict_proba(frame), rtol=0, atol=1e-9
    )
