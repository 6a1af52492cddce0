"""Permutation importance is what a plain loop over shuffled columns gives."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn import linear_model, metrics, model_selection, pipeline, preprocessing
from tests.training import in_process

from repro.config.data import Task
from repro.config.training import Importance
from repro.core.evidence import evidence_of, metrics_of
from repro.core.records import FoldScores
from repro.report.importance import ranked, stability
from repro.seeding import derive

ROWS, REPEATS = 160, 4
SECTIONS = {
    "split": {"test_size": 0.25, "stratify": True, "limit": None},
    "preprocessing": {
        "numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
    },
    "selection": {"folds": 2, "metric": "log_loss"},
    "decision": {"rule": "argmax"},
    "evaluation": {"importance": {"repeats": REPEATS}},
}


def table():
    draw = np.random.default_rng(8)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 3)), columns=["strong", "self", "still"])
    target = np.where(frame["strong"] + frame["self"] / 3 > 0, "yes", "no")
    return frame.assign(still=1.0), target


def trained(workers=1, **sections):
    path = "sklearn.linear_model:LogisticRegression"
    models = {"line": in_process.family(path, C=1.0)}
    execution = {"execution": {"workers": workers, "runs": "runs"}}
    config = in_process.config(Task.BINARY, "yes", models, **(SECTIONS | execution | sections))
    return in_process.run(config, *table())


def test_importances_are_those_of_a_plain_loop():
    """By the same model, rows, shuffles and metric, in scikit-learn's words."""
    frame, target = table()
    seed = derive(42, "split", "rows")
    train, test = map(
        np.sort,
        model_selection.train_test_split(
            np.arange(ROWS), test_size=0.25, stratify=target, random_state=seed
        ),
    )
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(C=1.0)
    ).fit(frame.iloc[train], target[train])

    def loss(rows):
        return metrics.log_loss(target[test], model.predict_proba(rows), labels=["no", "yes"])

    found = trained().metrics.importance

    assert list(found) == ["strong", "self", "still"]
    for name, scores in found.items():
        draw = np.random.Generator(np.random.PCG64(derive(42, "importance", "shuffles")))
        rows = frame.iloc[test]
        expected = []
        for _ in range(REPEATS):
            changed = rows.copy()
            changed[name] = rows[name].to_numpy()[draw.permutation(len(rows))]
            expected.append(loss(changed) - loss(rows))
        assert scores.folds == pytest.approx(expected, abs=1e-9)
        assert scores.mean == pytest.approx(np.mean(expected), abs=1e-9)
    assert found["strong"].mean > found["self"].mean > 0
    assert set(found["still"].folds) == {0.0}


def test_those_of_folds_are_those_of_their_models_on_the_rows_that_they_score():
    """By a plain loop over scikit-learn's folds; the std is over the models."""
    frame, target = table()
    folded = {"importance": {"repeats": REPEATS, "folds": True}}
    train, _ = map(
        np.sort,
        model_selection.train_test_split(
            np.arange(ROWS),
            test_size=0.25,
            stratify=target,
            random_state=derive(42, "split", "rows"),
        ),
    )
    folds = model_selection.StratifiedKFold(
        2, shuffle=True, random_state=derive(42, "fold", "rows")
    )
    rows, labels = frame.iloc[train], target[train]
    expected = {name: [] for name in frame.columns}
    for inside, outside in folds.split(rows, labels):
        model = pipeline.make_pipeline(
            preprocessing.StandardScaler(), linear_model.LogisticRegression(C=1.0)
        ).fit(rows.iloc[inside], labels[inside])
        held = rows.iloc[outside]

        def loss(shown, model=model, truth=labels[outside]):
            return metrics.log_loss(truth, model.predict_proba(shown), labels=["no", "yes"])

        for name in frame.columns:
            draw = np.random.Generator(np.random.PCG64(derive(42, "importance", "shuffles")))
            lost = []
            for _ in range(REPEATS):
                changed = held.copy()
                changed[name] = held[name].to_numpy()[draw.permutation(len(held))]
                lost.append(loss(changed) - loss(held))
            expected[name].append(np.mean(lost))

    found = trained(evaluation=folded).metrics

    for name, scores in found.importance_by_fold.items():
        assert scores.folds == pytest.approx(expected[name], abs=1e-9)
        assert scores.std == pytest.approx(np.std(expected[name]), abs=1e-9)
    assert metrics_of(evidence_of(found)) == found
    assert found.importance == trained().metrics.importance
    assert trained(2, evaluation=folded).metrics == found


def test_ranks_are_stable_where_all_models_agree():
    """Counted by hand; equal importances share a rank."""
    by_fold = {"a": (9.0, 8.0, 7.0), "b": (2.0, 3.0, 1.0), "c": (1.0, 4.0, 0.5), "d": (0, 0, 0)}
    found = trained().metrics.model_copy(
        update={
            "importance": {n: FoldScores(mean=f[0], std=0.0, folds=f) for n, f in by_fold.items()},
            "importance_by_fold": {
                n: FoldScores(mean=f[0], std=0.0, folds=f) for n, f in by_fold.items()
            },
        }
    )

    features = ranked(found)

    assert [each.rank for each in features] == ["1", "2 to 3", "2 to 3", "4"]
    assert stability(features) == (
        "2 of 4 features have the same rank for all 3 models of the folds: a, d."
    )
    assert stability(ranked(trained().metrics)) == ""


def test_models_of_folds_need_folds():
    """Before anything is trained."""
    with pytest.raises(
        ValidationError, match=r"evaluation\.importance\.folds: selection\.folds is"
    ):
        trained(
            evaluation={"importance": {"repeats": 2, "folds": True}},
            selection={"folds": None, "metric": "log_loss"},
        )


def test_the_setting_is_in_no_configuration_where_it_is_off():
    """So that keys and digests are those of before."""
    assert Importance(repeats=3, folds=False).model_dump() == {"repeats": 3}


def test_two_workers_give_the_same_bits():
    """The order in which features are done decides nothing."""
    assert trained(workers=2).metrics.importance == trained().metrics.importance


def test_a_record_keeps_them_and_what_is_not_asked_for_is_in_none():
    """Evidence has every number, and reads back to the same."""
    with_, without = trained().metrics, trained(evaluation={"importance": None}).metrics

    assert metrics_of(evidence_of(with_)) == with_
    assert "importance" not in json.loads(without.model_dump_json(by_alias=True))
    assert "importance" not in {
        stage.name for stage in trained(evaluation={"importance": None}).stages.stages
    }
