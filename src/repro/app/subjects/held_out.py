"""Records with all of their held-out predictions, and whether two of them have the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.subjects.recorded import find_intact, record_of
from repro.app.subjects.reported import is_report
from repro.config.recorded import parse_config
from repro.core.canonical import typed_digest
from repro.core.errors import PreconditionError
from repro.store.naming import printable

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subjects.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.core.record import AnyRecord
    from repro.core.records import Prediction

_SAME = "train both on one data set, with one split and one seed"


@dataclass(frozen=True)
class HeldOut:
    """A record of an experiment that has every held-out prediction.

    Attributes
    ----------
    name : str
        For people.
    columns : tuple of str
        Of the scores, as ``Predictions.scores``.
    rows : tuple of Prediction
        Ascending by their position in the data.
    """

    name: str
    subject: Subject
    record: AnyRecord
    config: ExperimentConfig
    columns: tuple[str, ...]
    rows: tuple[Prediction, ...]

    @property
    def digest(self) -> str:
        """Digest of the positions, true values and weights of the rows."""
        values = [[row.row, row.truth, row.weight] for row in self.rows]
        return typed_digest("held-out", values, version=1)

    @property
    def predicted(self) -> tuple[tuple[object, ...], ...]:
        """The labels and scores of the rows."""
        return tuple((row.label, row.scores) for row in self.rows)

    def named(self, name: str) -> HeldOut:
        """Return the same with a different name for people."""
        return replace(self, name=printable(name))


def read_held_out(base: Path, runs: Path, name: str) -> HeldOut:
    """Read an intact run, or a reference that keeps every prediction.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such thing, it is damaged, or it lacks predictions.
    """
    if is_report(base, name):
        raise PreconditionError(
            f"{name}: a report of metrics has no predictions to resample",
            advice="name a run of an experiment",
        )
    subject = find_intact(base, runs, name)
    record = record_of(subject)
    predictions, shown = record.predictions, printable(subject.path.name)
    if not record.is_pipeline or predictions is None:
        raise PreconditionError(
            f"{shown}: it has no predictions of all held-out rows",
            advice="name a run of an experiment",
        )
    if len(predictions.rows) != predictions.total:
        raise PreconditionError(
            f"{shown}: it keeps a sample of {len(predictions.rows)} of {predictions.total}"
            " predictions, and a gate needs all of them",
            advice="name the run that it was made of, or train it again",
        )
    config = parse_config(record.config, shown)
    rows = tuple(sorted(predictions.rows, key=lambda row: row.row))
    return HeldOut(shown, subject, record, config, predictions.scores, rows)


def check_same_rows(base: HeldOut, candidate: HeldOut) -> None:
    """Check that two records predict the same held-out rows.

    Raises
    ------
    PreconditionError
        With the first difference.
    """
    problem = _problem(base, candidate)
    if problem:
        raise PreconditionError(
            f"{base.name} and {candidate.name} cannot be compared in pairs: {problem}", advice=_SAME
        )


def _problem(base: HeldOut, candidate: HeldOut) -> str:
    sides = (base, candidate)
    tasks = [side.config.task for side in sides]
    if tasks[0] != tasks[1]:
        return f"the base is of a {tasks[0]} task, and the candidate of a {tasks[1]} task"
    if base.columns != candidate.columns:
        shown = [", ".join(side.columns) for side in sides]
        return f"the base has scores of {shown[0]}, and the candidate of {shown[1]}"
    if base.digest != candidate.digest:
        return _first_difference(base, candidate)
    unordered = [side.record.unordered for side in sides]
    if unordered[0] == unordered[1] is not None and base.record.content != candidate.record.content:
        # Positions of rows then name different rows, even where the true values are the same.
        return "their data sets have the same rows in a different order"
    return ""


def _first_difference(base: HeldOut, candidate: HeldOut) -> str:
    places = [{row.row for row in side.rows} for side in (base, candidate)]
    if places[0] != places[1]:
        return (
            f"{len(places[0] & places[1])} held-out rows are on both sides, of {len(places[0])} of"
            f" the base and {len(places[1])} of the candidate"
        )
    for left, right in zip(base.rows, candidate.rows, strict=True):
        if left.truth != right.truth:
            return (
                f"the true value of row {left.row} is {left.truth!r} in the base, and"
                f" {right.truth!r} in the candidate"
            )
        if left.weight != right.weight:
            return (
                f"row {left.row} has the weight {left.weight} in the base, and {right.weight} in"
                " the candidate"
            )
    return "their held-out rows differ"
