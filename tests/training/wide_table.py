"""A table of sixty columns: dates, texts, thousands of categories, numbers with missing values.

Run as a program, it trains on such a table and prints how much memory that took.
"""

import json
import resource
import sys

import numpy as np
import pandas as pd
from tests.training import in_process

from repro.config.data import Task

LEVELS = 3000
DATES, TEXTS, CITIES, KINDS, NUMBERS = (
    [f"{name}{number:02d}" for number in range(count)]
    for name, count in (("date", 6), ("note", 2), ("city", 8), ("kind", 14), ("number", 30))
)
WORDS = [f"word{number}" for number in range(400)]
LOGISTIC = "sklearn.linear_model:SGDClassifier"


def table(rows, seed=9):
    """Draw the table and its target; one in ten values is missing."""
    draw = np.random.default_rng(seed)
    columns = {name: draw.normal(size=rows) for name in NUMBERS}
    start = pd.Timestamp("2019-01-01")
    for name in DATES:
        days = start + pd.to_timedelta(draw.integers(0, 1500, rows), unit="D")
        columns[name] = days.strftime("%Y-%m-%d").to_numpy(dtype=object)
    for name in CITIES:
        columns[name] = _chosen(draw, [f"{name}_{level}" for level in range(LEVELS)], rows)
    for name in KINDS:
        columns[name] = _chosen(draw, [f"{name}_{level}" for level in range(12)], rows)
    for name in TEXTS:
        words = _chosen(draw, WORDS, rows * 6).reshape(rows, 6)
        columns[name] = np.array([" ".join(row) for row in words], dtype=object)
    frame = pd.DataFrame(columns)
    for name in frame.columns:
        frame.loc[draw.random(rows) < 0.1, name] = np.nan
    signal = columns[NUMBERS[0]] + (columns[KINDS[0]] == f"{KINDS[0]}_3") * 2.0
    target = np.where(signal + draw.normal(size=rows) > 0.2, "yes", "no")
    # As a data set is read: text that one value of text is shared by.
    texts = dict.fromkeys([*DATES, *CITIES, *KINDS, *TEXTS], pd.StringDtype("python", np.nan))
    return frame.astype(texts), target


def _chosen(draw, values, size):
    return np.array(values, dtype=object)[draw.integers(0, len(values), size)]


def step(name, transformer, **params):
    return {"name": name, "transformer": transformer, "params": params}


def groups():
    """Every kind of encoder: dates, target, hashing, ordinal, one-hot and words."""
    blank = {"strategy": "constant", "fill_value": "missing"}
    fill = step("fill", "sklearn.impute:SimpleImputer", **blank)
    ordinal = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    return {
        "dates": {
            "columns": DATES,
            "steps": [
                step(
                    "parts",
                    "repro.transformers:DatetimeParts",
                    parts=["month", "day_of_week", "days"],
                    format="%Y-%m-%d",
                    fill=0.0,
                ),
                step("scale", "sklearn.preprocessing:StandardScaler"),
            ],
        },
        "target": {
            "columns": CITIES[:3],
            "steps": [fill, step("encode", "sklearn.preprocessing:TargetEncoder")],
        },
        "hashed": {
            "columns": CITIES[3:5],
            "steps": [step("hash", "repro.transformers:HashedCategories", n_features=256)],
        },
        "codes": {
            "columns": KINDS[:4],
            "steps": [fill, step("encode", "sklearn.preprocessing:OrdinalEncoder", **ordinal)],
        },
        "words": {
            "columns": TEXTS,
            "steps": [step("words", "sklearn.feature_extraction.text:TfidfVectorizer", min_df=2)],
        },
    }


def config(workers=1):
    """Cities that no group names are one-hot: thousands of columns, which stay sparse."""
    numeric = {"impute": "median", "fill": None, "clip_iqr": 3.0, "scale": "standard"}
    categorical = {"impute": "constant", "fill": "missing", "min_frequency": None}
    return in_process.config(
        Task.BINARY,
        "yes",
        {"line": in_process.family(LOGISTIC, loss="log_loss", max_iter=5, tol=None)},
        preprocessing={"numeric": numeric, "categorical": categorical, "groups": groups()},
        split={"test_size": 0.25, "stratify": True, "limit": None},
        selection={"folds": 3, "metric": "log_loss"},
        decision={"rule": "argmax"},
        execution={"workers": workers, "runs": "runs"},
    )


def size_of(frame):
    """Return the bytes of a frame, each of its texts counted."""
    return int(frame.memory_usage(deep=True).sum())


def peak():
    """Return the greatest bytes that this process has taken, by Linux's count of kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(path):
    """Train on a table that another process has drawn, which leaves nothing of its own behind."""
    small, target = table(400)
    in_process.run(config(), small, target)
    imports = peak()
    frame, target = pd.read_pickle(path)
    numeric = [name for name in frame.columns if name in NUMBERS]
    training = in_process.run(config(), frame, target, numeric=numeric)
    made = {"data": size_of(frame), "more": peak() - imports}
    made["width"] = len(training.model["preprocess"].names_)
    print(json.dumps(made))


if __name__ == "__main__":
    main(sys.argv[1])
