"""The line of one run in a list, made of its files."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from repro.core.errors import ReproError
from repro.core.records import STAGES_VERSION, Stages
from repro.core.targets import target_of
from repro.divergence.outputs import outputs_of
from repro.store.listing import read_entry
from repro.store.naming import LINEAGE, RECORD
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.record import RunRecord
    from repro.store.lineage import RunFiles
    from repro.store.listing import RunEntry, Summary

    # Those of ``Line``, as JSON has them; what is left out has its default.
    Fields = dict[str, Any]

_FILES = (LINEAGE, "config.json", "metrics.json", "snapshot.json", "stages.json")


def read_line(path: Path) -> tuple[Fields, tuple[str, ...] | None]:
    """Return the fields of a run's line, and the files of the run that they were made of.

    Of a damaged run the second value is None: what is wrong with it may be in no file that it has.
    """
    entry = read_entry(path)
    line = _line(entry)
    if entry.damage:
        return line, None
    return line, (LINEAGE, RECORD) if entry.recorded is not None else _FILES


def _line(entry: RunEntry) -> Fields:
    created = None if entry.created is None else _sortable(entry.created)
    if entry.recorded is not None:
        return _of_command(entry.run_id, created, entry.recorded.record)
    if entry.summary is None:
        return {"run_id": entry.run_id, "created": created, "damage": entry.damage}
    summary = entry.summary
    metrics, seed = summary.metrics, summary.config.get("seed")
    name = metrics.selection_metric
    return {
        "run_id": entry.run_id,
        "created": created,
        "name": summary.lineage.experiment,
        "target": target_of(summary.config),
        "seed": seed if isinstance(seed, int) else None,
        "model": metrics.model,
        "metric": name,
        "value": metrics.test[name].value if name in metrics.test else None,
        "findings": [finding.kind for finding in metrics.findings],
        "group": _group(summary),
    }


def _sortable(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _of_command(run_id: str, created: str | None, record: RunRecord) -> Fields:
    observed, numbers = record.observed, record.evidence.numbers
    name = next((name for name in numbers if not name.endswith("]")), "")
    found: list[str] = [remark.kind for remark in observed.remarks] if observed else []
    if observed and observed.status:
        found.insert(0, f"failed with status {observed.status}")
    return {
        "run_id": run_id,
        "created": created,
        "name": record.name,
        "model": "command",
        "metric": name,
        "value": numbers[name] if name else None,
        "findings": list(dict.fromkeys(found)),
    }


def _group(summary: Summary) -> str:
    keys, lineage = summary.snapshot.keys, summary.lineage
    stages = _stages(summary.files)
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


def _stages(files: RunFiles) -> Stages:
    """Read the stages of a run; none where the file is damaged, which the list of runs shows."""
    try:
        return files.record("stages.json", Stages)
    except ReproError:
        return Stages(schema_="repro.stages/v1", version=STAGES_VERSION, stages=())


def _bits(stages: Stages, summary: Summary) -> tuple[object, ...]:
    """Return what repeated runs share: everything but comments on the result."""
    outputs = outputs_of(stages)
    judged = {name: digest for name, digest in outputs.items() if not MEANING.is_diagnostic(name)}
    metrics = summary.metrics.model_dump_json(exclude={"findings"})
    predictions = summary.lineage.files["predictions.csv"].sha256
    return sorted(judged.items()), metrics, predictions


def _short(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
