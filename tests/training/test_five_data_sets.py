"""Plain scikit-learn code and a training with its settings give the same metrics, bit for bit.

A forest, a bagging and a linear model that shuffles, each on five data sets, as people write them:
``train_test_split(random_state=42)``, a pipeline that is fitted on the training rows, and a metric.
"""

import importlib
import json

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn import metrics as sk
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.conftest import ROOT
from tests.training import in_process

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.config.data import Task
from repro.datasets.loading import load

MODELS = {
    "forest": ("sklearn.ensemble:RandomForest", {"n_estimators": 12}),
    "bagging": ("sklearn.ensemble:Bagging", {}),
    "sgd": ("sklearn.linear_model:SGD", {}),
}
# scikit-learn's own log loss does not divide by the sum of the clipped probabilities of a row.
ITS_OWN = {
    "function": "sklearn.metrics:log_loss", "name": "sklearn_log_loss",
    "greater_is_better": False, "needs": "probabilities",
}  # fmt: skip


def is_scaled(model, regression):
    """The numbers of ``load_diabetes`` come scaled."""
    return model == "sgd" and not regression


def settings(experiment, model):
    """The settings by which a training is plain code."""
    values = resolve_request(ROOT, Request(experiment)).config.model_dump(
        mode="json", by_alias=True
    )
    regression = values["task"] == Task.REGRESSION
    path, params = MODELS[model]
    values["models"] = {
        model: in_process.family(path + ("Regressor" if regression else "Classifier"), **params)
    }
    scale = "standard" if is_scaled(model, regression) else "none"
    numeric = {"impute": "median", "fill": None, "clip_iqr": None, "scale": scale}
    values |= {
        "seeding": {"scheme": "constant"},
        "split": {"test_size": 0.25, "stratify": False, "limit": None, "order": "drawn"},
        "selection": {"metric": "rmse" if regression else "accuracy", "folds": None},
        "evaluation": {"bootstrap": None},
        "decision": {"rule": "argmax"},
        "metrics": [] if regression else [ITS_OWN],
    }
    values["features"]["derived"] = []
    values["preprocessing"]["numeric"] = numeric
    config = resolve_request(ROOT, Request(experiment)).config
    return type(config).model_validate_json(json.dumps(values))


def plain_data(name):
    """The data as plain code reads it: features, target, and the columns of text."""
    if name == "credit":
        frame = pd.read_csv(ROOT / "data" / "credit.csv", keep_default_na=False, na_values=[""])
        text = ["Home", "Marital", "Records", "Job"]
        return frame.drop(columns="Status"), frame["Status"].to_numpy(str), text
    found = getattr(datasets, f"load_{name}")(as_frame=True)
    target = found.target.to_numpy()
    if name != "diabetes":
        target = np.array([str(each) for each in found.target_names])[target]
    return found.data.astype(float), target, []


def plain_model(model, regression, text, features):
    path, params = MODELS[model]
    module, kind = (path + ("Regressor" if regression else "Classifier")).split(":")
    estimator = getattr(importlib.import_module(module), kind)(random_state=42, **params)
    scale = [StandardScaler()] if is_scaled(model, regression) else []
    numeric = make_pipeline(SimpleImputer(strategy="median"), *scale)
    words = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    columns = [column for column in features.columns if column not in text]
    return make_pipeline(make_column_transformer((numeric, columns), (words, text)), estimator)


def plain_scores(fitted, rows, positive):
    """The scores of each class, or of the positive one alone."""
    known = list(fitted.classes_)
    if hasattr(fitted, "predict_proba"):
        scores = fitted.predict_proba(rows)
    else:
        scores = fitted.decision_function(rows)
    if positive is None:
        return scores
    if scores.ndim == 1:
        return scores if known[1] == positive else -scores
    return scores[:, known.index(positive)]


def of_classes(truth, guess, fitted, rows, positive):
    """Every metric of classes, by scikit-learn alone."""
    scores, known = plain_scores(fitted, rows, positive), fitted.classes_
    hits = truth == positive if positive is not None else truth[:, None] == known
    zero = {"zero_division": 0.0}
    found = {
        "accuracy": sk.accuracy_score(truth, guess),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, guess),
        "f1_macro": sk.f1_score(truth, guess, average="macro"),
        "f1_weighted": sk.f1_score(truth, guess, average="weighted"),
        "precision_macro": sk.precision_score(truth, guess, average="macro", **zero),
        "recall_macro": sk.recall_score(truth, guess, average="macro"),
        "roc_auc": sk.roc_auc_score(hits, scores),
        "average_precision": sk.average_precision_score(hits, scores),
    }
    if positive is not None:
        found["precision"] = sk.precision_score(truth, guess, pos_label=positive)
        found["recall"] = sk.recall_score(truth, guess, pos_label=positive)
    if hasattr(fitted, "predict_proba"):
        whole = fitted.predict_proba(rows)
        found["sklearn_log_loss"] = sk.log_loss(truth, whole, labels=known)
        found["log_loss"] = found["sklearn_log_loss"]
        found["brier"] = (
            sk.brier_score_loss(hits, scores)
            if positive is not None
            else sk.brier_score_loss(truth, whole, labels=known)
        )
    return found


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["breast_cancer", "wine", "digits", "diabetes", "credit"])
def test_the_metrics_of_plain_code_come_out_to_the_last_bit(name, model):
    """Each of them, with the rows and the labels; only the log loss of several classes is rounded
    otherwise, and has scikit-learn's bits where it is asked for by its function.
    """
    config = settings(name, model)
    features, target, text = plain_data(name)
    positive, regression = config.dataset.positive, config.task is Task.REGRESSION
    if regression:
        # The registry has these numbers as they were measured, and plain code has them scaled.
        found = in_process.run(config, features, target)
    else:
        table = load(ROOT, config.dataset, config.task)
        found = in_process.run(config, table.features, table.target, table.numeric)
    measured = {key: estimate.value for key, estimate in found.metrics.test.items()}

    train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=42)
    fitted = plain_model(model, regression, text, features).fit(train_x, train_y)
    guess = fitted.predict(test_x)
    if regression:
        expected = {
            "rmse": sk.root_mean_squared_error(test_y, guess),
            "mae": sk.mean_absolute_error(test_y, guess),
            "r2": sk.r2_score(test_y, guess),
        }
    else:
        expected = of_classes(test_y, guess, fitted, test_x, positive)

    assert found.test_rows.tolist() == test_x.index.tolist()
    assert found.labels.tolist() == guess.tolist()
    if config.task is Task.MULTICLASS and "log_loss" in expected:
        assert measured.pop("log_loss") == pytest.approx(expected.pop("log_loss"), rel=1e-13)
    assert measured == expected


def test_an_array_of_rows_has_means_with_other_last_bits():
    """Of the same numbers: the layout in memory is a part of plain code, as the guide says."""
    frame = datasets.load_diabetes(as_frame=True, scaled=False).data
    by_columns, by_rows = np.asfortranarray(frame), np.ascontiguousarray(frame)
    means = [StandardScaler().fit(each).mean_ for each in (by_columns, by_rows)]

    assert means[0].tolist() != means[1].tolist()
    assert means[0] == pytest.approx(means[1], rel=1e-14)
