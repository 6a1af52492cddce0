"""``repro predict``."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import enter, find, json_option, project_option, runs_of, runs_option
from repro.core.errors import ConfigError, ExitCode, PreconditionError

if TYPE_CHECKING:
    from repro.app.answers import PredictionAnswer
    from repro.app.predict import LoadedRun, Predicted

_SHOWN = 10


@click.command()
@click.argument("run")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path),
    help="Write every row to this CSV file.",
)  # fmt: skip
@click.option("-m", "--model", help="The model of this candidate, of a run that keeps all.")
@runs_option
@json_option("prediction")
@project_option
def command(
    run: str,
    data: Path,
    file: Path | None,
    model: str | None,
    project_folder: Path | None,
    runs_folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """Predict the rows of a table with the model of a run.

    DATA is a CSV, Parquet, Arrow or Excel file with the columns that the model uses. It is read by
    the roles and markers that the run declared, at the run's determinism level; other columns are
    ignored. Each row gets a label and scores, as in predictions.csv. Without -o, a terminal shows
    the first rows and a pipe gets all rows as CSV.

    The run is checked first. Its model is a pickle, and loading a pickle runs code: only use runs
    of people you trust.

    RUN is a folder, an id or the beginning of one, or 'latest'.
    """
    from repro.app.files import check_targets, write_whole
    from repro.app.subjects.recorded import recorded_config
    from repro.app.subjects.subject import find_run_subject

    # A run may have been handed over alone, without a project.
    runs = Path.cwd() if Path(run).is_dir() else runs_of(find(project_folder), runs_folder)
    subject = find_run_subject(runs, run)
    if data.is_dir():
        raise ConfigError(f"{data} is a folder: expected a table", advice="name a file")
    check_targets([file], [subject.path, data])
    if not data.exists():
        raise PreconditionError(f"{data}: no such file", advice="correct its path")
    enter(recorded_config(subject).determinism.level)
    from repro.app.predict import load_run  # imports NumPy: after the level is fixed

    loaded = load_run(subject.path, model=model)
    predicted, notes = _predicted(loaded, data)
    if file is not None:
        write_whole(file, predicted.csv())
    if as_json:
        output.say_record(_summary(loaded, predicted, notes, file))
    else:
        for note in notes:
            output.warn(note)
        _say(loaded, predicted, file)
    return ExitCode.HOLDS


def _predicted(loaded: LoadedRun, data: Path) -> tuple[Predicted, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        predicted = loaded.predictions(data)
    return predicted, [str(w.message) for w in caught if issubclass(w.category, UserWarning)]


def _summary(
    loaded: LoadedRun, predicted: Predicted, notes: list[str], file: Path | None
) -> PredictionAnswer:
    from repro.app.answers import PredictionAnswer

    labels = Counter(map(str, predicted.labels.tolist())) if predicted.columns else {}
    return PredictionAnswer(
        schema_="repro.prediction/v1",
        run=loaded.path.name,
        rows=len(predicted.labels),
        scores=tuple(predicted.columns),
        labels=dict(sorted(labels.items())),
        output=None if file is None else str(file),
        warnings=tuple(notes),
        model=loaded.family if loaded.family != loaded.metrics.model else None,
        target=loaded.target,
    )


def _say(loaded: LoadedRun, predicted: Predicted, file: Path | None) -> None:
    count = len(predicted.labels)
    if file is not None:
        model = "" if loaded.family == loaded.metrics.model else f", model {loaded.family}"
        target = "" if loaded.target is None else f", target {output.plain(loaded.target)}"
        output.say(f"{output.plain(file)}: {count} rows by run {loaded.path.name}{target}{model}")
    elif sys.stdout.isatty():
        header, *rows = predicted.rows()
        shown = [[output.plain(cell) for cell in row] for row in rows[:_SHOWN]]
        output.table([output.plain(name) for name in header], shown)
        if count > _SHOWN:
            output.say(f"{_SHOWN} of {count} rows; -o FILE writes all of them")
    else:
        click.echo(predicted.csv(), nl=False)
