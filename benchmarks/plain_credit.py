"""The default experiment as a plain scikit-learn script: the same fits on the same rows, no record.

It is the yardstick of `overhead.py`. Preprocessing is fitted once for each fold and shared by the
candidates, which is the least work that gives these numbers. Seeds are those of a run's seeds.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

ROOT = Path(__file__).resolve().parent.parent
CATEGORICAL = ["Home", "Marital", "Records", "Job"]
SEEDS = json.loads((Path(__file__).parent / "plain_credit_seeds.json").read_text())


class Clip(TransformerMixin, BaseEstimator):
    def fit(self, X, _y=None):
        first, third = np.quantile(X, [0.25, 0.75], axis=0)
        reach = 3.0 * (third - first)
        self.low_ = np.where(reach > 0, first - reach, -np.inf)
        self.high_ = np.where(reach > 0, third + reach, np.inf)
        return self

    def transform(self, X):
        return np.clip(X, self.low_, self.high_)


def candidates():
    return {
        "logistic_regression": lambda seed: LogisticRegression(
            C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=100, random_state=seed
        ),
        "knn": lambda _: KNeighborsClassifier(15, weights="distance", algorithm="brute", n_jobs=1),
        "decision_tree": lambda seed: DecisionTreeClassifier(
            max_depth=6, min_samples_leaf=10, random_state=seed
        ),
        "random_forest": lambda seed: RandomForestClassifier(
            500, min_samples_leaf=3, max_features="sqrt", random_state=seed, n_jobs=1
        ),
        "hist_gradient_boosting": lambda seed: HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=200,
            max_leaf_nodes=15,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=seed,
        ),
    }


def read():
    frame = pd.read_csv(ROOT / "data" / "credit.csv")
    target = frame.pop("Status").to_numpy(dtype=str)
    frame["price_to_income"] = frame["Price"] / (frame["Income"] + 1.0)
    frame["down_payment"] = frame["Price"] - frame["Amount"]
    frame["log_assets"] = np.log1p(frame["Assets"])
    frame["burden"] = frame["Expenses"] * 1.0 + frame["Debt"] * 0.01
    frame[CATEGORICAL] = frame[CATEGORICAL].astype(object)
    return frame, target


def preprocessor(frame):
    numeric = [name for name in frame.columns if name not in CATEGORICAL]
    numbers = make_pipeline(SimpleImputer(strategy="median"), Clip(), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return ColumnTransformer([("n", numbers, numeric), ("c", texts, CATEGORICAL)])


def matrix(learned, frame):
    return np.ascontiguousarray(learned.transform(frame))


def main():
    frame, target = read()
    rows = np.arange(len(target))
    train, test = train_test_split(
        rows, test_size=0.25, stratify=target, random_state=SEEDS["split/rows"]
    )
    train, test = np.sort(train), np.sort(test)
    X, y = frame.iloc[train], target[train]
    folds = StratifiedKFold(5, shuffle=True, random_state=SEEDS["fold/rows"])
    scores = {name: np.empty(len(train)) for name in candidates()}
    aucs = {name: [] for name in candidates()}
    for fold, (inside, outside) in enumerate(folds.split(X, y)):
        learned = preprocessor(frame).fit(X.iloc[inside])
        fitted, held = matrix(learned, X.iloc[inside]), matrix(learned, X.iloc[outside])
        for name, make in candidates().items():
            model = make(SEEDS[f"cross_validate/{name}/{fold}"]).fit(fitted, y[inside])
            scores[name][outside] = model.predict_proba(held)[:, list(model.classes_).index("bad")]
            aucs[name].append(roc_auc_score(y[outside] == "bad", scores[name][outside]))
    best = max(aucs, key=lambda name: np.mean(aucs[name]))
    precision, _, thresholds = precision_recall_curve(y == "bad", scores[best])
    threshold = thresholds[np.flatnonzero(precision[:-1] >= 0.7)[0]]
    learned = preprocessor(frame).fit(X)
    model = candidates()[best](SEEDS[f"fit/{best}"]).fit(matrix(learned, X), y)
    index = list(model.classes_).index("bad")
    p = model.predict_proba(matrix(learned, frame.iloc[test]))[:, index]
    truth, guess = target[test], np.where(p >= threshold, "bad", "good")
    macro = {"average": "macro", "zero_division": 0.0}
    metrics = {
        "accuracy": accuracy_score(truth, guess),
        "balanced_accuracy": balanced_accuracy_score(truth, guess),
        "f1_macro": f1_score(truth, guess, **macro),
        "f1_weighted": f1_score(truth, guess, average="weighted", zero_division=0.0),
        "precision_macro": precision_score(truth, guess, **macro),
        "recall_macro": recall_score(truth, guess, **macro),
        "roc_auc": roc_auc_score(truth == "bad", p),
        "average_precision": average_precision_score(truth == "bad", p),
        "log_loss": log_loss(truth == "bad", p),
        "brier": brier_score_loss(truth == "bad", p),
    }
    json.dump({"model": best, "metrics": metrics}, sys.stdout)


if __name__ == "__main__":
    main()
