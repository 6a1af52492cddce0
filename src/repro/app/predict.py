"""The use case ``predict``: a run's model on rows that have no label yet."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from repro.app.subjects.intact import read_intact
from repro.config.data import Task
from repro.config.recorded import parse_config
from repro.core.errors import ConfigError, PreconditionError
from repro.core.suggest import did_you_mean
from repro.datasets.loading import read_columns
from repro.store import find_run, open_run
from repro.store.naming import MODEL, kept_model
from repro.store.predictions import line
from repro.tables.declared import DeclaredTable
from repro.training.preprocess import plain_matrix
from repro.training.scoring import Outcome, score

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from repro.config.data import SourceDeclaration
    from repro.config.experiment import ExperimentConfig
    from repro.core.records import Metrics
    from repro.store import StoredRun
    from repro.training.scoring import Matrix

_RETRAIN = "train again, or get a fresh copy of the run"


@dataclass(frozen=True)
class Predicted:
    """The predictions of some rows, in their order.

    Attributes
    ----------
    labels : ndarray of shape (n_samples,)
        Text, or float64 in a regression.
    scores : ndarray of float64, shape (n_samples, n_columns)
        As in ``predictions.csv`` of a run; no columns in a regression.
    columns : tuple of str
        The names of the scores.
    """

    labels: npt.NDArray[Any]
    scores: npt.NDArray[np.float64]
    columns: tuple[str, ...]

    def rows(self) -> list[list[str]]:
        """Return header and rows as text that reads back to the same bits."""
        names = [f"score:{name}" for name in self.columns]
        header = ["row", "label" if self.columns else "prediction", *names]
        cells = zip(self.labels.tolist(), self.scores.tolist(), strict=True)
        return [
            header,
            *([str(n), str(label), *map(repr, row)] for n, (label, row) in enumerate(cells)),
        ]

    def csv(self) -> bytes:
        """Return header and rows as CSV with line feeds."""
        return "".join(map(line, self.rows())).encode()


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A run whose files were checked before its model was unpickled.

    Attributes
    ----------
    path : Path
        The run's folder.
    model : sklearn.pipeline.Pipeline
        Decides as the run did; its first step checks the frames that it is given.
    metrics : Metrics
        What ``metrics.json`` holds.
    outcome : Outcome
        The task and its classes.
    source : SourceDeclaration, or None
        Of the data set that was trained on: files are read in its dialect.
    family : str
        The candidate whose model it is: the selected one, unless a different one was asked for.
    target : str or None
        The target that is predicted, if the data set has several.
    """

    path: Path
    model: Pipeline = field(repr=False)
    metrics: Metrics = field(repr=False)
    outcome: Outcome
    source: SourceDeclaration | None = field(default=None, repr=False)
    family: str = ""
    target: str | None = None

    def read(self, path: str | Path) -> pd.DataFrame:
        """Read the columns that the model uses, by their declared roles and markers.

        Parameters
        ----------
        path : str or Path
            A file whose name ends as that of a known format; other columns in it are not read.

        Raises
        ------
        ConfigError
            If the name of the file ends otherwise.
        DataError
            If a column is missing, named twice or not of its role.
        PreconditionError
            If the file, or a package that reads it, is missing.
        """
        return read_columns(Path(path), self._table(), self.source)

    def predict(self, data: str | Path | pd.DataFrame) -> npt.NDArray[Any]:
        """Return a label for each row of a file or frame, or a number in a regression.

        A file is read as it was declared; a frame is coerced, or refused where what training saw
        cannot be recovered.

        Raises
        ------
        DataError, PreconditionError, ConfigError
            As ``read``; for a frame, the error is also a ValueError.
        """
        return self.predictions(data).labels

    def predict_proba(self, data: str | Path | pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of each class, in the order of ``model.classes_``.

        Raises
        ------
        PreconditionError
            If the model has no probabilities; or as ``predict``.
        """
        if not hasattr(self.model, "predict_proba"):
            raise PreconditionError(
                f"run {self.path.name}: its model gives no probabilities",
                advice="use predict, or the scores of repro predict",
            )
        values: npt.NDArray[np.float64] = self.model[-1].predict_proba(self._matrix(data))
        return values

    def predictions(self, data: str | Path | pd.DataFrame) -> Predicted:
        """Return labels and the scores that a run's ``predictions.csv`` has.

        Raises
        ------
        DataError, PreconditionError, ConfigError
            As ``predict``.
        """
        matrix, final = self._matrix(data), self.model[-1]
        # Some estimators predict a column.
        labels, columns = np.asarray(final.predict(matrix)).reshape(-1), self.outcome.columns
        if self.outcome.task is Task.REGRESSION:
            return Predicted(labels, np.empty((len(labels), 0)), columns)
        return Predicted(labels, score(final, matrix, self.outcome).values, columns)

    def _matrix(self, data: str | Path | pd.DataFrame) -> Matrix:
        table = self._read_or_checked(data)
        # All rows at once and in one layout, as in training: either may change the last bits.
        return plain_matrix(self.model[1:-1].transform(table))

    def _read_or_checked(self, data: str | Path | pd.DataFrame) -> pd.DataFrame:
        if isinstance(data, str | Path):
            return self.read(data)
        return self._table().transform(data)

    def _table(self) -> DeclaredTable:
        table = self.model[0]
        if not isinstance(table, DeclaredTable):
            raise PreconditionError(
                f"run {self.path.name}: its model does not record the roles of its columns",
                advice="it was written by an earlier version; train again",
            )
        return table


def load_run(run: str | Path, *, runs: str | Path = "runs", model: str | None = None) -> LoadedRun:
    """Check the files of a run, then load its model.

    A model file is a pickle, and a pickle runs code: integrity shows that it is the file that the
    run's training wrote, not who trained it. Load the runs of people you trust.

    Parameters
    ----------
    run : str or Path
        The path of a run folder, a run's name or the beginning of one, or ``latest``.
    runs : str or Path
        Where runs are looked for by name.
    model : str, optional
        A candidate in place of the selected one, if the run keeps all (``selection.keep: all``).

    Raises
    ------
    ConfigError
        If the run has no such candidate.
    PreconditionError, SchemaError
        If there is no such run, a file of it is missing or changed, or the model needs a module
        that cannot be imported.
    """
    path = find_run(Path(runs), str(run))
    stored = read_intact(path)
    config = parse_config(stored.config, "config.json")
    # The very bytes that are checked are the ones that are unpickled.
    family = model or stored.metrics.model
    name = _file_of(family, stored, config)
    pipeline = _unpickled(open_run(path).content(name), name)
    regression = config.task is Task.REGRESSION
    classes = () if regression else tuple(map(str, pipeline.classes_))
    outcome = Outcome(config.task, classes, config.dataset.positive)
    target = config.dataset.target if config.dataset.targets else None
    given = (stored.metrics, outcome, config.dataset.source, family, target)
    return LoadedRun(path, pipeline, *given)


def _file_of(family: str, run: StoredRun, config: ExperimentConfig) -> str:
    """Return the file of a candidate's model."""
    selected, name = run.metrics.model, kept_model(family)
    if family == selected:
        return MODEL
    if family not in config.models:
        raise ConfigError(
            f"run {run.path.name} has no candidate '{family}'",
            advice=did_you_mean(family, list(config.models)),
        )
    if name not in run.lineage.files:
        raise PreconditionError(
            f"run {run.path.name} keeps the model of the selected candidate only ({selected})",
            advice="train again with --set selection.keep=all, or leave out --model",
        )
    return name


def _unpickled(content: bytes, name: str) -> Pipeline:
    try:
        model = joblib.load(io.BytesIO(content))
    except (ImportError, AttributeError) as error:
        raise PreconditionError(
            f"{name}: {error}",
            advice="install the packages that the run's environment.json lists, and put the"
            " modules of your own estimators on PYTHONPATH",
        ) from error
    except Exception as error:
        raise PreconditionError(
            f"{name}: cannot be loaded: {type(error).__name__}: {error}", advice=_RETRAIN
        ) from error
    if not isinstance(model, Pipeline):
        raise PreconditionError(
            f"{name}: expected a pipeline, found {type(model).__name__}", advice=_RETRAIN
        )
    return model
