"""The comparison of two sides."""

from __future__ import annotations

import re
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from repro.core.meaning import Meaning
from repro.core.verdict import Check, Comparison, Divergence, Kind, Outcome, Verdict
from repro.divergence.aligned import aligned
from repro.divergence.commands import judge_command
from repro.divergence.comparable import obstacles
from repro.divergence.explained import explained, redefined
from repro.divergence.numbers import check_evidence
from repro.divergence.outputs import outputs_of
from repro.divergence.own_divergences import first_part, own_divergences
from repro.divergence.series import check_series
from repro.divergence.unmatched import explained_outputs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from repro.core.records import Stages
    from repro.divergence.side import Side
    from repro.divergence.tolerance import Limits

_COUNTED = (
    (Kind.METRIC, "metrics differ"),
    (Kind.PREDICTION, "predictions differ"),
    (Kind.DECISION, "settings of the decision rule differ"),
    (Kind.TRIAL, "values of trials of a search differ"),
    (Kind.HELD_OUT, "facts about the held-out rows differ"),
    (Kind.FILE, "files differ"),
)
NOTHING_DECLARED = Meaning()
# What no tolerance applies to: it decides between identical and equivalent.
_TRIAL = re.compile(r"search\.(?P<family>.+)\.trial_(?P<number>\d+)(\.(?P<what>.+))?")
# No sets: the hash of such a value is computed by Python, hundreds of times for each record.
_COMPUTED = (Kind.STEP, Kind.SERIES)
_EXACT = (Outcome.SAME, Outcome.EXPLAINED)
_WRONG = (Outcome.DIFFERS, Outcome.MISSING)
_SENTENCES = {
    Verdict.IDENTICAL: "the same bits in every stage, metric and compared prediction",
    Verdict.EQUIVALENT: "every metric and compared prediction is within the tolerance",
}


def compare(
    expected: Side,
    actual: Side,
    limits: Limits,
    *,
    mode: str,
    sample: int,
    meaning: Meaning = NOTHING_DECLARED,
) -> Comparison:
    """Compare one side with the other.

    Parameters
    ----------
    sample : int
        How many predictions a record must have, where there are so many held-out rows.
    meaning : Meaning
        Of the stages of both sides.

    ``identical`` asks for the same digest of every stage and the same bits of every metric and
    compared prediction; ``equivalent`` for all numbers within the tolerance and all labels equal,
    but for ties. Differences of diagnostic stages that are explained count as neither, nor does a
    metric that only one side has. In the mode ``legacy`` metrics alone are compared.
    """
    only = first = ""
    commands = expected.is_command and actual.is_command
    if commands and expected.stages and actual.stages:
        matched, only, first = aligned(expected.stages, actual.stages)
        actual = replace(actual, stages=matched)
    reasons = explained(expected, actual, meaning)
    reasons |= explained_outputs(expected.evidence, actual.evidence, meaning)
    divergence = first_divergence(expected.stages, actual.stages, reasons, meaning)
    in_the_way = obstacles(expected, actual, mode, sample)
    if in_the_way:
        return _comparison(Verdict.INCOMPARABLE, in_the_way, (), divergence, limits)
    alone = mode == "legacy"
    checks = [] if alone else list(_check_stages(expected.stages, actual.stages, meaning))
    checks += [] if alone else check_series(expected.series, actual.series)
    evidence = expected.evidence, actual.evidence
    checks += check_evidence(*evidence, limits, metrics_only=alone)
    stages, numbers = _split(_explain(check, reasons) for check in checks)
    if not commands:
        verdict, sentences = _judge(stages, numbers)
    else:
        verdict, sentences = judge_command(stages, numbers, only)
        if only and divergence is None:
            divergence = Divergence(stage=first, outputs=("call",))
    if alone and verdict.holds:
        sentences = ["every metric is within the tolerance; nothing else was compared"]
    sentences += _remarks(expected, actual, (*stages, *numbers))
    return _comparison(verdict, sentences, (*stages, *numbers), divergence, limits)


def _explain(check: Check, reasons: Mapping[str, str]) -> Check:
    reason = reasons.get(check.name, "")
    if not reason or check.outcome is Outcome.SAME:
        return check
    return replace(check, outcome=Outcome.EXPLAINED, detail=reason)


def _split(checks: Iterable[Check]) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """Return the checks of what was computed on the way, and those of results."""
    everything = tuple(checks)
    stages = tuple(check for check in everything if check.kind in _COMPUTED)
    return stages, tuple(check for check in everything if check.kind not in _COMPUTED)


def _remarks(expected: Side, actual: Side, checks: Iterable[Check]) -> list[str]:
    """Name redefined stages whose outputs differ, and every explained difference, once each."""
    moved, found = redefined(expected.stages, actual.stages), []
    for check in checks:
        if check.outcome is Outcome.EXPLAINED:
            found.append(check.detail)
        elif check.outcome is not Outcome.SAME and check.kind is Kind.STEP:
            found.append(moved.get(check.name.split(".")[1], ""))
    return [sentence for sentence in dict.fromkeys(found) if sentence]


def _comparison(
    verdict: Verdict,
    reasons: Sequence[str],
    checks: tuple[Check, ...],
    divergence: Divergence | None,
    limits: Limits,
) -> Comparison:
    measured = [check for check in checks if check.difference]
    return Comparison(
        verdict=verdict,
        reasons=tuple(reasons),
        divergence=divergence,
        worst=max(measured, key=attrgetter("excess"), default=None),
        checks=checks,
        environment={},
        absolute=limits.default.absolute,
        relative=limits.default.relative,
        basis=limits.basis,
    )


def _check_stages(
    expected: Stages | None, actual: Stages | None, meaning: Meaning
) -> Iterator[Check]:
    if expected is None or actual is None:
        return
    for name in meaning.details.values():
        # A record may be older than a step that only says more of a different one.
        if not (_has(expected, name) and _has(actual, name)):
            expected, actual = _without(expected, name), _without(actual, name)
    left, right = outputs_of(expected), outputs_of(actual)
    for name in [*left, *(name for name in right if name not in left)]:
        digest, found = left.get(name), right.get(name)
        missing = digest is None or found is None
        side = "the reference" if digest is None else "this training"
        outcome = Outcome.SAME if digest == found else Outcome.DIFFERS
        yield Check(
            name=name,
            expected=digest,
            actual=found,
            outcome=Outcome.MISSING if missing else outcome,
            detail=f"{name} is missing from {side}" if missing else "",
            kind=Kind.STEP,
        )


def _has(stages: Stages, name: str) -> bool:
    return any(stage.name == name for stage in stages.stages)


def _without(stages: Stages, name: str) -> Stages:
    kept = tuple(stage for stage in stages.stages if stage.name != name)
    return stages.model_copy(update={"stages": kept})


def first_divergence(
    expected: Stages | None,
    actual: Stages | None,
    ignored: Collection[str] = (),
    meaning: Meaning | None = None,
) -> Divergence | None:
    """Return the first stage that diverges on its own, or through an input that no stage made.

    Parameters
    ----------
    ignored : collection of str
        Dotted names of outputs that may differ.
    meaning : Meaning, optional
        Says which outputs are parts: those that differ come first. Of a stage without any, the
        first part that a later stage diverges in, on its own, is named beside it.
    """
    if expected is None or actual is None:
        return None
    meaning = meaning or Meaning()
    found = own_divergences(expected, actual, ignored, meaning)
    first = next(found, None)
    if first is None or first_part(first, meaning):
        return first
    parts = (first_part(later, meaning) for later in found)
    return first.model_copy(update={"part": next(filter(None, parts), None)})


def _judge(stages: Iterable[Check], numbers: Sequence[Check]) -> tuple[Verdict, list[str]]:
    stages = list(stages)
    missing = [check for check in (*stages, *numbers) if check.outcome is Outcome.MISSING]
    compared = [check for check in numbers if _is_prediction(check)]
    lost = [check for check in missing if not _is_prediction(check)]
    if lost or (compared and all(check.outcome is Outcome.MISSING for check in compared)):
        nothing = [] if lost else ["no sampled prediction is of a row that this run held out"]
        return Verdict.INCOMPARABLE, [check.detail for check in lost] + nothing
    wrong = [c for c in numbers if c.outcome in _WRONG]
    if wrong:
        return Verdict.DIFFERENT, _count_sentences(wrong, numbers)
    ties = [check.detail for check in numbers if check.outcome is Outcome.TIE]
    everything = [*stages, *numbers]
    exact = bool(stages) and all(check.outcome in _EXACT for check in everything)
    verdict = Verdict.IDENTICAL if exact else Verdict.EQUIVALENT
    return verdict, [_SENTENCES[verdict], *_count_stages(stages), *ties]


def _count_stages(stages: Sequence[Check]) -> list[str]:
    series = [check.detail for check in stages if check.kind is Kind.SERIES and check.detail]
    outputs = [check for check in stages if check.kind is Kind.STEP]
    differing = sum(check.outcome not in _EXACT for check in outputs)
    found = (
        [f"{differing} of {len(outputs)} stage outputs have different bits"] if differing else []
    )
    return found + series


def first_trial(checks: Sequence[Check]) -> str:
    """Return a sentence about the first trial of a search that differs; empty if none does.

    Examples
    --------
    >>> check = Check("search.svm.trial_12.mean", 0.5, 0.75, Outcome.DIFFERS)
    >>> first_trial([check])
    'the first trial that differs is trial 12 of svm: mean, reference 0.5, this run 0.75'
    """
    found = [(match, check) for check in checks if (match := _TRIAL.fullmatch(check.name))]
    if not found:
        return ""
    match, check = min(found, key=lambda each: int(each[0]["number"]))
    what = match["what"] or "its parameters"
    return (
        f"the first trial that differs is trial {match['number']} of {match['family']}: {what},"
        f" reference {check.expected}, this run {check.actual}"
    )


def _is_prediction(check: Check) -> bool:
    return check.kind is Kind.PREDICTION and check.name.rpartition(".")[2].isdigit()


def _count_sentences(wrong: Sequence[Check], numbers: Sequence[Check]) -> list[str]:
    sentences = []
    for kind, what in _COUNTED:
        total = sum(check.kind is kind for check in numbers)
        bad = [check for check in wrong if check.kind is kind]
        if bad:
            sentences.append(f"{len(bad)} of {total} {what} beyond the tolerance")
            sentences += [check.detail for check in bad if check.detail][:1]
            sentences += [first_trial(bad)] if kind is Kind.TRIAL else []
    return sentences
