"""Metrics with their functions: built-in ones and own ones are found and called in one way.

The first argument is the true values. The second one, and the form of both, follow from the need:

- ``labels``: the predicted labels, as text; of a regression, the predictions, as float64.
- ``scores``, ``probabilities``: of a binary task, the score of the positive label, with 1 for the
  positive label and 0 for the other one as true values. Of a multi-class task, a column for each
  class in sorted order; the true values are labels, or an indicator matrix where the metric has an
  ``average``.

A function also gets ``average``, if it is declared; ``pos_label``, where that is ``binary`` and the
function has such a parameter; and ``labels``, if it takes the scores of several classes and has
such a parameter. It gets copies, so that it cannot change a result.
"""

from __future__ import annotations

import inspect
import pkgutil
import warnings
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.config.data import Task
from repro.config.metrics import Metric, Needs, OwnMetric, metrics_of
from repro.core.canonical import tagged_digest
from repro.core.errors import ConfigError, DataError
from repro.core.suggest import did_you_mean
from repro.digest.artefact import digest_artefact
from repro.training.classes import import_allowed, takes
from repro.training.generators import state_of_global_generators
from repro.training.scoring import indicators
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from repro.config.named_metrics import DeclaredMetric
    from repro.training.scoring import Labels, Outcome, Scores

    Rows = npt.NDArray[np.intp]

NEEDS_PROBABILITIES = "needs probabilities; this model gives decision scores"
# Of these libraries only one module has metrics; a record must not name functions of any other.
_LIBRARIES, _METRICS = ("sklearn", "catboost", "lightgbm", "xgboost"), "sklearn.metrics"
_ARGUMENTS = ("true values", "predictions")


@dataclass(frozen=True)
class Evaluated:
    """Rows with everything that a metric may need of them.

    Attributes
    ----------
    target, predicted : ndarray of shape (n_samples,)
    scores : Scores
    outcome : Outcome
    weights : ndarray of float64, shape (n_samples,), or None
        If metrics are weighted.
    known : dict
        What ``once`` has computed.
    """

    target: Labels
    predicted: Labels
    scores: Scores
    outcome: Outcome
    weights: npt.NDArray[np.float64] | None = None
    known: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, make: Callable[[Evaluated], Any]) -> Any:
        """Return what a function makes of these rows; all resamples of them share it."""
        if make not in self.known:
            self.known[make] = make(self)
        return self.known[make]

    def take(self, rows: Rows) -> Evaluated:
        """Return some rows, as often as they are named."""
        scores, weights = self.scores.take(rows), of_rows(self.weights, rows)
        return Evaluated(self.target[rows], self.predicted[rows], scores, self.outcome, weights)

    def weighed(self, counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return what rows count that occur several times: their weight as many times."""
        return counts if self.weights is None else counts * self.weights


@dataclass(frozen=True)
class Measure:
    """A metric and its function.

    Attributes
    ----------
    metric : Metric
    function : callable
    own : bool
        Whether the function is somebody else's: then what it raises or returns is checked.
    """

    metric: Metric
    function: Callable[..., Any] = field(repr=False)
    own: bool = False

    def undefined(self, scores: Scores) -> str:
        """Return why these scores do not have the metric; empty if they have it."""
        lacks = self.metric.needs is Needs.PROBABILITIES and scores.kind != "probability"
        return NEEDS_PROBABILITIES if lacks else ""

    def value(self, rows: Evaluated, counts: npt.NDArray[np.float64] | None = None) -> float:
        """Compute the metric.

        Parameters
        ----------
        rows : Evaluated
        counts : ndarray of float64, shape (n_samples,), optional
            How often each row occurs; only for a function that takes ``sample_weight``.

        Raises
        ------
        DataError
            If an own function raises, draws from a global generator, or returns anything but a
            finite number.
        """
        first, second, options = self._arguments(rows)
        if counts is not None:
            options["sample_weight"] = rows.weighed(counts)
        elif rows.weights is not None:
            options["sample_weight"] = np.array(rows.weights)
        if not self.own:
            return float(self.function(first, second, **options))
        before = state_of_global_generators()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.function(np.array(first), np.array(second), **options)
        # The function is somebody else's code. One that exits would end as if asked to.
        except (Exception, SystemExit) as error:
            raise self._refused(f"raised {type(error).__name__}: {error}") from error
        if state_of_global_generators() != before:
            # Where these generators are depends on the number of workers.
            raise self._refused("drew from the global generators of random or numpy.random")
        return self._number(found)

    def resampled(self, rows: Evaluated, counts: npt.NDArray[np.float64]) -> float:
        """Compute the metric on a resample that has each row as often as counted."""
        drawn = np.flatnonzero(counts)
        if takes(self.function, "sample_weight"):
            return self.value(rows.take(drawn), counts[drawn])
        return self.value(rows.take(np.repeat(drawn, counts[drawn].astype(np.intp))))

    def _arguments(self, rows: Evaluated) -> tuple[Any, Any, dict[str, Any]]:
        metric, outcome = self.metric, rows.outcome
        options = dict(metric.options)
        if metric.average is not None:
            options["average"] = metric.average
        if metric.average == "binary" and takes(self.function, "pos_label"):
            labels = metric.needs is Needs.LABELS
            options["pos_label"] = outcome.positive if labels else 1
        if metric.needs is Needs.LABELS:
            return rows.target, rows.predicted, options
        if outcome.task is Task.BINARY:
            return indicators(rows.target, outcome)[:, 0], rows.scores.values[:, 0], options
        if metric.average is not None:
            return indicators(rows.target, outcome), rows.scores.values, options
        if takes(self.function, "labels"):
            options["labels"] = list(outcome.classes)
        return rows.target, rows.scores.values, options

    def _number(self, found: object) -> float:
        scalar = isinstance(found, int | float | np.number | np.bool_) or (
            isinstance(found, np.ndarray) and found.shape == ()
        )
        try:
            number = float(found) if scalar else None  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = None
        if number is None:
            raise self._refused(f"returned {_shown(found)}, expected one number")
        if not np.isfinite(number):
            raise self._refused(f"returned {number}, expected a finite number")
        return number

    def _refused(self, what: str) -> DataError:
        metric = self.metric
        return DataError(
            f"metrics: '{metric.name}' failed: {metric.function} {what}",
            advice="make it return the same finite number each time, for every sample of rows, or"
            " remove it from 'metrics'",
        )


@dataclass(frozen=True)
class Measures:
    """The metrics of a task.

    Attributes
    ----------
    declared : tuple of DeclaredMetric
        Of the configuration; only these are digested.
    loaded : tuple of Measure
        Built-in ones first.
    """

    declared: tuple[DeclaredMetric, ...] = ()
    loaded: tuple[Measure, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the declarations, which is that of their section of the configuration."""
        return tagged_digest("json", [each.model_dump(mode="json") for each in self.declared])

    def named(self, name: str) -> Measure:
        """Return a metric by its name."""
        return next(measure for measure in self.loaded if measure.metric.name == name)

    def defined(self, scores: Scores) -> tuple[Measure, ...]:
        """Return those that some scores have."""
        return tuple(measure for measure in self.loaded if not measure.undefined(scores))


digest_artefact.register(Measures, lambda measures: measures.digest)


def load_measures(
    task: Task,
    declared: Sequence[DeclaredMetric] = (),
    allowed: Sequence[str] = (),
    *,
    weighted: bool = False,
) -> Measures:
    """Find the functions of the built-in metrics of a task and of declared ones.

    Parameters
    ----------
    weighted : bool, optional
        Whether each function gets the weights of the rows, as every built-in one can.

    Raises
    ------
    ConfigError
        If a function's module is not allowed, it has no function of that name, or the function does
        not take the arguments that it would get.
    PreconditionError
        If a module cannot be imported.
    """
    built_in = (Measure(metric, resolve(metric.function)) for metric in metrics_of(task))
    found = []
    for position, each in enumerate(declared):
        if isinstance(each, OwnMetric):
            where = f"metrics.{position}"
            function = find_function(where, each, allowed, weighted=weighted)
            found.append(Measure(each.metric, function, own=True))
        else:
            found.append(Measure(each.metric, resolve(each.metric.function)))
    return Measures(tuple(declared), (*built_in, *found))


@cache
def resolve(target: str) -> Callable[..., Any]:
    """Import a function that this program declares by name."""
    function: Callable[..., Any] = pkgutil.resolve_name(target)
    return function


def find_function(
    where: str, own: OwnMetric, allowed: Sequence[str], *, weighted: bool = False
) -> Callable[..., Any]:
    """Import the function of an own metric, from an allowed module.

    Parameters
    ----------
    where : str
        The dotted key of the declaration, for messages.

    Raises
    ------
    ConfigError, PreconditionError
        As ``load_measures``.
    """
    key, (path, name) = f"{where}.function", own.function.split(":")
    if path.partition(".")[0] in _LIBRARIES and not _in_metrics(path):
        raise ConfigError(
            f"{key}: '{path}' is not a module of metrics, expected {_METRICS}",
            advice=f"write {_METRICS}:{name}, or a function of your own module that calls it",
        )
    module = import_allowed(key, path, allowed)
    function = getattr(module, name, None)
    if function is None:
        functions = [each for each, value in vars(module).items() if _is_function(value)]
        raise ConfigError(
            f"{key}: '{path}' has no function '{name}'", advice=did_you_mean(name, functions)
        )
    origin = str(getattr(function, "__module__", ""))
    if not _is_function(function) or (_in_metrics(path) and not _in_metrics(origin)):
        raise ConfigError(
            f"{key}: '{own.function}' is {_shown(function)}, expected a function of"
            f" {' and '.join(_ARGUMENTS)}"
        )
    _check_signature(where, own, function)
    if weighted and not takes(function, "sample_weight"):
        raise ConfigError(
            f"{where}.function: {own.function} has no parameter 'sample_weight', and"
            " weights.metrics is true",
            advice="give it one, or set weights.metrics: false",
        )
    return function  # type: ignore[no-any-return]


def _in_metrics(path: str) -> bool:
    return f"{path}.".startswith(f"{_METRICS}.")


def _is_function(value: object) -> bool:
    return callable(value) and not isinstance(value, type)


def _check_signature(where: str, own: OwnMetric, function: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    options = {} if own.average is None else {"average": own.average}
    try:
        signature.bind(*_ARGUMENTS)
    except TypeError as error:
        raise ConfigError(
            f"{where}.function: {own.function} takes {signature}, expected a function of"
            f" {' and '.join(_ARGUMENTS)}: {error}"
        ) from error
    try:
        signature.bind(*_ARGUMENTS, **options)
    except TypeError as error:
        raise ConfigError(
            f"{where}.average: {own.function} has no parameter 'average'",
            advice="leave 'average' out",
        ) from error


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{type(value).__name__} {value!r}"[:200]
