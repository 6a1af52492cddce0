"""Fixes causes that depend on chance: if one is the cause, repetitions agree with it fixed.

The state of an unseeded generator and a random hash seed are not recorded, so no run can bring back
the record's bits. Instead the command runs twice with the same value, and then with other values.
The cause is *confirmed* if the two agree at the first divergent step and a different value gives
different bits: two runs can agree by luck, such as in the order of a set of two names.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from repro.app.explain.interventions import Intervention
from repro.app.explain.reporting import listed, outputs_of
from repro.core.variables import HASH_SEED
from repro.divergence.chance import (
    CLOCK,
    ENTROPY,
    FOLDER,
    GENERATOR,
    ORDER,
    UNSEEDED,
    generators_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.app.explain.counterfactuals import Counterfactuals
    from repro.core.record import RunRecord
    from repro.core.verdict import Suspect

_FIXED, _OTHERS = 0, (1, 2, 3)
_REASONS = {
    ENTROPY: (
        "no variable gives a seed to a generator that a script makes: write one into the script"
    ),
    CLOCK: "no run can have the time of a different run",
    FOLDER: "the record has only a digest of the names",
}


def fixed(suspect: Suspect, value: int) -> Intervention:
    """Return the change that fixes a cause at a value; an empty one if nothing can fix it."""
    # The program itself decides the state of a generator that it seeds.
    if suspect.cause == GENERATOR and suspect.rule == UNSEEDED:
        return Intervention(seeds=dict.fromkeys(generators_of(suspect), value))
    if suspect.cause == ORDER:
        return Intervention(settings={HASH_SEED: str(value)})
    return Intervention()


def can_be_fixed(suspect: Suspect) -> bool:
    """Return whether a change can fix a cause."""
    return bool(fixed(suspect, _FIXED))


def search_chance(trials: Counterfactuals, suspects: Sequence[Suspect]) -> tuple[Suspect, ...]:
    """Return the causes that make repetitions agree once fixed: one, or else all together.

    Parameters
    ----------
    suspects : sequence of Suspect
        Causes that can be fixed.
    """
    groups: list[tuple[Suspect, ...]] = [(suspect,) for suspect in suspects]
    groups += [tuple(suspects)] if len(suspects) > 1 else []
    return next((group for group in groups if _agree(trials, group)), ())


def _agree(trials: Counterfactuals, group: Sequence[Suspect]) -> bool:
    causes = [suspect.cause for suspect in group]

    def confirms(value: int, like: RunRecord) -> bool:
        """Run with a value, and return whether the bits are those of an earlier run."""
        trials.train(causes, _all(group, value), like)
        return trials.made[-1].confirms

    if trials.exhausted:
        return False
    first = trials.train(causes, _all(group, _FIXED))
    if first is None or trials.exhausted or not confirms(_FIXED, first):
        return False
    for value in _OTHERS:
        if trials.exhausted:
            return False
        if not confirms(value, first) and not trials.made[-1].failure:
            return True
    return False


def _all(group: Sequence[Suspect], value: int) -> Intervention:
    return reduce(or_, (fixed(suspect, value) for suspect in group))


def why_not_fixed(trials: Counterfactuals, suspect: Suspect) -> str:
    """Return why a cause was not fixed, or its failure; empty if it does not depend on chance."""
    if suspect.cause in _REASONS:
        return _REASONS[suspect.cause]
    if not can_be_fixed(suspect):
        return ""
    own = [trial for trial in trials.made if suspect.cause in trial.causes]
    failed = next((trial.failure for trial in own if trial.failure), "")
    if failed or not own:
        return failed or f"no more trainings were allowed (--max-runs {trials.effort.runs})"
    return ""


def sentence_of_chance(trials: Counterfactuals, stage: str, group: Sequence[Suspect]) -> str:
    """Say that two runs agree once a cause is fixed, and what still differs between them."""
    sentence = (
        f"confirmed: '{stage}' diverges because of {listed([_named(each) for each in group])}:"
        f" with {listed([_WITH[each.cause] for each in group])} two runs agree at that step, and"
        " with a different one they do not"
    )
    causes = {each.cause for each in group}
    pair = next(t for t in trials.made if t.repeats and t.confirms and causes == set(t.causes))
    left, what = pair.outputs - pair.agreeing, outputs_of(trials.expected)
    return f"{sentence}; {left} of {pair.outputs} {what} still differ" if left else sentence


_WITH = {GENERATOR: "a seed", ORDER: "one hash seed"}


def _named(suspect: Suspect) -> str:
    if suspect.cause != GENERATOR:
        return suspect.cause
    names = listed(generators_of(suspect))
    return f"the {GENERATOR} {names}, which was never seeded"
