"""Use cases over the runs of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.configuration import stability_settings
from repro.core.errors import ReproError
from repro.core.records import STAGES_VERSION, Stages
from repro.core.stability import Band, GroupsReport, StabilityReport
from repro.divergence.compare import outputs_of
from repro.divergence.stability import Bands, Replicate, judge_group, spread_of
from repro.store import RunEntry, list_runs, open_run, plan_prune, remove
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.store.listing import Summary

    Listed = tuple[Path, Summary]

__all__ = ["RunEntry", "groups", "list_runs", "plan_prune", "remove", "stability"]


def groups(runs: Path) -> GroupsReport:
    """Group the complete runs by replicate key, the newest group first."""
    entries = list_runs(runs)
    return GroupsReport(
        schema_="repro.groups/v1",
        groups=tuple(spread_of(*group) for group in _grouped(entries)),
        damaged=_damaged(entries),
    )


def stability(project: Path, runs: Path) -> StabilityReport:
    """Hold the spread of every metric over replicates against its bootstrap interval.

    Raises
    ------
    ConfigError
        If ``configs/base.yaml`` does not say what is drifting and diverged.
    """
    settings = stability_settings(project)
    limits = Bands(settings.drifting, settings.diverged)
    entries = list_runs(runs)
    found = tuple(judge_group(*group, limits) for group in _grouped(entries))
    bands = {group.band for group in found}
    return StabilityReport(
        schema_="repro.stability/v1",
        drifting=limits.drifting,
        diverged=limits.diverged,
        holds=bool(bands - {None}) and Band.DIVERGED not in bands,
        groups=found,
        damaged=_damaged(entries),
    )


def _damaged(entries: Sequence[RunEntry]) -> tuple[str, ...]:
    return tuple(entry.run_id for entry in entries if entry.damage)


def _grouped(entries: Sequence[RunEntry]) -> list[tuple[str, str, list[Replicate]]]:
    """Return the name, the key and the runs of every group."""
    return [
        (
            listed[0][1].snapshot.comparison_group,
            key,
            [_replicate(*each) for each in listed],
        )
        for key, listed in _by_key(entries).items()
    ]


def _replicate(path: Path, summary: Summary) -> Replicate:
    keys, lineage = summary.snapshot.keys, summary.lineage
    stages = _stages(path)
    loaded = lineage.code if lineage.loaded is None else lineage.loaded
    versions = [(stage.name, stage.version) for stage in stages.stages if stage.version]
    code = repr((lineage.commit, [(name, lineage.code[name]) for name in loaded], versions))
    return Replicate(
        seed=_seed(summary),
        strict_key=keys.strict_key,
        environment_key=keys.environment_key,
        metrics=summary.metrics,
        bits=_bits(stages, summary),
        code=code,
    )


def _stages(path: Path) -> Stages:
    """Read the stages of a run; none where the file is damaged, which the list of runs shows."""
    try:
        return open_run(path).record("stages.json", Stages)
    except ReproError:
        return Stages(schema_="repro.stages/v1", version=STAGES_VERSION, stages=())


def _by_key(entries: Sequence[RunEntry]) -> dict[str, list[Listed]]:
    found: dict[str, list[Listed]] = {}
    for entry in entries:
        if entry.summary is not None:
            key = entry.summary.snapshot.keys.replicate_key
            found.setdefault(key, []).append((entry.path, entry.summary))
    return found


def _seed(summary: Summary) -> int:
    seed = summary.config.get("seed")
    return seed if isinstance(seed, int) else -1


def _bits(stages: Stages, summary: Summary) -> tuple[str, ...]:
    """Return what repeated runs share: everything but comments on the result."""
    outputs = outputs_of(stages)
    judged = {name: digest for name, digest in outputs.items() if not MEANING.is_diagnostic(name)}
    metrics = summary.metrics.model_copy(update={"findings": ()})
    predictions = summary.lineage.files["predictions.csv"].sha256
    return (repr(sorted(judged.items())), repr(metrics), predictions)
