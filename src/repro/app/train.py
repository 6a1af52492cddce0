"""The use case ``train``: a run folder that is evidence."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import joblib

from repro import __version__, report
from repro.app.configuration import verification_settings
from repro.capture import capture_host
from repro.config.keys import comparison_group, identity_parts
from repro.core.environment_file import EnvironmentFile
from repro.core.jsonfile import dump, dump_record
from repro.core.records import (
    STAGES_VERSION,
    DatasetLineage,
    Lineage,
    Seeds,
    Snapshot,
)
from repro.datasets.labels import is_gap
from repro.execution.checkpoints import CheckpointRequest
from repro.execution.pipeline import execute, predictions_of
from repro.execution.record import record_of_execution
from repro.executors.beside import beside
from repro.store import PendingRun, check_writable, new_run_id, write_predictions
from repro.store.naming import MODEL, RECORD, SEARCH, kept_model
from repro.training.wide import is_wide, widths_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.configuration import Resolved
    from repro.core.records import Predictions
    from repro.execution.pipeline import Execution
    from repro.training.fold import Begin, Observer


@dataclass(frozen=True)
class TrainedRun:
    """A run that was just written."""

    path: Path
    run_id: str
    execution: Execution
    seconds: float

    @property
    def hints(self) -> tuple[str, ...]:
        """Sentences about columns that are not what they seem, with what to do."""
        return (*self._gaps(), *self._wide())

    def _gaps(self) -> tuple[str, ...]:
        """Name labels that mean no value elsewhere, unless the target has markers of its own."""
        dataset, labels = self.execution.config.dataset, self.execution.table.target
        declared = isinstance(dataset.missing, dict) and dataset.target in dataset.missing
        if declared or labels.dtype.kind != "U":
            return ()
        found = [label for label in labels.tolist() if is_gap(label)]
        marks = " and ".join(sorted({repr(label) for label in found}))
        if not found:
            return ()
        return (
            f"{len(found)} rows of the target '{dataset.target}' are of the class {marks}: remove"
            " them if they have no value; if it is a class of its own, say so: repro data add"
            f" {dataset.name} --replace --missing-in {shlex.quote(dataset.target)} ''",
        )

    def _wide(self) -> tuple[str, ...]:
        """Name the column that makes most of what a model sees."""
        config, table = self.execution.config, self.execution.table
        used = [name for name in table.categorical if name not in config.left_out]
        settings = config.preprocessing.categorical
        if not is_wide(table.features, used, settings):
            return ()
        widths = widths_of(table.features, used, settings)
        name = max(widths, key=lambda each: widths[each])
        drop = f"repro data add {config.dataset.name} --replace --ignore {shlex.quote(name)}"
        return (
            f"the column '{name}' has {widths[name]} categories, and each makes a column: if it"
            f" names rows, ignore it: {drop}; otherwise let rare categories share a column, such as"
            " those of fewer than 10 rows: --set preprocessing.categorical.min_frequency=10",
        )


def train(
    project: Path,
    resolved: Resolved,
    command: Sequence[str],
    observer: Observer,
    *,
    fresh: bool = False,
) -> TrainedRun:
    """Train and write the run folder; continue a training that was interrupted.

    Parameters
    ----------
    fresh : bool
        Whether to start from the beginning, whatever checkpoints there are.

    Raises
    ------
    PreconditionError
        If the runs folder cannot be written, before anything is trained; or as ``execute``.
    ConfigError
        If the project does not say how its runs are verified.
    """
    runs = project / resolved.config.execution.runs
    check_writable(runs)
    # What verifies the run must know how: without it, nobody could.
    verification_settings(project, resolved.config.experiment)
    started, clock = datetime.now(UTC), time.perf_counter()
    request = CheckpointRequest(runs, fresh)
    with beside() as begin:
        compiled = begin(report.compile_templates)
        execution = execute(project, resolved.config, observer, request, begin)
        seconds = time.perf_counter() - clock
        environment = _environment(execution, started, seconds)
        observer.preparing("writing the run")
        with PendingRun(runs, new_run_id(started)) as pending:
            lineage = _lineage(
                resolved,
                execution,
                run_id=pending.run_id,
                command=command,
                created=environment.started,
            )
            if compiled is not None:
                report.take_compiled(compiled())
            _write_files(pending, execution, environment, lineage, begin)
            path = pending.commit(lineage)
    execution.forget_unfinished()
    return TrainedRun(path, pending.run_id, execution, seconds)


def _environment(execution: Execution, started: datetime, seconds: float) -> EnvironmentFile:
    return EnvironmentFile(
        schema_="repro.environment/v1",
        environment=execution.environment,
        host=capture_host(),
        started=started.isoformat(),
        finished=datetime.now(UTC).isoformat(),
        seconds=round(seconds, 3),
        resumed=execution.resumed or None,
        resumed_trials=execution.resumed_trials or None,
    )


def _write_files(
    pending: PendingRun,
    execution: Execution,
    environment: EnvironmentFile,
    lineage: Lineage,
    begin: Begin,
) -> None:
    training, config = execution.training, execution.config
    seeds = Seeds(
        schema_="repro.seeds/v1",
        scheme=config.seeding.scheme,
        base=config.seed,
        seeds=dict(training.seeds),
        target=config.target,
    )
    snapshot = Snapshot(
        schema_="repro.snapshot/v1",
        comparison_group=comparison_group(config.experiment, execution.keys.replicate_key),
        keys=execution.keys,
        parts=identity_parts(config, execution.table.content, STAGES_VERSION),
    )
    # Metrics may still be computed beside this process: first what does without them.
    predictions = predictions_of(training)
    pending.write("config.json", dump(config.model_dump(mode="json", by_alias=True)))
    pending.write("predictions.csv", write_predictions(predictions))
    facts = _facts(execution, predictions, environment, lineage)
    write = partial(_pages, facts)
    pages = begin(write) or write
    pending.write(RECORD, dump_record(record_of_execution(execution, None)))
    models = {kept_model(name): model for name, model in training.kept.items()}
    for name, model in ({MODEL: training.model} | models).items():
        pending.write_with(name, partial(joblib.dump, model))
    for name, record in (
        ("metrics.json", training.metrics),
        ("threshold.json", training.threshold),
        ("drift_baseline.json", training.baseline),
        ("stages.json", training.stages),
        ("environment.json", environment),
        ("seeds.json", seeds),
        ("snapshot.json", snapshot),
    ):
        pending.write(name, dump_record(record))
    if training.search is not None:
        pending.write(SEARCH, dump_record(training.search))
    for name, content in pages().items():
        pending.write(name, content)


def _pages(facts: report.Facts) -> dict[str, bytes]:
    """Write the reports of a run, by their names."""
    return {
        "report.md": report.markdown(facts).encode(),
        "report.html": report.html(facts).encode(),
    }


def _facts(
    execution: Execution, predictions: Predictions, environment: EnvironmentFile, lineage: Lineage
) -> report.Facts:
    training = execution.training
    return report.Facts(
        run_id=lineage.run_id,
        config=execution.config.model_dump(mode="json", by_alias=True),
        rows=execution.table.rows,
        content=execution.table.content,
        keys=execution.keys,
        metrics=training.metrics,
        threshold=training.threshold,
        stages=training.stages,
        environment=environment,
        predictions=predictions,
        baseline=training.baseline,
        search=training.search,
        request=report.Request.of(lineage),
    )


def _lineage(
    resolved: Resolved,
    execution: Execution,
    *,
    run_id: str,
    command: Sequence[str],
    created: str,
) -> Lineage:
    config, table = resolved.config, execution.table
    dataset = DatasetLineage(
        name=config.dataset.name,
        source=config.dataset.source.label,
        sha256=table.sha256,
        content=table.content,
        rows=table.rows,
        unordered=table.unordered,
    )
    return Lineage(
        schema_="repro.lineage/v1",
        run_id=run_id,
        experiment=config.experiment,
        created=created,
        version=__version__,
        command=tuple(command),
        dataset=dataset,
        configuration=resolved.sources,
        code=execution.code.files,
        loaded=execution.code.loaded or None,
        commit=execution.environment.commit,
        dirty=execution.environment.dirty,
        files={},
        digest="",
        overrides=resolved.overrides,
    )
