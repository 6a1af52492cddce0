"""What two environments lead one to expect, before any number is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.environment import Fingerprint, foreign_packages
from repro.core.verdict import Verdict

if TYPE_CHECKING:
    from repro.core.environment import Environment
    from repro.core.verdict import Comparison

# More groups than these say "another processor" rather than where to look.
_NAMED = 3


@dataclass(frozen=True)
class Expectation:
    """Whether the same bits are due, and why.

    Attributes
    ----------
    due : bool
        Whether anything but the same bits is a finding, however small the difference.
    sentence : str
    """

    due: bool
    sentence: str


def expect(expected: Environment, actual: Environment) -> Expectation:
    """Tell what to expect of a training in one environment, given a record from another.

    The same bits are due where both have one fingerprint, the same versions of the packages that
    train, and a level at which nothing varies from one start to the next.
    """
    theirs, ours = expected.fingerprint, actual.fingerprint
    for side in (expected, actual):
        contradiction = _contradiction(side)
        if contradiction:
            return Expectation(due=True, sentence=f"{contradiction}: the same bits are due")
    if theirs is None or ours is None or theirs.scheme != ours.scheme:
        return Expectation(
            due=False, sentence="the record has no fingerprint of this kind: nothing is due"
        )
    there, here = expected.bits or "unknown", actual.bits or "unknown"
    if theirs.digest != ours.digest:
        where = f"{there} there, {here} here" if there != here else f"{here} on both sides"
        parted = parted_groups(expected, actual) or ()
        named = f" ({', '.join(parted)})" if len(parted) <= _NAMED else ""
        count = f"{len(parted)} of {len(ours.groups)} groups{named}"
        return Expectation(
            due=False,
            sentence=f"{where}; the fingerprints differ in {count}: other last bits are possible",
        )
    if "seeded" in {expected.level, actual.level}:
        return Expectation(due=False, sentence="one fingerprint, and the level seeded fixes little")
    versions = _packages(expected, actual)
    if versions:
        return Expectation(due=False, sentence=f"{here} on both sides, one fingerprint; {versions}")
    return Expectation(
        due=True, sentence=f"{here} on both sides, one fingerprint: the same bits are due"
    )


def parted_groups(expected: Environment, actual: Environment) -> tuple[str, ...] | None:
    """Return the groups of kernels in which two fingerprints differ; None where one is unknown."""
    theirs, ours = expected.fingerprint, actual.fingerprint
    if theirs is None or ours is None or theirs.scheme != ours.scheme:
        return None
    return tuple(name for name in ours.groups if ours.groups[name] != theirs.groups.get(name))


def _contradiction(environment: Environment) -> str:
    """Tell of an environment that no training writes: it cannot excuse a difference."""
    known = environment.fingerprint
    if known is None:
        return "a class of bits is recorded without a fingerprint" if environment.bits else ""
    if known.scheme == Fingerprint.over({}).scheme and not known.is_sound:
        return "a recorded fingerprint is not that of its own groups"
    return ""


def with_expectation(
    comparison: Comparison, expected: Environment, actual: Environment, *, lenient: bool = False
) -> Comparison:
    """Add to a comparison what the environments lead one to expect, and whether it came so.

    Parameters
    ----------
    lenient : bool
        Whether a difference within the tolerance is accepted even where the same bits are due.
    """
    if comparison.verdict is Verdict.INCOMPARABLE:
        # Nothing is due of another experiment.
        return comparison
    expectation = expect(expected, actual)
    odd = expectation.due and comparison.verdict is Verdict.EQUIVALENT and not lenient
    return comparison.model_copy(
        update={
            "expectation": expectation.sentence,
            "finding": _finding(expected.commit, actual.commit) if odd else "",
        }
    )


def _finding(there: str | None, here: str | None) -> str:
    moved = f": the code moved from {there[:12]} to {here[:12]}" if there and here else ""
    return f"only within the tolerance, where the same bits are due{moved if there != here else ''}"


def _packages(expected: Environment, actual: Environment) -> str:
    theirs, ours = foreign_packages(expected), foreign_packages(actual)
    # A package that one side lacks is an extra: had training needed it, it would have failed.
    names = sorted(name for name in theirs.keys() & ours.keys() if theirs[name] != ours[name])
    if not names:
        return ""
    first = names[0]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{first} {theirs[first]} there, {ours[first]} here{more}"
