"""The use case ``compare --gate``: decide whether a candidate may take the place of a base.

The two need not be of one experiment: models, features and parameters may differ. They are compared
on stored predictions of the same held-out rows. Nothing is trained or unpickled. The data is read
only if rows were split by groups, and code of the project runs only for a metric of its own.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.app.subjects.held_out import check_same_rows, read_held_out
from repro.app.subjects.trust import check_trust, with_own_data
from repro.config.data import Task
from repro.config.gates import check_level, find_metric
from repro.config.metrics import OwnMetric, metrics_of
from repro.config.splits import GroupSplit
from repro.core.errors import ConfigError, PreconditionError
from repro.core.gate import GateOutcome, GateReport
from repro.datasets.loading import load
from repro.divergence.recount import agrees
from repro.execution.own_modules import own_modules
from repro.seeding import derive
from repro.training.gating import Resampling, decided, paired_effects, resamples_for
from repro.training.measures import Evaluated, load_measures
from repro.training.scoring import Outcome, Scores
from repro.training.splitters import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from repro.app.subjects.held_out import HeldOut
    from repro.config.gates import Gate
    from repro.config.metrics import Metric
    from repro.config.named_metrics import DeclaredMetric
    from repro.training.gating import Effect
    from repro.training.measures import Measure

    Sides = tuple[HeldOut, HeldOut]

# The name of the seed of the resamples.
_SEED = ("gate", "bootstrap")
_PROBABILITY, _DECISION, _VALUE = "probability", "decision", "value"


def run_gates(
    project: Path | None,
    runs: Path,
    names: tuple[str, str],
    gates: Sequence[Gate],
    level: float | None = None,
) -> GateReport:
    """Compare a candidate with a base on their held-out rows, and decide on every gate.

    Parameters
    ----------
    project : Path or None
        Whose own metrics may run, and whose data may be read.
    runs : Path
        The folder of the runs.
    names : (str, str)
        The base and the candidate: runs, or references that keep every prediction.
    gates : sequence of Gate
        At least one.
    level : float, optional
        Of the intervals; by default that of the configuration of the base.

    Raises
    ------
    PreconditionError, SchemaError
        If a side is missing or damaged, or lacks predictions, or they are of different rows; or a
        metric cannot be computed from them.
    ConfigError
        If there is no gate, one names no metric of the task, or the level is not usable.
    DataError
        If an own metric fails.
    """
    if not gates:
        raise ConfigError("there is no gate", advice="write --gate 'METRIC better'")
    sides = _read(project or Path.cwd(), runs, names)
    metrics = [find_metric(gate, sides[0].config.task, _known(sides)) for gate in gates]
    resampling = _resampling(sides[0], level)
    by, groups = _groups(project, sides)
    effects = _effects(project, sides, metrics, resampling, groups)
    results = tuple(decided(gate, effects[gate.metric]) for gate in gates)
    return GateReport(
        schema_="repro.gate/v1",
        base=sides[0].name,
        candidate=sides[1].name,
        holds=all(result.outcome is GateOutcome.PASSED for result in results),
        rows=len(sides[0].rows),
        held_out=sides[0].digest,
        groups=by,
        level=resampling.level,
        resamples=resampling.resamples,
        results=results,
        notes=_notes(sides),
    )


def _read(base: Path, runs: Path, names: tuple[str, str]) -> Sides:
    first, second = (read_held_out(base, runs, name) for name in names)
    check_same_rows(first, second)
    if first.name == second.name:
        # Folders distinguish records that have the same file name.
        return first.named(names[0]), second.named(names[1])
    return first, second


def _known(sides: Sides) -> tuple[Metric, ...]:
    """Return the metrics of the task, with those that a side declares."""
    task = sides[0].config.task
    found = {m.name: m for side in sides for m in metrics_of(task, side.config.metrics)}
    return tuple(found.values())


def _resampling(base: HeldOut, level: float | None) -> Resampling:
    """Return how rows are resampled; the seed follows from the held-out rows."""
    settings = base.config.evaluation.bootstrap
    if level is not None:
        chosen = check_level(level, "--level")
    elif settings is not None:
        chosen = check_level(settings.confidence, f"{base.name}: evaluation.bootstrap.confidence")
    else:
        raise ConfigError(
            f"{base.name} says no level of intervals (evaluation.bootstrap: null)",
            advice="write --level 0.95",
        )
    drawn = 0 if settings is None else settings.resamples
    seed = derive(int(base.digest.rpartition(":")[2], 16), *_SEED)
    return Resampling(chosen, max(drawn, resamples_for(chosen)), seed)


def _groups(project: Path | None, sides: Sides) -> tuple[str | None, npt.NDArray[Any] | None]:
    """Return the column of groups and its values in the held-out rows; None without groups.

    Raises
    ------
    PreconditionError
        If rows were split by groups, and this project has not the data that says by which.
    """
    side = next((each for each in sides if isinstance(each.config.split, GroupSplit)), None)
    if side is None:
        return None, None
    by = side.config.split.columns[0]
    start = (
        f"{side.name}: its rows were split by the groups of '{by}', which are resampled together"
    )
    if project is None:
        raise PreconditionError(
            f"{start}; the data is needed, and this folder is in no project",
            advice="name the project: --project FOLDER",
        )
    config = with_own_data(project, side.config)
    table = load(project, config.dataset, config.task, config.row_columns)
    if table.content != side.record.content:
        raise PreconditionError(
            f"{start}; this project's data is not what it was trained on",
            advice=f"restore the data set '{config.dataset.name}'",
        )
    frame = table.features if table.ignored is None else table.features.join(table.ignored)
    columns = columns_of(config.split, frame)
    values = None if columns is None else columns.groups
    return by, None if values is None else values[[row.row for row in side.rows]]


def _effects(
    project: Path | None,
    sides: Sides,
    metrics: Sequence[Metric],
    resampling: Resampling,
    groups: npt.NDArray[Any] | None,
) -> dict[str, Effect]:
    names = dict.fromkeys(metric.name for metric in metrics)
    declared = [found for name in names if (found := _declared(sides, name))]
    own = any(isinstance(each, OwnMetric) for each in declared)
    allowed = sides[0].config.security.allowed_modules
    with own_modules(_trusted(project, sides), allowed) if own else nullcontext():
        weighted = sides[0].rows[0].weight is not None if sides[0].rows else False
        # Only the metrics that are asked for: no other own module is imported.
        loaded = load_measures(sides[0].config.task, declared, allowed, weighted=weighted)
        measures = [loaded.named(name) for name in names]
        classes = _classes(sides)
        base, candidate = (_evaluated(side, classes) for side in sides)
        for side, rows in zip(sides, (base, candidate), strict=True):
            _check_defined(side, rows, measures)
        effects = paired_effects(base, candidate, measures, resampling, groups)
    for name, effect in effects.items():
        _check_recorded(sides[0], name, effect.base)
        _check_recorded(sides[1], name, effect.candidate)
    return effects


def _declared(sides: Sides, name: str) -> DeclaredMetric | None:
    """Return how a metric is declared; None for one that every training has.

    Raises
    ------
    PreconditionError
        If the two sides mean different things by it.
    """
    found = [
        next((each for each in side.config.metrics if each.metric.name == name), None)
        for side in sides
    ]
    given = [each for each in found if each is not None]
    if not given:
        return None
    # A function is nothing without the value that it gave: both sides must have recorded one.
    if given[0] != given[-1] or (isinstance(given[0], OwnMetric) and len(given) == 1):
        raise PreconditionError(
            f"{sides[0].name} and {sides[1].name} do not declare the metric '{name}' alike",
            advice="declare it in both under 'metrics', and train again",
        )
    return given[0]


def _trusted(project: Path | None, sides: Sides) -> Path:
    if project is None:
        raise PreconditionError(
            "a metric of the project's own needs its code, and this folder is in no project",
            advice="name the project: --project FOLDER",
        )
    for side in sides:
        check_trust(project, side.subject, side.config)
    return project


def _classes(sides: Sides) -> tuple[str, ...]:
    if sides[0].config.task is Task.REGRESSION:
        return ()
    seen = {str(value) for side in sides for row in side.rows for value in (row.truth, row.label)}
    return tuple(sorted(seen | set(sides[0].columns)))


def _evaluated(side: HeldOut, classes: tuple[str, ...]) -> Evaluated:
    regression = side.config.task is Task.REGRESSION
    kind: type = float if regression else str
    target: npt.NDArray[Any] = np.array([row.truth for row in side.rows], dtype=kind)
    predicted: npt.NDArray[Any] = np.array([row.label for row in side.rows], dtype=kind)
    weights = [row.weight for row in side.rows if row.weight is not None]
    outcome = Outcome(side.config.task, classes, side.config.dataset.positive)
    return Evaluated(
        target, predicted, _scores(side, predicted), outcome, np.array(weights) if weights else None
    )


def _scores(side: HeldOut, predicted: npt.NDArray[Any]) -> Scores:
    if side.config.task is Task.REGRESSION:
        return Scores(predicted.reshape(-1, 1), _VALUE)
    values = np.array([row.scores for row in side.rows], dtype=np.float64)
    values = values.reshape(len(side.rows), len(side.columns))
    within = bool(((values >= 0) & (values <= 1)).all())
    # Every model with probabilities has this metric, and no other one has.
    is_probability = within and "log_loss" in side.record.metrics.test
    return Scores(values, _PROBABILITY if is_probability else _DECISION)


def _check_defined(side: HeldOut, rows: Evaluated, measures: Sequence[Measure]) -> None:
    for measure in measures:
        if reason := measure.undefined(rows.scores):
            raise PreconditionError(
                f"{side.name}: '{measure.metric.name}' cannot be computed from its predictions:"
                f" it {reason}",
                advice="choose a different metric, or a model with probabilities",
            )


def _check_recorded(side: HeldOut, name: str, found: float | None) -> None:
    """Check that predictions give the value that was recorded, as they would not by other code."""
    recorded = side.record.metrics.test.get(name)
    if found is not None and recorded is not None and not agrees(recorded.value, found):
        raise PreconditionError(
            f"{side.name}: '{name}' is {recorded.value!r} in its record, and {found!r} by its"
            " predictions: the metric is not what it was",
            advice="train both again with the metric as it is",
        )


def _notes(sides: Sides) -> tuple[str, ...]:
    notes = []
    if sides[0].record.content != sides[1].record.content:
        notes.append(
            "the two data sets differ: rows are the same by their positions and true values alone"
        )
    if sides[0].predicted == sides[1].predicted:
        notes.append("both sides have the same predictions")
    return tuple(notes)
