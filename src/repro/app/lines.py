"""The runs of a folder, each in a line: what a list shows, and what groups are made of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from repro.core.errors import ReproError
from repro.core.records import STAGES_VERSION, Estimate, Metrics, Stages
from repro.core.targets import target_of
from repro.divergence.compare import outputs_of
from repro.divergence.stability import Replicate
from repro.store import open_run, read_entry, run_folders
from repro.store.index import indexed
from repro.store.naming import LINEAGE, RECORD
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.record import RunRecord
    from repro.store.listing import RunEntry, Summary

_FILES = (LINEAGE, "config.json", "metrics.json", "snapshot.json", "stages.json")


@dataclass(frozen=True)
class Line:
    """A run in a list.

    Attributes
    ----------
    created : str or None
        When it started, in UTC; None if that is unknown.
    name : str
        Of the experiment, or of the recorded command.
    model : str
        The chosen family; ``command`` for the run of a command.
    metric, value : str and float, or empty and None
        The metric of selection, or the first number of a command.
    damage : str
        The reason if it could not be read.
    group : str or None
        Of the run of an experiment: what it is compared by with runs of other seeds, as JSON,
        which a list does not read.
    """

    run_id: str
    created: str | None
    name: str = ""
    target: str | None = None
    seed: int | None = None
    model: str = ""
    metric: str = ""
    value: float | None = None
    findings: tuple[str, ...] = ()
    damage: str = ""
    group: str | None = None

    @property
    def replicate(self) -> Grouped | None:
        """Its part in its group; None of a recorded command."""
        if self.group is None:
            return None
        group = json.loads(self.group)
        test = {
            name: Estimate.model_construct(value=value, low=low, high=high)
            for name, (value, low, high) in group["test"].items()
        }
        made: dict[str, Any] = {"model": self.model, "test": test}
        replicate = Replicate(
            seed=-1 if self.seed is None else self.seed,
            strict_key=group["strict_key"],
            environment_key=group["environment_key"],
            metrics=Metrics.model_construct(**made),
            bits=(group["bits"],),
            code=group["code"],
        )
        return Grouped(group["name"], group["key"], replicate)


class Grouped(NamedTuple):
    """A run in its group, which has a name and the replicate key of its runs."""

    name: str
    key: str
    replicate: Replicate


def read_lines(runs: Path) -> list[Line]:
    """Return the runs of a folder, the newest first.

    Raises
    ------
    PreconditionError
        If it is not a folder or cannot be read.
    """
    found: list[Any] = indexed(runs, run_folders(runs), _made)
    lines = [Line(**{**each, "findings": tuple(each["findings"])}) for each in found]
    return sorted(lines, key=_age, reverse=True)


def _age(line: Line) -> tuple[str, str]:
    return line.created or "", line.run_id


def _made(path: Path) -> tuple[Any, tuple[str, ...] | None]:
    entry = read_entry(path)
    line = asdict(_line(entry))
    if entry.damage:
        return line, None
    return line, (LINEAGE, RECORD) if entry.recorded is not None else _FILES


def _line(entry: RunEntry) -> Line:
    created = None if entry.created is None else _sortable(entry.created)
    if entry.recorded is not None:
        return _of_command(entry.run_id, created, entry.recorded.record)
    if entry.summary is None:
        return Line(entry.run_id, created, damage=entry.damage)
    summary = entry.summary
    metrics, seed = summary.metrics, summary.config.get("seed")
    name = metrics.selection_metric
    return Line(
        run_id=entry.run_id,
        created=created,
        name=summary.lineage.experiment,
        target=target_of(summary.config),
        seed=seed if isinstance(seed, int) else None,
        model=metrics.model,
        metric=name,
        value=metrics.test[name].value if name in metrics.test else None,
        findings=tuple(finding.kind for finding in metrics.findings),
        group=_group(entry.path, summary),
    )


def _sortable(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _of_command(run_id: str, created: str | None, record: RunRecord) -> Line:
    observed, numbers = record.observed, record.evidence.numbers
    name = next((name for name in numbers if not name.endswith("]")), "")
    found: list[str] = [remark.kind for remark in observed.remarks] if observed else []
    if observed and observed.status:
        found.insert(0, f"failed with status {observed.status}")
    return Line(
        run_id=run_id,
        created=created,
        name=record.name,
        model="command",
        metric=name,
        value=numbers[name] if name else None,
        findings=tuple(dict.fromkeys(found)),
    )


def _group(path: Path, summary: Summary) -> str:
    keys, lineage = summary.snapshot.keys, summary.lineage
    stages = _stages(path)
    loaded = lineage.code if lineage.loaded is None else lineage.loaded
    versions = [(stage.name, stage.version) for stage in stages.stages if stage.version]
    code = (lineage.commit, [(name, lineage.code[name]) for name in loaded], versions)
    group = {
        "name": summary.snapshot.comparison_group,
        "key": keys.replicate_key,
        "strict_key": keys.strict_key,
        "environment_key": keys.environment_key,
        "test": {n: (e.value, e.low, e.high) for n, e in summary.metrics.test.items()},
        "bits": _short(_bits(stages, summary)),
        "code": _short(code),
    }
    return json.dumps(group)


def _stages(path: Path) -> Stages:
    """Read the stages of a run; none where the file is damaged, which the list of runs shows."""
    try:
        return open_run(path).record("stages.json", Stages)
    except ReproError:
        return Stages(schema_="repro.stages/v1", version=STAGES_VERSION, stages=())


def _bits(stages: Stages, summary: Summary) -> tuple[object, ...]:
    """Return what repeated runs share: everything but comments on the result."""
    outputs = outputs_of(stages)
    judged = {name: digest for name, digest in outputs.items() if not MEANING.is_diagnostic(name)}
    metrics = summary.metrics.model_copy(update={"findings": ()})
    predictions = summary.lineage.files["predictions.csv"].sha256
    return sorted(judged.items()), metrics, predictions


def _short(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
