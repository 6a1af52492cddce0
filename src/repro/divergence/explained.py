"""Differences of diagnostic stages that have a recorded origin outside the experiment's identity.

A diagnostic stage comments on a result: no metric and no prediction follows from it. Its outputs
may differ between two records of one experiment because a setting in no key differs, such as the
number of bins of a drift baseline, or because the stage was redefined. Neither is a divergence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.divergence.structure import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from repro.core.meaning import Meaning
    from repro.core.records import Stages, Step
    from repro.divergence.side import Side


def explained(expected: Side, actual: Side, meaning: Meaning) -> dict[str, str]:
    """Return why outputs of diagnostic stages, and their copies in a record, may differ.

    Returns
    -------
    dict of str to str
        A sentence by dotted name of an output or a copy; outputs that agree are among them.
    """
    if expected.stages is None or actual.stages is None:
        return {}
    others = {stage.name: stage for stage in actual.stages.stages}
    found: dict[str, str] = {}
    for stage in expected.stages.stages:
        other = others.get(stage.name)
        if other is None or stage.name not in meaning.diagnostics:
            continue
        reason = _redefined(stage, other) or _reason(expected, actual, stage, other, meaning, found)
        if reason:
            names = stage.outputs | other.outputs
            found |= dict.fromkeys((f"stages.{stage.name}.{name}" for name in names), reason)
    copies = {copy: found[source] for copy, source in meaning.copies.items() if source in found}
    return found | copies


def redefined(expected: Stages | None, actual: Stages | None) -> dict[str, str]:
    """Return a sentence for every stage whose meaning has a different version on each side."""
    if expected is None or actual is None:
        return {}
    others = {stage.name: stage for stage in actual.stages}
    found = {
        stage.name: _redefined(stage, others[stage.name])
        for stage in expected.stages
        if stage.name in others
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def redefined_diagnostics(stages: Stages, meaning: Meaning) -> frozenset[str]:
    """Return the diagnostic stages of a record that mean something else in this version."""
    return frozenset(
        stage.name
        for stage in stages.stages
        if stage.name in meaning.diagnostics
        and (stage.version or 1) != meaning.versions.get(stage.name, 1)
    )


def without(stages: Stages, names: Collection[str]) -> Stages:
    """Leave out some stages."""
    kept = tuple(stage for stage in stages.stages if stage.name not in names)
    return stages.model_copy(update={"stages": kept})


def _redefined(stage: Step, other: Step) -> str:
    before, after = stage.version or 1, other.version or 1
    if before == after:
        return ""
    return f"stage {stage.name} was redefined: reference version {before}, this run {after}"


def _reason(
    expected: Side,
    actual: Side,
    stage: Step,
    other: Step,
    meaning: Meaning,
    known: dict[str, str],
) -> str:
    """Return the first origin among the inputs that differ; empty without one."""
    upstream = {name.rpartition(".")[2]: reason for name, reason in known.items()}
    for name in stage.inputs:
        if stage.inputs[name] == other.inputs.get(name):
            continue
        if name in upstream:
            return upstream[name]
        if not meaning.is_keyed(name):
            keys = ", ".join(_settings(expected, actual, meaning, name)) or name
            return f"stage {stage.name} differs because its settings differ: {keys}"
    return ""


def _settings(expected: Side, actual: Side, meaning: Meaning, name: str) -> Iterator[str]:
    left, right = expected.config or {}, actual.config or {}
    for setting in meaning.settings:
        if setting.makes(name):
            section = setting.section
            pairs = differences({section: left.get(section)}, {section: right.get(section)})
            for key, (before, after) in pairs.items():
                yield f"{key} (reference {before}, this run {after})"
