"""The verdict on two records that no configuration describes, such as those of a command."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from repro.core.verdict import COMMAND_STATUS, Kind, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.verdict import Check

_WIDE = 80
_WRITTEN = "stages.write "
_EXACT = frozenset({Outcome.SAME, Outcome.EXPLAINED})
_WRONG = frozenset({Outcome.DIFFERS, Outcome.MISSING})
_COUNTED = (
    (Kind.METRIC, "numbers and labels differ"),
    (Kind.PREDICTION, "predictions differ"),
    (Kind.FILE, "files differ"),
)
_SENTENCES = {
    Verdict.IDENTICAL: "the same bits in every step, number and file",
    Verdict.EQUIVALENT: "every number is within the tolerance",
}


def judge_command(
    stages: Sequence[Check], results: Sequence[Check], only: str
) -> tuple[Verdict, list[str]]:
    """Judge the checks of steps and series, and of results.

    A call, a number or a file that only one side has is a difference, and not a lack of something
    to compare: the program itself decides what it does. Where no result has a number, the bits are
    what is compared: of the files that were written, such as a saved model, and of the steps where
    there is no file either.

    Parameters
    ----------
    only : str
        The first call that only one side makes; empty if both make the same calls.
    """
    wrong = [check for check in results if check.outcome in _WRONG]
    lost = [check for check in stages if check.outcome is Outcome.MISSING]
    moved = [check for check in stages if check.outcome not in _EXACT]
    sentences = [f"the calls differ: {only}"] if only else []
    sentences += _counted(wrong, results)
    steps = [check for check in stages if check.kind is Kind.STEP]
    bits = [check for check in moved if check.kind is Kind.STEP]
    differing = f"{len(bits)} of {len(steps)} outputs of steps have different bits"
    if _unjudged(moved, results) and not sentences:
        sentences = [f"{differing}, and there is no number to compare"]
    if lost and not sentences:
        sentences = [check.detail for check in lost][:1]
    if sentences:
        return Verdict.DIFFERENT, sentences
    exact = not moved and all(check.outcome in _EXACT for check in results)
    verdict = Verdict.IDENTICAL if exact else Verdict.EQUIVALENT
    series = [check.detail for check in moved if check.kind is Kind.SERIES and check.detail]
    first = [each.name.removeprefix("stages.") for each in bits[:1]]
    # A different model can have the same score.
    unlike = [f"{differing}, first {name}: a tolerance applies to numbers only" for name in first]
    return verdict, [_SENTENCES[verdict], *unlike, *series]


def _unjudged(moved: Sequence[Check], results: Sequence[Check]) -> bool:
    if any(check.kind is not Kind.FILE and check.name != COMMAND_STATUS for check in results):
        return False
    files = any(check.kind is Kind.FILE for check in results)
    return any(not files or check.name.startswith(_WRITTEN) for check in moved)


def _counted(wrong: Sequence[Check], results: Sequence[Check]) -> list[str]:
    sentences = []
    for kind, what in _COUNTED:
        bad = [check for check in wrong if check.kind is kind]
        if bad:
            total = sum(check.kind is kind for check in results)
            sentences.append(f"{len(bad)} of {total} {what}{_beyond(kind)}")
            sentences += [check.detail for check in bad if check.detail][:1]
    return sentences


def _beyond(kind: Kind) -> str:
    return "" if kind is Kind.FILE else " beyond the tolerance"


def differing_line(expected: str, actual: str) -> str:
    r"""Describe the first line in which two texts differ; empty if they are equal.

    Examples
    --------
    >>> differing_line("loss 0.5\ndone", "loss 0.6\ndone")
    "line 1: reference 'loss 0.5', this run 'loss 0.6'"
    >>> differing_line("done", "done")
    ''
    """
    pairs = zip_longest(expected.splitlines(), actual.splitlines())
    for number, (left, right) in enumerate(pairs, start=1):
        if left != right:
            shown = ["nothing" if each is None else repr(each[:_WIDE]) for each in (left, right)]
            return f"line {number}: reference {shown[0]}, this run {shown[1]}"
    return ""
