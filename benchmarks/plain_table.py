"""A table of numbers as a plain scikit-learn script: the fits of `repro train`, and no record.

    python benchmarks/plain_table.py TABLE.csv SEEDS.json

SEEDS.json is a file of seeds that a run of the same configuration has left.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from plain_credit import Clip, candidates
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FAMILIES = ("logistic_regression", "hist_gradient_boosting")


def preprocessor():
    return make_pipeline(SimpleImputer(strategy="median"), Clip(), StandardScaler())


def main():
    table, seeds = sys.argv[1:]
    seed = json.loads(Path(seeds).read_text())["seeds"]
    frame = pd.read_csv(table)
    target = frame.pop("y").to_numpy(dtype=str)
    train, test = train_test_split(
        np.arange(len(target)), test_size=0.25, stratify=target, random_state=seed["split/rows"]
    )
    train, test = np.sort(train), np.sort(test)
    X, y = frame.iloc[train], target[train]
    folds = StratifiedKFold(5, shuffle=True, random_state=seed["fold/rows"])
    aucs = {name: [] for name in FAMILIES}
    for fold, (inside, outside) in enumerate(folds.split(X, y)):
        learned = preprocessor().fit(X.iloc[inside])
        fitted, held = learned.transform(X.iloc[inside]), learned.transform(X.iloc[outside])
        for name in FAMILIES:
            model = candidates()[name](seed[f"cross_validate/{name}/{fold}"])
            p = model.fit(fitted, y[inside]).predict_proba(held)[:, 1]
            aucs[name].append(roc_auc_score(y[outside] == "yes", p))
    best = max(aucs, key=lambda name: np.mean(aucs[name]))
    learned = preprocessor().fit(X)
    model = candidates()[best](seed[f"fit/{best}"]).fit(learned.transform(X), y)
    p = model.predict_proba(learned.transform(frame.iloc[test]))[:, 1]
    truth = target[test]
    metrics = {
        "accuracy": accuracy_score(truth, model.classes_[(p > 0.5).astype(int)]),
        "roc_auc": roc_auc_score(truth == "yes", p),
        "log_loss": log_loss(truth == "yes", p),
    }
    json.dump({"model": best, "metrics": metrics}, sys.stdout)


if __name__ == "__main__":
    main()
