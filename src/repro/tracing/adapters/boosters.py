"""Gradient boosting libraries: native training and data. Their estimators need no adapter."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.tracing.recorder import Recorder

    Digest = Callable[[object], str]

_OF_A_DATASET = ("data", "label", "weight", "group", "init_score", "reference", "params")


def lightgbm(module: Any, recorder: Recorder) -> None:
    """Make training and cross-validation steps, and note data files, which C++ code reads."""
    recorder.wrap(module, ("train", "cv"), "function")
    recorder.around(module.Dataset, "__init__", lambda _, data, *__, **___: recorder.read(data))
    recorder.digest_with("lightgbm.Dataset", _of_dataset)


def xgboost(module: Any, recorder: Recorder) -> None:
    """Make training and cross-validation steps, and note data files, which C++ code reads."""
    recorder.wrap(module, ("train", "cv"), "function")
    recorder.around(
        module.DMatrix, "__init__", lambda _, data=None, *__, **___: recorder.read(data)
    )
    recorder.digest_with("xgboost.DMatrix", _of_matrix)
    recorder.digest_with("xgboost.Booster", _of_booster)


def _of_dataset(value: Any, digest: Digest) -> str:
    return "lightgbm-" + digest({name: getattr(value, name, None) for name in _OF_A_DATASET})


def _of_matrix(value: Any, digest: Digest) -> str:
    numbers = value.get_data()
    held = (numbers.data, numbers.indices, numbers.indptr, value.get_label(), value.get_weight())
    return "xgboost-" + digest(held)


def _of_booster(value: Any, digest: Digest) -> str:
    # The model only: the configuration that is saved with it has the number of threads.
    return f"xgboost-model/v1:{hashlib.sha256(value.save_raw('json')).hexdigest()}"
