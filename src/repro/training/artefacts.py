"""The artefacts that the stages of a training start from, and the seeds that they draw by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from repro.config.data import Task
from repro.config.named_metrics import Cost
from repro.config.training import LeastCost
from repro.core.errors import ConfigError
from repro.training.aside import aside_of
from repro.training.costs import check_matrix
from repro.training.measures import load_measures
from repro.training.scoring import Outcome
from repro.training.searching.bench import paths
from repro.training.splitters import columns_of
from repro.training.splitting import fold_paths
from repro.training.validation import VALIDATION
from repro.training.weights import check_counts, weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from repro.config.experiment import ExperimentConfig
    from repro.config.training import Features
    from repro.seeding import SeedPath
    from repro.training.scoring import Labels


def seed_paths(config: ExperimentConfig) -> list[SeedPath]:
    """Name every component that draws random numbers."""
    return [
        ("split", "limit"),
        ("split", "rows"),
        *fold_paths(config.selection),
        *_transforms(config),
        *search_paths(config),
        *_fits(config),
        ("evaluate", "bootstrap"),
        *nested_paths(config),
        *((("importance", "shuffles"),) if config.evaluation.importance else ()),
        *((("differences", "bootstrap"),) if config.evaluation.differences else ()),
        ("leakage", "tree"),
        ("check", "shuffles"),
    ]


def _transforms(config: ExperimentConfig) -> list[SeedPath]:
    own = (model.preprocessing for model in config.models.values())
    every = (each for each in (config.preprocessing, *own) if each is not None)
    paths = (path for each in every for path, _ in each.transforms())
    return [("preprocess", *path) for path in dict.fromkeys(paths)]


def nested_paths(config: ExperimentConfig) -> list[SeedPath]:
    """Name the seeds of nested folds: those of the outer ones, and those inside of each."""
    outer = range(config.evaluation.nested or 0)
    inside = [*fold_paths(config.selection), *search_paths(config), *_fits(config)]
    start: list[SeedPath] = [("nested", "rows")] if outer else []
    return [*start, *(("nested", number, *path) for number in outer for path in inside)]


def search_paths(config: ExperimentConfig) -> list[SeedPath]:
    """Name the seeds of the searches for hyper-parameters."""
    searches = (config.searches or {}).items()
    return [path for family, search in searches for path in paths(family, search)]


def _fits(config: ExperimentConfig) -> list[SeedPath]:
    folds = range((config.selection.folds or 0) * config.selection.repeats)
    fits: list[SeedPath] = [
        *(("cross_validate", family, number) for family in config.models for number in folds),
        *(("fit", family) for family in config.models),
    ]
    stopping = config.stops_early or ()
    return [*fits, *((*path, VALIDATION) for path in fits if path[1] in stopping)]


def configured(
    config: ExperimentConfig, frame: pd.DataFrame, target: Labels, numeric: Sequence[str]
) -> dict[str, Any]:
    """Return the artefacts that every training has.

    Raises
    ------
    ConfigError
        If a column is to be a feature, and the data set ignores it.
    """
    regression = config.task is Task.REGRESSION
    classes = () if regression else tuple(str(label) for label in np.unique(target))
    return {
        "frame": frame,
        "frame_numeric": tuple(numeric),
        "target": target,
        "task": config.task,
        "outcome": Outcome(config.task, classes, config.dataset.positive),
        "split": config.split,
        "feature_settings": _feature_settings(config, frame),
        "preprocessing": config.preprocessing,
        "models": config.models,
        "allowed_modules": config.security.allowed_modules,
        "selection": config.selection,
        "decision": config.decision,
        "evaluation": config.evaluation,
        "drift": config.drift,
        "safety": config.safety,
    }


def _feature_settings(config: ExperimentConfig, frame: pd.DataFrame) -> Features:
    """Return the settings that also drop the features that rows are split by.

    Raises
    ------
    ConfigError
        If a column is to be a feature, and the data set ignores it.
    """
    ignored = [name for name in config.split.columns if name not in frame.columns]
    if config.split_features and ignored:
        raise ConfigError(
            f"split.as_feature: the data set ignores the column '{ignored[0]}'",
            advice="give it a role in configs/datasets.yaml, or remove split.as_feature",
        )
    by = [name for name in config.left_out if name in frame.columns]
    dropped = dict.fromkeys((*config.features.drop, *by))
    return config.features.model_copy(update={"drop": tuple(dropped)})


def by_stage(seeds: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Group seeds by the stage that draws from them, so that no other stage depends on them."""
    # Without folds no seed is of this stage, which takes them all the same.
    grouped: dict[str, dict[str, int]] = {"cross_validate_seeds": {}}
    for name, seed in seeds.items():
        grouped.setdefault(f"{name.partition('/')[0]}_seeds", {})[name] = seed
    return grouped


def optional(
    config: ExperimentConfig, features: pd.DataFrame, target: Labels, ignored: pd.DataFrame | None
) -> dict[str, Any]:
    """Return the artefacts that only some configurations have, and None for the other ones.

    Raises
    ------
    ConfigError, PreconditionError
        If a declared metric cannot be computed, or a matrix of costs does not fit the labels.
    DataError
        If a column cannot be split or weighted by.
    """
    columns = features if ignored is None else features.join(ignored)
    weights = weights_of(config.weights, columns)
    in_metrics = None if weights is None else weights.in_metrics
    if weights is not None:
        check_counts(weights.values, target, config.task, "rows")
    _check_costs(config, target)
    measures = load_measures(
        config.task,
        config.metrics,
        config.security.allowed_modules,
        weighted=in_metrics is not None,
    )
    seeds = {} if any(_transforms(config)) else {"preprocess_seeds": None}
    importance = config.evaluation.importance
    removals = {} if config.removes_rows else {"removals": None}
    return (
        seeds
        | removals
        | ({} if importance is None else {"importance": importance})
        | {
            "metrics": measures if config.metrics else None,
            "split_columns": columns_of(config.split, columns),
            # Fits depend on these columns only where they stop early.
            "stop_columns": columns_of(config.split, columns) if config.stops_early else None,
            "fit_weights": None if weights is None else weights.values,
            "metric_weights": in_metrics,
            "aside": aside_of(config, features, ignored),
        }
    )


def _check_costs(config: ExperimentConfig, target: Labels) -> None:
    """Check each matrix of costs, which names labels that only the data has."""
    matrices = {
        f"metrics.{position}.matrix": each.matrix
        for position, each in enumerate(config.metrics)
        if isinstance(each, Cost)
    }
    if isinstance(config.decision, LeastCost):
        matrices["decision.matrix"] = config.decision.matrix
    for where, matrix in matrices.items():
        check_matrix(where, matrix, [str(label) for label in np.unique(target)])
