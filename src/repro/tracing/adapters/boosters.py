"""Gradient boosting libraries: native training and data. Their estimators need no adapter."""

from __future__ import annotations

import hashlib
import weakref
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


def catboost(module: Any, recorder: Recorder) -> None:
    """Make training and cross-validation steps, and note data files, which C++ code reads."""
    recorder.wrap(module, ("train", "cv"), "function")
    # A pool gives its categories back only as numbers, so it is digested by what it is made of.
    made: dict[int, str] = {}

    def begin(pool: Any, *args: Any, **kwargs: Any) -> None:
        """Note the file of a pool, or keep the digest of its parts while it lives."""
        recorder.read(args[0] if args else kwargs.get("data"))
        made[id(pool)] = recorder.digest([list(args), {n: kwargs[n] for n in sorted(kwargs)}])
        weakref.finalize(pool, made.pop, id(pool), None).atexit = False

    recorder.around(module.Pool, "__init__", begin)
    # A file has a random name of the model, and the time.
    recorder.around(
        module.CatBoost,
        "save_model",
        lambda model, fname, *_, **__: recorder.dump(model, fname),
    )
    recorder.digest_with(
        "catboost.Pool",
        lambda pool, digest: (
            "catboost-" + digest([made[id(pool)], pool.get_label(), pool.get_weight()])
        ),
    )
    recorder.digest_with("catboost.CatBoost", _of_catboost)


def _of_catboost(value: Any, digest: Digest) -> str:
    from repro.digest.boosters import RUNNING, catboost_model

    parameters = {n: each for n, each in value.get_params().items() if n not in RUNNING}
    content = catboost_model(value) if value.is_fitted() else b""
    return "catboost-" + digest([type(value).__name__, parameters, content])


def _of_dataset(value: Any, digest: Digest) -> str:
    return "lightgbm-" + digest({name: getattr(value, name, None) for name in _OF_A_DATASET})


def _of_matrix(value: Any, digest: Digest) -> str:
    numbers = value.get_data()
    held = (numbers.data, numbers.indices, numbers.indptr, value.get_label(), value.get_weight())
    return "xgboost-" + digest(held)


def _of_booster(value: Any, digest: Digest) -> str:
    from repro.digest.boosters import xgboost_file

    return f"xgboost-model/v1:{hashlib.sha256(xgboost_file(value)).hexdigest()}"
