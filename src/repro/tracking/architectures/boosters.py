"""Models of LightGBM and XGBoost: boosters, and the estimators that hold one."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

from repro.digest.boosters import lightgbm_trees, xgboost_file
from repro.tracking.architectures.estimators import shown
from repro.tracking.models import ModelContent

if TYPE_CHECKING:
    from pathlib import Path

# They change no result, and differ from machine to machine.
_WORKERS = ("n_jobs", "num_threads", "nthread", "verbose", "verbosity", "device")


def content(model: Any) -> ModelContent | None:
    """Return the content of a fitted booster, or of an estimator with one; None for others."""
    for name, of in (("lightgbm", _lightgbm), ("xgboost", _xgboost)):
        library: Any = sys.modules.get(name)
        if library is None:
            continue
        if isinstance(model, library.Booster):
            return of(model, {})
        if not type(model).__module__.startswith(f"{name}."):
            continue
        held = getattr(model, "_Booster", None)
        if isinstance(held, library.Booster) and hasattr(model, "get_params"):
            return of(held, model.get_params())
    return None


def _lightgbm(booster: Any, params: dict[str, Any]) -> ModelContent:
    text = booster.model_to_string(num_iteration=-1)
    trees = lightgbm_trees(booster)[0] + b"\n"
    counts = [each["num_leaves"] for each in booster.dump_model()["tree_info"]]

    def save(path: Path) -> Path:
        """Write the model as LightGBM's own text."""
        target = path.with_name(f"{path.name}.txt")
        target.write_text(text, encoding="utf-8")
        return target

    facts = {"trees": len(counts), "features": booster.feature_name()}
    return _of_trees("lightgbm", trees, facts | _settings(params), sum(counts), save)


def _xgboost(booster: Any, params: dict[str, Any]) -> ModelContent:
    model = xgboost_file(booster)

    def save(path: Path) -> Path:
        """Write the model as XGBoost's own JSON."""
        target = path.with_name(f"{path.name}.json")
        target.write_bytes(model)
        return target

    nodes = sum(dump.count("leaf=") for dump in booster.get_dump())
    facts = {"trees": booster.num_boosted_rounds(), "features": booster.feature_names}
    return _of_trees("xgboost", model, facts | _settings(params), nodes, save)


def _settings(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in sorted(params) if name not in _WORKERS}


def _of_trees(
    kind: str, model: bytes, facts: dict[str, Any], leaves: int, save: Any
) -> ModelContent:
    return ModelContent(
        structure=json.dumps(facts, indent=2, default=shown),
        weights=f"{kind}/v1:{hashlib.sha256(model).hexdigest()}",
        size=len(model),
        parameters=leaves,
        trainable=leaves,
        save=save,
    )
