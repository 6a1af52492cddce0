"""Print the digest of one fit of each booster; run as a script, in a process of its own."""

import json
import sys

import numpy as np

from repro.digest.estimators import digest_estimator


def data():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(120, 4))
    return rows, (rows[:, 0] + rng.normal(scale=0.3, size=120) > 0).astype(int)


def fitted(threads=1):
    """Fit each of them; the number of threads changes no bit of these small models."""
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from xgboost import XGBClassifier

    rows, target = data()
    models = {
        "xgboost": XGBClassifier(n_estimators=4, random_state=1, n_jobs=threads),
        "catboost": CatBoostClassifier(
            iterations=4, random_seed=1, thread_count=threads, verbose=False,
            allow_writing_files=False,
        ),
        "lightgbm": LGBMClassifier(n_estimators=4, verbosity=-1, random_state=1, n_jobs=threads),
    }  # fmt: skip
    return {name: model.fit(rows, target) for name, model in models.items()}


if __name__ == "__main__":
    models = fitted(int(sys.argv[1]))
    print(json.dumps({name: digest_estimator(model) for name, model in models.items()}))
