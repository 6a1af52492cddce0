"""What cannot be of two records that compare: a difference where what it comes from is the same.

Other numbers are held against the digests of their own record, which has all of what was hashed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Outcome
from repro.divergence.compare import outputs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.records import Stages
    from repro.core.verdict import Check

# How the names of checks begin, and the stage outputs that they follow from, exactly: labels and
# margins from scores and threshold, without any rounding that processors could differ in, and which
# prediction is a row's from the split.
SOURCES = {
    "predictions.": (
        "stages.predict.scores",
        "stages.decide.threshold",
        "stages.split.test_rows",
    ),
    "held_out.rows": ("stages.split.test_rows",),
}


def contradiction(checks: Iterable[Check], expected: Stages, actual: Stages) -> str:
    """Tell of the first difference that has no origin; empty if there is none.

    A digest holds every bit of an output, and records only copy it: no environment and no other
    code can part the two. What no stage makes follows from data, configuration and seed, which
    records that compare have in common.

    Parameters
    ----------
    checks : iterable of Check
        None where the records do not compare.
    """
    checks = tuple(checks)
    if checks and (given := _other_input(expected, actual)):
        return f"{given}: one of the two records was edited, or made by other code"
    ours, theirs = outputs_of(expected), outputs_of(actual)
    same = {name for name, digest in ours.items() if theirs.get(name) == digest}
    for check in filter(_differs, checks):
        for prefix, outputs in SOURCES.items():
            if check.name.startswith(prefix) and same.issuperset(outputs):
                return (
                    f"{check.name} differs where {outputs[0]} has the same bits: one of the two"
                    " records was edited; get it anew"
                )
    return ""


def _other_input(expected: Stages, actual: Stages) -> str:
    """Tell of the first stage, or input that no stage made, which is not the same on both sides."""
    made: set[str] = set()
    for ours, theirs in zip(expected.stages, actual.stages, strict=False):
        if ours.name != theirs.name:
            return f"stages.{ours.name} stands where stages.{theirs.name} does"
        for name in ours.inputs | theirs.inputs:
            pair = ours.inputs.get(name), theirs.inputs.get(name)
            if pair[0] != pair[1] and (name not in made or None in pair):
                same = "where data, configuration and seed are the same"
                return f"the input {name} of stages.{ours.name} differs {same}"
        made.update(ours.outputs)
    return ""


def _differs(check: Check) -> bool:
    # A sample lacks rows. The true value of a row is no stage's, and is not among these two.
    told = check.difference or check.expected != check.actual
    return bool(told) and check.outcome not in {Outcome.SAME, Outcome.MISSING}
