"""The models of candidates that were not selected: fitted and evaluated as if they had been.

Nothing is chosen by their metrics on the held-out rows. Choosing by them would make the metrics of
the chosen one too good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.candidate import Candidate
from repro.digest.artefact import digest_artefact
from repro.training.decision import decide
from repro.training.fitting import fit_selected
from repro.training.metrics import evaluate
from repro.training.parts import Parts
from repro.training.preprocess import preprocessing_of
from repro.training.removal import learned_rows
from repro.training.saved import decided
from repro.training.stages import predict, transform
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.preprocessing import Preprocessing
    from repro.config.training import AnyDecision, Model
    from repro.core.records import Threshold
    from repro.training.measures import Measures
    from repro.training.out_of_fold import OutOfFold
    from repro.training.parallel import Workers
    from repro.training.removal import Removals
    from repro.training.scoring import Labels, Matrix, Outcome
    from repro.training.splitters import SplitColumns
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class KeptModel:
    """A fitted candidate.

    Attributes
    ----------
    preprocessor : transformer
    model : estimator
        Predicts by the decision rule, with a threshold of its own.
    """

    preprocessor: BaseEstimator
    model: BaseEstimator


@dataclass(frozen=True)
class KeptModels(Parts):
    """Fitted candidates by name; the digests are of their fitted parts."""

    fitted: Mapping[str, KeptModel]


def keep(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    test_rows: Rows,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    selected: str,
    allowed_modules: Sequence[str],
    out_of_fold: Mapping[str, OutOfFold],
    decision: AnyDecision,
    fit_seeds: Mapping[str, int],
    workers: Workers,
    metrics: Measures | None = None,
    fit_weights: Weights | None = None,
    metric_weights: Weights | None = None,
    preprocess_seeds: Mapping[str, int] | None = None,
    stop_columns: SplitColumns | None = None,
    removals: Removals | None = None,
) -> tuple[KeptModels, dict[str, Candidate]]:
    """Fit every candidate that was not selected on all training rows, and evaluate it.

    Each has the seed, the preprocessing and the threshold that it would have as the selected one.

    Returns
    -------
    kept : KeptModels
    candidates : dict of str to Candidate

    Raises
    ------
    ConfigError, DataError
        As for the selected candidate.
    """
    prepared: dict[str, tuple[BaseEstimator, Matrix, Matrix]] = {}
    names = [name for name in models if name != selected]
    table = (features, target, train_rows, test_rows, numeric, categorical, preprocessing)
    tasks, steps = [], []
    for name in names:
        key = preprocessing_of(name, models[name], preprocessing)[0].model_dump_json()
        if key not in prepared:
            given = (models, name, allowed_modules, preprocess_seeds or {}, removals)
            prepared[key] = transform(*table, *given)[1:]
        preprocessor, matrix, held_out = prepared[key]
        threshold = decide(out_of_fold, name, target, outcome, train_rows, decision, metric_weights)
        fits = (name, models, allowed_modules, fit_seeds, matrix, target, train_rows)
        known = (target[test_rows], of_rows(metric_weights, test_rows), metrics)
        tasks.append(
            (fits, (fit_weights, stop_columns, removals), held_out, outcome, threshold, known)
        )
        steps.append(preprocessor)
    found = dict(zip(names, workers.map(_fitted, tasks, names), strict=True))
    kept = _kept(dict(zip(names, steps, strict=True)), found)
    return kept, {name: candidate for name, (_, _, candidate) in found.items()}


def _kept(
    preprocessors: Mapping[str, BaseEstimator],
    found: Mapping[str, tuple[BaseEstimator, str, Candidate]],
) -> KeptModels:
    digests, fitted = {}, {}
    for name, (model, digest, _) in found.items():
        digests[f"{name}/preprocessor"] = digest_artefact(preprocessors[name])
        digests[f"{name}/estimator"] = digest
        fitted[name] = KeptModel(preprocessors[name], model)
    return KeptModels(digests, fitted)


def _fitted(
    fits: tuple[str, Mapping[str, Model], Sequence[str], Mapping[str, int], Matrix, Labels, Rows],
    more: tuple[Weights | None, SplitColumns | None, Removals | None],
    held_out: Matrix,
    outcome: Outcome,
    threshold: Threshold,
    known: tuple[Labels, Weights | None, Measures | None],
) -> tuple[BaseEstimator, str, Candidate]:
    """Fit a candidate; return what predicts, the digest of the estimator, and its metrics."""
    truth, weights, metrics = known
    name, *_, matrix, target, train_rows = fits
    rows = learned_rows(more[-1], name, train_rows)
    estimator, _ = fit_selected(*fits, *more)
    # Before it predicts: some estimators change then, and so would their digest.
    digest = digest_artefact(estimator)
    scores, labels, _ = predict(estimator, held_out, outcome, threshold)
    test, _ = evaluate(truth, labels, scores, outcome, metrics, weights)
    model = decided(estimator, threshold, outcome, scores.kind, matrix, target[rows])
    return model, digest, Candidate(test=test, threshold=threshold.threshold)
