"""Contradictions: values that differ although everything they derive from is identical.

A value that a record copied is checked against the digests of its own record, which cover all of
it; the values compared in this module follow from several outputs, or from what a record was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Outcome
from repro.divergence.outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.meaning import Meaning
    from repro.core.records import Stages
    from repro.core.verdict import Check


def contradiction(
    checks: Iterable[Check],
    expected: Stages,
    actual: Stages,
    meaning: Meaning,
    *,
    same_code: bool = False,
    thresholded: bool = False,
) -> str:
    """Return a sentence about the first difference without an origin; empty without one.

    A digest covers every bit of an output, and records only copy outputs: no environment and no
    change of the code makes two records differ in it. Inputs that no stage made follow from data,
    configuration and seed, which records that compare have in common.

    Parameters
    ----------
    checks : iterable of Check
        None where the records do not compare.
    meaning : Meaning
        Of the stages of both records. Inputs in no key may differ.
    same_code : bool
        Whether both records are known to be of the same code, so that no honest training can
        have made different inputs.
    thresholded : bool
        Whether a threshold decides the labels of both records.
    """
    checks = tuple(checks)
    if checks and meaning.closed and (given := _different_input(expected, actual, meaning)):
        if same_code:
            return f"{given}: one of the two records was edited"
        return f"{given}: they were made by different code, or one of the two records was edited"
    left, right = outputs_of(expected), outputs_of(actual)
    same = {name for name, digest in left.items() if right.get(name) == digest}
    derivations = [
        derived
        for derived in meaning.derivations
        if (thresholded or not derived.thresholded) and same.issuperset(derived.outputs)
    ]
    for check in filter(_differs, checks if derivations else ()):
        for derived in derivations:
            if check.name.startswith(derived.prefix):
                return (
                    f"{check.name} differs where {derived.outputs[0]} has the same bits: one of the"
                    " two records was edited; get a fresh copy of it"
                )
    return ""


def _different_input(expected: Stages, actual: Stages, meaning: Meaning) -> str:
    """Return a sentence about the first stage, or input that no stage made, that differs."""
    made: set[str] = set()
    others = {stage.name: stage for stage in actual.stages}
    shared = [stage for stage in expected.stages if stage.name in others]
    names = {stage.name for stage in shared}
    order = [stage.name for stage in actual.stages if stage.name in names]
    for stage, name in zip(shared, order, strict=True):
        if stage.name != name:
            return f"stages.{stage.name} takes the place of stages.{name}"
        other = others[name]
        moved = stage.version != other.version
        for given in stage.inputs | other.inputs:
            pair = stage.inputs.get(given), other.inputs.get(given)
            if pair[0] == pair[1]:
                continue
            allowed = given in made or not meaning.is_keyed(given) or moved
            missing = None in pair and not moved
            if missing or not allowed:
                same = "where data, configuration and seed are the same"
                return f"the input {given} of stages.{stage.name} differs {same}"
        made.update(meaning.made_by(stage.name, stage.outputs))
    return ""


def _differs(check: Check) -> bool:
    # A sample lacks rows. The true value of a row is no stage's, and is not among these two.
    if check.outcome is Outcome.SAME or check.outcome is Outcome.MISSING:
        return False
    return bool(check.difference or check.expected != check.actual)
