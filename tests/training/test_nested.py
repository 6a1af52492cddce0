"""Nested cross-validation is that of plain scikit-learn, and is off unless it is asked for."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn import linear_model, metrics, model_selection, preprocessing
from sklearn.pipeline import make_pipeline
from tests.training import in_process

from repro.config.data import Task
from repro.core.errors import DataError
from repro.core.evidence import evidence_of, metrics_of
from repro.core.records import FoldScores
from repro.divergence.consistency import Results, find_inconsistency
from repro.seeding import derive
from repro.training.declarations import MEANING

ROWS, OUTER, INNER = 180, 3, 2
STRENGTHS = {"weak": 0.0003, "strong": 1.0}
SECTIONS = {
    "split": {"test_size": 0.25, "stratify": True, "limit": None},
    "preprocessing": {
        "numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
    },
    "selection": {"folds": INNER, "metric": "log_loss"},
    "evaluation": {"nested": OUTER},
    "decision": {"rule": "argmax"},
}


def table():
    """Rows of which a weak model is nearly as good as a strong one."""
    draw = np.random.default_rng(17)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 9)), columns=list("abcdefghi"))
    target = np.where(0.3 * frame["a"] + draw.normal(size=ROWS) > 0, "yes", "no")
    return frame, target, pd.DataFrame({"w": draw.integers(1, 5, ROWS).astype(float)})


def settings(**sections):
    path = "sklearn.linear_model:LogisticRegression"
    models = {name: in_process.family(path, C=strength) for name, strength in STRENGTHS.items()}
    return in_process.config(Task.BINARY, "yes", models, **{**SECTIONS, **sections})


def trained(**sections):
    frame, target, weights = table()
    return in_process.run(settings(**sections), frame, target, ignored=weights)


def fitted(family, inside, weights):
    frame, target, _ = table()
    model = make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(C=STRENGTHS[family])
    )
    by = {} if weights is None else {"logisticregression__sample_weight": weights[inside]}
    return model.fit(frame.iloc[inside], target[inside], **by)


def loss(family, inside, outside, weights):
    frame, target, _ = table()
    scores = fitted(family, inside, weights).predict_proba(frame.iloc[outside])
    by = None if weights is None else weights[outside]
    return metrics.log_loss(target[outside], scores, sample_weight=by)


def folds(rows, count, *path):
    target = table()[1]
    splitter = model_selection.StratifiedKFold(count, shuffle=True, random_state=derive(42, *path))
    return [(rows[inside], rows[outside]) for inside, outside in splitter.split(rows, target[rows])]


@pytest.mark.parametrize("weighted", [False, True])
def test_each_outer_fold_is_scored_by_a_model_that_was_chosen_without_it(weighted):
    """By inner folds, as plain loops over scikit-learn's splitters and estimators do it."""
    frame, target, column = table()
    made = trained(weights={"by": "w", "metrics": True} if weighted else None)
    weights = column["w"].to_numpy() if weighted else None
    seed = derive(42, "split", "rows")
    train, _ = model_selection.train_test_split(
        np.arange(ROWS), test_size=0.25, stratify=target, random_state=seed
    )
    chosen, accuracies, losses = [], [], []
    for number, (inside, outside) in enumerate(folds(np.sort(train), OUTER, "nested", "rows")):
        inner = folds(inside, INNER, "nested", number, "fold", "rows")
        means = {
            family: np.mean([loss(family, *part, weights) for part in inner])
            for family in STRENGTHS
        }
        chosen.append(min(means, key=means.get))
        labels = fitted(chosen[-1], inside, weights).predict(frame.iloc[outside])
        by = None if weights is None else weights[outside]
        accuracies.append(metrics.accuracy_score(target[outside], labels, sample_weight=by))
        losses.append(loss(chosen[-1], inside, outside, weights))

    found = made.metrics.nested
    assert list(found.selected) == chosen
    assert found.metrics.keys() == made.metrics.test.keys()
    assert found.metrics["accuracy"].folds == pytest.approx(accuracies)
    assert found.metrics["log_loss"].folds == pytest.approx(losses, rel=1e-9)
    assert found.metrics["log_loss"].mean == pytest.approx(np.mean(losses))
    assert found.metrics["log_loss"].std == pytest.approx(np.std(losses))


def test_it_changes_nothing_else_and_is_off_by_default():
    """No stage, no seed and no value is there unless it was asked for."""
    plain, nested = trained(evaluation={"nested": None}), trained()
    left = nested.metrics.model_copy(update={"nested": None})
    names = [step.name for step in plain.stages.stages]

    assert left == plain.metrics
    assert plain.seeds.items() <= nested.seeds.items()
    assert "nested" not in names
    assert [s.name for s in nested.stages.stages if s.name not in names] == ["nested"]
    assert "nested" not in plain.metrics.model_dump(mode="json")
    values = settings(evaluation={"nested": None}).model_dump(mode="json", by_alias=True)
    assert values["evaluation"].keys() == {"bootstrap"}


def test_a_record_holds_it_and_an_edit_is_found():
    """Evidence gives the same metrics back; a changed value is not what the stage gave."""
    made = trained()
    found = made.metrics.nested
    first = found.metrics["accuracy"]
    better = FoldScores(mean=first.mean + 0.01, std=first.std, folds=first.folds)
    edited = found.model_copy(update={"metrics": found.metrics | {"accuracy": better}})

    def flaw(metrics):
        return find_inconsistency(Results(made.stages, metrics, made.threshold), MEANING)

    assert metrics_of(evidence_of(made.metrics)) == made.metrics
    assert flaw(made.metrics) is None
    for value in (edited, None):
        changed = flaw(made.metrics.model_copy(update={"nested": value}))
        assert (changed.name, changed.detail.partition(":")[0]) == (
            "metrics.nested",
            "metrics.nested is not what stages.nested.nested has the digest of",
        )


def test_too_few_rows_for_inner_folds_are_refused_before_a_fit():
    """With the class that is too rare."""
    frame, _, weights = table()
    rare = np.where(np.arange(ROWS) % 45 == 0, "yes", "no")
    with pytest.raises(DataError, match=r"evaluation.nested: class 'yes' has 3 training rows:"):
        in_process.run(settings(evaluation={"nested": 4}), frame, rare, ignored=weights)


def test_folds_of_a_column_cannot_be_nested():
    """Since the rows outside of one have one fold less."""
    values = settings().model_dump(mode="json", by_alias=True)
    values["split"] = {"kind": "predefined", "by": "a", "folds_by": "b", "limit": None}
    with pytest.raises(ValidationError, match=r"evaluation.nested: the folds inside of an outer"):
        type(settings()).model_validate_json(json.dumps(values))
