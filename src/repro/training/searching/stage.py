"""The stage ``search``: each candidate with a search gets the parameters of its best trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.data import Task
from repro.config.search import HalvingSearch, with_point
from repro.core.searched import FamilySearch, SearchRecord
from repro.training.fitting import check_size
from repro.training.measures import load_measures
from repro.training.searching.bench import Bench, Material
from repro.training.searching.kinds import searched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from repro.config.preprocessing import Preprocessing
    from repro.config.splits import AnySplit
    from repro.config.training import Model, Selection
    from repro.training.measures import Measures
    from repro.training.parallel import Workers
    from repro.training.scoring import Labels, Outcome
    from repro.training.searching.finished import Finished
    from repro.training.splitters import SplitColumns
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]


def search(
    features: pd.DataFrame,
    target: Labels,
    task: Task,
    outcome: Outcome,
    train_rows: Rows,
    split: AnySplit,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    selection: Selection,
    search_seeds: Mapping[str, int],
    workers: Workers,
    finished: Finished,
    metrics: Measures | None = None,
    split_columns: SplitColumns | None = None,
    fit_weights: Weights | None = None,
    metric_weights: Weights | None = None,
    preprocess_seeds: Mapping[str, int] | None = None,
) -> tuple[dict[str, Model], SearchRecord]:
    """Search the spaces of candidates by folds of the training rows.

    Preprocessing is learned in each fold, as in the cross-validation.

    Returns
    -------
    models : dict of str to Model
        All candidates, in their order.
    trials : SearchRecord

    Raises
    ------
    DataError, ConfigError, PreconditionError
        If the rows are too few, an estimator refuses a trial, or a package is missing.
    """
    measure = (metrics or load_measures(outcome.task)).named(selection.metric)
    material = Material(
        features,
        target,
        task,
        outcome,
        split,
        numeric,
        categorical,
        preprocessing,
        allowed_modules,
        selection,
        measure,
        workers,
        finished,
        split_columns,
        fit_weights,
        metric_weights,
        preprocess_seeds,
    )
    return tuned(material, models, train_rows, search_seeds, scope="")


def tuned(
    material: Material,
    models: Mapping[str, Model],
    rows: Rows,
    seeds: Mapping[str, int],
    scope: str,
) -> tuple[dict[str, Model], SearchRecord]:
    """Search by some rows; see ``search``."""
    if material.task is Task.REGRESSION:
        check_size(material.target)
    found: dict[str, FamilySearch] = {}
    for family, model in models.items():
        if model.search is not None:
            bench = Bench(material, family, model, model.search, rows, seeds, scope)
            found[family] = searched(bench)
    changed = {family: with_best(models[family], each) for family, each in found.items()}
    record = SearchRecord(schema_="repro.search/v1", families=found)
    return {family: changed.get(family, model) for family, model in models.items()}, record


def with_best(model: Model, found: FamilySearch) -> Model:
    """Return a candidate with the parameters of its best trial."""
    point = dict(found.best.params)
    if isinstance(model.search, HalvingSearch) and model.search.maximum is not None:
        point[model.search.resource] = model.search.maximum
    return model.model_copy(update={"params": with_point(model.params, point)})
