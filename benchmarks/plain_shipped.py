"""A shipped experiment on scikit-learn's data as a plain script: the same fits, and no record.

    python benchmarks/plain_shipped.py EXPERIMENT SEEDS.json

EXPERIMENT is breast_cancer, wine, digits or diabetes. SEEDS.json is the file of seeds of a run of
it. Preprocessing is fitted once for each fold and shared by the candidates, which is the least
work that gives these numbers.
"""

import json
import sys
from pathlib import Path

import numpy as np
from plain_credit import Clip, candidates
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

FAMILIES = {
    "breast_cancer": ("logistic_regression", "random_forest", "hist_gradient_boosting"),
    "wine": ("logistic_regression", "decision_tree", "random_forest"),
    "digits": ("logistic_regression", "knn", "svm", "random_forest"),
    "diabetes": ("ridge", "knn", "random_forest", "hist_gradient_boosting"),
}


def regressors():
    return {
        "ridge": lambda _: Ridge(alpha=1.0, solver="cholesky"),
        "knn": lambda _: KNeighborsRegressor(15, weights="distance", algorithm="brute", n_jobs=1),
        "random_forest": lambda seed: RandomForestRegressor(
            500, min_samples_leaf=3, max_features="sqrt", random_state=seed, n_jobs=1
        ),
        "hist_gradient_boosting": lambda seed: HistGradientBoostingRegressor(
            learning_rate=0.05,
            max_iter=200,
            max_leaf_nodes=15,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=seed,
        ),
    }


def read(name):
    found = getattr(datasets, f"load_{name}")()
    y = found.target if name == "diabetes" else found.target_names[found.target].astype(str)
    return found.data, y


def preprocessor(name):
    steps = (MinMaxScaler(),) if name == "digits" else (Clip(), StandardScaler())
    return make_pipeline(SimpleImputer(strategy="median"), *steps)


def makers(name):
    svm = {"svm": lambda seed: SVC(C=1.0, gamma="scale", tol=1e-4, random_state=seed)}
    known = regressors() if name == "diabetes" else {**candidates(), **svm}
    return {family: known[family] for family in FAMILIES[name]}


def scored(name, model, X, y):
    """Return what the experiment selects by, greater is better, and its test metrics."""
    if name == "diabetes":
        guess = model.predict(X)
        rmse = root_mean_squared_error(y, guess)
        mae = mean_absolute_error(y, guess)
        return -rmse, {"rmse": rmse, "mae": mae, "r2": r2_score(y, guess)}
    guess = model.predict(X)
    metrics = {
        "accuracy": accuracy_score(y, guess),
        "f1_macro": f1_score(y, guess, average="macro"),
    }
    if name == "digits":
        return metrics["f1_macro"], metrics
    p = model.predict_proba(X)
    metrics["log_loss"] = log_loss(y, p, labels=model.classes_)
    if name == "wine":
        return -metrics["log_loss"], metrics
    metrics["roc_auc"] = roc_auc_score(
        y == "malignant", p[:, list(model.classes_).index("malignant")]
    )
    return metrics["roc_auc"], metrics


def main():
    name, seeds = sys.argv[1:]
    seed = json.loads(Path(seeds).read_text())["seeds"]
    data, target = read(name)
    is_regression = name == "diabetes"
    train, test = train_test_split(
        np.arange(len(target)), test_size=0.25, random_state=seed["split/rows"],
        stratify=None if is_regression else target,
    )  # fmt: skip
    train, test = np.sort(train), np.sort(test)
    X, y = data[train], target[train]
    kind = KFold if is_regression else StratifiedKFold
    folds = kind(5, shuffle=True, random_state=seed["fold/rows"])
    scores = {family: [] for family in makers(name)}
    for fold, (inside, outside) in enumerate(folds.split(X, y)):
        learned = preprocessor(name).fit(X[inside])
        fitted, held = learned.transform(X[inside]), learned.transform(X[outside])
        for family, make in makers(name).items():
            model = make(seed.get(f"cross_validate/{family}/{fold}")).fit(fitted, y[inside])
            scores[family].append(scored(name, model, held, y[outside])[0])
    best = max(scores, key=lambda family: np.mean(scores[family]))
    learned = preprocessor(name).fit(X)
    model = makers(name)[best](seed.get(f"fit/{best}")).fit(learned.transform(X), y)
    _, metrics = scored(name, model, learned.transform(data[test]), target[test])
    json.dump({"model": best, "metrics": metrics}, sys.stdout)


if __name__ == "__main__":
    main()
