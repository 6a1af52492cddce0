"""The expectation that follows from two environments, before any number is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.fingerprint import TENSORS, Fingerprint
from repro.core.verdict import Verdict

if TYPE_CHECKING:
    from repro.core.environment import Environment
    from repro.core.verdict import Comparison

# More groups than these point to a different processor rather than to a place to look.
_NAMED = 3
_EXPECTED = "bit-identical results are expected"


@dataclass(frozen=True)
class Expectation:
    """The expectation of bit-identical results, and its reason.

    Attributes
    ----------
    bits_expected : bool
        Whether any difference is a finding, however small it is.
    sentence : str
    """

    bits_expected: bool
    sentence: str


def expect(expected: Environment, actual: Environment) -> Expectation:
    """Derive what to expect of a training in one environment, given a record from a second one.

    Bit-identical results are expected if both have the same fingerprint, the same versions of the
    packages that train, and a level at which nothing varies from one start to the next.
    """
    theirs, ours = expected.fingerprint, actual.fingerprint
    for side in (expected, actual):
        contradiction = _contradiction(side)
        if contradiction:
            return Expectation(bits_expected=True, sentence=f"{contradiction}: {_EXPECTED}")
    if theirs is None or ours is None or theirs.scheme != ours.scheme:
        return Expectation(
            bits_expected=False,
            sentence="the record has no comparable fingerprint: the bits may differ",
        )
    there, here = expected.bits or "unknown", actual.bits or "unknown"
    if theirs.digest != ours.digest:
        where = f"reference {there}, this run {here}" if there != here else f"both {here}"
        parted = _parted(theirs, ours) or ()
        named = f" ({', '.join(parted)})" if len(parted) <= _NAMED else ""
        count = f"{len(parted)} of {len(ours.groups)} groups{named}"
        return Expectation(
            bits_expected=False,
            sentence=f"{where}; the fingerprints differ in {count}: the last bits may differ",
        )
    versions = _packages(expected, actual)
    doubts = (
        _of_tensors(expected, actual),
        "equal fingerprints, but the level seeded fixes little"
        if "seeded" in {expected.level, actual.level}
        else "",
        f"both {here} with equal fingerprints; {versions}" if versions else "",
    )
    doubt = next(filter(None, doubts), "")
    return Expectation(
        bits_expected=not doubt,
        sentence=doubt or f"both {here} with equal fingerprints: {_EXPECTED}",
    )


def parted_groups(expected: Environment, actual: Environment) -> tuple[str, ...] | None:
    """Return the groups of kernels in which two fingerprints differ; None where one is unknown.

    Those of PyTorch count where it was used, and begin with its name.
    """
    own, tensors = (
        _parted(expected.fingerprint, actual.fingerprint),
        _parted_tensors(expected, actual),
    )
    if own is None or tensors is None:
        return None
    return (*own, *(f"PyTorch {name}" for name in tensors))


def _parted(theirs: Fingerprint | None, ours: Fingerprint | None) -> tuple[str, ...] | None:
    if theirs is None or ours is None or theirs.scheme != ours.scheme:
        return None
    return tuple(name for name in ours.groups if ours.groups[name] != theirs.groups.get(name))


def _parted_tensors(expected: Environment, actual: Environment) -> tuple[str, ...] | None:
    """Return the groups of PyTorch's results that differ; None where one side is unknown."""
    if not any(side.tensors or side.tensor_fingerprint for side in (expected, actual)):
        return ()
    return _parted(expected.tensor_fingerprint, actual.tensor_fingerprint)


def _of_tensors(expected: Environment, actual: Environment) -> str:
    """Return why PyTorch may compute other bits; empty where it does not, or was not used."""
    parted = _parted_tensors(expected, actual)
    if parted is None:
        return "equal fingerprints, but the results of PyTorch are not known of both"
    named = ", ".join(parted)
    return f"PyTorch's results differ ({named}): the last bits may differ" if parted else ""


def _contradiction(environment: Environment) -> str:
    """Describe what no training writes into a record: it cannot excuse a difference."""
    tensors = environment.tensor_fingerprint
    if tensors and tensors.scheme == TENSORS and tensors != Fingerprint.of_tensors(tensors.groups):
        return "recorded results of PyTorch do not match their own digest"
    known = environment.fingerprint
    if known is None:
        return "a class of bits is recorded without a fingerprint" if environment.bits else ""
    if known.scheme == Fingerprint.over({}).scheme and not known.is_sound:
        return "a recorded fingerprint does not match its own groups"
    return ""


def with_expectation(
    comparison: Comparison, expected: Environment, actual: Environment, *, lenient: bool = False
) -> Comparison:
    """Add the expectation to a comparison, and a finding if the results do not meet it.

    Parameters
    ----------
    lenient : bool
        Whether to accept a difference within the tolerance even if bit-identical results are
        expected.
    """
    if comparison.verdict is Verdict.INCOMPARABLE:
        # A different experiment allows no expectation.
        return comparison
    expectation = expect(expected, actual)
    odd = expectation.bits_expected and comparison.verdict is Verdict.EQUIVALENT and not lenient
    return comparison.model_copy(
        update={
            "expectation": expectation.sentence,
            "finding": _finding(expected.commit, actual.commit) if odd else "",
        }
    )


def _finding(there: str | None, here: str | None) -> str:
    moved = f": the code moved from {there[:12]} to {here[:12]}" if there and here else ""
    return f"within the tolerance only, although {_EXPECTED}{moved if there != here else ''}"


def _packages(expected: Environment, actual: Environment) -> str:
    theirs, ours = expected.foreign_packages, actual.foreign_packages
    # A package that one side lacks is an extra: had training needed it, it would have failed.
    names = sorted(name for name in theirs.keys() & ours.keys() if theirs[name] != ours[name])
    if not names:
        return ""
    first = names[0]
    more = f"; {len(names) - 1} more differ" if len(names) > 1 else ""
    return f"{first} differs: reference {theirs[first]}, this run {ours[first]}{more}"
