"""Noise is predicted no better than by a guess, however the model was chosen and encoded."""

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model, model_selection, preprocessing
from tests.training import in_process

from repro.config.data import Task

ROWS, OUTER = 400, 5
LOGISTIC, TREE = "sklearn.linear_model:LogisticRegression", "sklearn.tree:DecisionTreeClassifier"
PLAIN = {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
CATEGORIES = {"impute": "constant", "fill": "missing", "min_frequency": None}
ENCODERS = {
    "target": {"transformer": "sklearn.preprocessing:TargetEncoder", "params": {}},
    "best": {
        "transformer": "sklearn.feature_selection:SelectKBest",
        "params": {"k": 4},
    },
}
SPACE = {"max_depth": [1, 2, 4, 8], "min_samples_leaf": [1, 2, 5, 15]}


def noise(seed):
    """Identifiers of rows, groups of a few rows, and numbers: nothing knows the label."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 30)), columns=[f"n{n}" for n in range(30)])
    frame["row"] = pd.array([f"r{n}" for n in draw.permutation(ROWS)], dtype=object)
    frame["few"] = pd.array([f"g{n}" for n in draw.permutation(ROWS) // 3], dtype=object)
    return frame, draw.permutation(np.repeat(["no", "yes"], ROWS // 2))


def trained(seed):
    """Search, choose, select columns and encode by the target, in every outer fold again."""
    encode = {"name": "encode", **ENCODERS["target"]}
    search = {"kind": "grid", "folds": 3, "space": SPACE}
    config = in_process.config(
        Task.BINARY,
        "yes",
        {
            "line": in_process.family(LOGISTIC, C=1.0),
            "tree": in_process.family(TREE) | {"search": search},
        },
        preprocessing={
            "numeric": PLAIN,
            "categorical": CATEGORIES,
            "groups": {"names": {"columns": ["row", "few"], "steps": [encode]}},
            "then": [{"name": "best", **ENCODERS["best"]}],
        },
        split={"test_size": 0.25, "stratify": True, "limit": None},
        selection={"folds": 3, "metric": "roc_auc"},
        evaluation={"nested": OUTER, "bootstrap": None},
        decision={"rule": "argmax"},
    )
    return in_process.run(config, *noise(seed)).metrics


@pytest.fixture(scope="module")
def found():
    return trained(3)


def test_nested_folds_estimate_a_guess_where_there_is_nothing_to_learn(found):
    """Within two standard errors of one half: of accuracy by rows, of the area by outer folds."""
    accuracy, area = found.nested.metrics["accuracy"], found.nested.metrics["roc_auc"]
    rows = ROWS * 3 // 4
    # Of a fair coin; and of the area of two samples that do not differ (Mann and Whitney, 1947).
    of_accuracy = 0.5 / np.sqrt(rows)
    half = rows / OUTER / 2
    of_area = np.sqrt((2 * half + 1) / (12 * half * half) / OUTER)

    assert len(found.nested.selected) == OUTER
    assert abs(accuracy.mean - 0.5) < 2 * of_accuracy
    assert abs(area.mean - 0.5) < 2 * of_area


def test_no_search_and_no_encoder_leaks_the_label_to_the_rows_that_are_scored(found):
    """The best of many trials may be lucky; a leak, as one by hand shows, is far beyond luck."""
    frame, target = noise(3)
    names = frame[["row", "few"]]
    encoded = preprocessing.TargetEncoder().fit(names, target).transform(names)
    leak = model_selection.cross_val_score(
        linear_model.LogisticRegression(), encoded, target, cv=3, scoring="roc_auc"
    )

    assert leak.min() > 0.9
    assert set(found.cross_validation) == {"line", "tree"}
    for scores in found.cross_validation.values():
        assert scores.mean < 0.6
    assert 0.35 < found.test["roc_auc"].value < 0.65
