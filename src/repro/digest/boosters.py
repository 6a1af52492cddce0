"""The content of fitted gradient boosting models: everything that decides a prediction.

A model's own file also has what differs from fit to fit: a random name, the time, the number of
threads, the version of the library. Every digest of a booster is made of these functions.
"""

from __future__ import annotations

import json
from typing import Any, Final

RUNNING: Final = frozenset(
    {"thread_count", "verbose", "verbose_eval", "silent", "logging_level", "metric_period"}
    | {"allow_writing_files", "train_dir", "used_ram_limit"}
)
"""Parameters of CatBoost that no result depends on."""

# The score of the validation rows says why a model has its trees, and is in no prediction.
_HISTORY: Final = "best_score"


def lightgbm_trees(booster: Any) -> tuple[bytes, str]:
    """Return the trees of a ``lightgbm.Booster``, and the categories of its pandas columns.

    The trees are LightGBM's own text, which has every digit. The parameters that follow them name
    threads, verbosity and files, and are left out.
    """
    text = booster.model_to_string(num_iteration=-1)
    trees, _, rest = text.partition("\nparameters:\n")
    return trees.encode(), rest.rpartition("\npandas_categorical:")[2]


def xgboost_file(booster: Any) -> bytes:
    """Return the JSON of an ``xgboost.Booster``: the shortest digits that read back as float32."""
    return bytes(booster.save_raw("json"))


def xgboost_model(booster: Any) -> bytes:
    """Return the JSON of an ``xgboost.Booster`` without the version that wrote it."""
    model = json.loads(xgboost_file(booster))
    model.pop("version", None)
    model["learner"].get("attributes", {}).pop(_HISTORY, None)
    return json.dumps(model, sort_keys=True).encode()


def catboost_model(model: Any) -> bytes:
    """Return the trees and tables of a fitted ``catboost.CatBoost`` in CatBoost's own form."""
    copy = model.copy()
    described = copy.get_metadata()
    # A random name of the model, the time, and the parameters, which have the number of threads.
    for name in [name for name in described.keys() if name != "class_params"]:  # noqa: SIM118
        del described[name]
    content: bytes = copy._serialize_model()  # noqa: SLF001 - the public way writes a file
    return content
