"""Everything recorded that can have made two records diverge: settings, data, code, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Suspect, Verdict
from repro.divergence.causes import suspects
from repro.divergence.changed import changed_lines, changed_parameters
from repro.divergence.configured import configured_suspects
from repro.divergence.environments import differing_fields
from repro.divergence.explained import redefined
from repro.divergence.loaded import Loaded, code_of
from repro.divergence.structure import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from repro.core.meaning import Meaning
    from repro.core.record import AnyRecord
    from repro.core.verdict import Comparison

Differences = dict[str, tuple[object, object]]


def recorded_differences(
    expected: AnyRecord,
    actual: AnyRecord,
    code: tuple[Mapping[str, object], Mapping[str, object]] | None = None,
) -> Differences:
    """Return where environments and code differ, by dotted key; files of code after ``code.``.

    Parameters
    ----------
    code : tuple of (mapping, mapping), optional
        The code of both sides, where more of it is known than the records hold.
    """
    left, right = code or (code_of(expected), code_of(actual))
    found = differing_fields(expected.environment, actual.environment)
    return found | {f"code.{name}": pair for name, pair in differences(left, right).items()}


def diagnose(
    expected: AnyRecord, actual: AnyRecord, comparison: Comparison, meaning: Meaning
) -> tuple[Comparison, tuple[Suspect, ...]]:
    """Add to a comparison where the environments differ, and rank what can have caused it."""
    parted = differing_fields(expected.environment, actual.environment)
    comparison = comparison.model_copy(update={"environment": parted})
    found = recorded_differences(expected, actual)
    return comparison, suspects_of(expected, actual, comparison, found, meaning)


def suspects_of(
    expected: AnyRecord,
    actual: AnyRecord,
    comparison: Comparison,
    found: Differences,
    meaning: Meaning,
    files: Collection[str] = (),
) -> tuple[Suspect, ...]:
    """Rank what can have made two records diverge; nothing where they are identical.

    Parameters
    ----------
    found : mapping of str to (expected, actual)
        As ``recorded_differences`` returns them.
    files : collection of str
        Files of code that were loaded, beside those that the records name.
    """
    if comparison.verdict is Verdict.IDENTICAL:
        return ()
    diverged = comparison.divergence
    inputs = diverged.inputs if diverged else ()
    configured = configured_suspects(expected, actual, inputs, meaning)
    if any(key != "content" for suspect in configured for key in suspect.differences):
        # The configuration says what went in; no environment is needed to explain what came out.
        return configured
    worst = max((check.relative or 0.0 for check in comparison.checks), default=0.0)
    loaded = Loaded.by(expected, actual, files)
    moved = redefined(expected.stages, actual.stages)
    if diverged and diverged.stage in moved:
        configured += (_redefined(expected, actual, diverged.stage, moved[diverged.stage]),)
    given = changed_parameters(expected, actual, diverged.stage) if diverged else None
    found = found | changed_lines(expected, actual)
    configured += (given,) if given else ()
    return configured + suspects(found, diverged, worst, expected.stages, loaded)


def _redefined(expected: AnyRecord, actual: AnyRecord, name: str, sentence: str) -> Suspect:
    before, after = (
        next(stage.version or 1 for stage in record.stages.stages if stage.name == name)
        for record in (expected, actual)
    )
    return Suspect(
        cause="redefined stage",
        differences={f"stages.{name}.version": (before, after)},
        rule=sentence,
        can_act=True,
    )
